//! Records with a time as an iCalendar feed: which ones is declared (`calendar` in `doors/*.kdl`), what is in it is what
//! the reader may see.
//!
//! Source: RFC 5545 (lines folded after 75 octets, texts escaped, times in UTC), RFC 7986 (name, refresh interval).

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
    let mut text = Lines::default();
    text.line("BEGIN", "VCALENDAR");
    text.line("VERSION", "2.0");
    text.line("PRODID", "-//Proofdesk//Calendar//EN");
    text.line("CALSCALE", "GREGORIAN");
    text.line("METHOD", "PUBLISH");
    text.line("NAME", &escaped(name));
    text.line("X-WR-CALNAME", &escaped(name));
    text.line("REFRESH-INTERVAL;VALUE=DURATION", "PT15M");
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
                event(
                    &mut text,
                    engine.origin(),
                    timed,
                    record,
                    base.map(|b| format!("{b}{}", page(record))),
                );
            }
            count += listed.records.len();
            let Some(next) = listed.next.filter(|_| count < EVENTS_MAX) else { break };
            request.after = Some(next);
        }
    }
    text.line("END", "VCALENDAR");
    Ok(text.0)
}

fn event(text: &mut Lines, origin: &str, timed: &Timed, record: &Record, url: Option<String>) {
    let Some(start) = record.instant(&timed.start) else { return };
    let state = record.of.state(&record.state);
    text.line("BEGIN", "VEVENT");
    text.line("UID", &escaped(&format!("{}@{origin}", record.reference())));
    text.line("DTSTAMP", &utc(record.updated_at));
    text.line("LAST-MODIFIED", &utc(record.updated_at));
    text.line("SEQUENCE", &record.version.to_string());
    text.line("DTSTART", &utc(start));
    // an event does not end before it begins
    if let Some(end) = timed.end.as_deref().and_then(|end| record.instant(end)).filter(|end| *end > start) {
        text.line("DTEND", &utc(end));
    }
    let label = state.map_or(record.state.as_str(), |s| s.label.as_str());
    text.line("SUMMARY", &escaped(&format!("{} {} ({label})", record.reference(), record.title())));
    text.line("CATEGORIES", &escaped(&record.of.label));
    let is_planned = state.is_some_and(|s| s.kind == StateKind::New);
    text.line("STATUS", if is_planned { "TENTATIVE" } else { "CONFIRMED" });
    text.line("TRANSP", if timed.marks { "TRANSPARENT" } else { "OPAQUE" });
    if let Some(url) = url {
        text.line("URL", &url);
    }
    text.line("END", "VEVENT");
}

/// An instant in UTC, to the second.
fn utc(micros: i64) -> String {
    let at = jiff::Timestamp::from_microsecond(micros).unwrap_or_default();
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A text as a value.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '\n' => escaped.push_str("\\n"),
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// Lines, folded.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn line(&mut self, name: &str, value: &str) {
        let mut width = 0;
        for c in name.chars().chain([':']).chain(value.chars()) {
            if width + c.len_utf8() > 75 {
                self.0.push_str("\r\n ");
                width = 1;
            }
            self.0.push(c);
            width += c.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, escaped, utc};

    #[test]
    fn lines_are_folded_and_texts_escaped() {
        let mut lines = Lines::default();
        lines.line("SUMMARY", &escaped(&format!("a,b;c\\d\ne\u{7}{}", "ü".repeat(60))));
        for line in lines.0.split_terminator("\r\n") {
            assert!(line.len() <= 75, "{}: {line}", line.len());
        }
        assert_eq!(lines.0.replace("\r\n ", ""), format!("SUMMARY:a\\,b\\;c\\\\d\\ne{}\r\n", "ü".repeat(60)));
        assert_eq!(utc(1_772_442_000_000_000), "20260302T090000Z");
    }
}
