//! The one write: row, relations, search text, entry and jobs of a checked change in one transaction.

use proofdesk_model::entry::Entry;
use proofdesk_model::{Checked, Permit, Registry};
use uuid::Uuid;

use crate::error::Error;
use crate::statement::Statement;
use crate::store::Store;

/// What goes with a write in the same transaction.
#[derive(Debug, Clone, Default)]
pub struct Extra {
    /// Id of the write (UUIDv7), unique in the log: the same write is never committed twice.
    pub id: Uuid,
    /// Rows of engine tables.
    pub statements: Vec<Statement>,
    /// Further entries, after the one of the write.
    pub entries: Vec<Entry>,
    /// The text that search finds the record by; none leaves it as it is.
    pub search_text: Option<String>,
}

/// Proof that a write is committed and durable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receipt {
    /// Ids of its entries, in order.
    pub entries: Vec<i64>,
    /// Leaf of each entry; none while it waits (PostgreSQL).
    pub leaves: Vec<Option<u64>>,
}

impl Store {
    /// Reserves `count` new numbers of a type and gives the first. Numbers of writes that fail are not used again
    /// while the program runs.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; [`Error::Internal`] when the type has no table.
    pub async fn allocate(&self, record_type: &str, count: usize) -> Result<i64, Error> {
        let _ = (record_type, count);
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Commits a checked and numbered change: row, relations, search text, its entry and its jobs.
    ///
    /// # Errors
    /// [`Error::Conflict`], [`Error::Duplicate`], [`Error::NumberTaken`], [`Error::KeyTaken`], [`Error::NotFound`],
    /// [`Error::Full`], [`Error::Unavailable`], [`Error::Invalid`] for a permit of another type and for a link
    /// change that belongs to the other record's column. Nothing is written then.
    pub async fn write(
        &self,
        permit: &Permit,
        checked: &Checked,
        registry: &Registry,
        extra: Extra,
    ) -> Result<Receipt, Error> {
        let _ = (permit, checked, registry, extra);
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Commits many changes in one transaction, for imports. Several changes of one record must follow one another;
    /// each keeps its own entry, and the row is written once.
    ///
    /// # Errors
    /// As [`Store::write`], for the first change that fails; nothing is written then.
    pub async fn write_many(
        &self,
        writes: Vec<(Permit, Checked, Extra)>,
        registry: &Registry,
    ) -> Result<Vec<Receipt>, Error> {
        let _ = (writes, registry);
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Commits entries with rows of engine tables but without a record's row: comments, attachments, watchers,
    /// sealed runs. Texts for search go in by [`Statement::search_text`].
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn note(
        &self,
        permit: &Permit,
        entries: Vec<Entry>,
        statements: Vec<Statement>,
        id: Uuid,
    ) -> Result<Receipt, Error> {
        let _ = (permit, entries, statements, id);
        Err(Error::Internal("not in this build".to_owned()))
    }
}
