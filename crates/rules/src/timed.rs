//! The rule `timed`: a transition with `at` is taken by itself at the instant in its field.
//!
//! The instant must lie ahead and only counts in the states from which the transition starts; who leaves them otherwise
//! clears it. The write itself is the engine's (`take_due`), by the timer that is set here.
//! Source: rule R18 of `docs/clocks.md`.

use proofdesk_model::{Door, Draft, Facts, Job, Problem, Record, Rule, Stamp, Transition, Value, format};
use serde_json::json;

/// The rule `timed`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Timed;

/// The transitions of a type that are taken by themselves, each with its field.
fn timed(record: &Record) -> impl Iterator<Item = (&Transition, &str)> {
    record.of.transitions.iter().filter_map(|t| Some((t, t.at.as_deref()?)))
}

/// Whether any transition with this field starts from the record's state.
fn waits(record: &Record, field: &str) -> bool {
    timed(record).any(|(t, at)| at == field && t.from.contains(&record.state))
}

impl Rule for Timed {
    fn name(&self) -> &'static str {
        "timed"
    }

    fn derive(&self, draft: &mut Draft, _facts: &Facts, _stamp: &Stamp) {
        let record = draft.after();
        let past = timed(record).map(|(_, field)| field);
        let past = past.filter(|f| !waits(record, f) && !draft.changed(f) && record.instant(f).is_some());
        let past: Vec<String> = past.map(str::to_owned).collect();
        for field in past {
            draft.after_mut().set(&field, Value::Null);
        }
    }

    fn check(&self, draft: &Draft, _facts: &Facts, stamp: &Stamp) -> Vec<Problem> {
        let record = draft.after();
        let mut problems: Vec<Problem> = Vec::new();
        for (transition, field) in timed(record) {
            let told = problems.iter().any(|p| p.field == field);
            let Some(at) = record.instant(field).filter(|_| draft.changed(field) && !told) else { continue };
            let label = draft.of().field(field).map_or(field, |f| &f.label);
            if stamp.door == Door::Import {
                continue;
            }
            if at <= stamp.occurred_at {
                let (at, now) = (format::write_instant(at), format::write_instant(stamp.occurred_at));
                let message =
                    format!("{label}: {at} has passed (it is {now}); give an instant that lies ahead.");
                problems.push(Problem::new(field, "past", message));
            } else if !waits(record, field) {
                let label_of =
                    |name: &String| draft.of().state(name).map_or(name.clone(), |s| s.label.clone());
                let states: Vec<String> = transition.from.iter().map(label_of).collect();
                let message = format!("{label} can only be given in the state {}.", states.join(" or "));
                problems.push(Problem::new(field, "state", message));
            }
        }
        problems
    }

    fn follow(&self, draft: &Draft, _facts: &Facts, _stamp: &Stamp) -> Vec<Job> {
        let due = |record: &Record, t: &Transition, field: &str| {
            record.instant(field).filter(|_| t.from.contains(&record.state))
        };
        let mut jobs = Vec::new();
        let record = draft.after();
        for (transition, field) in timed(record) {
            let before = draft.before().and_then(|b| due(b, transition, field));
            let after = due(record, transition, field);
            if before == after {
                continue;
            }
            let (of, number) = (&draft.of().name, record.number);
            let written = if number == 0 { "{number}".to_owned() } else { number.to_string() };
            jobs.push(Job {
                kind: "timed".to_owned(),
                key: format!("{of}/{written}/{}", transition.name),
                run_at: after.unwrap_or(Job::NEVER),
                payload: json!({"type": of, "number": number, "transition": transition.name}),
            });
        }
        jobs
    }
}
