//! The time, given to the engine: the machine's in the binary, a fixed one in tests and in the demo.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

/// Where the present instant comes from.
pub trait Time: Send + Sync {
    /// Microseconds UTC.
    fn now(&self) -> i64;
}

/// Waits, or ends early when `stop` turns true. Returns whether to stop.
pub async fn pause(time: Duration, stop: &mut watch::Receiver<bool>) -> bool {
    if *stop.borrow() {
        return true;
    }
    tokio::select! {
        () = tokio::time::sleep(time) => false,
        changed = stop.changed() => changed.is_err() || *stop.borrow(),
    }
}

/// A time that stands still until it is set: tests and the example company.
#[derive(Debug, Default)]
pub struct FixedTime(AtomicI64);

impl FixedTime {
    /// Starts at an instant, microseconds UTC.
    pub fn at(instant: i64) -> Self {
        Self(AtomicI64::new(instant))
    }

    /// Moves to an instant.
    pub fn set(&self, instant: i64) {
        self.0.store(instant, Ordering::SeqCst);
    }

    /// Moves forward by microseconds.
    pub fn advance(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Time for FixedTime {
    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}
