//! How many different values there are, in bounded memory.
//!
//! Kept are hashes of the values, and of more than [`MOST`] different ones only those that end in a zero bit, of twice as
//! many only those that end in two, and so on: what is kept stands then for 2, 4, 8 ... times as many (M. Wegman's adaptive
//! sampling). Up to [`MOST`] values the count is exact; two of a hundred thousand values have the same hash once in four
//! billion runs.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher as _};

/// Different values of which each is kept.
pub(super) const MOST: usize = 100_000;

/// Different values, so far.
#[derive(Debug, Default)]
pub(super) struct Distinct {
    kept: HashSet<u64>,
    /// Zero bits at the end of every hash that is kept.
    zeros: u32,
}

impl Distinct {
    /// Takes a value.
    pub fn insert(&mut self, value: impl Hash) {
        let mut hash = DefaultHasher::new();
        value.hash(&mut hash);
        let hash = hash.finish();
        if hash.trailing_zeros() < self.zeros {
            return;
        }
        self.kept.insert(hash);
        while self.kept.len() > MOST {
            self.zeros += 1;
            let zeros = self.zeros;
            self.kept.retain(|hash| hash.trailing_zeros() >= zeros);
        }
    }

    /// How many.
    pub fn count(&self) -> u64 {
        (self.kept.len() as u64) << self.zeros
    }

    /// Whether that is an estimate.
    pub fn is_estimated(&self) -> bool {
        self.zeros > 0
    }
}

#[cfg(test)]
mod tests {
    use super::{Distinct, MOST};

    fn of(count: usize) -> Distinct {
        let mut distinct = Distinct::default();
        (0..count).chain(0..count / 2).for_each(|n| distinct.insert(format!("value {n}")));
        distinct
    }

    #[test]
    fn up_to_a_limit_the_count_is_exact() {
        for count in [0, 1, 5_000, MOST] {
            let distinct = of(count);
            assert_eq!((distinct.count(), distinct.is_estimated()), (count as u64, false));
        }
    }

    #[test]
    fn beyond_it_the_count_is_near_and_says_so() {
        let distinct = of(900_000);
        assert!(distinct.is_estimated());
        assert!(distinct.kept.len() <= MOST);
        assert!((882_000..=918_000).contains(&distinct.count()), "{}", distinct.count());
    }
}
