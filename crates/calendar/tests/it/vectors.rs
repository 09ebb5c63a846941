//! All published vectors of target clocks, every field of each compared.
//!
//! The file lies beside the workspace in `../shared`, or where `PROOFDESK_SHARED` points. It is not
//! part of this repository: without it the test fails and says so.

use super::{at, iso};
use proofdesk_calendar::{
    ClockDefinition, ClockEvent, ClockKind, ClockState, Evaluation, ReopenPolicy, RetargetPolicy,
    ServiceHours, Target, What, evaluate,
};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt::Write;
use std::path::PathBuf;

fn vectors() -> Value {
    let shared = std::env::var_os("PROOFDESK_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let path = shared.join("data/vectors/clocks.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("the clock vectors are missing ({}: {error}); set PROOFDESK_SHARED", path.display())
    });
    serde_json::from_str(&text).unwrap()
}

fn windows_text(windows: &Value) -> String {
    let window = |w: &Value| format!(" {}-{}", w[0].as_str().unwrap(), w[1].as_str().unwrap());
    windows.as_array().unwrap().iter().map(window).collect()
}

/// The vector's calendar in our text form, so that the reader is tested too.
fn hours_text(calendar: &Value) -> String {
    if let Some(parts) = calendar.get("union") {
        let parts: Vec<String> = parts.as_array().unwrap().iter().map(hours_text).collect();
        return parts.join("and\n");
    }
    let mut text = format!("zone {}\n", calendar["tz"].as_str().unwrap());
    for (day, windows) in calendar["week"].as_object().unwrap() {
        writeln!(text, "{day}{}", windows_text(windows)).unwrap();
    }
    for (date, exception) in calendar.get("exceptions").and_then(Value::as_object).into_iter().flatten() {
        let windows = windows_text(&exception["windows"]);
        let what = if windows.is_empty() { " closed" } else { &windows };
        writeln!(text, "{date}{what} {}", exception["name"].as_str().unwrap()).unwrap();
    }
    text
}

fn key(calendar: &Value, shelf: &mut HashMap<String, ServiceHours>) -> String {
    let id = calendar["id"].as_str().unwrap().to_owned();
    shelf.insert(id.clone(), ServiceHours::parse(&hours_text(calendar)).unwrap());
    id
}

fn minutes(value: &Value) -> Target {
    Target::minutes(value.as_i64().unwrap())
}

fn read(vector: &Value, shelf: &mut HashMap<String, ServiceHours>) -> (ClockDefinition, Vec<ClockEvent>) {
    let policy = |name: &str| vector["policy"].get(name).and_then(Value::as_str);
    let definition = ClockDefinition {
        name: vector["id"].as_str().unwrap().to_owned(),
        kind: match vector.get("kind").and_then(Value::as_str) {
            Some("OLA") => ClockKind::Team,
            Some("UC") => ClockKind::Supplier,
            None => ClockKind::Service,
            other => panic!("unknown kind {other:?}"),
        },
        version: "1".into(),
        target: minutes(&vector["target_minutes"]),
        hours: key(&vector["calendar"], shelf),
        reopen: match policy("reopen") {
            Some("count_gap") => ReopenPolicy::CountGap,
            Some("restart") => ReopenPolicy::Restart,
            Some("resume") | None => ReopenPolicy::Resume,
            other => panic!("unknown policy {other:?}"),
        },
        retarget: match policy("retarget") {
            Some("restart") => RetargetPolicy::Restart,
            Some("keep_elapsed") | None => RetargetPolicy::KeepElapsed,
            other => panic!("unknown policy {other:?}"),
        },
        at_risk_percents: vec![75],
        pause_reasons: None,
    };
    let attached = vector.get("attached").map(|value| at(value.as_str().unwrap()));
    let mut events =
        vec![ClockEvent { at: at(vector["start"].as_str().unwrap()), what: What::Start { attached } }];
    for event in vector["events"].as_array().unwrap() {
        let what = match event["event"].as_str().unwrap() {
            "pause" => What::Pause { reason: "customer".into() },
            "resume" => What::Resume,
            "stop" => What::Stop,
            "reopen" => What::Reopen,
            "cancel" => What::Cancel,
            "retarget" => What::Retarget {
                target: minutes(&event["target_minutes"]),
                hours: event.get("calendar").map(|calendar| key(calendar, shelf)),
            },
            other => panic!("unknown event {other}"),
        };
        events.push(ClockEvent { at: at(event["at"].as_str().unwrap()), what });
    }
    (definition, events)
}

/// The evaluation in the words of the vectors.
fn shown(evaluation: &Evaluation) -> Value {
    let time = |instant: Option<i64>| instant.map(iso);
    let minutes = |seconds: i64| {
        assert_eq!(seconds % 60, 0, "the vectors are whole minutes");
        seconds / 60
    };
    let mut value = json!({
        "state": match evaluation.state {
            ClockState::NotStarted => "not_started",
            ClockState::Running => "running",
            ClockState::Paused => "paused",
            ClockState::Stopped => "stopped",
            ClockState::Cancelled => "cancelled",
        },
        "elapsed_minutes": minutes(evaluation.elapsed_seconds),
        "remaining_minutes": minutes(evaluation.remaining_seconds),
        "breached": evaluation.breached,
        "due": time(evaluation.due_at),
        "due_is_projection": evaluation.due_is_projection,
        "breach_at": time(evaluation.breach_at),
        "breach_recorded_at": time(evaluation.breach_recorded_at),
        "breach_fires_at": time(evaluation.breach_fires_at),
        "at_risk_75_at": time(evaluation.at_risk[0].at),
    });
    if !evaluation.prior.is_empty() {
        let prior = |p: &proofdesk_calendar::PriorInstance| json!({ "target_minutes": minutes(p.target_seconds), "cancelled_at": iso(p.ended_at) });
        value["prior_clocks"] = evaluation.prior.iter().map(prior).collect();
    }
    value
}

#[test]
fn every_field_of_every_vector_agrees() {
    let file = vectors();
    assert_eq!(file["format"], "sla-vectors/1");
    let all = file["vectors"].as_array().unwrap();
    assert_eq!(all.len(), 26, "the vectors are V01 to V26");
    for vector in all {
        let mut shelf = HashMap::new();
        let (definition, events) = read(vector, &mut shelf);
        let now = at(vector["now"].as_str().unwrap());
        let evaluation = evaluate(&definition, &events, now, &shelf).unwrap();
        // Whole objects: a field that one side has and the other has not is a difference too.
        assert_eq!(shown(&evaluation), vector["expected"], "{} {}", vector["id"], vector["title"]);
        assert_eq!(evaluation.instance, evaluation.prior.len());
    }
}

#[test]
fn clocks_and_hours_survive_storage() {
    for vector in vectors()["vectors"].as_array().unwrap() {
        let mut shelf = HashMap::new();
        let (definition, events) = read(vector, &mut shelf);
        let now = at(vector["now"].as_str().unwrap());
        let before = evaluate(&definition, &events, now, &shelf).unwrap();
        let stored = serde_json::to_string(&(&definition, &events, &shelf, &before)).unwrap();
        let (definition, events, shelf, kept): (
            ClockDefinition,
            Vec<ClockEvent>,
            HashMap<String, ServiceHours>,
            Evaluation,
        ) = serde_json::from_str(&stored).unwrap();
        assert_eq!(kept, before, "{}", vector["id"]);
        assert_eq!(evaluate(&definition, &events, now, &shelf).unwrap(), before, "{}", vector["id"]);
    }
}
