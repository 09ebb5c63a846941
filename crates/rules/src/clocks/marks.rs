//! What a write does to a clock: the marks that are appended to its log.
//!
//! It looks at the state in which the record is, not at the transition that led there, so that imported history, whose
//! workflow is not ours, makes the same marks.
//! Source: rules R4, R10, R12 and R13 of `docs/clocks.md`.

use proofdesk_model::clock_log::{ClockLog, Mark, MarkKind, Phase};
use proofdesk_model::{ClockSpec, Door, Draft, Kind, Outcome, StateKind};

const SECOND: i64 = 1_000_000;

/// What the clock should be doing in the record's state.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    Running,
    Paused(String),
    Stopped,
    Cancelled,
}

/// Appends the start of the clock, or the correction of its start. `now` is in seconds and not before the last mark.
/// Returns whether the clock has a start.
pub(super) fn start(log: &mut ClockLog, spec: &ClockSpec, draft: &Draft, now: i64) -> bool {
    let given = draft.after().instant(&spec.start).map(|at| at.div_euclid(SECOND));
    match (given, log.start()) {
        (None, started) => return started.is_some(),
        // a start that lies ahead comes from a clock that goes before ours: it starts when it is written
        (Some(start), None) => log.marks.push(Mark::new(start.min(now), MarkKind::Start)),
        (Some(start), Some(old)) if draft.changed(&spec.start) && old != start.min(now) => {
            log.marks.push(Mark {
                start: Some(start.min(now)),
                by: draft.caller().person,
                version: Some(draft.after().version),
                ..Mark::new(now, MarkKind::Correct)
            });
        }
        (Some(_), Some(_)) => {}
    }
    true
}

/// Appends what the record's state does to the clock: pause, resume, stop, reopen, cancel.
pub(super) fn steps(log: &mut ClockLog, spec: &ClockSpec, draft: &Draft, now: i64) {
    let (at, wanted) = (log_phase(&log.marks), wanted(spec, draft));
    let mut step = |kind: MarkKind, reason: Option<String>| {
        log.marks.push(Mark { reason, ..Mark::new(now, kind) });
    };
    match (at, wanted) {
        (At::Running, Wanted::Running) | (At::Rest, Wanted::Stopped | Wanted::Cancelled) => {}
        (At::Running, Wanted::Paused(reason)) => step(MarkKind::Pause, Some(reason)),
        (At::Paused(old), Wanted::Paused(new)) if old == new => {}
        (At::Paused(_), Wanted::Paused(new)) => {
            step(MarkKind::Resume, None);
            step(MarkKind::Pause, Some(new));
        }
        (At::Paused(_), Wanted::Running) => step(MarkKind::Resume, None),
        (At::Running | At::Paused(_), Wanted::Stopped) => step(MarkKind::Stop, None),
        (At::Running | At::Paused(_), Wanted::Cancelled) => step(MarkKind::Cancel, None),
        (At::Rest, wanted) => {
            if is_milestone(spec, draft) || !draft.of().state_kind(&draft.after().state).is_open() {
                return;
            }
            step(MarkKind::Reopen, None);
            if let Wanted::Paused(reason) = wanted {
                step(MarkKind::Pause, Some(reason));
            }
        }
    }
}

/// Where the marks leave the clock, owned.
enum At {
    Running,
    Paused(String),
    Rest,
}

fn log_phase(marks: &[Mark]) -> At {
    match proofdesk_model::clock_log::phase(marks) {
        Phase::Paused(reason) => At::Paused(reason.to_owned()),
        Phase::Stopped | Phase::Cancelled => At::Rest,
        Phase::NotStarted | Phase::Running => At::Running,
    }
}

/// A clock that some state of ongoing work, or a field, stops watches a first time (the response): it is never taken up again.
fn is_milestone(spec: &ClockSpec, draft: &Draft) -> bool {
    spec.until.is_some() || spec.stop_states.iter().any(|s| draft.of().state_kind(s).is_open())
}

fn wanted(spec: &ClockSpec, draft: &Draft) -> Wanted {
    let state = &draft.after().state;
    let kind = draft.of().state_kind(state);
    let aside = draft.of().state(state).is_some_and(|s| s.aside);
    if kind == StateKind::Closed && aside {
        return Wanted::Cancelled;
    }
    let done = kind == StateKind::Closed || (kind == StateKind::Done && is_milestone(spec, draft));
    if done || spec.stop_states.contains(state) || is_reached(spec, draft) {
        return Wanted::Stopped;
    }
    if spec.pause_states.contains(state) {
        let holds = spec
            .pause_when
            .as_ref()
            .is_none_or(|when| when.evaluate(draft.after(), &draft.context()) == Outcome::True);
        if holds {
            return Wanted::Paused(pause_reason(spec, draft));
        }
    }
    Wanted::Running
}

/// Whether this write fills the field that stops the clock. Imported history stops it by its states alone.
fn is_reached(spec: &ClockSpec, draft: &Draft) -> bool {
    let filled = |name: &String| draft.changed(name) && draft.after().instant(name).is_some();
    draft.stamp().door != Door::Import && spec.until.as_ref().is_some_and(filled)
}

/// Why the record waits: the choice that its state asks for, else (in a waiting state) the first choice that the pause's
/// condition reads, else the state itself.
fn pause_reason(spec: &ClockSpec, draft: &Draft) -> String {
    let record = draft.after();
    let choice = |name: &str| {
        let is_choice = draft.of().field(name).is_some_and(|f| matches!(f.kind, Kind::Choice(_)));
        if is_choice { record.text(name).map(str::to_owned) } else { None }
    };
    let state = draft.of().state(&record.state);
    let asked = state.and_then(|s| s.requires.iter().find_map(|name| choice(name)));
    let read = || {
        let when = spec.pause_when.as_ref()?;
        if draft.of().state_kind(&record.state) != StateKind::Waiting {
            return None;
        }
        when.fields().iter().filter(|path| path.steps.is_empty()).find_map(|path| choice(&path.field))
    };
    asked.or_else(read).unwrap_or_else(|| record.state.clone())
}
