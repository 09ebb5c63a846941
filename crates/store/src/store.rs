//! The handle of a store: opening, health, changes as they are committed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use proofdesk_model::Reference;
use proofdesk_model::entry::Entry;
use tokio::sync::broadcast;
use tracing::Instrument as _;

use crate::error::Error;
use crate::postgres::Postgres;
use crate::row::Row;
use crate::sql::{Dialect, Sql};
use crate::sqlite::Sqlite;
use crate::statement::{Select, Statement};
use crate::unit::{Done, Unit};

/// An open database. Cheap to clone; the last clone closes it.
#[derive(Clone)]
pub struct Store {
    pub(crate) backend: Arc<Backend>,
    changes: broadcast::Sender<Changed>,
}

/// The two databases.
pub(crate) enum Backend {
    /// A file.
    Sqlite(Sqlite),
    /// A server.
    Postgres(Postgres),
}

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

impl Changed {
    /// The change that an entry tells of.
    pub(crate) fn of(entry: &Entry, id: i64) -> Self {
        Self { record: entry.record.clone(), version: entry.version, at: entry.at, entry: id }
    }
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
        let changes = broadcast::channel(4096).0;
        let url = url.trim();
        let is_server = url.starts_with("postgres://") || url.starts_with("postgresql://");
        let is_pairs = !url.starts_with("sqlite:")
            && ["host=", "dbname=", "user=", "port=", "service="].iter().any(|key| url.contains(key));
        let backend = if is_server || is_pairs {
            Backend::Postgres(Postgres::open(url, &options, changes.clone()).await?)
        } else {
            let path = url.strip_prefix("sqlite:").unwrap_or(url);
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path == ":memory:" {
                return Err(Error::Invalid(
                    "the database needs a file name or a postgres:// address".to_owned(),
                ));
            }
            Backend::Sqlite(Sqlite::open(path, &options, changes.clone()).await?)
        };
        Ok(Self { backend: Arc::new(backend), changes })
    }

    /// Tells which database it is.
    pub fn dialect(&self) -> Dialect {
        match &*self.backend {
            Backend::Sqlite(_) => Dialect::Sqlite,
            Backend::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Starts a statement for this database.
    pub fn sql(&self) -> Sql {
        Sql::new(self.dialect())
    }

    /// Runs a query and gives its rows. Not for changes.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`] for SQL that the database refuses.
    pub async fn rows(&self, sql: Sql) -> Result<Vec<Row>, Error> {
        let span = self.span("read", 1);
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.rows(sql).instrument(span).await,
            Backend::Postgres(postgres) => postgres.rows(sql, false).instrument(span).await,
        }
    }

    /// The span of a group of statements, for traces: how many, neither text nor values.
    fn span(&self, operation: &'static str, statements: usize) -> tracing::Span {
        tracing::debug_span!(
            target: "spans",
            "store",
            otel.name = operation,
            otel.kind = "client",
            db.system.name = match self.dialect() {
                Dialect::Sqlite => "sqlite",
                Dialect::Postgres => "postgresql",
            },
            db.operation.name = operation,
            db.operation.batch.size = statements,
        )
    }

    /// Runs a query whose text is always the same: the server keeps its plan.
    pub(crate) async fn known_rows(&self, sql: Sql) -> Result<Vec<Row>, Error> {
        let span = self.span("read", 1);
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.rows(sql).instrument(span).await,
            Backend::Postgres(postgres) => postgres.rows(sql, true).instrument(span).await,
        }
    }

    /// As [`Store::known_rows`], for a question that an index answers with a few rows.
    pub(crate) async fn short_rows(&self, sql: Sql) -> Result<Vec<Row>, Error> {
        let span = self.span("read", 1);
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.short_rows(sql).instrument(span).await,
            Backend::Postgres(postgres) => postgres.rows(sql, true).instrument(span).await,
        }
    }

    /// Asks several short questions at once: one round trip to a server.
    pub(crate) async fn rows_together(&self, questions: Vec<Sql>) -> Result<Vec<Vec<Row>>, Error> {
        if questions.is_empty() {
            return Ok(Vec::new());
        }
        let span = self.span("read", questions.len());
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.rows_together(questions).instrument(span).await,
            Backend::Postgres(postgres) => postgres.rows_together(&questions).instrument(span).await,
        }
    }

    /// Asks for rows of one engine table.
    ///
    /// # Errors
    /// As [`Store::rows`].
    pub async fn select(&self, select: Select) -> Result<Vec<Row>, Error> {
        let is_short = select.is_short();
        let sql = select.to_sql(self.dialect());
        if is_short { self.short_rows(sql).await } else { self.known_rows(sql).await }
    }

    /// Changes engine tables in one transaction, without an entry in the log: sessions, accounts, settings.
    ///
    /// # Errors
    /// [`Error::Duplicate`], [`Error::NotFound`] as the statements say; nothing is changed then.
    pub async fn execute(&self, statements: Vec<Statement>) -> Result<(), Error> {
        let mut unit = Unit::default();
        for statement in &statements {
            unit.add(self.dialect(), statement);
        }
        self.commit(unit).await?;
        Ok(())
    }

    /// Commits one transaction.
    pub(crate) async fn commit(&self, unit: Unit) -> Result<Done, Error> {
        unit.check()?;
        if unit.steps.is_empty() && unit.entries.is_empty() {
            return Ok(Done::default());
        }
        let span = self.span("commit", unit.steps.len() + unit.entries.len());
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.unit(unit).instrument(span).await,
            Backend::Postgres(postgres) => postgres.unit(unit).instrument(span).await,
        }
    }

    /// Follows the entries that are committed, on this node at once, on other nodes of the same database when they
    /// become leaves. A slow receiver loses the oldest ones and is told so.
    pub fn subscribe(&self) -> broadcast::Receiver<Changed> {
        self.changes.subscribe()
    }

    /// Looks how the database is.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn health(&self) -> Result<Health, Error> {
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.health().await,
            Backend::Postgres(postgres) => postgres.health().await,
        }
    }

    /// Copies the database to a new file while it is in use (SQLite).
    ///
    /// # Errors
    /// [`Error::Invalid`] when the file exists, and on PostgreSQL, with the command that makes a backup there;
    /// [`Error::Full`].
    pub async fn backup(&self, to: &Path) -> Result<(), Error> {
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.backup(to).await,
            Backend::Postgres(_) => Err(Error::Invalid(format!(
                "PostgreSQL is backed up by its own means: pg_dump --format=custom --file={} DATABASE, or a base backup with its write-ahead log",
                to.display()
            ))),
        }
    }

    /// The file of a SQLite database; none on PostgreSQL.
    pub fn path(&self) -> Option<&Path> {
        match &*self.backend {
            Backend::Sqlite(sqlite) => Some(sqlite.path()),
            Backend::Postgres(_) => None,
        }
    }

    /// Renews what the database knows of the distribution of its data; after an import, and once a day.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn analyze(&self) -> Result<(), Error> {
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.analyze().await,
            Backend::Postgres(postgres) => postgres.analyze().await,
        }
    }

    /// Limits the file to so many pages of 4096 bytes; none lifts the limit (SQLite; nothing on PostgreSQL).
    /// A write beyond it is [`Error::Full`].
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn limit_pages(&self, pages: Option<i64>) -> Result<(), Error> {
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.limit_pages(pages).await,
            Backend::Postgres(_) => Ok(()),
        }
    }

    /// Waits for what is being written and closes the database for all clones.
    ///
    /// # Errors
    /// [`Error::Internal`] when the writing thread had failed.
    pub async fn close(&self) -> Result<(), Error> {
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.close().await,
            Backend::Postgres(postgres) => {
                postgres.close();
                Ok(())
            }
        }
    }
}
