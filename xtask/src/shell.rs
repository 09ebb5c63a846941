//! Starting other programs and saying what was started.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The cargo that started this program, so that a pinned toolchain stays pinned.
pub fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// Runs a program in `folder` with its output on the terminal; `true` where it succeeded.
pub fn succeeds(folder: &Path, program: &str, arguments: &[&str]) -> Result<bool> {
    let status = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("{program} could not be started"))?;
    Ok(status.success())
}

/// Runs a program in `folder` and returns what it printed.
///
/// # Errors
/// The program is missing, failed (its own message is part of the error) or printed bytes that are not UTF-8.
pub fn output(folder: &Path, program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{program} could not be started"))?;
    if !output.status.success() {
        bail!("{program} {} failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("{program} printed something that is not text"))
}

/// Whether `cargo NAME` is an installed subcommand.
pub fn has_cargo_command(folder: &Path, name: &str) -> bool {
    output(folder, &cargo(), &[name, "--version"]).is_ok()
}
