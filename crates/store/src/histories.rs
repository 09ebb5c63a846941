//! The history of a whole type, record by record, and the names of records: what figures are computed from.

use std::collections::HashMap;

use proofdesk_model::RecordType;

use crate::error::Error;
use crate::store::Store;

/// One entry of a record's history.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryEntry {
    /// Number of the record.
    pub number: i64,
    /// Id of the entry.
    pub id: i64,
    /// Canonical JSON, as hashed.
    pub body: Vec<u8>,
}

impl Store {
    /// Gives entries about records of a type, ordered by number and, within a record, as they were written; those
    /// after the place given (number and id), at most `limit`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn histories(
        &self,
        record_type: &str,
        after: (i64, i64),
        limit: usize,
    ) -> Result<Vec<HistoryEntry>, Error> {
        let mut sql = self.sql();
        sql.push("SELECT number, id, body FROM log_entry WHERE record_type = ").bind(record_type);
        sql.push(" AND (number, id) > (").bind(after.0).push(", ").bind(after.1);
        sql.push(") ORDER BY number, id LIMIT ").bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows = self.rows(sql).await?;
        let entry = |row: crate::Row| HistoryEntry {
            number: row.int(0),
            id: row.int(1),
            body: row.bytes(2).to_vec(),
        };
        Ok(rows.into_iter().map(entry).collect())
    }

    /// Gives the title of every record of a type, by number.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn titles(&self, of: &RecordType) -> Result<HashMap<i64, String>, Error> {
        let mut sql = self.sql();
        sql.push("SELECT number, ").name(of.title_field()).push(" FROM ").name(&of.name);
        let rows = self.rows(sql).await?;
        Ok(rows.iter().map(|row| (row.int(0), row.text(1).to_owned())).collect())
    }
}
