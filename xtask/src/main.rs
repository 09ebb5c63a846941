//! The project's own automation: `cargo xtask ci | components | tidy | generate | fuzz | bench`.
//!
//! It is not the product's command line (that is `crates/proofdesk`) and knows none of its crates: it reads
//! files and starts programs, so it builds in seconds.

mod bench;
mod ci;
mod components;
mod fuzz;
mod generate;
mod shell;
mod tidy;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

const HELP: &str = "\
cargo xtask COMMAND

  ci                  everything that must pass: fmt, clippy, tidy, components, generate --check, test, doc, deny
  components          when components were last renewed, and which known weaknesses stay
  tidy                the house's rules that no compiler knows
  tidy --tighten      lower the numbers of xtask/ratchet.toml to what is needed today
  generate            write the papers of generated/ anew
  generate --check    fail where a paper of generated/ is not what the program writes
  fuzz [TARGET] [S]   run the fuzz targets of fuzz/, each for S seconds (600); fuzz/README.md tells of them
  bench [OPTIONS]     measure the product beside bare SQL; `bench --help` tells the options
";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the command given; `false` where it found something to mend.
fn run() -> Result<bool> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = root()?;
    match words.as_slice() {
        ["ci"] => ci::run(&root),
        ["components"] => components::check(&root, components::Late::Fails),
        ["tidy"] => tidy::run(&root),
        ["tidy", "--tighten"] => tidy::tighten(&root),
        ["generate"] => generate::write(&root),
        ["generate", "--check"] => generate::check(&root),
        ["fuzz", words @ ..] => fuzz::run(&root, words),
        ["bench", options @ ..] => bench::measure(&root, options),
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(true)
        }
        other => bail!("no such command: {}\n\n{HELP}", other.join(" ")),
    }
}

/// The folder of the checkout: the parent of this crate's own folder.
fn root() -> Result<PathBuf> {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    Ok(own.parent().context("xtask lies directly in the checkout")?.to_path_buf())
}
