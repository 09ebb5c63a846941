//! Seeded chance: the same incident is the same in every run and on both databases.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// A source of chance.
pub struct Chance(StdRng);

impl Chance {
    /// Begins with a seed.
    pub fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// Whether something of this share happens.
    pub fn is(&mut self, share: f64) -> bool {
        self.0.random::<f64>() < share
    }

    /// A whole number from `low` up to, not including, `high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        if high <= low { low } else { self.0.random_range(low..high) }
    }

    /// One of a list.
    pub fn one<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.0.random_range(0..list.len())]
    }

    /// One of a list by how often each was counted.
    pub fn counted<T: Copy>(&mut self, list: &[(T, u32)]) -> T {
        let all: u32 = list.iter().map(|(_, count)| count).sum();
        let mut left = self.0.random_range(0..all);
        for (what, count) in list {
            if left < *count {
                return *what;
            }
            left -= count;
        }
        list[0].0
    }

    /// A length around `median` with a long tail: median times e to the `spread` times a roughly normal number,
    /// between a minute and sixty days, microseconds.
    pub fn length(&mut self, median: i64, spread: f64) -> i64 {
        let normal: f64 = (0..12).map(|_| self.0.random::<f64>()).sum::<f64>() - 6.0;
        let scaled = median as f64 * (spread * normal).exp();
        scaled.clamp(60_000_000.0, 5_184_000_000_000.0) as i64
    }
}
