//! `proofdesk-render`: reads a paper as JSON on standard input, writes a PDF on standard output.
//!
//! A program of its own because typst costs more to build than all the rest, and because laying out what people wrote
//! is best done where a limit of time and memory can end it. The file is PDF/A-2a and PDF/UA-1 with embedded fonts;
//! equal papers give equal bytes. Not here: what a paper says (`proofdesk_paper`, `report`).

mod error;
mod layout;
mod world;

use std::io::{Read as _, Write as _};
use std::process::ExitCode;

use rlimit::Resource;

use crate::error::Error;

/// Longest paper, in bytes of JSON.
const LONGEST: u64 = 32 << 20;
/// Processor time, in seconds.
const SECONDS: u64 = 60;
/// Address space, in bytes: typst takes some 300 MB, and maps more than it uses.
const MEMORY: u64 = 3 << 30;

const USAGE: &str = "\
Reads a paper as JSON on standard input and writes it as PDF/A-2a and PDF/UA-1 on standard output.

Usage: proofdesk-render < paper.json > paper.pdf

Proofdesk starts it where a page offers a PDF. It takes at most 32 MiB of JSON, 60 s of processor time and 3 GiB of
address space. Exit codes: 0 made, 1 could not be laid out, 2 the paper is not well formed.";

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        None => {}
        Some("--version" | "-V") => {
            println!("proofdesk-render {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Some("--help" | "-h") => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Some(other) => {
            eprintln!("proofdesk-render: `{other}` is not understood\n\n{USAGE}");
            return ExitCode::from(2);
        }
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("proofdesk-render: {error}");
            ExitCode::from(error.exit())
        }
    }
}

fn run() -> Result<(), Error> {
    limit(Resource::CPU, SECONDS)?;
    limit(Resource::AS, MEMORY)?;
    let mut text = String::new();
    let read = std::io::stdin().take(LONGEST + 1).read_to_string(&mut text).map_err(Error::Input)?;
    if read as u64 > LONGEST {
        return Err(Error::TooLong);
    }
    let paper: proofdesk_paper::Paper = serde_json::from_str(&text).map_err(Error::NotAPaper)?;
    let pdf = layout::pdf(paper)?;
    std::io::stdout().write_all(&pdf).map_err(Error::Output)
}

/// Lowers a limit of this process; one that is lower already stays.
fn limit(resource: Resource, to: u64) -> Result<(), Error> {
    let (soft, hard) = resource.get().map_err(Error::Limit)?;
    let to = to.min(soft).min(hard);
    resource.set(to, hard).map_err(Error::Limit)
}
