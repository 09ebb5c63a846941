//! The tables, columns and indexes that a database has.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::sql::Dialect;
use crate::store::Store;

/// What a database has.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Table to columns with their types.
    pub tables: BTreeMap<String, Vec<(String, String)>>,
    /// Index to table.
    pub indexes: BTreeMap<String, String>,
}

impl Found {
    pub async fn read(store: &Store) -> Result<Self, Error> {
        let (columns, indexes) = match store.dialect() {
            Dialect::Sqlite => (
                "SELECT m.name, c.name, c.type FROM sqlite_master m, pragma_table_info(m.name) c \
                 WHERE m.type = 'table' ORDER BY m.name, c.cid",
                "SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'",
            ),
            Dialect::Postgres => (
                "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns \
                 WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position",
                "SELECT indexname::text, tablename::text FROM pg_indexes WHERE schemaname = current_schema()",
            ),
        };
        let mut found = Self::default();
        let mut sql = store.sql();
        sql.push(columns);
        for row in store.rows(sql).await? {
            let columns = found.tables.entry(row.text(0).to_owned()).or_default();
            columns.push((row.text(1).to_owned(), row.text(2).to_owned()));
        }
        let mut sql = store.sql();
        sql.push(indexes);
        for row in store.rows(sql).await? {
            found.indexes.insert(row.text(0).to_owned(), row.text(1).to_owned());
        }
        Ok(found)
    }
}
