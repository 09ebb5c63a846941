//! Rules: what a declaration cannot say, in Rust, at three points only. Pure and synchronous.
//!
//! A rule never writes another record; it names a job, and the job uses the one write path.

use std::collections::HashMap;
use std::sync::Arc;

use crate::change::Stamp;
use crate::draft::Draft;
use crate::error::Problem;
use crate::record::{Record, Reference};

/// What a rule or a guard needs to know of other records.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lookup {
    /// Every record of a small type (agreements, targets, service hours): served from a cache by the engine.
    All(String),
    /// One record.
    One(Reference),
    /// Records related to the draft by a relation of its type, after the draft's link changes.
    Related(String),
}

/// The answers to look-ups.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    found: HashMap<Lookup, Arc<Vec<Record>>>,
}

impl Facts {
    /// Stores an answer.
    pub fn insert(&mut self, lookup: Lookup, records: Arc<Vec<Record>>) {
        self.found.insert(lookup, records);
    }

    /// The answer to a look-up; empty when it was not asked for or nothing was found.
    pub fn records(&self, lookup: &Lookup) -> &[Record] {
        self.found.get(lookup).map_or(&[], |r| r.as_slice())
    }

    /// The record that a single link points to, when it was asked for.
    pub fn one(&self, reference: &Reference) -> Option<&Record> {
        self.records(&Lookup::One(reference.clone())).first()
    }

    /// Every record of a small type, when it was asked for.
    pub fn all(&self, record_type: &str) -> &[Record] {
        self.records(&Lookup::All(record_type.to_owned()))
    }

    /// The answer to a look-up as it is shared: the same allocation means the same records.
    pub fn shared(&self, lookup: &Lookup) -> Option<&Arc<Vec<Record>>> {
        self.found.get(lookup)
    }

    /// Whether a look-up was answered.
    pub fn has(&self, lookup: &Lookup) -> bool {
        self.found.contains_key(lookup)
    }
}

/// Work to be done after the commit: stored with it, in the same transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Which handler runs it.
    pub kind: String,
    /// Jobs of the same kind and key replace each other.
    pub key: String,
    /// Not before this instant, microseconds UTC.
    pub run_at: i64,
    /// What the handler needs, JSON.
    pub payload: serde_json::Value,
}

impl Job {
    /// A `run_at` that means: nothing is due any more, the job of this key is withdrawn. As an instant it is the end
    /// of the year 9999, so that a queue which only keeps the row never runs it either.
    pub const NEVER: i64 = crate::format::INSTANT_MAX;
}

/// A behaviour named in declarations.
pub trait Rule: Send + Sync {
    /// The name used in declarations.
    fn name(&self) -> &'static str;

    /// What it needs to know. Asked after the change was applied to the draft and before `derive`.
    fn wants(&self, _draft: &Draft) -> Vec<Lookup> {
        Vec::new()
    }

    /// Values from values.
    fn derive(&self, _draft: &mut Draft, _facts: &Facts, _stamp: &Stamp) {}

    /// Problems from values.
    fn check(&self, _draft: &Draft, _facts: &Facts, _stamp: &Stamp) -> Vec<Problem> {
        Vec::new()
    }

    /// Jobs to enqueue with the write.
    fn follow(&self, _draft: &Draft, _facts: &Facts, _stamp: &Stamp) -> Vec<Job> {
        Vec::new()
    }
}

/// The rules that the binary hands over, by name.
#[derive(Clone, Default)]
pub struct RuleSet {
    rules: HashMap<&'static str, Arc<dyn Rule>>,
}

impl RuleSet {
    /// Adds a rule; the last of a name wins.
    #[must_use]
    pub fn with(mut self, rule: impl Rule + 'static) -> Self {
        self.rules.insert(rule.name(), Arc::new(rule));
        self
    }

    /// The rule of a name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Rule>> {
        self.rules.get(name)
    }

    /// Names of all rules, sorted.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.rules.keys().copied().collect();
        names.sort_unstable();
        names
    }
}

impl std::fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
