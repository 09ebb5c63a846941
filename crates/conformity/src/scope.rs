//! Scopes: which part of the records a run asks about.

use std::collections::BTreeMap;

use proofdesk_condition::{Condition, check};
use proofdesk_model::{Problem, Problems, Registry};
use serde::Serialize;

use crate::control::Population;
use crate::error::Error;

/// The part of the records that a run asks about: everything, or for each named record type a condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scope {
    /// Its name in stored runs; `all` for everything.
    pub id: String,
    /// What people read.
    pub title: String,
    /// Condition by record type. A test of a type that is not named here is not asked.
    pub filters: BTreeMap<String, String>,
}

impl Scope {
    /// Every record.
    pub fn all() -> Self {
        Self { id: "all".to_owned(), title: "All records".to_owned(), filters: BTreeMap::new() }
    }

    /// A part of the records; narrow it with [`Scope::narrow`].
    pub fn part(id: &str, title: &str) -> Self {
        Self { id: id.to_owned(), title: title.to_owned(), filters: BTreeMap::new() }
    }

    /// Takes in the records of a type that meet a condition.
    #[must_use]
    pub fn narrow(mut self, record_type: &str, condition: &str) -> Self {
        self.filters.insert(record_type.to_owned(), condition.to_owned());
        self
    }

    /// Whether it is everything.
    pub fn is_all(&self) -> bool {
        self.filters.is_empty() && self.id == "all"
    }

    /// Whether records of a type are asked about.
    pub fn asks(&self, record_type: &str) -> bool {
        self.is_all() || self.filters.contains_key(record_type)
    }

    /// A population narrowed to this scope; none for every record of the type.
    ///
    /// # Errors
    /// `Invalid` when the scope's condition does not fit the type.
    pub(crate) fn members(
        &self,
        population: &Population,
        registry: &Registry,
    ) -> Result<Option<Condition>, Error> {
        let Some(filter) = self.filters.get(&population.record_type) else {
            return Ok(population.members.clone());
        };
        let source = match population.source.as_str() {
            "" => filter.clone(),
            own => format!("({own}) && ({filter})"),
        };
        check(&source, &population.record_type, registry).map(Some).map_err(|mistakes| {
            let problems = mistakes.into_iter().map(|m| Problem::new("scope", "condition", m.message));
            Error::Invalid(Problems(problems.collect()))
        })
    }
}
