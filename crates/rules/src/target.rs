//! The rule `target`: a target of an agreement must be one that a clock can keep; its length in open time is kept
//! beside it, so that a supplier's target can be compared with it.
//!
//! Where targets of teams and suppliers are named under it, what they can cost at worst is kept too: it warns and never
//! refuses. It is worked out when the target or one of those is written, over the year that follows.
//! Source: ISO/IEC 20000-1:2018, 8.3.3; rule R14 of `docs/clocks.md`.

#[cfg(test)]
mod tests;

use proofdesk_calendar::{Leg, PathCheck, ServiceHours, Target, check_path};
use proofdesk_model::{Draft, Facts, Lookup, Problem, Record, Rule, Stamp, Value};

use crate::book::Book;
use crate::names::{AGREEMENT, SERVICE_HOURS, agreement, contract_target, target as field};

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
        vec![
            Lookup::All(AGREEMENT.to_owned()),
            Lookup::All(SERVICE_HOURS.to_owned()),
            Lookup::Related(field::UNDERPINNED_BY.to_owned()),
        ]
    }

    fn derive(&self, draft: &mut Draft, facts: &Facts, stamp: &Stamp) {
        let length = match open_time(draft, facts, stamp) {
            Some(Ok(seconds)) => seconds.checked_mul(MICROS),
            Some(Err(_)) | None => None,
        };
        draft.after_mut().set(field::LENGTH, length.map_or(Value::Null, Value::Duration));
        let path = path(draft, facts, stamp);
        let worst = path.as_ref().and_then(|p| p.worst_seconds?.checked_mul(MICROS));
        let too_long = path.as_ref().map(|p| !p.holds());
        draft.after_mut().set(field::PATH_WORST, worst.map_or(Value::Null, Value::Duration));
        draft.after_mut().set(field::PATH_TOO_LONG, too_long.map_or(Value::Null, Value::Bool));
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
    let hours = match hours_number(draft, facts) {
        None => ServiceHours::always(),
        Some(number) => Book::read(facts).current(number)?,
    };
    let seconds = limit.open_seconds(&hours, stamp.occurred_at);
    Some(seconds.map_err(|error| Problem::new(field::LIMIT, "range", capital(&error.to_string()))))
}

/// What the targets under this one can cost at worst on its hours; none where none is named.
fn path(draft: &Draft, facts: &Facts, stamp: &Stamp) -> Option<PathCheck> {
    const YEAR: i64 = 366 * 86_400 * MICROS;
    let under = facts.records(&Lookup::Related(field::UNDERPINNED_BY.to_owned()));
    let in_use = |r: &&Record| r.of.state_kind(&r.state).is_open();
    let limits = under.iter().filter(in_use).filter_map(|r| match r.value(contract_target::WITHIN) {
        Some(Value::Duration(micros)) => Some((r, micros / MICROS)),
        _ => None,
    });
    let book = Book::read(facts);
    let hours = |number: Option<i64>| match number {
        None => Some(ServiceHours::always()),
        Some(number) => book.current(number),
    };
    let mut legs: Vec<(String, i64, ServiceHours)> = Vec::new();
    for (record, seconds) in limits {
        legs.push((record.reference(), seconds, hours(record.int(field::HOURS))?));
    }
    if legs.is_empty() {
        return None;
    }
    let target = match open_time(draft, facts, stamp)? {
        Ok(seconds) => seconds,
        Err(_) => return None,
    };
    let service = hours(hours_number(draft, facts))?;
    let legs: Vec<Leg<'_>> =
        legs.iter().map(|(name, seconds, hours)| Leg { name, target_seconds: *seconds, hours }).collect();
    let at = stamp.occurred_at;
    Some(check_path(target, &service, &legs, (at, at.saturating_add(YEAR))))
}

/// The service hours of a target: its own, else its agreement's.
fn hours_number(draft: &Draft, facts: &Facts) -> Option<i64> {
    let record = draft.after();
    let of = record.int(field::AGREEMENT);
    let default = || {
        let agreement = facts.all(AGREEMENT).iter().find(|a| Some(a.number) == of)?;
        agreement.int(agreement::HOURS)
    };
    record.int(field::HOURS).or_else(default)
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}
