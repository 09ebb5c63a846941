//! What runs by itself: the queue, the clocks' instants, checkpoints, conformity runs and re-tests, upkeep.
//!
//! No loop polls records (clocks rule R18): a job is due at its instant, and the runner sleeps until the next one.
//! Not here: how a change is written (`engine`), what a test asks (`conformity`).

mod conformity;
mod directories;
mod doors;
mod figures;
mod queue;
mod webhooks;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use proofdesk_automation::Automations;
use proofdesk_conformity::Conformity;
use proofdesk_doors::Doors;
use proofdesk_engine::{Engine, pause};
use proofdesk_reach::Reach;
use proofdesk_tlog::SignerKey;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use directories::work as work_directories;
pub use doors::work as work_doors;
pub use queue::{work, work_with};
pub use webhooks::{try_out as try_webhook, work as work_webhooks};

/// How often things happen.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Between two checkpoints, when the log grew.
    pub checkpoint_every: Duration,
    /// File that keeps the newest checkpoint outside of the database; none keeps none.
    pub checkpoint_file: Option<PathBuf>,
    /// Between two full conformity runs.
    pub conformity_every: Duration,
    /// Between two looks whether the figures are to be computed again.
    pub figures_every: Duration,
    /// Time zone of the figures' days and months.
    pub zone: jiff::tz::TimeZone,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            checkpoint_every: Duration::from_secs(60),
            checkpoint_file: None,
            conformity_every: Duration::from_secs(3_600),
            figures_every: Duration::from_secs(300),
            zone: jiff::tz::TimeZone::UTC,
        }
    }
}

/// What the jobs work with.
#[derive(Clone)]
pub struct Jobs {
    /// The engine.
    pub engine: Engine,
    /// Frameworks, controls and their runs.
    pub conformity: Conformity,
    /// What is done when a condition begins to hold for a record.
    pub automations: Arc<Automations>,
    /// What other programs may tell: quiet messages are looked at again.
    pub doors: Arc<Doors>,
    /// Sends webhooks; none where this node sends none.
    pub reach: Option<Arc<Reach>>,
    /// Signs checkpoints; none when this node does not sign.
    pub signer: Option<Arc<SignerKey>>,
    /// How often.
    pub schedule: Schedule,
}

impl Jobs {
    /// Runs everything until `stop` turns true, then ends what is under way. Faults go to the log and are tried again.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let mut tasks = JoinSet::new();
        tasks.spawn(queue::run(self.engine.clone(), self.automations.clone(), stop.clone()));
        tasks.spawn(doors::run(self.clone(), stop.clone()));
        tasks.spawn(directories::run(self.engine.clone(), stop.clone()));
        tasks.spawn(webhooks::run(self.clone(), stop.clone()));
        tasks.spawn(checkpoints(self.clone(), stop.clone()));
        tasks.spawn(upkeep(self.engine.clone(), stop.clone()));
        tasks.spawn(figures::run(self.clone(), stop.clone()));
        tasks.spawn(conformity::full_runs(self.clone(), stop.clone()));
        tasks.spawn(conformity::retests(self.clone(), stop));
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a background task ended with a fault");
            }
        }
    }
}

/// Once a day the database learns anew how its tables are filled, and unfinished uploads go.
async fn upkeep(engine: Engine, mut stop: watch::Receiver<bool>) {
    const DAY: Duration = Duration::from_secs(86_400);
    loop {
        if let Err(error) = engine.store().analyze().await {
            tracing::warn!(%error, "the statistics of the tables could not be renewed; queries may be slower");
        }
        let yesterday = engine.now() - i64::try_from(DAY.as_micros()).unwrap_or(i64::MAX);
        if let Err(error) = engine.store().sweep_blobs(yesterday).await {
            tracing::warn!(%error, "unfinished uploads could not be removed; tried again tomorrow");
        }
        if pause(DAY, &mut stop).await {
            return;
        }
    }
}

/// Keeps a checkpoint in a file outside of the database, where `proofdesk verify` finds it. One from which the log does not go
/// on stays as it is: it is the proof that entries are missing or were written anew.
///
/// # Errors
/// That the log does not go on from the kept one; a fault of the file or of the database.
pub async fn keep_checkpoint(engine: &Engine, file: &Path, note: &str) -> anyhow::Result<()> {
    match std::fs::read_to_string(file) {
        Ok(kept) => anyhow::ensure!(
            engine.continues(&kept).await?,
            "the log does not go on from the checkpoint that is kept in {}: entries are missing, or were written anew. Run \
             `proofdesk verify`; if you restored a backup on purpose, move that file away and keep it",
            file.display()
        ),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", file.display())),
    }
    let part = file.with_extension("checkpoint-part");
    let written = std::fs::write(&part, note).and_then(|()| std::fs::rename(&part, file));
    written.with_context(|| format!("{} cannot be written", file.display()))
}

async fn checkpoints(jobs: Jobs, mut stop: watch::Receiver<bool>) {
    let Some(signer) = jobs.signer.clone() else { return };
    loop {
        match jobs.engine.publish_checkpoint(&signer).await {
            Ok(Some(checkpoint)) => {
                tracing::info!(size = checkpoint.size, "checkpoint published");
                if let Some(file) = &jobs.schedule.checkpoint_file
                    && let Err(error) = keep_checkpoint(&jobs.engine, file, &checkpoint.note).await
                {
                    tracing::error!(%error, "the checkpoint is not kept outside of the database");
                }
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "no checkpoint could be published; tried again later"),
        }
        if pause(jobs.schedule.checkpoint_every, &mut stop).await {
            return;
        }
    }
}
