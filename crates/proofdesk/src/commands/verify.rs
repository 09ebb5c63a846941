//! `verify`: reads the whole log again, from the database or from an exported file.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use proofdesk_engine::verify::{Expected, Kept, Report, verify_export_against};
use proofdesk_tlog::VerifierKey;

use crate::config::Config;
use crate::open;
use crate::output::{Tone, tone};

/// Options of `verify`.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// An exported log instead of the database
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Verifier key to trust, as printed by `proofdesk log key`; may be given several times. Without one, the key
    /// beside the database is used, which proves nothing against its owner
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,
    /// Checkpoint that was kept elsewhere, as printed by `proofdesk log checkpoint` or received by mail; may be given
    /// several times. The one beside the log's key is compared anyway
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

impl Verify {
    /// Verifies; exit code 1 when something is wrong.
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let mut keys = Vec::new();
        for text in &self.key {
            keys.push(VerifierKey::parse(text).map_err(|e| anyhow::anyhow!("--key {text}: {e}"))?);
        }
        let mut kept = Vec::new();
        for path in &self.checkpoint {
            kept.push(read_kept(path)?);
        }
        let report = match &self.file {
            Some(path) => verify_export_against(exported(path)?, &Expected { keys, kept })?,
            None => {
                if keys.is_empty() && config.log_key.exists() {
                    keys.push(open::signer(&config)?.verifier().clone());
                }
                let engine = open::engine_as_is(&config, Arc::new(open::SystemTime)).await?;
                let beside = config.checkpoint_file();
                if beside.exists() {
                    kept.push(read_kept(&beside)?);
                }
                let bar = progress_bar(self.json);
                let expected = Expected { keys, kept };
                let mut report = engine.verify_against(&expected, |done, of| show(&bar, done, of)).await?;
                proofdesk_conformity::verify(&engine, &mut report).await?;
                proofdesk_mail::verify(&engine, &mut report).await?;
                proofdesk_report::verify(&engine, &mut report).await?;
                bar.finish_and_clear();
                report
            }
        };
        if self.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            print(&report);
        }
        Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}

/// An exported log; a database is told from it by its first bytes.
fn exported(path: &Path) -> anyhow::Result<BufReader<File>> {
    let cannot = || format!("{} cannot be read", path.display());
    let mut file = BufReader::new(File::open(path).with_context(cannot)?);
    if file.fill_buf().with_context(cannot)?.starts_with(b"SQLite format 3\0") {
        let name = path.display();
        bail!("{name} is a database and no exported log; it is read by: proofdesk --database {name} verify");
    }
    Ok(file)
}

fn read_kept(path: &Path) -> anyhow::Result<Kept> {
    let note = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(Kept { name: path.display().to_string(), note })
}

fn progress_bar(hidden: bool) -> ProgressBar {
    if hidden {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {human_pos} of {human_len}") {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, done: u64, of: u64) {
    bar.set_length(of);
    bar.set_position(done);
}

fn print(report: &Report) {
    println!("log        {}", report.origin);
    println!("entries    {} sealed, {} pending", report.leaves, report.pending);
    println!("root hash  {}", report.root);
    println!("checkpoints {}, {} with a verified signature", report.checkpoints, report.signatures);
    if report.kept > 0 {
        println!("kept        {} checkpoints from outside of the database compared", report.kept);
    }
    if report.checkpoints > 0 && report.uncovered > 0 {
        println!("uncovered   {} newest entries by no checkpoint of the database yet", report.uncovered);
    }
    println!("records    {} compared with their entries", report.records);
    println!("files      {} hashed again", report.files);
    println!("accounts   {} compared with their entries", report.accounts);
    println!("runs       {} of conformity compared with what was sealed", report.runs);
    println!("mails      {} compared with what was sealed", report.mails);
    for finding in &report.findings {
        let record = finding.record.as_deref().map(|r| format!(" [{r}]")).unwrap_or_default();
        println!("{}{record} {}", tone("WRONG", Tone::Bad), finding.message);
    }
    if report.more > 0 {
        println!("and {} more findings", report.more);
    }
    if report.is_good() {
        if report.checkpoints > 0 && report.signatures == 0 {
            println!("No key was given, so no signature was judged: bring the verifier key with --key.");
            println!("{}", tone("Entries, tree and checkpoints fit together.", Tone::Good));
        } else {
            println!("{}", tone("Everything verified.", Tone::Good));
        }
    } else {
        match report.findings.len() as u64 + report.more {
            1 => println!("1 finding."),
            all => println!("{all} findings."),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    #[test]
    fn a_database_is_told_from_an_exported_log() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("desk.log");
        std::fs::write(&file, "{}\n").unwrap();
        assert!(super::exported(&file).is_ok());
        std::fs::write(&file, b"SQLite format 3\0\x10\xff").unwrap();
        let message = super::exported(&file).unwrap_err().to_string();
        assert!(message.contains(&format!("--database {} verify", file.display())), "{message}");
    }
}
