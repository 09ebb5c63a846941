//! The shapes of figures: what each number means, with its unit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::spread::{Spread, percent};
use super::what_if::Agreement;

/// How much there is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Volume {
    /// Events: writes of records.
    pub events: u64,
    /// Records.
    pub records: u64,
    /// Events of one record.
    pub events_per_record: Option<Spread>,
    /// First and last report, last closure; RFC 3339.
    pub reported_from: Option<String>,
    /// Last report.
    pub reported_until: Option<String>,
    /// Last closure.
    pub closed_until: Option<String>,
    /// First and last event.
    pub first_event: Option<String>,
    /// Last event.
    pub last_event: Option<String>,
    /// Records by month of their report, `YYYY-MM`.
    pub reported_per_month: BTreeMap<String, u64>,
}

/// A part of a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Share {
    /// The part.
    pub met: u64,
    /// The whole.
    pub total: u64,
    /// The part in per cent of the whole.
    pub percent: f64,
}

impl Share {
    /// Counts one.
    pub(super) fn count(&mut self, met: bool) {
        self.met += u64::from(met);
        self.total += 1;
        self.percent = percent(self.met, self.total);
    }
}

/// Whether records made their target.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TargetMet {
    /// As the source recorded it, after the last event.
    pub recorded: BTreeMap<String, Share>,
    /// The same flag over all events: wrong as a figure, since it is only known at the end. Shown beside the other so
    /// that nobody takes one for the other.
    pub recorded_over_events_percent: f64,
    /// By each clock of the desk that had a target and has stopped; by priority.
    pub clocks: BTreeMap<String, BTreeMap<String, Share>>,
    /// Agreement of each clock with the recorded flag, by priority.
    pub agreement: BTreeMap<String, BTreeMap<String, Agreement>>,
}

/// Records that were given from team to team.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reassigned {
    /// Share of records.
    pub share: Share,
    /// Reassignments of one record.
    pub spread: Option<Spread>,
    /// Records by number of reassignments; `6+` for more than five.
    pub histogram: BTreeMap<String, u64>,
}

/// A relation of the records.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Relation {
    /// Share of records that have it after the last event.
    pub share: Share,
    /// Different records on the other side.
    pub distinct: u64,
    /// Records that had it at any time.
    pub ever: u64,
}

/// Records solved with an article.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Knowledge {
    /// Share of records.
    pub share: Share,
    /// Median hours to resolve with an article.
    pub median_hours_with: Option<f64>,
    /// Median hours to resolve without one.
    pub median_hours_without: Option<f64>,
}

/// A frequent value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Top {
    /// The value, or the name of the linked record; none where it is missing.
    pub value: Option<String>,
    /// Records.
    pub records: u64,
    /// Share of all records, per cent.
    pub percent: f64,
    /// Share of them whose recorded target was met, per cent.
    pub target_met_percent: f64,
    /// Median hours to resolve.
    pub median_hours: Option<f64>,
}

/// Closures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Closures {
    /// Days with most closures.
    pub busiest_days: Vec<(String, u64)>,
    /// Who made the last event of closed records, most first.
    pub by: Vec<(String, u64)>,
}

/// Records whose priority changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PriorityChanges {
    /// Had more than one.
    pub changed: u64,
    /// Ended higher than it began.
    pub raised: u64,
    /// Ended lower.
    pub lowered: u64,
}

/// A combination of impact, urgency and priority.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cell {
    /// Impact.
    pub impact: Option<String>,
    /// Urgency.
    pub urgency: Option<String>,
    /// Priority.
    pub priority: Option<String>,
    /// Events with it.
    pub events: u64,
}
