//! The log seen from a record and from outside: seals, inclusion proofs, checkpoints.
//!
//! Source: RFC 9162 section 2.1; C2SP tlog-checkpoint and signed-note. `docs/proof.md` tells how to verify.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proofdesk_model::format::write_instant;
use proofdesk_tlog as tlog;
use proofdesk_tlog::{Hash, NodeId, SignerKey};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::Engine;
use crate::error::Error;

/// A published checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checkpoint {
    /// Tree size that it covers.
    pub size: u64,
    /// When it was signed, microseconds UTC.
    pub at: i64,
    /// The signed note.
    pub note: String,
}

/// The log at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogState {
    /// Name of the log.
    pub origin: String,
    /// Leaves in the tree.
    pub size: u64,
    /// Root hash of the tree now, hexadecimal.
    pub root: String,
    /// Entries that wait for their leaf.
    pub pending: u64,
    /// Newest checkpoint.
    pub checkpoint: Option<Checkpoint>,
}

/// How far a record's history is sealed; see [`Seal::of`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seal {
    /// Entries with a leaf.
    pub sealed: u64,
    /// Entries that wait for one.
    pub pending: u64,
    /// Time of the newest entry, microseconds UTC.
    pub last_at: Option<i64>,
}

/// Proof that an entry is in the log as signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InclusionProof {
    /// Position of the entry.
    pub leaf_index: u64,
    /// Tree size that the proof is for.
    pub tree_size: u64,
    /// Hash of the leaf, hexadecimal.
    pub leaf_hash: String,
    /// Hashes from the leaf's sibling to the top, hexadecimal.
    pub path: Vec<String>,
    /// Root hash that they lead to, hexadecimal.
    pub root: String,
    /// The checkpoint with that root, where one covers the entry.
    pub checkpoint: Option<Checkpoint>,
    /// The entry's bytes, as text.
    pub body: String,
}

/// What a checkpoint says beside size and root, in signed lines of its own: `previous SIZE HASH` of the checkpoint before
/// it, with the SHA-256 of that one's text in base64, and `at INSTANT`. Checkpoints of earlier versions say neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signed {
    /// Size of the checkpoint before it, and the hash of its text.
    pub previous: Option<(u64, String)>,
    /// When it was signed.
    pub at: Option<String>,
}

impl Signed {
    /// Reads the lines of a checkpoint.
    pub fn read(checkpoint: &tlog::Checkpoint) -> Self {
        let after = |word: &str| checkpoint.extensions().iter().find_map(|line| line.strip_prefix(word));
        let previous = after("previous ").and_then(|rest| rest.split_once(' '));
        let previous = previous.and_then(|(size, hash)| Some((size.parse().ok()?, hash.to_owned())));
        Self { previous, at: after("at ").map(str::to_owned) }
    }

    /// The hash by which the next checkpoint names this one.
    pub fn hash(checkpoint: &tlog::Checkpoint) -> String {
        STANDARD.encode(Sha256::digest(checkpoint.text().as_bytes()))
    }

    fn lines(previous: Option<&tlog::Checkpoint>, at: i64) -> Vec<String> {
        let before = previous.map(|p| format!("previous {} {}", p.size(), Self::hash(p)));
        before.into_iter().chain([format!("at {}", write_instant(at))]).collect()
    }
}

/// The checkpoint of a note, whose signatures are not looked at.
fn parsed(note: &str) -> Option<tlog::Checkpoint> {
    let note = tlog::Note::parse(note.as_bytes()).ok()?;
    tlog::Checkpoint::parse(note.text()).ok()
}

impl Seal {
    /// Counts the seals of a history.
    pub fn of(history: &[crate::HistoryItem]) -> Self {
        let sealed = history.iter().filter(|i| i.leaf.is_some()).count() as u64;
        let last_at = history.iter().map(|i| i.at).max();
        Self { sealed, pending: history.len() as u64 - sealed, last_at }
    }
}

fn internal(error: impl std::fmt::Display) -> Error {
    Error::Internal(error.to_string())
}

impl Engine {
    /// The log at a glance.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn log_state(&self) -> Result<LogState, Error> {
        let size = self.store().log_size().await?;
        let root = self.root_at(size).await?;
        Ok(LogState {
            origin: self.origin().to_owned(),
            size,
            root: hex::encode(root),
            pending: self.store().health().await?.pending,
            checkpoint: self.latest_checkpoint().await?,
        })
    }

    /// The root hash of the tree at a size.
    ///
    /// # Errors
    /// A fault of the database, or a node that is missing (then `verify` says which).
    pub async fn root_at(&self, size: u64) -> Result<Hash, Error> {
        let nodes = self.nodes(&tlog::needed_for_root(size)).await?;
        tlog::root(size, &nodes).map_err(internal)
    }

    async fn nodes(&self, wanted: &[NodeId]) -> Result<HashMap<NodeId, Hash>, Error> {
        Ok(self.store().nodes(wanted).await?)
    }

    /// The newest checkpoint.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn latest_checkpoint(&self) -> Result<Option<Checkpoint>, Error> {
        Ok(self.store().latest_checkpoint().await?.map(|c| Checkpoint {
            size: c.size,
            at: c.at,
            note: c.note,
        }))
    }

    /// The newest checkpoints, newest first; at most `limit`.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn checkpoints(&self, limit: usize) -> Result<Vec<Checkpoint>, Error> {
        let found = self.store().checkpoints(limit).await?;
        Ok(found.into_iter().map(|c| Checkpoint { size: c.size, at: c.at, note: c.note }).collect())
    }

    /// Gives committed entries their leaves; returns how many. At most one node does it at a time.
    ///
    /// # Errors
    /// A fault of the database; nothing is half done.
    pub async fn sequence(&self) -> Result<u64, Error> {
        Ok(self.store().sequence_once().await?)
    }

    /// Signs and stores a checkpoint when the tree grew since the last one. Returns it, or none.
    ///
    /// # Errors
    /// `Invalid` when earlier checkpoints bear another name, or a fault of the database.
    pub async fn publish_checkpoint(&self, signer: &SignerKey) -> Result<Option<Checkpoint>, Error> {
        let size = self.store().log_size().await?;
        let last = self.latest_checkpoint().await?;
        if size == 0 || last.as_ref().is_some_and(|c| c.size >= size) {
            return Ok(None);
        }
        let named = last.as_ref().and_then(|c| c.note.lines().next());
        if let Some(named) = named.filter(|n| *n != self.origin()) {
            let message = format!(
                "The log of this database is named `{named}`, not `{}`. Set log_origin to that name; a log keeps its \
                 name for good.",
                self.origin()
            );
            return Err(Error::invalid("log_origin", "changed", message));
        }
        let root = self.root_at(size).await?;
        let at = self.now();
        let previous = last.as_ref().and_then(|c| parsed(&c.note));
        let checkpoint = tlog::Checkpoint::new(self.origin(), size, root)
            .and_then(|c| c.with_extensions(Signed::lines(previous.as_ref(), at)))
            .map_err(internal)?;
        let note = checkpoint.sign(&[signer]).map_err(internal)?.to_string();
        let stored = proofdesk_store::StoredCheckpoint { size, at, note };
        self.store().put_checkpoint(&stored).await?;
        Ok(Some(Checkpoint { size, at, note: stored.note }))
    }

    /// Whether the log goes on from a checkpoint that was kept elsewhere: it has at least that size, and had its root then.
    ///
    /// # Errors
    /// `Invalid` for a text that is no checkpoint; a fault of the database.
    pub async fn continues(&self, note: &str) -> Result<bool, Error> {
        let kept = parsed(note).ok_or_else(|| {
            Error::invalid("checkpoint", "format", "This is no checkpoint: no note with size and root hash.")
        })?;
        if kept.size() > self.store().log_size().await? {
            return Ok(false);
        }
        Ok(self.root_at(kept.size()).await? == *kept.root())
    }

    /// Proves that an entry is in the log: against the newest checkpoint where it covers the entry, else against the
    /// tree as it is now.
    ///
    /// # Errors
    /// `NotFound` for an entry that is unknown or still pending.
    pub async fn prove(&self, entry: i64) -> Result<InclusionProof, Error> {
        let stored = self.store().entry(entry).await?;
        let pending = || Error::NotFound(format!("leaf of log entry {entry} yet"));
        let stored = stored.ok_or_else(|| Error::NotFound(format!("log entry {entry}")))?;
        let index = stored.leaf.ok_or_else(pending)?;
        let checkpoint = self.latest_checkpoint().await?.filter(|c| c.size > index);
        let size = match &checkpoint {
            Some(c) => c.size,
            None => self.store().log_size().await?,
        };
        let mut wanted = tlog::needed_for_inclusion(index, size).map_err(internal)?;
        wanted.extend(tlog::needed_for_root(size));
        let nodes = self.nodes(&wanted).await?;
        let path = tlog::inclusion_proof(index, size, &nodes).map_err(internal)?;
        let root = tlog::root(size, &nodes).map_err(internal)?;
        Ok(InclusionProof {
            leaf_index: index,
            tree_size: size,
            leaf_hash: hex::encode(tlog::leaf_hash(&stored.body)),
            path: path.iter().map(hex::encode).collect(),
            root: hex::encode(root),
            checkpoint,
            body: String::from_utf8_lossy(&stored.body).into_owned(),
        })
    }

    /// Proves that the log of an earlier size is the beginning of a later one. Hashes hexadecimal.
    ///
    /// # Errors
    /// `Invalid` for sizes out of order or beyond the tree.
    pub async fn prove_consistency(&self, old: u64, new: u64) -> Result<Vec<String>, Error> {
        if old == 0 || old > new || new > self.store().log_size().await? {
            return Err(Error::invalid(
                "old",
                "range",
                "Give two sizes of the tree, the earlier and not zero one first.",
            ));
        }
        let wanted = tlog::needed_for_consistency(old, new).map_err(internal)?;
        let nodes = self.nodes(&wanted).await?;
        let path = tlog::consistency_proof(old, new, &nodes).map_err(internal)?;
        Ok(path.iter().map(hex::encode).collect())
    }
}
