//! The rule `target`: a target of an agreement must be one that a clock can keep; its length in open time is kept
//! beside it, so that a supplier's target can be compared with it.
//!
//! The check of a whole path of targets (teams, suppliers) is the calendar's `check_path`; it warns and never refuses.
//! Source: ISO/IEC 20000-1:2018, 8.3.3; rule R14 of `docs/clocks.md`.

#[cfg(test)]
mod tests;

use proofdesk_calendar::Target;
use proofdesk_model::{Draft, Facts, Lookup, Problem, Rule, Stamp, Value};

use crate::book::Book;
use crate::names::{AGREEMENT, SERVICE_HOURS, agreement, target as field};

/// Microseconds of a second.
const MICROS: i64 = 1_000_000;

/// The rule `target`.
#[derive(Debug, Clone, Copy, Default)]
pub struct TargetRule;

impl Rule for TargetRule {
    fn name(&self) -> &'static str {
        "target"
    }

    fn wants(&self, _draft: &Draft) -> Vec<Lookup> {
        vec![Lookup::All(AGREEMENT.to_owned()), Lookup::All(SERVICE_HOURS.to_owned())]
    }

    fn derive(&self, draft: &mut Draft, facts: &Facts, stamp: &Stamp) {
        let length = match open_time(draft, facts, stamp) {
            Some(Ok(seconds)) => seconds.checked_mul(MICROS),
            Some(Err(_)) | None => None,
        };
        draft.after_mut().set(field::LENGTH, length.map_or(Value::Null, Value::Duration));
    }

    fn check(&self, draft: &Draft, facts: &Facts, stamp: &Stamp) -> Vec<Problem> {
        match open_time(draft, facts, stamp) {
            Some(Err(problem)) => vec![problem],
            Some(Ok(_)) | None => Vec::new(),
        }
    }
}

/// Open time that a target gives, seconds; none where no limit is given, or its hours cannot be read: they are a
/// problem of their own record.
fn open_time(draft: &Draft, facts: &Facts, stamp: &Stamp) -> Option<Result<i64, Problem>> {
    let record = draft.after();
    let limit = match record.text(field::LIMIT)?.parse::<Target>() {
        Ok(Target::Length { days: 0, seconds: 0 }) => {
            let message = "A target of no time cannot be met; give at least a minute.";
            return Some(Err(Problem::new(field::LIMIT, "range", message)));
        }
        Ok(limit) => limit,
        Err(error) => return Some(Err(Problem::new(field::LIMIT, "format", capital(&error.to_string())))),
    };
    let of = record.int(field::AGREEMENT);
    let default = || {
        let agreement = facts.all(AGREEMENT).iter().find(|a| Some(a.number) == of)?;
        agreement.int(agreement::HOURS)
    };
    let number = record.int(field::HOURS).or_else(default);
    let hours = match number {
        None => proofdesk_calendar::ServiceHours::always(),
        Some(number) => Book::read(facts).current(number)?,
    };
    let seconds = limit.open_seconds(&hours, stamp.occurred_at);
    Some(seconds.map_err(|error| Problem::new(field::LIMIT, "range", capital(&error.to_string()))))
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}
