//! The queue's runner: claims due jobs with a lease, runs them, puts failed ones back with growing patience.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use proofdesk_automation::{Automations, Beginning, Outcome};
use proofdesk_engine::follow::FOLLOW;
use proofdesk_engine::make::Made;
use proofdesk_engine::{Claimed, Engine, Reference, pause};
use proofdesk_model::Job;
use tokio::sync::watch;
use tracing::Instrument as _;

/// How long a worker may take before another may take the job over, microseconds.
pub(crate) const LEASE: i64 = 60_000_000;
/// Jobs that this runner knows.
const KINDS: [&str; 6] = ["clock", "timed", "look", "clocks", "make", FOLLOW];
/// Jobs claimed at a time.
const AT_ONCE: usize = 64;
/// After so many tries a job waits for an operator.
const TRIES: i64 = 8;
/// Longest sleep: new jobs of other nodes are seen after this at the latest.
const LONGEST_SLEEP: i64 = 1_000_000;

pub(crate) async fn run(engine: Engine, automations: Arc<Automations>, mut stop: watch::Receiver<bool>) {
    loop {
        let worked = match work_with(&engine, &automations).await {
            Ok(worked) => worked,
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "the queue could not be read; tried again");
                0
            }
        };
        let sleep = if worked > 0 { 0 } else { until_next(&engine).await };
        if pause(Duration::from_micros(u64::try_from(sleep).unwrap_or_default()), &mut stop).await {
            return;
        }
    }
}

async fn until_next(engine: &Engine) -> i64 {
    match engine.store().next_run_at().await {
        Ok(Some(at)) => (at - engine.now()).clamp(20_000, LONGEST_SLEEP),
        _ => LONGEST_SLEEP,
    }
}

/// Runs the jobs that are due, on a desk without automations; returns how many were.
///
/// # Errors
/// As [`work_with`].
pub async fn work(engine: &Engine) -> anyhow::Result<usize> {
    work_with(engine, &Automations::default()).await
}

/// Runs the jobs that are due; returns how many were.
///
/// # Errors
/// A fault of the database while claiming; a job's own fault only puts that job back.
pub async fn work_with(engine: &Engine, automations: &Automations) -> anyhow::Result<usize> {
    let claimed = engine.store().claim(&KINDS, engine.now(), LEASE, AT_ONCE).await?;
    let found = claimed.len();
    for claim in claimed {
        let began = std::time::Instant::now();
        let span = span(&claim.job.kind);
        let done = handle(engine, automations, &claim.job).instrument(span.clone()).await;
        ended(&span, done.is_ok());
        settle(engine, &claim, done, began.elapsed()).await?;
    }
    Ok(found)
}

/// Puts a job that was run out of the way: done, to be tried again, or given up.
pub(crate) async fn settle(
    engine: &Engine,
    claim: &Claimed,
    done: anyhow::Result<()>,
    took: Duration,
) -> anyhow::Result<()> {
    measure(&claim.job.kind, done.is_ok(), took);
    match done {
        Ok(()) => engine.store().finish(claim).await?,
        Err(error) => {
            let text = format!("{error:#}");
            // what it says may name values of a record: it is kept with the job and not told in the log
            let (kind, key, attempts) = (&claim.job.kind, &claim.job.key, claim.attempts);
            tracing::warn!(kind, key, attempts, "a job failed; `proofdesk doctor` shows those given up");
            let patience = 1_000_000_i64 << attempts.clamp(0, 12);
            let again = (attempts < TRIES).then(|| engine.now() + patience);
            engine.store().retry_later(claim, again, &text).await?;
        }
    }
    Ok(())
}

/// The span of a job, for traces: its kind alone.
pub(crate) fn span(kind: &str) -> tracing::Span {
    tracing::debug_span!(
        target: "spans",
        "job",
        otel.name = format!("job {kind}"),
        otel.kind = "consumer",
        otel.status_code = tracing::field::Empty,
        proofdesk.job = kind,
    )
}

/// Tells how a job ended.
pub(crate) fn ended(span: &tracing::Span, is_good: bool) {
    if !is_good {
        span.record("otel.status_code", "ERROR");
    }
}

/// Counts a run of a job, and how long it took.
pub(crate) fn measure(kind: &str, is_good: bool, took: Duration) {
    let outcome = if is_good { "done" } else { "failed" };
    metrics::counter!("proofdesk_job_runs_total", "kind" => kind.to_owned(), "outcome" => outcome)
        .increment(1);
    metrics::histogram!("proofdesk_job_duration_seconds", "kind" => kind.to_owned())
        .record(took.as_secs_f64());
}

async fn handle(engine: &Engine, automations: &Automations, job: &Job) -> anyhow::Result<()> {
    let text = |name: &str| job.payload.get(name).and_then(|v| v.as_str());
    let whole = |name: &str| job.payload.get(name).and_then(|v| v.as_i64());
    let record = |of: &str, number: &str| -> anyhow::Result<Reference> {
        let of = text(of).context("the job names no type")?;
        Ok(Reference::new(of, whole(number).context("the job names no number")?))
    };
    match job.kind.as_str() {
        "clock" => {
            engine.tick(&record("type", "number")?).await?;
        }
        "look" => {
            engine.tick(&record("of", "at")?).await?;
        }
        "timed" => {
            let transition = text("transition").context("the job names no transition")?;
            engine.take_due(&record("type", "number")?, transition).await?;
        }
        "clocks" => {
            let (from, to) = whole("from").zip(whole("to")).context("the job names no interval")?;
            let agreements = job.payload.get("agreements").and_then(|a| a.as_array());
            let agreements: Vec<String> =
                agreements.into_iter().flatten().filter_map(|a| a.as_str().map(str::to_owned)).collect();
            engine.look_again(from, to, &agreements).await?;
        }
        FOLLOW => {
            let begun: Beginning =
                serde_json::from_value(job.payload.clone()).context("the job's payload")?;
            if let Outcome::Refused(_) = automations.carry_out(engine, &begun).await? {
                tracing::info!(
                    automation = begun.follow,
                    of = begun.record_type,
                    number = begun.number,
                    "refused in part"
                );
            }
        }
        "make" => {
            engine.make(&Made::read(&job.payload).context("the job does not say what to make")?).await?;
        }
        other => bail!("no handler for jobs of kind `{other}`"),
    }
    Ok(())
}
