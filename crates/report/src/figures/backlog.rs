//! Work that lay open at the end of each day.
//!
//! A record counts as not resolved until its effective resolution, or its closure where there is none.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use super::life::Life;

/// Longest series, about a hundred years: a wrong date must not fill the memory.
const MOST_DAYS: usize = 40_000;

/// Work that lay open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Backlog {
    /// Day by day, from the first report to the last closure.
    pub days: Vec<Day>,
    /// The first day on which most records were not closed.
    pub max_not_closed: Option<Day>,
    /// The first day on which most records were not resolved.
    pub max_not_resolved: Option<Day>,
}

/// The end of one day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Day {
    /// The day, `YYYY-MM-DD`.
    pub date: String,
    /// Reported until its end.
    pub opened: u64,
    /// Resolved until its end.
    pub resolved: u64,
    /// Closed until its end.
    pub closed: u64,
    /// Reported and not closed.
    pub not_closed: i64,
    /// Reported and not resolved.
    pub not_resolved: i64,
}

/// Reports, resolutions and closures by day, so far.
#[derive(Debug, Default)]
pub(super) struct Days([BTreeMap<Date, u64>; 3]);

impl Days {
    /// Takes a record.
    pub fn take(&mut self, life: &Life, zone: &TimeZone) {
        let closed = life.instant("closed_at");
        let instants = [life.instant("reported_at"), life.effective.or(closed), closed];
        for (days, at) in self.0.iter_mut().zip(instants) {
            let stamp = at.and_then(|at| Timestamp::from_microsecond(at).ok());
            if let Some(stamp) = stamp {
                *days.entry(stamp.to_zoned(zone.clone()).date()).or_default() += 1;
            }
        }
    }

    /// What lay open day by day.
    pub fn finish(&self) -> Backlog {
        let Self([opened, resolved, closed]) = self;
        let mut backlog = Backlog::default();
        let ends = self.0.iter().filter_map(|days| days.keys().next_back()).max();
        let (Some(first), Some(last)) = (opened.keys().next(), ends) else { return backlog };
        // what happened before the first report counts on its day
        let before = |days: &BTreeMap<Date, u64>| days.range(..first).map(|(_, n)| n).sum::<u64>();
        let [mut o, mut r, mut c] = [opened, resolved, closed].map(before);
        let on = |days: &BTreeMap<Date, u64>, date: Date| days.get(&date).copied().unwrap_or_default();
        for date in first.series(1.day()).take_while(|d| d <= last).take(MOST_DAYS) {
            (o, r, c) = (o + on(opened, date), r + on(resolved, date), c + on(closed, date));
            let open =
                |done: u64| i64::try_from(o).unwrap_or_default() - i64::try_from(done).unwrap_or_default();
            let day = Day {
                date: date.to_string(),
                opened: o,
                resolved: r,
                closed: c,
                not_closed: open(c),
                not_resolved: open(r),
            };
            if backlog.max_not_closed.as_ref().is_none_or(|m| day.not_closed > m.not_closed) {
                backlog.max_not_closed = Some(day.clone());
            }
            if backlog.max_not_resolved.as_ref().is_none_or(|m| day.not_resolved > m.not_resolved) {
                backlog.max_not_resolved = Some(day.clone());
            }
            backlog.days.push(day);
        }
        backlog
    }
}
