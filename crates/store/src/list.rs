//! Lists of records, page by page by key, and counts.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use proofdesk_model::{Condition, Context, Record, RecordType};

use crate::error::Error;
use crate::store::Store;

/// Which records, in which order, from where.
#[derive(Debug, Clone)]
pub struct ListQuery {
    /// The type.
    pub of: Arc<RecordType>,
    /// Only records that meet it; those for which it cannot be evaluated are left out.
    pub filter: Option<Condition>,
    /// What the condition may know.
    pub context: Context,
    /// Column to sort by, declared or common. Records without a value come last in either direction.
    pub sort: String,
    /// Largest first.
    pub descending: bool,
    /// Continue after this place.
    pub after: Option<Cursor>,
    /// At most so many records.
    pub limit: usize,
}

/// One page of a list.
#[derive(Debug, Clone)]
pub struct Page {
    /// The records, without relations.
    pub records: Vec<Record>,
    /// Where the next page begins; none at the end.
    pub next: Option<Cursor>,
}

/// A place in a list: text that is safe in an address and stays valid when the program restarts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub(crate) String);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Ok(Self(text.to_owned()))
    }
}

impl Store {
    /// Gives one page of a list.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an unknown column or a cursor of another list; [`Error::Unavailable`].
    pub async fn list(&self, query: &ListQuery) -> Result<Page, Error> {
        let _ = query;
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Counts the records that meet a condition; with a limit it stops there.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn count(
        &self,
        of: &RecordType,
        filter: Option<&Condition>,
        context: &Context,
        limit: Option<usize>,
    ) -> Result<u64, Error> {
        let _ = (of, filter, context, limit);
        Err(Error::Internal("not in this build".to_owned()))
    }
}
