//! `records export`: a list of a type as CSV or as a spreadsheet, for scripts.

use std::fs::File;
use std::io::{BufWriter, IsTerminal as _, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use proofdesk_engine::Caller;
use proofdesk_report::export::sheet::Sheet;
use proofdesk_report::export::{Form, Naming, Table, Wanted, comma};

use crate::config::Config;
use crate::open;

/// Options of `records export`.
#[derive(Debug, clap::Args)]
pub struct Export {
    /// Record type, such as incident
    #[arg(value_name = "TYPE")]
    of: String,
    /// Condition that every record meets
    #[arg(long = "where", value_name = "CONDITION")]
    filter: Option<String>,
    /// Form of the file
    #[arg(long = "as", value_enum, default_value_t = As::Csv)]
    form: As,
    /// Fields, with commas between; all where nothing is said
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    fields: Vec<String>,
    /// Column to sort by; the number where nothing is said
    #[arg(long, value_name = "COLUMN", default_value = "")]
    sort: String,
    /// Largest first
    #[arg(long)]
    descending: bool,
    /// Write labels instead of names
    #[arg(long)]
    labels: bool,
    /// Begin CSV with a byte order mark: Excel then reads it as UTF-8
    #[arg(long)]
    mark: bool,
    /// File to write; standard output where nothing is said
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// A form by its name.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum As {
    /// Comma-separated values, UTF-8
    Csv,
    /// A spreadsheet
    Xlsx,
}

impl Export {
    /// Writes the file.
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let engine = open::engine_as_is(config, Arc::new(open::SystemTime)).await?;
        let of = engine.require_type(&self.of)?;
        let filter = self.filter.as_deref().map(|text| engine.condition(text, &of.name)).transpose()?;
        let form = match self.form {
            As::Csv => Form::Csv,
            As::Xlsx => Form::Xlsx,
        };
        if form == Form::Xlsx && self.output.is_none() && std::io::stdout().is_terminal() {
            bail!("a spreadsheet is not for a terminal; name a file with --output");
        }
        let wanted = Wanted {
            of,
            filter,
            sort: self.sort,
            descending: self.descending,
            fields: (!self.fields.is_empty()).then_some(self.fields),
            naming: if self.labels { Naming::Labels } else { Naming::Names },
            zone: open::zone(config, &engine).await?,
        };
        let mut table = Table::new(&engine, &Caller::system("command line"), wanted)?;
        table.check(form).await?;
        let mut out: Box<dyn Write + Send> = match &self.output {
            Some(path) => {
                let file =
                    File::create(path).with_context(|| format!("{} cannot be written", path.display()))?;
                Box::new(BufWriter::new(file))
            }
            None => Box::new(BufWriter::new(std::io::stdout())),
        };
        write(&mut table, form, self.mark, &mut out).await?;
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn write(
    table: &mut Table,
    form: Form,
    mark: bool,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    match form {
        Form::Csv => {
            if mark {
                out.write_all(comma::BYTE_ORDER_MARK)?;
            }
            out.write_all(&comma::headings(&table.headings())?)?;
            while let Some(rows) = table.next().await? {
                out.write_all(&comma::lines(&rows)?)?;
            }
        }
        Form::Xlsx => {
            let mut sheet = Sheet::new(table)?;
            while let Some(rows) = table.next().await? {
                sheet.add(&rows)?;
            }
            std::io::copy(&mut sheet.finish()?, out)?;
        }
    }
    Ok(())
}
