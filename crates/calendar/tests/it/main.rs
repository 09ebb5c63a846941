//! The calendar from outside: the published vectors, an independent simulator, texts and rules.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod clocks;
mod hours;
mod path;
mod simulator;
mod vectors;

use jiff::Timestamp;
use proofdesk_calendar::{
    ClockDefinition, ClockEvent, ClockKind, ReopenPolicy, RetargetPolicy, Target, What,
};

/// Microseconds UTC of an ISO 8601 text.
fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap_or_else(|error| panic!("{text}: {error}")).as_microsecond()
}

/// The ISO 8601 text of an instant, for messages that a person can read.
fn iso(instant: i64) -> String {
    Timestamp::from_microsecond(instant).unwrap().to_string()
}

fn event(instant: &str, what: What) -> ClockEvent {
    ClockEvent { at: at(instant), what }
}

fn start(instant: &str) -> ClockEvent {
    event(instant, What::Start { attached: None })
}

fn pause(instant: &str, reason: &str) -> ClockEvent {
    event(instant, What::Pause { reason: reason.into() })
}

fn definition(target: &str, hours: &str) -> ClockDefinition {
    ClockDefinition {
        name: "resolution".into(),
        kind: ClockKind::Service,
        version: String::new(),
        target: target.parse::<Target>().unwrap(),
        hours: hours.into(),
        reopen: ReopenPolicy::Resume,
        retarget: RetargetPolicy::KeepElapsed,
        at_risk_percents: vec![75],
        pause_reasons: None,
    }
}
