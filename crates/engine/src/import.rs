//! Import of real history: an event log becomes records with their history, each event one write of the one path.
//!
//! The times of the file are the history's times (`occurred_at`); the entries carry the import's own time (`at`), so
//! that nothing is passed off as sealed earlier than it was. A run that was killed goes on where it stopped, and a
//! second run changes nothing: each record's count and digest of rows are committed with its events.
//! `docs/import.md` teaches how to write a mapping.
//! Invariant: a row becomes exactly one entry, or is refused with its line and reason.

mod batch;
mod case;
mod event;
pub mod mapping;
mod numbers;
pub mod rows;
mod run;
mod stub;

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proofdesk_model::{Context, format};
use serde::Serialize;

pub use mapping::{Mapping, Mistake};
pub use run::rehearse;

use crate::Engine;
use crate::error::Error;

/// A row that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Its line in the file, from 1.
    pub line: usize,
    /// Why, and what to do.
    pub reason: String,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// Rows read, without the heading.
    pub rows: u64,
    /// Events written: one entry each.
    pub events: u64,
    /// Rows that an earlier run had imported.
    pub known: u64,
    /// Records created.
    pub created: u64,
    /// Records of earlier runs that got further events.
    pub updated: u64,
    /// Records of earlier runs to which nothing was added.
    pub unchanged: u64,
    /// Records made because the file names them, by type.
    pub made: BTreeMap<String, u64>,
    /// Rows that were refused, in order of the file.
    pub refused: Vec<Refusal>,
    /// Why the file could not be read to its end, if so. What came before is imported.
    pub broken_off: Option<String>,
}

/// How far an import has come; may be read from another thread.
#[derive(Debug, Default)]
pub struct Progress {
    bytes: AtomicU64,
    rows: AtomicU64,
    events: AtomicU64,
}

impl Progress {
    /// Bytes of the file read so far, as they lie on the disk.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
    /// Rows read so far.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }
    /// Events that are durable.
    pub fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }
}

/// What an import needs to know of its file.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Name of the file, for messages and for the list of imports.
    pub file: String,
    /// SHA-256 of the file, hexadecimal; may be empty when it is not known.
    pub file_hash: String,
    /// Size in bytes; 0 when it is not known.
    pub size_bytes: u64,
}

/// Imports event logs.
#[derive(Clone)]
pub struct Importer {
    engine: Engine,
    /// Most events of one transaction.
    batch: usize,
}

impl std::fmt::Debug for Importer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Importer").field("batch", &self.batch).finish_non_exhaustive()
    }
}

impl Importer {
    /// An importer into an engine's database.
    pub fn new(engine: Engine) -> Self {
        Self { engine, batch: 2_000 }
    }

    /// Writes at most so many events in one transaction.
    #[must_use]
    pub fn with_batch(mut self, events: usize) -> Self {
        self.batch = events.clamp(1, 50_000);
        self
    }

    /// Imports a file. Rows that cannot be used are in the report; the rest is imported.
    ///
    /// # Errors
    /// [`Failure::Mapping`] when the heading does not fit the mapping (nothing was read), [`Failure::Engine`] when the
    /// database refuses or is away: what was written stays, and another run goes on from there.
    pub async fn run(
        &self,
        input: impl Read + Send + 'static,
        source: Source,
        mapping: &Mapping,
        progress: Arc<Progress>,
    ) -> Result<ImportReport, Failure> {
        run::run(&self.engine, self.batch, input, &source, mapping, progress).await
    }
}

/// Why an import stopped.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The file and the mapping do not fit together: all mistakes.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Mapping(Vec<Mistake>),
    /// The database.
    #[error(transparent)]
    Engine(#[from] Error),
}

impl From<proofdesk_store::Error> for Failure {
    fn from(error: proofdesk_store::Error) -> Self {
        Self::Engine(error.into())
    }
}

/// What conditions of the import's own look-ups may know.
fn context(now: i64) -> Context {
    Context { now, today: format::day_of(now), user: None }
}
