//! Agreed exclusions: which intervals a clock leaves out, noted among its marks when they are approved or withdrawn.
//!
//! Source: rule R19 of `docs/clocks.md`.

use proofdesk_model::Draft;
use proofdesk_model::clock_log::{ClockLog, Excluded, Mark, MarkKind, Phase, Promise};

use crate::book::Book;

/// Notes what was approved or withdrawn since the last write. `holder` is that of a clock of holders.
pub(super) fn mark(log: &mut ClockLog, draft: &Draft, holder: Option<&str>, now: i64, book: &Book) {
    let since = match holder {
        None => log.start(),
        Some(holder) => log.marks.iter().find(|m| m.reason.as_deref() == Some(holder)).map(|m| m.at),
    };
    let promise: Option<&Promise> = match holder {
        None => log.promise(),
        Some(holder) => log.promise_of(holder),
    };
    let (Some(since), Some(promise)) = (since, promise) else { return };
    let agreed: Vec<&Excluded> =
        book.exclusions(&promise.agreement, draft.after().int("service"), since).collect();
    let known = log.excluded(holder);
    let rested = match log.phase() {
        Phase::Stopped | Phase::Cancelled => log.marks.iter().rev().find(|m| is_end(m.kind)).map(|m| m.at),
        _ => None,
    };
    let concerns = |e: &&&Excluded| rested.is_none_or(|at| e.from < at);
    let gone = known.iter().filter(|e| !agreed.contains(e)).map(|e| (MarkKind::Include, (*e).clone()));
    let new = agreed.iter().filter(|e| !known.contains(e)).filter(concerns);
    let new = new.map(|e| (MarkKind::Exclude, (*e).clone()));
    let marks: Vec<(MarkKind, Excluded)> = gone.chain(new).collect();
    for (kind, interval) in marks {
        let (reason, excluded) = (holder.map(str::to_owned), Some(Box::new(interval)));
        log.marks.push(Mark { reason, excluded, ..Mark::new(now, kind) });
    }
}

fn is_end(kind: MarkKind) -> bool {
    matches!(kind, MarkKind::Stop | MarkKind::Cancel)
}
