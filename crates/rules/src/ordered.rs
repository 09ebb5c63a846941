//! The rule `ordered`: a request of a model has from it what nobody said otherwise, waits for an approval where the
//! model asks for one, and gets the model's tasks.
//!
//! Only when it is recorded: a model that changes later changes nothing that was sent before. An import is as it was.
//! Source: ISO/IEC 20000-1:2018, 8.6.2.

use proofdesk_model::{Door, Draft, Facts, Job, Lookup, Record, Reference, Rule, Stamp, Value};
use serde_json::json;

use crate::names::{REQUEST_MODEL, REQUEST_TASK, ordered as field, request_model as model};

/// Most tasks of a request.
const TASKS_MAX: usize = 50;
/// Longest name of a task, in characters.
const TASK_MAX: usize = 300;

/// The rule `ordered`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ordered;

/// The model of a request that is recorded now.
fn model_of(draft: &Draft) -> Option<Reference> {
    let is_new = draft.before().is_none() && draft.stamp().door != Door::Import;
    let number = draft.after().int(field::MODEL).filter(|_| is_new)?;
    Some(Reference::new(REQUEST_MODEL, number))
}

fn put(draft: &mut Draft, name: &str, value: Value) {
    let empty = draft.after().value(name).is_some_and(Value::is_null);
    if empty && !draft.gave(name) {
        draft.after_mut().set(name, value);
    }
}

impl Rule for Ordered {
    fn name(&self) -> &'static str {
        "ordered"
    }

    fn wants(&self, draft: &Draft) -> Vec<Lookup> {
        model_of(draft).into_iter().map(Lookup::One).collect()
    }

    fn derive(&self, draft: &mut Draft, facts: &Facts, _stamp: &Stamp) {
        let Some(found) = model_of(draft).and_then(|r| facts.one(&r)) else { return };
        for (own, theirs) in field::FROM_MODEL {
            put(draft, own, found.get(theirs));
        }
        if found.is_yes(field::APPROVAL_NEEDED) && !draft.gave(field::APPROVAL_NEEDED) {
            draft.after_mut().set(field::APPROVAL_NEEDED, Value::Bool(true));
            let approver = found.get(model::APPROVER);
            // nobody approves what he asks for himself
            if draft.after().value(field::REQUESTED_BY) != Some(&approver) {
                put(draft, field::APPROVAL_BY, approver);
            }
            let waits = draft.of().state(field::APPROVAL).is_some();
            if waits && draft.after().state == draft.of().initial_state() {
                draft.after_mut().state = field::APPROVAL.to_owned();
            }
        }
    }

    fn follow(&self, draft: &Draft, facts: &Facts, stamp: &Stamp) -> Vec<Job> {
        let Some(found) = model_of(draft).and_then(|r| facts.one(&r)) else { return Vec::new() };
        let tasks: Vec<serde_json::Value> = tasks(found)
            .enumerate()
            .map(|(at, title)| json!({"title": title, "position": at + 1, "team": found.int(model::TEAM)}))
            .collect();
        if tasks.is_empty() {
            return Vec::new();
        }
        let number = draft.after().number;
        let written = if number == 0 { "{number}".to_owned() } else { number.to_string() };
        vec![Job {
            kind: "make".to_owned(),
            key: format!("{}/{written}/tasks", draft.of().name),
            run_at: stamp.at,
            payload: json!({
                "number": number,
                "type": REQUEST_TASK,
                "link": "request",
                "by": format!("{} {}", found.reference(), found.title()),
                "records": tasks,
            }),
        }]
    }
}

/// The tasks of a model: its lines, without what makes them a list.
fn tasks(found: &Record) -> impl Iterator<Item = String> + '_ {
    let lines = found.text(model::TASKS).unwrap_or_default().lines();
    let plain = lines.map(|line| {
        let line = line.trim().trim_start_matches(['-', '*']).trim_start();
        let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let numbered = line.get(digits..).and_then(|rest| rest.strip_prefix(". ")).filter(|_| digits > 0);
        numbered.unwrap_or(line).trim().chars().take(TASK_MAX).collect::<String>()
    });
    plain.filter(|line| !line.is_empty()).take(TASKS_MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::Arc;

    use proofdesk_model::{Caller, Change, Door, Draft, Facts, Lookup, Record, Reference, Stamp, Value};

    use crate::testing::{Desk, at};

    fn model(desk: &Desk) -> Record {
        let mut model = Record::empty(desk.registry.get("request_model").unwrap());
        model.number = 7;
        let text = |t: &str| Value::Text(t.to_owned());
        for (name, value) in [
            ("title", text("New starter")),
            ("request_type", text("account")),
            ("priority", text("p3")),
            ("team", Value::Link(4)),
            ("approval_needed", Value::Bool(true)),
            ("approver_person", Value::Link(9)),
            ("tasks", text("1. Make the account\n- Order the badge\n\nTell the line manager")),
        ] {
            assert!(model.set(name, value), "{name}");
        }
        model
    }

    fn ordered(by: i64, change: Change) -> (Record, Vec<serde_json::Value>) {
        let desk = Desk::new();
        let caller = Caller::person(by, "Elif", ["requester"]);
        let change = change
            .with_text("title", "New starter")
            .with("model", Value::Link(7))
            .with("requested_by", Value::Link(by));
        let of = desk.registry.get("service_request").unwrap();
        let stamp = Stamp::now(at("2026-11-02T09:00:00Z"), Door::Page);
        let draft = Draft::new(of, None, change, &caller, stamp).unwrap();
        let mut facts = Facts::default();
        facts.insert(Lookup::One(Reference::new("request_model", 7)), Arc::new(vec![model(&desk)]));
        let checked = draft.derive(&desk.rules, &facts).check(&desk.rules, &facts).unwrap();
        (checked.after().clone(), checked.jobs().iter().map(|j| j.payload.clone()).collect())
    }

    #[test]
    fn a_request_has_from_its_model_what_nobody_said() {
        let (made, jobs) = ordered(3, Change::default().with_text("priority", "p2"));
        assert_eq!((made.text("priority"), made.text("request_type")), (Some("p2"), Some("account")));
        assert_eq!((made.int("team"), made.int("approval_by")), (Some(4), Some(9)));
        assert_eq!(made.state, "approval");
        let make = jobs.iter().find(|j| j["type"] == "request_task").unwrap();
        let titles: Vec<&str> =
            make["records"].as_array().unwrap().iter().map(|r| r["title"].as_str().unwrap()).collect();
        assert_eq!(titles, ["Make the account", "Order the badge", "Tell the line manager"]);
    }

    #[test]
    fn nobody_is_asked_to_approve_his_own_request() {
        let (made, _) = ordered(9, Change::default());
        assert_eq!((made.int("approval_by"), made.state.as_str()), (None, "approval"));
    }

    #[test]
    fn who_says_that_no_approval_is_needed_is_believed() {
        let (made, _) = ordered(3, Change::default().with("approval_needed", Value::Bool(false)));
        assert_eq!((made.int("approval_by"), made.state.as_str()), (None, "new"));
    }
}
