//! How the services that somebody uses stand: working, disturbed, away, and how much of the last 90 days.
//!
//! Computed from outages and major incidents, also such as the person who asks may not read: what comes out are times
//! and shares of a service that he uses, no word and no reference of a record.
//! Source: ISO/IEC 20000-1:2018, 8.7.1 and 8.3.2.

use std::collections::{HashMap, HashSet};

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use maud::{Markup, html};
use proofdesk_engine::{Caller, Record};

use crate::error::WebError;

use super::Client;
use super::names::{INCIDENT, NOTICE, OUTAGE, SERVICE};

/// Days looked back.
pub const DAYS: usize = 90;
const DAY: i64 = 86_400_000_000;

/// How a service stands at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As it should.
    Working,
    /// Somebody is working on it, as was said before.
    Maintenance,
    /// In part, or for some.
    Disturbed,
    /// Not at all.
    Away,
}

impl State {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Working => ("ok", "services-working"),
            Self::Maintenance => ("info", "services-maintenance"),
            Self::Disturbed => ("risk", "services-disturbed"),
            Self::Away => ("bad", "services-away"),
        }
    }
}

/// A service and how it stands.
pub struct Standing {
    /// The service.
    pub service: Record,
    /// At present.
    pub state: State,
    /// Share of the present month in which it was there, per cent.
    pub month: f64,
    /// Share of the 90 days, per cent.
    pub whole: f64,
    /// The 90 days, the oldest first: 0 nothing, 1 in part, 2 not at all.
    pub days: Vec<u8>,
}

/// A time in which a service was away, wholly or in part; microseconds.
#[derive(Debug, Clone, Copy)]
struct Away {
    from: i64,
    to: i64,
    whole: bool,
}

impl Standing {
    /// The state as a tag.
    pub fn tag(&self, client: &Client) -> Markup {
        let (tone, key) = self.state.words();
        html! { span class={ "tag " (tone) } { (client.say(key)) } }
    }

    /// Days with an interruption.
    pub fn bad_days(&self) -> usize {
        self.days.iter().filter(|tone| **tone > 0).count()
    }
}

/// The live services of the catalogue that somebody uses, by name, and how they stand.
///
/// # Errors
/// A fault of the database.
pub async fn standings(client: &Client) -> Result<Vec<Standing>, WebError> {
    let live = "state == 'live' && published == true";
    let services = client.all(&client.visit.caller, SERVICE, live, "name", false).await?;
    if services.is_empty() {
        return Ok(Vec::new());
    }
    let now = client.visit.now;
    let names: Vec<String> = services.iter().map(|s| format!("'{}'", s.reference())).collect();
    let of = format!("service in [{}]", names.join(", "));
    let mut outages = outages(client, &of).await?;
    add(&mut outages, major(client, &of).await?);
    let (disturbances, maintained) = told(client).await?;
    add(&mut outages, disturbances);
    let month = month_begin(client, now);
    let ends = day_ends(client.visit.zone(), now);
    let standing = |service: Record| {
        let none = Vec::new();
        let away = outages.get(&service.number).unwrap_or(&none);
        let running = |whole: bool| away.iter().any(|a| a.from <= now && a.to > now && a.whole == whole);
        let state = if running(true) {
            State::Away
        } else if running(false) {
            State::Disturbed
        } else if maintained.contains(&service.number) {
            State::Maintenance
        } else {
            State::Working
        };
        Standing {
            state,
            month: share(away, month, now),
            whole: share(away, now - DAYS as i64 * DAY, now),
            days: days(away, &ends, now),
            service,
        }
    };
    Ok(services.into_iter().map(standing).collect())
}

fn as_program() -> Caller {
    Caller::system("Portal")
}

/// Unplanned outages of the last 90 days, by service.
async fn outages(client: &Client, of: &str) -> Result<Struck, WebError> {
    let recent = format!("(ended_at == null || ended_at > now - days({DAYS}))");
    let filter = format!("{of} && kind == 'unplanned' && state != 'mistaken' && {recent}");
    let mut found = Struck::new();
    for record in client.all(&as_program(), OUTAGE, &filter, "started_at", true).await? {
        let (Some(service), Some(from)) = (record.int("service"), record.instant("started_at")) else {
            continue;
        };
        let whole = record.text("extent") != Some("part");
        let to = record.instant("ended_at").unwrap_or(i64::MAX);
        found.entry(service).or_default().push(Away { from, to, whole });
    }
    Ok(found)
}

/// What struck services, by their number.
type Struck = HashMap<i64, Vec<Away>>;

fn add(all: &mut Struck, more: Struck) {
    for (service, found) in more {
        all.entry(service).or_default().extend(found);
    }
}

/// Major incidents of the last 90 days: a service is disturbed from the report until it is solved.
async fn major(client: &Client, of: &str) -> Result<Struck, WebError> {
    let recent = format!("(resolved_at == null || resolved_at > now - days({DAYS}))");
    let filter = format!("{of} && major == true && state != 'cancelled' && {recent}");
    let mut found = Struck::new();
    for record in client.all(&as_program(), INCIDENT, &filter, "reported_at", true).await? {
        let (Some(service), Some(from)) = (record.int("service"), record.instant("reported_at")) else {
            continue;
        };
        let open = record.of.state_kind(&record.state).is_open();
        // closed without having been solved: it ended when it was closed
        let to = record.instant("resolved_at").or(record.instant("closed_at"));
        let to = if open { i64::MAX } else { to.unwrap_or(record.updated_at) };
        found.entry(service).or_default().push(Away { from, to, whole: false });
    }
    Ok(found)
}

/// What notices say: disturbances of the last 90 days, and services that are maintained at present.
async fn told(client: &Client) -> Result<(Struck, HashSet<i64>), WebError> {
    let recent = format!("begins_at <= now && (ends_at == null || ends_at > now - days({DAYS}))");
    let filter = format!("kind == 'disturbance' && state in ['published', 'ended'] && {recent}");
    let mut disturbed = Struck::new();
    for notice in client.all(&client.visit.caller, NOTICE, &filter, "begins_at", true).await? {
        let Some(from) = notice.instant("begins_at") else { continue };
        let to = notice.instant("ends_at").unwrap_or(i64::MAX);
        for service in concerned(client, &notice).await? {
            disturbed.entry(service.number).or_default().push(Away { from, to, whole: false });
        }
    }
    let mut maintained = HashSet::new();
    let filter = format!("{PRESENT} && kind == 'maintenance'");
    for notice in client.all(&client.visit.caller, NOTICE, &filter, "begins_at", true).await? {
        maintained.extend(concerned(client, &notice).await?.iter().map(|service| service.number));
    }
    Ok((disturbed, maintained))
}

/// Notices that hold now.
pub const PRESENT: &str = "state == 'published' && begins_at <= now && (ends_at == null || ends_at > now)";

/// Whether a notice is over: nobody is affected by it any more.
pub fn is_over(notice: &Record, now: i64) -> bool {
    notice.state == "ended" || notice.instant("ends_at").is_some_and(|ends| ends <= now)
}

/// Whether what a notice tells has not begun: nobody is affected by it yet.
pub fn is_ahead(notice: &Record, now: i64) -> bool {
    notice.instant("begins_at").is_some_and(|begins| begins > now)
}

/// The services of a notice that the person who reads may know of.
///
/// # Errors
/// A fault of the database.
pub async fn concerned(client: &Client, notice: &Record) -> Result<Vec<Record>, WebError> {
    Ok(client.visit.engine().related(&client.visit.caller, notice, "services").await?)
}

fn month_begin(client: &Client, now: i64) -> i64 {
    let begin = Timestamp::from_microsecond(now).ok().and_then(|t| {
        let first = t.to_zoned(client.visit.zone().clone()).first_of_month().ok()?.start_of_day().ok()?;
        Some(first.timestamp().as_microsecond())
    });
    begin.unwrap_or(now - 30 * DAY)
}

/// The share of a time in which a service was there at all, per cent; times that overlap count once.
fn share(away: &[Away], from: i64, to: i64) -> f64 {
    let mut cut: Vec<(i64, i64)> = away
        .iter()
        .filter(|a| a.whole)
        .map(|a| (a.from.max(from), a.to.min(to)))
        .filter(|(a, b)| a < b)
        .collect();
    cut.sort_unstable();
    let (mut lost, mut end) = (0_i64, from);
    for (a, b) in cut {
        lost += (b - a.max(end)).max(0);
        end = end.max(b);
    }
    if to <= from { 100.0 } else { 100.0 - lost as f64 * 100.0 / (to - from) as f64 }
}

/// When the last days ended in a zone, the oldest first: one instant more than days, today's end the last.
fn day_ends(zone: &TimeZone, now: i64) -> Vec<i64> {
    let midnight = |ago: usize| {
        let today = Timestamp::from_microsecond(now).ok()?.to_zoned(zone.clone()).date();
        let day = today.tomorrow().ok()?.checked_sub(i64::try_from(ago).ok()?.days()).ok()?;
        Some(day.to_zoned(zone.clone()).ok()?.timestamp().as_microsecond())
    };
    let plain = |ago: usize| now - ago as i64 * DAY;
    (0..=DAYS).rev().map(|ago| midnight(ago).unwrap_or_else(|| plain(ago))).collect()
}

/// The calendar days up to today, the oldest first; what runs has struck today, also in its first instant.
fn days(away: &[Away], ends: &[i64], now: i64) -> Vec<u8> {
    let day = |bounds: &[i64]| {
        let (from, to) = (bounds[0], bounds[1]);
        let struck = away.iter().filter(|a| a.from < to && a.from <= now && a.to > from);
        struck.map(|a| if a.whole { 2 } else { 1 }).max().unwrap_or(0)
    };
    ends.windows(2).map(day).collect()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::{Away, DAY, DAYS, day_ends, days, share};

    fn away(from: i64, to: i64, whole: bool) -> Away {
        Away { from, to, whole }
    }

    #[test]
    fn time_away_counts_once_and_only_within_the_time_asked_for() {
        let found = [away(-50, 10, true), away(5, 20, true), away(0, 100, false), away(90, i64::MAX, true)];
        assert!((share(&found, 0, 100) - 70.0).abs() < 1e-9);
        assert!((share(&[], 0, 100) - 100.0).abs() < 1e-9);
        assert!((share(&found, 100, 100) - 100.0).abs() < 1e-9);
    }

    #[test]
    fn a_day_is_as_bad_as_the_worst_of_it() {
        // noon in UTC, and past midnight in Auckland
        let now = 20_000 * DAY + DAY / 2;
        let ends = day_ends(&TimeZone::UTC, now);
        assert_eq!((ends.len(), ends[DAYS], ends[DAYS - 1]), (DAYS + 1, 20_001 * DAY, 20_000 * DAY));
        let found = [
            away(now - 2 * DAY + 1, now - 2 * DAY + 9, false),
            away(now - 2 * DAY + 1, now - 2 * DAY + 2, true),
            away(now - 5, i64::MAX, false),
        ];
        let of = |away: &[Away]| days(away, &ends, now);
        let seen = of(&found);
        assert_eq!((seen.len(), seen[DAYS - 1], seen[DAYS - 2], seen[DAYS - 3]), (DAYS, 1, 0, 2));
        // this morning, over before noon
        let morning = [away(20_000 * DAY + 1, 20_000 * DAY + 2, true)];
        assert_eq!(of(&morning)[DAYS - 1], 2);
        // last night, over before midnight
        let night = [away(20_000 * DAY - 9, 20_000 * DAY, true)];
        let seen = of(&night);
        assert_eq!((seen[DAYS - 1], seen[DAYS - 2]), (0, 2));
    }

    #[test]
    fn today_is_struck_while_something_runs() {
        let now = 20_000 * DAY + DAY / 2;
        let ends = day_ends(&TimeZone::UTC, now);
        assert_eq!(days(&[away(now, i64::MAX, true)], &ends, now)[DAYS - 1], 2, "began this instant");
        assert_eq!(days(&[away(now - 40 * DAY, i64::MAX, false)], &ends, now)[DAYS - 41..], [1; 41]);
        assert_eq!(days(&[away(now + 1, i64::MAX, true)], &ends, now)[DAYS - 1], 0, "not yet");
    }

    #[test]
    fn days_are_those_of_the_zone() {
        let now = 20_000 * DAY + DAY / 2;
        let zone = TimeZone::get("Pacific/Auckland").ok();
        let ends = zone.map(|zone| day_ends(&zone, now));
        if let Some(ends) = ends {
            assert!(ends[DAYS] > now && ends[DAYS - 1] <= now);
            assert_ne!(ends[DAYS] % DAY, 0);
            let growing = ends.windows(2).all(|w| w[0] < w[1]);
            assert!(growing, "also where the clocks change: {ends:?}");
        }
    }
}
