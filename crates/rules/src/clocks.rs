//! The rule `clocks`: what a write does to the clocks that a type declares, and when their timers fire.
//!
//! The happenings of a clock are appended to `<clock>_clock` ([`proofdesk_model::clock_log`]); the other columns are
//! what the calendar makes of them at the instant of the write. A risk and a breach are written when they happen: by the
//! timer (`Door::Clock`) or by the write that reveals them, never back-dated. Imported history is replayed at its own
//! instants, the entries keep the import's.
//! Source: ISO/IEC 20000-1:2018, 8.3.3, 8.6.1, 8.6.2; `docs/clocks.md`.
//! Invariant: the columns are a function of the marks and an instant; rebuilding them changes nothing.

mod exclude;
mod holds;
mod marks;
mod replay;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use proofdesk_calendar::{ClockState, Ended, Evaluation};
use proofdesk_model::clock_log::{ClockLog, EndedInstance, Mark, MarkKind, Phase};
use proofdesk_model::{
    ClockSpec, Door, Draft, Facts, Job, Lookup, Problem, Record, Rule, Stamp, Value, format,
};
use serde_json::json;

use crate::book::{Book, Question};
use crate::names::{
    AGREEMENT, CONTRACT, CONTRACT_TARGET, EXCLUSION, INTERNAL_AGREEMENT, SERVICE_HOURS, SUPPLIER, TARGET,
    TEAM,
};

pub use replay::replay;

const SECOND: i64 = 1_000_000;
/// A start may lie this far ahead, because clocks of two machines differ.
const SKEW: i64 = 60 * SECOND;
/// Fields whose change may bring another target.
const INPUTS: [&str; 4] = ["priority", "service", "customer", "model"];

/// Small types in which promises are made.
const PROMISES: [&str; 4] = [AGREEMENT, TARGET, SERVICE_HOURS, EXCLUSION];
/// Those in which teams and suppliers make theirs.
const OF_HOLDERS: [&str; 5] = [CONTRACT, INTERNAL_AGREEMENT, CONTRACT_TARGET, TEAM, SUPPLIER];

/// The rule `clocks`. Keeps the agreements of the last facts ready.
#[derive(Debug, Default)]
pub struct Clocks {
    kept: Mutex<Option<Kept>>,
}

#[derive(Debug)]
struct Kept {
    from: Vec<Shared>,
    book: Arc<Book>,
}

type Shared = Option<Arc<Vec<Record>>>;

impl Clocks {
    /// The agreements of these facts, read anew only when a record of them changed.
    fn book(&self, facts: &Facts) -> Arc<Book> {
        let names = PROMISES.iter().chain(&OF_HOLDERS);
        let from: Vec<Shared> =
            names.map(|name| facts.shared(&Lookup::All((*name).to_owned())).cloned()).collect();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = kept.as_mut()
            && kept.from.iter().zip(&from).all(|(a, b)| same(a, b))
        {
            kept.from = from;
            return kept.book.clone();
        }
        let book = Arc::new(Book::read(facts));
        *kept = Some(Kept { from, book: book.clone() });
        book
    }
}

fn same(a: &Shared, b: &Shared) -> bool {
    let (Some(a), Some(b)) = (a, b) else { return a.is_none() && b.is_none() };
    let equal = |(a, b): (&Record, &Record)| {
        (a.number, a.version, a.updated_at) == (b.number, b.version, b.updated_at)
            && Arc::ptr_eq(&a.of, &b.of)
    };
    Arc::ptr_eq(a, b) || (a.len() == b.len() && a.iter().zip(b.iter()).all(equal))
}

impl Rule for Clocks {
    fn name(&self) -> &'static str {
        "clocks"
    }

    fn wants(&self, draft: &Draft) -> Vec<Lookup> {
        if draft.of().clocks.is_empty() {
            return Vec::new();
        }
        let of_holders = draft.of().clocks.iter().any(|c| c.holder.is_some());
        let more = if of_holders { &OF_HOLDERS[..] } else { &[] };
        PROMISES.iter().chain(more).map(|name| Lookup::All((*name).to_owned())).collect()
    }

    fn derive(&self, draft: &mut Draft, facts: &Facts, stamp: &Stamp) {
        if draft.of().clocks.is_empty() {
            return;
        }
        let book = self.book(facts);
        for spec in &draft.of().clone().clocks {
            match &spec.holder {
                Some(holder) => holds::write(spec, holder, draft, stamp.occurred_at, &book),
                None => write(spec, draft, stamp.occurred_at, &book),
            }
        }
    }

    fn check(&self, draft: &Draft, _facts: &Facts, stamp: &Stamp) -> Vec<Problem> {
        let mut problems: Vec<Problem> = Vec::new();
        for spec in &draft.of().clocks {
            let ahead = draft.after().instant(&spec.start).is_some_and(|at| at > stamp.occurred_at + SKEW);
            let told = problems.iter().any(|p| p.field == spec.start);
            if ahead && !told && stamp.door != Door::Import && draft.changed(&spec.start) {
                let label = draft.of().field(&spec.start).map_or(spec.start.as_str(), |f| &f.label);
                let message =
                    format!("{label} lies in the future; give an instant that is not later than now.");
                problems.push(Problem::new(&spec.start, "range", message));
            }
        }
        problems
    }

    fn follow(&self, draft: &Draft, _facts: &Facts, stamp: &Stamp) -> Vec<Job> {
        let mut jobs = Vec::new();
        for spec in &draft.of().clocks {
            let column = format!("{}_clock", spec.name);
            let after = next_fire(draft.after(), &column);
            let before = draft.before().and_then(|b| next_fire(b, &column));
            let run_at = match after {
                Some(at) if before != after || stamp.door == Door::Clock => at * SECOND,
                None if before.is_some() => Job::NEVER,
                _ => continue,
            };
            let (of, number) = (&draft.of().name, draft.after().number);
            let written = if number == 0 { "{number}".to_owned() } else { number.to_string() };
            jobs.push(Job {
                kind: "clock".to_owned(),
                key: format!("{of}/{written}/{}", spec.name),
                run_at,
                payload: json!({"type": of, "number": number, "clock": spec.name}),
            });
        }
        jobs
    }
}

fn next_fire(record: &Record, column: &str) -> Option<i64> {
    ClockLog::read_next_fire(record.text(column)?)
}

/// Brings one clock up to the present of a write.
fn write(spec: &ClockSpec, draft: &mut Draft, at: i64, book: &Book) {
    let Some(place) = draft.of().column_index(&format!("{}_clock", spec.name)) else { return };
    let mut log = match draft.after().values.get(place) {
        Some(Value::Text(text)) => ClockLog::read(Some(text)),
        _ => ClockLog::default(),
    };
    let known = (log.marks.len(), log.next_fire, log.without.clone());
    // history may come out of order; a log does not go back
    let at = at.div_euclid(SECOND);
    let now = log.marks.iter().map(|m| m.at).max().map_or(at, |last| last.max(at));
    if !marks::start(&mut log, spec, draft, now) {
        return;
    }
    let label = retarget(&mut log, spec, draft, now, book);
    marks::steps(&mut log, spec, draft, now);
    exclude::mark(&mut log, draft, None, now, book);
    let marked = log.marks.len() > known.0;
    // between happenings the columns stay as they are until the next instant at which something fires
    let failed = log.without.is_some() && log.promise().is_some();
    if marked || failed || log.next_fire.is_some_and(|fires| fires <= now) {
        bring(&mut log, spec, draft, now, book, known.0);
    }
    if let Some(label) = label {
        draft.after_mut().set(&format!("{}_agreement", spec.name), label.map_or(Value::Null, Value::Text));
    }
    let changed = marked || (log.next_fire, &log.without) != (known.1, &known.2);
    if changed && let Some(slot) = draft.after_mut().values.get_mut(place) {
        *slot = Value::Text(log.write());
    }
}

/// Evaluates the clock and fills its columns.
fn bring(log: &mut ClockLog, spec: &ClockSpec, draft: &mut Draft, now: i64, book: &Book, known: usize) {
    match replay(log, spec, now * SECOND, book) {
        Ok(Some(seen)) => {
            end_reopened(log, known, &seen);
            log.next_fire = seen.next_fire_at.map(|at| at.div_euclid(SECOND));
            if log.promise().is_some() {
                log.without = None;
            }
            columns(spec, draft, log, &seen);
        }
        Ok(None) => log.next_fire = None,
        // the hours are gone, or cannot express the target: say so instead of guessing
        Err(error) => {
            log.next_fire = None;
            log.without = Some(error.to_string());
        }
    }
}

/// Asks for the target where that may have changed, and appends what came of it. Gives the agreement's new label when
/// there is another one.
fn retarget(
    log: &mut ClockLog,
    spec: &ClockSpec,
    draft: &Draft,
    now: i64,
    book: &Book,
) -> Option<Option<String>> {
    let asked = INPUTS.iter().any(|name| draft.of().column_index(name).is_some() && draft.changed(name));
    let rests = matches!(log.phase(), Phase::Stopped | Phase::Cancelled);
    let new = draft.before().is_none() || log.marks.len() == 1;
    if !(asked || new || (log.promise().is_none() && !rests)) {
        return None;
    }
    let record = draft.after();
    let question = Question {
        record_type: &record.of.name,
        clock: &spec.name,
        priority: record.text("priority"),
        service: record.int("service"),
        customer: record.int("customer"),
        model: record.int("model"),
        day: format::day_of(now * SECOND),
    };
    let present = log.promise();
    let ended = |log: &ClockLog| {
        let seen = replay(log, spec, now * SECOND, book).ok().flatten()?;
        Some(EndedInstance {
            target_seconds: seen.target_seconds,
            elapsed_seconds: seen.elapsed_seconds,
            breached_at: seen.breach_at.map(|at| at.div_euclid(SECOND)),
        })
    };
    match book.choose(&question) {
        Ok(found) => {
            let same = present
                .is_some_and(|p| p.agreement == found.promise.agreement && p.target == found.promise.target);
            let policy = found.promise.retarget.as_deref().unwrap_or(&spec.retarget);
            // a clock at rest has nothing to start anew
            if same || (rests && present.is_some() && policy == "restart") {
                return None;
            }
            let ended = present.and_then(|_| ended(log));
            let promise = Some(Box::new(found.promise.clone()));
            log.marks.push(Mark { promise, ended, ..Mark::new(now, MarkKind::Target) });
            log.without = None;
            Some(Some(found.agreement.to_owned()))
        }
        Err(why) => {
            if present.is_some() {
                let reason = Some(why.clone());
                log.marks.push(Mark { reason, ..Mark::new(now, MarkKind::NoTarget) });
            }
            log.without = Some(why);
            Some(None)
        }
    }
}

/// Notes the facts of an instance that a reopening ended.
fn end_reopened(log: &mut ClockLog, known: usize, seen: &Evaluation) {
    let Some(prior) = seen.prior.last().filter(|p| p.ended == Ended::Reopened) else { return };
    let new = log.marks.iter_mut().skip(known).find(|m| m.kind == MarkKind::Reopen);
    if let Some(mark) = new {
        mark.ended = Some(EndedInstance {
            target_seconds: prior.target_seconds,
            elapsed_seconds: prior.elapsed_seconds,
            breached_at: prior.breach_at.map(|at| at.div_euclid(SECOND)),
        });
    }
}

/// Fills the columns from the evaluation. `elapsed` is that of the clock's last happening: a write that does not touch
/// the clock never comes here, so that entries stay free of noise.
fn columns(spec: &ClockSpec, draft: &mut Draft, log: &ClockLog, seen: &Evaluation) {
    let state = match seen.state {
        ClockState::NotStarted => Value::Null,
        ClockState::Running => Value::Text("running".to_owned()),
        ClockState::Paused => Value::Text("paused".to_owned()),
        ClockState::Stopped => Value::Text("stopped".to_owned()),
        ClockState::Cancelled => Value::Text("cancelled".to_owned()),
    };
    let instant = |at: Option<i64>| at.map_or(Value::Null, Value::Instant);
    let length = |seconds: i64| Value::Duration(seconds.saturating_mul(SECOND));
    let due = seen.due_at.filter(|_| !seen.due_is_projection);
    let risk = seen.at_risk.iter().find(|r| r.reached).and_then(|r| r.at);
    let record = draft.after_mut();
    let mut put = |suffix: &str, value: Value| {
        let Some(place) = record.of.column_index(&format!("{}_{suffix}", spec.name)) else { return };
        if let Some(slot) = record.values.get_mut(place)
            && *slot != value
        {
            *slot = value;
        }
    };
    put("at_risk_at", instant(risk));
    put("breached_at", instant(seen.breach_at));
    put("breach_recorded_at", instant(seen.breach_recorded_at));
    put("state", state);
    put("due_at", instant(due));
    put("target", length(seen.target_seconds));
    put("stopped_at", instant(log.stopped_at().map(|at| at * SECOND)));
    put("elapsed", length(seen.elapsed_seconds));
}
