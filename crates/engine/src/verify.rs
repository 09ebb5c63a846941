//! Verification: reads the whole log again and finds a changed byte, a missing entry, a reordered pair, a forked
//! checkpoint, a record's row, comment, file or relation that its entries do not explain, and an account, its roles or
//! tokens; and says which. Runs of conformity and their results are compared by the crate `conformity`.
//!
//! It trusts nothing that the database says of itself: leaf hashes, nodes and roots are computed anew from the
//! entries' bytes. Without a checkpoint kept elsewhere nobody can notice that *everything* was rewritten: see
//! `docs/proof.md`.

mod accounts;
mod beside;
mod export;
mod nodes;
mod replay;
mod rows;
mod walk;

use std::collections::HashMap;

use proofdesk_tlog::{Frontier, NodeId, VerifierKey};
use serde::Serialize;

pub use export::verify_export;
use walk::Walk;

use crate::Engine;
use crate::error::Error;

/// Entries read at a time.
const BATCH: usize = 2_000;
/// Most findings that are listed; the rest is counted.
pub const FINDINGS_MAX: usize = 1_000;

/// What kind of damage was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The bytes of an entry do not hash to what the tree holds.
    ChangedEntry,
    /// A leaf without its entry, or a gap in the order.
    MissingEntry,
    /// Two entries stand in each other's place.
    Reordered,
    /// A node of the tree differs from the computed one, or is missing.
    ChangedNode,
    /// A checkpoint's root is not the tree's at that size.
    ForkedCheckpoint,
    /// A checkpoint's note or signature is not good.
    BadCheckpoint,
    /// A record's row differs from what its entries say.
    ChangedRow,
    /// A record's row is gone, or one is there that no entry made.
    MissingRow,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind it is.
    pub kind: FindingKind,
    /// Leaf that it concerns.
    pub leaf: Option<u64>,
    /// Record that it concerns, as people write it.
    pub record: Option<String>,
    /// What is wrong, for a person.
    pub message: String,
}

/// The outcome of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Report {
    /// Name of the log.
    pub origin: String,
    /// Leaves read.
    pub leaves: u64,
    /// Root hash computed from the entries, hexadecimal.
    pub root: String,
    /// Checkpoints compared with the tree.
    pub checkpoints: u64,
    /// Of these, those whose signature was verified with a given key.
    pub signatures: u64,
    /// Records whose rows were compared with their entries.
    pub records: u64,
    /// Accounts whose rows were compared with their entries.
    pub accounts: u64,
    /// Conformity runs whose results were compared with what their entries seal.
    pub runs: u64,
    /// Entries that still wait for their leaf.
    pub pending: u64,
    /// What is wrong, at most [`FINDINGS_MAX`].
    pub findings: Vec<Finding>,
    /// Findings beyond those listed.
    pub more: u64,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.findings.is_empty() && self.more == 0
    }

    /// Adds a finding; beyond [`FINDINGS_MAX`] it is only counted.
    pub fn add(&mut self, kind: FindingKind, leaf: Option<u64>, record: Option<String>, message: String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding { kind, leaf, record, message });
        } else {
            self.more += 1;
        }
    }
}

impl Engine {
    /// Verifies the whole database. `keys` are the verifier keys that are trusted; with none, signatures are not
    /// judged and the report says so. `progress` hears of (done, of) leaves, then records.
    ///
    /// # Errors
    /// Only a fault of the database; damage is in the report.
    pub async fn verify(
        &self,
        keys: &[VerifierKey],
        mut progress: impl FnMut(u64, u64) + Send,
    ) -> Result<Report, Error> {
        let size = self.store().log_size().await?;
        let mut report = Report { origin: self.origin().to_owned(), ..Report::default() };
        report.pending = self.store().health().await?.pending;
        let checkpoints = self.store().checkpoints(usize::MAX >> 1).await?;
        let notes: Vec<(u64, String)> = checkpoints.into_iter().map(|c| (c.size, c.note)).collect();
        let mut walk = Walk::new(self.origin(), keys, notes, &mut report);
        let mut seen: HashMap<(String, i64), i64> = HashMap::new();
        let mut next = 0_u64;
        while next < size {
            let entries = self.store().entry_range(next, BATCH).await?;
            let until = (next + BATCH as u64).min(size);
            let ids: Vec<NodeId> = (next..until).map(|index| NodeId { level: 0, index }).collect();
            let hashes = self.store().nodes(&ids).await?;
            let mut computed: Vec<(NodeId, proofdesk_tlog::Hash)> = Vec::new();
            let mut names: HashMap<u64, String> = HashMap::new();
            let mut entries = entries.into_iter().peekable();
            for index in next..until {
                let stored = hashes.get(&NodeId { level: 0, index });
                match entries.next_if(|e| e.leaf == Some(index)) {
                    Some(entry) => {
                        let key = (entry.record.record_type.clone(), entry.record.number);
                        let name = self.registry().write_reference(&entry.record);
                        let version = seen.entry(key).or_default();
                        *version = (*version).max(entry.version);
                        walk.entry(index, &entry.body, stored, Some(&entry.leaf_hash), &name, &mut computed);
                        names.insert(index, name);
                    }
                    None => walk.missing(index, stored, &mut computed),
                }
            }
            self.compare_nodes(&computed, &names, &mut walk).await?;
            next = until;
            progress(next, size);
        }
        walk.finish();
        self.verify_rows(&mut report, seen, &mut progress).await?;
        self.verify_accounts(&mut report).await?;
        Ok(report)
    }
}

/// The root hash of a frontier, hexadecimal.
fn root_of(frontier: &Frontier) -> String {
    hex::encode(frontier.root())
}
