//! From a clock's marks to what the calendar makes of them.
//!
//! Source: rules R4, R5 and R12 of `docs/clocks.md`.

use proofdesk_calendar::{
    CalendarError, ClockDefinition, ClockEvent, ClockKind, Evaluation, HoursSource, ReopenPolicy,
    RetargetPolicy, ServiceHours, Target, What, evaluate,
};
use proofdesk_model::ClockSpec;
use proofdesk_model::clock_log::{ClockLog, Excluded, Mark, MarkKind, Promise};

use crate::book::Book;

const SECOND: i64 = 1_000_000;

/// Says where a clock stands at `now` (microseconds UTC); none without a target.
///
/// When the target was lost, the clock is shown as it was withdrawn then.
///
/// # Errors
/// `UnknownHours` for a version of hours that no longer exists; what the calendar says of a target that these hours
/// cannot express.
pub fn replay(
    log: &ClockLog,
    spec: &ClockSpec,
    now: i64,
    book: &Book,
) -> Result<Option<Evaluation>, CalendarError> {
    let Some((definition, events)) = read(log, spec) else { return Ok(None) };
    let hours = Source::of(&definition, &events, book);
    evaluate(&definition, &events, now, &hours).map(Some)
}

/// The definition and the events, as the calendar takes them; none without a target.
fn read(log: &ClockLog, spec: &ClockSpec) -> Option<(ClockDefinition, Vec<ClockEvent>)> {
    let promises = || log.marks.iter().filter_map(|m| m.promise.as_deref().map(|p| (m.at, p)));
    let (attached, first) = promises().next()?;
    // what a new target changes besides itself (reasons, policies, thresholds) is that of the last one
    let (_, last) = promises().next_back()?;
    let definition = definition(first, last, spec)?;
    let last_target = log.marks.iter().rposition(|m| m.promise.is_some());
    let last_reopen = log.marks.iter().rposition(|m| m.kind == MarkKind::Reopen);
    let mut events = Vec::with_capacity(log.marks.len());
    let mut corrections = Vec::new();
    let mut cut = Vec::new();
    for (place, mark) in log.marks.iter().enumerate() {
        let what = match mark.kind {
            MarkKind::Start => What::Start { attached: Some(attached.max(mark.at) * SECOND) },
            MarkKind::Pause => What::Pause { reason: mark.reason.clone().unwrap_or_default() },
            MarkKind::Resume => What::Resume,
            MarkKind::Stop => What::Stop,
            MarkKind::Reopen => What::Reopen,
            MarkKind::Cancel if last_reopen.is_some_and(|r| r > place) => What::Stop,
            MarkKind::Cancel => What::Cancel,
            MarkKind::NoTarget if last_target.is_some_and(|t| t > place) => continue,
            MarkKind::NoTarget => What::Cancel,
            MarkKind::Target => match mark.promise.as_deref() {
                Some(promise) if !std::ptr::eq(promise, first) => {
                    What::Retarget { target: promise.limit.parse().ok()?, hours: Some(promise.hours.clone()) }
                }
                _ => continue,
            },
            MarkKind::Hold => continue,
            MarkKind::Exclude | MarkKind::Include => match exclusion(mark, events.len(), &mut cut) {
                Some(what) => what,
                None => continue,
            },
            MarkKind::Correct => {
                let Some(start) = mark.start else { continue };
                // the start is the first event; an earlier correction is withdrawn by a later one
                let mut leave_out = vec![0];
                leave_out.extend(&corrections);
                corrections.push(events.len());
                let attached = Some(attached.max(start) * SECOND);
                What::Correct {
                    by: mark.by.map_or_else(String::new, |by| by.to_string()),
                    reason: spec.start.clone(),
                    evidence: mark.version.map_or_else(String::new, |v| v.to_string()),
                    leave_out,
                    put_in: vec![ClockEvent { at: start * SECOND, what: What::Start { attached } }],
                }
            }
        };
        events.push(ClockEvent { at: mark.at * SECOND, what });
    }
    Some((definition, events))
}

/// An excluded interval, or the withdrawal of one. `cut` remembers where in the list each stands.
pub(super) fn exclusion(mark: &Mark, place: usize, cut: &mut Vec<(Excluded, usize)>) -> Option<What> {
    let interval = mark.excluded.as_deref()?;
    let by = interval.approved_by.map_or_else(String::new, |by| by.to_string());
    if mark.kind == MarkKind::Exclude {
        cut.push((interval.clone(), place));
        return Some(What::Suppress {
            from: interval.from * SECOND,
            to: interval.to * SECOND,
            reason: interval.reason.clone(),
            record: interval.record.clone(),
            approval: by,
        });
    }
    let at = cut.iter().position(|(known, _)| known == interval)?;
    let (_, place) = cut.remove(at);
    Some(What::Correct {
        by,
        reason: "withdrawn".to_owned(),
        evidence: interval.record.clone(),
        leave_out: vec![place],
        put_in: Vec::new(),
    })
}

pub(super) fn definition(first: &Promise, last: &Promise, spec: &ClockSpec) -> Option<ClockDefinition> {
    let reopen = match last.reopen.as_deref().unwrap_or(&spec.reopen) {
        "count_gap" => ReopenPolicy::CountGap,
        "restart" => ReopenPolicy::Restart,
        _ => ReopenPolicy::Resume,
    };
    let retarget = match last.retarget.as_deref().unwrap_or(&spec.retarget) {
        "restart" => RetargetPolicy::Restart,
        _ => RetargetPolicy::KeepElapsed,
    };
    let percent = last.at_risk_percent.unwrap_or_else(|| u32::from(spec.at_risk_percent));
    Some(ClockDefinition {
        name: String::new(),
        kind: ClockKind::Service,
        version: String::new(),
        target: first.limit.parse::<Target>().ok()?,
        hours: first.hours.clone(),
        reopen,
        retarget,
        at_risk_percents: if percent == 0 { Vec::new() } else { vec![percent] },
        pause_reasons: last.pause_reasons.clone(),
    })
}

/// The book's hours, and those of earlier versions that this clock still counts in.
pub(super) struct Source<'a> {
    book: &'a Book,
    earlier: Vec<(String, ServiceHours)>,
}

impl<'a> Source<'a> {
    pub(super) fn of(definition: &ClockDefinition, events: &[ClockEvent], book: &'a Book) -> Self {
        let retargeted = events.iter().filter_map(|e| match &e.what {
            What::Retarget { hours, .. } => hours.as_deref(),
            _ => None,
        });
        let keys = std::iter::once(definition.hours.as_str()).chain(retargeted);
        let mut earlier: Vec<(String, ServiceHours)> = Vec::new();
        for key in keys {
            if book.hours(key).is_none()
                && !earlier.iter().any(|(k, _)| k == key)
                && let Some(hours) = book.resolve(key)
            {
                earlier.push((key.to_owned(), hours));
            }
        }
        Self { book, earlier }
    }
}

impl HoursSource for Source<'_> {
    fn hours(&self, key: &str) -> Option<&ServiceHours> {
        let earlier = || self.earlier.iter().find(|(k, _)| k == key).map(|(_, hours)| hours);
        self.book.hours(key).or_else(earlier)
    }
}
