//! Requirements of two frameworks set beside each other, and what one says of the other: pure functions.
//!
//! Source: NIST IR 8477 section 4.3 (set theory relationship mapping) and the OSCAL mapping model, for the words.
//! Invariant: a mapping never makes a requirement better than its strength allows. A part shows no whole, and what a
//! mapping says is not mapped on.

use serde::Serialize;

use crate::state::State;

/// What the requirements of the source are to the target's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// Both ask the same.
    Equal,
    /// The source asks a part of what the target asks.
    Subset,
    /// The source asks all that the target asks, and more.
    Superset,
    /// They share a part.
    Intersects,
}

impl Strength {
    /// All of them.
    pub const ALL: [(&'static str, Self); 4] = [
        ("equal", Self::Equal),
        ("subset", Self::Subset),
        ("superset", Self::Superset),
        ("intersects", Self::Intersects),
    ];

    /// The written word.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, strength)| *strength == self).map_or("intersects", |(word, _)| word)
    }

    /// The word of OSCAL.
    pub fn oscal(self) -> &'static str {
        match self {
            Self::Equal => "equal-to",
            Self::Subset => "subset-of",
            Self::Superset => "superset-of",
            Self::Intersects => "intersects-with",
        }
    }

    /// What it means, read from the source: "asks the same as".
    pub fn reads(self) -> &'static str {
        match self {
            Self::Equal => "asks the same as",
            Self::Subset => "asks a part of",
            Self::Superset => "asks all of, and more than,",
            Self::Intersects => "shares a part with",
        }
    }
}

/// A requirement of one framework against one of another. The source's tests speak for the target, as far as the
/// strength allows; never the other way round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mapping {
    /// Framework and requirement whose tests speak.
    pub source: (String, String),
    /// Framework and requirement of which they speak.
    pub target: (String, String),
    /// What the source is to the target.
    pub strength: Strength,
    /// Why, in a sentence.
    pub says: Option<String>,
    /// `file:line`.
    #[serde(skip)]
    pub place: String,
}

/// What a source in a state says of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Contribution {
    /// The target is in this state.
    Whole(State),
    /// The target is not met, as what is violated is a part of it.
    Violated,
    /// Only a part of it is looked at; the whole is not shown.
    Part,
    /// Nothing: the source itself has no answer, or what fails there may lie outside of the target.
    Nothing,
}

impl Contribution {
    /// What a source in this state, set beside a target by this strength, says of it.
    pub fn of(strength: Strength, source: State) -> Self {
        match (strength, source) {
            (_, State::NoTestYet | State::NotProven) => Self::Nothing,
            (Strength::Equal | Strength::Subset, State::Nonconforming) => Self::Violated,
            (Strength::Equal, state) => Self::Whole(state),
            (Strength::Superset, State::Nonconforming) => Self::Nothing,
            (Strength::Superset, state) => Self::Whole(state),
            (Strength::Subset, _) => Self::Part,
            (Strength::Intersects, State::Nonconforming) => Self::Nothing,
            (Strength::Intersects, _) => Self::Part,
        }
    }

    /// The sentence that people read.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Whole(_) => "It speaks for the whole requirement.",
            Self::Violated => "What is violated there is a part of this requirement.",
            Self::Part => "It speaks for a part only; the rest is not shown by it.",
            Self::Nothing => "It says nothing about this requirement now.",
        }
    }
}

/// The states that mappings add to those of a requirement's own tests. A violation always counts. Everything else
/// counts only where the requirement has no test of its own: then what speaks for the whole of it, or "not proven" where
/// only parts are looked at or the sources have no answer.
pub fn added(contributions: &[Contribution], has_own_test: bool) -> Vec<State> {
    if contributions.contains(&Contribution::Violated) {
        return vec![State::Nonconforming];
    }
    if has_own_test || contributions.is_empty() {
        return Vec::new();
    }
    let whole: Vec<State> = contributions
        .iter()
        .filter_map(|c| match c {
            Contribution::Whole(state) => Some(*state),
            _ => None,
        })
        .collect();
    if whole.is_empty() { vec![State::NotProven] } else { whole }
}

#[cfg(test)]
mod tests {
    use super::Contribution::{Nothing, Part, Violated, Whole};
    use super::{Contribution, Strength, added};
    use crate::state::State;

    #[test]
    fn a_mapping_says_no_more_than_its_strength() {
        for (strength, state, wanted) in [
            (Strength::Equal, State::Conforming, Whole(State::Conforming)),
            (Strength::Equal, State::Nonconforming, Violated),
            (Strength::Equal, State::JudgementDue, Whole(State::JudgementDue)),
            (Strength::Superset, State::Conforming, Whole(State::Conforming)),
            (Strength::Superset, State::AtRisk, Whole(State::AtRisk)),
            (Strength::Superset, State::Nonconforming, Nothing),
            (Strength::Subset, State::Conforming, Part),
            (Strength::Subset, State::Nonconforming, Violated),
            (Strength::Intersects, State::Conforming, Part),
            (Strength::Intersects, State::Nonconforming, Nothing),
        ] {
            assert_eq!(Contribution::of(strength, state), wanted, "{strength:?} {state:?}");
        }
        for (_, strength) in Strength::ALL {
            for silent in [State::NoTestYet, State::NotProven] {
                assert_eq!(Contribution::of(strength, silent), Nothing);
            }
            let green = Contribution::of(strength, State::Conforming) == Whole(State::Conforming);
            assert_eq!(green, matches!(strength, Strength::Equal | Strength::Superset), "{strength:?}");
        }
    }

    #[test]
    fn what_is_added_depends_on_own_tests() {
        let conforming = Whole(State::Conforming);
        for (contributions, own, wanted) in [
            (&[conforming][..], false, &[State::Conforming][..]),
            (&[conforming], true, &[]),
            (&[conforming, Part], false, &[State::Conforming]),
            (&[Part, Nothing], false, &[State::NotProven]),
            (&[Nothing], false, &[State::NotProven]),
            (&[Part], true, &[]),
            (&[conforming, Violated], true, &[State::Nonconforming]),
            (&[conforming, Violated], false, &[State::Nonconforming]),
            (&[], false, &[]),
        ] {
            assert_eq!(added(contributions, own), wanted, "{contributions:?} {own}");
        }
    }
}
