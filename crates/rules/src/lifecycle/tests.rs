//! Tests of the rule `lifecycle`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use proofdesk_model::{Change, Door, Stamp, Value};

use crate::testing::{Desk, at, text};

const HOUR: i64 = 3_600_000_000;

#[test]
fn a_record_says_when_it_was_answered_resolved_and_closed() {
    let desk = Desk::new();
    let new = desk.incident("2026-11-23T08:00:00Z", &[]);
    assert_eq!(new.instant("first_response_at"), None);
    assert_eq!((new.int("reopen_count"), new.int("reassignment_count")), (Some(0), Some(0)));
    let assigned = desk.then(new, "2026-11-23T08:10:00Z", &[("state", text("assigned"))]);
    assert_eq!(assigned.instant("first_response_at"), None, "to assign is not to answer");
    let begun = desk.then(assigned, "2026-11-23T08:20:00Z", &[("state", text("in_progress"))]);
    assert_eq!(begun.instant("first_response_at"), Some(at("2026-11-23T08:20:00Z")));
    let done = desk.then(begun, "2026-11-23T09:00:00Z", &[("state", text("resolved"))]);
    assert_eq!(done.instant("resolved_at"), Some(at("2026-11-23T09:00:00Z")));
    assert_eq!(done.get("resolved_by"), Value::Link(7));
    let closed = desk.then(done, "2026-11-24T09:00:00Z", &[("state", text("closed"))]);
    assert_eq!(closed.instant("resolved_at"), Some(at("2026-11-23T09:00:00Z")));
    assert_eq!(closed.instant("closed_at"), Some(at("2026-11-24T09:00:00Z")));
    let again = desk.then(closed, "2026-11-25T09:00:00Z", &[("state", text("in_progress"))]);
    assert_eq!(again.int("reopen_count"), Some(1));
    for cleared in ["resolved_at", "resolved_by", "closed_at", "closed_by"] {
        assert_eq!(again.get(cleared), Value::Null, "{cleared}");
    }
    assert_eq!(again.instant("first_resolved_at"), Some(at("2026-11-23T09:00:00Z")));
    let twice = desk.then(again, "2026-11-26T09:00:00Z", &[("state", text("resolved"))]);
    assert_eq!(twice.instant("resolved_at"), Some(at("2026-11-26T09:00:00Z")));
    assert_eq!(twice.instant("first_resolved_at"), Some(at("2026-11-23T09:00:00Z")));
}

#[test]
fn a_cancelled_record_was_never_resolved() {
    let desk = Desk::new();
    let new = desk.incident("2026-11-23T08:00:00Z", &[]);
    let gone = desk.then(new, "2026-11-23T09:00:00Z", &[("state", text("cancelled"))]);
    assert_eq!(gone.instant("resolved_at"), None);
    assert_eq!(gone.instant("closed_at"), Some(at("2026-11-23T09:00:00Z")));
}

#[test]
fn only_a_change_from_team_to_team_is_a_reassignment() {
    let desk = Desk::new();
    let mut record = desk.incident("2026-11-23T08:00:00Z", &[]);
    let table = [(Some(1), 0), (Some(1), 0), (Some(2), 1), (None, 1), (Some(3), 1), (Some(1), 2)];
    for (step, (team, expected)) in table.into_iter().enumerate() {
        let team = team.map_or(Value::Null, Value::Link);
        record = desk.then(record, "2026-11-23T09:00:00Z", &[("team", team)]);
        assert_eq!(record.int("reassignment_count"), Some(expected), "step {step}");
    }
}

#[test]
fn waiting_for_the_customer_adds_up_and_for_others_does_not() {
    let desk = Desk::new();
    let mut record = desk.incident("2026-11-23T08:00:00Z", &[]);
    let steps = [
        ("2026-11-23T09:00:00Z", "waiting", "customer", 0),
        ("2026-11-23T11:00:00Z", "in_progress", "", 2),
        ("2026-11-23T12:00:00Z", "waiting", "supplier", 2),
        ("2026-11-23T13:00:00Z", "waiting", "customer", 2),
        ("2026-11-23T16:00:00Z", "resolved", "", 5),
    ];
    for (when, state, why, hours) in steps {
        let why = if why.is_empty() { Value::Null } else { text(why) };
        record = desk.then(record, when, &[("state", text(state)), ("hold_reason", why)]);
        assert_eq!(record.int("customer_hold_time"), Some(hours * HOUR), "{when}");
    }
    assert_eq!(record.get("waiting_since"), Value::Null);
}

#[test]
fn what_an_import_gives_wins() {
    let desk = Desk::new();
    let record = desk.incident("2026-11-23T08:00:00Z", &[("reopen_count", Value::Int(3))]);
    let given = Value::Instant(at("2026-11-23T08:30:00Z"));
    let done = desk.then(
        record,
        "2026-11-23T09:00:00Z",
        &[("state", text("resolved")), ("resolved_at", given.clone()), ("reopen_count", Value::Int(3))],
    );
    assert_eq!(done.get("resolved_at"), given);
    assert_eq!(done.get("first_resolved_at"), given);
    let again = [("state", text("in_progress")), ("reopen_count", Value::Int(3))];
    let again = desk.then(done, "2026-11-23T10:00:00Z", &again);
    assert_eq!(again.int("reopen_count"), Some(3), "the same value given again is still given");
}

#[test]
fn transitions_of_a_person_do_the_same() {
    let desk = Desk::new();
    let record = desk.incident("2026-11-23T08:00:00Z", &[("assignee", Value::Link(7))]);
    let stamp = Stamp::now(at("2026-11-23T08:05:00Z"), Door::Page);
    let checked = desk.check("incident", Some(record), Change::default().take("start"), stamp).unwrap();
    assert_eq!(checked.after().instant("first_response_at"), Some(at("2026-11-23T08:05:00Z")));
}
