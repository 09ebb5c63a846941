//! Tests of the rule `clocks`: scenarios of the clock vectors through writes, target choice, timers, columns.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use proofdesk_calendar::Evaluation;
use proofdesk_model::clock_log::{ClockLog, MarkKind};
use proofdesk_model::clock_view::{ClockState, ClockTone, Writers, clock_story, clock_view};
use proofdesk_model::{Change, Door, Facts, Job, Lookup, Record, Stamp, Value};
use std::sync::Arc;

use super::replay;
use crate::book::Book;
use crate::testing::{Desk, at, text};

const MINUTE: i64 = 60_000_000;

/// People by number, times as they are stored.
const WRITERS: Writers<'static> =
    Writers { person: &|n| format!("PER-{n}"), when: &proofdesk_model::format::write_instant };
const VIENNA: &str = "mon-fri 08:00-17:00";
const HOLIDAYS: &str = "2026-12-08 closed\n2026-12-24 08:00-12:00\n2026-12-25 closed";

/// Vienna hours, one agreement for all, four hours for every resolution.
fn vienna(limit: &str, more: &[(&str, Value)]) -> Desk {
    let mut desk = Desk::new();
    let hours = desk.hours("Europe/Vienna", VIENNA, HOLIDAYS);
    let agreement = desk.agreement("Gold", &[], None);
    desk.target(agreement, "resolution", None, limit, Some(hours), more);
    desk
}

fn book(desk: &Desk) -> Book {
    let mut facts = Facts::default();
    for (name, records) in &desk.facts {
        facts.insert(Lookup::All(name.clone()), Arc::new(records.clone()));
    }
    Book::read(&facts)
}

fn evaluated(desk: &Desk, record: &Record, now: i64) -> Evaluation {
    let spec = record.of.clocks.iter().find(|c| c.name == "resolution").unwrap();
    let log = ClockLog::read(record.text("resolution_clock"));
    replay(&log, spec, now, &book(desk)).unwrap().unwrap()
}

fn minutes(record: &Record, column: &str) -> i64 {
    record.int(column).unwrap() / MINUTE
}

fn kinds(record: &Record) -> Vec<MarkKind> {
    ClockLog::read(record.text("resolution_clock")).marks.iter().map(|m| m.kind).collect()
}

#[test]
fn a_new_record_gets_its_due_time_in_open_hours() {
    // V02: created on Friday after hours, due Monday noon
    let desk = vienna("4h", &[]);
    let record = desk.incident("2026-11-20T17:30:00Z", &[]);
    assert_eq!(record.text("resolution_state"), Some("running"));
    assert_eq!(record.instant("resolution_due_at"), Some(at("2026-11-23T11:00:00Z")));
    assert_eq!(minutes(&record, "resolution_target"), 240);
    assert_eq!(minutes(&record, "resolution_elapsed"), 0);
    assert_eq!(record.text("resolution_agreement"), Some("SLA-1 Gold"));
    assert_eq!(record.instant("resolution_breached_at"), None);
    // nothing is promised for the response
    assert_eq!(record.text("response_state"), None);
    let log = ClockLog::read(record.text("response_clock"));
    assert_eq!(log.without.as_deref(), Some("SLA-1 Gold promises no response without a priority."));
}

#[test]
fn stopping_in_closed_time_with_nothing_left_is_met_and_a_minute_later_missed() {
    // V03, V04 and V05
    let desk = vienna("2h", &[]);
    let record = desk.incident("2026-11-20T14:00:00Z", &[]);
    let met = desk.then(record.clone(), "2026-11-21T09:00:00Z", &[("state", text("resolved"))]);
    assert_eq!(met.text("resolution_state"), Some("stopped"));
    assert_eq!(met.instant("resolution_breached_at"), None);
    assert_eq!(met.instant("resolution_due_at"), Some(at("2026-11-20T16:00:00Z")));
    assert_eq!(met.instant("resolution_stopped_at"), Some(at("2026-11-21T09:00:00Z")));
    let missed = desk.then(record, "2026-11-23T07:01:00Z", &[("state", text("resolved"))]);
    assert_eq!(missed.instant("resolution_breached_at"), Some(at("2026-11-23T07:00:00Z")));
    assert_eq!(minutes(&missed, "resolution_elapsed"), 121);
}

#[test]
fn waiting_for_the_customer_pauses_and_other_waiting_does_not() {
    let desk = vienna("4h", &[]);
    let record = desk.incident("2026-11-23T08:00:00Z", &[]);
    let waits = [("state", text("waiting")), ("hold_reason", text("customer"))];
    let paused = desk.then(record.clone(), "2026-11-23T09:00:00Z", &waits);
    assert_eq!(paused.text("resolution_state"), Some("paused"));
    assert_eq!(paused.instant("resolution_due_at"), None, "a projection is not a due time");
    assert_eq!(minutes(&paused, "resolution_elapsed"), 60);
    let on = desk.then(paused, "2026-11-23T13:00:00Z", &[("state", text("in_progress"))]);
    assert_eq!(on.instant("resolution_due_at"), Some(at("2026-11-23T16:00:00Z")));
    let supplier = [("state", text("waiting")), ("hold_reason", text("supplier"))];
    let running = desk.then(record, "2026-11-23T09:00:00Z", &supplier);
    assert_eq!(running.text("resolution_state"), Some("running"));
    assert_eq!(kinds(&running), [MarkKind::Start, MarkKind::Target]);
    let later = desk.then(running, "2026-11-23T10:00:00Z", &[("hold_reason", text("customer"))]);
    assert_eq!(later.text("resolution_state"), Some("paused"), "the reason changed while waiting");
}

#[test]
fn the_agreement_decides_which_reasons_pause() {
    let reasons = Value::Choices(vec!["approval".to_owned()]);
    let desk = vienna("4h", &[("pause_reasons", reasons)]);
    let record = desk.incident("2026-11-23T08:00:00Z", &[]);
    let waits = [("state", text("waiting")), ("hold_reason", text("customer"))];
    let held = desk.then(record, "2026-11-23T09:00:00Z", &waits);
    assert_eq!(kinds(&held).last(), Some(&MarkKind::Pause), "the hold is written down");
    assert_eq!(held.text("resolution_state"), Some("running"), "but it does not stop this clock");
    assert_eq!(held.instant("resolution_due_at"), Some(at("2026-11-23T12:00:00Z")));
}

#[test]
fn reopening_follows_the_agreement() {
    let table = [
        ("resume", "2026-11-24T09:00:00Z"),
        ("count_gap", "2026-11-23T12:00:00Z"),
        ("restart", "2026-11-24T12:00:00Z"),
    ];
    for (policy, due) in table {
        let desk = vienna("4h", &[("reopen", text(policy))]);
        let record = desk.incident("2026-11-23T08:00:00Z", &[]);
        let done = desk.then(record, "2026-11-23T11:00:00Z", &[("state", text("resolved"))]);
        let closed = desk.then(done, "2026-11-23T15:00:00Z", &[("state", text("closed"))]);
        assert_eq!(closed.instant("resolution_stopped_at"), Some(at("2026-11-23T11:00:00Z")), "{policy}");
        let again = desk.then(closed, "2026-11-24T08:00:00Z", &[("state", text("in_progress"))]);
        assert_eq!(again.text("resolution_state"), Some("running"), "{policy}");
        assert_eq!(again.instant("resolution_due_at"), Some(at(due)), "{policy}");
        assert_eq!(again.instant("resolution_stopped_at"), None);
        let log = ClockLog::read(again.text("resolution_clock"));
        let ended = log.marks.last().unwrap().ended;
        assert_eq!(ended.map(|e| e.elapsed_seconds), (policy == "restart").then_some(3 * 3600), "{policy}");
    }
}

#[test]
fn another_priority_keeps_what_was_used_and_may_reveal_a_breach() {
    let mut desk = vienna("8h", &[]);
    desk.target(1, "resolution", Some("p1"), "1h", Some(1), &[]);
    let record = desk.incident("2026-11-23T08:00:00Z", &[]);
    let raised = desk.then(record, "2026-11-23T11:00:00Z", &[("priority", text("p1"))]);
    assert_eq!(raised.instant("resolution_breached_at"), Some(at("2026-11-23T09:00:00Z")));
    assert_eq!(raised.instant("resolution_breach_recorded_at"), Some(at("2026-11-23T11:00:00Z")));
    assert_eq!(minutes(&raised, "resolution_target"), 60);
    let log = ClockLog::read(raised.text("resolution_clock"));
    let ended = log.marks.last().unwrap().ended.unwrap();
    assert_eq!((ended.target_seconds, ended.elapsed_seconds, ended.breached_at), (8 * 3600, 3 * 3600, None));
    let back = desk.then(raised, "2026-11-23T12:00:00Z", &[("priority", Value::Null)]);
    assert_eq!(back.instant("resolution_due_at"), Some(at("2026-11-23T16:00:00Z")));
    assert_eq!(back.instant("resolution_breached_at"), None);
    let log = ClockLog::read(back.text("resolution_clock"));
    let kept = log.marks.last().unwrap().ended.unwrap();
    assert_eq!(kept.breached_at, Some(at("2026-11-23T09:00:00Z") / 1_000_000), "the fact stays");
}

#[test]
fn a_retroactive_start_is_attached_when_it_is_written() {
    let desk = vienna("1h", &[]);
    let since = [("reported_at", Value::Instant(at("2026-11-23T08:00:00Z")))];
    let record = desk.incident("2026-11-23T10:00:00Z", &since);
    assert_eq!(record.instant("resolution_breached_at"), Some(at("2026-11-23T09:00:00Z")));
    assert_eq!(record.instant("resolution_breach_recorded_at"), Some(at("2026-11-23T10:00:00Z")));
    assert_eq!(minutes(&record, "resolution_elapsed"), 120);
}

#[test]
fn pauses_before_the_target_was_known_count() {
    let mut desk = Desk::new();
    let hours = desk.hours("Europe/Vienna", VIENNA, "");
    let agreement = desk.agreement("Gold", &[], None);
    desk.target(agreement, "resolution", Some("p2"), "4h", Some(hours), &[]);
    let record = desk.incident("2026-11-23T08:00:00Z", &[]);
    assert_eq!(record.text("resolution_state"), None);
    let waits = [("state", text("waiting")), ("hold_reason", text("customer"))];
    let held = desk.then(record, "2026-11-23T09:00:00Z", &waits);
    let on = desk.then(held, "2026-11-23T11:00:00Z", &[("state", text("in_progress"))]);
    let known = desk.then(on, "2026-11-23T12:00:00Z", &[("priority", text("p2"))]);
    assert_eq!(minutes(&known, "resolution_elapsed"), 120);
    assert_eq!(known.instant("resolution_due_at"), Some(at("2026-11-23T14:00:00Z")));
}

#[test]
fn a_corrected_start_keeps_the_uncorrected_result() {
    let desk = vienna("2h", &[]);
    let record = desk.incident("2026-11-23T10:00:00Z", &[]);
    let earlier = [("reported_at", Value::Instant(at("2026-11-23T08:00:00Z")))];
    let right = desk.then(record, "2026-11-23T11:00:00Z", &earlier);
    assert_eq!(minutes(&right, "resolution_elapsed"), 180);
    assert_eq!(right.instant("resolution_breached_at"), Some(at("2026-11-23T10:00:00Z")));
    assert_eq!(right.instant("resolution_breach_recorded_at"), Some(at("2026-11-23T11:00:00Z")));
    let now = at("2026-11-23T11:00:00Z");
    assert_eq!(evaluated(&desk, &right, now).uncorrected.unwrap().elapsed_seconds, 3600);
    let twice = [("reported_at", Value::Instant(at("2026-11-23T09:00:00Z")))];
    let again = desk.then(right, "2026-11-23T11:30:00Z", &twice);
    assert_eq!(minutes(&again, "resolution_elapsed"), 150);
}

#[test]
fn the_most_specific_agreement_wins() {
    let mut desk = Desk::new();
    let make = |desk: &mut Desk, name: &str, services: &[i64], customer: Option<i64>, limit: &str| {
        let agreement = desk.agreement(name, services, customer);
        desk.target(agreement, "resolution", None, limit, None, &[]);
        desk.target(agreement, "resolution", Some("p1"), "10m", None, &[]);
    };
    make(&mut desk, "General", &[], None, "1h");
    make(&mut desk, "Service", &[5, 6], None, "2h");
    make(&mut desk, "Customer", &[], Some(9), "3h");
    make(&mut desk, "Both", &[5], Some(9), "4h");
    make(&mut desk, "Both again", &[5], Some(9), "5h");
    let table = [
        (None, None, 60),
        (Some(5), None, 120),
        (Some(6), Some(9), 120),
        (Some(7), Some(9), 180),
        (Some(5), Some(9), 240),
        (None, Some(8), 60),
    ];
    for (service, customer, expected) in table {
        let link = |n: Option<i64>| n.map_or(Value::Null, Value::Link);
        let set = [("service", link(service)), ("customer", link(customer))];
        let record = desk.incident("2026-11-23T08:00:00Z", &set);
        assert_eq!(minutes(&record, "resolution_target"), expected, "{service:?} {customer:?}");
        let p1 = desk.then(record, "2026-11-23T08:00:00Z", &[("priority", text("p1"))]);
        assert_eq!(minutes(&p1, "resolution_target"), 10, "its own priority first");
    }
}

#[test]
fn agreements_hold_on_their_days_and_only_for_customers() {
    let cases = [
        ("in_force", "sla", Some(20_780), Some(20_780), true),
        ("in_force", "sla", Some(20_781), None, false),
        ("in_force", "sla", None, Some(20_779), false),
        ("draft", "sla", None, None, false),
        ("ended", "sla", None, Some(20_780), true),
        ("ended", "sla", None, None, false),
        ("in_force", "internal", None, None, false),
    ];
    for (state, kind, from, until, covers) in cases {
        let mut desk = Desk::new();
        let number = desk.agreement("Gold", &[], None);
        let mut record = desk.facts["agreement"][0].clone();
        record.state = state.to_owned();
        record.set("agreement_type", text(kind));
        record.set("valid_from", from.map_or(Value::Null, Value::Day));
        record.set("valid_until", until.map_or(Value::Null, Value::Day));
        desk.fact(record);
        desk.target(number, "resolution", None, "1h", None, &[]);
        // 2026-11-23 is day 20780
        let record = desk.incident("2026-11-23T08:00:00Z", &[]);
        assert_eq!(record.text("resolution_state").is_some(), covers, "{state} {kind} {from:?} {until:?}");
    }
}

#[test]
fn a_running_clock_keeps_target_and_hours_it_started_with() {
    let mut desk = vienna("4h", &[]);
    let record = desk.incident("2026-11-23T08:00:00Z", &[]);
    let hours = desk.facts["service_hours"][0].clone();
    let longer = Change::default().with_text("week", "mon-sun 00:00-24:00");
    let hours = desk.write("service_hours", Some(hours), longer, "2026-11-23T08:30:00Z").unwrap();
    assert_eq!(crate::hours_version(&hours), 2);
    desk.fact(hours);
    let mut target = desk.facts["target"][0].clone();
    target.set("duration", text("1h"));
    target.version += 1;
    desk.fact(target);
    let waits = [("state", text("waiting")), ("hold_reason", text("customer"))];
    let held = desk.then(record, "2026-11-23T15:30:00Z", &waits);
    assert_eq!(minutes(&held, "resolution_target"), 240);
    let on = desk.then(held, "2026-11-24T08:00:00Z", &[("state", text("in_progress"))]);
    assert_eq!(on.instant("resolution_breached_at"), Some(at("2026-11-23T12:00:00Z")));
    assert_eq!(minutes(&on, "resolution_elapsed"), 450);
    // what starts now goes by the new version
    let new = desk.incident("2026-11-23T20:00:00Z", &[]);
    assert_eq!(new.instant("resolution_due_at"), Some(at("2026-11-23T21:00:00Z")));
}

#[test]
fn a_union_of_hours_is_open_when_any_is() {
    let mut desk = Desk::new();
    let vienna = desk.hours("Europe/Vienna", VIENNA, "");
    let tokyo = desk.hours("Asia/Tokyo", "mon-fri 09:00-18:00", "");
    let mut both = desk.facts["service_hours"][0].clone();
    both.number = 0;
    both.set("week", Value::Null);
    both.set("exceptions", Value::Null);
    let part = |n| proofdesk_model::Reference::new("service_hours", n);
    both.links.insert("union_of".to_owned(), vec![part(vienna), part(tokyo)]);
    let both = desk.fact(both);
    let agreement = desk.agreement("Sun", &[], None);
    desk.target(agreement, "resolution", None, "12h", Some(both), &[]);
    // Vienna closes at 16:00 UTC, Tokyo opens at 00:00 UTC and closes at 09:00
    let record = desk.incident("2026-11-23T14:00:00Z", &[]);
    assert_eq!(record.instant("resolution_due_at"), Some(at("2026-11-24T10:00:00Z")));
    let log = ClockLog::read(record.text("resolution_clock"));
    assert_eq!(log.promise().unwrap().hours, "HRS-3@1(HRS-1@1,HRS-2@1)");
}

#[test]
fn risk_and_breach_are_written_by_the_timer_when_they_happen() {
    let desk = vienna("4h", &[("at_risk_percent", Value::Int(75))]);
    let stamp = Stamp::now(at("2026-11-23T08:00:00Z"), Door::Page);
    let change = Change::default().with_text("title", "Tills down");
    let checked = desk.check("incident", None, change, stamp).unwrap();
    assert_eq!(checked.jobs().len(), 1);
    assert_eq!(checked.jobs()[0].key, "incident/{number}/resolution");
    let checked = checked.numbered(1042);
    let job = &checked.jobs()[0];
    assert_eq!((job.kind.as_str(), job.key.as_str()), ("clock", "incident/1042/resolution"));
    assert_eq!(job.payload, serde_json::json!({"type": "incident", "number": 1042, "clock": "resolution"}));
    assert_eq!(job.run_at, at("2026-11-23T11:00:00Z"));
    let record = checked.clone().into_record();
    let (at_risk, jobs) = desk.timer(&record, job.run_at);
    assert_eq!(at_risk.instant("resolution_at_risk_at"), Some(at("2026-11-23T11:00:00Z")));
    assert_eq!(at_risk.instant("resolution_breached_at"), None);
    assert_eq!(jobs[0].run_at, at("2026-11-23T12:00:01Z"));
    // the timer was down for a day
    let (breached, jobs) = desk.timer(&at_risk, at("2026-11-24T12:00:00Z"));
    assert_eq!(breached.instant("resolution_breached_at"), Some(at("2026-11-23T12:00:00Z")));
    assert_eq!(breached.updated_at, at("2026-11-24T12:00:00Z"), "the entry is not back-dated");
    assert_eq!((jobs.len(), jobs[0].run_at), (1, Job::NEVER), "nothing more fires");
    let (same, jobs) = desk.timer(&breached, at("2026-11-25T12:00:00Z"));
    assert_eq!(same.values, breached.values, "a second breach is none");
    assert!(jobs.is_empty());
}

#[test]
fn a_write_that_does_not_touch_the_clock_changes_no_column() {
    let desk = vienna("4h", &[]);
    let record = desk.incident("2026-11-23T08:00:00Z", &[]);
    let later = desk.then(record.clone(), "2026-11-23T09:00:00Z", &[("category", text("Network"))]);
    let changed: Vec<&str> = (record.of.columns().iter().enumerate())
        .filter(|(i, _)| record.values[*i] != later.values[*i])
        .map(|(_, c)| c.name.as_str())
        .collect();
    assert_eq!(changed, ["category"]);
}

#[test]
fn losing_the_agreement_withdraws_the_clock_and_another_one_revives_it() {
    let mut desk = Desk::new();
    let agreement = desk.agreement("Shop", &[5], None);
    desk.target(agreement, "resolution", None, "4h", None, &[]);
    let record = desk.incident("2026-11-23T08:00:00Z", &[("service", Value::Link(5))]);
    let lost = desk.then(record, "2026-11-23T09:00:00Z", &[("service", Value::Link(6))]);
    assert_eq!(lost.text("resolution_state"), Some("cancelled"));
    assert_eq!(lost.text("resolution_agreement"), None);
    let log = ClockLog::read(lost.text("resolution_clock"));
    assert_eq!(
        (log.without.as_deref(), log.next_fire),
        (Some("No agreement in force covers this record."), None)
    );
    let back = desk.then(lost, "2026-11-23T10:00:00Z", &[("service", Value::Link(5))]);
    assert_eq!(back.text("resolution_state"), Some("running"));
    assert_eq!(back.instant("resolution_due_at"), Some(at("2026-11-23T12:00:00Z")));
}

#[test]
fn a_withdrawn_record_is_no_kept_promise() {
    let desk = vienna("4h", &[]);
    let record = desk.incident("2026-11-23T08:00:00Z", &[]);
    let gone = desk.then(record, "2026-11-23T09:00:00Z", &[("state", text("cancelled"))]);
    assert_eq!(gone.text("resolution_state"), Some("cancelled"));
    let back = desk.then(gone, "2026-11-23T11:00:00Z", &[("state", text("in_progress"))]);
    assert_eq!(back.text("resolution_state"), Some("running"));
    assert_eq!(back.instant("resolution_due_at"), Some(at("2026-11-23T14:00:00Z")));
}

#[test]
fn the_response_is_given_once() {
    let mut desk = Desk::new();
    let agreement = desk.agreement("Gold", &[], None);
    desk.target(agreement, "response", None, "15m", None, &[]);
    let record = desk.incident("2026-11-23T08:00:00Z", &[]);
    let assigned = desk.then(record, "2026-11-23T08:02:00Z", &[("state", text("assigned"))]);
    assert_eq!(assigned.text("response_state"), Some("running"));
    let begun = desk.then(assigned, "2026-11-23T08:04:00Z", &[("state", text("in_progress"))]);
    let back = desk.then(begun, "2026-11-23T09:00:00Z", &[("state", text("assigned"))]);
    assert_eq!(back.text("response_state"), Some("stopped"));
    assert_eq!(minutes(&back, "response_elapsed"), 4);
    let view = clock_view(&back, "response", at("2026-11-23T12:00:00Z")).unwrap();
    assert_eq!(
        (view.state, view.words.as_str(), view.used_percent),
        (ClockState::Met, "met in 4 of 15 min", 26)
    );
}

#[test]
fn a_start_in_the_future_is_refused_at_a_page() {
    let desk = vienna("4h", &[]);
    let stamp = Stamp::now(at("2026-11-23T08:00:00Z"), Door::Page);
    let at_instant = |instant: &str| {
        Change::default().with_text("title", "Soon").with("reported_at", Value::Instant(at(instant)))
    };
    let refused = desk.check("incident", None, at_instant("2026-11-23T09:00:00Z"), stamp).unwrap_err();
    assert_eq!((refused.0.len(), refused.0[0].field.as_str()), (1, "reported_at"));
    let skewed = desk.check("incident", None, at_instant("2026-11-23T08:00:30Z"), stamp).unwrap();
    assert_eq!(skewed.after().instant("resolution_due_at"), Some(at("2026-11-23T12:00:00Z")));
}

#[test]
fn a_view_says_where_the_clock_stands() {
    let desk = vienna("4h", &[("at_risk_percent", Value::Int(75))]);
    let record = desk.incident("2026-11-23T08:00:00Z", &[]);
    let see = |record: &Record, now: &str| {
        let view = clock_view(record, "resolution", at(now)).unwrap();
        (view.words, view.tone, view.used_percent)
    };
    assert_eq!(see(&record, "2026-11-23T08:55:00Z"), ("3 h 05 left".to_owned(), ClockTone::Plain, 22));
    let (risk, _) = desk.timer(&record, at("2026-11-23T11:00:00Z"));
    assert_eq!(see(&risk, "2026-11-23T11:38:00Z"), ("22 min left".to_owned(), ClockTone::Risk, 90));
    let (over, _) = desk.timer(&risk, at("2026-11-23T12:00:01Z"));
    assert_eq!(see(&over, "2026-11-23T12:18:00Z"), ("18 min over".to_owned(), ClockTone::Bad, 100));
    let done = desk.then(over, "2026-11-23T12:30:00Z", &[("state", text("resolved"))]);
    assert_eq!(see(&done, "2026-11-24T08:00:00Z"), ("missed by 30 min".to_owned(), ClockTone::Bad, 100));
    let story = clock_story(&done, "resolution", WRITERS);
    let words: Vec<&str> = story.happenings.iter().map(|h| h.words.as_str()).collect();
    assert_eq!(
        words,
        [
            "The clock starts.",
            "Target 4h by SLA-1 (TGT-1 version 1, HRS-1 version 1).",
            "At risk.",
            "Target breached.",
            "The clock stops."
        ]
    );
}

mod replayed {
    //! The same happenings give the same columns, however they are cut into writes, and the columns are the calendar's.
    use super::{Desk, Record, Value, at, evaluated, text, vienna};
    use std::sync::LazyLock;

    use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};

    #[derive(Debug, Clone)]
    enum Deed {
        State(&'static str),
        Hold(&'static str),
        Priority(Option<&'static str>),
        Timer,
        Category,
    }

    fn deed() -> impl Strategy<Value = Deed> {
        prop_oneof![
            prop::sample::select(vec!["new", "assigned", "in_progress", "resolved", "closed", "cancelled"])
                .prop_map(Deed::State),
            prop::sample::select(vec!["customer", "supplier"]).prop_map(Deed::Hold),
            prop::sample::select(vec![Some("p1"), Some("p2"), None]).prop_map(Deed::Priority),
            Just(Deed::Timer),
            Just(Deed::Category),
        ]
    }

    static DESK: LazyLock<Desk> = LazyLock::new(|| {
        let mut desk = vienna("8h", &[]);
        desk.target(1, "resolution", Some("p1"), "2h", None, &[]);
        desk
    });

    fn run(desk: &Desk, deeds: &[(Deed, i64)], spread: bool) -> Record {
        let mut record = desk.incident("2026-11-20T09:00:00Z", &[]);
        let mut now = at("2026-11-20T09:00:00Z");
        for (deed, gap) in deeds {
            now += gap * 60_000_000;
            let when = proofdesk_model::format::write_instant(now);
            if spread {
                record = desk.then(record, &when, &[("category", text("between"))]);
            }
            record = match deed {
                Deed::State(state) => desk.then(record, &when, &[("state", text(state))]),
                Deed::Hold(why) => {
                    desk.then(record, &when, &[("state", text("waiting")), ("hold_reason", text(why))])
                }
                Deed::Priority(p) => desk.then(record, &when, &[("priority", p.map_or(Value::Null, text))]),
                Deed::Timer => desk.timer(&record, now).0,
                Deed::Category => desk.then(record, &when, &[("category", text("Network"))]),
            };
        }
        record
    }

    proptest! {
        #[test]
        fn columns_are_what_the_calendar_says(
            deeds in prop::collection::vec((deed(), 0_i64..2_000), 0..12),
            spread in any::<bool>(),
        ) {
            let desk = &*DESK;
            let record = run(desk, &deeds, false);
            let other = run(desk, &deeds, spread);
            for suffix in ["clock", "state", "due_at", "target", "at_risk_at", "breached_at", "breach_recorded_at", "stopped_at"] {
                let name = format!("resolution_{suffix}");
                prop_assert_eq!(record.get(&name), other.get(&name), "{}", name);
            }
            let seen = evaluated(desk, &record, record.updated_at);
            prop_assert_eq!(record.instant("resolution_breached_at"), seen.breach_at);
            prop_assert_eq!(record.instant("resolution_breach_recorded_at"), seen.breach_recorded_at);
            prop_assert_eq!(record.int("resolution_target"), Some(seen.target_seconds * 1_000_000));
            let due = seen.due_at.filter(|_| !seen.due_is_projection);
            prop_assert_eq!(record.instant("resolution_due_at"), due);
            let elapsed = record.int("resolution_elapsed").unwrap_or_default() / 1_000_000;
            if record.text("resolution_state") == Some("running") {
                prop_assert!(elapsed <= seen.elapsed_seconds);
            } else {
                prop_assert_eq!(elapsed, seen.elapsed_seconds);
            }
        }
    }
}
