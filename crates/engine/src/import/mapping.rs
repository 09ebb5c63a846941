//! A mapping: how the columns of a file become fields of a record type. Read from TOML, checked as a whole.
//!
//! `docs/import.md` teaches how to write one. Not here: the rows (`rows`), what one row becomes (`event`).

mod check;
mod read;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use jiff::tz::TimeZone;
use proofdesk_model::{RecordType, Registry, Value};

/// A mapping that fits the declarations.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Names the source: what was imported under this name is known again.
    pub name: String,
    /// What the rows become.
    pub of: Arc<RecordType>,
    /// Between two fields of a line.
    pub delimiter: u8,
    /// The zone of times without an offset.
    pub zone: TimeZone,
    /// Values that say that there is none; empty text is always missing.
    pub missing: Vec<String>,
    /// Forms of dates, tried in order.
    pub dates: Vec<String>,
    /// Whether several blanks in a row count as one.
    pub collapse_spaces: bool,
    /// Column with the key of the record.
    pub case: String,
    /// Column with the instant of the event.
    pub time: String,
    /// Who made the event.
    pub by: Option<(String, Naming)>,
    /// Texts set when a record is created, with `{column}` for values.
    pub fixed: IndexMap<String, String>,
    /// What each mapped column does.
    pub columns: IndexMap<String, Column>,
    /// Columns whose values are kept with the entries, where they change.
    pub kept: Vec<String>,
    /// Columns that are left out, with the reason.
    pub ignored: IndexMap<String, String>,
    /// SHA-256 of the file's text, hexadecimal.
    pub hash: String,
}

/// What a column does.
#[derive(Debug, Clone)]
pub enum Column {
    /// It says the state.
    State(BTreeMap<String, StateTo>),
    /// It fills a field.
    Field(FieldFrom),
    /// It has no field; see [`Mapping::kept`].
    Keep,
}

/// The state of a value.
#[derive(Debug, Clone, PartialEq)]
pub struct StateTo {
    /// The state; none leaves the record where it is.
    pub state: Option<String>,
    /// Fields that go with it. In other states they are cleared.
    pub set: IndexMap<String, Value>,
}

/// How a field is filled.
#[derive(Debug, Clone, Default)]
pub struct FieldFrom {
    /// The field.
    pub field: String,
    /// Values of the file and what they become; empty takes them as they are.
    pub map: BTreeMap<String, String>,
    /// What a value that is not in `map` becomes; none refuses the row.
    pub otherwise: Option<String>,
    /// Only events in these states fill it; empty: all.
    pub only_in: Vec<String>,
    /// Forms of dates of this column; empty: those of the mapping.
    pub dates: Vec<String>,
    /// For links: how the linked record is found.
    pub naming: Naming,
}

/// How a linked record is found by its name.
#[derive(Debug, Clone, Default)]
pub struct Naming {
    /// The record's name and key, with `{value}` for the value.
    pub name: String,
    /// Whether one that does not exist is made.
    pub create: bool,
}

/// One mistake of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// File name as given.
    pub file: String,
    /// Line, from 1; 0 where it concerns the file as a whole.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(f, "{}: {}", self.file, self.message)
        } else {
            write!(f, "{}:{}: {}", self.file, self.line, self.message)
        }
    }
}

impl Mapping {
    /// Reads a mapping and checks it against the declarations.
    ///
    /// # Errors
    /// All mistakes, each with its line.
    pub fn parse(file: &str, text: &str, registry: &Registry) -> Result<Self, Vec<Mistake>> {
        read::mapping(file, text, registry)
    }

    /// Checks that every column of a file is mapped or ignored, and that every mapped column is there.
    ///
    /// # Errors
    /// All mistakes.
    pub fn check_header(&self, file: &str, header: &[String]) -> Result<(), Vec<Mistake>> {
        check::header(self, file, header)
    }

    /// Columns of the file that some part of the mapping reads.
    pub(crate) fn reads(&self, column: &str) -> bool {
        column == self.case
            || column == self.time
            || self.by.as_ref().is_some_and(|(by, _)| by == column)
            || self.columns.contains_key(column)
    }

    /// Fields that only some states fill: cleared in the others.
    pub(crate) fn state_fields(&self) -> Vec<&str> {
        let states = self.columns.values().filter_map(|c| match c {
            Column::State(values) => Some(values.values()),
            _ => None,
        });
        let mut names: Vec<&str> =
            states.flatten().flat_map(|to| to.set.keys().map(String::as_str)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl Naming {
    /// The name of the record that a value stands for.
    pub(crate) fn name_of(&self, value: &str) -> String {
        if self.name.is_empty() { value.to_owned() } else { self.name.replace("{value}", value) }
    }
}
