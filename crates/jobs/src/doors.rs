//! Doors: a message that was quiet is looked at again when the quiet is over.

use std::time::{Duration, Instant};

use proofdesk_doors::{Doors, JOB};
use proofdesk_engine::{Engine, pause};
use tokio::sync::watch;

use crate::{Jobs, queue};

/// Between two looks whether something is due.
const EVERY: Duration = Duration::from_secs(1);

pub(crate) async fn run(jobs: Jobs, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = work(&jobs.engine, &jobs.doors).await {
            tracing::warn!(error = format!("{error:#}"), "the queue of doors could not be read; tried again");
        }
        if pause(EVERY, &mut stop).await {
            return;
        }
    }
}

/// Looks at what is due; returns how much was.
///
/// # Errors
/// A fault of the database while claiming; a job's own fault only puts that job back.
pub async fn work(engine: &Engine, doors: &Doors) -> anyhow::Result<usize> {
    let claimed = engine.store().claim(&[JOB], engine.now(), queue::LEASE, 16).await?;
    let found = claimed.len();
    for claim in claimed {
        let began = Instant::now();
        let done = proofdesk_doors::again(engine, doors, &claim.job).await;
        queue::settle(engine, &claim, done.map_err(Into::into), began.elapsed()).await?;
    }
    Ok(found)
}
