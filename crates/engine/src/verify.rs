//! Verification: reads the whole log again and finds a changed byte, a missing entry, a reordered pair, a forked or removed
//! checkpoint, a record's row, comment, file, watcher or relation that its entries do not explain, and an account, its
//! roles or tokens; and says which. Runs of conformity and their results are compared by the crate `conformity`, mails by
//! the crate `mail`.
//!
//! Invariant: it trusts nothing that the database says of itself. Leaf hashes, nodes and roots are computed anew from the
//! entries' bytes; what an entry is about is read from its bytes, the columns beside them must say the same; entries are
//! replayed in the order of the tree, and one without a leaf counts only while it waits for it. Without a checkpoint kept
//! elsewhere nobody can notice that *everything* was rewritten: see `docs/proof.md`.

mod accounts;
mod address;
mod beside;
pub mod coverage;
mod export;
mod forms;
mod nodes;
mod places;
mod replay;
mod rows;
mod waiting;
mod walk;

use std::collections::{BTreeSet, HashMap, HashSet};

use proofdesk_model::format::write_instant;
use proofdesk_store::{Dialect, StoredEntry};
use proofdesk_tlog::{Frontier, Hash, NodeId, VerifierKey};
use serde::Serialize;

pub use export::{verify_export, verify_export_against};
use walk::{Held, Walk};

use crate::Engine;
use crate::account::sealed::TYPE as ACCOUNT;
use crate::error::Error;

/// Entries read at a time.
const BATCH: usize = 4_096;
/// Most leaves that are named as missing one by one.
const MISSING_MOST: u64 = 10_000;
/// The longest that entries go without a checkpoint, microseconds: a checkpoint is signed at least once a day, and the
/// command line may write while no program runs that signs.
const TAIL: i64 = 2 * 86_400_000_000;
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
    /// A checkpoint that another one names, or that its schedule asks for, is not there.
    MissingCheckpoint,
    /// The columns beside an entry say something else than its sealed bytes.
    ChangedAddress,
    /// An entry that is no leaf and does not wait to become one.
    UnsealedEntry,
    /// The bytes of a file are not those that came in, or are gone.
    ChangedFile,
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
    /// Checkpoints kept outside of the database that were compared with the tree.
    pub kept: u64,
    /// Newest entries that no checkpoint of the database covers yet.
    pub uncovered: u64,
    /// Records whose rows were compared with their entries.
    pub records: u64,
    /// Files whose bytes were hashed again; the same bytes count once.
    pub files: u64,
    /// Accounts whose rows were compared with their entries.
    pub accounts: u64,
    /// Mails whose rows were compared with what was sealed of them.
    pub mails: u64,
    /// Conformity runs whose results were compared with what their entries seal.
    pub runs: u64,
    /// Entries that still wait for their leaf.
    pub pending: u64,
    /// Since when entries tell all that is compared, microseconds UTC; rows of earlier versions are compared as far as the
    /// log tells of them. None where no entry does.
    pub full_since: Option<i64>,
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
        self.push(Finding { kind, leaf, record, message });
    }

    /// As [`Report::add`].
    pub fn push(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.more += 1;
        }
    }
}

/// A checkpoint that was kept outside of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Where, for findings: the name of a file.
    pub name: String,
    /// The signed note.
    pub note: String,
}

impl Kept {
    /// The note with the line ends it was signed with: mail programs end lines in their own way.
    fn text(&self) -> String {
        self.note.replace("\r\n", "\n")
    }
}

/// What is known from elsewhere and must fit.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// Verifier keys that are trusted; with none, signatures are not judged and the report says so.
    pub keys: Vec<VerifierKey>,
    /// Checkpoints that were kept outside of the database.
    pub kept: Vec<Kept>,
}

/// What the walk over the leaves gathers for what comes after it.
#[derive(Default)]
struct Met {
    /// Everything that the log tells of: kind and number.
    about: HashSet<(String, i64)>,
    /// Id of the entry before, on SQLite, where ids follow the leaves.
    id: i64,
    /// Every entry is of a version that tells all that is compared.
    is_full: bool,
    /// Instants of the oldest and the newest entry that no checkpoint covers.
    open: Option<(i64, i64)>,
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
        progress: impl FnMut(u64, u64) + Send,
    ) -> Result<Report, Error> {
        self.verify_against(&Expected { keys: keys.to_vec(), ..Expected::default() }, progress).await
    }

    /// As [`Engine::verify`], also against what was kept elsewhere.
    ///
    /// # Errors
    /// As [`Engine::verify`].
    pub async fn verify_against(
        &self,
        expected: &Expected,
        mut progress: impl FnMut(u64, u64) + Send,
    ) -> Result<Report, Error> {
        // whatever waits for its leaf gets it now; nothing happens where another program is at it
        loop {
            match self.store().sequence_once().await {
                // where the end of the log is broken nothing gets a leaf; what is broken is found below
                Ok(0) | Err(proofdesk_store::Error::Broken(_)) => break,
                Ok(_) => {}
                Err(other) => return Err(other.into()),
            }
        }
        let mut report = Report { origin: self.origin().to_owned(), ..Report::default() };
        let size = self.size_to_read(&mut report).await?;
        let stored = self.store().checkpoints(usize::MAX >> 1).await?;
        let covered = stored.first().map(|newest| newest.size);
        let mut held = walk::trusted(&expected.kept, self.origin(), &expected.keys, &mut report);
        let own = |c: proofdesk_store::StoredCheckpoint| Held {
            size: c.size,
            at: Some(c.at),
            note: c.note,
            outside: None,
        };
        held.extend(stored.into_iter().map(own));
        let mut walk = Walk::new(self.origin(), &expected.keys, held, &mut report);
        let mut met = Met::default();
        let mut next = 0_u64;
        while next < size {
            let until = (next + BATCH as u64).min(size);
            let (computed, names) = self.walk_on(next..until, covered, &mut walk, &mut met).await?;
            self.compare_nodes(&computed, &names, &mut walk).await?;
            next = until;
            progress(next, size);
        }
        walk.finish();
        report.uncovered = size.saturating_sub(covered.unwrap_or_default());
        if !expected.keys.is_empty() && covered.is_none() && size > 0 {
            let message = "No checkpoint is in the database, although its log has a key: they were removed, or none was \
                           signed yet. `proofdesk log checkpoint` signs one.";
            report.add(FindingKind::MissingCheckpoint, None, None, message.to_owned());
        }
        verify_schedule(&met, &mut report);
        self.verify_levels(&mut report).await?;
        self.verify_places(&mut report).await?;
        self.verify_waiting(&mut report).await?;
        self.verify_forms(&mut report).await?;
        let is_full = met.is_full;
        let accounts: BTreeSet<i64> =
            met.about.iter().filter(|(of, _)| of == ACCOUNT).map(|(_, number)| *number).collect();
        self.verify_rows(&mut report, met.about, &mut progress).await?;
        self.verify_accounts(&mut report, accounts, is_full).await?;
        Ok(report)
    }

    /// How many leaves are to be read. A leaf with an absurd index is named and not walked to.
    async fn size_to_read(&self, report: &mut Report) -> Result<u64, Error> {
        let (size, there) = (self.store().log_size().await?, self.store().count_leaves().await?);
        let most = there.saturating_add(MISSING_MOST);
        if size > most {
            let message =
                format!("The newest leaf has the index {}, but only {there} leaves are there.", size - 1);
            report.add(FindingKind::MissingEntry, Some(size - 1), None, message);
        }
        Ok(size.min(most))
    }

    /// Walks over some leaves: gives the nodes that they make, and the records by leaf.
    async fn walk_on(
        &self,
        leaves: std::ops::Range<u64>,
        covered: Option<u64>,
        walk: &mut Walk<'_>,
        met: &mut Met,
    ) -> Result<(Vec<(NodeId, Hash)>, HashMap<u64, String>), Error> {
        let ids_follow = self.store().dialect() == Dialect::Sqlite;
        let count = usize::try_from(leaves.end - leaves.start).unwrap_or(BATCH);
        let mut entries = self.store().entry_range(leaves.start, count).await?.into_iter().peekable();
        let mut computed: Vec<(NodeId, Hash)> = Vec::with_capacity(2 * count);
        let mut names: HashMap<u64, String> = HashMap::with_capacity(count);
        for index in leaves {
            let Some(entry) = entries.next_if(|e| e.leaf == Some(index)) else {
                let named = self.store().entry_of_leaf(index).await?;
                walk.missing(index, named, &mut computed);
                continue;
            };
            let name = self.registry().write_reference(&entry.record);
            let is_good = walk.entry(index, &entry.body, Some(&entry.leaf_hash), &name, &mut computed)
                && self.verify_address(index, &entry, ids_follow, met, walk.report);
            if covered.is_some_and(|covered| index >= covered) {
                let (first, last) = met.open.unwrap_or((entry.at, entry.at));
                met.open = Some((first.min(entry.at), last.max(entry.at)));
            }
            if is_good {
                met.about.insert((entry.record.record_type, entry.record.number));
            }
            names.insert(index, name);
        }
        Ok((computed, names))
    }

    /// The columns of the entry at a leaf, whose bytes are good: gives whether they are, too.
    fn verify_address(
        &self,
        leaf: u64,
        entry: &StoredEntry,
        ids_follow: bool,
        met: &mut Met,
        report: &mut Report,
    ) -> bool {
        let (wrong, names_write) = address::compared(entry);
        if names_write && report.full_since.is_none() {
            report.full_since = Some(entry.at);
            met.is_full = leaf == 0;
        }
        if !wrong.is_empty() {
            let shown = self.registry().write_reference(&entry.record);
            let sealed = address::named(&entry.body).unwrap_or_else(|| "nothing".to_owned());
            let message = format!(
                "The columns beside the entry at leaf {leaf} were changed: {}. It is about {sealed}, the columns show it as \
                 one of {shown}.",
                wrong.join(", ")
            );
            report.add(FindingKind::ChangedAddress, Some(leaf), Some(sealed), message);
        }
        if ids_follow && entry.id <= met.id {
            let sealed = address::named(&entry.body);
            let message = format!(
                "The id of the entry at leaf {leaf} was changed: histories show it in another place."
            );
            report.add(FindingKind::Reordered, Some(leaf), sealed, message);
        }
        met.id = entry.id;
        wrong.is_empty()
    }
}

/// The newest checkpoint must cover all but the last days: one is signed at least once a day while the program runs, and
/// when it starts.
fn verify_schedule(met: &Met, report: &mut Report) {
    let Some((first, last)) = met.open.filter(|(first, last)| last - first > TAIL) else { return };
    let message = format!(
        "No checkpoint covers the newest {} entries, although they were written from {} to {}: checkpoints were removed, or \
         the program ran without its key.",
        report.uncovered,
        write_instant(first),
        write_instant(last)
    );
    report.add(FindingKind::MissingCheckpoint, None, None, message);
}

/// The root hash of a frontier, hexadecimal.
fn root_of(frontier: &Frontier) -> String {
    hex::encode(frontier.root())
}
