//! Tests of the rule `target`, and of the examples in the shipped declarations under these rules.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use proofdesk_model::{Change, Door, Draft, Facts, Lookup, Record, Stamp, Value, examples};

use crate::testing::{Desk, at, text};

#[test]
fn a_limit_must_be_one_that_the_hours_can_express() {
    let mut desk = Desk::new();
    let hours = desk.hours("Europe/Vienna", "mon-fri 08:00-17:00", "");
    let mut without_day = desk.facts["service_hours"][0].clone();
    without_day.number = 0;
    without_day.set("nominal_day", Value::Null);
    let without_day = desk.fact(without_day);
    desk.agreement("Gold", &[], None);
    let table = [
        ("4h", None, None),
        ("2d", Some(hours), None),
        ("2d", None, None),
        ("end of next working day", Some(hours), None),
        ("2d", Some(without_day), Some("declare no day length")),
        ("0m", None, Some("at least a minute")),
        ("soon", None, Some("is not a target")),
        ("-4h", None, Some("is not a target")),
    ];
    for (limit, hours, says) in table {
        let change = Change::default()
            .with_text("name", "Target")
            .with("agreement", Value::Link(1))
            .with_text("duration", limit)
            .with("service_hours", hours.map_or(Value::Null, Value::Link));
        let stamp = Stamp::now(at("2026-11-23T08:00:00Z"), Door::Page);
        let told = desk.check("target", None, change, stamp).map(|_| ());
        match says {
            None => assert!(told.is_ok(), "{limit} {hours:?}: {told:?}"),
            Some(says) => {
                let problems = told.unwrap_err().0;
                assert_eq!((problems.len(), problems[0].field.as_str()), (1, "duration"), "{limit}");
                assert!(problems[0].message.contains(says), "{limit}: {}", problems[0].message);
            }
        }
    }
}

#[test]
fn every_example_of_the_shipped_types_holds_under_these_rules() {
    let desk = Desk::new();
    let mistakes = examples::run(&desk.registry, &desk.rules);
    let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[test]
fn a_target_keeps_its_length_in_open_time() {
    let mut desk = Desk::new();
    let hours = desk.hours("Europe/Vienna", "mon-fri 08:00-17:00", "");
    desk.agreement("Gold", &[], None);
    for (limit, hours, seconds) in [("90m", None, 5_400), ("1h 30m", Some(hours), 5_400)] {
        let change = Change::default()
            .with_text("name", "Target")
            .with("agreement", Value::Link(1))
            .with_text("duration", limit)
            .with("service_hours", hours.map_or(Value::Null, Value::Link));
        let stamp = Stamp::now(at("2026-11-23T08:00:00Z"), Door::Page);
        let checked = desk.check("target", None, change, stamp).unwrap();
        assert_eq!(checked.after().value("length"), Some(&Value::Duration(seconds * 1_000_000)), "{limit}");
    }
}

#[test]
fn a_promise_shorter_than_what_it_rests_on_is_flagged() {
    let mut desk = Desk::new();
    let day = desk.hours("Europe/Vienna", "mon-fri 08:00-17:00", "");
    let agreement = desk.agreement("Gold", &[], None);
    let number = desk.target(agreement, "resolution", None, "6h", None, &[]);
    let micros = |hours: i64| Value::Duration(hours * 3_600_000_000);
    let under = |desk: &mut Desk, hours: i64, on: Value| {
        let set = [("name", text("Leg")), ("within", micros(hours)), ("service_hours", on)];
        let number = desk.put("contract_target", "active", &set, &[]);
        desk.facts["contract_target"].iter().find(|r| r.number == number).unwrap().clone()
    };
    let mut legs = vec![under(&mut desk, 2, Value::Null)];
    let target = desk.facts["target"].iter().find(|r| r.number == number).unwrap().clone();
    let counted = |desk: &Desk, legs: &[Record]| {
        let of = desk.registry.get("target").unwrap();
        let stamp = Stamp::now(at("2026-11-20T09:00:00Z"), Door::Clock);
        let caller = proofdesk_model::Caller::system("Clock");
        let draft = Draft::new(of, Some(target.clone()), Change::default(), &caller, stamp).unwrap();
        let mut facts = Facts::default();
        for (name, records) in &desk.facts {
            facts.insert(Lookup::All(name.clone()), Arc::new(records.clone()));
        }
        facts.insert(Lookup::Related("underpinned_by".to_owned()), Arc::new(legs.to_vec()));
        let draft = draft.derive(&desk.rules, &facts);
        (draft.after().int("path_worst").map(|m| m / 3_600_000_000), draft.after().get("path_too_long"))
    };
    assert_eq!(counted(&desk, &[]), (None, Value::Null), "nothing is named under it");
    assert_eq!(counted(&desk, &legs), (Some(2), Value::Bool(false)));
    // four hours of Vienna's days cost a weekend at worst: from Friday 13:00 on to Monday noon
    legs.push(under(&mut desk, 4, Value::Link(day)));
    let (worst, too_long) = counted(&desk, &legs);
    assert_eq!(too_long, Value::Bool(true));
    assert!(worst.unwrap() > 60, "{worst:?}");
}
