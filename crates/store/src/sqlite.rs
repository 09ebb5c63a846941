//! SQLite: one writing thread with group commit, a pool of reading connections.
//!
//! Invariant: `STRICT` tables, WAL, `synchronous=FULL`; an acknowledged write survives a crash.

pub(crate) mod failure;
pub(crate) mod readers;
pub(crate) mod run;
pub(crate) mod writer;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{broadcast, oneshot};

use crate::error::Error;
use crate::row::Row;
use crate::sql::{Dialect, Sql};
use crate::store::{Changed, Health, Options};
use crate::unit::{Done, Unit};
use failure::failed;
use readers::Readers;
use writer::{Message, Writer};

/// An open SQLite file.
pub(crate) struct Sqlite {
    path: PathBuf,
    writer: tokio::sync::mpsc::Sender<Message>,
    readers: Arc<Readers>,
    /// Next number of each type, once asked for.
    numbers: tokio::sync::Mutex<HashMap<String, i64>>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

/// Takes a lock whose holder may have panicked; what is behind it stays usable.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sqlite {
    pub async fn open(
        path: &str,
        options: &Options,
        changes: broadcast::Sender<Changed>,
    ) -> Result<Self, Error> {
        let path = PathBuf::from(path);
        let at = path.clone();
        let connection = blocking(move || {
            let connection = connect(&at, 24, 256)?;
            crate::migrations::sqlite(&connection)?;
            Ok(connection)
        })
        .await?;
        let (writer, inbox) = tokio::sync::mpsc::channel(4096);
        let writing = Writer::new(connection, options.max_group.max(1), changes)?;
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writing.run(inbox))
            .map_err(|e| Error::Internal(format!("cannot start the writing thread: {e}")))?;
        let readers = Arc::new(Readers::new(path.clone(), options.readers.max(1)));
        let numbers = tokio::sync::Mutex::new(HashMap::new());
        Ok(Self { path, writer, readers, numbers, thread: Mutex::new(Some(thread)) })
    }

    pub async fn rows(&self, sql: Sql) -> Result<Vec<Row>, Error> {
        self.readers.with(move |connection| run::rows(connection, &sql)).await
    }

    /// As [`Sqlite::rows`], for a question that an index answers with a few rows.
    pub async fn short_rows(&self, sql: Sql) -> Result<Vec<Row>, Error> {
        match self.readers.now(|connection| run::rows(connection, &sql)) {
            Some(rows) => rows,
            None => self.rows(sql).await,
        }
    }

    pub async fn rows_together(&self, questions: Vec<Sql>) -> Result<Vec<Vec<Row>>, Error> {
        let ask = |connection: &Connection| {
            questions.iter().map(|sql| run::rows(connection, sql)).collect::<Result<Vec<_>, _>>()
        };
        if let Some(answers) = self.readers.now(ask) {
            return answers;
        }
        let ask = move |connection: &Connection| {
            questions.iter().map(|sql| run::rows(connection, sql)).collect::<Result<Vec<_>, _>>()
        };
        self.readers.with(ask).await
    }

    pub async fn unit(&self, unit: Unit) -> Result<Done, Error> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Unit(unit, reply)).await?;
        answer.await.map_err(|_| stopped())?
    }

    /// Runs something on the writing connection, alone, outside any transaction.
    pub async fn call<T: Send + 'static>(
        &self,
        what: impl FnOnce(&mut Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let call = Box::new(move |connection: &mut Connection| {
            // The caller may be gone; then nobody wants to know.
            let _ = reply.send(what(connection));
        });
        self.send(Message::Call(call)).await?;
        answer.await.map_err(|_| stopped())?
    }

    async fn send(&self, message: Message) -> Result<(), Error> {
        self.writer.send(message).await.map_err(|_| stopped())
    }

    pub async fn allocate(&self, table: &str, column: &str, count: i64) -> Result<i64, Error> {
        let mut numbers = self.numbers.lock().await;
        let next = match numbers.get(table) {
            Some(next) => *next,
            None => {
                let mut sql = Sql::new(Dialect::Sqlite);
                sql.push("SELECT coalesce(max(").name(column).push("), 0) + 1 FROM ").name(table);
                self.rows(sql).await?.first().map_or(1, |row| row.int(0))
            }
        };
        numbers.insert(table.to_owned(), next + count);
        Ok(next)
    }

    /// Forgets the next number of a type, since another program used it.
    pub async fn forget_number(&self, table: &str) {
        self.numbers.lock().await.remove(table);
    }

    pub async fn health(&self) -> Result<Health, Error> {
        self.readers
            .with(|connection| {
                let one =
                    |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(failed);
                let size_bytes =
                    one("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")?;
                let log_size = one("SELECT coalesce(max(leaf_index) + 1, 0) FROM log_leaf")?;
                // every commit makes its entries leaves: what stands after the newest leaf came past the program
                let pending =
                    one("SELECT count(*) FROM log_entry WHERE id > coalesce((SELECT entry_id FROM \
                     log_leaf ORDER BY leaf_index DESC LIMIT 1), 0)")?;
                Ok(Health {
                    dialect: Dialect::Sqlite,
                    version: format!("SQLite {}", rusqlite::version()),
                    size_bytes,
                    log_size: u64::try_from(log_size).unwrap_or_default(),
                    pending: u64::try_from(pending).unwrap_or_default(),
                })
            })
            .await
    }

    /// Copies the file as it is at one instant; writers go on meanwhile.
    pub async fn backup(&self, to: &Path) -> Result<(), Error> {
        if to.exists() {
            return Err(Error::Invalid(format!("{} exists already; choose another name", to.display())));
        }
        let to = to.to_owned();
        self.readers
            .with(move |connection| {
                let part = to.with_extension("part");
                let _ = std::fs::remove_file(&part);
                copy(connection, &part).inspect_err(|_| {
                    let _ = std::fs::remove_file(&part);
                })?;
                let io = |e: std::io::Error| Error::Full(format!("{}: {e}", to.display()));
                std::fs::File::open(&part).and_then(|file| file.sync_all()).map_err(io)?;
                std::fs::rename(&part, &to).map_err(io)
            })
            .await
    }

    /// Carries out a script in one transaction.
    pub async fn script(&self, script: Vec<String>) -> Result<(), Error> {
        self.call(move |connection| {
            let transaction = connection.transaction().map_err(failed)?;
            for sql in &script {
                transaction.execute_batch(sql).map_err(failed)?;
            }
            transaction.commit().map_err(failed)
        })
        .await
    }

    pub async fn analyze(&self) -> Result<(), Error> {
        self.call(|connection| {
            // it reads some of every index; those pages are not needed again
            let sql = "PRAGMA analysis_limit = 2000; ANALYZE; PRAGMA shrink_memory;";
            connection.execute_batch(sql).map_err(failed)
        })
        .await
    }

    pub async fn limit_pages(&self, pages: Option<i64>) -> Result<(), Error> {
        self.call(move |connection| {
            let pages = pages.unwrap_or(0xffff_fffe);
            connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).map_err(failed)
        })
        .await
    }

    /// Waits for what is being written and closes the file.
    pub async fn close(&self) -> Result<(), Error> {
        // Readers first: the last connection to close empties the write-ahead log into the file.
        self.readers.close();
        let thread = lock(&self.thread).take();
        if self.send(Message::Stop).await.is_ok()
            && let Some(thread) = thread
        {
            blocking(move || {
                thread.join().map_err(|_| Error::Internal("the writing thread failed".to_owned()))
            })
            .await?;
        }
        Ok(())
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn copy(from: &Connection, to: &Path) -> Result<(), Error> {
    let mut target = Connection::open(to).map_err(failed)?;
    let backup = rusqlite::backup::Backup::new(from, &mut target).map_err(failed)?;
    // One step: a copy in several begins anew whenever somebody writes in between.
    match backup.step(-1).map_err(failed)? {
        rusqlite::backup::StepResult::Done => Ok(()),
        _ => Err(Error::Unavailable("the file is locked by another program".to_owned())),
    }
}

fn stopped() -> Error {
    Error::Unavailable("the store is closed".to_owned())
}

/// Runs something that blocks, away from the threads that serve requests.
pub(crate) async fn blocking<T: Send + 'static>(
    what: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(what).await {
        Ok(result) => result,
        Err(e) => Err(Error::Internal(format!("a task of the store ended: {e}"))),
    }
}

/// Opens a connection with the settings that durability asks for. `cache_mib` is its share of memory,
/// `statements` how many it keeps prepared.
pub(crate) fn connect(path: &Path, cache_mib: i64, statements: usize) -> Result<Connection, Error> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(Duration::from_secs(20)).map_err(failed)?;
    // a plan is made of a text, not of its values: else SQLite makes it anew whenever other values are bound, which takes
    // longer than most answers
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(statements);
    let cache_kib = cache_mib * 1024;
    connection
        .execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA cache_size = -{cache_kib}; PRAGMA temp_store = MEMORY;
             PRAGMA journal_size_limit = 67108864; PRAGMA wal_autocheckpoint = 4000;"
        ))
        .map_err(failed)?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
    use rusqlite::StatementStatus;

    use super::connect;

    #[test]
    fn a_plan_stays_when_other_values_are_bound() {
        let folder = tempfile::tempdir().unwrap();
        let connection = connect(&folder.path().join("desk.db"), 4, 8).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE t (n INTEGER); CREATE INDEX i ON t (n); INSERT INTO t VALUES (1), (2);",
            )
            .unwrap();
        let mut statement = connection.prepare("SELECT n FROM t WHERE n = ?1 ORDER BY n LIMIT ?2").unwrap();
        for n in 1..=2_i64 {
            assert_eq!(statement.query_row([n, n], |row| row.get::<_, i64>(0)), Ok(n));
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }
}
