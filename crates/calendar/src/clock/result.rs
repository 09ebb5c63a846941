//! From running intervals to figures: elapsed, due, breach. All in whole seconds.
//!
//! Never compares percentages; a threshold becomes seconds first.

use super::ClockState;
use super::fold::Folded;
use crate::error::CalendarError;
use crate::hours::{NEVER, ServiceHours};
use crate::instant;

/// A half-open interval of seconds.
pub(super) type Window = (i64, i64);

/// The running intervals of an instance, in order; the last may still be open.
#[derive(Debug, Clone, Default)]
pub(super) struct Runs {
    done: Vec<Window>,
    since: Option<i64>,
}

impl Runs {
    /// Begins an interval. It may begin where the last ended, or inside it: then it goes on.
    pub(super) fn open(&mut self, at: i64) {
        if self.since.is_none() {
            self.since = Some(at);
        }
    }

    /// Ends the open interval, if there is one.
    pub(super) fn close(&mut self, at: i64) {
        if let Some(from) = self.since.take()
            && from < at
        {
            self.done.push((from, at));
        }
    }
}

/// What an instance amounts to at an instant.
pub(super) struct Figures<'a> {
    hours: &'a ServiceHours,
    /// Running time without exclusions; while running or paused it goes on for ever.
    runs: Vec<Window>,
    pub(super) target: i64,
    pub(super) elapsed: i64,
}

impl Figures<'_> {
    pub(super) fn breached(&self) -> bool {
        self.elapsed > self.target
    }

    pub(super) fn breach_at(&self) -> Option<i64> {
        if self.breached() { self.exceeds_at(self.target) } else { None }
    }

    /// First second at which so much is used (left limit), whether past or to come.
    pub(super) fn reaches_at(&self, count: i64) -> Option<i64> {
        let mut left = count.max(0);
        for &(from, to) in &self.runs {
            let open = if to == NEVER { i64::MAX } else { self.hours.open_between(from, to) };
            if left <= open {
                return self.hours.reach(from, left);
            }
            left -= open;
        }
        None
    }

    /// First second after which more than so much is used (right limit), past or to come.
    pub(super) fn exceeds_at(&self, count: i64) -> Option<i64> {
        let mut left = count.max(0);
        for &(from, to) in &self.runs {
            let open = if to == NEVER { i64::MAX } else { self.hours.open_between(from, to) };
            if left < open {
                return self.hours.exceed(from, left);
            }
            left -= open;
        }
        None
    }
}

/// Works out the figures of the current instance at the second `now`.
pub(super) fn figures<'a>(clock: &Folded<'a>, now: i64) -> Result<Figures<'a>, CalendarError> {
    let target = clock.target.open_seconds(clock.hours, instant(clock.start.unwrap_or(now)))?;
    let mut runs = clock.runs.done.clone();
    match (clock.state, clock.runs.since) {
        (ClockState::Running, Some(since)) => runs.push((since, NEVER)),
        (ClockState::Paused, _) => runs.push((now, NEVER)),
        _ => {}
    }
    if !clock.excluded.is_empty() {
        runs = without(runs, &clock.excluded);
    }
    let used = |&(from, to): &Window| clock.hours.open_between(from, to.min(now));
    let elapsed = runs.iter().map(used).sum();
    Ok(Figures { hours: clock.hours, runs, target, elapsed })
}

/// Cuts exclusions out of intervals; both in any order, the result in order.
fn without(mut runs: Vec<Window>, excluded: &[Window]) -> Vec<Window> {
    for &(from, to) in excluded {
        runs = runs
            .into_iter()
            .flat_map(|run| [(run.0, run.1.min(from)), (run.0.max(to), run.1)])
            .filter(|run| run.0 < run.1)
            .collect();
    }
    runs
}

/// Says how many seconds of open time make a threshold of risk: the percentage of the target,
/// rounded down to a whole minute.
#[must_use]
pub fn risk_threshold(target_seconds: i64, percent: u32) -> i64 {
    (target_seconds / 60).saturating_mul(i64::from(percent)) / 100 * 60
}
