//! Connections for reading: opened when needed, kept, lent out one at a time.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::failure::failed;
use super::{blocking, connect, lock};
use crate::error::Error;

/// A pool of reading connections.
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub fn new(path: PathBuf, most: usize) -> Self {
        Self { path, idle: Mutex::new(Vec::new()), permits: Arc::new(Semaphore::new(most)) }
    }

    /// Lends a connection to `what`, on a thread where it may block.
    pub async fn with<T: Send + 'static>(
        self: &Arc<Self>,
        what: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let closed = |_| Error::Unavailable("the store is closed".to_owned());
        let permit = self.permits.clone().acquire_owned().await.map_err(closed)?;
        let readers = self.clone();
        blocking(move || {
            let connection = readers.take()?;
            let result = what(&connection);
            if !readers.permits.is_closed() {
                lock(&readers.idle).push(connection);
            }
            drop(permit);
            result
        })
        .await
    }

    /// Runs `what` on this very thread with an idle connection; none when all are lent out. For questions that an index
    /// answers with a few rows: handing one to another thread and back takes longer than its answer.
    pub fn now<T>(&self, what: impl FnOnce(&Connection) -> T) -> Option<T> {
        let _permit = self.permits.try_acquire().ok()?;
        let connection = lock(&self.idle).pop()?;
        let result = what(&connection);
        if !self.permits.is_closed() {
            lock(&self.idle).push(connection);
        }
        Some(result)
    }

    fn take(&self) -> Result<Connection, Error> {
        if let Some(connection) = lock(&self.idle).pop() {
            return Ok(connection);
        }
        let connection = connect(&self.path, 4, 96)?;
        connection.execute_batch("PRAGMA query_only = ON").map_err(failed)?;
        Ok(connection)
    }

    pub fn close(&self) {
        self.permits.close();
        lock(&self.idle).clear();
    }
}
