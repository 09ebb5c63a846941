//! Records with a time as an iCalendar feed: which ones is declared (`calendar` in `doors/*.kdl`), what is in it is what
//! the reader may see.
//!
//! Source: RFC 5545, RFC 7986 (name, refresh interval); how it is written is the library's matter.

use icalendar::{Calendar, Component as _, Event, EventStatus, Property};
use proofdesk_engine::{Caller, Engine, Error, ListRequest, Record};
use proofdesk_model::{Action, Condition, StateKind};

use crate::Doors;

/// Events of one type at most.
const EVENTS_MAX: usize = 2_000;

/// Records of a type in the calendar.
#[derive(Debug, Clone)]
pub(crate) struct Timed {
    pub record_type: String,
    pub start: String,
    pub end: Option<String>,
    pub filter: Condition,
    /// They are no appointments: they mark the day.
    pub marks: bool,
}

/// Gives the path of a record's page.
pub type PathOf<'a> = &'a (dyn Fn(&Record) -> String + Send + Sync);

/// The feed of a reader. `origin` makes the ids of events unique in the world; `base` is the address of the desk, where
/// it is known; `page` gives the path of a record's page.
///
/// # Errors
/// A fault of the database.
pub async fn feed(
    engine: &Engine,
    doors: &Doors,
    caller: &Caller,
    name: &str,
    (base, page): (Option<&str>, PathOf<'_>),
) -> Result<String, Error> {
    // an empty one: the library would name itself beside us
    let mut calendar = Calendar::empty();
    for (name, value) in
        [("VERSION", "2.0"), ("PRODID", "-//Proofdesk//Calendar//EN"), ("CALSCALE", "GREGORIAN")]
    {
        calendar.append_property(Property::new(name, value));
    }
    calendar.append_property(Property::new("METHOD", "PUBLISH"));
    calendar.name(&clean(name));
    calendar.append_property(
        Property::new("REFRESH-INTERVAL", "PT15M").add_parameter("VALUE", "DURATION").done(),
    );
    for timed in doors.timed() {
        let of = engine.require_type(&timed.record_type)?;
        let seen = |name: &str| caller.sees(&of, name);
        let ends = timed.end.as_deref().is_none_or(seen);
        if !caller.may(&of, &Action::Read) || !seen(&timed.start) || !ends {
            continue;
        }
        let mut request = ListRequest {
            record_type: timed.record_type.clone(),
            filter: Some(timed.filter.clone()),
            sort: timed.start.clone(),
            descending: true,
            after: None,
            limit: 500,
        };
        let mut count = 0;
        loop {
            let listed = engine.list(caller, &request).await?;
            for record in &listed.records {
                let url = base.map(|b| format!("{b}{}", page(record)));
                calendar.extend(event(engine.origin(), timed, record, url));
            }
            count += listed.records.len();
            let Some(next) = listed.next.filter(|_| count < EVENTS_MAX) else { break };
            request.after = Some(next);
        }
    }
    Ok(calendar.to_string())
}

fn event(origin: &str, timed: &Timed, record: &Record, url: Option<String>) -> Option<Event> {
    let start = record.instant(&timed.start)?;
    let state = record.of.state(&record.state);
    let label = state.map_or(record.state.as_str(), |s| s.label.as_str());
    let is_planned = state.is_some_and(|s| s.kind == StateKind::New);
    let mut event = Event::new();
    event
        .uid(&format!("{}@{origin}", record.reference()))
        .add_property("DTSTAMP", utc(record.updated_at))
        .add_property("LAST-MODIFIED", utc(record.updated_at))
        .add_property("SEQUENCE", record.version.to_string())
        .add_property("DTSTART", utc(start))
        .summary(&clean(&format!("{} {} ({label})", record.reference(), record.title())))
        .add_property("CATEGORIES", clean(&record.of.label))
        .status(if is_planned { EventStatus::Tentative } else { EventStatus::Confirmed })
        .add_property("TRANSP", if timed.marks { "TRANSPARENT" } else { "OPAQUE" });
    // an event does not end before it begins
    if let Some(end) = timed.end.as_deref().and_then(|end| record.instant(end)).filter(|end| *end > start) {
        event.add_property("DTEND", utc(end));
    }
    if let Some(url) = url {
        event.url(&url);
    }
    Some(event)
}

/// A text without control characters: the library escapes the others.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// An instant in UTC, to the second.
fn utc(micros: i64) -> String {
    let at = jiff::Timestamp::from_microsecond(micros).unwrap_or_default();
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}
