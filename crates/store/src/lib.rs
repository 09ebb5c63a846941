//! The store: the only SQL of the product. Tables from declarations, conditions to SQL, the one commit of row,
//! relations, log entry and jobs, queries, the log's storage, the queue, files; on SQLite and on PostgreSQL with
//! the same behaviour.
//!
//! Not here: who may do what, rules, workflow (`model`, `engine`); proofs (`tlog`).
//!
//! Invariant: values reach SQL only through [`Sql::bind`], identifiers only from the checked model, quoted.
//! Invariant: a record's row changes only together with an entry of the log, in one transaction.

pub mod blobs;
mod canonical;
pub mod census;
pub mod error;
pub mod histories;
mod holding;
pub mod list;
pub mod log;
mod migrations;
mod postgres;
pub mod predicate;
pub mod prune;
mod queue;
pub mod record;
pub mod row;
pub mod schema;
pub mod search;
pub mod sql;
mod sqlite;
pub mod statement;
pub mod store;
mod unit;
pub mod verdicts;
pub mod write;

pub use blobs::{BlobReader, BlobState, BlobWriter};
pub use census::Asked;
pub use error::Error;
pub use histories::HistoryEntry;
pub use list::{Cursor, ListQuery, Page, Shown};
pub use log::{Leafless, Level, StoredCheckpoint, StoredEntry};
pub use queue::{Claimed, QueueLength, QueuedJob};
pub use row::Row;
pub use schema::{Plan, PlanStep};
pub use search::Hit;
pub use sql::{Arg, ArgType, Dialect, Sql};
pub use statement::{Select, Statement};
pub use store::{Changed, Health, Options, Store};
pub use verdicts::{Question, Verdict, Verdicts};
pub use write::{Extra, Noted, PlannedEntry, PlannedWrites, Receipt};
