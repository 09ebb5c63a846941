//! The rule `service_hours`: reads the text of service hours, says its mistakes at the right field and keeps earlier
//! versions, so that a running clock keeps the hours it started with.
//!
//! Source: ISO/IEC 20000-1:2018, 8.3.3; rules R2, R3 and R17 of `docs/clocks.md`.
//! Invariant: a version of hours that a clock may name is never lost: what changes is first kept in `past_versions`.

#[cfg(test)]
mod tests;

use proofdesk_calendar::{CalendarError, ServiceHours};
use proofdesk_model::{Draft, Facts, Problem, Record, Rule, Stamp, Value};

use crate::names::hours as field;

const SECOND: i64 = 1_000_000;

/// Reads the hours that a record declares itself, without those it is a union of; none if it declares no zone, no
/// week and no dates.
///
/// # Errors
/// Every mistake in zone, day length, week and dates, with its line.
pub fn hours_of(record: &Record) -> Result<Option<ServiceHours>, CalendarError> {
    let text = |name: &str| record.text(name).unwrap_or_default();
    let (week, exceptions) = (text(field::WEEK), text(field::EXCEPTIONS));
    if week.trim().is_empty() && exceptions.trim().is_empty() {
        return Ok(None);
    }
    let both = format!("{week}\n{exceptions}");
    ServiceHours::parse_in(zone_of(record), day_seconds(record), &both).map(Some)
}

/// The version of a record's hours that is in force: 1, and one more for each change of the hours themselves.
pub fn hours_version(record: &Record) -> usize {
    past(record).len() + 1
}

/// The texts of earlier versions, oldest first.
pub(crate) fn past(record: &Record) -> Vec<String> {
    record.text(field::PAST).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// The declared length of a working day in seconds.
pub(crate) fn day_seconds(record: &Record) -> Option<i64> {
    record.int(field::DAY_LENGTH).map(|micros| micros / SECOND)
}

fn zone_of(record: &Record) -> &str {
    record.text(field::ZONE).filter(|zone| !zone.is_empty()).unwrap_or("UTC")
}

/// The rule `service_hours`.
#[derive(Debug, Clone, Copy, Default)]
pub struct HoursRule;

impl Rule for HoursRule {
    fn name(&self) -> &'static str {
        "service_hours"
    }

    fn derive(&self, draft: &mut Draft, _facts: &Facts, _stamp: &Stamp) {
        let Some(before) = draft.before() else { return };
        let Ok(Some(old)) = hours_of(before) else { return };
        if hours_of(draft.after()).is_ok_and(|new| new.as_ref() == Some(&old)) {
            return;
        }
        let mut versions = past(before);
        versions.push(old.to_string());
        if let Ok(text) = serde_json::to_string(&versions) {
            draft.after_mut().set(field::PAST, Value::Text(text));
        }
    }

    fn check(&self, draft: &Draft, _facts: &Facts, stamp: &Stamp) -> Vec<Problem> {
        let record = draft.after();
        let mut problems = Vec::new();
        if let Err(error) = ServiceHours::parse_in(zone_of(record), None, "") {
            problems.push(Problem::new(field::ZONE, "format", in_one(&error)));
        }
        if let Some(seconds) = day_seconds(record)
            && let Err(error) = ServiceHours::parse_in("UTC", Some(seconds), "")
        {
            problems.push(Problem::new(field::DAY_LENGTH, "range", in_one(&error)));
        }
        for name in [field::WEEK, field::EXCEPTIONS] {
            if let Some(text) = record.text(name) {
                problems.extend(lines(name, text));
            }
        }
        let united = draft.is_filled(field::UNION_OF);
        if problems.is_empty() && !united {
            let opens = |h: &ServiceHours| h.next_open(stamp.occurred_at).is_some();
            match hours_of(record) {
                Ok(Some(hours)) if opens(&hours) => {}
                // together the two texts may contradict each other
                Err(error) => problems.push(Problem::new(field::EXCEPTIONS, "format", in_one(&error))),
                Ok(_) => {
                    let message = "These hours never open; give a week such as `mon-fri 08:00-17:00`.";
                    problems.push(Problem::new(field::WEEK, "range", message));
                }
            }
        }
        problems
    }
}

fn lines(name: &str, text: &str) -> Vec<Problem> {
    match ServiceHours::parse_in("UTC", None, text) {
        Err(CalendarError::Hours(found)) => found
            .into_iter()
            .map(|p| Problem::new(name, "format", format!("Line {}: {}.", p.line, p.message)))
            .collect(),
        Err(other) => vec![Problem::new(name, "format", other.to_string())],
        Ok(_) => Vec::new(),
    }
}

/// The mistakes without their lines, for a field of one line.
fn in_one(error: &CalendarError) -> String {
    let CalendarError::Hours(found) = error else { return error.to_string() };
    let messages: Vec<&str> = found.iter().map(|p| p.message.as_str()).collect();
    let mut text = messages.join("; ");
    if let Some(first) = text.get(..1).map(str::to_uppercase) {
        text.replace_range(..1, &first);
    }
    text + "."
}
