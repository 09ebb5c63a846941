//! The sequencer: gives committed entries their place in the tree, one node at a time.
//!
//! Invariant: leaf indices are dense and every entry is a leaf once: entries leave `log_pending` in the transaction
//! that makes them leaves, under a lock that ends with it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Transaction;
use proofdesk_tlog::{Frontier, Hash, NodeId, hash_from, needed_for_root};
use tokio_postgres::Row;

use super::failure::failed;
use super::{Inner, LOG_LOCK};
use crate::error::Error;

/// Most entries of one turn.
const TURN: i64 = 5_000;
/// Entries that a node left behind are found at the latest after this time.
const SWEEP: Duration = Duration::from_secs(5);

/// Sequences whenever entries wait, until the store is closed. `pause` lets several share one turn.
pub(super) async fn keep(inner: Arc<Inner>, pause: Duration) {
    loop {
        let rung = tokio::time::timeout(SWEEP, inner.waiting.notified()).await;
        if rung.is_ok() {
            tokio::time::sleep(pause).await;
        }
        loop {
            match inner.sequence_once().await {
                Ok(count) if count >= TURN.unsigned_abs() => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "entries wait for their place in the log");
                    inner.waiting.notify_one();
                    tokio::time::sleep(Duration::from_millis(500)).await;
                    break;
                }
            }
        }
    }
}

fn refused(error: tokio_postgres::Error) -> Error {
    failed(&error).into_error()
}

fn number(row: &Row, at: usize) -> Result<i64, Error> {
    row.try_get(at).map_err(refused)
}

fn hash(row: &Row, at: usize) -> Result<Hash, Error> {
    Ok(hash_from(row.try_get::<_, &[u8]>(at).map_err(refused)?)?)
}

fn signed(number: u64) -> Result<i64, Error> {
    i64::try_from(number).map_err(|_| Error::Internal("the log is larger than it can be".to_owned()))
}

impl Inner {
    /// One turn: gives how many entries became leaves.
    pub(super) async fn sequence_once(&self) -> Result<u64, Error> {
        let mut kept = self.frontier.lock().await;
        let mut client = self.client().await?;
        let transaction = client.transaction().await.map_err(refused)?;
        let lock = transaction.query_one("SELECT pg_try_advisory_xact_lock($1)", &[&LOG_LOCK]).await;
        if !lock.and_then(|row| row.try_get::<_, bool>(0)).map_err(refused)? {
            return Ok(0);
        }
        let waiting = transaction
            .prepare_cached(
                "SELECT p.entry_id, e.leaf_hash FROM log_pending p JOIN log_entry e ON e.id = p.entry_id \
                 ORDER BY p.entry_id LIMIT $1",
            )
            .await
            .map_err(refused)?;
        let rows = transaction.query(&waiting, &[&TURN]).await.map_err(refused)?;
        if rows.is_empty() {
            return Ok(0);
        }
        let mut ids = Vec::with_capacity(rows.len());
        let mut hashes = Vec::with_capacity(rows.len());
        for row in &rows {
            ids.push(number(row, 0)?);
            hashes.push(hash(row, 1)?);
        }
        let mut frontier = frontier(&transaction, kept.take()).await?;
        append(&transaction, &mut frontier, &ids, &hashes).await?;
        transaction.commit().await.map_err(refused)?;
        *kept = Some(frontier);
        Ok(rows.len() as u64)
    }
}

/// The right edge of the stored tree: as kept when nobody else has written since, else read.
async fn frontier(transaction: &Transaction<'_>, kept: Option<Frontier>) -> Result<Frontier, Error> {
    let size = "SELECT coalesce(max(leaf_index) + 1, 0) FROM log_leaf";
    let size = number(&transaction.query_one(size, &[]).await.map_err(refused)?, 0)?;
    let size = u64::try_from(size).unwrap_or_default();
    if let Some(kept) = kept.filter(|kept| kept.size() == size) {
        return Ok(kept);
    }
    let mut nodes: HashMap<NodeId, Hash> = HashMap::new();
    for id in needed_for_root(size) {
        let index = signed(id.index)?;
        let row = if id.level == 0 {
            let sql = "SELECT e.leaf_hash FROM log_leaf l JOIN log_entry e ON e.id = l.entry_id \
                       WHERE l.leaf_index = $1";
            transaction.query_opt(sql, &[&index]).await
        } else {
            let sql = "SELECT hash FROM log_node WHERE level = $1 AND idx = $2";
            transaction.query_opt(sql, &[&i64::from(id.level), &index]).await
        };
        let row = row.map_err(refused)?.ok_or_else(|| Error::no_node(id))?;
        nodes.insert(id, hash(&row, 0)?);
    }
    Ok(Frontier::load(size, &nodes)?)
}

/// Writes leaves and nodes, empties the queue of them, and tells all nodes.
async fn append(
    transaction: &Transaction<'_>,
    frontier: &mut Frontier,
    ids: &[i64],
    hashes: &[Hash],
) -> Result<(), Error> {
    let first = frontier.size();
    let indices: Vec<i64> = (first..).take(ids.len()).map(signed).collect::<Result<_, _>>()?;
    let leaves =
        "INSERT INTO log_leaf (leaf_index, entry_id) SELECT * FROM unnest($1::bigint[], $2::bigint[])";
    transaction.execute(leaves, &[&indices, &ids]).await.map_err(refused)?;
    let (mut levels, mut places, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for (id, hash) in frontier.append_all(hashes.iter().copied())? {
        if id.level > 0 {
            levels.push(i64::from(id.level));
            places.push(signed(id.index)?);
            values.push(hash.to_vec());
        }
    }
    let nodes = "INSERT INTO log_node (level, idx, hash) \
                 SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])";
    transaction.execute(nodes, &[&levels, &places, &values]).await.map_err(refused)?;
    let done = "DELETE FROM log_pending WHERE entry_id = ANY($1)";
    transaction.execute(done, &[&ids]).await.map_err(refused)?;
    let size = frontier.size().to_string();
    transaction.execute("SELECT pg_notify('proofdesk_log', $1)", &[&size]).await.map_err(refused)?;
    Ok(())
}
