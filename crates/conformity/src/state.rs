//! How a test and an obligation stand: pure functions of counts, never of a stored opinion.
//!
//! Invariant: nothing that was not counted becomes conforming. An empty source, a failed run and an old run are
//! "not proven"; an empty population is "not triggered"; a record that cannot be evaluated counts as an exception.

use serde::{Deserialize, Serialize};

use crate::control::{AtLeast, Tolerance};
use crate::framework::Answer;

/// How a test or an obligation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Every record holds.
    Conforming,
    /// There are exceptions, within the tolerance.
    AtRisk,
    /// There are more exceptions than are tolerated.
    Nonconforming,
    /// The population is empty: what triggers the duty did not occur.
    NotTriggered,
    /// It was not tested, its source is empty, or its run failed or is too old.
    NotProven,
    /// A person has to judge.
    JudgementDue,
    /// No test is written for it yet.
    NoTestYet,
}

impl State {
    /// All of them, in the order of pages.
    pub const ALL: [Self; 7] = [
        Self::Conforming,
        Self::AtRisk,
        Self::Nonconforming,
        Self::NotTriggered,
        Self::NotProven,
        Self::JudgementDue,
        Self::NoTestYet,
    ];

    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Conforming => "conforming",
            Self::AtRisk => "at_risk",
            Self::Nonconforming => "nonconforming",
            Self::NotTriggered => "not_triggered",
            Self::NotProven => "not_proven",
            Self::JudgementDue => "judgement_due",
            Self::NoTestYet => "no_test_yet",
        }
    }

    /// What people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::Conforming => "conforming",
            Self::AtRisk => "at risk",
            Self::Nonconforming => "nonconforming",
            Self::NotTriggered => "not triggered",
            Self::NotProven => "not proven",
            Self::JudgementDue => "judgement due",
            Self::NoTestYet => "no test yet",
        }
    }

    /// Whether it can hold now: what nothing has called for, or no test asks, can neither hold nor fail.
    pub fn can_hold(self) -> bool {
        !matches!(self, Self::NotTriggered | Self::NoTestYet)
    }

    /// How many of these conform, and how many can hold now: the one share that all pages say.
    pub fn share(states: impl IntoIterator<Item = Self>) -> (u64, u64) {
        let can_hold = states.into_iter().filter(|s| s.can_hold());
        can_hold.fold((0, 0), |(holds, all), s| (holds + u64::from(s == Self::Conforming), all + 1))
    }

    /// Reads the stored word; anything else is "not proven".
    pub fn parse(word: &str) -> Self {
        Self::ALL.into_iter().find(|s| s.as_str() == word).unwrap_or(Self::NotProven)
    }
}

/// What a test counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Records for which it holds.
    pub holds: u64,
    /// Records for which it does not.
    pub fails: u64,
    /// Records for which it cannot be evaluated, also those of which cannot be said whether they belong to it.
    pub errors: u64,
}

impl Counts {
    /// The population.
    pub fn total(&self) -> u64 {
        self.holds + self.fails + self.errors
    }

    /// Records that do not hold, or of which it cannot be said.
    pub fn exceptions(&self) -> u64 {
        self.fails + self.errors
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            holds: self.holds + other.holds,
            fails: self.fails + other.fails,
            errors: self.errors + other.errors,
        }
    }
}

/// Whether there is anything to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceState {
    /// There are records of the type.
    Present,
    /// There is not a single record of the type.
    Empty,
    /// The question could not be put.
    Failed,
}

/// How a test of `each` or `reconcile` stands.
pub fn of_counts(counts: Counts, tolerance: Tolerance, source: SourceState) -> State {
    if source != SourceState::Present {
        return State::NotProven;
    }
    match (counts.total(), counts.exceptions()) {
        (0, _) => State::NotTriggered,
        (_, 0) => State::Conforming,
        (total, exceptions) if within(exceptions, total, tolerance) => State::AtRisk,
        _ => State::Nonconforming,
    }
}

/// Whether so many exceptions are tolerated: by every limit that is given, and there must be one.
fn within(exceptions: u64, total: u64, tolerance: Tolerance) -> bool {
    let share = |most: u64| u128::from(exceptions) * 100_000 <= u128::from(most) * u128::from(total);
    let given = tolerance.count.is_some() || tolerance.share_millipercent.is_some();
    given
        && tolerance.count.is_none_or(|most| exceptions <= most)
        && tolerance.share_millipercent.is_none_or(share)
}

/// How a test of `ratio` stands: the share of all that holds, against the threshold less the tolerance.
pub fn of_ratio(counts: Counts, at_least: u64, tolerance: Tolerance, source: SourceState) -> State {
    if source != SourceState::Present {
        return State::NotProven;
    }
    if counts.total() == 0 {
        return State::NotTriggered;
    }
    let reaches =
        |share: u64| u128::from(counts.holds) * 100_000 >= u128::from(share) * u128::from(counts.total());
    let floor = at_least.saturating_sub(tolerance.share_millipercent.unwrap_or(0));
    let missing = u128::from(at_least) * u128::from(counts.total());
    let short = missing.saturating_sub(u128::from(counts.holds) * 100_000).div_ceil(100_000);
    let few = tolerance.count.is_some_and(|most| short <= u128::from(most));
    match (reaches(at_least), reaches(floor)) {
        (true, _) => State::Conforming,
        (false, true) if tolerance.share_millipercent.is_some() => State::AtRisk,
        _ if few => State::AtRisk,
        _ => State::Nonconforming,
    }
}

/// How a test of `some` stands, and what it counts: those that meet it, and how many are missing or too many.
pub fn of_number(holds: u64, some: &AtLeast, source: SourceState) -> (State, Counts) {
    let fails = some.apart(holds);
    match source {
        SourceState::Present if fails == 0 => (State::Conforming, Counts { holds, ..Counts::default() }),
        SourceState::Present => (State::Nonconforming, Counts { holds, fails, errors: 0 }),
        SourceState::Empty | SourceState::Failed => (State::NotProven, Counts::default()),
    }
}

/// How a test of `fresh` stands: the age of the newest record against the cadence, in microseconds. Nine tenths
/// of the cadence are "at risk"; records that never say an instant are a failure.
pub fn of_age(age: Option<i64>, every: i64, source: SourceState) -> State {
    match (source, age) {
        (SourceState::Empty | SourceState::Failed, _) => State::NotProven,
        (_, Some(age)) if age <= every / 10 * 9 => State::Conforming,
        (_, Some(age)) if age <= every => State::AtRisk,
        _ => State::Nonconforming,
    }
}

/// What a person judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opinion {
    /// It is good enough.
    Adequate,
    /// It is not.
    Inadequate,
}

impl Opinion {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Adequate => "adequate",
            Self::Inadequate => "inadequate",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Adequate, Self::Inadequate].into_iter().find(|o| o.as_str() == word)
    }
}

/// How a test of `attest` stands, by the newest judgement that has not expired.
pub fn of_opinion(opinion: Option<Opinion>) -> State {
    match opinion {
        None => State::JudgementDue,
        Some(Opinion::Adequate) => State::Conforming,
        Some(Opinion::Inadequate) => State::Nonconforming,
    }
}

/// How an obligation stands, as a function of its tests. The worst wins: nonconforming, then not proven, at risk,
/// judgement due; not triggered only where no test found anything. Where records show presence only, a person's
/// adequacy judgement must stand beside a conforming result: until then judgement is due, and "not good enough" is
/// a nonconformity. A judgement makes nothing better than it was computed.
pub fn of_obligation(tests: &[State], answer: Answer, adequacy: Option<Opinion>) -> State {
    let has = |state: State| tests.contains(&state);
    if tests.iter().all(|s| *s == State::NoTestYet) {
        return State::NoTestYet;
    }
    for worst in [State::Nonconforming, State::NotProven, State::AtRisk, State::JudgementDue] {
        if has(worst) {
            return worst;
        }
    }
    if !has(State::Conforming) {
        return State::NotTriggered;
    }
    match (answer, adequacy) {
        (Answer::Presence, None) => State::JudgementDue,
        (Answer::Presence, Some(Opinion::Inadequate)) => State::Nonconforming,
        _ => State::Conforming,
    }
}

/// The state that is shown: a result older than `limit` microseconds proves nothing any more.
pub fn shown(state: State, age: i64, limit: i64) -> State {
    let stale = age > limit && state != State::NoTestYet;
    if stale { State::NotProven } else { state }
}

#[cfg(test)]
mod tests;
