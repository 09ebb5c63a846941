//! The rule `ordered`: a request of a model has from it what nobody said otherwise, waits for an approval where the
//! model asks for one, and gets the model's tasks.
//!
//! Only when it is recorded: a model that changes later changes nothing that was sent before. A request that is put under
//! a model later waits for the model's approval too. An import is as it was.
//! Answers are held against the form of the model by whatever else door they come, also when they change later.
//! Source: ISO/IEC 20000-1:2018, 8.6.2.

use proofdesk_model::form_text::{FormText, Refused, Unmet};
use proofdesk_model::{Door, Draft, Facts, Job, Lookup, Problem, Record, Reference, Rule, Stamp, Value};
use serde_json::json;

use crate::names::{REQUEST_MODEL, REQUEST_TASK, ordered as field, request_model as model};

/// Most tasks of a request.
const TASKS_MAX: usize = 50;
/// Longest name of a task, in characters.
const TASK_MAX: usize = 300;

/// The rule `ordered`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ordered;

/// The model of a request that is recorded now, or put under that model now.
fn model_of(draft: &Draft) -> Option<Reference> {
    let number = draft.after().int(field::MODEL)?;
    let is_other = draft.before().is_none_or(|before| before.int(field::MODEL) != Some(number));
    (is_other && draft.stamp().door != Door::Import).then(|| Reference::new(REQUEST_MODEL, number))
}

/// The model whose form the answers of a draft have to meet: when it is recorded, when its answers change, and when it
/// moves to another model with answers.
fn asked_by(draft: &Draft) -> Option<Reference> {
    let is_kept = draft.of().field(field::ANSWERS).is_some() && draft.stamp().door != Door::Import;
    let has_answers = draft.after().text(field::ANSWERS).is_some();
    let is_due = draft.before().is_none()
        || draft.changed(field::ANSWERS)
        || (draft.changed(field::MODEL) && has_answers);
    let number = draft.after().int(field::MODEL).filter(|_| is_kept && is_due)?;
    Some(Reference::new(REQUEST_MODEL, number))
}

/// Whether people wrote answers to no form: of a request without a model.
fn answers_nothing(draft: &Draft) -> bool {
    let by_hand = matches!(draft.stamp().door, Door::Page | Door::Api | Door::Link);
    let said = draft.after().text(field::ANSWERS).is_some()
        && (draft.before().is_none() || draft.changed(field::ANSWERS));
    by_hand && said && draft.after().int(field::MODEL).is_none()
}

/// What is wrong with an answer, with the words of its question.
fn unmet(form: &FormText, unmet: Unmet) -> Problem {
    let (at, why) = match unmet {
        Unmet::Answer(at, why) => (at, why),
        Unmet::Stray(line) => {
            let line: String = line.chars().take(TASK_MAX).collect();
            let message = format!(
                "“{line}” answers nothing that the form asks. Write each answer on a line of its own, as `- Question: answer`."
            );
            return Problem::new(field::ANSWERS, "unknown", message);
        }
    };
    let asked = form.fields.get(at);
    let label = asked.map_or("", |f| f.label.plain());
    let (code, message) = match why {
        Refused::Required => {
            ("required", format!("“{label}” has to be answered, on a line `- {label}: answer`."))
        }
        Refused::Number => ("format", format!("“{label}” takes a number.")),
        Refused::Day => ("format", format!("“{label}” takes a day, such as 2026-12-01.")),
        Refused::Option => {
            let options =
                asked.map(|f| f.options.iter().map(|o| o.plain()).collect::<Vec<_>>()).unwrap_or_default();
            let options = if options.is_empty() { "yes; no".to_owned() } else { options.join("; ") };
            ("option", format!("“{label}” takes one of: {options}."))
        }
        Refused::Size => ("size", format!("“{label}”: the answer is too long.")),
    };
    Problem::new(field::ANSWERS, code, message)
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
        model_of(draft).or_else(|| asked_by(draft)).into_iter().map(Lookup::One).collect()
    }

    fn derive(&self, draft: &mut Draft, facts: &Facts, _stamp: &Stamp) {
        let Some(found) = model_of(draft).and_then(|r| facts.one(&r)) else { return };
        let approved = draft.after().value(field::APPROVED_AT).is_some_and(|at| !at.is_null());
        let needed = found.is_yes(field::APPROVAL_NEEDED) && !approved;
        if needed {
            // nobody says it away: who may do without an approval alters the model
            draft.after_mut().set(field::APPROVAL_NEEDED, Value::Bool(true));
        }
        if draft.before().is_some() {
            return;
        }
        for (own, theirs) in field::FROM_MODEL {
            put(draft, own, found.get(theirs));
        }
        if needed {
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

    fn check(&self, draft: &Draft, facts: &Facts, _stamp: &Stamp) -> Vec<Problem> {
        if answers_nothing(draft) {
            let message = "There is no form to answer without a request model. Say it in the description.";
            return vec![Problem::new(field::ANSWERS, "unknown", message)];
        }
        let Some(found) = asked_by(draft).and_then(|r| facts.one(&r)) else { return Vec::new() };
        // a form that cannot be read asks nothing; its own rule has said so
        let form = FormText::parse(found.text(model::FORM).unwrap_or_default()).unwrap_or_default();
        let answers = draft.after().text(field::ANSWERS).unwrap_or_default();
        form.unmet(answers).into_iter().map(|u| unmet(&form, u)).collect()
    }

    fn follow(&self, draft: &Draft, facts: &Facts, stamp: &Stamp) -> Vec<Job> {
        let new = model_of(draft).filter(|_| draft.before().is_none());
        let Some(found) = new.and_then(|r| facts.one(&r)) else { return Vec::new() };
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
        ordered_by(by, &Caller::person(by, "Elif", ["requester"]), change)
    }

    fn ordered_by(by: i64, caller: &Caller, change: Change) -> (Record, Vec<serde_json::Value>) {
        let desk = Desk::new();
        let change = change
            .with_text("title", "New starter")
            .with("model", Value::Link(7))
            .with("requested_by", Value::Link(by));
        let of = desk.registry.get("service_request").unwrap();
        let stamp = Stamp::now(at("2026-11-02T09:00:00Z"), Door::Page);
        let draft = Draft::new(of, None, change, caller, stamp).unwrap();
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

    const FORM: &str = "- First day {de: Erster Tag}: day, required\n\
        - Computer: choice, required: Standard; For developers\n\
        - Screens: number";

    /// What is said of answers to a form, of a new request or of one that has answers already.
    fn said(before: Option<&str>, answers: &str, door: Door) -> Vec<(String, String)> {
        let desk = Desk::new();
        let caller = Caller::person(3, "Elif", ["agent"]);
        let of = desk.registry.get("service_request").unwrap();
        let mut change = Change::default().with_text("answers", answers);
        let kept = before.map(|before| {
            let mut record = Record::empty(of);
            record.number = 1;
            let title = Value::Text("New starter".to_owned());
            for (name, value) in
                [("title", title), ("model", Value::Link(7)), ("answers", Value::Text(before.to_owned()))]
            {
                assert!(record.set(name, value));
            }
            record.set("reported_at", Value::Instant(at("2026-11-02T08:00:00Z")));
            record
        });
        if kept.is_none() {
            change = change.with_text("title", "New starter").with("model", Value::Link(7));
        }
        let stamp = Stamp::now(at("2026-11-02T09:00:00Z"), door);
        let draft = Draft::new(of, kept, change, &caller, stamp).unwrap();
        let mut asking = model(&desk);
        assert!(asking.set("form", Value::Text(FORM.to_owned())));
        let mut facts = Facts::default();
        facts.insert(Lookup::One(Reference::new("request_model", 7)), Arc::new(vec![asking]));
        match draft.derive(&desk.rules, &facts).check(&desk.rules, &facts) {
            Ok(_) => Vec::new(),
            Err(problems) => {
                problems.0.into_iter().map(|p| (p.code.to_string(), p.message.to_string())).collect()
            }
        }
    }

    #[test]
    fn answers_meet_the_form_by_whatever_door() {
        let good = "- **First day:** 2026-12-01\n- **Computer:** For developers";
        for door in [Door::Page, Door::Api, Door::Mail, Door::Rule, Door::Cli] {
            assert_eq!(said(None, good, door), [], "{door:?}");
            let wrong = said(None, "- Computer: Blue\n- Screens: two", door);
            let codes: Vec<&str> = wrong.iter().map(|(code, _)| code.as_str()).collect();
            assert_eq!(codes, ["required", "option", "format"], "{wrong:?}");
            assert!(wrong[0].1.contains("“First day” has to be answered"), "{wrong:?}");
            assert!(wrong[1].1.contains("“Computer” takes one of: Standard; For developers."), "{wrong:?}");
            assert!(wrong[2].1.contains("“Screens” takes a number."), "{wrong:?}");
        }
    }

    #[test]
    fn answers_that_change_later_still_meet_the_form() {
        let good = "- First day: 2026-12-01\n- Computer: Standard";
        assert_eq!(said(Some(good), "- First day: 2026-12-02\n- Computer: Standard", Door::Api), []);
        let wrong = said(Some(good), "- First day: 2026-12-02", Door::Api);
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert!(wrong[0].1.contains("“Computer” has to be answered"), "{wrong:?}");
    }

    #[test]
    fn history_is_imported_as_it_was() {
        assert_eq!(said(None, "As agreed by phone.", Door::Import), []);
    }

    #[test]
    fn nobody_says_the_approval_of_a_model_away() {
        let change = Change::default().with("approval_needed", Value::Bool(false));
        let (made, _) = ordered_by(3, &Caller::system("Automation"), change);
        assert_eq!((made.int("approval_by"), made.state.as_str()), (Some(9), "approval"));
        assert_eq!(made.get("approval_needed"), Value::Bool(true));
    }

    #[test]
    fn a_request_put_under_a_model_later_needs_its_approval_too() {
        let desk = Desk::new();
        let of = desk.registry.get("service_request").unwrap();
        let mut before = Record::empty(of);
        (before.number, before.version, before.state) = (1, 1, "new".to_owned());
        before.set("title", Value::Text("Access".to_owned()));
        let caller = Caller::person(4, "Mara", ["agent"]);
        let stamp = Stamp::now(at("2026-11-02T09:00:00Z"), Door::Page);
        let change = Change::default().with("model", Value::Link(7));
        let draft = Draft::new(of, Some(before), change, &caller, stamp).unwrap();
        let mut facts = Facts::default();
        facts.insert(Lookup::One(Reference::new("request_model", 7)), Arc::new(vec![model(&desk)]));
        let checked = draft.derive(&desk.rules, &facts).check(&desk.rules, &facts).unwrap();
        assert_eq!(checked.after().get("approval_needed"), Value::Bool(true));
        assert!(checked.jobs().iter().all(|j| j.payload["type"] != "request_task"));
    }
}
