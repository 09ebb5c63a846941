//! Storage of the log: entries, leaves, nodes, checkpoints.

use proofdesk_model::Reference;
use proofdesk_tlog::{Hash, NodeId};
use uuid::Uuid;

use crate::error::Error;
use crate::store::Store;

/// An entry as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// Its id; grows, with gaps.
    pub id: i64,
    /// Its place in the tree, without gaps; none while it waits.
    pub leaf: Option<u64>,
    /// Id of the write that made it.
    pub write_id: Uuid,
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

impl Store {
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
        let _ = (record, before, limit);
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Gives `count` entries by leaf, from the leaf `from`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn entry_range(&self, from: u64, count: usize) -> Result<Vec<StoredEntry>, Error> {
        let _ = (from, count);
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Gives one entry by id.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn entry(&self, id: i64) -> Result<Option<StoredEntry>, Error> {
        let _ = id;
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Gives the leaf of an entry; none while it waits.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn leaf_of_entry(&self, id: i64) -> Result<Option<u64>, Error> {
        Ok(self.entry(id).await?.and_then(|entry| entry.leaf))
    }

    /// Tells how many leaves the log has.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn log_size(&self) -> Result<u64, Error> {
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Gives stored nodes of the tree; those that do not exist are left out.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn nodes(&self, ids: &[NodeId]) -> Result<std::collections::HashMap<NodeId, Hash>, Error> {
        let _ = ids;
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Turns waiting entries into leaves and gives how many (PostgreSQL; 0 when another node is at it, and on
    /// SQLite, where they become leaves in the commit).
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn sequence_once(&self) -> Result<u64, Error> {
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Keeps a checkpoint. One of the same size stays as it is.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn put_checkpoint(&self, checkpoint: &StoredCheckpoint) -> Result<(), Error> {
        let _ = checkpoint;
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Gives the newest checkpoints first, at most `limit`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn checkpoints(&self, limit: usize) -> Result<Vec<StoredCheckpoint>, Error> {
        let _ = limit;
        Err(Error::Internal("not in this build".to_owned()))
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
        let _ = size;
        Err(Error::Internal("not in this build".to_owned()))
    }
}
