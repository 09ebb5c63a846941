//! The span of a write, for traces: which type, by which door, by which step. No value and nobody.
//!
//! Not here: where spans go (the binary). Without traces nobody takes spans of this target.

use proofdesk_model::{Action, Door};
use tracing::Span;
use tracing::field::Empty;

/// The span of a write on its way: what it is about is told once it is known to be there.
pub(crate) fn of_write(door: Door) -> Span {
    tracing::debug_span!(
        target: "spans",
        "write",
        proofdesk.record_type = Empty,
        proofdesk.action = Empty,
        proofdesk.door = ?door,
        otel.status_code = Empty,
    )
}

/// Tells what the present write is about, once its type and step are known ones.
pub(crate) fn is_about(record_type: &str, action: &Action) {
    let span = Span::current();
    if !span.is_disabled() {
        span.record("proofdesk.record_type", record_type);
        span.record("proofdesk.action", action.word());
    }
}

/// Tells how a write ended.
pub(crate) fn ended(span: &Span, is_good: bool) {
    if !is_good {
        span.record("otel.status_code", "ERROR");
    }
}
