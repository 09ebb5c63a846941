//! One walk over the leaves in order: hashes, order, and the checkpoints on the way.

use proofdesk_tlog::{self as tlog, Checkpoint, Frontier, Hash, NodeId, VerifierKey};

use super::{FindingKind, Report, root_of};

/// The state of a walk.
pub(super) struct Walk<'a> {
    frontier: Frontier,
    origin: &'a str,
    keys: &'a [VerifierKey],
    notes: std::iter::Peekable<std::vec::IntoIter<(u64, String)>>,
    damaged: bool,
    /// The log is read from a file, which has no tree.
    pub(super) is_file: bool,
    pub(super) report: &'a mut Report,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        origin: &'a str,
        keys: &'a [VerifierKey],
        mut notes: Vec<(u64, String)>,
        report: &'a mut Report,
    ) -> Self {
        notes.sort_by_key(|(size, _)| *size);
        let notes = notes.into_iter().peekable();
        Self { frontier: Frontier::new(), origin, keys, notes, damaged: false, is_file: false, report }
    }

    /// Whether an entry was already found damaged: then every hash above it differs too.
    pub(super) fn is_damaged(&self) -> bool {
        self.damaged
    }

    /// Notes damage that was found elsewhere.
    pub(super) fn damage(&mut self) {
        self.damaged = true;
    }

    /// The next leaf with its entry. `stored` is the tree's leaf hash, `column` the one beside the entry.
    pub(super) fn entry(
        &mut self,
        index: u64,
        body: &[u8],
        stored: Option<&Hash>,
        column: Option<&[u8]>,
        record: &str,
        nodes: &mut Vec<(NodeId, Hash)>,
    ) {
        let computed = tlog::leaf_hash(body);
        let differs = stored.is_some_and(|s| *s != computed) || column.is_some_and(|c| c != computed);
        if differs {
            self.damaged = true;
            let message = format!("The bytes of the entry at leaf {index} were changed after it was sealed.");
            self.report.add(FindingKind::ChangedEntry, Some(index), Some(record.to_owned()), message);
        } else if stored.is_none() && column.is_some() && !self.is_file {
            let message = format!("The tree has no hash for leaf {index}.");
            self.report.add(FindingKind::ChangedNode, Some(index), Some(record.to_owned()), message);
        }
        self.push(computed, nodes);
    }

    /// The next leaf, whose entry is not there. The walk goes on with the tree's own hash.
    pub(super) fn missing(&mut self, index: u64, stored: Option<&Hash>, nodes: &mut Vec<(NodeId, Hash)>) {
        let message = format!("The entry of leaf {index} is missing.");
        self.report.add(FindingKind::MissingEntry, Some(index), None, message);
        match stored {
            Some(hash) => self.push(*hash, nodes),
            None => {
                self.damaged = true;
                self.push([0; 32], nodes);
            }
        }
    }

    fn push(&mut self, leaf: Hash, nodes: &mut Vec<(NodeId, Hash)>) {
        if self.frontier.append_with(leaf, |id, hash| nodes.push((id, hash))).is_err() {
            self.damaged = true;
        }
        self.report.leaves = self.frontier.size();
        while let Some((_, note)) = self.notes.next_if(|(size, _)| *size <= self.frontier.size()) {
            self.checkpoint(&note);
        }
    }

    fn checkpoint(&mut self, note: &str) {
        self.report.checkpoints += 1;
        let size = self.frontier.size();
        let read = if self.keys.is_empty() {
            tlog::Note::parse(note.as_bytes()).and_then(|n| Checkpoint::parse(n.text()))
        } else {
            Checkpoint::open(note.as_bytes(), self.origin, self.keys)
        };
        let checkpoint = match read {
            Ok(found) => found,
            Err(error) => {
                let message = format!("The checkpoint at size {size} is not good: {error}.");
                return self.report.add(FindingKind::BadCheckpoint, None, None, message);
            }
        };
        if !self.keys.is_empty() {
            self.report.signatures += 1;
        }
        if checkpoint.size() != size || checkpoint.root() != &self.frontier.root() {
            let message = format!(
                "The checkpoint at size {} was signed over another history: its root is not that of the entries here.",
                checkpoint.size()
            );
            self.report.add(FindingKind::ForkedCheckpoint, None, None, message);
        }
    }

    /// Ends the walk: checkpoints beyond the tree tell of a cut tail.
    pub(super) fn finish(self) {
        self.report.root = root_of(&self.frontier);
        let size = self.frontier.size();
        for (claimed, _) in self.notes {
            self.report.checkpoints += 1;
            let message =
                format!("A checkpoint was signed at size {claimed}, but only {size} entries are left.");
            self.report.add(FindingKind::MissingEntry, None, None, message);
        }
    }
}
