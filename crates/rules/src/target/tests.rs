//! Tests of the rule `target`, and of the examples in the shipped declarations under these rules.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use proofdesk_model::{Change, Door, Stamp, Value, examples};

use crate::testing::{Desk, at};

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
