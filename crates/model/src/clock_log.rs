//! What the hidden column `<clock>_clock` of a record holds: the happenings of one clock, in order.
//!
//! Everything else about a clock is computed from this by the rule `clocks` and may be thrown away. The JSON is
//! compact (one letter a key, instants in whole seconds), because it is part of the record's entries in the log.
//! Not the state for a page: see [`crate::clock_view`].
//! Source: ISO/IEC 20000-1:2018, 8.3.3.
//! Invariant: marks are only appended, never changed or removed; a mistake is a further mark.

use serde::{Deserialize, Serialize};

/// The happenings of one clock of one record.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClockLog {
    /// When the timer fires next (at risk or breach) if nothing happens, seconds UTC.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub next_fire: Option<i64>,
    /// Why there is no target at present, a sentence for a person.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub without: Option<String>,
    /// The happenings in the order in which they were written.
    #[serde(rename = "e", default)]
    pub marks: Vec<Mark>,
}

/// One happening.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// When it happened, seconds UTC.
    #[serde(rename = "a")]
    pub at: i64,
    /// What happened.
    #[serde(rename = "k")]
    pub kind: MarkKind,
    /// Reason of a pause.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The promise of a [`MarkKind::Target`].
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub promise: Option<Box<Promise>>,
    /// The start that counts from now on, seconds UTC, of a [`MarkKind::Correct`].
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub start: Option<i64>,
    /// The person who corrected; none for a program.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub by: Option<i64>,
    /// The version of the record that brought the correction: its entry in the log is the evidence.
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// What the instance that ended here had come to.
    #[serde(rename = "q", default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<EndedInstance>,
    /// The interval of a [`MarkKind::Exclude`] or [`MarkKind::Include`].
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub excluded: Option<Box<Excluded>>,
}

/// An interval that was agreed not to count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excluded {
    /// First instant, seconds UTC.
    #[serde(rename = "f")]
    pub from: i64,
    /// Instant after it, seconds UTC.
    #[serde(rename = "u")]
    pub to: i64,
    /// Reference of the record that agrees it.
    #[serde(rename = "r")]
    pub record: String,
    /// Why, in a word.
    #[serde(rename = "w")]
    pub reason: String,
    /// Number of the person who approved it.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<i64>,
}

/// The kinds of happenings; one letter each when stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MarkKind {
    /// The clock starts. Always the first mark.
    #[serde(rename = "s")]
    Start,
    /// A target applies: the first one attaches, a later one retargets.
    #[serde(rename = "t")]
    Target,
    /// No target applies any more.
    #[serde(rename = "n")]
    NoTarget,
    /// Held, for a reason that the agreement may or may not accept.
    #[serde(rename = "p")]
    Pause,
    /// The hold is over.
    #[serde(rename = "r")]
    Resume,
    /// What the clock watches is done.
    #[serde(rename = "x")]
    Stop,
    /// Taken up again.
    #[serde(rename = "o")]
    Reopen,
    /// The record was withdrawn.
    #[serde(rename = "c")]
    Cancel,
    /// The start was wrong and another one counts.
    #[serde(rename = "k")]
    Correct,
    /// Somebody else holds the record: its reason is his reference, none for nobody. Clocks of holders only.
    #[serde(rename = "h")]
    Hold,
    /// An agreed interval does not count.
    #[serde(rename = "e")]
    Exclude,
    /// It counts after all: what agreed it was withdrawn.
    #[serde(rename = "i")]
    Include,
}

/// What a clock promises from a mark on: the target in its version, kept although the agreement may change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// Reference of the agreement.
    #[serde(rename = "a")]
    pub agreement: String,
    /// Reference of the target.
    #[serde(rename = "t")]
    pub target: String,
    /// Version of the target's record.
    #[serde(rename = "v")]
    pub version: i64,
    /// The target as people write it: `4h`, `2d`, `end of next working day`.
    #[serde(rename = "l")]
    pub limit: String,
    /// Key of the service hours in their version: `HRS-3@2` is version 2 of HRS-3, `HRS-5@1(HRS-3@2,HRS-4@1)`
    /// a union; empty is always open.
    #[serde(rename = "h", default, skip_serializing_if = "String::is_empty")]
    pub hours: String,
    /// What a reopening does: `resume` (when left out), `count_gap` or `restart`.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub reopen: Option<String>,
    /// What a new target does: `keep_elapsed` (when left out) or `restart`.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub retarget: Option<String>,
    /// At-risk threshold in per cent of the target; none has no threshold.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub at_risk_percent: Option<u32>,
    /// Reasons that pause; none: any reason does.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub pause_reasons: Option<Vec<String>>,
}

/// The facts of an instance at its end; nothing changes them later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedInstance {
    /// Its target, seconds of open time.
    #[serde(rename = "g")]
    pub target_seconds: i64,
    /// What it had used, seconds of open time.
    #[serde(rename = "u")]
    pub elapsed_seconds: i64,
    /// When it was breached, seconds UTC.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub breached_at: Option<i64>,
}

/// Where the marks leave a clock, before any agreement is asked which pauses count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase<'a> {
    /// No start yet.
    NotStarted,
    /// Running.
    Running,
    /// Held, with the reason.
    Paused(&'a str),
    /// Done.
    Stopped,
    /// Withdrawn.
    Cancelled,
}

impl Mark {
    /// A happening without particulars.
    pub fn new(at: i64, kind: MarkKind) -> Self {
        Self {
            at,
            kind,
            reason: None,
            promise: None,
            start: None,
            by: None,
            version: None,
            ended: None,
            excluded: None,
        }
    }
}

impl ClockLog {
    /// Reads a column; an empty or unreadable one is an empty log.
    pub fn read(column: Option<&str>) -> Self {
        column.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// Reads only [`ClockLog::next_fire`] of a written column, which stands first: timers are set at every write.
    pub fn read_next_fire(column: &str) -> Option<i64> {
        let rest = column.strip_prefix("{\"f\":")?;
        let end = rest.find([',', '}'])?;
        rest.get(..end)?.parse().ok()
    }

    /// Writes the column.
    pub fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The promise in force; none before the first target and after one was lost.
    pub fn promise(&self) -> Option<&Promise> {
        let target = |m: &&Mark| matches!(m.kind, MarkKind::Target | MarkKind::NoTarget);
        self.marks.iter().rev().find(target).and_then(|m| m.promise.as_deref())
    }

    /// The start that counts, seconds UTC.
    pub fn start(&self) -> Option<i64> {
        let corrected = self.marks.iter().rev().find_map(|m| m.start);
        corrected.or_else(|| self.marks.iter().find(|m| m.kind == MarkKind::Start).map(|m| m.at))
    }

    /// The intervals that do not count at present; of one holder where the clock is one of holders.
    pub fn excluded(&self, holder: Option<&str>) -> Vec<&Excluded> {
        let mut found: Vec<&Excluded> = Vec::new();
        for mark in self.marks.iter().filter(|m| m.reason.as_deref() == holder) {
            let Some(interval) = mark.excluded.as_deref() else { continue };
            match mark.kind {
                MarkKind::Exclude => found.push(interval),
                MarkKind::Include => found.retain(|known| *known != interval),
                _ => {}
            }
        }
        found
    }

    /// The promise of one holder that is in force, of a clock of holders.
    pub fn promise_of(&self, holder: &str) -> Option<&Promise> {
        let target = |m: &&Mark| {
            matches!(m.kind, MarkKind::Target | MarkKind::NoTarget) && m.reason.as_deref() == Some(holder)
        };
        self.marks.iter().rev().find(target).and_then(|m| m.promise.as_deref())
    }

    /// Who holds the record, of a clock of holders.
    pub fn holder(&self) -> Option<&str> {
        self.marks.iter().rev().find(|m| m.kind == MarkKind::Hold).and_then(|m| m.reason.as_deref())
    }

    /// Everybody who held the record, in the order in which they had it first.
    pub fn holders(&self) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        let holds = self.marks.iter().filter(|m| m.kind == MarkKind::Hold);
        for holder in holds.filter_map(|m| m.reason.as_deref()) {
            if !found.contains(&holder) {
                found.push(holder);
            }
        }
        found
    }

    /// Where the marks leave the clock.
    pub fn phase(&self) -> Phase<'_> {
        phase(&self.marks)
    }

    /// When the clock was last stopped, seconds UTC; none unless it is stopped now.
    pub fn stopped_at(&self) -> Option<i64> {
        let stop = self.marks.iter().rev().find(|m| m.kind == MarkKind::Stop);
        if self.phase() == Phase::Stopped { stop.map(|m| m.at) } else { None }
    }
}

/// Where marks leave a clock.
pub fn phase(marks: &[Mark]) -> Phase<'_> {
    let moves = |m: &&Mark| {
        use MarkKind::{Correct, Exclude, Include, NoTarget, Target};
        !matches!(m.kind, Target | NoTarget | Correct | Exclude | Include)
    };
    let Some(last) = marks.iter().rev().find(moves) else { return Phase::NotStarted };
    match last.kind {
        MarkKind::Pause => Phase::Paused(last.reason.as_deref().unwrap_or_default()),
        MarkKind::Stop => Phase::Stopped,
        MarkKind::Cancel => Phase::Cancelled,
        _ => Phase::Running,
    }
}

#[cfg(test)]
mod tests {
    use super::{ClockLog, Mark, MarkKind, Phase};

    #[test]
    fn the_next_instant_is_read_without_the_rest() {
        let mut log = ClockLog { marks: vec![Mark::new(5, MarkKind::Start)], ..ClockLog::default() };
        for next in [None, Some(0), Some(1_795_432_320), Some(-7)] {
            log.next_fire = next;
            let text = log.write();
            assert_eq!(ClockLog::read_next_fire(&text), next, "{text}");
            assert_eq!(ClockLog::read(Some(&text)), log);
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_empty_log() {
        for text in [None, Some(""), Some("{"), Some("[]"), Some("{\"e\":[{\"a\":\"x\"}]}")] {
            assert_eq!(ClockLog::read(text).phase(), Phase::NotStarted, "{text:?}");
        }
    }
}
