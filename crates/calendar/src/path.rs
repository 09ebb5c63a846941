//! The static check of an agreement: can teams and suppliers keep what the service promises?
//!
//! Not a clock: nothing has happened yet. It looks for the start that costs most, in a reference
//! span that the caller gives (a year shows every holiday and change of daylight saving).

use crate::hours::ServiceHours;
use crate::{MICROS, instant, seconds};

/// One step on the path of a record: a team's or a supplier's target on its own hours.
#[derive(Debug, Clone)]
pub struct Leg<'a> {
    /// What it is, for the message: `network team`, `carrier contract`.
    pub name: &'a str,
    /// Its target in seconds of its own open time.
    pub target_seconds: i64,
    /// Its service hours.
    pub hours: &'a ServiceHours,
}

/// What a leg can cost at worst.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegCost {
    /// The leg's name.
    pub name: String,
    /// Seconds of the service's open time that pass at worst while the leg keeps its target; none
    /// if the leg's hours never give it the time.
    pub seconds: Option<i64>,
    /// The start that costs so much, microseconds UTC.
    pub worst_start_at: i64,
}

/// The outcome of [`check_path`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathCheck {
    /// The service's target in seconds of its open time.
    pub target_seconds: i64,
    /// The legs' costs in the order given.
    pub legs: Vec<LegCost>,
    /// Their sum; none if one has no end.
    pub worst_seconds: Option<i64>,
}

impl PathCheck {
    /// Whether the target holds even if every leg uses its target up at the worst moment.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.worst_seconds.is_some_and(|worst| worst <= self.target_seconds)
    }
}

/// Adds up what the legs of a path can cost at worst on the service's hours, for starts inside the
/// reference span `[from, to)` in microseconds UTC.
#[must_use]
pub fn check_path(
    target_seconds: i64,
    service: &ServiceHours,
    legs: &[Leg<'_>],
    (from, to): (i64, i64),
) -> PathCheck {
    let legs: Vec<LegCost> = legs.iter().map(|leg| worst_case(leg, service, (from, to))).collect();
    let worst_seconds = legs.iter().map(|leg| leg.seconds).sum();
    PathCheck { target_seconds, legs, worst_seconds }
}

/// Finds the start in `[from, to)` for which a leg that uses up its target takes the most of the
/// service's open time.
///
/// The cost as a function of the start is made of straight pieces. It can only turn where the start
/// or the end of the leg meets an opening or closing of either calendar, so those starts suffice.
#[must_use]
pub fn worst_case(leg: &Leg<'_>, service: &ServiceHours, (from, to): (i64, i64)) -> LegCost {
    let mut worst = LegCost { name: leg.name.to_owned(), seconds: Some(0), worst_start_at: from };
    let edges = edges(leg.hours, from, to).chain(edges(service, from, to));
    // Past the start that ends by a closing, the leg ends after the next opening: one second later.
    let starts = edges.flat_map(|edge| [Some(edge), latest_start(leg, edge, from)]).flatten();
    let starts = starts.flat_map(|start| [start, start + MICROS]).chain([from]);
    for start in starts.filter(|start| (from..to.max(from + 1)).contains(start)) {
        let Some(end) = leg.hours.add(start, leg.target_seconds) else {
            return LegCost { seconds: None, worst_start_at: start, ..worst };
        };
        let cost = service.measure(start, end);
        if worst.seconds.is_some_and(|most| cost > most) {
            worst.seconds = Some(cost);
            worst.worst_start_at = start;
        }
    }
    worst
}

fn edges<'a>(hours: &'a ServiceHours, from: i64, to: i64) -> impl Iterator<Item = i64> + 'a {
    hours.open_intervals(from, to).flat_map(|(open, close)| [open, close])
}

/// The latest start, not before `from`, whose leg ends by `edge`; none if there is none.
fn latest_start(leg: &Leg<'_>, edge: i64, from: i64) -> Option<i64> {
    let (mut low, mut high) = (seconds(from), seconds(edge));
    let enough = |start: i64| leg.hours.open_between(start, seconds(edge)) >= leg.target_seconds;
    if high < low || !enough(low) {
        return None;
    }
    while low < high {
        let middle = low + (high - low + 1) / 2;
        if enough(middle) { low = middle } else { high = middle - 1 }
    }
    Some(instant(low))
}
