//! What other nodes committed: the sequencer notifies all nodes of the log's size, each reads the new entries.
//!
//! Not in the business transaction: a NOTIFY there would let the commits of all nodes wait for one another.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use proofdesk_model::Reference;
use uuid::Uuid;

use super::Inner;
use crate::error::Error;
use crate::sql::{Dialect, Sql};
use crate::sqlite::lock;
use crate::store::Changed;

/// Writes of this node that are remembered.
const REMEMBERED: usize = 50_000;
/// Entries told at most at once; a listener that is further behind reads the lists anew anyway.
const TOLD: i64 = 2_000;
/// A lost notification is made up for after this time.
const SWEEP: Duration = Duration::from_secs(10);

/// Ids of the writes of this node, newest last.
#[derive(Debug, Default)]
pub(crate) struct Own {
    order: VecDeque<Uuid>,
    ids: HashSet<Uuid>,
}

impl Own {
    pub fn add(&mut self, ids: impl Iterator<Item = Uuid>) {
        for id in ids {
            if self.ids.insert(id) {
                self.order.push_back(id);
            }
            if self.order.len() > REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.ids.remove(&oldest);
            }
        }
    }
}

/// Follows the log from a leaf on, until the store is closed.
pub(super) async fn follow(inner: Arc<Inner>, mut next: i64) {
    loop {
        match inner.server.listen().await {
            Ok(mut notes) => loop {
                match inner.tell_from(next).await {
                    Ok(reached) => next = reached,
                    Err(error) => {
                        tracing::warn!(%error, "changes of other nodes are told later");
                        break;
                    }
                }
                match tokio::time::timeout(SWEEP, notes.recv()).await {
                    // Several at once are one.
                    Ok(Some(())) => while notes.try_recv().is_ok() {},
                    Ok(None) => break,
                    Err(_) => {}
                }
            },
            Err(error) => tracing::warn!(%error, "changes of other nodes are told later"),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

impl Inner {
    /// Tells of the entries of other nodes from a leaf on; gives the leaf that comes next.
    async fn tell_from(&self, next: i64) -> Result<i64, Error> {
        let size = self.log_size().await?;
        if size <= next {
            return Ok(next);
        }
        let mut sql = Sql::new(Dialect::Postgres);
        sql.push("SELECT e.record_type, e.number, e.version, e.at, e.id, e.write_id FROM log_leaf l ");
        sql.push("JOIN log_entry e ON e.id = l.entry_id WHERE l.leaf_index >= ").bind(next.max(size - TOLD));
        sql.push(" AND l.leaf_index < ").bind(size).push(" ORDER BY l.leaf_index");
        for row in self.rows(&sql, true).await? {
            let write_id = Uuid::from_slice(row.bytes(5)).unwrap_or_default();
            if lock(&self.own).ids.contains(&write_id) {
                continue;
            }
            let record = Reference::new(row.text(0), row.int(1));
            let (version, at, entry) = (row.int(2), row.int(3), row.int(4));
            // Nobody may be listening.
            let _ = self.changes.send(Changed { record, version, at, entry });
        }
        Ok(size)
    }
}
