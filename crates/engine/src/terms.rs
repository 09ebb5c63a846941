//! Small types that rules ask for as a whole (agreements, targets, service hours), kept in memory, with the relations
//! that they declare (not with those that others declare towards them).
//!
//! Invariant: a copy is never older than the last write of this node to its type, nor than [`FRESH_MICROS`] where
//! another node may have written.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use proofdesk_model::{Context, Record, format};
use proofdesk_store::ListQuery;

use crate::Engine;
use crate::error::Error;

/// Longest age of a copy, microseconds: another node's change is seen after this at the latest.
const FRESH_MICROS: i64 = 2_000_000;
/// More records than this of a "small" type is a mistake of the declaration.
const MOST: usize = 20_000;

struct Copy {
    read_at: std::time::Instant,
    records: Arc<Vec<Record>>,
}

/// The copies, by type name.
#[derive(Default)]
pub(crate) struct Terms {
    copies: Mutex<HashMap<String, Copy>>,
    /// One reads, the others wait for what it found.
    reading: tokio::sync::Mutex<()>,
}

impl Terms {
    /// Every record of a type, from memory where the copy is fresh.
    pub(crate) async fn all(&self, engine: &Engine, name: &str) -> Result<Arc<Vec<Record>>, Error> {
        if let Some(records) = self.fresh(name) {
            return Ok(records);
        }
        let _turn = self.reading.lock().await;
        if let Some(records) = self.fresh(name) {
            return Ok(records);
        }
        let read_at = std::time::Instant::now();
        let records = Arc::new(read_all(engine, name).await?);
        let mut copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        copies.insert(name.to_owned(), Copy { read_at, records: records.clone() });
        Ok(records)
    }

    fn fresh(&self, name: &str) -> Option<Arc<Vec<Record>>> {
        let copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        let age = |copy: &&Copy| i64::try_from(copy.read_at.elapsed().as_micros()).unwrap_or(i64::MAX);
        copies.get(name).filter(|copy| age(copy) < FRESH_MICROS).map(|copy| copy.records.clone())
    }

    /// Drops the copy of a type after a write.
    pub(crate) fn forget(&self, name: &str) {
        self.copies.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

async fn read_all(engine: &Engine, name: &str) -> Result<Vec<Record>, Error> {
    let Some(of) = engine.registry().get(name) else { return Ok(Vec::new()) };
    let now = engine.now();
    let mut query = ListQuery {
        of: of.clone(),
        filter: None,
        context: Context { now, today: format::day_of(now), user: None },
        sort: "number".to_owned(),
        descending: false,
        after: None,
        limit: 500,
    };
    let mut found: Vec<Record> = Vec::new();
    loop {
        let page = engine.store().list(&query).await?;
        found.extend(page.records);
        match page.next {
            Some(next) if found.len() < MOST => query.after = Some(next),
            _ => break,
        }
    }
    let mut links = engine.store().declared_links(of, None).await?;
    for record in &mut found {
        record.links = links.remove(&record.number).unwrap_or_default();
    }
    Ok(found)
}
