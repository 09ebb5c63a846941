//! Bare SQL on SQLite: one connection of rusqlite with the settings that the store has.

use proofdesk_store::{PlannedWrites, Sql};
use rusqlite::Connection;
use rusqlite::types::Value;

const SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
     PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000;";
const ENTRY: &str = "INSERT INTO log_entry (write_id, seq, record_type, number, version, at, body, leaf_hash) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

/// A connection.
pub struct Bare {
    connection: Connection,
    next_leaf: i64,
    next_node: i64,
}

impl Bare {
    /// Opens the file.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn open(path: &str) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.set_prepared_statement_cache_capacity(256);
        connection.execute_batch(SETTINGS)?;
        let one = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        let next_leaf = one("SELECT coalesce(max(leaf_index) + 1, 0) FROM log_leaf")?;
        let next_node = one("SELECT coalesce(max(idx) + 1, 0) FROM log_node WHERE level = 1")?;
        Ok(Self { connection, next_leaf, next_node })
    }

    /// Commits a group of writes.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn write(&mut self, group: &[PlannedWrites]) -> rusqlite::Result<()> {
        let connection = &self.connection;
        let plain = |sql: &str| connection.prepare_cached(sql)?.raw_execute().map(|_| ());
        plain("BEGIN IMMEDIATE")?;
        let mut ids = Vec::new();
        for write in group {
            if group.len() > 1 {
                plain("SAVEPOINT unit")?;
            }
            for sql in &write.statements {
                let mut statement = connection.prepare_cached(&sql.text)?;
                for (at, arg) in sql.args.iter().enumerate() {
                    statement.raw_bind_parameter(at + 1, arg)?;
                }
                statement.raw_execute()?;
            }
            let mut insert = connection.prepare_cached(ENTRY)?;
            for new in &write.entries {
                let entry = &new.entry;
                insert.execute(rusqlite::params![
                    new.write_id.as_bytes().as_slice(),
                    new.seq,
                    entry.record.record_type,
                    entry.record.number,
                    entry.version,
                    entry.at,
                    entry.body,
                    new.leaf_hash.as_slice(),
                ])?;
                ids.push((connection.last_insert_rowid(), new.leaf_hash));
            }
            if group.len() > 1 {
                plain("RELEASE unit")?;
            }
        }
        let mut leaf =
            connection.prepare_cached("INSERT INTO log_leaf (leaf_index, entry_id) VALUES (?1, ?2)")?;
        // a tree has as many inner nodes as leaves
        let mut node =
            connection.prepare_cached("INSERT INTO log_node (level, idx, hash) VALUES (1, ?1, ?2)")?;
        for (id, hash) in ids {
            leaf.execute((self.next_leaf, id))?;
            node.execute((self.next_node, hash.as_slice()))?;
            self.next_leaf += 1;
            self.next_node += 1;
        }
        plain("COMMIT")
    }

    /// Asks a question.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn ask(&self, sql: &Sql) -> rusqlite::Result<Vec<Vec<Value>>> {
        let mut statement = self.connection.prepare_cached(&sql.text)?;
        for (at, arg) in sql.args.iter().enumerate() {
            statement.raw_bind_parameter(at + 1, arg)?;
        }
        let columns = statement.column_count();
        let mut answer = statement.raw_query();
        let mut rows = Vec::new();
        while let Some(row) = answer.next()? {
            rows.push((0..columns).map(|at| row.get(at)).collect::<rusqlite::Result<_>>()?);
        }
        Ok(rows)
    }
}
