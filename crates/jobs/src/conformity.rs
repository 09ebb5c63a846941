//! Conformity by itself: a full run on schedule, and a re-test of every record soon
//! after it changed.

use std::collections::BTreeSet;
use std::time::Duration;

use proofdesk_conformity::Scope;
use proofdesk_engine::{Door, Reference, pause};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tracing::Instrument as _;

use crate::Jobs;
use crate::queue::{ended, span};

/// Changes are gathered this long before they are tested again, so that a burst on one record costs one test.
const GATHER: Duration = Duration::from_millis(250);
/// More changed records than this are left to a full run.
const AT_ONCE: usize = 2_000;

pub(crate) async fn full_runs(jobs: Jobs, mut stop: watch::Receiver<bool>) {
    loop {
        let span = span("conformity run");
        let ran = jobs.conformity.run(&Scope::all(), "schedule", Door::Rule).instrument(span.clone()).await;
        ended(&span, ran.is_ok());
        match ran {
            Ok(summary) => {
                let took_ms = summary.run.duration / 1_000;
                tracing::info!(
                    tests = summary.run.tests,
                    exceptions = summary.exceptions,
                    took_ms,
                    "conformity run"
                );
            }
            Err(error) => {
                tracing::warn!(%error, "the conformity run failed; results go stale until the next one")
            }
        }
        if pause(jobs.schedule.conformity_every, &mut stop).await {
            return;
        }
    }
}

pub(crate) async fn retests(jobs: Jobs, mut stop: watch::Receiver<bool>) {
    let mut feed = jobs.engine.store().subscribe();
    loop {
        let mut changed: BTreeSet<Reference> = BTreeSet::new();
        tokio::select! {
            first = feed.recv() => match first {
                Ok(change) => { changed.insert(change.record); }
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
            ended = stop.changed() => if ended.is_err() || *stop.borrow() { return },
        }
        if pause(GATHER, &mut stop).await {
            return;
        }
        while let Ok(change) = feed.try_recv() {
            changed.insert(change.record);
        }
        if changed.len() > AT_ONCE {
            tracing::info!(
                records = changed.len(),
                "many records changed at once; the next full run tests them"
            );
            continue;
        }
        for reference in changed {
            if jobs.engine.registry().get(&reference.record_type).is_none() {
                continue;
            }
            let span = span("conformity retest");
            let tested = jobs.conformity.retest(&reference).instrument(span.clone()).await;
            ended(&span, tested.is_ok());
            if let Err(error) = tested {
                tracing::warn!(%error, record = ?reference, "a record could not be tested again; the next full run does");
            }
        }
    }
}
