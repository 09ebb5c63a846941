//! The handle of a store: opening, health, changes as they are committed.

use std::time::Duration;

use proofdesk_model::Reference;
use tokio::sync::broadcast;

use crate::error::Error;
use crate::row::Row;
use crate::sql::{Dialect, Sql};
use crate::statement::{Select, Statement};

/// An open database. Cheap to clone; the last clone closes it.
#[derive(Clone)]
pub struct Store {}

/// How a store works; the defaults serve a desk of any size.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections for reading (SQLite), or of the pool (PostgreSQL).
    pub readers: usize,
    /// Most writes that share one commit (SQLite).
    pub max_group: usize,
    /// How often waiting entries become leaves (PostgreSQL); none leaves it to calls of `sequence_once`.
    pub sequence_every: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self { readers: 8, max_group: 512, sequence_every: Some(Duration::from_millis(100)) }
    }
}

/// An entry that was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The record that it is about.
    pub record: Reference,
    /// The record's version after it.
    pub version: i64,
    /// When it was written, microseconds UTC.
    pub at: i64,
    /// Id of the entry.
    pub entry: i64,
}

/// How the database is.
#[derive(Debug, Clone)]
pub struct Health {
    /// Which database.
    pub dialect: Dialect,
    /// Its version.
    pub version: String,
    /// Size of the data in bytes.
    pub size_bytes: i64,
    /// Leaves of the log.
    pub log_size: u64,
    /// Entries that are not yet leaves.
    pub pending: u64,
}

impl Store {
    /// Opens a database and brings the engine's own tables up to date.
    ///
    /// `url` is a path or `sqlite:path`; `postgres://…`, or `key=value` pairs with several hosts. With
    /// `sslmode=require` (or `verify-full`) the server's certificate is verified, by `sslrootcert` where given.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it cannot be reached, [`Error::Schema`] when its tables are from a newer program.
    pub async fn open(url: &str, options: Options) -> Result<Self, Error> {
        let _ = (url, options);
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Tells which database it is.
    pub fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    /// Runs a query and gives its rows.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`] for SQL that the database refuses.
    pub async fn rows(&self, sql: Sql) -> Result<Vec<Row>, Error> {
        let _ = sql;
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Asks for rows of one engine table.
    ///
    /// # Errors
    /// As [`Store::rows`].
    pub async fn select(&self, select: Select) -> Result<Vec<Row>, Error> {
        self.rows(select.to_sql(self.dialect())).await
    }

    /// Changes engine tables in one transaction, without an entry in the log: sessions, accounts, settings.
    ///
    /// # Errors
    /// [`Error::Duplicate`], [`Error::NotFound`] as the statements say; nothing is changed then.
    pub async fn execute(&self, statements: Vec<Statement>) -> Result<(), Error> {
        let _ = statements;
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Follows the entries that are committed, on this node at once, on other nodes of the same database when they
    /// become leaves. A slow receiver loses the oldest ones and is told so.
    pub fn subscribe(&self) -> broadcast::Receiver<Changed> {
        broadcast::channel(1).1
    }

    /// Looks how the database is.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn health(&self) -> Result<Health, Error> {
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Copies the database to a new file while it is in use (SQLite).
    ///
    /// # Errors
    /// [`Error::Invalid`] when the file exists, and on PostgreSQL, with the command that makes a backup there.
    pub async fn backup(&self, to: &std::path::Path) -> Result<(), Error> {
        let _ = to;
        Err(Error::Internal("not in this build".to_owned()))
    }
}
