//! Target clocks: what happened to them, what they promise, and where they stand at an instant.
//!
//! A clock is a list of events and a definition; everything else is computed from them by
//! [`evaluate`] and may be thrown away. Nothing is ever repaired by deleting: a mistake is
//! corrected by appending a `correct` event, and the uncorrected result stays visible.
//!
//! Response and resolution clocks, clocks of a team (operational level) and of a supplier
//! (underpinning contract) are one and the same thing with other pauses and other hours.
//!
//! Source: ISO/IEC 20000-1:2018, 8.3.3, 8.3.4, 8.6.1, 8.6.2.

mod evaluate;
mod fold;
mod result;

pub use evaluate::{check_events, evaluate};
pub use result::risk_threshold;

use crate::hours::ServiceHours;
use crate::target::Target;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Whose promise a clock holds. It changes nothing in the arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// The service level promised to the customer.
    #[default]
    Service,
    /// The operational level of a team: runs while the team holds the record.
    Team,
    /// The underpinning contract of a supplier: runs while the supplier holds the record.
    Supplier,
}

/// What a reopening does to a stopped clock; stated in the agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReopenPolicy {
    /// It runs on; the gap is not counted.
    #[default]
    Resume,
    /// As if it had never stopped: the gap counts, unless the clock was paused when it stopped.
    CountGap,
    /// The stopped instance is kept, a new one starts at the reopening.
    Restart,
}

/// What a new target does; the old instance is kept as cancelled either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetargetPolicy {
    /// The new instance has the same start and events, measured anew.
    #[default]
    KeepElapsed,
    /// The new instance starts at the change.
    Restart,
}

/// What a clock promises, taken from the agreement when it started and kept with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClockDefinition {
    /// Name of the clock in the record's declaration, for example `resolution`.
    pub name: String,
    /// Whose promise it is.
    #[serde(default)]
    pub kind: ClockKind,
    /// Version of the agreement's target, as the agreement names it; only carried along.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The target.
    pub target: Target,
    /// Key of the service hours *in their version*, for example `HRS-3@2`; see [`HoursSource`].
    pub hours: String,
    /// What a reopening does.
    #[serde(default)]
    pub reopen: ReopenPolicy,
    /// What a new target does.
    #[serde(default)]
    pub retarget: RetargetPolicy,
    /// Percentages of the target at which the clock is at risk, for example 75 and 90.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at_risk_percents: Vec<u32>,
    /// The reasons that pause this clock by agreement; none: any reason does. A pause for a reason
    /// outside the list changes nothing (a supplier's hold pauses the team's clock, not the
    /// customer's).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause_reasons: Option<Vec<String>>,
}

/// Something that happened to a clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockEvent {
    /// When, in microseconds UTC. An event later than the instant of evaluation is not yet seen.
    pub at: i64,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// The kinds of clock events. Events of the same instant apply in the order of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum What {
    /// The clock starts. A second start changes nothing.
    Start {
        /// When the clock was attached, if later than its start (a retroactive start, microseconds
        /// UTC): a breach that lies before it is recorded then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attached: Option<i64>,
    },
    /// The clock is held. Before the start: the clock will start paused. Inside a pause or after a
    /// stop it changes nothing.
    Pause {
        /// Why: the agreement names the reasons that pause.
        #[serde(default)]
        reason: String,
    },
    /// The hold is over. Without a pause it changes nothing.
    Resume,
    /// The work that the clock watched is done. A second stop changes nothing.
    Stop,
    /// The work is taken up again, by the definition's policy. It changes nothing unless stopped.
    Reopen,
    /// A new target, and new service hours if given: by the definition's policy.
    Retarget {
        /// The new target.
        target: Target,
        /// Key of the new service hours; none: as before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hours: Option<String>,
    },
    /// The same instance goes over to another version of its service hours, deliberately.
    Migrate {
        /// Key of the hours' version.
        hours: String,
        /// Why.
        reason: String,
    },
    /// The clock is withdrawn for good; what it showed until then is kept.
    Cancel,
    /// An agreed exclusion: the interval does not count, whatever the clock did in it.
    Suppress {
        /// First instant of the interval, microseconds UTC.
        from: i64,
        /// Instant after the interval, microseconds UTC.
        to: i64,
        /// Why (planned maintenance, force majeure, workload over the limit).
        reason: String,
        /// Reference of the record that says so.
        record: String,
        /// Who approved it.
        approval: String,
    },
    /// Earlier events were wrong: some are left out and others put in their place. The events stay
    /// in the list, and the result without this correction is part of the evaluation.
    Correct {
        /// Who corrects.
        by: String,
        /// Why.
        reason: String,
        /// Reference of the evidence.
        evidence: String,
        /// Places in the list (counted from 0) of events that no longer count; a place may be that
        /// of an earlier correction, which is thereby withdrawn.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        leave_out: Vec<usize>,
        /// Events that count instead; corrections among them do not.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        put_in: Vec<ClockEvent>,
    },
}

/// Where a clock is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockState {
    /// It has no start yet.
    NotStarted,
    /// It runs (perhaps in closed time).
    Running,
    /// It is held.
    Paused,
    /// It is done.
    Stopped,
    /// It was withdrawn.
    Cancelled,
}

/// Why an instance ended and another took its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// A new target.
    Retargeted,
    /// A reopening under the policy `restart`.
    Reopened,
}

/// An instance that ended: its facts at its end, which nothing changes later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriorInstance {
    /// Its start, microseconds UTC.
    pub start_at: i64,
    /// When it was cancelled, microseconds UTC.
    pub ended_at: i64,
    /// Why.
    pub ended: Ended,
    /// Its target in seconds of open time.
    pub target_seconds: i64,
    /// Open seconds that it had run.
    pub elapsed_seconds: i64,
    /// Whether it had breached. Whether that counts in a report is a field of the agreement.
    pub breached: bool,
    /// Its breach instant, microseconds UTC.
    pub breach_at: Option<i64>,
    /// When its breach was recorded, microseconds UTC.
    pub breach_recorded_at: Option<i64>,
}

/// One threshold of risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtRisk {
    /// The threshold, as in the definition.
    pub percent: u32,
    /// First instant at which so much of the target is used, microseconds UTC: a fact if `reached`,
    /// else a projection; none if the clock ended before.
    pub at: Option<i64>,
    /// Whether that has happened.
    pub reached: bool,
}

/// Where a clock stands at an instant. Instants are microseconds UTC, lengths whole seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Where the clock is.
    pub state: ClockState,
    /// Which instance this is, counted from 0: equal to the number of prior ones. Happenings are
    /// recorded once per instance.
    pub instance: usize,
    /// Start of this instance; none before the start.
    pub start_at: Option<i64>,
    /// The target in open time.
    pub target_seconds: i64,
    /// Open and running time used.
    pub elapsed_seconds: i64,
    /// What is left; negative when breached.
    pub remaining_seconds: i64,
    /// Elapsed > target.
    pub breached: bool,
    /// First instant at which elapsed reaches the target (left limit); none if the clock ended
    /// before, has not started, or its hours never open again.
    pub due_at: Option<i64>,
    /// Paused before the target: `due_at` holds only if the clock were resumed now.
    pub due_is_projection: bool,
    /// First instant with elapsed > target (right limit), once that has happened.
    pub breach_at: Option<i64>,
    /// When that breach is recorded: never earlier than attachment, last retarget or the correction
    /// that revealed it.
    pub breach_recorded_at: Option<i64>,
    /// When the breach will fire if no event comes; running clocks only.
    pub breach_fires_at: Option<i64>,
    /// The thresholds in the definition's order.
    pub at_risk: Vec<AtRisk>,
    /// The next instant at which an evaluation shows something new if no event comes: a threshold
    /// reached, or the first whole second with the breach in it. Always later than now; none unless
    /// running.
    pub next_fire_at: Option<i64>,
    /// The instances before this one, oldest first.
    pub prior: Vec<PriorInstance>,
    /// The result without any correction, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncorrected: Option<Box<Evaluation>>,
    /// Version of the time zone database that it was computed with.
    pub tz_database: String,
}

/// Gives service hours by the key that definitions and events carry.
///
/// A key names one version of the hours, so that a running clock keeps what it started with.
pub trait HoursSource {
    /// The hours of this key; none if they are not known.
    fn hours(&self, key: &str) -> Option<&ServiceHours>;
}

impl HoursSource for HashMap<String, ServiceHours> {
    fn hours(&self, key: &str) -> Option<&ServiceHours> {
        self.get(key)
    }
}

impl HoursSource for BTreeMap<String, ServiceHours> {
    fn hours(&self, key: &str) -> Option<&ServiceHours> {
        self.get(key)
    }
}

impl<S: HoursSource + ?Sized> HoursSource for Arc<S> {
    fn hours(&self, key: &str) -> Option<&ServiceHours> {
        (**self).hours(key)
    }
}
