//! Promises tried on records that are over: what share would have been met, and does it agree with what was recorded.
//!
//! Open time from one instant of the record to another, without pauses. Not here: the clocks of the desk, which run by
//! agreements with pauses and reopenings (`rules`); their outcome is in [`super::TargetMet`].

use std::collections::BTreeMap;

use proofdesk_calendar::ServiceHours;
use serde::{Deserialize, Serialize};

use super::life::Life;
use super::shapes::Share;
use crate::Error;

/// A promise.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhatIf {
    /// Its name.
    pub name: String,
    /// Service hours, one line for each day or range, first the zone; empty counts around the clock.
    #[serde(default)]
    pub hours: String,
    /// The instant at which it starts: a field.
    #[serde(default = "reported")]
    pub from: String,
    /// The instant at which it stops: a field, or `effective_resolution`.
    #[serde(default = "effective")]
    pub to: String,
    /// Minutes of open time by priority; other priorities have no promise.
    pub minutes: BTreeMap<String, i64>,
}

fn reported() -> String {
    "reported_at".to_owned()
}

fn effective() -> String {
    "effective_resolution".to_owned()
}

/// What became of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WhatIfResult {
    /// Its name.
    pub name: String,
    /// Records that would have met it, of those that can be measured; `all` and by priority.
    pub met: BTreeMap<String, Share>,
    /// Agreement with the recorded flag, by priority.
    pub agreement: BTreeMap<String, Agreement>,
}

/// Agreement of a promise with the flag that the source recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Agreement {
    /// Both say met.
    pub both_met: u64,
    /// The promise says met, the flag missed.
    pub only_promise_met: u64,
    /// The promise says missed, the flag met.
    pub only_flag_met: u64,
    /// Both say missed.
    pub both_missed: u64,
    /// Share on which they agree, per cent.
    pub percent: f64,
}

impl Agreement {
    /// Counts one record.
    pub(super) fn count(&mut self, promise: bool, flag: bool) {
        match (promise, flag) {
            (true, true) => self.both_met += 1,
            (true, false) => self.only_promise_met += 1,
            (false, true) => self.only_flag_met += 1,
            (false, false) => self.both_missed += 1,
        }
        let agree = self.both_met + self.both_missed;
        self.percent = super::spread::percent(agree, agree + self.only_promise_met + self.only_flag_met);
    }
}

/// A promise with its service hours, tried on one record after another.
#[derive(Debug)]
pub(super) struct Trial<'a> {
    promise: &'a WhatIf,
    hours: ServiceHours,
    result: WhatIfResult,
}

impl<'a> Trial<'a> {
    /// A promise that nothing was tried on.
    ///
    /// # Errors
    /// [`Error::Hours`].
    pub fn of(promise: &'a WhatIf) -> Result<Self, Error> {
        let hours = if promise.hours.trim().is_empty() {
            ServiceHours::always()
        } else {
            ServiceHours::parse(&promise.hours)
                .map_err(|e| Error::Hours(promise.name.clone(), e.to_string()))?
        };
        Ok(Self { promise, hours, result: WhatIfResult { name: promise.name.clone(), ..Default::default() } })
    }

    /// Takes a record.
    pub fn take(&mut self, life: &Life) {
        let Self { promise, hours, result } = self;
        let Some(priority) = life.text("priority") else { return };
        let Some(limit) = promise.minutes.get(priority) else { return };
        let end =
            if promise.to == "effective_resolution" { life.effective } else { life.instant(&promise.to) };
        let (Some(from), Some(to)) = (life.instant(&promise.from), end) else { return };
        let met = hours.measure(from, to) <= limit.saturating_mul(60);
        result.met.entry("all".to_owned()).or_default().count(met);
        result.met.entry(priority.to_owned()).or_default().count(met);
        if let Some(flag) = life.flag("recorded_target_met") {
            result.agreement.entry(priority.to_owned()).or_default().count(met, flag);
        }
    }

    /// What became of it.
    pub fn finish(self) -> WhatIfResult {
        self.result
    }
}
