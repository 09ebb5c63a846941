//! PostgreSQL: a pool of connections, writes pipelined in one round trip, a sequencer that turns entries into leaves
//! after their commit, and a feed of what other nodes committed.
//!
//! Invariant: no lock and no sequence is held across a commit by the business transaction; an acknowledged write is
//! on the server's disk (`synchronous_commit` is never off).

mod connect;
mod failure;
mod feed;
mod pipeline;
mod run;
mod sequence;
mod write;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use proofdesk_tlog::Frontier;
use tokio::sync::{Notify, broadcast};
use tokio::task::JoinHandle;

use crate::error::Error;
use crate::migrations::{MIGRATION_TABLE, POSTGRES, RENUMBER, not_newer};
use crate::row::Row;
use crate::sql::{Dialect, Sql};
use crate::store::{Changed, Health, Options};
use crate::unit::{Done, Unit};
use connect::Server;
use failure::{Failure, failed};

/// Numbers reserved at once for a type on one node.
const BLOCK: i64 = 32;
/// Advisory lock of whoever changes tables.
const TABLES_LOCK: i64 = 0x7072_6f6f_6601;
/// Advisory lock of the sequencer.
const LOG_LOCK: i64 = 0x7072_6f6f_6602;

/// An open PostgreSQL database.
pub(crate) struct Postgres {
    inner: Arc<Inner>,
    /// Work of this node beside the calls; ends with it.
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// What calls and the work beside them share.
pub(crate) struct Inner {
    pool: Pool,
    server: Server,
    changes: broadcast::Sender<Changed>,
    /// Writes of this node, so that its feed does not tell them twice.
    own: Mutex<feed::Own>,
    /// Rings when entries wait for the sequencer.
    waiting: Notify,
    /// The right edge of the tree as this node wrote it last.
    frontier: tokio::sync::Mutex<Option<Frontier>>,
    /// Next number and end of the reserved block of each type.
    blocks: tokio::sync::Mutex<HashMap<String, (i64, i64)>>,
}

impl Postgres {
    pub async fn open(
        url: &str,
        options: &Options,
        changes: broadcast::Sender<Changed>,
    ) -> Result<Self, Error> {
        let server = Server::parse(url)?;
        let pool = server.pool(options.readers.max(2) * 3)?;
        let inner = Arc::new(Inner {
            pool,
            server,
            changes,
            own: Mutex::default(),
            waiting: Notify::new(),
            frontier: tokio::sync::Mutex::new(None),
            blocks: tokio::sync::Mutex::new(HashMap::new()),
        });
        inner.migrate().await?;
        let mut tasks = vec![tokio::spawn(feed::follow(inner.clone(), inner.log_size().await?))];
        if let Some(pause) = options.sequence_every {
            tasks.push(tokio::spawn(sequence::keep(inner.clone(), pause)));
        }
        Ok(Self { inner, tasks: Mutex::new(tasks) })
    }

    pub async fn rows(&self, sql: Sql, known: bool) -> Result<Vec<Row>, Error> {
        self.inner.rows(&sql, known).await
    }

    pub async fn rows_together(&self, questions: &[Sql]) -> Result<Vec<Vec<Row>>, Error> {
        self.inner.rows_together(questions).await
    }

    pub async fn unit(&self, unit: Unit) -> Result<Done, Error> {
        let inner = self.inner.clone();
        // A caller that goes away must not leave a transaction half sent.
        match tokio::spawn(async move { inner.unit(unit).await }).await {
            Ok(result) => result,
            Err(e) => Err(Error::Internal(format!("a task of the store ended: {e}"))),
        }
    }

    pub async fn sequence_once(&self) -> Result<u64, Error> {
        self.inner.sequence_once().await
    }

    pub async fn allocate(&self, table: &str, column: &str, count: i64) -> Result<i64, Error> {
        let mut blocks = self.inner.blocks.lock().await;
        if let Some((next, end)) = blocks.get_mut(table)
            && *next + count <= *end
        {
            *next += count;
            return Ok(*next - count);
        }
        let taken = count.max(BLOCK);
        let first = self.inner.reserve(table, column, taken).await?;
        if count < taken {
            blocks.insert(table.to_owned(), (first + count, first + taken));
        }
        Ok(first)
    }

    pub async fn health(&self) -> Result<Health, Error> {
        let mut sql = Sql::new(Dialect::Postgres);
        sql.push(
            "SELECT current_setting('server_version'), pg_database_size(current_database()), \
             (SELECT coalesce(max(leaf_index) + 1, 0) FROM log_leaf), (SELECT count(*) FROM log_pending)",
        );
        let rows = self.inner.rows(&sql, false).await?;
        let count =
            |at: usize| rows.first().and_then(|row| u64::try_from(row.int(at)).ok()).unwrap_or_default();
        Ok(Health {
            dialect: Dialect::Postgres,
            version: format!("PostgreSQL {}", rows.first().map_or("", |row| row.text(0))),
            size_bytes: rows.first().map_or(0, |row| row.int(1)),
            log_size: count(2),
            pending: count(3),
        })
    }

    pub async fn analyze(&self) -> Result<(), Error> {
        let client = self.inner.client().await?;
        client.batch_execute("ANALYZE").await.map_err(|e| failed(&e).into_error())
    }

    /// Carries out a script in one transaction; one node at a time.
    pub async fn script(&self, script: Vec<String>) -> Result<(), Error> {
        let refused = |e: tokio_postgres::Error| failed(&e).into_error();
        let mut client = self.inner.client().await?;
        let transaction = client.transaction().await.map_err(refused)?;
        lock_tables(&transaction).await?;
        for sql in &script {
            transaction.batch_execute(sql).await.map_err(refused)?;
        }
        transaction.commit().await.map_err(refused)
    }

    pub fn close(&self) {
        for task in crate::sqlite::lock(&self.tasks).drain(..) {
            task.abort();
        }
        self.inner.pool.close();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.close();
    }
}

async fn lock_tables(transaction: &deadpool_postgres::Transaction<'_>) -> Result<(), Error> {
    let lock = format!("SELECT pg_advisory_xact_lock({TABLES_LOCK})");
    transaction.batch_execute(&lock).await.map_err(|e| failed(&e).into_error())
}

impl Inner {
    async fn client(&self) -> Result<Object, Error> {
        self.pool.get().await.map_err(|e| Error::Unavailable(failure::pool_text(&e)))
    }

    /// Asks a question; once more on another connection when the first one is lost.
    async fn rows(&self, sql: &Sql, known: bool) -> Result<Vec<Row>, Error> {
        let mut lost = String::new();
        for _ in 0..2 {
            let client = self.client().await?;
            match run::rows(&client, sql, known).await {
                Ok(rows) => return Ok(rows),
                Err(Failure::Lost(text)) => lost = self.leave(client, text),
                Err(other) => return Err(other.into_error()),
            }
        }
        Err(Error::Unavailable(lost))
    }

    /// Asks several questions in one round trip, as [`Inner::rows`] does with one.
    async fn rows_together(&self, questions: &[Sql]) -> Result<Vec<Vec<Row>>, Error> {
        let mut lost = String::new();
        for _ in 0..2 {
            let client = self.client().await?;
            match run::together(&client, questions).await {
                Ok(answers) => return Ok(answers),
                Err(Failure::Lost(text)) => lost = self.leave(client, text),
                Err(other) => return Err(other.into_error()),
            }
        }
        Err(Error::Unavailable(lost))
    }

    /// Lets go of a lost connection. The server may have closed all of them: the next question needs a fresh one.
    fn leave(&self, client: Object, text: String) -> String {
        self.pool.retain(|client, _| !client.is_closed());
        drop(Object::take(client));
        text
    }

    async fn log_size(&self) -> Result<i64, Error> {
        let mut sql = Sql::new(Dialect::Postgres);
        sql.push("SELECT coalesce(max(leaf_index) + 1, 0) FROM log_leaf");
        Ok(self.rows(&sql, true).await?.first().map_or(0, |row| row.int(0)))
    }

    /// Brings the engine's own tables up to date.
    async fn migrate(&self) -> Result<(), Error> {
        let refused = |e: tokio_postgres::Error| failed(&e).into_error();
        let mut client = self.client().await?;
        let encoding: String = client
            .query_one("SHOW server_encoding", &[])
            .await
            .and_then(|row| row.try_get(0))
            .map_err(refused)?;
        if encoding != "UTF8" {
            let message = format!("the database has the encoding {encoding}; make one with ENCODING 'UTF8'");
            return Err(Error::Invalid(message));
        }
        let transaction = client.transaction().await.map_err(refused)?;
        lock_tables(&transaction).await?;
        // whoever may only read and write serves a database that its owner has brought up to date, so nothing is made twice
        let found: bool = transaction
            .query_one("SELECT to_regclass('migration') IS NOT NULL", &[])
            .await
            .and_then(|row| row.try_get(0))
            .map_err(refused)?;
        if !found {
            transaction.batch_execute(MIGRATION_TABLE).await.map_err(refused)?;
        }
        transaction.batch_execute(RENUMBER).await.map_err(refused)?;
        let done = "SELECT number FROM migration ORDER BY number";
        let done = transaction.query(done, &[]).await.map_err(refused)?;
        let done: Vec<i64> =
            done.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(refused)?;
        not_newer(done.last().copied().unwrap_or(0), &POSTGRES)?;
        // one with a smaller number may come after one with a larger: they were made side by side
        for migration in POSTGRES.iter().filter(|m| !done.contains(&m.number)) {
            transaction.batch_execute(migration.sql).await.map_err(refused)?;
            let insert = "INSERT INTO migration (number, name) VALUES ($1, $2)";
            transaction.execute(insert, &[&migration.number, &migration.name]).await.map_err(refused)?;
        }
        transaction.commit().await.map_err(refused)
    }

    /// Reserves numbers for this node. Not durable by itself: a write that uses one makes it so.
    async fn reserve(&self, table: &str, column: &str, count: i64) -> Result<i64, Error> {
        let mut sql = Sql::new(Dialect::Postgres);
        sql.push("INSERT INTO counter (name, next) SELECT ").bind(table).push(", coalesce(max(").name(column);
        sql.push("), 0) + 1 + ").bind(count).push(" FROM ").name(table);
        sql.push(" ON CONFLICT (name) DO UPDATE SET next = greatest(counter.next + ").bind(count);
        sql.push(", excluded.next) RETURNING next - ").bind(count);
        let mut tries = 0;
        loop {
            let client = self.client().await?;
            let quick = client.batch_execute("BEGIN; SET LOCAL synchronous_commit = off").await;
            let rows = match quick {
                Ok(()) => run::rows(&client, &sql, true).await,
                Err(e) => Err(failed(&e)),
            };
            let end = client.batch_execute("COMMIT").await;
            match rows {
                Ok(rows) if end.is_ok() => return Ok(rows.first().map_or(1, |row| row.int(0))),
                Ok(_) | Err(Failure::Lost(_) | Failure::Again(_)) if tries < 2 => {
                    tries += 1;
                    drop(Object::take(client));
                }
                Ok(_) => return Err(Error::Unavailable("the connection was lost".to_owned())),
                Err(failure) => return Err(failure.into_error()),
            }
        }
    }
}

/// How long a lost write is looked for before the caller is told to try later.
const LOOK_FOR: Duration = Duration::from_secs(5);
