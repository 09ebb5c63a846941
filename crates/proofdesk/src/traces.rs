//! Traces for OpenTelemetry: spans of requests, writes, questions to the database, jobs and mails, sent to a collector by OTLP over
//! HTTP. Off unless an endpoint is named.
//!
//! Spans come from `tracing` with the target [`TARGET`]; nothing else does, no event of the log and none of its fields, so a trace
//! holds patterns, kinds and counts, and nobody's data. Source: OTLP 1.x (http/protobuf), W3C Trace Context.
//! Invariant: a request never waits for a collector: what does not fit into the queue is dropped, and a thread of its own sends.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use opentelemetry::trace::{
    Link, SpanContext, SpanId, SpanKind, TraceContextExt as _, TraceFlags, TraceId, TraceState,
    TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    IdGenerator as _, RandomIdGenerator, Sampler, SamplingDecision, SamplingResult, SdkTracer,
    SdkTracerProvider, ShouldSample,
};
use proofdesk_reach::{Limits, Reach, Rule};
use proofdesk_web::spans::Parent;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt as _};

/// The target of spans that go into traces.
pub const TARGET: &str = "spans";
/// How long sending may take, and the last sending at the end.
const PATIENCE: Duration = Duration::from_secs(5);
/// Largest answer of a collector, bytes.
const ANSWER_MAX: usize = 65_536;
/// Where a collector takes spans, below its endpoint.
const PATH: &str = "/v1/traces";

/// Traces: `[traces]` in the configuration file.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct TraceSettings {
    /// The collector, such as `http://127.0.0.1:4318`; without it there are no traces.
    pub endpoint: Option<String>,
    /// How many of a hundred traces are sent.
    #[serde(deserialize_with = "crate::config::words::percent")]
    pub percent: u8,
}

impl Default for TraceSettings {
    fn default() -> Self {
        Self { endpoint: None, percent: 100 }
    }
}

impl TraceSettings {
    /// Everything that is wrong with them.
    pub fn mistakes(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if let Some(endpoint) = &self.endpoint
            && host_of(endpoint).is_none()
        {
            wrong.push(format!(
                "traces.endpoint: `{endpoint}` begins with http:// or https:// and names a host"
            ));
        }
        if !(1..=100).contains(&self.percent) {
            wrong.push("traces.percent: between 1 and 100".to_owned());
        }
        wrong
    }

    /// Where spans are sent: as the standard's variables of the environment say, else as the file does. None where nothing
    /// does, or where the environment says that there are no traces.
    pub fn address(&self, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
        let said = |name: &str| variable(name).map(|v| v.trim().to_owned()).filter(|value| !value.is_empty());
        let is_off = said("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
            || said("OTEL_TRACES_EXPORTER").is_some_and(|value| value == "none");
        if is_off {
            return None;
        }
        let below = |endpoint: String| format!("{}{PATH}", endpoint.trim_end_matches('/'));
        said("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
            .or_else(|| said("OTEL_EXPORTER_OTLP_ENDPOINT").map(below))
            .or_else(|| self.endpoint.clone().map(below))
    }
}

/// The host of an address of the web.
fn host_of(address: &str) -> Option<String> {
    let uri: axum::http::Uri = address.parse().ok()?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    let host = uri.host().filter(|host| is_web && !host.is_empty())?;
    Some(host.trim_matches(['[', ']']).to_owned())
}

/// Traces that are on.
pub struct Traces(SdkTracerProvider);

/// What takes spans from `tracing`.
pub type Layer<S> = OpenTelemetryLayer<S, SdkTracer>;

impl Traces {
    /// Turns traces on. `runtime` sends; `roots` is the file of authorities in place of Mozilla's.
    ///
    /// # Errors
    /// An address that cannot be asked, or authorities that cannot be read.
    pub fn begin<S>(
        address: &str,
        percent: u8,
        runtime: &Handle,
        roots: Option<&std::path::Path>,
    ) -> anyhow::Result<(Self, Layer<S>)>
    where
        S: tracing::Subscriber + for<'s> tracing_subscriber::registry::LookupSpan<'s>,
    {
        let host = host_of(address).with_context(|| {
            format!("traces: `{address}` begins with http:// or https:// and names a host")
        })?;
        // who names a collector means it, wherever it is
        let rule = Rule::parse([&host]).map_err(|said| anyhow::anyhow!("traces: {said}"))?;
        let reach = Reach::new(rule, Limits { time: PATIENCE, body: ANSWER_MAX }, roots)?;
        let client = Client { reach, runtime: runtime.clone(), is_away: AtomicBool::new(false) };
        let exporter =
            SpanExporter::builder().with_http().with_http_client(client).with_endpoint(address).build()?;
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Share(Sampler::TraceIdRatioBased(f64::from(percent) / 100.0)))
            .with_resource(resource())
            .build();
        let layer = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("proofdesk"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false);
        proofdesk_web::spans::use_parents(take_parent);
        Ok((Self(provider), layer))
    }

    /// Sends what waits, for a few seconds at most. The runtime must still be there, and this is no task of it.
    pub fn end(self) {
        if let Err(error) = self.0.shutdown_with_timeout(PATIENCE) {
            tracing::info!(%error, "the last spans were not sent");
        }
    }
}

/// Who speaks: as the environment says, else the program's name.
fn resource() -> Resource {
    // a variable that is not there, or no text, names nobody
    let said = |name: &str| std::env::var(name).unwrap_or_default();
    let is_named =
        !said("OTEL_SERVICE_NAME").is_empty() || said("OTEL_RESOURCE_ATTRIBUTES").contains("service.name=");
    let builder =
        Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    if is_named { builder.build() } else { builder.with_service_name("proofdesk").build() }
}

/// Puts a span into the trace of who asks. Source: W3C Trace Context.
fn take_parent(parent: Parent, span: &tracing::Span) {
    let flags = if parent.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let (trace, of) = (TraceId::from(parent.trace), SpanId::from(parent.span));
    let told = SpanContext::new(trace, of, flags, true, TraceState::default());
    // a span that nobody wants has no parent either
    if span.set_parent(Context::new().with_remote_span_context(told)).is_err() {
        tracing::trace!("a span is in no trace");
    }
}

/// A share of all traces. Of our own the trace's id decides, which is random; of one that others began a random number of ours,
/// because its id is theirs to choose: whoever asks decides neither how much is kept nor a word of it. What begins a trace is a
/// request, a job or a mail; what the program asks itself besides is none.
#[derive(Debug, Clone)]
struct Share(Sampler);

impl ShouldSample for Share {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let of = parent.map(|context| context.span().span_context().clone()).filter(|of| of.is_valid());
        let wanted = match &of {
            Some(of) if !of.is_remote() => of.is_sampled(),
            of => {
                let id = if of.is_some() { RandomIdGenerator::default().new_trace_id() } else { id };
                let begins = matches!(kind, SpanKind::Server | SpanKind::Consumer | SpanKind::Producer);
                let said = self.0.should_sample(None, id, name, kind, attributes, links);
                begins && matches!(said.decision, SamplingDecision::RecordAndSample)
            }
        };
        SamplingResult {
            decision: if wanted { SamplingDecision::RecordAndSample } else { SamplingDecision::Drop },
            attributes: Vec::new(),
            // a text of others is not taken over; of our own there is none
            trace_state: TraceState::default(),
        }
    }
}

/// Sends by the one client of the program, on its runtime; says once that a collector is away, and once that it is back.
struct Client {
    reach: Reach,
    runtime: Handle,
    is_away: AtomicBool,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

/// An answer on its way.
type Sending<'f> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>;

impl HttpClient for Client {
    fn send_bytes<'c, 'f>(&'c self, request: Request<Bytes>) -> Sending<'f>
    where
        'c: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let request = axum::http::Request::from_parts(parts, body.to_vec());
            let reach = self.reach.clone();
            let said = self.runtime.spawn(async move { reach.send(request).await }).await?;
            let is_good = said.as_ref().is_ok_and(|answer| answer.status().is_success());
            match (self.is_away.swap(!is_good, Ordering::Relaxed), &said) {
                (false, Err(error)) => tracing::warn!(%error, "spans are dropped: the collector is away"),
                (false, Ok(answer)) if !is_good => {
                    tracing::warn!(
                        status = answer.status().as_u16(),
                        "spans are dropped: the collector refuses them"
                    );
                }
                (true, Ok(_)) if is_good => tracing::info!("the collector takes spans again"),
                _ => {}
            }
            Ok(said?.map(Bytes::from))
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::net::TcpListener;
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    use opentelemetry::Context;
    use opentelemetry::trace::{SpanContext, SpanId, SpanKind, TraceContextExt as _};
    use opentelemetry::trace::{TraceFlags, TraceId, TraceState};
    use opentelemetry_sdk::trace::{Sampler, SamplingDecision, ShouldSample as _};

    use tracing_subscriber::Layer as _;
    use tracing_subscriber::filter::Targets;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::{PATIENCE, Share, TARGET, TraceSettings, Traces};

    #[test]
    fn the_environment_comes_before_the_file() {
        let file = TraceSettings { endpoint: Some("http://file:4318/".into()), percent: 100 };
        let none = TraceSettings::default();
        let of = |settings: &TraceSettings, pairs: &[(&str, &str)]| {
            let pairs: Vec<(String, String)> =
                pairs.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
            settings.address(move |name| pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()))
        };
        let (all, own) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
        assert_eq!(of(&none, &[]), None);
        assert_eq!(of(&none, &[(all, " ")]), None);
        assert_eq!(of(&file, &[]).as_deref(), Some("http://file:4318/v1/traces"));
        assert_eq!(of(&file, &[(all, "http://all:1")]).as_deref(), Some("http://all:1/v1/traces"));
        assert_eq!(
            of(&file, &[(all, "http://all:1"), (own, "http://own:2/x")]).as_deref(),
            Some("http://own:2/x")
        );
        assert_eq!(of(&file, &[("OTEL_SDK_DISABLED", "TRUE")]), None);
        assert_eq!(of(&file, &[("OTEL_TRACES_EXPORTER", "none")]), None);
    }

    #[test]
    fn mistakes_are_said() {
        let of = |endpoint: &str, percent: u8| {
            TraceSettings { endpoint: Some(endpoint.into()), percent }.mistakes().join("\n")
        };
        assert_eq!(of("http://127.0.0.1:4318", 100), "");
        assert_eq!(of("https://[::1]:4318", 1), "");
        for (endpoint, percent, part) in [
            ("127.0.0.1:4318", 1, "endpoint"),
            ("ftp://x", 1, "endpoint"),
            ("http://x", 0, "percent"),
            ("http://x", 101, "percent"),
        ] {
            assert!(of(endpoint, percent).contains(part), "{endpoint} {percent}");
        }
    }

    fn wanted(share: f64, parent: Option<(bool, bool)>, kind: &SpanKind, id: u128) -> bool {
        let parent = parent.map(|(is_remote, is_sampled)| {
            let state = TraceState::from_key_value([("evil", "jane.doe")]).unwrap();
            let flags = if is_sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
            let of = SpanContext::new(TraceId::from(id), SpanId::from(7), flags, is_remote, state);
            Context::new().with_remote_span_context(of)
        });
        let share = Share(Sampler::TraceIdRatioBased(share));
        let said = share.should_sample(parent.as_ref(), TraceId::from(id), "x", kind, &[], &[]);
        assert_eq!(said.trace_state.header(), "", "no word of others goes on");
        matches!(said.decision, SamplingDecision::RecordAndSample)
    }

    #[test]
    fn a_collector_that_takes_connections_and_says_nothing_holds_nobody_up() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            // kept open, never read, never answered
            while let Ok((stream, _)) = listener.accept() {
                if tell.send(stream).is_err() {
                    return;
                }
            }
        });
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let (traces, layer) = Traces::begin(&address, 100, runtime.handle(), None).unwrap();
        let spans = Targets::new().with_target(TARGET, tracing::Level::DEBUG);
        let subscriber = tracing_subscriber::registry().with(layer.with_filter(spans));
        let mut held = Vec::new();
        tracing::subscriber::with_default(subscriber, || {
            // many times what the queue holds, before and after the first batch is under way
            for _ in 0..2 {
                let begun = Instant::now();
                for _ in 0..10_000 {
                    tracing::debug_span!(target: "spans", "request", otel.kind = "server").in_scope(|| {});
                }
                assert!(begun.elapsed() < PATIENCE, "spans took {:?}", begun.elapsed());
                held.extend(told.recv_timeout(PATIENCE * 3));
            }
        });
        assert!(!held.is_empty(), "nothing was sent to it");
        let asked = Instant::now();
        traces.end();
        assert!(asked.elapsed() < PATIENCE * 2, "the end took {:?}", asked.elapsed());
        runtime.shutdown_timeout(Duration::from_secs(1));
        assert!(asked.elapsed() < PATIENCE * 3, "all that took {:?}", asked.elapsed());
    }

    #[test]
    fn a_chosen_trace_is_kept_no_more_often_than_any() {
        // the smallest and the largest id that somebody may choose, as sampled and as not
        for (id, is_sampled) in [(1, true), (u128::MAX, true), (1, false)] {
            let kept = (0..2_000).filter(|_| wanted(0.25, Some((true, is_sampled)), &SpanKind::Server, id));
            let kept = kept.count();
            assert!((300..700).contains(&kept), "{kept} of two thousand with {id}");
        }
    }

    #[test]
    fn what_begins_a_trace_and_how_much_is_kept_is_decided_here() {
        for kind in [SpanKind::Server, SpanKind::Consumer, SpanKind::Producer] {
            assert!(wanted(1.0, None, &kind, 7));
            assert!(wanted(1.0, Some((true, false)), &kind, 7), "others do not decide what is not kept");
            assert!(!wanted(0.0, Some((true, true)), &kind, 7), "nor what is");
        }
        assert!(!wanted(1.0, None, &SpanKind::Client, 7), "what the program asks itself begins nothing");
        assert!(
            wanted(0.0, Some((false, true)), &SpanKind::Client, 7),
            "what belongs to a trace is kept with it"
        );
        assert!(!wanted(1.0, Some((false, false)), &SpanKind::Client, 7));
        let kept = (0..1_000_u128).filter(|n| wanted(0.25, None, &SpanKind::Server, n << 54 | n)).count();
        assert!((150..350).contains(&kept), "{kept} of a thousand");
    }
}
