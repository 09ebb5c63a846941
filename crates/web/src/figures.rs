//! Figures beside requests: reading the whole history of a type takes seconds, so a page shows the newest that were
//! computed, says how old they are, and lets newer ones be computed meanwhile.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use proofdesk_engine::Engine;
use proofdesk_report::{Figures, Scope};
use tokio::sync::watch;

/// Figures are computed again when they are older than this and the log has grown, microseconds.
const STALE: i64 = 60_000_000;
/// A first request waits this long for them.
const PATIENCE: Duration = Duration::from_secs(6);

/// Computed figures.
#[derive(Clone)]
pub struct Computed {
    /// The figures, or why there are none.
    pub figures: Result<Arc<Figures>, String>,
    /// When they were begun, microseconds UTC.
    pub at: i64,
    /// Leaves of the log at that time.
    pub log_size: u64,
}

/// The figures of each type that was asked for.
#[derive(Clone, Default)]
pub struct FigureCache {
    kept: Arc<Mutex<HashMap<String, Slot>>>,
}

struct Slot {
    newest: watch::Receiver<Option<Computed>>,
    running: Arc<std::sync::atomic::AtomicBool>,
    sender: Arc<watch::Sender<Option<Computed>>>,
}

impl FigureCache {
    /// The newest figures of a type; none when the first ones are not ready in time.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn of(
        &self,
        engine: &Engine,
        scope: Scope,
    ) -> Result<Option<Computed>, proofdesk_engine::Error> {
        let log_size = engine.log_state().await?.size;
        let now = engine.now();
        let mut newest = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            let slot = kept.entry(scope.of.clone()).or_insert_with(|| {
                let (sender, newest) = watch::channel(None);
                Slot { newest, running: Arc::default(), sender: Arc::new(sender) }
            });
            let present = slot.newest.borrow().clone();
            let wanted = present.is_none_or(|c| c.log_size != log_size && c.at + STALE < now);
            if wanted && !slot.running.swap(true, std::sync::atomic::Ordering::SeqCst) {
                let (engine, running, sender) = (engine.clone(), slot.running.clone(), slot.sender.clone());
                tokio::spawn(async move {
                    let found = proofdesk_report::figures(&engine, &scope).await;
                    let figures = found.map(Arc::new).map_err(|e| e.to_string());
                    sender.send_replace(Some(Computed { figures, at: now, log_size }));
                    running.store(false, std::sync::atomic::Ordering::SeqCst);
                });
            }
            slot.newest.clone()
        };
        let ready = tokio::time::timeout(PATIENCE, newest.wait_for(Option::is_some)).await;
        Ok(ready.ok().and_then(Result::ok).and_then(|found| found.clone()))
    }
}
