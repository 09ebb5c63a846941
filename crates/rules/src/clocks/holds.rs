//! Clocks of whoever holds the record: a team by its internal agreement, a supplier by its contract.
//!
//! Each holder has a clock of its own, which runs while it has the record: what is handed away pauses, what comes back
//! goes on. The columns are those of the present holder, or of the last one; who missed his target before stands in
//! `<clock>_missed_by`. Nothing is kept as long as nobody promised anything.
//! Source: ISO/IEC 20000-1:2018, 8.3.4.1, 8.3.4.2; rule R16 of `docs/clocks.md`.
//! Invariant: as in `clocks.rs`, the columns are a function of the marks and an instant.

#[cfg(test)]
mod tests;

use proofdesk_calendar::{CalendarError, ClockDefinition, ClockEvent, Evaluation, What, evaluate};
use proofdesk_model::clock_log::{ClockLog, Mark, MarkKind, Phase, Promise};
use proofdesk_model::{ClockSpec, Draft, Outcome, StateKind, Value, format};

use super::replay::{Source, definition, exclusion};
use super::{INPUTS, SECOND, columns, exclude};
use crate::book::{Book, Held};

/// Brings one clock of holders up to the present of a write.
pub(super) fn write(spec: &ClockSpec, field: &str, draft: &mut Draft, at: i64, book: &Book) {
    let Some(place) = draft.of().column_index(&format!("{}_clock", spec.name)) else { return };
    let mut log = match draft.after().values.get(place) {
        Some(Value::Text(text)) => ClockLog::read(Some(text)),
        _ => ClockLog::default(),
    };
    let at = at.div_euclid(SECOND);
    let now = log.marks.iter().map(|m| m.at).max().map_or(at, |last| last.max(at));
    let end = end(spec, draft);
    let holder = holder(spec, field, draft, book);
    if log.marks.is_empty() {
        // a clock begins with the first holder who promised something
        let promised = holder.is_some_and(|h| choose(draft, h, now, book).is_some());
        if end.is_some() || !promised {
            return;
        }
    }
    let known = (log.marks.len(), log.next_fire, log.without.clone());
    steps(&mut log, holder, end, now);
    target(&mut log, draft, known.0, now, book);
    if let Some(shown) = shown(&log).map(str::to_owned) {
        exclude::mark(&mut log, draft, Some(&shown), now, book);
    }
    let marked = log.marks.len() > known.0;
    if marked || log.next_fire.is_some_and(|fires| fires <= now) {
        bring(&mut log, spec, draft, now, book);
    }
    let changed = marked || (log.next_fire, &log.without) != (known.1, &known.2);
    if changed && let Some(slot) = draft.after_mut().values.get_mut(place) {
        *slot = Value::Text(log.write());
    }
}

/// Reference of the team or supplier that has the record now.
fn holder<'a>(spec: &ClockSpec, field: &str, draft: &Draft, book: &'a Book) -> Option<&'a str> {
    let number = draft.after().int(field)?;
    let of = draft.of().field(field)?.target()?;
    let has = spec
        .held_while
        .as_ref()
        .is_none_or(|when| when.evaluate(draft.after(), &draft.context()) == Outcome::True);
    if has { book.holder(of, number) } else { None }
}

/// Whether the record's state ends the clock, and how.
fn end(spec: &ClockSpec, draft: &Draft) -> Option<MarkKind> {
    let state = &draft.after().state;
    let closed = draft.of().state_kind(state) == StateKind::Closed;
    if closed && draft.of().state(state).is_some_and(|s| s.aside) {
        return Some(MarkKind::Cancel);
    }
    (closed || spec.stop_states.contains(state)).then_some(MarkKind::Stop)
}

fn steps(log: &mut ClockLog, holder: Option<&str>, end: Option<MarkKind>, now: i64) {
    let rests = matches!(log.phase(), Phase::Stopped | Phase::Cancelled);
    match end {
        Some(kind) if !rests => log.marks.push(Mark::new(now, kind)),
        Some(_) => {}
        None => {
            if rests {
                log.marks.push(Mark::new(now, MarkKind::Reopen));
            }
            if log.holder() != holder {
                let reason = holder.map(str::to_owned);
                log.marks.push(Mark { reason, ..Mark::new(now, MarkKind::Hold) });
            }
        }
    }
}

fn choose<'a>(draft: &Draft, holder: &str, now: i64, book: &'a Book) -> Option<&'a Promise> {
    let record = draft.after();
    let asked = Held {
        holder,
        record_type: &record.of.name,
        priority: record.text("priority"),
        service: record.int("service"),
        day: format::day_of(now * SECOND),
    };
    book.choose_held(&asked).map(|chosen| chosen.promise)
}

/// Asks for the present holder's target when he takes the record, when what it depends on changed, and as long as he
/// has none.
fn target(log: &mut ClockLog, draft: &Draft, known: usize, now: i64, book: &Book) {
    if matches!(log.phase(), Phase::Stopped | Phase::Cancelled) {
        return;
    }
    let Some(holder) = log.holder().map(str::to_owned) else { return };
    let present = log.promise_of(&holder);
    let asked = INPUTS.iter().any(|name| draft.of().column_index(name).is_some() && draft.changed(name));
    if present.is_some() && !asked && log.marks.len() == known {
        return;
    }
    let new = match (present, choose(draft, &holder, now, book)) {
        (Some(old), Some(new)) if (&old.agreement, &old.target) == (&new.agreement, &new.target) => return,
        (_, Some(new)) => Mark { promise: Some(Box::new(new.clone())), ..Mark::new(now, MarkKind::Target) },
        (Some(_), None) => Mark::new(now, MarkKind::NoTarget),
        (None, None) => return,
    };
    log.marks.push(Mark { reason: Some(holder), ..new });
}

/// The holder whose clock the columns show: the present one, else the last.
fn shown(log: &ClockLog) -> Option<&str> {
    log.marks.iter().rev().filter(|m| m.kind == MarkKind::Hold).find_map(|m| m.reason.as_deref())
}

/// Evaluates the shown holder's clock and fills the columns.
fn bring(log: &mut ClockLog, spec: &ClockSpec, draft: &mut Draft, now: i64, book: &Book) {
    let Some(shown) = shown(log).map(str::to_owned) else { return };
    let mut set = |suffix: &str, value: Value| {
        draft.after_mut().set(&format!("{}_{suffix}", spec.name), value);
    };
    let earlier = log.holders().into_iter().filter(|h| *h != shown);
    let missed = earlier.filter(|h| {
        let seen = replay(log, spec, h, now * SECOND, book);
        matches!(seen, Ok(Some(seen)) if seen.breached)
    });
    let missed: Vec<&str> = missed.collect();
    let missed = if missed.is_empty() { Value::Null } else { Value::Text(missed.join(", ")) };
    let promise = log.promise_of(&shown).map(|p| p.agreement.clone());
    let label = promise.map(|of| book.accord_label(&of).map_or(of.clone(), str::to_owned));
    set("missed_by", missed);
    set("holder", Value::Text(shown.clone()));
    set("agreement", label.map_or(Value::Null, Value::Text));
    match replay(log, spec, &shown, now * SECOND, book) {
        Ok(Some(seen)) => {
            log.next_fire = seen.next_fire_at.map(|at| at.div_euclid(SECOND));
            log.without = None;
            columns(spec, draft, log, &seen);
        }
        other => {
            log.next_fire = None;
            log.without = Some(match other {
                Err(error) => error.to_string(),
                Ok(_) => format!("{shown} promised nothing for such a record."),
            });
            for suffix in [
                "state",
                "due_at",
                "target",
                "elapsed",
                "at_risk_at",
                "breached_at",
                "breach_recorded_at",
                "stopped_at",
            ] {
                draft.after_mut().set(&format!("{}_{suffix}", spec.name), Value::Null);
            }
        }
    }
}

/// Says where the clock of one holder stands at `now` (microseconds UTC); none without a target.
///
/// # Errors
/// What the calendar says of hours that are gone or cannot express the target.
pub(super) fn replay(
    log: &ClockLog,
    spec: &ClockSpec,
    holder: &str,
    now: i64,
    book: &Book,
) -> Result<Option<Evaluation>, CalendarError> {
    let Some((definition, events)) = read(log, spec, holder) else { return Ok(None) };
    let hours = Source::of(&definition, &events, book);
    evaluate(&definition, &events, now, &hours).map(Some)
}

/// The marks as one holder's clock sees them.
fn read(log: &ClockLog, spec: &ClockSpec, holder: &str) -> Option<(ClockDefinition, Vec<ClockEvent>)> {
    let own = |m: &&Mark| m.reason.as_deref() == Some(holder);
    let promises = || log.marks.iter().filter(own).filter_map(|m| m.promise.as_deref().map(|p| (m.at, p)));
    let (attached, first) = promises().next()?;
    let (_, last) = promises().next_back()?;
    let definition = definition(first, last, spec)?;
    let last_target = log.marks.iter().rposition(|m| m.promise.is_some() && own(&m));
    let last_reopen = log.marks.iter().rposition(|m| m.kind == MarkKind::Reopen);
    let (mut started, mut has) = (false, false);
    let mut cut = Vec::new();
    let mut events: Vec<ClockEvent> = Vec::with_capacity(log.marks.len());
    for (place, mark) in log.marks.iter().enumerate() {
        let mine = mark.reason.as_deref() == Some(holder);
        let mut add = |what: What| events.push(ClockEvent { at: mark.at * SECOND, what });
        match mark.kind {
            MarkKind::Hold if mine && !started => {
                add(What::Start { attached: Some(attached.max(mark.at) * SECOND) });
                (started, has) = (true, true);
            }
            MarkKind::Hold if mine && !has => {
                add(What::Resume);
                has = true;
            }
            MarkKind::Hold if !mine && has => {
                add(What::Pause { reason: "handed on".to_owned() });
                has = false;
            }
            MarkKind::Stop => add(What::Stop),
            MarkKind::Cancel if last_reopen.is_some_and(|r| r > place) => add(What::Stop),
            MarkKind::Cancel => add(What::Cancel),
            MarkKind::Reopen => {
                add(What::Reopen);
                if !has {
                    add(What::Pause { reason: "handed on".to_owned() });
                }
            }
            MarkKind::NoTarget if mine && last_target.is_none_or(|t| t < place) => add(What::Cancel),
            MarkKind::Target if mine => {
                let promise = mark.promise.as_deref()?;
                if !std::ptr::eq(promise, first) {
                    add(What::Retarget {
                        target: promise.limit.parse().ok()?,
                        hours: Some(promise.hours.clone()),
                    });
                }
            }
            MarkKind::Exclude | MarkKind::Include if mine => {
                let place = events.len();
                if let Some(what) = exclusion(mark, place, &mut cut) {
                    events.push(ClockEvent { at: mark.at * SECOND, what });
                }
            }
            _ => {}
        }
    }
    Some((definition, events))
}
