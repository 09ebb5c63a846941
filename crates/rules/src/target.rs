//! The rule `target`: a target of an agreement must be one that a clock can keep.
//!
//! The check of a whole path of targets (teams, suppliers) is the calendar's `check_path`; it warns and never refuses.
//! Source: ISO/IEC 20000-1:2018, 8.3.3; rule R14 of `docs/clocks.md`.

#[cfg(test)]
mod tests;

use proofdesk_calendar::Target;
use proofdesk_model::{Draft, Facts, Lookup, Problem, Rule, Stamp};

use crate::book::Book;
use crate::names::{AGREEMENT, SERVICE_HOURS, agreement, target as field};

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

    fn check(&self, draft: &Draft, facts: &Facts, stamp: &Stamp) -> Vec<Problem> {
        let Some(text) = draft.after().text(field::LIMIT) else { return Vec::new() };
        let limit = match text.parse::<Target>() {
            Ok(Target::Length { days: 0, seconds: 0 }) => {
                let message = "A target of no time cannot be met; give at least a minute.";
                return vec![Problem::new(field::LIMIT, "range", message)];
            }
            Ok(limit) => limit,
            Err(error) => return vec![Problem::new(field::LIMIT, "format", capital(&error.to_string()))],
        };
        let record = draft.after();
        let of = record.int(field::AGREEMENT);
        let default = || {
            let agreement = facts.all(AGREEMENT).iter().find(|a| Some(a.number) == of)?;
            agreement.int(agreement::HOURS)
        };
        let number = record.int(field::HOURS).or_else(default);
        let hours = match number {
            None => Some(proofdesk_calendar::ServiceHours::always()),
            Some(number) => Book::read(facts).current(number),
        };
        // hours that cannot be read are a problem of their own record
        let Some(hours) = hours else { return Vec::new() };
        match limit.open_seconds(&hours, stamp.occurred_at) {
            Ok(_) => Vec::new(),
            Err(error) => vec![Problem::new(field::LIMIT, "range", capital(&error.to_string()))],
        }
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}
