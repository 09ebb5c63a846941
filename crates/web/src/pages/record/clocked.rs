//! What the clocks of a record did in one entry of its history, as a person would say it. The columns that changed
//! stand behind a word; the whole entry is on the tab with the proofs.

use maud::{Markup, html};
use proofdesk_engine::HistoryChange;
use proofdesk_model::clock_view::short_span;
use proofdesk_model::{ClockSpec, Computed, RecordType, Value, format};

use crate::pages::record::timeline::changes;
use crate::parts::time;
use crate::parts::value::Eyes;

/// The changes of an entry: those that somebody made, and those of clocks, clock by clock.
pub struct Parted<'a> {
    /// Made by who wrote the entry.
    pub own: Vec<HistoryChange>,
    /// By clocks, in the order in which the type declares them.
    pub clocks: Vec<(&'a ClockSpec, Vec<HistoryChange>)>,
}

/// Parts the changes of an entry.
pub fn part<'a>(of: &'a RecordType, changes: &[HistoryChange]) -> Parted<'a> {
    let clock_of = |change: &HistoryChange| match of.field(&change.field).and_then(|f| f.computed.as_ref()) {
        Some(Computed::Clock(name)) => Some(name.as_str()),
        _ => None,
    };
    let of_clock = |name: &str| changes.iter().filter(|c| clock_of(c) == Some(name)).cloned().collect();
    let clocks = of.clocks.iter().map(|spec| (spec, of_clock(&spec.name)));
    Parted {
        own: changes.iter().filter(|c| clock_of(c).is_none()).cloned().collect(),
        clocks: clocks.filter(|(_, changes): &(_, Vec<_>)| !changes.is_empty()).collect(),
    }
}

/// The columns of one clock that an entry changed.
struct Moved<'a> {
    of: &'a RecordType,
    clock: &'a str,
    changes: &'a [HistoryChange],
}

impl Moved<'_> {
    /// Value before and after; none where the column did not change.
    fn column(&self, suffix: &str) -> Option<(Value, Value)> {
        let name = format!("{}_{suffix}", self.clock);
        let change = self.changes.iter().find(|c| c.field == name)?;
        let column = self.of.columns().iter().find(|c| c.name == name)?;
        let read = |json| format::from_json(column.shape, json).unwrap_or(Value::Null);
        Some((read(&change.old), read(&change.new)))
    }

    fn length(&self, suffix: &str) -> Option<String> {
        match self.column(suffix)?.1 {
            Value::Duration(micros) => Some(short_span(micros)),
            _ => None,
        }
    }

    /// An instant that was set or taken away; none where it stayed or only moved.
    fn appeared(&self, suffix: &str) -> Option<bool> {
        match self.column(suffix)? {
            (Value::Null, Value::Instant(_)) => Some(true),
            (Value::Instant(_), Value::Null) => Some(false),
            _ => None,
        }
    }
}

/// What a clock did, in one sentence without its full stop.
pub fn says(of: &RecordType, spec: &ClockSpec, changes: &[HistoryChange], eyes: &Eyes<'_>) -> String {
    let moved = Moved { of, clock: &spec.name, changes };
    let label = &spec.label;
    let after = moved.length("elapsed").map(|used| format!(", after {used}")).unwrap_or_default();
    let state = moved.column("state").map(|(old, new)| (word(&old), word(&new)));
    let stopped = state.as_ref().is_some_and(|(_, new)| new == "stopped");
    let breached = moved.appeared("breached_at");
    match (breached, moved.appeared("at_risk_at"), state) {
        (Some(true), _, _) if stopped => format!("{label} target missed{after}"),
        (Some(true), ..) => format!("{label} target breached{after}"),
        (Some(false), ..) => format!("{label} target no longer breached"),
        (_, _, Some((old, new))) => moved_to(label, &old, &new, &after, &moved),
        (_, Some(true), None) => format!("{label} target at risk{after}"),
        (_, Some(false), None) => format!("{label} target no longer at risk"),
        (_, _, None) => match (moved.length("target"), moved.column("due_at")) {
            (Some(target), _) => format!("{label} target now {target}"),
            (None, Some((_, Value::Instant(due)))) => {
                format!("{label} now due {}", time::absolute(due, eyes.now, eyes.zone))
            }
            _ => format!("{label} clock brought up to date"),
        },
    }
}

fn moved_to(label: &str, old: &str, new: &str, after: &str, moved: &Moved<'_>) -> String {
    let target = moved.length("target").map(|target| format!(", target {target}")).unwrap_or_default();
    match (old, new) {
        ("paused", "running") => format!("{label} clock runs on"),
        ("stopped" | "cancelled", "running") => format!("{label} clock taken up again"),
        (_, "running") => format!("{label} clock started{target}"),
        (_, "paused") => format!("{label} clock held{after}"),
        (_, "stopped") => format!("{label} clock stopped{after}"),
        (_, "cancelled") => format!("{label} clock withdrawn"),
        _ => format!("{label} clock has no target any more"),
    }
}

fn word(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        _ => String::new(),
    }
}

/// The columns that the clocks changed, behind a word.
pub fn details(of: &RecordType, parted: &Parted<'_>, eyes: &Eyes<'_>) -> Markup {
    let all: Vec<HistoryChange> = parted.clocks.iter().flat_map(|(_, changes)| changes.clone()).collect();
    html! {
        details.figures {
            summary.faint { "Figures" }
            span.muted { "Changed" (changes(of, &all, eyes)) }
        }
    }
}
