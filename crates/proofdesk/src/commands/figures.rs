//! `figures`: the figures of the desk, computed from records and their history.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use proofdesk_report::figures::{Spreads, WhatIf};
use proofdesk_report::{Figures, Scope, figures};
use serde::Deserialize;

use crate::config::Config;
use crate::open;
use crate::output::{Tone, table, tone};

/// Options of `figures`.
#[derive(Debug, clap::Args)]
pub struct FiguresCommand {
    /// Record type
    #[arg(default_value = "incident", value_name = "TYPE")]
    of: String,
    /// Promises to try on the records: a TOML file with tables [[what_if]]
    #[arg(long, value_name = "FILE")]
    what_if: Option<PathBuf>,
    /// Kept value of an import that counts the updates of a record in its source
    #[arg(long, value_name = "NAME")]
    counter: Option<String>,
    /// Rows of each list
    #[arg(long, default_value_t = 5)]
    top: usize,
    /// Print all figures as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Promises {
    what_if: Vec<WhatIf>,
}

impl FiguresCommand {
    /// Prints the figures.
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let what_if = match &self.what_if {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("{} cannot be read", path.display()))?;
                let read: Promises =
                    toml::from_str(&text).map_err(|e| anyhow::anyhow!("{}: {e}", path.display()))?;
                read.what_if
            }
            None => Vec::new(),
        };
        let engine = open::engine_as_is(&config, Arc::new(open::SystemTime)).await?;
        let scope = Scope {
            zone: open::zone(&config, &engine).await?,
            counter: self.counter,
            top: self.top,
            what_if,
            ..Scope::of(&self.of)
        };
        let figures = figures(&engine, &scope).await?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&figures)?);
        } else {
            print(&figures);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn heading(text: &str) {
    println!("\n{}", tone(text, Tone::Strong));
}

fn print(f: &Figures) {
    println!("records    {}, {} events", f.volume.records, f.volume.events);
    if let (Some(from), Some(until)) = (&f.volume.reported_from, &f.volume.reported_until) {
        println!("reported   {from} to {until}");
    }
    if f.volume.records == 0 {
        return;
    }
    let count = |name: &str| f.reopened.get(name).copied().unwrap_or_default();
    println!("reopened   {} ({:.2} %), {} times", count("records"), count("percent"), count("reopenings"));
    println!("reassigned {} ({:.2} %)", f.reassigned.share.met, f.reassigned.share.percent);
    println!("by article {} ({:.2} %)", f.knowledge_used.share.met, f.knowledge_used.share.percent);

    heading("Made its target, per cent");
    let mut rows = Vec::new();
    let recorded = std::iter::once(("as recorded".to_owned(), &f.target_met.recorded));
    let clocks = f.target_met.clocks.iter().map(|(clock, shares)| (format!("{clock} clock"), shares));
    for (name, shares) in recorded.chain(clocks) {
        for (priority, share) in shares {
            let (met, total) = (share.met.to_string(), share.total.to_string());
            rows.push(vec![name.clone(), priority.clone(), met, total, format!("{:.2}", share.percent)]);
        }
    }
    table(&["", "priority", "met", "of", "%"], &rows);

    heading("Hours");
    let rows: Vec<Vec<String>> = f.hours.iter().flat_map(|(name, by)| hours(name, by)).collect();
    table(&["", "priority", "n", "mean", "median", "p90", "max"], &rows);

    heading("Events by state");
    let rows: Vec<_> =
        f.events_by_state.iter().map(|(state, n)| vec![state.clone(), n.to_string()]).collect();
    table(&["state", "events"], &rows);
    for (field, list) in &f.top {
        heading(&format!("By {field}"));
        let row = |t: &proofdesk_report::figures::Top| {
            let median = t.median_hours.map_or_else(|| "–".to_owned(), |h| format!("{h:.2}"));
            let value = t.value.clone().unwrap_or_else(|| "(none)".to_owned());
            vec![value, t.records.to_string(), format!("{:.2}", t.percent), median]
        };
        table(&["value", "records", "%", "median hours"], &list.iter().map(row).collect::<Vec<_>>());
    }
    heading("What an auditor would sample");
    let sets = f.conformity.iter().chain(&f.data_quality);
    let rows: Vec<_> = sets
        .map(|(name, set)| vec![name.replace('_', " "), set.n.to_string(), set.first.join(" ")])
        .collect();
    table(&["", "records", "first"], &rows);
    for promise in &f.what_if {
        heading(&format!("Promise tried: {}", promise.name));
        let row = |(priority, s): (&String, &proofdesk_report::figures::Share)| {
            vec![priority.clone(), s.met.to_string(), s.total.to_string(), format!("{:.2}", s.percent)]
        };
        table(&["priority", "met", "of", "%"], &promise.met.iter().map(row).collect::<Vec<_>>());
    }
}

fn hours(name: &str, by: &Spreads) -> Vec<Vec<String>> {
    let row = |(priority, s): (&String, &proofdesk_report::figures::Spread)| {
        let numbers = [s.mean, s.median, s.p90, s.max].map(|v| format!("{v:.2}"));
        let start = [name.replace('_', " "), priority.clone(), s.n.to_string()];
        start.into_iter().chain(numbers).collect()
    };
    by.iter().map(row).collect()
}
