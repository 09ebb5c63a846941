//! Security around every page: headers, the refusal of cross-site writes, request ids, size and fault limits.
//!
//! Source: OWASP Cheat Sheets (HTTP headers, cross-site request forgery: fetch metadata with Origin as fallback).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use proofdesk_engine::Account;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tracing::Instrument;

use crate::error::{self, Failure, WebError};
use crate::limits;
use crate::spans;
use crate::state::AppState;

/// Largest form without files, bytes; uploads have their own limit.
const FORM_MAX: usize = 2 * 1_048_576;

const POLICY: &str = "default-src 'none'; object-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The id of a request: shown on error pages and written to the log.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// The span of a request in the log, on which its account is told.
#[derive(Debug, Clone)]
pub(crate) struct Logged(pub(crate) tracing::Span);

impl Logged {
    /// Tells whose request it is, in its lines of the log.
    pub(crate) fn tell(parts: &Parts, account: &Account) {
        if let Some(Self(span)) = parts.extensions.get::<Self>() {
            span.record("account", account.reference());
        }
    }
}

/// Puts everything around a router that pages and REST have in common.
pub fn around(router: Router<AppState>, state: &AppState) -> Router<AppState> {
    router
        .fallback(nothing_here)
        .layer(DefaultBodyLimit::max(FORM_MAX))
        .layer(CatchPanicLayer::custom(|_| WebError::Fault("a handler failed".to_owned()).into_response()))
        .layer(from_fn_with_state(state.clone(), limits::count))
        .layer(from_fn(same_site))
        .layer(from_fn_with_state(state.clone(), error::render))
        .layer(CompressionLayer::new())
}

/// Puts the headers around everything that is answered, files of the pages too. With TLS browsers are told to come by
/// TLS for a year.
pub fn with_headers(router: Router, secure: bool) -> Router {
    let router = if secure { router.layer(from_fn(only_tls)) } else { router };
    router.layer(from_fn(headers))
}

async fn only_tls(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
    response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, year);
    response
}

async fn nothing_here() -> WebError {
    WebError::NotFound("page at this address".to_owned())
}

/// Refuses writes that another site sent on behalf of a signed-in browser. Programs with a token carry no cookie
/// and send neither header, so they pass.
async fn same_site(request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || is_same_site(request.headers()) {
        next.run(request).await
    } else {
        WebError::CrossSite.into_response()
    }
}

/// Whether the browser says that the request comes from our own pages; requests that say nothing carry no cookie of
/// ours in any browser of today (`SameSite=Lax`).
fn is_same_site(headers: &HeaderMap) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    match headers.get("sec-fetch-site").and_then(|v| v.to_str().ok()) {
        Some("same-origin" | "none") => true,
        Some(_) => false,
        None => match (text(header::ORIGIN), text(header::HOST)) {
            (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, o)| o == host),
            (Some(_), None) => false,
            (None, _) => true,
        },
    }
}

async fn headers(mut request: Request, next: Next) -> Response {
    let id = RequestId(request_id());
    request.extensions_mut().insert(id.clone());
    // the pattern, never the address: that may hold the secret of a link
    let route = request.extensions().get::<MatchedPath>().cloned();
    let span = tracing::info_span!("request", id = %id.0, account = tracing::field::Empty);
    let traced = spans::of_request(&span, request.method(), route.as_ref(), request.headers());
    request.extensions_mut().insert(Logged(span.clone()));
    // the one of traces inside, so that work that a handler begins beside itself stays in it
    let answering = next.run(request).instrument(traced.clone());
    let mut response = answering.instrument(span.clone()).await;
    spans::answered(&traced, response.status());
    span.in_scope(|| tell(&response, route.as_ref().map(MatchedPath::as_str).unwrap_or_default()));
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        headers.insert("x-request-id", value);
    }
    response
}

/// Writes that a request was refused: who may not, and what could not be taken, by the codes of what was wrong. Never what
/// was sent.
fn tell(response: &Response, route: &str) {
    let status = response.status();
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            tracing::warn!(status = status.as_u16(), route, "a request was refused");
        }
        StatusCode::BAD_REQUEST
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNSUPPORTED_MEDIA_TYPE
        | StatusCode::UNPROCESSABLE_ENTITY => {
            let failure = response.extensions().get::<Arc<Failure>>();
            let problems = failure.map(|failure| failure.problems.as_slice()).unwrap_or_default();
            let mut codes: Vec<&str> = problems.iter().map(|problem| problem.code.as_str()).collect();
            codes.sort_unstable();
            codes.dedup();
            let codes = codes.join(" ");
            tracing::info!(status = status.as_u16(), route, codes, "values were refused");
        }
        _ => {}
    }
}

/// Unique in the process and not guessable as to its past: a counter behind a random start.
fn request_id() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    static START: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    let start = START.get_or_init(rand::random::<u64>);
    format!("{:012x}", start.wrapping_add(COUNTER.fetch_add(1, Ordering::Relaxed)) & 0xffff_ffff_ffff)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue};

    use super::is_same_site;

    fn with(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn only_our_own_pages_may_write() {
        for (pairs, allowed) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "http://desk"), ("host", "desk")], false),
            (&[("origin", "http://desk:8080"), ("host", "desk:8080")], true),
            (&[("origin", "http://evil"), ("host", "desk:8080")], false),
            (&[("origin", "null"), ("host", "desk")], false),
            (&[("origin", "http://desk")], false),
            (&[("host", "desk")], true),
        ] {
            assert_eq!(is_same_site(&with(pairs)), allowed, "{pairs:?}");
        }
    }
}
