//! What one transaction does, ready to run: statements in order, then entries of the log. Made by `write`, carried
//! out by the two databases.

use proofdesk_model::Reference;
use proofdesk_model::entry::Entry;
use proofdesk_tlog::{Hash, leaf_hash};
use uuid::Uuid;

use crate::error::Error;
use crate::row::Row;
use crate::sql::{Arg, Dialect, Sql};
use crate::statement::Statement;

/// What it means when a statement changes no row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum OnNone {
    /// Nothing.
    Fine,
    /// What was asked for is not there.
    Missing(&'static str),
    /// The record has another version, or does not exist.
    Stale(Reference),
}

/// What a broken uniqueness means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Subject {
    /// A row of an engine table, or an entry.
    Own,
    /// The row of a record, with its external key.
    Record(Reference, Option<String>),
}

/// One statement of a transaction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    pub sql: Sql,
    pub on_none: OnNone,
    pub subject: Subject,
    /// For a plain insert of one row: length of the text before `VALUES`' first parenthesis, so that several
    /// rows can go in one statement.
    pub insert_head: Option<usize>,
}

impl Step {
    pub fn of(sql: Sql) -> Self {
        Self { sql, on_none: OnNone::Fine, subject: Subject::Own, insert_head: None }
    }

    /// The error of a broken uniqueness; `constraint` is what the database names.
    pub fn taken(&self, constraint: &str) -> Error {
        match &self.subject {
            Subject::Own => Error::Duplicate,
            Subject::Record(record, Some(key)) if constraint.contains("external_key") => {
                Error::KeyTaken { record_type: record.record_type.clone(), key: key.clone() }
            }
            Subject::Record(record, _) => {
                Error::NumberTaken { record_type: record.record_type.clone(), number: record.number }
            }
        }
    }
}

/// An entry on its way, hashed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewEntry {
    pub write_id: Uuid,
    pub seq: i64,
    pub entry: Entry,
    pub hash: Hash,
}

/// One transaction.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Unit {
    pub steps: Vec<Step>,
    pub entries: Vec<NewEntry>,
    /// Gives the rows that the statements return.
    pub returning: bool,
}

/// What became of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Done {
    pub rows: Vec<Row>,
    pub entries: Vec<i64>,
    pub leaves: Vec<Option<u64>>,
}

impl Unit {
    pub fn add(&mut self, dialect: Dialect, statement: &Statement) {
        statement.to_steps(dialect, &mut self.steps);
    }

    /// Appends the entries of one write; they count from 0, and each says so before it is hashed.
    pub fn enter(&mut self, write_id: Uuid, entries: impl IntoIterator<Item = Entry>) {
        for (seq, entry) in entries.into_iter().enumerate() {
            let seq = i64::try_from(seq).unwrap_or(i64::MAX);
            let entry = entry.of_write_id(write_id, seq);
            let hash = leaf_hash(&entry.body);
            self.entries.push(NewEntry { write_id, seq, entry, hash });
        }
    }

    /// Refuses what only one of the databases could keep.
    pub fn check(&self) -> Result<(), Error> {
        let args = self.steps.iter().flat_map(|step| &step.sql.args);
        for arg in args {
            if let Arg::Text(text) = arg
                && text.contains('\0')
            {
                return Err(Error::Invalid(
                    "a text holds the character U+0000, which cannot be stored".to_owned(),
                ));
            }
        }
        Ok(())
    }
}
