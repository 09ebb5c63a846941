//! Measures the product beside bare SQL: the same work, through the same drivers, on the same machine, in one run.
//!
//! Started by `cargo xtask bench`; `docs/benchmarks.md` says how to read what it prints. Not a test: it refuses
//! nothing but made data that `verify` does not accept.

mod chance;
mod conformity;
mod desk;
mod figure;
mod fill;
mod floor;
mod http;
mod import;
mod machine;
mod options;
mod pages;
mod questions;
mod shares;
mod start;
mod story;
mod writes;

use std::process::ExitCode;

use proofdesk_testkit::postgres::Postgres;

use desk::Desk;
use figure::Table;
use options::{Database, Options};

/// The allocator of the product.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("bench: {error}");
            return ExitCode::FAILURE;
        }
    };
    let measured = Options::read(std::env::args().skip(1)).map(|options| runtime.block_on(run(&options)));
    match measured {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) | Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> anyhow::Result<()> {
    let mut printed = machine::describe(options);
    eprint!("{printed}");
    for database in &options.databases {
        let table = measure(*database, options).await?;
        let text = format!("\n### {}\n\n{}", database.name(), table.to_markdown());
        println!("{text}");
        printed.push_str(&text);
    }
    if let Some(path) = &options.out {
        figure::put_into(path, &printed)?;
    }
    Ok(())
}

/// Fills one database and measures everything on it.
async fn measure(database: Database, options: &Options) -> anyhow::Result<Table> {
    let own = tempfile::tempdir_in(&options.folder)?;
    let folder = options.keep.as_deref().filter(|_| database == Database::Sqlite).unwrap_or(own.path());
    let cluster = match database {
        Database::Sqlite => None,
        Database::Postgres => Some(tokio::task::spawn_blocking(Postgres::start_durable).await??),
    };
    std::fs::create_dir_all(folder)?;
    let mut table = Table::default();
    let place = desk::Place::new(folder, cluster.as_ref(), options.one_file)?;
    let filled = fill::fill(&place, options).await?;
    let desk = Desk::open(&place).await?;
    if options.measures("pages") {
        eprintln!("bench: pages");
        pages::measure(&desk, options, &mut table).await?;
    }
    if options.measures("conformity") {
        eprintln!("bench: conformity");
        conformity::measure(&desk, options, &mut table).await?;
    }
    desk.close().await?;
    if options.measures("start") {
        start::measure(&place, options, &mut table).await?;
    }
    if options.measures("writes") {
        eprintln!("bench: writes");
        let desk = Desk::open(&place).await?;
        writes::measure(&desk, options, &filled, &mut table).await?;
        fill::compare(&desk, &place, options, &filled, &mut table).await?;
        desk.close().await?;
    }
    if options.measures("import") {
        import::measure(&place, options, &mut table).await?;
    }
    Ok(table)
}
