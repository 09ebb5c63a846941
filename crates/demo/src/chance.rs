//! Seeded chance with the few shapes that the company needs.

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
    pub fn one<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.0.random_range(0..list.len())]
    }

    /// One of a list by weight; the first where all weights are zero.
    pub fn weighted(&mut self, weights: &[u32]) -> usize {
        let all: u32 = weights.iter().sum();
        let mut left = self.0.random_range(0..all.max(1));
        for (i, weight) in weights.iter().enumerate() {
            if left < *weight {
                return i;
            }
            left -= weight;
        }
        0
    }

    /// A length around `median` with a long tail, as times to resolve have: median times e to the `spread` times a
    /// roughly normal number.
    pub fn length(&mut self, median: i64, spread: f64) -> i64 {
        let normal: f64 = (0..12).map(|_| self.0.random::<f64>()).sum::<f64>() - 6.0;
        let scaled = median as f64 * (spread * normal).exp();
        scaled.clamp(60_000_000.0, 5_184_000_000_000.0) as i64
    }
}
