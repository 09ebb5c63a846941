//! A clock of a record as people see it: where it stands in few words, and what happened to it.
//!
//! Made from the record's columns alone, without agreements or service hours, so that a list of 50 records costs
//! nothing. The arithmetic is in the calendar crate and runs at every write of the record.

use std::collections::BTreeSet;

use crate::clock_log::{ClockLog, Mark, MarkKind, Promise};
use crate::record::Record;
use proofdesk_condition::Value;

const SECOND: i64 = 1_000_000;

/// The state of a clock, by its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockState {
    /// There is no target, or the clock has not started.
    None,
    /// It runs.
    Running,
    /// It is held for a reason that the agreement accepts.
    Paused,
    /// Done within the target.
    Met,
    /// Done, but later than the target.
    Missed,
    /// Withdrawn.
    Cancelled,
}

/// How a clock looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockTone {
    /// Nothing to worry about.
    Plain,
    /// At risk.
    Risk,
    /// Breached or missed.
    Bad,
    /// Held or withdrawn.
    Paused,
}

impl ClockTone {
    /// The class beside `clock` in the style sheet; empty for the plain look.
    pub fn class(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Risk => "risk",
            Self::Bad => "bad",
            Self::Paused => "paused",
        }
    }
}

/// A clock at an instant, for a page or a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockView {
    /// Name of the clock.
    pub clock: String,
    /// What people read.
    pub label: String,
    /// Where it is.
    pub state: ClockState,
    /// `22 min left`, `18 min over`, `paused`, `met in 4 of 15 min`, `missed by 18 min`, `withdrawn`, `no target`.
    pub words: String,
    /// How it looks.
    pub tone: ClockTone,
    /// Share of the target that is used, 0 to 100. Exact for clocks at rest and for hours that never close; for
    /// others never too high: between writes it counts closed time as if it were still to be used.
    pub used_percent: u8,
    /// When the target is reached, microseconds UTC; none while paused and when met.
    pub due_at: Option<i64>,
    /// Target in microseconds of open time.
    pub target: Option<i64>,
    /// Open time used at the clock's last happening, microseconds.
    pub elapsed: Option<i64>,
    /// Breach instant, microseconds UTC.
    pub breached_at: Option<i64>,
    /// The agreement, reference and title.
    pub agreement: Option<String>,
}

/// Shows one clock of a record at `now` (microseconds UTC); none if its type has no clock of this name.
pub fn clock_view(record: &Record, clock: &str, now: i64) -> Option<ClockView> {
    let spec = record.of.clocks.iter().find(|c| c.name == clock)?;
    let column = |suffix: &str| format!("{clock}_{suffix}");
    let instant = |suffix: &str| record.instant(&column(suffix));
    let (target, elapsed) = (record.int(&column("target")), record.int(&column("elapsed")));
    let (due_at, breached_at) = (instant("due_at"), instant("breached_at"));
    let state = match record.text(&column("state")) {
        Some("running") => ClockState::Running,
        Some("paused") => ClockState::Paused,
        Some("stopped") if breached_at.is_some() => ClockState::Missed,
        Some("stopped") => ClockState::Met,
        Some("cancelled") => ClockState::Cancelled,
        _ => ClockState::None,
    };
    let (used, limit) = (elapsed.unwrap_or_default(), target.unwrap_or_default());
    let used = match (state, due_at) {
        (ClockState::Running, Some(due)) => used.max(limit.saturating_sub(due.saturating_sub(now))),
        _ => used,
    };
    let at_risk = instant("at_risk_at").is_some();
    let (words, tone) = words(state, used, limit, now, due_at, breached_at, at_risk);
    let share = if limit > 0 { (i128::from(used.max(0)) * 100 / i128::from(limit)).min(100) } else { 0 };
    Some(ClockView {
        clock: clock.to_owned(),
        label: spec.label.clone(),
        state,
        words,
        tone,
        used_percent: u8::try_from(share).unwrap_or(100),
        due_at,
        target,
        elapsed,
        breached_at,
        agreement: record.text(&column("agreement")).map(str::to_owned),
    })
}

fn words(
    state: ClockState,
    used: i64,
    limit: i64,
    now: i64,
    due_at: Option<i64>,
    breached_at: Option<i64>,
    at_risk: bool,
) -> (String, ClockTone) {
    let quiet = if at_risk { ClockTone::Risk } else { ClockTone::Plain };
    match state {
        ClockState::None => ("no target".to_owned(), ClockTone::Plain),
        ClockState::Cancelled => ("withdrawn".to_owned(), ClockTone::Paused),
        ClockState::Paused if breached_at.is_some() => {
            (format!("paused, {} over", short_span(used - limit)), ClockTone::Bad)
        }
        ClockState::Paused => ("paused".to_owned(), ClockTone::Paused),
        ClockState::Met => (format!("met in {}", of_target(used, limit)), ClockTone::Plain),
        ClockState::Missed => (format!("missed by {}", short_span(used - limit)), ClockTone::Bad),
        ClockState::Running => match (breached_at, due_at) {
            (Some(breach), _) => (format!("{} over", short_span(now - breach)), ClockTone::Bad),
            (None, Some(due)) if now >= due => ("due".to_owned(), ClockTone::Risk),
            (None, Some(due)) => (format!("{} left", short_span(due - now)), quiet),
            (None, None) => ("running".to_owned(), quiet),
        },
    }
}

/// Writes a length in microseconds in few words, rounded down: `22 min`, `3 h 05`, `2 d 1 h`, `less than 1 min`.
pub fn short_span(micros: i64) -> String {
    let minutes = micros.max(0) / SECOND / 60;
    let (hours, rest) = (minutes / 60, minutes % 60);
    match (hours / 24, hours % 24) {
        (0, 0) if minutes == 0 => "less than 1 min".to_owned(),
        (0, 0) => format!("{minutes} min"),
        (0, hours) if rest == 0 => format!("{hours} h"),
        (0, hours) => format!("{hours} h {rest:02}"),
        (days, 0) => format!("{days} d"),
        (days, hours) => format!("{days} d {hours} h"),
    }
}

fn of_target(used: i64, limit: i64) -> String {
    let (used, limit) = (short_span(used), short_span(limit));
    match (used.strip_suffix(" min"), limit.ends_with(" min")) {
        (Some(minutes), true) if !used.starts_with("less") => format!("{minutes} of {limit}"),
        _ => format!("{used} of {limit}"),
    }
}

/// One line of a clock's story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockHappening {
    /// When, microseconds UTC.
    pub at: i64,
    /// Which instance of the clock, counted from 1.
    pub instance: usize,
    /// What happened and why.
    pub words: String,
    /// Reference of the agreement, where a target was taken from it.
    pub agreement: Option<String>,
    /// Reference of the target and its version, where one was taken.
    pub target: Option<(String, i64)>,
}

/// The story of one clock of a record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClockStory {
    /// What happened, oldest first.
    pub happenings: Vec<ClockHappening>,
    /// The timer's next instant (at risk or breach) if nothing else happens, microseconds UTC.
    pub next_fire_at: Option<i64>,
    /// Why there is no target at present.
    pub without: Option<String>,
    /// Key of the service hours in force, in their version; none where there is no target, empty if always open.
    pub hours: Option<String>,
}

/// How a page writes what a story names.
#[derive(Clone, Copy)]
pub struct Writers<'a> {
    /// Names a person by number.
    pub person: &'a dyn Fn(i64) -> String,
    /// Writes an instant, microseconds UTC.
    pub when: &'a dyn Fn(i64) -> String,
}

/// Numbers of the people whom the stories of a record's clocks name.
pub fn people_of_clocks(record: &Record) -> BTreeSet<i64> {
    let logs = record.of.clocks.iter().map(|c| ClockLog::read(record.text(&format!("{}_clock", c.name))));
    let named = |m: Mark| m.by.into_iter().chain(m.excluded.and_then(|known| known.approved_by));
    logs.flat_map(|log| log.marks).flat_map(named).collect()
}

/// Tells what happened to one clock of a record. Agreed intervals after the clock came to rest did not touch it and
/// are left out.
pub fn clock_story(record: &Record, clock: &str, writers: Writers<'_>) -> ClockStory {
    let log = ClockLog::read(record.text(&format!("{clock}_clock")));
    let mut instance = 1;
    let mut attached = false;
    let mut happenings = Vec::with_capacity(log.marks.len() + 2);
    let mut had: Vec<&str> = Vec::new();
    let rest = rest_at(&log);
    for mark in &log.marks {
        if mark.ended.is_some() {
            instance += 1;
        }
        if let (Some(rest), Some(interval)) = (rest, &mark.excluded)
            && interval.from >= rest
        {
            continue;
        }
        let promise = mark.promise.as_deref();
        if let (MarkKind::Target, Some(holder)) = (mark.kind, mark.reason.as_deref()) {
            attached = had.contains(&holder);
            had.push(holder);
        }
        happenings.push(ClockHappening {
            at: mark.at.saturating_mul(SECOND),
            instance,
            words: tell(mark, attached, writers),
            agreement: promise.map(|p| p.agreement.clone()),
            target: promise.map(|p| (p.target.clone(), p.version)),
        });
        attached |= mark.kind == MarkKind::Target;
    }
    let fact = |suffix: &str, words: &str, happenings: &mut Vec<ClockHappening>| {
        if let Some(at) = record.instant(&format!("{clock}_{suffix}")) {
            let words = words.to_owned();
            happenings.push(ClockHappening { at, instance, words, agreement: None, target: None });
        }
    };
    fact("at_risk_at", "At risk.", &mut happenings);
    fact("breached_at", "Target breached.", &mut happenings);
    happenings.sort_by_key(|h| h.at);
    ClockStory {
        happenings,
        next_fire_at: log.next_fire.map(|at| at.saturating_mul(SECOND)),
        hours: log.promise().map(|p| p.hours.clone()),
        without: log.without,
    }
}

/// Since when the clock is at rest, seconds UTC; none while it may still run.
fn rest_at(log: &ClockLog) -> Option<i64> {
    let moves = |m: &&Mark| matches!(m.kind, MarkKind::Stop | MarkKind::Cancel | MarkKind::Reopen);
    let last = log.marks.iter().rev().find(moves)?;
    (last.kind != MarkKind::Reopen).then_some(last.at)
}

fn tell(mark: &Mark, attached: bool, writers: Writers<'_>) -> String {
    let reason = mark.reason.as_deref().unwrap_or_default().replace('_', " ");
    let ended = mark.ended.map_or(String::new(), |e| {
        let how = if e.breached_at.is_some() { ", breached" } else { "" };
        let (used, of) = (short_span(e.elapsed_seconds * SECOND), short_span(e.target_seconds * SECOND));
        format!(" The instance before had used {used} of {of}{how}.")
    });
    let told = match (mark.kind, mark.promise.as_deref()) {
        (MarkKind::Start, _) => "The clock starts.".to_owned(),
        (MarkKind::Target, Some(p)) => promise_words(p, attached),
        (MarkKind::Target, None) => "A target applies.".to_owned(),
        (MarkKind::NoTarget, _) => format!("No target applies any more: {reason}"),
        (MarkKind::Pause, _) => format!("Held: {reason}."),
        (MarkKind::Resume, _) => "The hold is over.".to_owned(),
        (MarkKind::Stop, _) => "The clock stops.".to_owned(),
        (MarkKind::Reopen, _) => "Taken up again.".to_owned(),
        (MarkKind::Cancel, _) => "Withdrawn.".to_owned(),
        (MarkKind::Hold, _) => match mark.reason.as_deref() {
            Some(holder) => format!("{holder} has the record."),
            None => "Nobody has the record; the clock is held.".to_owned(),
        },
        (MarkKind::Exclude, _) => interval(mark, "does not count", writers),
        (MarkKind::Include, _) => interval(mark, "counts after all", writers),
        (MarkKind::Correct, _) => {
            let who = mark.by.map_or("a program".to_owned(), writers.person);
            let version = mark.version.unwrap_or_default();
            format!("The start was corrected by {who}; the evidence is version {version} of this record.")
        }
    };
    told + &ended
}

fn interval(mark: &Mark, verdict: &str, writers: Writers<'_>) -> String {
    let Some(known) = mark.excluded.as_deref() else { return format!("An interval {verdict}.") };
    let when = |seconds: i64| (writers.when)(seconds.saturating_mul(SECOND));
    let (from, to, why) = (when(known.from), when(known.to), known.reason.replace('_', " "));
    let by = known.approved_by.map_or("a program".to_owned(), writers.person);
    format!("{from} to {to} {verdict} ({why}; {}, approved by {by}).", known.record)
}

fn promise_words(promise: &Promise, attached: bool) -> String {
    let verb = if attached { "New target" } else { "Target" };
    let hours = match promise.hours.split('(').next().and_then(|own| own.split_once('@')) {
        Some((reference, version)) => format!("{reference} version {version}"),
        None => "always open".to_owned(),
    };
    let Promise { limit, agreement, target, version, .. } = promise;
    format!("{verb} {limit} by {agreement} ({target} version {version}, {hours}).")
}

/// The columns of a clock that a list needs to show it, besides the record itself.
pub fn clock_columns(clock: &str) -> Vec<String> {
    let suffixes = ["state", "due_at", "target", "elapsed", "at_risk_at", "breached_at", "agreement"];
    suffixes.iter().map(|s| format!("{clock}_{s}")).collect()
}

/// Whether any clock of the record is at risk or breached and not yet at rest.
pub fn needs_attention(record: &Record) -> bool {
    record.of.clocks.iter().any(|c| {
        let rests = !matches!(record.text(&format!("{}_state", c.name)), Some("running"));
        let set =
            |suffix: &str| record.value(&format!("{}_{suffix}", c.name)).is_some_and(|v| *v != Value::Null);
        !rests && (set("at_risk_at") || set("breached_at"))
    })
}
