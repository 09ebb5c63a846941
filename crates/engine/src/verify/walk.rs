//! One walk over the leaves in order: hashes, order, and the checkpoints on the way.

use std::collections::HashMap;

use proofdesk_model::format::write_instant;
use proofdesk_tlog::{self as tlog, Checkpoint, Frontier, Hash, NodeId, VerifierKey};

use super::{FindingKind, Kept, Report, root_of};
use crate::log::Signed;

/// A checkpoint that the tree must agree with.
pub(super) struct Held {
    /// Size by which it is kept.
    pub size: u64,
    /// Instant that a column beside it tells.
    pub at: Option<i64>,
    /// The signed note.
    pub note: String,
    /// Where it was kept outside of the log; none for the log's own.
    pub outside: Option<String>,
}

/// The state of a walk.
pub(super) struct Walk<'a> {
    frontier: Frontier,
    origin: &'a str,
    keys: &'a [VerifierKey],
    held: std::iter::Peekable<std::vec::IntoIter<Held>>,
    /// The log's own checkpoints so far: size, and hash of what was signed.
    own: HashMap<u64, String>,
    damaged: bool,
    /// The log is read from a file, which has no tree.
    pub(super) is_file: bool,
    pub(super) report: &'a mut Report,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        origin: &'a str,
        keys: &'a [VerifierKey],
        mut held: Vec<Held>,
        report: &'a mut Report,
    ) -> Self {
        held.sort_by_key(|held| held.size);
        let held = held.into_iter().peekable();
        let own = HashMap::new();
        Self { frontier: Frontier::new(), origin, keys, held, own, damaged: false, is_file: false, report }
    }

    /// Whether an entry was already found damaged: then every hash above it differs too.
    pub(super) fn is_damaged(&self) -> bool {
        self.damaged
    }

    /// Notes damage that was found elsewhere.
    pub(super) fn damage(&mut self) {
        self.damaged = true;
    }

    /// The next leaf with its entry; `column` is the hash beside the entry, which is the tree's node of level 0. Gives
    /// whether they fit.
    pub(super) fn entry(
        &mut self,
        index: u64,
        body: &[u8],
        column: Option<&[u8]>,
        record: &str,
        nodes: &mut Vec<(NodeId, Hash)>,
    ) -> bool {
        let computed = tlog::leaf_hash(body);
        let differs = column.is_some_and(|c| c != computed);
        if differs {
            self.damaged = true;
            let message = format!("The bytes of the entry at leaf {index} were changed after it was sealed.");
            self.report.add(FindingKind::ChangedEntry, Some(index), Some(record.to_owned()), message);
        }
        self.push(computed, nodes);
        !differs
    }

    /// The next leaf, whose entry is not there, and with it its hash: every hash above differs. `entry` is the id that the
    /// leaf names; none where the leaf is gone as well.
    pub(super) fn missing(&mut self, index: u64, entry: Option<i64>, nodes: &mut Vec<(NodeId, Hash)>) {
        let message = match entry {
            Some(id) => format!("Entry {id} of leaf {index} is gone."),
            None => format!("The entry of leaf {index} is missing."),
        };
        self.report.add(FindingKind::MissingEntry, Some(index), None, message);
        self.damaged = true;
        self.push([0; 32], nodes);
    }

    fn push(&mut self, leaf: Hash, nodes: &mut Vec<(NodeId, Hash)>) {
        if self.frontier.append_with(leaf, |id, hash| nodes.push((id, hash))).is_err() {
            self.damaged = true;
        }
        self.report.leaves = self.frontier.size();
        while let Some(held) = self.held.next_if(|held| held.size <= self.frontier.size()) {
            self.checkpoint(&held);
        }
    }

    fn checkpoint(&mut self, held: &Held) {
        let whose = whose(held);
        if held.outside.is_some() {
            self.report.kept += 1;
        } else {
            self.report.checkpoints += 1;
        }
        let size = self.frontier.size();
        let checkpoint = match open(&held.note, self.origin, self.keys) {
            Ok(found) => found,
            Err(error) => {
                let message = format!("{whose} at size {} is not good: {error}.", held.size);
                return self.report.add(FindingKind::BadCheckpoint, None, None, message);
            }
        };
        if !self.keys.is_empty() && held.outside.is_none() {
            self.report.signatures += 1;
        }
        if checkpoint.size() != size || checkpoint.root() != &self.frontier.root() {
            let message = format!(
                "{whose} at size {} was signed over another history: its root is not that of the entries here.",
                checkpoint.size()
            );
            self.report.add(FindingKind::ForkedCheckpoint, None, None, message);
        }
        if held.outside.is_none() {
            self.chained(&checkpoint, held.at);
        }
    }

    /// What a checkpoint of the log itself says of the one before it, and of its own time.
    fn chained(&mut self, checkpoint: &Checkpoint, at: Option<i64>) {
        let signed = Signed::read(checkpoint);
        let size = checkpoint.size();
        if let Some((before, hash)) = &signed.previous
            && self.own.get(before) != Some(hash)
        {
            let message = format!(
                "The checkpoint at size {size} was signed after one at size {before}, which is not here any more: it was \
                 removed or changed."
            );
            self.report.add(FindingKind::MissingCheckpoint, None, None, message);
        }
        if let (Some(said), Some(at)) = (signed.at, at)
            && said != write_instant(at)
        {
            let message =
                format!("The checkpoint at size {size} was signed at {said}; its row says another time.");
            self.report.add(FindingKind::ChangedRow, None, None, message);
        }
        self.own.insert(size, Signed::hash(checkpoint));
    }

    /// Ends the walk: checkpoints beyond the tree tell of a cut tail, where their signatures are good.
    pub(super) fn finish(self) {
        self.report.root = root_of(&self.frontier);
        let size = self.frontier.size();
        for held in self.held {
            if held.outside.is_some() {
                self.report.kept += 1;
            } else {
                self.report.checkpoints += 1;
            }
            let whose = whose(&held);
            let (kind, message) = match open(&held.note, self.origin, self.keys) {
                Err(error) => (FindingKind::BadCheckpoint, format!("{whose} is not good: {error}.")),
                Ok(signed) if self.keys.is_empty() => {
                    let message = format!(
                        "{whose} says that it was signed at size {}, but only {size} entries are here. Without a key its \
                         signature was not judged: bring the verifier key with --key before you believe it.",
                        signed.size()
                    );
                    (FindingKind::MissingEntry, message)
                }
                Ok(signed) => {
                    let message = format!(
                        "{whose} was signed at size {}, but only {size} entries are left: the end of the log was cut off.",
                        signed.size()
                    );
                    (FindingKind::MissingEntry, message)
                }
            };
            self.report.add(kind, None, None, message);
        }
    }
}

/// The checkpoints that were kept elsewhere, with the sizes that were signed. One that is not signed by a trusted key is
/// named and says nothing of the log: anybody can write a large number.
pub(super) fn trusted(kept: &[Kept], origin: &str, keys: &[VerifierKey], report: &mut Report) -> Vec<Held> {
    let mut held = Vec::new();
    for kept in kept {
        let note = kept.text();
        match open(&note, origin, keys) {
            Ok(signed) => {
                held.push(Held { size: signed.size(), at: None, note, outside: Some(kept.name.clone()) });
            }
            Err(error) => {
                let why = if keys.is_empty() { "is no checkpoint" } else { "is not signed by a trusted key" };
                let message = format!("{} {why} and was not compared with the log: {error}.", kept.name);
                report.add(FindingKind::BadCheckpoint, None, None, message);
            }
        }
    }
    held
}

/// Reads a note; without keys no signature is judged.
fn open(note: &str, origin: &str, keys: &[VerifierKey]) -> Result<Checkpoint, tlog::Error> {
    if keys.is_empty() {
        return tlog::Note::parse(note.as_bytes()).and_then(|note| Checkpoint::parse(note.text()));
    }
    Checkpoint::open(note.as_bytes(), origin, keys)
}

/// How a checkpoint is named in findings.
fn whose(held: &Held) -> String {
    held.outside
        .as_ref()
        .map_or_else(|| "The checkpoint".to_owned(), |from| format!("The checkpoint of {from}"))
}
