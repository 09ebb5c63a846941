//! Work that lay open at the end of each day.
//!
//! A record counts as not resolved until its effective resolution, or its closure where there is none.

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

pub(super) fn of(lives: &[Life], zone: &TimeZone) -> Backlog {
    let day = |at: i64| Timestamp::from_microsecond(at).ok().map(|t| t.to_zoned(zone.clone()).date());
    let gather = |pick: &dyn Fn(&Life) -> Option<i64>| {
        let mut days: Vec<Date> = lives.iter().filter_map(|life| pick(life).and_then(day)).collect();
        days.sort_unstable();
        days
    };
    let opened = gather(&|l| l.instant("reported_at"));
    let closed = gather(&|l| l.instant("closed_at"));
    let resolved = gather(&|l| l.effective.or_else(|| l.instant("closed_at")));
    let mut backlog = Backlog::default();
    let ends = [opened.last(), closed.last(), resolved.last()].into_iter().flatten().max();
    let (Some(first), Some(last)) = (opened.first(), ends) else { return backlog };
    let until = |days: &[Date], date: Date| days.partition_point(|d| *d <= date) as u64;
    for date in first.series(1.day()).take_while(|d| d <= last).take(MOST_DAYS) {
        let (o, r, c) = (until(&opened, date), until(&resolved, date), until(&closed, date));
        let open = |done: u64| i64::try_from(o).unwrap_or_default() - i64::try_from(done).unwrap_or_default();
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
