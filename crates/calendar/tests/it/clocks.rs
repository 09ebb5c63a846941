//! Rules of clocks that the vectors do not show: reasons, exclusions, corrections, timers.

use super::{at, definition, event, iso, pause, start};
use proofdesk_calendar::{
    CalendarError, ClockDefinition, ClockEvent, ClockState, Ended, Evaluation, ReopenPolicy, RetargetPolicy,
    ServiceHours, What, check_events, evaluate, risk_threshold,
};
use std::collections::HashMap;

fn shelf() -> HashMap<String, ServiceHours> {
    [
        ("always", "zone UTC\nday 24h\nmon-sun 00:00-24:00"),
        ("office", "zone UTC\nday 9h\nmon-fri 08:00-17:00"),
        ("office@2", "zone UTC\nday 9h\nmon-fri 08:00-17:00\n2026-11-24 closed staff day"),
    ]
    .into_iter()
    .map(|(key, text)| (key.to_owned(), ServiceHours::parse(text).unwrap()))
    .collect()
}

fn run(definition: &ClockDefinition, events: &[ClockEvent], now: &str) -> Evaluation {
    evaluate(definition, events, at(now), &shelf()).unwrap()
}

fn correct(instant: &str, leave_out: Vec<usize>, put_in: Vec<ClockEvent>) -> ClockEvent {
    let what = What::Correct {
        by: "Ines Gruber".into(),
        reason: "the call shows it".into(),
        evidence: "REC-12".into(),
        leave_out,
        put_in,
    };
    event(instant, what)
}

fn suppress(instant: &str, from: &str, to: &str) -> ClockEvent {
    let what = What::Suppress {
        from: at(from),
        to: at(to),
        reason: "planned maintenance".into(),
        record: "CHG-7".into(),
        approval: "customer board".into(),
    };
    event(instant, what)
}

#[test]
fn a_clock_without_start_shows_its_target_only() {
    let shown = run(&definition("4h", "office"), &[], "2026-11-23T10:00:00Z");
    assert_eq!((shown.state, shown.start_at, shown.due_at), (ClockState::NotStarted, None, None));
    assert_eq!((shown.target_seconds, shown.elapsed_seconds, shown.breached), (14_400, 0, false));
    assert_eq!((shown.next_fire_at, shown.at_risk[0].at, shown.at_risk[0].reached), (None, None, false));
    let cancelled = [event("2026-11-23T08:00:00Z", What::Cancel), start("2026-11-23T09:00:00Z")];
    let shown = run(&definition("4h", "office"), &cancelled, "2026-11-23T10:00:00Z");
    assert_eq!((shown.state, shown.start_at, shown.elapsed_seconds), (ClockState::Cancelled, None, 0));
}

#[test]
fn only_agreed_reasons_pause() {
    let mut clock = definition("4h", "office");
    clock.pause_reasons = Some(vec!["customer".into()]);
    let held = |reason| [start("2026-11-23T08:00:00Z"), pause("2026-11-23T09:00:00Z", reason)];
    let shown = run(&clock, &held("supplier"), "2026-11-23T10:00:00Z");
    assert_eq!((shown.state, shown.elapsed_seconds), (ClockState::Running, 7200));
    let shown = run(&clock, &held("customer"), "2026-11-23T10:00:00Z");
    assert_eq!((shown.state, shown.elapsed_seconds), (ClockState::Paused, 3600));
}

#[test]
fn a_pause_before_the_start_holds_the_clock_from_its_start() {
    let events = [pause("2026-11-23T08:00:00Z", "customer"), start("2026-11-23T08:00:00Z")];
    let shown = run(&definition("4h", "office"), &events, "2026-11-23T10:00:00Z");
    assert_eq!((shown.state, shown.elapsed_seconds), (ClockState::Paused, 0));
    assert!(shown.due_is_projection);
}

#[test]
fn repeated_events_change_nothing() {
    let once = [
        start("2026-11-23T08:00:00Z"),
        pause("2026-11-23T09:00:00Z", "a"),
        event("2026-11-23T11:00:00Z", What::Resume),
        event("2026-11-23T12:00:00Z", What::Stop),
    ];
    let twice: Vec<ClockEvent> = [
        event("2026-11-23T08:30:00Z", What::Resume),
        start("2026-11-23T08:40:00Z"),
        pause("2026-11-23T10:00:00Z", "b"),
        event("2026-11-23T11:30:00Z", What::Resume),
        event("2026-11-23T11:40:00Z", What::Reopen),
        event("2026-11-23T13:00:00Z", What::Stop),
        pause("2026-11-23T13:10:00Z", "c"),
        event("2026-11-23T13:20:00Z", What::Resume),
    ]
    .into_iter()
    .chain(once.clone())
    .collect();
    let clock = definition("4h", "office");
    let shown = run(&clock, &once, "2026-11-23T15:00:00Z");
    assert_eq!(shown.elapsed_seconds, 7200);
    // The second list is also out of order: instants decide.
    assert_eq!(run(&clock, &twice, "2026-11-23T15:00:00Z"), shown);
}

#[test]
fn a_paused_clock_past_its_target_is_due_in_fact() {
    let events = [start("2026-11-23T08:00:00Z"), pause("2026-11-23T13:00:00Z", "customer")];
    let shown = run(&definition("4h", "office"), &events, "2026-11-24T10:00:00Z");
    assert!(shown.breached && !shown.due_is_projection);
    assert_eq!(shown.due_at.map(iso).as_deref(), Some("2026-11-23T12:00:00Z"));
    assert_eq!((shown.breach_fires_at, shown.next_fire_at), (None, None));
}

#[test]
fn a_target_used_up_at_a_pause_is_breached_only_after_the_hold() {
    let events = [
        start("2026-11-23T08:00:00Z"),
        pause("2026-11-23T12:00:00Z", "customer"),
        event("2026-11-23T15:00:00Z", What::Resume),
    ];
    let clock = definition("4h", "office");
    let held = run(&clock, &events[..2], "2026-11-23T14:00:00Z");
    assert_eq!((held.breached, held.due_is_projection, held.remaining_seconds), (false, false, 0));
    let shown = run(&clock, &events, "2026-11-23T16:00:00Z");
    assert_eq!(shown.due_at.map(iso).as_deref(), Some("2026-11-23T12:00:00Z"));
    assert_eq!(shown.breach_at.map(iso).as_deref(), Some("2026-11-23T15:00:00Z"));
}

#[test]
fn a_gap_counts_unless_the_clock_was_paused_when_it_stopped() {
    let mut clock = definition("8h", "always");
    clock.reopen = ReopenPolicy::CountGap;
    let mut events = vec![
        start("2026-11-23T08:00:00Z"),
        event("2026-11-23T10:00:00Z", What::Stop),
        event("2026-11-23T13:00:00Z", What::Reopen),
    ];
    assert_eq!(run(&clock, &events, "2026-11-23T14:00:00Z").elapsed_seconds, 6 * 3600);
    events.insert(1, pause("2026-11-23T09:00:00Z", "customer"));
    assert_eq!(run(&clock, &events, "2026-11-23T14:00:00Z").elapsed_seconds, 2 * 3600);
}

#[test]
fn restart_at_reopening_keeps_the_stopped_instance() {
    let mut clock = definition("1h", "office");
    clock.reopen = ReopenPolicy::Restart;
    let events = [
        start("2026-11-23T08:00:00Z"),
        event("2026-11-23T10:00:00Z", What::Stop),
        event("2026-11-23T16:30:00Z", What::Reopen),
    ];
    let shown = run(&clock, &events, "2026-11-24T08:10:00Z");
    assert_eq!((shown.instance, shown.elapsed_seconds, shown.breached), (1, 40 * 60, false));
    assert_eq!(shown.start_at.map(iso).as_deref(), Some("2026-11-23T16:30:00Z"));
    let prior = &shown.prior[0];
    assert_eq!((prior.ended, prior.elapsed_seconds, prior.breached), (Ended::Reopened, 7200, true));
    assert_eq!(prior.breach_at.map(iso).as_deref(), Some("2026-11-23T09:00:00Z"));
}

#[test]
fn a_cancelled_instance_keeps_its_breach() {
    let clock = definition("1h", "office");
    let retarget = What::Retarget { target: "8h".parse().unwrap(), hours: None };
    let events = [start("2026-11-23T08:00:00Z"), event("2026-11-23T10:00:00Z", retarget)];
    let shown = run(&clock, &events, "2026-11-23T11:00:00Z");
    assert!(!shown.breached && shown.prior[0].breached);
    assert_eq!(shown.prior[0].ended, Ended::Retargeted);
    assert_eq!(shown.prior[0].breach_recorded_at.map(iso).as_deref(), Some("2026-11-23T09:00:00Z"));
    assert_eq!(shown.elapsed_seconds, 3 * 3600);
}

#[test]
fn a_restarting_retarget_of_a_paused_clock_stays_paused() {
    let mut clock = definition("4h", "office");
    clock.retarget = RetargetPolicy::Restart;
    let retarget = What::Retarget { target: "2h".parse().unwrap(), hours: Some("always".into()) };
    let events = [
        start("2026-11-23T08:00:00Z"),
        pause("2026-11-23T09:00:00Z", "customer"),
        event("2026-11-23T10:00:00Z", retarget),
        event("2026-11-23T18:00:00Z", What::Resume),
    ];
    assert_eq!(run(&clock, &events[..3], "2026-11-23T12:00:00Z").state, ClockState::Paused);
    let shown = run(&clock, &events, "2026-11-23T19:00:00Z");
    assert_eq!((shown.elapsed_seconds, shown.target_seconds), (3600, 7200));
}

#[test]
fn excluded_intervals_are_subtracted_once() {
    let clock = definition("8h", "always");
    let mut events = vec![
        start("2026-11-23T08:00:00Z"),
        suppress("2026-11-23T08:00:00Z", "2026-11-23T10:00:00Z", "2026-11-23T12:00:00Z"),
        suppress("2026-11-23T08:00:00Z", "2026-11-23T11:00:00Z", "2026-11-23T13:00:00Z"),
    ];
    let shown = run(&clock, &events, "2026-11-23T09:00:00Z");
    assert_eq!(
        shown.due_at.map(iso).as_deref(),
        Some("2026-11-23T19:00:00Z"),
        "one to come moves the due time"
    );
    assert_eq!(run(&clock, &events, "2026-11-23T14:00:00Z").elapsed_seconds, 3 * 3600);
    events.insert(1, pause("2026-11-23T09:00:00Z", "customer"));
    events.push(event("2026-11-23T11:30:00Z", What::Resume));
    assert_eq!(run(&clock, &events, "2026-11-23T14:00:00Z").elapsed_seconds, 2 * 3600);
}

#[test]
fn a_correction_leaves_the_uncorrected_result_visible() {
    let clock = definition("2h", "always");
    let mut events = vec![
        start("2026-11-23T08:00:00Z"),
        event("2026-11-23T09:00:00Z", What::Stop),
        correct("2026-11-23T15:00:00Z", vec![1], vec![event("2026-11-23T12:00:00Z", What::Stop)]),
    ];
    let before = run(&clock, &events, "2026-11-23T14:00:00Z");
    assert_eq!((before.elapsed_seconds, before.uncorrected.is_none()), (3600, true));
    let shown = run(&clock, &events, "2026-11-23T16:00:00Z");
    assert_eq!((shown.elapsed_seconds, shown.breached), (4 * 3600, true));
    assert_eq!(shown.breach_at.map(iso).as_deref(), Some("2026-11-23T10:00:00Z"));
    assert_eq!(
        shown.breach_recorded_at.map(iso).as_deref(),
        Some("2026-11-23T15:00:00Z"),
        "never back-dated"
    );
    let uncorrected = shown.uncorrected.unwrap();
    assert_eq!((uncorrected.elapsed_seconds, uncorrected.breached), (3600, false));
    // The correction was wrong itself: withdrawing it is one more correction.
    events.push(correct("2026-11-23T17:00:00Z", vec![2], vec![]));
    let shown = run(&clock, &events, "2026-11-23T18:00:00Z");
    assert_eq!((shown.elapsed_seconds, shown.breached), (3600, false));
    check_events(&clock, &events, &shelf()).unwrap();
}

#[test]
fn a_replaced_event_keeps_its_rank_within_the_instant() {
    // Stop and reopen in the same instant; the corrected stop must still come before the reopening.
    let clock = definition("8h", "always");
    let events = [
        start("2026-11-23T08:00:00Z"),
        event("2026-11-23T09:00:00Z", What::Stop),
        event("2026-11-23T09:00:00Z", What::Reopen),
        correct("2026-11-23T10:00:00Z", vec![1], vec![event("2026-11-23T09:00:00Z", What::Stop)]),
    ];
    assert_eq!(run(&clock, &events, "2026-11-23T12:00:00Z").state, ClockState::Running);
}

#[test]
fn a_migration_measures_the_same_instance_on_the_new_version() {
    let migrate = What::Migrate { hours: "office@2".into(), reason: "staff day agreed".into() };
    let events = [start("2026-11-23T16:00:00Z"), event("2026-11-25T09:00:00Z", migrate)];
    let clock = definition("1d", "office");
    assert_eq!(run(&clock, &events, "2026-11-25T08:30:00Z").elapsed_seconds, (1 + 9) * 3600 + 1800);
    let shown = run(&clock, &events, "2026-11-25T09:00:00Z");
    assert_eq!((shown.elapsed_seconds, shown.instance), (2 * 3600, 0));
}

#[test]
fn timers_name_the_next_instant_at_which_something_shows() {
    let mut clock = definition("2h", "office");
    clock.at_risk_percents = vec![75, 50];
    let events = [start("2026-11-20T15:00:00Z")];
    let mut now = "2026-11-20T15:00:00Z".to_owned();
    let mut seen = Vec::new();
    while let Some(next) = run(&clock, &events, &now).next_fire_at {
        now = iso(next);
        let shown = run(&clock, &events, &now);
        let reached = shown.at_risk.iter().filter(|risk| risk.reached).count();
        seen.push((now.clone(), reached, shown.breached));
        assert!(seen.len() < 9, "{seen:?}");
    }
    let expected = [
        ("2026-11-20T16:00:00Z", 1, false),
        ("2026-11-20T16:30:00Z", 2, false),
        ("2026-11-23T08:00:01Z", 2, true),
    ];
    assert_eq!(seen, expected.map(|(at, reached, breached)| (at.to_owned(), reached, breached)));
    // At the right limit itself nothing is over yet.
    let shown = run(&clock, &events, "2026-11-23T08:00:00Z");
    assert_eq!(
        (shown.breached, shown.next_fire_at.map(iso).as_deref()),
        (false, Some("2026-11-23T08:00:01Z"))
    );
    assert_eq!(shown.breach_fires_at.map(iso).as_deref(), Some("2026-11-23T08:00:00Z"));
}

#[test]
fn parts_of_a_second_are_rounded_down() {
    let clock = definition("1h", "always");
    let events = [ClockEvent { at: at("2026-11-23T08:00:00.999999Z"), what: What::Start { attached: None } }];
    let shown = run(&clock, &events, "2026-11-23T08:00:01.5Z");
    assert_eq!((shown.elapsed_seconds, shown.due_at.map(iso).as_deref()), (1, Some("2026-11-23T09:00:00Z")));
}

#[test]
fn thresholds_are_whole_minutes() {
    for (target, percent, seconds) in
        [(14_400, 75, 10_800), (170 * 60, 75, 127 * 60), (60, 75, 0), (3600, 100, 3600), (3600, 0, 0)]
    {
        assert_eq!(risk_threshold(target, percent), seconds, "{percent} % of {target}");
    }
}

#[test]
fn unknown_hours_and_undeclared_days_are_errors() {
    let missing = evaluate(&definition("4h", "HRS-9@1"), &[], 0, &shelf());
    assert_eq!(missing, Err(CalendarError::UnknownHours("HRS-9@1".into())));
    let mut shelf = shelf();
    shelf.insert("plain".into(), ServiceHours::parse("zone UTC\nmon 08:00-09:00").unwrap());
    let undeclared = evaluate(&definition("2d", "plain"), &[start("2026-11-23T08:00:00Z")], 0, &shelf);
    assert!(matches!(undeclared, Err(CalendarError::NoDayLength { .. })), "{undeclared:?}");
}

#[test]
fn events_that_may_not_be_are_refused() {
    let begin = start("2026-11-23T08:00:00Z");
    let attached = What::Start { attached: Some(0) };
    let empty =
        What::Suppress { from: 5, to: 5, reason: "x".into(), record: "x".into(), approval: "x".into() };
    let unapproved =
        What::Suppress { from: 5, to: 6, reason: "x".into(), record: "x".into(), approval: " ".into() };
    let anonymous = What::Correct {
        by: String::new(),
        reason: "x".into(),
        evidence: "x".into(),
        leave_out: vec![0],
        put_in: vec![],
    };
    let migrate = What::Migrate { hours: "office".into(), reason: String::new() };
    let now = "2026-11-23T09:00:00Z";
    for (wrong, says) in [
        (event(now, attached), "attached before its start"),
        (pause(now, " "), "a pause needs a reason"),
        (event(now, empty), "no length"),
        (event(now, unapproved), "approval"),
        (event(now, anonymous), "who, why and evidence"),
        (event(now, migrate), "needs a reason"),
        (correct(now, vec![], vec![]), "changes nothing"),
        (correct(now, vec![1], vec![]), "above it"),
        (correct(now, vec![0], vec![correct(now, vec![0], vec![])]), "another correction"),
        (correct(now, vec![0], vec![pause(now, "")]), "a pause needs a reason"),
    ] {
        let error = check_events(&definition("4h", "office"), &[begin.clone(), wrong], &shelf()).unwrap_err();
        assert!(
            error.to_string().contains(says) && error.to_string().starts_with("event 2"),
            "{says}: {error}"
        );
    }
    let fine = [begin, pause(now, "customer"), suppress(now, now, "2026-11-23T09:30:00Z")];
    check_events(&definition("4h", "office"), &fine, &shelf()).unwrap();
}

#[test]
fn stored_clocks_read_as_people_would_write_them() {
    let events: Vec<ClockEvent> = serde_json::from_str(
        r#"[{"at":1,"event":"start"},{"at":2,"event":"pause","reason":"customer"},{"at":3,"event":"resume"},
            {"at":4,"event":"retarget","target":"1d 4h","hours":"HRS-3@2"},{"at":5,"event":"stop"}]"#,
    )
    .unwrap();
    assert_eq!(
        events[3].what,
        What::Retarget { target: "1d 4h".parse().unwrap(), hours: Some("HRS-3@2".into()) }
    );
    assert_eq!(serde_json::to_string(&events[1]).unwrap(), r#"{"at":2,"event":"pause","reason":"customer"}"#);
    let definition: ClockDefinition =
        serde_json::from_str(r#"{"name":"response","target":"30m","hours":"HRS-1@1","reopen":"count_gap"}"#)
            .unwrap();
    assert_eq!(definition.reopen, ReopenPolicy::CountGap);
    assert!(serde_json::from_str::<ClockDefinition>(r#"{"name":"x","target":"soon","hours":"y"}"#).is_err());
}

#[test]
fn the_worked_examples_of_the_paper_hold() {
    let mut shelf = HashMap::new();
    let text = "zone Europe/Vienna\nday 9h\nmon-fri 08:00-17:00\n2026-12-24 08:00-12:00 half day\nevery 12-25 closed\n";
    shelf.insert("HRS-1@1".to_owned(), ServiceHours::parse(text).unwrap());
    let clock = definition("1d", "HRS-1@1");
    // Example 1: Wednesday 23 December 14:00 to the Monday after Christmas, held for an hour.
    let events = [
        start("2026-12-23T13:00:00Z"),
        pause("2026-12-24T08:00:00Z", "customer"),
        event("2026-12-24T09:00:00Z", What::Resume),
    ];
    let shown = evaluate(&clock, &events, at("2026-12-24T10:00:00Z"), &shelf).unwrap();
    assert_eq!((shown.elapsed_seconds, shown.remaining_seconds), (5 * 3600, 4 * 3600));
    assert_eq!(shown.due_at.map(iso).as_deref(), Some("2026-12-28T10:00:00Z"));
    assert_eq!(shown.at_risk[0].at.map(iso).as_deref(), Some("2026-12-28T07:45:00Z"));
    // Example 2: eight hours become two at 15:00; the breach lies at 11:00 and is recorded at 15:00.
    let clock = definition("8h", "HRS-1@1");
    let retarget = What::Retarget { target: "2h".parse().unwrap(), hours: None };
    let events = [start("2026-11-23T08:00:00Z"), event("2026-11-23T14:00:00Z", retarget)];
    let shown = evaluate(&clock, &events, at("2026-11-23T14:00:00Z"), &shelf).unwrap();
    assert_eq!(shown.due_at.map(iso).as_deref(), Some("2026-11-23T10:00:00Z"));
    assert_eq!(shown.breach_at.map(iso).as_deref(), Some("2026-11-23T10:00:00Z"));
    assert_eq!(shown.breach_recorded_at.map(iso).as_deref(), Some("2026-11-23T14:00:00Z"));
    assert_eq!(
        (shown.instance, shown.prior[0].elapsed_seconds, shown.prior[0].breached),
        (1, 6 * 3600, false)
    );
}
