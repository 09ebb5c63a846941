//! Figures: computed beside all requests when the log has grown, so that the page only reads them.

use std::time::Duration;

use proofdesk_engine::{Engine, pause};
use proofdesk_report::{Scope, Snapshot};
use tokio::sync::watch;

use crate::Jobs;

/// Rest between two computations, as a multiple of what the last one took: they never take more than a tenth of a core.
const REST: u32 = 10;

/// Renews the figures of every type of work whose targets have clocks, until told to stop.
pub(crate) async fn run(jobs: Jobs, mut stop: watch::Receiver<bool>) {
    loop {
        let took = renew(&jobs.engine, &jobs.schedule.zone).await;
        if pause(jobs.schedule.figures_every.max(took * REST), &mut stop).await {
            return;
        }
    }
}

/// Renews the figures that did not see the whole log; gives how long that took.
async fn renew(engine: &Engine, zone: &jiff::tz::TimeZone) -> Duration {
    let began = std::time::Instant::now();
    let types: Vec<String> = engine
        .registry()
        .types()
        .filter(|of| of.family == "work" && !of.clocks.is_empty())
        .map(|of| of.name.clone())
        .collect();
    for of in types {
        if let Err(error) = renew_one(engine, &of, zone).await {
            tracing::warn!(%of, %error, "the figures could not be computed; tried again later");
        }
    }
    began.elapsed()
}

async fn renew_one(engine: &Engine, of: &str, zone: &jiff::tz::TimeZone) -> anyhow::Result<()> {
    let scope = Scope { zone: zone.clone(), ..Scope::of(of) };
    let log_size = engine.store().log_size().await?;
    let kept = Snapshot::load(engine, &scope).await?;
    if kept.is_none_or(|kept| kept.log_size != log_size) {
        Snapshot::renew(engine, &scope).await?;
    }
    Ok(())
}
