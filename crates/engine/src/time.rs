//! The time, given to the engine: the machine's in the binary, a fixed one in tests and in the demo.

use std::sync::atomic::{AtomicI64, Ordering};

/// Where the present instant comes from.
pub trait Time: Send + Sync {
    /// Microseconds UTC.
    fn now(&self) -> i64;
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
