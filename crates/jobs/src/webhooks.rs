//! Webhooks out: the log is followed, messages are made for those who want them, and sent with patience.
//!
//! A message is signed anew at each try and asks again whether its account still sees the record. What no try brought
//! through is kept as dead for an administrator.
//! Source: Standard Webhooks (retry schedule, 410 ends the tries).

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use proofdesk_doors::signature;
use proofdesk_engine::{Claimed, DELIVERY, Direction, Engine, Reference, pause};
use proofdesk_model::format::write_instant;
use proofdesk_reach::Reach;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::Jobs;
use crate::queue::{LEASE, ended, measure, span};

/// Between two looks whether the log grew or something is due.
const EVERY: Duration = Duration::from_secs(1);
/// Messages sent at the same time.
const AT_ONCE: usize = 8;
/// Seconds until the next try, by how often it was tried; after the last it is given up.
const PATIENCE: [i64; 9] = [5, 60, 300, 1_800, 7_200, 18_000, 36_000, 57_600, 86_400];

pub(crate) async fn run(jobs: Jobs, mut stop: watch::Receiver<bool>) {
    let Some(reach) = jobs.reach.clone() else { return };
    loop {
        let worked = match work(&jobs.engine, &reach).await {
            Ok(worked) => worked,
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "webhooks wait; tried again");
                0
            }
        };
        if pause(if worked > 0 { Duration::ZERO } else { EVERY }, &mut stop).await {
            return;
        }
    }
}

/// Reads on in the log for all webhooks and sends what is due. Gives how much was done.
///
/// # Errors
/// The first fault that it met. One webhook's fault stops no other.
pub async fn work(engine: &Engine, reach: &Arc<Reach>) -> anyhow::Result<usize> {
    let (mut worked, mut fault) = (0, None);
    for hook in engine.webhooks().await?.iter().filter(|h| h.direction == Direction::Out) {
        match engine.follow_for(hook).await {
            Ok(read) => worked += read,
            Err(error) => {
                _ = fault.get_or_insert(anyhow::Error::from(error).context(format!("webhook {}", hook.id)))
            }
        }
    }
    let claimed = engine.store().claim(&[DELIVERY], engine.now(), LEASE, AT_ONCE).await?;
    worked += claimed.len();
    let mut tasks = JoinSet::new();
    for claim in claimed {
        let (engine, reach) = (engine.clone(), reach.clone());
        let span = span(&claim.job.kind);
        tasks.spawn(async move {
            let done = deliver(&engine, &reach, &claim).instrument(span.clone()).await;
            ended(&span, done.is_ok());
            done
        });
    }
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended.context("a delivery ended with a fault").flatten() {
            fault.get_or_insert(error);
        }
    }
    fault.map_or(Ok(worked), Err)
}

/// What became of a try.
enum Try {
    /// It was taken, or nobody is there to take it any more.
    Done,
    /// It may succeed later.
    Later(String),
    /// It will not succeed by waiting.
    Never(String),
}

async fn deliver(engine: &Engine, reach: &Reach, claim: &Claimed) -> anyhow::Result<()> {
    let began = Instant::now();
    let tried = attempt(engine, reach, claim).await?;
    measure(DELIVERY, matches!(tried, Try::Done), began.elapsed());
    let (again, why) = match tried {
        Try::Done => return Ok(engine.store().finish(claim).await?),
        Try::Never(why) => (None, why),
        Try::Later(why) => {
            let at = usize::try_from(claim.attempts - 1).unwrap_or_default();
            (PATIENCE.get(at).map(|seconds| engine.now() + seconds * 1_000_000), why)
        }
    };
    let (attempts, given_up) = (claim.attempts, again.is_none());
    tracing::warn!(key = claim.job.key, attempts, given_up, "a webhook was not delivered");
    Ok(engine.store().retry_later(claim, again, &why).await?)
}

async fn attempt(engine: &Engine, reach: &Reach, claim: &Claimed) -> anyhow::Result<Try> {
    let payload = &claim.job.payload;
    let text = |name: &str| payload.get(name).and_then(|v| v.as_str()).unwrap_or_default();
    let whole = |name: &str| payload.get(name).and_then(|v| v.as_i64()).unwrap_or_default();
    let Some((hook, secret)) = engine.webhook(whole("webhook")).await? else { return Ok(Try::Done) };
    let Some(caller) = engine.caller_of_account(hook.account, "").await? else { return Ok(Try::Done) };
    let about = Reference::new(text("type"), whole("number"));
    match engine.load(&caller, &about).await {
        Ok(Some(_)) => {}
        // its account does not see the record any more: nothing is told
        Ok(None) | Err(proofdesk_engine::Error::Forbidden(_)) => return Ok(Try::Done),
        Err(error) => return Err(error.into()),
    }
    Ok(send(reach, (&hook.url, &secret), (text("message"), text("body")), engine.now() / 1_000_000).await)
}

/// Sends a webhook a message that says nothing but that it is a trial (`type` is `test`), signed as all are; once, and not kept.
///
/// # Errors
/// That there is no such webhook or that it takes messages in; what went wrong on the way.
pub async fn try_out(engine: &Engine, reach: &Reach, id: i64, message: &str) -> anyhow::Result<()> {
    let found = engine.webhook(id).await?.filter(|(hook, _)| hook.direction == Direction::Out);
    let (hook, secret) = found.with_context(|| format!("there is no webhook {id} that sends"))?;
    let at = write_instant(engine.now());
    let body = json!({"type": "test", "timestamp": at, "data": {"webhook": hook.id, "label": hook.label}});
    let seconds = engine.now() / 1_000_000;
    match send(reach, (&hook.url, &secret), (message, &body.to_string()), seconds).await {
        Try::Done => Ok(()),
        Try::Later(why) | Try::Never(why) => anyhow::bail!("webhook {id} was not delivered: {why}"),
    }
}

/// Signs a message and sends it, once.
async fn send(reach: &Reach, (url, secret): (&str, &str), (id, body): (&str, &str), seconds: i64) -> Try {
    let signed = match signature::sign(secret, id, seconds, body.as_bytes()) {
        Ok(signed) => signed,
        Err(error) => return Try::Never(error.to_string()),
    };
    let request = http::Request::builder()
        .method("POST")
        .uri(url)
        .header("content-type", "application/json")
        .header("user-agent", concat!("Proofdesk/", env!("CARGO_PKG_VERSION")))
        .header("webhook-id", id)
        .header("webhook-timestamp", seconds)
        .header("webhook-signature", signed)
        .body(body.as_bytes().to_vec());
    let request = match request {
        Ok(request) => request,
        Err(error) => return Try::Never(error.to_string()),
    };
    match reach.send(request).await {
        Ok(answer) if answer.status().is_success() => Try::Done,
        Ok(answer) if answer.status().as_u16() == 410 => Try::Never("It answered 410: gone.".to_owned()),
        Ok(answer) => Try::Later(format!("It answered {}.", answer.status().as_u16())),
        // also an answer that is too large was an answer; what is refused by our own rule stays so
        Err(error @ proofdesk_reach::Error::Large { .. }) => Try::Later(error.to_string()),
        Err(error) if error.is_passing() => Try::Later(error.to_string()),
        Err(error) => Try::Never(error.to_string()),
    }
}
