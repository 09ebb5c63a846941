//! `import`: an event log becomes records with their history, by a mapping file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use proofdesk_engine::import::Source;
use proofdesk_engine::{ImportReport, Importer, Mapping, Progress};

use crate::config::Config;
use crate::open;
use crate::output::{Tone, tone};

/// The mappings that come with the program.
const SHIPPED: [(&str, &str); 2] = [
    ("incidents", include_str!("../../../../mappings/incidents.toml")),
    ("helpdesk", include_str!("../../../../mappings/helpdesk.toml")),
];

/// Refused rows that are printed; `--json` has all.
const PRINTED: usize = 20;

/// Options of `import`.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// Event log: CSV, also gzipped
    #[arg(value_name = "FILE", required_unless_present = "check")]
    file: Option<PathBuf>,
    /// Mapping file, or the name of one that comes with the program: incidents, helpdesk
    #[arg(long, short, value_name = "MAPPING")]
    mapping: PathBuf,
    /// Only check the mapping
    #[arg(long)]
    check: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

impl Import {
    /// Imports; exit code 1 when rows were refused or the file could not be read to its end.
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let (name, text) = mapping_text(&self.mapping)?;
        let registry = open::registry(&config)?;
        let mapping = Mapping::parse(&name, &text, &registry).map_err(|mistakes| {
            let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            anyhow::anyhow!("{}\n{} mistakes in the mapping", lines.join("\n"), lines.len())
        })?;
        if self.check {
            println!("{name} is a good mapping for {}.", mapping.of.plural.to_lowercase());
            return Ok(ExitCode::SUCCESS);
        }
        let path = self.file.context("a file is needed")?;
        let file =
            std::fs::File::open(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let size = file.metadata().map_or(0, |m| m.len());
        let engine = open::engine_or_new(&config, Arc::new(open::SystemTime)).await?;
        let source = Source {
            file: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            size_bytes: size,
            ..Source::default()
        };
        let progress = Arc::new(Progress::default());
        let bar = tokio::spawn(show(progress.clone(), size, self.json));
        let began = Instant::now();
        let result = Importer::new(engine.clone()).run(file, source, &mapping, progress).await;
        bar.abort();
        let report = result.with_context(|| format!("{} was not imported to its end", path.display()))?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            print(&report, began.elapsed());
        }
        engine.store().close().await.context("the database could not be closed")?;
        let whole = report.refused.is_empty() && report.broken_off.is_none();
        Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}

fn mapping_text(path: &Path) -> anyhow::Result<(String, String)> {
    let name = path.to_string_lossy().into_owned();
    if !path.exists()
        && let Some((_, text)) = SHIPPED.iter().find(|(shipped, _)| *shipped == name)
    {
        return Ok((format!("{name}.toml"), (*text).to_owned()));
    }
    if !path.exists() {
        bail!("{}", no_mapping(&name));
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("{name} cannot be read"))?;
    Ok((name, text))
}

fn no_mapping(name: &str) -> String {
    let names: Vec<&str> = SHIPPED.iter().map(|(shipped, _)| *shipped).collect();
    format!(
        "there is no mapping file `{name}`, and none of that name comes with the program; these do: {}. \
         docs/import.md tells how to write one.",
        names.join(", ")
    )
}

/// Shows how far it has come until it is aborted.
async fn show(progress: Arc<Progress>, size: u64, hidden: bool) {
    let bar = if hidden { ProgressBar::hidden() } else { ProgressBar::new(size) };
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent}% {msg}") {
        bar.set_style(style);
    }
    let mut every = tokio::time::interval(Duration::from_millis(200));
    loop {
        every.tick().await;
        bar.set_position(progress.bytes().min(size));
        let (rows, events) = (HumanCount(progress.rows()), HumanCount(progress.events()));
        bar.set_message(format!("{rows} rows read, {events} events written"));
    }
}

fn print(report: &ImportReport, took: Duration) {
    let count = |n: u64| HumanCount(n).to_string();
    println!("rows       {}", count(report.rows));
    println!("events     {} written, {} known from before", count(report.events), count(report.known));
    println!(
        "records    {} created, {} continued, {} unchanged",
        count(report.created),
        count(report.updated),
        count(report.unchanged)
    );
    for (of, n) in &report.made {
        println!("           {} {} made by name", count(*n), of.replace('_', " "));
    }
    for refusal in report.refused.iter().take(PRINTED) {
        println!("{} line {}: {}", tone("REFUSED", Tone::Risk), refusal.line, refusal.reason);
    }
    if report.refused.len() > PRINTED {
        println!("and {} more refused rows; --json lists all", report.refused.len() - PRINTED);
    }
    if let Some(reason) = &report.broken_off {
        println!(
            "{} {reason}. What came before is imported; run it again with the whole file.",
            tone("BROKEN OFF", Tone::Bad)
        );
    }
    let seconds = took.as_secs_f64().max(0.001);
    if report.events == 0 && report.refused.is_empty() {
        println!("{}", tone("Nothing was new: everything in this file is imported already.", Tone::Good));
    } else if report.events > 0 {
        println!("{:.1} s, {:.0} events a second", seconds, report.events as f64 / seconds);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::path::Path;

    #[test]
    fn a_mapping_that_is_not_there_names_those_that_are() {
        let message = super::mapping_text(Path::new("nosuch")).unwrap_err().to_string();
        assert!(message.contains("`nosuch`") && message.contains("incidents, helpdesk"), "{message}");
        assert!(super::mapping_text(Path::new("helpdesk")).unwrap().1.contains("record_type = \"incident\""));
    }
}
