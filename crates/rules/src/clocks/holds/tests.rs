//! Tests of the clocks of teams and suppliers and of agreed exclusions, over the shipped incident.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use proofdesk_model::clock_log::ClockLog;
use proofdesk_model::clock_view::{Writers, clock_story};
use proofdesk_model::{Record, Value};

use crate::testing::{Desk, at, text};

const HOUR: i64 = 3_600_000_000;

/// People by number, times as they are stored.
const WRITERS: Writers<'static> =
    Writers { person: &|n| format!("PER-{n}"), when: &proofdesk_model::format::write_instant };

/// Two teams with four and two hours on Vienna's days, a supplier with eight hours around the clock.
fn desk() -> Desk {
    let mut desk = Desk::new();
    let hours = desk.hours("Europe/Vienna", "mon-fri 08:00-17:00", "");
    for name in ["Service desk", "Network"] {
        desk.put("team", "active", &[("name", text(name))], &[]);
    }
    desk.put("supplier", "active", &[("name", text("Carrier"))], &[]);
    let valid = ("valid_from", Value::Day(16_436));
    desk.put(
        "internal_agreement",
        "in_force",
        &[("name", text("Desk")), valid.clone()],
        &[("teams", "team", 1)],
    );
    desk.put(
        "internal_agreement",
        "in_force",
        &[("name", text("Net")), valid.clone()],
        &[("teams", "team", 2)],
    );
    desk.put("contract", "in_force", &[("name", text("Lines")), ("supplier", Value::Link(1)), valid], &[]);
    let mut promise = |link: &str, of: i64, hours_long: i64, hours: Value| {
        let set = [
            ("name", text("Target")),
            (link, Value::Link(of)),
            ("applies_to", text("incident")),
            ("within", Value::Duration(hours_long * HOUR)),
            ("service_hours", hours),
            ("at_risk_percent", Value::Int(75)),
        ];
        desk.put("contract_target", "active", &set, &[]);
    };
    promise("internal_agreement", 1, 4, Value::Link(hours));
    promise("internal_agreement", 2, 2, Value::Link(hours));
    promise("contract", 1, 8, Value::Null);
    desk
}

fn hours(record: &Record, column: &str) -> Option<i64> {
    record.int(column).map(|micros| micros / HOUR)
}

#[test]
fn a_team_has_its_own_clock_while_it_has_the_record() {
    let desk = desk();
    // Monday 16:00 in Vienna: one hour is left of the day
    let record = desk.incident("2026-11-23T15:00:00Z", &[("team", Value::Link(1))]);
    assert_eq!(record.text("team_state"), Some("running"));
    assert_eq!(record.text("team_holder"), Some("TEA-1"));
    assert_eq!(record.text("team_agreement"), Some("OLA-1 Desk"));
    assert_eq!(record.instant("team_due_at"), Some(at("2026-11-24T10:00:00Z")), "the night does not count");
    assert_eq!(record.text("supplier_clock"), None, "no supplier has it");
    // three hours of four: at risk on Tuesday at 10:00 local, on the path of the service hours
    let (risk, jobs) = desk.timer(&record, at("2026-11-24T09:00:00Z"));
    assert_eq!(risk.instant("team_at_risk_at"), Some(at("2026-11-24T09:00:00Z")));
    assert_eq!(risk.instant("team_breached_at"), None);
    assert!(jobs.iter().any(|j| j.key == "incident/1042/team" && j.run_at == at("2026-11-24T10:00:01Z")));
}

#[test]
fn what_is_handed_on_pauses_and_what_comes_back_goes_on() {
    let desk = desk();
    let first = desk.incident("2026-11-23T08:00:00Z", &[("team", Value::Link(1))]);
    let other = desk.then(first, "2026-11-23T11:00:00Z", &[("team", Value::Link(2))]);
    assert_eq!(other.text("team_holder"), Some("TEA-2"));
    assert_eq!(hours(&other, "team_target"), Some(2));
    assert_eq!(other.instant("team_due_at"), Some(at("2026-11-23T13:00:00Z")));
    let back = desk.then(other, "2026-11-23T14:00:00Z", &[("team", Value::Link(1))]);
    assert_eq!(back.text("team_holder"), Some("TEA-1"));
    assert_eq!(hours(&back, "team_elapsed"), Some(3), "its three hours of the morning");
    assert_eq!(back.instant("team_due_at"), Some(at("2026-11-23T15:00:00Z")));
    assert_eq!(back.text("team_missed_by"), Some("TEA-2"), "the others had three hours of two");
    let done = desk.then(back, "2026-11-23T14:30:00Z", &[("state", text("resolved"))]);
    assert_eq!((done.text("team_state"), done.instant("team_breached_at")), (Some("stopped"), None));
    assert_eq!(done.text("team_missed_by"), Some("TEA-2"), "a miss is not lost by handing on");
}

#[test]
fn a_supplier_has_the_record_only_while_it_waits_for_him() {
    let desk = desk();
    let set = [("team", Value::Link(1)), ("supplier", Value::Link(1))];
    let record = desk.incident("2026-11-23T08:00:00Z", &set);
    assert_eq!(record.text("supplier_state"), None);
    let waits = [("state", text("waiting")), ("hold_reason", text("supplier"))];
    let away = desk.then(record, "2026-11-23T09:00:00Z", &waits);
    assert_eq!(away.text("supplier_state"), Some("running"));
    assert_eq!(away.text("supplier_agreement"), Some("CON-1 Lines"));
    assert_eq!(away.instant("supplier_due_at"), Some(at("2026-11-23T17:00:00Z")));
    assert_eq!(away.text("team_state"), Some("paused"), "the team waits");
    let (late, _) = desk.timer(&away, at("2026-11-23T17:00:01Z"));
    assert_eq!(late.instant("supplier_breached_at"), Some(at("2026-11-23T17:00:00Z")));
    let back = desk.then(late, "2026-11-24T08:00:00Z", &[("state", text("in_progress"))]);
    assert_eq!((back.text("supplier_state"), back.text("team_state")), (Some("paused"), Some("running")));
    assert!(back.instant("supplier_breached_at").is_some(), "the miss stays");
}

#[test]
fn nothing_is_kept_where_nothing_was_promised() {
    let mut desk = desk();
    let record = desk.write(
        "service_request",
        None,
        proofdesk_model::Change::default().with_text("title", "Chair").with("team", Value::Link(1)),
        "2026-11-23T08:00:00Z",
    );
    assert_eq!(record.unwrap().text("team_clock"), None, "the targets are for incidents");
    let mut ended = desk.facts["internal_agreement"][0].clone();
    ended.state = "ended".to_owned();
    ended.version += 1;
    desk.fact(ended);
    let record = desk.incident("2026-11-23T08:00:00Z", &[("team", Value::Link(1))]);
    assert_eq!(record.text("team_clock"), None, "its agreement ended");
}

#[test]
fn an_approved_exclusion_moves_what_is_due_and_its_withdrawal_moves_it_back() {
    let mut desk = desk();
    let agreement = desk.agreement("Gold", &[], None);
    desk.target(agreement, "resolution", None, "4h", None, &[]);
    let record = desk.incident("2026-11-23T08:00:00Z", &[]);
    assert_eq!(record.instant("resolution_due_at"), Some(at("2026-11-23T12:00:00Z")));
    let set = [
        ("title", text("Patch")),
        ("kind", text("planned_maintenance")),
        ("from_at", Value::Instant(at("2026-11-23T10:00:00Z"))),
        ("until_at", Value::Instant(at("2026-11-23T13:00:00Z"))),
        ("approved_by", Value::Link(3)),
    ];
    let number = desk.put("exclusion", "approved", &set, &[("agreements", "agreement", agreement)]);
    let (cut, jobs) = desk.timer(&record, at("2026-11-23T09:00:00Z"));
    assert_eq!(cut.instant("resolution_due_at"), Some(at("2026-11-23T15:00:00Z")));
    assert!(
        jobs.iter().any(|j| j.key == "incident/1042/resolution" && j.run_at > at("2026-11-23T13:00:00Z"))
    );
    let story = clock_story(&cut, "resolution", WRITERS);
    let told = story.happenings.iter().find(|h| h.words.contains("does not count")).unwrap();
    assert_eq!(
        told.words,
        "2026-11-23T10:00:00Z to 2026-11-23T13:00:00Z does not count (planned maintenance; XCL-1, approved by PER-3)."
    );
    let done = desk.then(cut.clone(), "2026-11-23T09:40:00Z", &[("state", text("resolved"))]);
    let story = clock_story(&done, "resolution", WRITERS);
    assert!(story.happenings.iter().any(|h| h.words == "The clock stops."));
    assert!(!story.happenings.iter().any(|h| h.words.contains("count")), "it came after the stop");
    let (same, _) = desk.timer(&cut, at("2026-11-23T09:30:00Z"));
    assert_eq!(same.values, cut.values, "it is noted once");
    let mut withdrawn = desk.facts["exclusion"].iter().find(|e| e.number == number).unwrap().clone();
    withdrawn.state = "withdrawn".to_owned();
    withdrawn.version += 1;
    desk.fact(withdrawn);
    let (back, _) = desk.timer(&cut, at("2026-11-23T13:30:00Z"));
    assert_eq!(back.instant("resolution_breached_at"), Some(at("2026-11-23T12:00:00Z")));
    assert_eq!(
        back.instant("resolution_breach_recorded_at"),
        Some(at("2026-11-23T13:30:00Z")),
        "not back-dated"
    );
    assert_eq!(ClockLog::read(back.text("resolution_clock")).marks.len(), 4, "nothing was deleted");
}

#[test]
fn an_exclusion_concerns_its_agreement_and_service_only() {
    let mut desk = desk();
    let agreement = desk.agreement("Gold", &[], None);
    desk.target(agreement, "resolution", None, "4h", None, &[]);
    let set = [
        ("title", text("Patch")),
        ("from_at", Value::Instant(at("2026-11-23T10:00:00Z"))),
        ("until_at", Value::Instant(at("2026-11-23T13:00:00Z"))),
    ];
    let links = [("agreements", "agreement", agreement), ("services", "service", 5)];
    desk.put("exclusion", "approved", &set, &links);
    let other = desk.incident("2026-11-23T08:00:00Z", &[("service", Value::Link(6))]);
    assert_eq!(other.instant("resolution_due_at"), Some(at("2026-11-23T12:00:00Z")));
    let own = desk.incident("2026-11-23T08:00:00Z", &[("service", Value::Link(5))]);
    assert_eq!(own.instant("resolution_due_at"), Some(at("2026-11-23T15:00:00Z")));
    desk.put("exclusion", "proposed", &set, &[("agreements", "agreement", agreement)]);
    let proposed = desk.incident("2026-11-23T08:00:00Z", &[("service", Value::Link(6))]);
    assert_eq!(proposed.instant("resolution_due_at"), Some(at("2026-11-23T12:00:00Z")), "a proposal is none");
}

#[test]
fn a_contract_may_exclude_too() {
    let mut desk = desk();
    let set = [
        ("title", text("Strike")),
        ("kind", text("force_majeure")),
        ("from_at", Value::Instant(at("2026-11-23T10:00:00Z"))),
        ("until_at", Value::Instant(at("2026-11-23T14:00:00Z"))),
    ];
    desk.put("exclusion", "approved", &set, &[("contracts", "contract", 1)]);
    let record = desk.incident("2026-11-23T08:00:00Z", &[("supplier", Value::Link(1))]);
    let waits = [("state", text("waiting")), ("hold_reason", text("supplier"))];
    let away = desk.then(record, "2026-11-23T09:00:00Z", &waits);
    assert_eq!(away.instant("supplier_due_at"), Some(at("2026-11-23T21:00:00Z")));
}
