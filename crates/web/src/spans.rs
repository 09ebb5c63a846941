//! The span of a request, for traces: its pattern, never its address; nothing of who asks.
//!
//! Not here: where spans go (the binary). Without traces nobody takes spans of this target and a request costs no more.
//! Source: OpenTelemetry semantic conventions for HTTP servers; W3C Trace Context.

use std::fmt;
use std::sync::OnceLock;

use axum::extract::MatchedPath;
use axum::http::{HeaderMap, Method, StatusCode};
use tracing::Span;
use tracing::field::Empty;

/// The span of whoever asks, as his request tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parent {
    /// The trace; never zero.
    pub trace: u128,
    /// The span; never zero.
    pub span: u64,
    /// Whether whoever asks keeps the trace.
    pub sampled: bool,
}

impl Parent {
    /// Reads the header `traceparent`: `00-TRACE-SPAN-FLAGS`, and what later versions put behind it. None where it says
    /// nothing, or is there twice. What comes beside it (`tracestate`) is a text of others, and is not taken over.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut said = headers.get_all("traceparent").iter();
        let parent = Self::parse(said.next()?.to_str().ok()?)?;
        said.next().is_none().then_some(parent)
    }

    /// Reads the value of the header.
    pub fn parse(value: &str) -> Option<Self> {
        let value = value.trim_matches([' ', '\t']);
        let mut parts = value.splitn(5, '-');
        let mut part = |length: usize| {
            let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
            parts.next().filter(|part| part.len() == length && part.bytes().all(is_digit))
        };
        let (version, trace, span, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
        let has_more = parts.next().is_some();
        if version == "ff" || (version == "00" && has_more) {
            return None;
        }
        let parent = Self {
            trace: u128::from_str_radix(trace, 16).ok()?,
            span: u64::from_str_radix(span, 16).ok()?,
            sampled: u8::from_str_radix(flags, 16).ok()? & 1 == 1,
        };
        (parent.trace != 0 && parent.span != 0).then_some(parent)
    }
}

impl fmt::Display for Parent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

/// Puts a span into the trace of whoever asks.
pub type TakeParent = fn(Parent, &Span);

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
        && let Some(parent) = Parent::of(headers)
    {
        take(parent, &span);
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use axum::http::HeaderMap;

    use super::Parent;

    // the example of W3C Trace Context, 3.2.2
    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn the_parent_is_read_as_it_was_written() {
        let parent = Parent::parse(GIVEN).unwrap();
        let told = (0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736, 0x00f0_67aa_0ba9_02b7, true);
        assert_eq!((parent.trace, parent.span, parent.sampled), told);
        assert_eq!(parent.to_string(), GIVEN);
        assert!(!Parent::parse(&GIVEN.replace("-01", "-02")).unwrap().sampled);
        assert_eq!(Parent::parse(&format!("{}-of-later", GIVEN.replacen("00", "cc", 1))), Some(parent));
    }

    #[test]
    fn what_is_no_parent_is_none() {
        let (zero_trace, zero_span) = ("0".repeat(32), "0".repeat(16));
        for wrong in [
            "",
            "00",
            &GIVEN.replacen("00", "ff", 1),
            &GIVEN.to_uppercase(),
            &GIVEN.replace("4bf92f3577b34da6a3ce929d0e0e4736", &zero_trace),
            &GIVEN.replace("00f067aa0ba902b7", &zero_span),
            &GIVEN.replace("4b", "+b"),
            &GIVEN.replace("-01", ""),
            &format!("{GIVEN}-more"),
            &format!("{GIVEN}0"),
        ] {
            assert_eq!(Parent::parse(wrong), None, "{wrong}");
        }
        let mut headers = HeaderMap::new();
        assert_eq!(Parent::of(&headers), None);
        headers.append("traceparent", GIVEN.parse().unwrap());
        assert!(Parent::of(&headers).is_some());
        headers.append("traceparent", GIVEN.parse().unwrap());
        assert_eq!(Parent::of(&headers), None, "two parents are none");
    }
}
