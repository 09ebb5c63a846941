//! What runs by itself: the queue, the clocks' instants, checkpoints, conformity runs and re-tests, upkeep.
//!
//! No loop polls records (clocks rule R18): a job is due at its instant, and the runner sleeps until the next one.
//! Not here: how a change is written (`engine`), what a test asks (`conformity`).

mod conformity;
mod doors;
mod figures;
mod queue;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use proofdesk_automation::Automations;
use proofdesk_conformity::Conformity;
use proofdesk_doors::Doors;
use proofdesk_engine::{Engine, pause};
use proofdesk_reach::Reach;
use proofdesk_tlog::SignerKey;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use doors::work as work_doors;
pub use queue::{work, work_with};
pub use webhooks::work as work_webhooks;

/// How often things happen.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Between two checkpoints, when the log grew.
    pub checkpoint_every: Duration,
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

async fn checkpoints(jobs: Jobs, mut stop: watch::Receiver<bool>) {
    let Some(signer) = jobs.signer.clone() else { return };
    loop {
        match jobs.engine.publish_checkpoint(&signer).await {
            Ok(Some(checkpoint)) => tracing::info!(size = checkpoint.size, "checkpoint published"),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "no checkpoint could be published; tried again later"),
        }
        if pause(jobs.schedule.checkpoint_every, &mut stop).await {
            return;
        }
    }
}
