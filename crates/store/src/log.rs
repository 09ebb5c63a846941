//! Storage of the log: entries, leaves, nodes, checkpoints.

use std::collections::HashMap;

use proofdesk_model::Reference;
use proofdesk_tlog::{Hash, NodeId, hash_from, needed_for_root};
use uuid::Uuid;

use crate::error::Error;
use crate::row::{Cell, Row};
use crate::sql::{Dialect, Sql};
use crate::statement::Statement;
use crate::store::{Backend, Store};

/// An entry as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// Its id; grows, with gaps.
    pub id: i64,
    /// Its place in the tree, without gaps; none while it waits.
    pub leaf: Option<u64>,
    /// Id of the write that made it.
    pub write_id: Uuid,
    /// Its place in that write, from 0.
    pub seq: i64,
    /// The record that it is about.
    pub record: Reference,
    /// The record's version after it.
    pub version: i64,
    /// When it was written, microseconds UTC.
    pub at: i64,
    /// Canonical JSON, as hashed.
    pub body: Vec<u8>,
    /// Leaf hash as it was computed when it was written.
    pub leaf_hash: Vec<u8>,
}

/// A checkpoint as published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// Leaves that it covers.
    pub size: u64,
    /// When it was made, microseconds UTC.
    pub at: i64,
    /// The signed note.
    pub note: String,
}

/// An entry that has no leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leafless {
    /// Its id.
    pub id: i64,
    /// The record that its columns name.
    pub record: Reference,
    /// When it was written, as its column says, microseconds UTC.
    pub at: i64,
    /// The sequencer knows of it (PostgreSQL; on SQLite entries become leaves in their commit, so none waits).
    pub is_queued: bool,
}

/// How many nodes a level of the tree has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// The level, from 1.
    pub level: u8,
    /// Nodes stored.
    pub count: u64,
    /// The largest index among them.
    pub last: u64,
    /// Leaves at the same instant.
    pub size: u64,
}

/// Columns of an entry, for [`entry_of`].
const ENTRY: &str = "SELECT e.id, l.leaf_index, e.write_id, e.record_type, e.number, e.version, e.at, e.body, \
                     e.leaf_hash, e.seq FROM ";

fn entry_of(mut row: Row) -> StoredEntry {
    let bytes = |cell: Cell| match cell {
        Cell::Bytes(bytes) => bytes,
        _ => Vec::new(),
    };
    StoredEntry {
        id: row.int(0),
        leaf: row.opt_int(1).and_then(|leaf| u64::try_from(leaf).ok()),
        write_id: Uuid::from_slice(row.bytes(2)).unwrap_or_default(),
        record: Reference::new(row.text(3), row.int(4)),
        version: row.int(5),
        at: row.int(6),
        body: bytes(row.take(7)),
        leaf_hash: bytes(row.take(8)),
        seq: row.int(9),
    }
}

fn checkpoint_of(row: &Row) -> StoredCheckpoint {
    let size = u64::try_from(row.int(0)).unwrap_or_default();
    StoredCheckpoint { size, at: row.int(1), note: row.text(2).to_owned() }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Store {
    async fn read_entries(&self, sql: Sql) -> Result<Vec<StoredEntry>, Error> {
        Ok(self.known_rows(sql).await?.into_iter().map(entry_of).collect())
    }

    /// Gives the entries about a record, newest first: those with an id below `before`, at most `limit`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn entries(
        &self,
        record: &Reference,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<StoredEntry>, Error> {
        let mut sql = self.sql();
        sql.push(ENTRY).push("log_entry e LEFT JOIN log_leaf l ON l.entry_id = e.id WHERE e.record_type = ");
        sql.bind(record.record_type.as_str()).push(" AND e.number = ").bind(record.number);
        sql.push(" AND e.id < ").bind(before.unwrap_or(i64::MAX)).push(" ORDER BY e.id DESC LIMIT ");
        sql.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        self.read_entries(sql).await
    }

    /// Gives all entries whose columns name records of a type with numbers from `first` to `last`, as they were given
    /// their ids; `verify` replays them by their leaves.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn entries_between(
        &self,
        record_type: &str,
        first: i64,
        last: i64,
    ) -> Result<Vec<StoredEntry>, Error> {
        let mut sql = self.sql();
        sql.push(ENTRY).push("log_entry e LEFT JOIN log_leaf l ON l.entry_id = e.id WHERE e.record_type = ");
        sql.bind(record_type).push(" AND e.number >= ").bind(first).push(" AND e.number <= ").bind(last);
        sql.push(" ORDER BY e.number, e.id");
        self.read_entries(sql).await
    }

    /// Gives entries that have no leaf, at most `limit`, and whether the sequencer knows of each.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn leafless(&self, limit: usize) -> Result<Vec<Leafless>, Error> {
        let mut sql = self.sql();
        let (queued, join) = match self.dialect() {
            Dialect::Sqlite => ("0", ""),
            Dialect::Postgres => {
                ("(p.entry_id IS NOT NULL)", " LEFT JOIN log_pending p ON p.entry_id = e.id")
            }
        };
        sql.push("SELECT e.id, e.record_type, e.number, e.at, ").push(queued);
        sql.push(" FROM log_entry e LEFT JOIN log_leaf l ON l.entry_id = e.id").push(join);
        sql.push(" WHERE l.entry_id IS NULL ORDER BY e.id LIMIT ");
        sql.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let leafless = |row: &Row| Leafless {
            id: row.int(0),
            record: Reference::new(row.text(1), row.int(2)),
            at: row.int(3),
            is_queued: row.bool(4),
        };
        Ok(self.rows(sql).await?.iter().map(leafless).collect())
    }

    /// Gives the ids in the sequencer's queue that are no entries, or are leaves already (PostgreSQL; none on SQLite).
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn stray_pending(&self) -> Result<Vec<i64>, Error> {
        if self.dialect() == Dialect::Sqlite {
            return Ok(Vec::new());
        }
        let mut sql = self.sql();
        sql.push("SELECT p.entry_id FROM log_pending p LEFT JOIN log_entry e ON e.id = p.entry_id ");
        sql.push("LEFT JOIN log_leaf l ON l.entry_id = p.entry_id ");
        sql.push("WHERE e.id IS NULL OR l.entry_id IS NOT NULL ORDER BY 1 LIMIT 1000");
        Ok(self.rows(sql).await?.iter().map(|row| row.int(0)).collect())
    }

    /// Whether the sequencer knows of an entry that has no leaf, or has given it one meanwhile.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn is_sequenced(&self, entry: i64) -> Result<bool, Error> {
        if self.dialect() == Dialect::Postgres {
            let mut sql = self.sql();
            sql.push("SELECT 1 FROM log_pending WHERE entry_id = ").bind(entry);
            if !self.known_rows(sql).await?.is_empty() {
                return Ok(true);
            }
        }
        Ok(self.leaf_of_entry(entry).await?.is_some())
    }

    /// Tells how many nodes each level of the stored tree has, level 0 left out, and how many leaves there are.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn levels(&self) -> Result<Vec<Level>, Error> {
        let mut sql = self.sql();
        sql.push(
            "SELECT level, count(*), max(idx), (SELECT coalesce(max(leaf_index) + 1, 0) FROM log_leaf) ",
        );
        sql.push("FROM log_node GROUP BY level ORDER BY level");
        let number = |row: &Row, at: usize| u64::try_from(row.int(at)).unwrap_or_default();
        let level = |row: &Row| Level {
            level: u8::try_from(row.int(0)).unwrap_or(u8::MAX),
            count: number(row, 1),
            last: number(row, 2),
            size: number(row, 3),
        };
        Ok(self.rows(sql).await?.iter().map(level).collect())
    }

    /// Counts the leaves; as many as [`Store::log_size`] tells when none is missing.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn count_leaves(&self) -> Result<u64, Error> {
        let mut sql = self.sql();
        sql.push("SELECT count(*) FROM log_leaf");
        let count = self.known_rows(sql).await?.first().map_or(0, |row| row.int(0));
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Gives entries about one kind of thing in the order in which they were written: those with an id above `after`,
    /// at most `limit`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn entries_about(
        &self,
        record_type: &str,
        after: i64,
        limit: usize,
    ) -> Result<Vec<StoredEntry>, Error> {
        let mut sql = self.sql();
        sql.push(ENTRY).push("log_entry e LEFT JOIN log_leaf l ON l.entry_id = e.id WHERE e.record_type = ");
        sql.bind(record_type).push(" AND e.id > ").bind(after).push(" ORDER BY e.id LIMIT ");
        sql.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        self.read_entries(sql).await
    }

    /// Gives `count` entries by leaf, from the leaf `from`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn entry_range(&self, from: u64, count: usize) -> Result<Vec<StoredEntry>, Error> {
        let from = signed(from);
        let until = from.saturating_add(i64::try_from(count).unwrap_or(i64::MAX));
        let mut sql = self.sql();
        sql.push(ENTRY).push("log_leaf l JOIN log_entry e ON e.id = l.entry_id WHERE l.leaf_index >= ");
        sql.bind(from).push(" AND l.leaf_index < ").bind(until).push(" ORDER BY l.leaf_index");
        self.read_entries(sql).await
    }

    /// Gives one entry by id.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn entry(&self, id: i64) -> Result<Option<StoredEntry>, Error> {
        let mut sql = self.sql();
        sql.push(ENTRY).push("log_entry e LEFT JOIN log_leaf l ON l.entry_id = e.id WHERE e.id = ").bind(id);
        Ok(self.read_entries(sql).await?.pop())
    }

    /// Gives the entries of one write, in order: whether it is committed, and where.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn entries_of_write(&self, write_id: Uuid) -> Result<Vec<StoredEntry>, Error> {
        let mut sql = self.sql();
        sql.push(ENTRY).push("log_entry e LEFT JOIN log_leaf l ON l.entry_id = e.id WHERE e.write_id = ");
        sql.bind(write_id).push(" ORDER BY e.seq");
        self.read_entries(sql).await
    }

    /// Gives the leaf of an entry; none while it waits.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn leaf_of_entry(&self, id: i64) -> Result<Option<u64>, Error> {
        let mut sql = self.sql();
        sql.push("SELECT leaf_index FROM log_leaf WHERE entry_id = ").bind(id);
        let found = self.known_rows(sql).await?;
        Ok(found.first().and_then(|row| u64::try_from(row.int(0)).ok()))
    }

    /// Tells how many leaves the log has.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn log_size(&self) -> Result<u64, Error> {
        let mut sql = self.sql();
        sql.push("SELECT coalesce(max(leaf_index) + 1, 0) FROM log_leaf");
        let size = self.known_rows(sql).await?.first().map_or(0, |row| row.int(0));
        Ok(u64::try_from(size).unwrap_or_default())
    }

    /// Whether the log can grow: what its next leaf rests on must be there.
    ///
    /// # Errors
    /// [`Error::Broken`] where it is not; [`Error::Unavailable`].
    pub async fn check_log(&self) -> Result<(), Error> {
        let needed = needed_for_root(self.log_size().await?);
        let there = self.nodes(&needed).await?;
        needed.into_iter().find(|id| !there.contains_key(id)).map_or(Ok(()), |id| Err(Error::no_node(id)))
    }

    /// Gives the id of the entry that a leaf names, also where that entry is gone; none where the leaf is.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn entry_of_leaf(&self, leaf: u64) -> Result<Option<i64>, Error> {
        let mut sql = self.sql();
        sql.push("SELECT entry_id FROM log_leaf WHERE leaf_index = ").bind(signed(leaf));
        Ok(self.known_rows(sql).await?.first().map(|row| row.int(0)))
    }

    /// Gives stored nodes of the tree; those that do not exist are left out. Nodes of level 0 are leaf hashes.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; [`Error::Internal`] for a stored hash that is not 32 bytes.
    pub async fn nodes(&self, ids: &[NodeId]) -> Result<HashMap<NodeId, Hash>, Error> {
        let mut found = HashMap::with_capacity(ids.len());
        for some in ids.chunks(256) {
            let mut sql = self.sql();
            for (i, id) in some.iter().enumerate() {
                sql.push(if i > 0 { " UNION ALL " } else { "" });
                sql.push("SELECT ").bind(i64::from(id.level)).push(", ").bind(signed(id.index)).push(", ");
                if id.level == 0 {
                    sql.push("e.leaf_hash FROM log_leaf l JOIN log_entry e ON e.id = l.entry_id");
                    sql.push(" WHERE l.leaf_index = ").bind(signed(id.index));
                } else {
                    sql.push("hash FROM log_node WHERE level = ").bind(i64::from(id.level));
                    sql.push(" AND idx = ").bind(signed(id.index));
                }
            }
            for row in self.rows(sql).await? {
                let level = u8::try_from(row.int(0)).unwrap_or_default();
                let index = u64::try_from(row.int(1)).unwrap_or_default();
                found.insert(NodeId::new(level, index), hash_from(row.bytes(2))?);
            }
        }
        Ok(found)
    }

    /// Gives all stored nodes of a level from an index on, at most `count`, in order: for `verify`, which reads the
    /// whole tree.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; [`Error::Internal`] for a stored hash that is not 32 bytes.
    pub async fn node_range(&self, level: u8, from: u64, count: usize) -> Result<Vec<(NodeId, Hash)>, Error> {
        let from = signed(from);
        let until = from.saturating_add(i64::try_from(count).unwrap_or(i64::MAX));
        let mut sql = self.sql();
        if level == 0 {
            sql.push(
                "SELECT l.leaf_index, e.leaf_hash FROM log_leaf l JOIN log_entry e ON e.id = l.entry_id",
            );
            sql.push(" WHERE l.leaf_index >= ").bind(from).push(" AND l.leaf_index < ").bind(until);
        } else {
            sql.push("SELECT idx, hash FROM log_node WHERE level = ").bind(i64::from(level));
            sql.push(" AND idx >= ").bind(from).push(" AND idx < ").bind(until);
        }
        sql.push(" ORDER BY 1");
        let mut nodes = Vec::new();
        for row in self.known_rows(sql).await? {
            let index = u64::try_from(row.int(0)).unwrap_or_default();
            nodes.push((NodeId::new(level, index), hash_from(row.bytes(1))?));
        }
        Ok(nodes)
    }

    /// Turns waiting entries into leaves and gives how many (PostgreSQL; 0 when another node is at it, and on
    /// SQLite, where they become leaves in the commit).
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn sequence_once(&self) -> Result<u64, Error> {
        match &*self.backend {
            Backend::Sqlite(_) => Ok(0),
            Backend::Postgres(postgres) => postgres.sequence_once().await,
        }
    }

    /// Keeps a checkpoint. One of the same size stays as it is.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Full`].
    pub async fn put_checkpoint(&self, checkpoint: &StoredCheckpoint) -> Result<(), Error> {
        let insert = Statement::insert_new("log_checkpoint").set("size", signed(checkpoint.size));
        self.execute(vec![insert.set("at", checkpoint.at).set("note", checkpoint.note.as_str())]).await
    }

    /// Gives the newest checkpoints first, at most `limit`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn checkpoints(&self, limit: usize) -> Result<Vec<StoredCheckpoint>, Error> {
        let mut sql = self.sql();
        sql.push("SELECT size, at, note FROM log_checkpoint ORDER BY size DESC LIMIT ");
        sql.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        Ok(self.known_rows(sql).await?.iter().map(checkpoint_of).collect())
    }

    /// Gives the newest checkpoint.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn latest_checkpoint(&self) -> Result<Option<StoredCheckpoint>, Error> {
        Ok(self.checkpoints(1).await?.pop())
    }

    /// Gives the checkpoint of exactly this size.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn checkpoint_at(&self, size: u64) -> Result<Option<StoredCheckpoint>, Error> {
        let mut sql = self.sql();
        sql.push("SELECT size, at, note FROM log_checkpoint WHERE size = ").bind(signed(size));
        Ok(self.known_rows(sql).await?.first().map(checkpoint_of))
    }
}
