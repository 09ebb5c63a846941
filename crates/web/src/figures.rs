//! Figures beside requests: a page shows the newest that were computed and says how old they are; newer ones are
//! computed meanwhile. They are kept in the database, so that the first page after a start has them, too.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use proofdesk_engine::Engine;
use proofdesk_report::{Scope, Snapshot};
use tokio::sync::watch;

use crate::error::WebError;

/// Figures are computed again when they are older than this and the log has grown, microseconds.
const STALE: i64 = 60_000_000;
/// Figures that took long are computed again only after this many times as long.
const REST: i64 = 10;

/// Computed figures, or why there are none.
pub type Computed = Result<Arc<Snapshot>, String>;

/// The figures of each type that was asked for.
#[derive(Clone, Default)]
pub struct FigureCache {
    kept: Arc<Mutex<HashMap<String, Slot>>>,
}

#[derive(Clone)]
struct Slot {
    newest: watch::Receiver<Option<Computed>>,
    running: Arc<AtomicBool>,
    sender: Arc<watch::Sender<Option<Computed>>>,
}

impl FigureCache {
    /// The newest figures of a type; none when there were none and none are ready after `patience`.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn of(
        &self,
        engine: &Engine,
        scope: Scope,
        patience: Duration,
    ) -> Result<Option<Computed>, WebError> {
        let mut slot = self.slot(&scope.of);
        let fault = |e: proofdesk_report::Error| WebError::Fault(e.to_string());
        let held = slot.newest.borrow().clone();
        let mut present = held.clone();
        let log_size = engine.store().log_size().await.map_err(|e| fault(e.into()))?;
        if !present.as_ref().is_some_and(|p| is_fresh(p, log_size, engine.now())) {
            // a background job, or another node, may have computed newer ones
            let kept = Snapshot::load(engine, &scope).await.map_err(fault)?;
            let newer = kept.filter(|k| !matches!(&held, Some(Ok(h)) if h.log_size >= k.log_size));
            if let Some(newer) = newer {
                present = Some(Ok(Arc::new(newer)));
                slot.sender.send_replace(present.clone());
            }
        }
        if !present.as_ref().is_some_and(|p| is_fresh(p, log_size, engine.now())) {
            slot.compute(engine, scope);
        }
        if present.is_some() {
            return Ok(present);
        }
        let ready = tokio::time::timeout(patience, slot.newest.wait_for(Option::is_some)).await;
        Ok(ready.ok().and_then(Result::ok).and_then(|found| found.clone()))
    }

    fn slot(&self, of: &str) -> Slot {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = kept.entry(of.to_owned()).or_insert_with(|| {
            let (sender, newest) = watch::channel(None);
            Slot { newest, running: Arc::default(), sender: Arc::new(sender) }
        });
        slot.clone()
    }
}

/// Whether figures saw the whole log, or are young enough.
fn is_fresh(computed: &Computed, log_size: u64, now: i64) -> bool {
    match computed {
        Ok(s) => s.log_size == log_size || s.at + STALE.max(s.took.saturating_mul(REST)) > now,
        Err(_) => false,
    }
}

impl Slot {
    /// Computes newer ones beside the request, one at a time.
    fn compute(&self, engine: &Engine, scope: Scope) {
        if self.running.swap(true, Ordering::SeqCst) {
            return;
        }
        let (engine, slot) = (engine.clone(), self.clone());
        tokio::spawn(async move {
            let found = Snapshot::renew(&engine, &scope).await;
            slot.sender.send_replace(Some(found.map(Arc::new).map_err(|e| e.to_string())));
            slot.running.store(false, Ordering::SeqCst);
        });
    }
}
