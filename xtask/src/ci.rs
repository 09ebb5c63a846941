//! `cargo xtask ci`: every check in order, all of them even when one fails, and a summary at the end.
//!
//! Browser tests and the linters of the API document need more than Rust; `make test` runs those as well.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use crate::{components, generate, shell, tidy};

type Step<'a> = (&'a str, Box<dyn Fn() -> Result<bool> + 'a>);

/// Runs all steps; `false` where one of them failed.
pub fn run(root: &Path) -> Result<bool> {
    let cargo = shell::cargo();
    let call = |arguments: &'static [&'static str]| {
        let cargo = cargo.clone();
        Box::new(move || shell::succeeds(root, &cargo, arguments)) as Box<dyn Fn() -> Result<bool>>
    };
    let test: &'static [&'static str] = if shell::has_cargo_command(root, "nextest") {
        &["nextest", "run", "--workspace", "--locked"]
    } else {
        &["test", "--workspace", "--locked"]
    };
    let mut steps: Vec<Step> = vec![
        ("fmt", call(&["fmt", "--all", "--check"])),
        ("clippy", call(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])),
        ("tidy", Box::new(|| tidy::run(root))),
        ("components", Box::new(|| components::check(root, components::Late::Said))),
        ("generate --check", Box::new(|| generate::check(root))),
        ("test", call(test)),
        ("fuzz targets", call(&["check", "--locked", "--manifest-path", "fuzz/Cargo.toml"])),
        ("doc tests", call(&["test", "--workspace", "--locked", "--doc"])),
        ("doc", Box::new(|| documentation(root))),
    ];
    if shell::has_cargo_command(root, "deny") {
        steps.push(("deny", call(&["deny", "--offline", "check", "licenses", "bans", "sources"])));
    } else {
        println!("ci: cargo-deny is not installed; tidy holds licences and duplicates against deny.toml");
    }
    let mut failed = Vec::new();
    for (name, step) in &steps {
        println!("\n== {name}");
        let start = Instant::now();
        let good = step().unwrap_or_else(|error| {
            eprintln!("{name}: {error:#}");
            false
        });
        println!("== {name}: {} after {} s", if good { "good" } else { "FAILED" }, start.elapsed().as_secs());
        if !good {
            failed.push(*name);
        }
    }
    match failed.as_slice() {
        [] => println!("\nci: all {} steps are good", steps.len()),
        names => println!("\nci: {} of {} steps failed: {}", names.len(), steps.len(), names.join(", ")),
    }
    Ok(failed.is_empty())
}

fn documentation(root: &Path) -> Result<bool> {
    let status = std::process::Command::new(shell::cargo())
        .args(["doc", "--workspace", "--no-deps", "--locked"])
        .env("RUSTDOCFLAGS", "-D warnings")
        .current_dir(root)
        .status()?;
    Ok(status.success())
}
