//! Service hours and target clocks: pure time arithmetic.
//!
//! This crate knows no records and no SQL. It is given events and an instant and says where a clock
//! stands; it never asks what time it is. How a clock is computed is told in `docs/clocks.md`.
//!
//! Units in the public interface: an *instant* is an `i64` of microseconds since 1970-01-01 UTC; a
//! length of open time is an `i64` of whole seconds. Inside, everything is whole seconds: an instant
//! is rounded down to its second on the way in.
//!
//! Source: ISO/IEC 20000-1:2018, 8.3.3 (targets), 8.6.1 and 8.6.2 (escalation by them).

mod clock;
mod error;
mod hours;
mod path;
mod target;

pub use clock::{
    AtRisk, ClockDefinition, ClockEvent, ClockKind, ClockState, Ended, Evaluation, HoursSource,
    PriorInstance, ReopenPolicy, RetargetPolicy, What, check_events, evaluate, risk_threshold,
};
pub use error::{CalendarError, LineProblem};
pub use hours::{OpenIntervals, ServiceHours, tz_database};
pub use path::{Leg, LegCost, PathCheck, check_path, worst_case};
pub use target::{Target, duration_text};

/// Microseconds in a second: the factor between instants outside and seconds inside.
pub(crate) const MICROS: i64 = 1_000_000;

/// Rounds an instant in microseconds down to its whole second.
pub(crate) fn seconds(instant: i64) -> i64 {
    instant.div_euclid(MICROS)
}

/// Gives a second back as an instant in microseconds; far beyond any calendar it saturates.
pub(crate) fn instant(seconds: i64) -> i64 {
    seconds.saturating_mul(MICROS)
}
