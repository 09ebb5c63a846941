//! A condition over a whole population: how many records meet it, fail it, or cannot be judged.

use proofdesk_model::{Condition, Context, RecordType};

use crate::error::Error;
use crate::store::Store;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The record type.
    pub of: &'a RecordType,
    /// Which records count; none means all of the type.
    pub population: Option<&'a Condition>,
    /// What each of them must meet.
    pub must: &'a Condition,
    /// Only this record, for a new test after its change.
    pub only: Option<i64>,
    /// How many exceptions are named.
    pub exceptions_limit: usize,
}

/// The verdict on one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It meets the condition.
    Holds,
    /// It does not.
    Fails,
    /// It belongs to the population but the condition cannot be evaluated.
    Error,
    /// Whether it belongs to the population cannot be evaluated.
    Unknown,
}

/// The answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// Records that meet the condition.
    pub holds: u64,
    /// Records that do not.
    pub fails: u64,
    /// Records of the population for which it cannot be evaluated.
    pub errors: u64,
    /// Records of which cannot be said whether they belong to the population. Counted apart, never dropped.
    pub unknown: u64,
    /// The first exceptions by number: all but [`Verdict::Holds`].
    pub exceptions: Vec<(i64, Verdict)>,
}

impl Verdicts {
    /// Size of the population, with those that may belong to it.
    pub fn population(&self) -> u64 {
        self.holds + self.fails + self.errors + self.unknown
    }
}

impl Default for Verdict {
    fn default() -> Self {
        Self::Unknown
    }
}

impl Store {
    /// Judges every record of a population in one pass.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn verdicts(&self, question: Question<'_>, context: &Context) -> Result<Verdicts, Error> {
        let _ = (question, context);
        Err(Error::Internal("not in this build".to_owned()))
    }
}
