//! Controls and their tests as checked data. A test asks records through conditions only; it never holds a program.
//!
//! Not here: reading the files (`control::load`), asking the store (`run`), what the counts mean (`state`).
//! Invariant: every condition in a loaded test was checked against the declared record types.

mod cadence;
mod kinds;
mod load;
mod shared;
mod term;

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use proofdesk_condition::Condition;
use serde::Serialize;

pub use cadence::{Cadences, Interval};
pub(crate) use load::load_beside;
pub use load::load_controls;
pub use term::{Amount, Chosen, Term};
pub(crate) use term::{Spot, Terms};

use crate::mapping::Mapping;

/// How grave it is when a test does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A lapse that an auditor would note as a minor nonconformity.
    Minor,
    /// A duty is not met as a whole: a major nonconformity.
    Major,
}

/// One of the obligations that a test helps to prove.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Serves {
    /// Framework, `iso-20000-1-2018`.
    pub framework: String,
    /// Obligation, `8.6.1-a`.
    pub obligation: String,
    /// What of the obligation's test sentence this test does not prove; none when it proves the whole of it.
    pub partial: Option<String>,
}

/// How many exceptions may be there before a test counts as failed. Inside it the state is "at risk".
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Tolerance {
    /// At most so many records.
    pub count: Option<u64>,
    /// At most this share of the population, in thousandths of a percent (2 % = 2,000).
    pub share_millipercent: Option<u64>,
}

/// Which part of time a population is taken from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Window {
    /// Instant field that decides.
    pub on: String,
    /// Length before the instant of the run, microseconds.
    pub last: i64,
}

/// Something that every record of a population must meet.
#[derive(Debug, Clone)]
pub struct Must {
    /// The condition.
    pub condition: Condition,
    /// What is wrong where it does not hold, for a person.
    pub says: String,
    /// The field to fill, where there is one.
    pub field: Option<String>,
}

/// Records that a test asks about.
#[derive(Debug, Clone)]
pub struct Population {
    /// The record type.
    pub record_type: String,
    /// What kind of record it is about, apart from its stage; none for every record.
    pub concerned: Option<Condition>,
    /// The stage from which it counts, and that stage in words (`when it is closed`).
    pub once: Option<(Condition, String)>,
    /// Which part of time.
    pub window: Option<Window>,
    /// `concerned`, `once` and `window` together; none for every record of the type.
    pub members: Option<Condition>,
    /// `members` as text, for pages and for narrowing to a scope.
    pub source: String,
}

/// Every record of a population meets all assertions.
#[derive(Debug, Clone)]
pub struct Each {
    /// Which records.
    pub population: Population,
    /// What each must meet.
    pub musts: Vec<Must>,
    /// All of them in one condition.
    pub all: Condition,
}

/// The newest record has an instant within a cadence.
#[derive(Debug, Clone)]
pub struct Fresh {
    /// Which records.
    pub population: Population,
    /// The field that says when: an instant, or a day, which counts from its beginning (UTC).
    pub at: String,
    /// How old it may be.
    pub every: Interval,
    /// What is wrong where it is older.
    pub says: String,
}

/// At least so many records of a population meet all assertions, and at most so many where that is said.
#[derive(Debug, Clone)]
pub struct AtLeast {
    /// Which records, and what each must meet to count.
    pub each: Each,
    /// How many must be there, from 1.
    pub at_least: u64,
    /// What is wrong where there are fewer.
    pub says: String,
    /// How many may be there, and what is wrong where there are more; none for any number.
    pub at_most: Option<(u64, String)>,
}

impl AtLeast {
    /// How many records are missing or too many.
    pub fn apart(&self, holds: u64) -> u64 {
        let over = self.at_most.as_ref().map_or(0, |(most, _)| holds.saturating_sub(*most));
        self.at_least.saturating_sub(holds) + over
    }

    /// How many are wanted, in words: `at least 2`, `exactly 1`, `2 to 4`.
    pub fn wanted(&self) -> String {
        match &self.at_most {
            None => format!("at least {}", self.at_least),
            Some((most, _)) if *most == self.at_least => format!("exactly {most}"),
            Some((most, _)) => format!("{} to {most}", self.at_least),
        }
    }
}

/// A share of a population meets a condition.
#[derive(Debug, Clone)]
pub struct Ratio {
    /// The denominator, and the numerator's condition as its one assertion.
    pub each: Each,
    /// At least this share, in thousandths of a percent.
    pub at_least_millipercent: u64,
}

/// Two populations are the same set: each record of either side has its counterpart.
#[derive(Debug, Clone)]
pub struct Reconcile {
    /// Both sides; the assertion of each says how it is matched by the other, through a link or a relation.
    pub sides: [Each; 2],
}

/// A person judges, and the judgement expires.
#[derive(Debug, Clone)]
pub struct Attest {
    /// What the person answers.
    pub question: String,
    /// How long an answer holds, microseconds.
    pub every: i64,
}

/// The six kinds of tests.
#[derive(Debug, Clone)]
pub enum Kind {
    /// See [`Each`].
    Each(Each),
    /// See [`AtLeast`]; the word is `some`.
    AtLeast(AtLeast),
    /// See [`Fresh`].
    Fresh(Fresh),
    /// See [`Ratio`].
    Ratio(Ratio),
    /// See [`Reconcile`].
    Reconcile(Box<Reconcile>),
    /// See [`Attest`].
    Attest(Attest),
}

impl Kind {
    /// The word of the declaration.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Each(_) => "each",
            Self::AtLeast(_) => "some",
            Self::Fresh(_) => "fresh",
            Self::Ratio(_) => "ratio",
            Self::Reconcile(_) => "reconcile",
            Self::Attest(_) => "attest",
        }
    }
}

/// A test over records.
#[derive(Debug, Clone)]
pub struct Test {
    /// Its id, unique among all controls: `incident.recorded`.
    pub id: String,
    /// What holds when it holds, one sentence.
    pub title: String,
    /// Id of its control.
    pub control: String,
    /// Obligations that it helps to prove.
    pub serves: Vec<Serves>,
    /// How grave a failure is.
    pub severity: Severity,
    /// Role that answers for it.
    pub owner: String,
    /// How many exceptions are tolerated.
    pub tolerance: Tolerance,
    /// What it asks.
    pub kind: Kind,
    /// Figures in it that the organization chooses.
    pub terms: Vec<Term>,
    /// SHA-256 of its declaration with the values of its terms, hexadecimal: the version by which records are judged.
    pub declaration: String,
    /// `file:line`.
    pub place: String,
}

impl Test {
    /// The populations it asks about; none for a judgement.
    pub fn populations(&self) -> Vec<&Population> {
        match &self.kind {
            Kind::Each(each) => vec![&each.population],
            Kind::AtLeast(some) => vec![&some.each.population],
            Kind::Fresh(fresh) => vec![&fresh.population],
            Kind::Ratio(ratio) => vec![&ratio.each.population],
            Kind::Reconcile(both) => both.sides.iter().map(|side| &side.population).collect(),
            Kind::Attest(_) => Vec::new(),
        }
    }

    /// The sides whose records are judged one by one: one for `each`, `some` and `ratio`, two for `reconcile`.
    pub fn sides(&self) -> Vec<&Each> {
        match &self.kind {
            Kind::Each(each) => vec![each],
            Kind::AtLeast(some) => vec![&some.each],
            Kind::Ratio(ratio) => vec![&ratio.each],
            Kind::Reconcile(both) => both.sides.iter().collect(),
            Kind::Fresh(_) | Kind::Attest(_) => Vec::new(),
        }
    }

    /// Whether a record that is not enough for it is no exception, as others are.
    pub fn counts_only(&self) -> bool {
        matches!(self.kind, Kind::AtLeast(_))
    }

    /// The instant window of its first population, where it has one.
    pub fn window(&self) -> Option<&Window> {
        self.populations().first().and_then(|p| p.window.as_ref())
    }
}

/// A control: what the organization does, and the tests that show it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Control {
    /// `incident`.
    pub id: String,
    /// Its name.
    pub title: String,
    /// Role that answers for it.
    pub owner: String,
    /// Ids of its tests, in order.
    pub tests: Vec<String>,
}

/// All controls with their tests.
#[derive(Debug, Clone, Default)]
pub struct Controls {
    /// Controls by id.
    pub controls: IndexMap<String, Control>,
    /// Tests by id.
    pub tests: IndexMap<String, Test>,
    /// Where the intervals of duties are kept, when it is declared.
    pub cadences: Option<Cadences>,
    /// Figures that the organization chooses, in order of declaration.
    pub terms: Vec<Term>,
    /// Requirements set beside those of other frameworks, in order of declaration.
    pub mappings: Vec<Mapping>,
    /// Ids of tests that serve only drafts or earlier editions: they are not asked.
    pub dormant: HashSet<String>,
    /// Framework and obligation to the tests that serve it, each with its place in `serves`.
    serving: HashMap<(String, String), Vec<(usize, usize)>>,
}

impl Controls {
    /// The tests that serve an obligation, in order of declaration.
    pub fn serving<'a>(&'a self, framework: &str, obligation: &str) -> Vec<(&'a Test, &'a Serves)> {
        let key = (framework.to_owned(), obligation.to_owned());
        let places = self.serving.get(&key).map_or(&[][..], Vec::as_slice);
        let one = |(test, at): &(usize, usize)| {
            let (_, test) = self.tests.get_index(*test)?;
            Some((test, test.serves.get(*at)?))
        };
        places.iter().filter_map(one).collect()
    }

    /// The mappings that speak of a requirement, in order of declaration.
    pub fn mapped_to<'a>(
        &'a self,
        framework: &'a str,
        obligation: &'a str,
    ) -> impl Iterator<Item = &'a Mapping> + Clone + 'a {
        self.mappings.iter().filter(move |m| m.target.0 == framework && m.target.1 == obligation)
    }

    /// The mappings by which a requirement speaks of others.
    pub fn mapped_from<'a>(
        &'a self,
        framework: &'a str,
        obligation: &'a str,
    ) -> impl Iterator<Item = &'a Mapping> + Clone + 'a {
        self.mappings.iter().filter(move |m| m.source.0 == framework && m.source.1 == obligation)
    }

    /// Notes which tests serve which obligation.
    fn index(&mut self) {
        self.serving.clear();
        for (i, test) in self.tests.values().enumerate() {
            for (at, serves) in test.serves.iter().enumerate() {
                let key = (serves.framework.clone(), serves.obligation.clone());
                self.serving.entry(key).or_default().push((i, at));
            }
        }
    }
}
