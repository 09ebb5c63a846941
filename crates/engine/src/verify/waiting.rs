//! Entries without a leaf: no hash of the tree covers them, so they are believed only while they wait for the sequencer.

use proofdesk_store::StoredEntry;

use super::address::{compared, in_leaf_order};
use super::{FindingKind, Report};
use crate::Engine;
use crate::error::Error;

/// Entries without a leaf that are looked at one by one.
const MOST: usize = 100_000;
/// So long an entry may wait for its leaf, microseconds: the sequencer takes a second, and five after a crash.
const WAITS: u64 = 600_000_000;

impl Engine {
    /// Names entries that have no leaf and do not wait for one, and counts those that do.
    pub(super) async fn verify_waiting(&self, report: &mut Report) -> Result<(), Error> {
        for stray in self.store().stray_pending().await? {
            let message = format!(
                "The queue of the sequencer names the entry {stray}, which is a leaf already or does not exist: it was \
                 put there past the log."
            );
            report.add(FindingKind::UnsealedEntry, None, None, message);
        }
        let now = self.now();
        for entry in self.store().leafless(MOST).await? {
            if entry.is_queued && now.abs_diff(entry.at) < WAITS {
                report.pending += 1;
                continue;
            }
            let name = self.registry().write_reference(&entry.record);
            let why = if entry.is_queued {
                "has waited for a leaf for more than ten minutes, or says so of its time: the sequencer is stuck, or the \
                 entry was put there past the log"
            } else {
                "has no leaf and does not wait for one: it was put there past the log, or its leaf was removed"
            };
            let message = format!("The entry {} about {name} {why}. It is not believed.", entry.id);
            report.add(FindingKind::UnsealedEntry, None, Some(name), message);
        }
        Ok(())
    }

    /// Those of some entries that may be believed, in the order of the tree: they have a leaf, or wait for one, and their
    /// columns say what their bytes say. The others are named by the walk over the leaves and by the search for entries
    /// without a leaf.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn believed(&self, mut entries: Vec<StoredEntry>) -> Result<Vec<StoredEntry>, Error> {
        in_leaf_order(&mut entries);
        let mut believed = Vec::with_capacity(entries.len());
        for entry in entries {
            if !compared(&entry).0.is_empty() {
                continue;
            }
            if entry.leaf.is_some() || self.store().is_sequenced(entry.id).await? {
                believed.push(entry);
            }
        }
        Ok(believed)
    }

    /// The entries about one kind of thing that may be believed, in the order of the tree, for those who verify tables of
    /// their own.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn believed_about(&self, kind: &str) -> Result<Vec<StoredEntry>, Error> {
        self.believed(self.store().entries_between(kind, i64::MIN, i64::MAX).await?).await
    }
}
