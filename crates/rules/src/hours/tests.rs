//! Tests of the rule `service_hours`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use proofdesk_model::{Change, Door, Stamp, Value};

use crate::testing::{Desk, at};

fn stamp() -> Stamp {
    Stamp::now(at("2026-11-23T08:00:00Z"), Door::Page)
}

#[test]
fn mistakes_stand_at_their_field_with_their_line() {
    let desk = Desk::new();
    // zone, week, exceptions, field, part of the message
    let table = [
        ("Mars/Olympus", "mon-fri 08:00-17:00", "", "zone", "`Mars/Olympus` is not a time zone"),
        ("UTC", "mon-fri 08:00-17:00\nfunday 08:00-12:00", "", "week", "Line 2: "),
        ("UTC", "mon-fri 08:00-17:00", "2026-13-40 closed", "exceptions", "Line 1: "),
        ("UTC", "", "", "week", "never open"),
        ("UTC", "", "2020-01-01 08:00-12:00", "week", "never open"),
    ];
    for (zone, week, exceptions, field, says) in table {
        let change = Change::default()
            .with_text("name", "Office")
            .with_text("zone", zone)
            .with_text("week", week)
            .with_text("exceptions", exceptions);
        let problems = desk.check("service_hours", None, change, stamp()).unwrap_err().0;
        assert_eq!(problems.len(), 1, "{zone} {week} {exceptions}: {problems:?}");
        assert_eq!(problems[0].field, field);
        assert!(problems[0].message.contains(says), "{}", problems[0].message);
    }
}

#[test]
fn a_day_is_at_most_24_hours() {
    let desk = Desk::new();
    let change = Change::default()
        .with_text("name", "Office")
        .with_text("week", "mon-fri 08:00-17:00")
        .with("nominal_day", Value::Duration(25 * 3_600_000_000));
    let problems = desk.check("service_hours", None, change, stamp()).unwrap_err().0;
    assert_eq!((problems.len(), problems[0].field.as_str()), (1, "nominal_day"));
}

#[test]
fn only_a_change_of_the_hours_makes_a_version() {
    let mut desk = Desk::new();
    desk.hours("Europe/Vienna", "mon-fri 08:00-17:00", "");
    let first = desk.facts["service_hours"][0].clone();
    let write =
        |record, change| desk.write("service_hours", Some(record), change, "2026-11-23T08:00:00Z").unwrap();
    let named = write(first, Change::default().with_text("name", "Vienna"));
    assert_eq!(super::hours_version(&named), 1);
    let same = write(named, Change::default().with_text("week", "mon 08:00-17:00\ntue-fri 08:00-17:00"));
    assert_eq!(super::hours_version(&same), 1, "the same hours in other words");
    let old = super::hours_of(&same).unwrap().unwrap();
    let longer = write(same, Change::default().with_text("week", "mon-fri 08:00-18:00"));
    assert_eq!(super::hours_version(&longer), 2);
    let kept: proofdesk_calendar::ServiceHours = super::past(&longer)[0].parse().unwrap();
    assert_eq!(kept, old);
    let zone = write(longer, Change::default().with_text("zone", "UTC"));
    assert_eq!(super::hours_version(&zone), 3);
}
