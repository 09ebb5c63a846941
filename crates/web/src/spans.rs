//! The span of a request, for traces: its pattern, never its address; nothing of who asks.
//!
//! Not here: where spans go (the binary). Without traces nobody takes spans of this target and a request costs no more.
//! Source: OpenTelemetry semantic conventions for HTTP servers; W3C Trace Context.

use std::sync::OnceLock;

use axum::extract::MatchedPath;
use axum::http::{HeaderMap, Method, StatusCode};
use tracing::Span;
use tracing::field::Empty;

/// Takes over the trace that a request belongs to, from its headers.
pub type TakeParent = fn(&HeaderMap, &Span);

static TAKE_PARENT: OnceLock<TakeParent> = OnceLock::new();

/// Sets what takes over the traces of who asks. Called once, when the program is put together.
pub fn use_parents(take: TakeParent) {
    // a second call would come from the same program
    let _ = TAKE_PARENT.set(take);
}

/// The methods that are told by name, so that nobody writes a text of his own into a trace or a figure.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The name of a method; none of one that nobody uses.
pub(crate) fn known(method: &Method) -> Option<&'static str> {
    METHODS.into_iter().find(|known| *known == method.as_str())
}

/// The span of a request, inside the one of its lines in the log.
pub(crate) fn of_request(
    logged: &Span,
    method: &Method,
    route: Option<&MatchedPath>,
    headers: &HeaderMap,
) -> Span {
    let route = route.map(MatchedPath::as_str);
    let method = known(method).unwrap_or("_OTHER");
    let span = tracing::debug_span!(
        target: "spans",
        parent: logged,
        "request",
        otel.name = match route {
            Some(route) => format!("{method} {route}"),
            None => method.to_owned(),
        },
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
    );
    if !span.is_disabled()
        && let Some(take) = TAKE_PARENT.get()
    {
        take(headers, &span);
    }
    span
}

/// Tells how a request was answered.
pub(crate) fn answered(span: &Span, status: StatusCode) {
    if span.is_disabled() {
        return;
    }
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}
