//! `/metrics` for Prometheus: requests, jobs, clocks, log and database as numbers; no personal data.
//!
//! What happens is counted where it happens (here requests, in `jobs` the runs of jobs); what is there is asked when
//! somebody looks. Routes are labelled by their pattern, never by the address that was asked for.
//! Source: Prometheus exposition format 0.0.4, best practices for naming; `promtool check metrics` finds nothing.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use proofdesk_engine::Engine;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::bearer::Sent;
use crate::spans;
use crate::state::AppState;

/// Bounds of the histograms, seconds.
const BOUNDS: [f64; 12] = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Instants of clocks are told this long ahead, microseconds.
const SOON: i64 = 3_600_000_000;
/// Kind of the jobs that wait for the instant of a clock.
const CLOCK: &str = "clock";
/// How often what was counted is folded, also when nobody looks.
pub const UPKEEP: Duration = Duration::from_secs(5);

/// Counts and shows; one in a process, because what it counts is told from everywhere.
pub struct Meter {
    handle: PrometheusHandle,
    token: Option<[u8; 32]>,
    /// Kinds of jobs that were shown: one without jobs is shown as 0 from then on.
    kinds: Mutex<BTreeSet<String>>,
}

impl std::fmt::Debug for Meter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meter").field("token", &self.token.is_some()).finish_non_exhaustive()
    }
}

/// There is a meter in this process already, or its bounds are none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("metrics cannot be counted: {0}")]
pub struct MeterError(String);

impl Meter {
    /// Begins to count in this process. Who has no `token` is let in only where [`router`] is served on an address
    /// of its own.
    ///
    /// # Errors
    /// [`MeterError`] for a second one.
    pub fn install(token: Option<&str>) -> Result<Self, MeterError> {
        let told = |e: &dyn std::fmt::Display| MeterError(e.to_string());
        let suffix = Matcher::Suffix("_duration_seconds".to_owned());
        let builder =
            PrometheusBuilder::new().set_buckets_for_metric(suffix, &BOUNDS).map_err(|e| told(&e))?;
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).map_err(|e| told(&e))?;
        describe();
        let token = token.map(|t| Sha256::digest(t.as_bytes()).into());
        Ok(Self { handle, token, kinds: Mutex::default() })
    }

    /// Whether it asks for a token.
    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Folds what was counted; to be called every [`UPKEEP`].
    pub fn fold(&self) {
        self.handle.run_upkeep();
    }

    fn lets_in(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let Sent::Token(sent) = Sent::read(headers) else { return false };
        let sent: [u8; 32] = Sha256::digest(sent.as_bytes()).into();
        bool::from(sent.ct_eq(token))
    }

    /// The text for Prometheus.
    async fn text(&self, engine: &Engine) -> String {
        self.look(engine).await;
        self.handle.run_upkeep();
        self.handle.render()
    }

    /// Asks how the database, the log and the queue are.
    async fn look(&self, engine: &Engine) {
        let (store, now) = (engine.store(), engine.now());
        gauge!("proofdesk_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        let health = store.health().await.ok();
        gauge!("proofdesk_database_up").set(if health.is_some() { 1.0 } else { 0.0 });
        if let Some(health) = &health {
            let (kind, version) = (format!("{:?}", health.dialect).to_lowercase(), health.version.clone());
            gauge!("proofdesk_database_info", "kind" => kind, "version" => version).set(1.0);
        }
        // what could not be asked is no number: an old one would look like a desk at rest
        let known = |value: Option<f64>| value.unwrap_or(f64::NAN);
        gauge!("proofdesk_database_size_bytes").set(known(health.as_ref().map(|h| number(h.size_bytes))));
        gauge!("proofdesk_log_entries").set(known(health.as_ref().map(|h| whole(h.log_size))));
        gauge!("proofdesk_log_pending_entries").set(known(health.as_ref().map(|h| whole(h.pending))));
        let latest = store.latest_checkpoint().await.ok().flatten();
        let age = latest.as_ref().map(|l| number(now - l.at) / 1e6);
        gauge!("proofdesk_checkpoint_age_seconds").set(known(age));
        gauge!("proofdesk_checkpoint_entries").set(known(latest.as_ref().map(|l| whole(l.size))));
        self.show_queue(store.queue_lengths(now, now + SOON).await.ok().as_deref(), now);
    }

    fn show_queue(&self, asked: Option<&[proofdesk_engine::QueueLength]>, now: i64) {
        let lengths = asked.unwrap_or_default();
        let known = |count: i64| asked.map_or(f64::NAN, |_| number(count));
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        kinds.insert(CLOCK.to_owned());
        kinds.extend(lengths.iter().map(|l| l.kind.clone()));
        let mut oldest = None;
        for kind in kinds.iter() {
            let found = lengths.iter().find(|l| l.kind == *kind);
            let set = |state: &'static str, count: i64| {
                gauge!("proofdesk_jobs", "kind" => kind.clone(), "state" => state).set(known(count));
            };
            set("due", found.map_or(0, |l| l.due));
            set("waiting", found.map_or(0, |l| l.waiting));
            set("dead", found.map_or(0, |l| l.dead));
            if kind == CLOCK {
                gauge!("proofdesk_clocks_due").set(known(found.map_or(0, |l| l.due)));
                gauge!("proofdesk_clocks_due_within_hour").set(known(found.map_or(0, |l| l.soon)));
            }
            oldest = [oldest, found.and_then(|l| l.oldest_due_at)].into_iter().flatten().min();
        }
        let lag = oldest.map_or(0.0, |at| number(now - at) / 1e6);
        gauge!("proofdesk_job_lag_seconds").set(asked.map_or(f64::NAN, |_| lag));
    }
}

#[allow(clippy::cast_precision_loss, reason = "a gauge is a float; exact up to 2^53")]
fn number(count: i64) -> f64 {
    count as f64
}

fn whole(count: u64) -> f64 {
    number(i64::try_from(count).unwrap_or(i64::MAX))
}

fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!("proofdesk_http_requests_total", "Requests answered, by method, route and status.");
    describe_histogram!("proofdesk_http_request_duration_seconds", "Time to answer, by method and route.");
    describe_counter!("proofdesk_job_runs_total", "Jobs run, by kind and outcome.");
    describe_histogram!("proofdesk_job_duration_seconds", "Time to run a job, by kind.");
    describe_gauge!("proofdesk_build_info", "The program.");
    describe_gauge!("proofdesk_database_up", "1 where the database answers, else 0.");
    describe_gauge!("proofdesk_database_info", "The database.");
    describe_gauge!("proofdesk_database_size_bytes", "Size of the database.");
    describe_gauge!("proofdesk_log_entries", "Entries that have their place in the log.");
    describe_gauge!("proofdesk_log_pending_entries", "Entries that wait for their place in the log.");
    describe_gauge!("proofdesk_checkpoint_age_seconds", "Age of the newest checkpoint.");
    describe_gauge!("proofdesk_checkpoint_entries", "Entries that the newest checkpoint covers.");
    describe_gauge!("proofdesk_jobs", "Jobs in the queue, by kind and state: due, waiting or dead.");
    describe_gauge!("proofdesk_job_lag_seconds", "How long the oldest due job waits.");
    describe_gauge!("proofdesk_clocks_due", "Instants of clocks that were reached and not yet handled.");
    describe_gauge!("proofdesk_clocks_due_within_hour", "Instants of clocks that come within an hour.");
}

/// `/metrics` alone: for the main address where a token protects it, or for one of its own.
pub fn router(state: AppState) -> Router {
    Router::new().route("/metrics", get(show)).with_state(state)
}

async fn show(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let Some(meter) = &state.meter else { return StatusCode::NOT_FOUND.into_response() };
    if !meter.lets_in(&headers) {
        let ask = [(header::WWW_AUTHENTICATE, "Bearer realm=\"metrics\"")];
        return (StatusCode::UNAUTHORIZED, ask, "The token of `metrics_token` is needed.\n").into_response();
    }
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, meter.text(&state.engine).await).into_response()
}

/// Counts the requests to a router.
pub fn observed(router: Router) -> Router {
    router.layer(from_fn(observe))
}

async fn observe(request: Request, next: Next) -> Response {
    let method = word(request.method());
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched.map_or_else(|| Arc::from("none"), |path| Arc::<str>::from(path.as_str()));
    let began = Instant::now();
    let response = next.run(request).await;
    let (took, status) = (began.elapsed().as_secs_f64(), response.status().as_u16().to_string());
    counter!("proofdesk_http_requests_total", "method" => method, "route" => route.clone(), "status" => status)
        .increment(1);
    histogram!("proofdesk_http_request_duration_seconds", "method" => method, "route" => route).record(took);
    response
}

/// Methods by name; what nobody uses is one label, so that no stranger makes new ones.
fn word(method: &Method) -> &'static str {
    spans::known(method).unwrap_or("other")
}
