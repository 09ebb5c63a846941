//! A target clock as a bar that fills and a word. The browser goes on counting from the data attributes.

use maud::{Markup, html};
use proofdesk_model::{ClockSpec, Record, Value};

use crate::parts::time::words;

/// What a clock shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Tone: `ok`, `risk`, `bad`, `paused` or `none`.
    pub tone: &'static str,
    /// Share of the target used, 0 to 100.
    pub used: i64,
    /// The word beside the bar.
    pub word: String,
    /// Start and due instant, seconds, while it runs.
    pub runs: Option<(i64, i64)>,
    /// Share at which it counts as at risk.
    pub risk_at: i64,
}

/// Whether a clock has anything to show: one of a team or a supplier only where something was promised for it.
pub fn is_shown(record: &Record, clock: &ClockSpec) -> bool {
    clock.holder.is_none() || record.text(&format!("{}_state", clock.name)).is_some()
}

/// Where the clock of a team or supplier stands while he has the record: `SUP-1: 20 min left`.
pub fn held(record: &Record, clock: &ClockSpec, now: i64) -> Option<String> {
    if record.text(&format!("{}_state", clock.name)) != Some("running") {
        return None;
    }
    let holder = record.text(&format!("{}_holder", clock.name))?;
    Some(format!("{holder}: {}", read(record, clock, now).word))
}

/// Reads a record's clock columns.
pub fn read(record: &Record, clock: &ClockSpec, now: i64) -> Shown {
    let column = |suffix: &str| format!("{}_{suffix}", clock.name);
    let instant = |suffix: &str| record.instant(&column(suffix));
    let length = |suffix: &str| record.int(&column(suffix));
    let share = |part: Option<i64>, whole: Option<i64>| match (part, whole) {
        (Some(part), Some(whole)) if whole > 0 => (part.saturating_mul(100) / whole).clamp(0, 100),
        _ => 0,
    };
    let shown =
        |tone, used, word| Shown { tone, used, word, runs: None, risk_at: i64::from(clock.at_risk_percent) };
    let (elapsed, target) = (length("elapsed"), length("target"));
    let used = share(elapsed, target);
    match record.text(&column("state")) {
        Some("stopped") => stopped(elapsed, target, instant("breached_at").is_some(), shown),
        Some("paused") => shown("paused", used, "paused".to_owned()),
        Some("cancelled") => shown("none", used, "not counted".to_owned()),
        // a requester is told when it is due, not how it stands
        state @ (Some("running") | None) if state.is_some() || instant("due_at").is_some() => {
            let Some(due) = instant("due_at") else { return shown("none", 0, "no target".to_owned()) };
            let start = match (&clock.holder, target) {
                // open time that is left is never more than the time until it is due
                (Some(_), Some(target)) => due - target,
                _ => record.instant(&clock.start).unwrap_or(record.created_at),
            };
            let used = share(Some(now - start), Some(due - start));
            let over = now > due;
            let risk =
                used >= i64::from(clock.at_risk_percent) || instant("at_risk_at").is_some_and(|t| t <= now);
            let word = format!("{} {}", words(due - now), if over { "over" } else { "left" });
            let tone = if over {
                "bad"
            } else if risk {
                "risk"
            } else {
                "ok"
            };
            Shown {
                runs: Some((start / 1_000_000, due / 1_000_000)),
                ..shown(tone, if over { 100 } else { used }, word)
            }
        }
        _ => shown("none", 0, "no target".to_owned()),
    }
}

fn stopped(
    elapsed: Option<i64>,
    target: Option<i64>,
    breached: bool,
    shown: impl Fn(&'static str, i64, String) -> Shown,
) -> Shown {
    match (elapsed, target) {
        (Some(elapsed), Some(target)) if breached || elapsed > target => {
            shown("bad", 100, format!("missed by {}", words(elapsed - target)))
        }
        (Some(elapsed), Some(target)) => {
            let used = if target > 0 { (elapsed.saturating_mul(100) / target).clamp(0, 100) } else { 0 };
            shown("ok", used, format!("met in {} of {}", words(elapsed), words(target)))
        }
        _ => shown("none", 0, "stopped".to_owned()),
    }
}

/// The clock of a record as a bar and a word.
pub fn clock(record: &Record, spec: &ClockSpec, now: i64) -> Markup {
    if !is_shown(record, spec) {
        return html! {};
    }
    let shown = read(record, spec, now);
    let title = match record.get(&format!("{}_due_at", spec.name)) {
        Value::Instant(due) => format!("{}: due {}", spec.label, proofdesk_model::format::write_instant(due)),
        _ => spec.label.clone(),
    };
    let (start, due) = shown.runs.map_or((None, None), |(start, due)| (Some(start), Some(due)));
    html! {
            span class={ "clock " (shown.tone) } title=(title)
                data-start=[start] data-due=[due] data-risk=[due.map(|_| shown.risk_at)] {
    @if shown.tone != "none" { svg viewBox="0 0 100 5" preserveAspectRatio="none" aria-hidden="true" { rect width=(shown.used) height="5" {} } }
                span.word { (shown.word) }
            }
        }
}
