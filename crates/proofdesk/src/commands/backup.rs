//! `backup` and `restore`: a copy of the database while it is in use, and back again.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use crate::config::{Config, is_url};
use crate::open;

/// Options of `backup`.
#[derive(Debug, clap::Args)]
pub struct Backup {
    /// File to write; it must not exist yet
    to: PathBuf,
}

/// Options of `restore`.
#[derive(Debug, clap::Args)]
pub struct Restore {
    /// A file made by `backup`
    from: PathBuf,
    /// Replace the present database; it is kept beside it under another name
    #[arg(long)]
    replace: bool,
}

impl Backup {
    /// Copies.
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        if self.to.exists() {
            bail!("{} exists already; name a new file", self.to.display());
        }
        let store = open::store(&config).await?;
        store.backup(&self.to).await?;
        let size = std::fs::metadata(&self.to).map(|m| m.len()).unwrap_or_default();
        println!("{}: {size} bytes. Check it with: proofdesk --database {0} verify", self.to.display());
        println!("Keep the log's key too: {}", config.log_key.display());
        Ok(ExitCode::SUCCESS)
    }
}

impl Restore {
    /// Copies back. The server must not be running.
    pub fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        if is_url(&config.database) {
            bail!("a PostgreSQL database is restored by pg_restore; see docs/operating.md");
        }
        let target = PathBuf::from(config.database.trim_start_matches("sqlite:"));
        let head =
            std::fs::read(&self.from).with_context(|| format!("{} cannot be read", self.from.display()))?;
        if !head.starts_with(b"SQLite format 3\0") {
            bail!("{} is not a database made by `proofdesk backup`", self.from.display());
        }
        if target.exists() {
            if !self.replace {
                bail!("{} exists; add --replace to put the copy in its place", target.display());
            }
            let kept =
                target.with_extension(format!("before-restore-{}", jiff::Timestamp::now().as_second()));
            std::fs::rename(&target, &kept)?;
            println!("The present database is kept as {}", kept.display());
        }
        for suffix in ["-wal", "-shm"] {
            let beside = PathBuf::from(format!("{}{suffix}", target.display()));
            if beside.exists() {
                std::fs::remove_file(&beside)?;
            }
        }
        let half = target.with_extension("restoring");
        std::fs::write(&half, head)?;
        std::fs::rename(&half, &target)?;
        println!("{} is restored. Check it with: proofdesk verify", target.display());
        Ok(ExitCode::SUCCESS)
    }
}
