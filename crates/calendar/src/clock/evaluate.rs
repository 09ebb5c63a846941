//! The evaluation of a clock, and the check of an event before it is appended.

use super::fold::Folded;
use super::result::{figures, risk_threshold};
use super::{AtRisk, ClockDefinition, ClockEvent, ClockState, Evaluation, HoursSource, What};
use crate::error::CalendarError;
use crate::hours::tz_database;
use crate::{instant, seconds};
use std::borrow::Cow;

/// Says where a clock stands at `now` (microseconds UTC). A pure function of its arguments: events
/// later than `now` are not seen, the order of the list decides only between equal instants.
///
/// # Errors
/// `UnknownHours` for a key that `source` does not have, `NoDayLength` or `NeverOpens` for a target
/// that these hours cannot express.
pub fn evaluate(
    definition: &ClockDefinition,
    events: &[ClockEvent],
    now: i64,
    source: &dyn HoursSource,
) -> Result<Evaluation, CalendarError> {
    let plain = in_order(events, now);
    let Some(corrected_at) = last_correction(events, now) else {
        return one(definition, &plain, now, source);
    };
    let uncorrected = one(definition, &plain, now, source)?;
    let mut evaluation = one(definition, &in_order(&corrected(events, now), now), now, source)?;
    if let (Some(recorded), None) = (evaluation.breach_recorded_at, uncorrected.breach_recorded_at) {
        // The correction revealed this breach; the log is never back-dated.
        evaluation.breach_recorded_at = Some(recorded.max(corrected_at));
    }
    evaluation.uncorrected = Some(Box::new(uncorrected));
    Ok(evaluation)
}

/// The events seen at `now` in the order of their instants; borrowed if they already are.
fn in_order(events: &[ClockEvent], now: i64) -> Cow<'_, [ClockEvent]> {
    let sorted = events.is_sorted_by_key(|event| event.at);
    if sorted {
        let seen = events.partition_point(|event| event.at <= now);
        return Cow::Borrowed(events.get(..seen).unwrap_or(events));
    }
    let mut seen: Vec<ClockEvent> = events.iter().filter(|event| event.at <= now).cloned().collect();
    seen.sort_by_key(|event| event.at);
    Cow::Owned(seen)
}

fn last_correction(events: &[ClockEvent], now: i64) -> Option<i64> {
    let correction = |event: &&ClockEvent| event.at <= now && matches!(event.what, What::Correct { .. });
    events.iter().filter(correction).map(|event| event.at).max()
}

/// The events as the corrections would have them. Later corrections go first, so that one that is
/// left out by a later one does nothing.
fn corrected(events: &[ClockEvent], now: i64) -> Vec<ClockEvent> {
    let mut out_of = vec![false; events.len()];
    let mut put: Vec<(usize, &ClockEvent)> = Vec::new();
    let mut order: Vec<usize> = (0..events.len()).collect();
    order.sort_by_key(|place| events.get(*place).map(|event| (event.at, *place)));
    for place in order.into_iter().rev() {
        let Some(ClockEvent { at, what: What::Correct { leave_out, put_in, .. } }) = events.get(place) else {
            continue;
        };
        if *at > now || out_of.get(place).copied().unwrap_or(false) {
            continue;
        }
        for gone in leave_out {
            if let Some(flag) = out_of.get_mut(*gone) {
                *flag = true;
            }
        }
        // What takes the place of an event also takes its rank among events of the same instant.
        let rank = leave_out.iter().copied().min().unwrap_or(events.len());
        put.extend(put_in.iter().map(|event| (rank, event)));
    }
    let kept = events.iter().enumerate().filter(|(place, _)| !out_of.get(*place).copied().unwrap_or(false));
    let mut all: Vec<(usize, &ClockEvent)> = kept.chain(put).collect();
    all.sort_by_key(|(rank, event)| (event.at, *rank));
    all.into_iter().map(|(_, event)| event.clone()).collect()
}

fn one(
    definition: &ClockDefinition,
    events: &[ClockEvent],
    now: i64,
    source: &dyn HoursSource,
) -> Result<Evaluation, CalendarError> {
    let now = seconds(now);
    let clock = Folded::of(definition, source, events.iter())?;
    let figures = figures(&clock, now)?;
    let running = clock.state == ClockState::Running;
    let breached = figures.breached();
    let breach_at = figures.breach_at();
    let fires = if running && !breached { figures.exceeds_at(figures.target) } else { None };
    let at_risk: Vec<AtRisk> = definition
        .at_risk_percents
        .iter()
        .map(|&percent| {
            let threshold = risk_threshold(figures.target, percent);
            let reached = clock.start.is_some() && figures.elapsed >= threshold;
            AtRisk { percent, at: figures.reaches_at(threshold).map(instant), reached }
        })
        .collect();
    let next_risk = at_risk.iter().filter(|risk| running && !risk.reached).filter_map(|risk| risk.at);
    // A breach is seen by an evaluation one second after its right limit.
    let next_fire_at = next_risk.chain(fires.map(|at| instant(at + 1))).min();
    Ok(Evaluation {
        state: clock.state,
        instance: clock.prior.len(),
        start_at: clock.start.map(instant),
        target_seconds: figures.target,
        elapsed_seconds: figures.elapsed,
        remaining_seconds: figures.target - figures.elapsed,
        breached,
        due_at: figures.reaches_at(figures.target).map(instant),
        due_is_projection: clock.state == ClockState::Paused && figures.elapsed < figures.target,
        breach_at: breach_at.map(instant),
        breach_recorded_at: breach_at.map(|at| instant(at.max(clock.revealed))),
        breach_fires_at: fires.map(instant),
        at_risk,
        next_fire_at,
        prior: clock.prior,
        uncorrected: None,
        tz_database: tz_database().to_owned(),
    })
}

/// Checks a clock's events before a new one is stored: what [`evaluate`] passes over in silence so
/// that old clocks always evaluate is refused here.
///
/// # Errors
/// `Event` for the first event that may not be: a pause without a reason, an exclusion without
/// length, record or approval, a correction without who, why and evidence or of a place that does
/// not exist, a migration without a reason; `UnknownHours`, `NoDayLength`, `NeverOpens` as above.
pub fn check_events(
    definition: &ClockDefinition,
    events: &[ClockEvent],
    source: &dyn HoursSource,
) -> Result<(), CalendarError> {
    for (position, event) in events.iter().enumerate() {
        if let Some(message) = mistake(&event.what, event.at, position) {
            return Err(CalendarError::Event { position, at: event.at, message: message.to_owned() });
        }
    }
    let last = events.iter().map(|event| event.at).max().unwrap_or(0);
    evaluate(definition, events, last, source).map(|_| ())
}

fn mistake(what: &What, at: i64, position: usize) -> Option<&'static str> {
    let blank = |text: &str| text.trim().is_empty();
    match what {
        What::Start { attached: Some(attached) } if *attached < at => {
            Some("a clock cannot be attached before its start; start it at the attachment, or earlier")
        }
        What::Pause { reason } if blank(reason) => {
            Some("a pause needs a reason; give one that the agreement names")
        }
        What::Migrate { reason, .. } if blank(reason) => {
            Some("going over to other service hours needs a reason; give it")
        }
        What::Suppress { from, to, .. } if to <= from => {
            Some("the excluded interval has no length; its end must be later than its beginning")
        }
        What::Suppress { reason, record, approval, .. }
            if blank(reason) || blank(record) || blank(approval) =>
        {
            Some("an excluded interval needs its reason, its record and its approval; give all three")
        }
        What::Correct { by, reason, evidence, .. } if blank(by) || blank(reason) || blank(evidence) => {
            Some("a correction needs who, why and evidence; give all three")
        }
        What::Correct { leave_out, put_in, .. } if leave_out.is_empty() && put_in.is_empty() => {
            Some("the correction changes nothing; name events to leave out or to put in")
        }
        What::Correct { leave_out, .. } if leave_out.iter().any(|place| *place >= position) => {
            Some("a correction can only leave out events above it in the list; count their places from 0")
        }
        What::Correct { put_in, .. } => put_in.iter().find_map(|event| match &event.what {
            What::Correct { .. } => {
                Some("a correction cannot put in another correction; append that one itself")
            }
            what => mistake(what, event.at, position),
        }),
        _ => None,
    }
}
