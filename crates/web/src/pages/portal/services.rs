//! How the services that somebody uses stand: working, disturbed, away, and how much of the last 90 days.
//!
//! Computed from outages and major incidents, also such as the person who asks may not read: what comes out are times
//! and shares of a service that he uses, no word and no reference of a record.
//! Source: ISO/IEC 20000-1:2018, 8.7.1 and 8.3.2.

use std::collections::HashMap;

use jiff::Timestamp;
use maud::{Markup, html};
use proofdesk_engine::{Caller, ListRequest, Record};

use crate::error::WebError;

use super::Client;
use super::names::{INCIDENT, NOTICE, OUTAGE, SERVICE};

/// Days looked back.
pub const DAYS: usize = 90;
const DAY: i64 = 86_400_000_000;
/// Most services of a person.
const SERVICES: usize = 100;
/// Most outages of all of them in that time.
const OUTAGES: usize = 500;

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
    let mut services = client.list(SERVICE, "state == 'live' && published == true", "name", SERVICES).await?;
    services.reverse();
    if services.is_empty() {
        return Ok(Vec::new());
    }
    let now = client.visit.now;
    let names: Vec<String> = services.iter().map(|s| format!("'{}'", s.reference())).collect();
    let of = format!("service in [{}]", names.join(", "));
    let outages = outages(client, &of).await?;
    let major = major(client, &of).await?;
    let told = told(client).await?;
    let month = month_begin(client, now);
    let standing = |service: Record| {
        let none = Vec::new();
        let away = outages.get(&service.number).unwrap_or(&none);
        let running = |whole: bool| away.iter().any(|a| a.to == i64::MAX && a.whole == whole);
        let told = told.get(&service.number).copied().unwrap_or(State::Working);
        let state = if running(true) {
            State::Away
        } else if running(false) || major.contains(&service.number) {
            State::Disturbed
        } else {
            told
        };
        Standing {
            state,
            month: share(away, month, now),
            whole: share(away, now - DAYS as i64 * DAY, now),
            days: days(away, now),
            service,
        }
    };
    Ok(services.into_iter().map(standing).collect())
}

fn as_program() -> Caller {
    Caller::system("Portal")
}

async fn all(client: &Client, of: &str, filter: &str, sort: &str) -> Result<Vec<Record>, WebError> {
    let filter = client.condition(of, filter)?;
    let request = ListRequest {
        record_type: of.to_owned(),
        filter: Some(filter),
        sort: sort.to_owned(),
        descending: true,
        after: None,
        limit: OUTAGES,
    };
    Ok(client.visit.engine().list(&as_program(), &request).await?.records)
}

/// Unplanned outages of the last 90 days, by service.
async fn outages(client: &Client, of: &str) -> Result<HashMap<i64, Vec<Away>>, WebError> {
    let recent = format!("(ended_at == null || ended_at > now - days({DAYS}))");
    let filter = format!("{of} && kind == 'unplanned' && state != 'mistaken' && {recent}");
    let mut found: HashMap<i64, Vec<Away>> = HashMap::new();
    for record in all(client, OUTAGE, &filter, "started_at").await? {
        let (Some(service), Some(from)) = (record.int("service"), record.instant("started_at")) else {
            continue;
        };
        let whole = record.text("extent") != Some("part");
        let to = record.instant("ended_at").unwrap_or(i64::MAX);
        found.entry(service).or_default().push(Away { from, to, whole });
    }
    Ok(found)
}

/// Services with an open major incident.
async fn major(client: &Client, of: &str) -> Result<Vec<i64>, WebError> {
    let filter = format!("{of} && major == true && state in ['new', 'assigned', 'in_progress', 'waiting']");
    let found = all(client, INCIDENT, &filter, "reported_at").await?;
    Ok(found.iter().filter_map(|record| record.int("service")).collect())
}

/// What present notices say of services, the worst of each.
async fn told(client: &Client) -> Result<HashMap<i64, State>, WebError> {
    let mut found: HashMap<i64, State> = HashMap::new();
    for notice in client.list(NOTICE, PRESENT, "begins_at", 50).await? {
        let state = match notice.text("kind") {
            Some("disturbance") => State::Disturbed,
            Some("maintenance") => State::Maintenance,
            _ => continue,
        };
        for service in concerned(client, &notice).await? {
            let entry = found.entry(service.number).or_insert(state);
            *entry = state.max(*entry);
        }
    }
    Ok(found)
}

/// Notices that hold now.
pub const PRESENT: &str = "state == 'published' && begins_at <= now && (ends_at == null || ends_at > now)";

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

/// The days before an instant, the oldest first.
fn days(away: &[Away], now: i64) -> Vec<u8> {
    let day = |ago: usize| {
        let to = now - ago as i64 * DAY;
        let struck = away.iter().filter(|a| a.from < to && a.to > to - DAY);
        struck.map(|a| if a.whole { 2 } else { 1 }).max().unwrap_or(0)
    };
    (0..DAYS).rev().map(day).collect()
}

#[cfg(test)]
mod tests {
    use super::{Away, DAY, DAYS, days, share};

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
        let now = 1_000 * DAY;
        let found = [
            away(now - 2 * DAY + 1, now - 2 * DAY + 9, false),
            away(now - 2 * DAY + 1, now - 2 * DAY + 2, true),
            away(now - 5, i64::MAX, false),
        ];
        let days = days(&found, now);
        assert_eq!((days.len(), days[DAYS - 1], days[DAYS - 2], days[DAYS - 3]), (DAYS, 1, 2, 0));
    }
}
