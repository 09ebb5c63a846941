//! How values are spread: mean, median, ninth decile, extremes.

use serde::{Deserialize, Serialize};

/// Microseconds of an hour.
pub(super) const HOUR: f64 = 3_600_000_000.0;

/// A spread of values, in the unit of the figure that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Spread {
    /// How many values.
    pub n: u64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Half of the values are not larger.
    pub median: f64,
    /// Nine of ten values are not larger.
    pub p90: f64,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
}

impl Spread {
    /// The spread of whole numbers of which is known how often each occurs.
    pub fn of_counts(counts: &std::collections::BTreeMap<i64, u64>) -> Option<Self> {
        let times = |n: u64| usize::try_from(n).unwrap_or_default();
        Self::of(counts.iter().flat_map(|(value, n)| std::iter::repeat_n(*value as f64, times(*n))).collect())
    }

    /// The spread of values in any order; none when there are none.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let n = values.len();
        let mean = values.iter().sum::<f64>() / count(n);
        let (median, p90) = (quantile(&values, 0.5), quantile(&values, 0.9));
        Some(Self { n: n as u64, mean, median, p90, min, max })
    }
}

/// The quantile between order statistics, linearly (type 7 of Hyndman and Fan). The values are sorted.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = share * count(last);
    let below = place.floor();
    // the product is not negative and not beyond the last place
    let index = below as usize;
    let low = sorted.get(index).copied().unwrap_or_default();
    let high = sorted.get(index + 1).copied().unwrap_or(low);
    low + (high - low) * (place - below)
}

/// A count as a number with a fraction; exact up to 2^53.
pub(super) fn count(n: usize) -> f64 {
    n as f64
}

/// A share in per cent; none of nothing.
pub(super) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * (part as f64) / (whole as f64) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{Spread, quantile};

    #[test]
    fn quantiles_lie_linearly_between_order_statistics() {
        let sorted = [1.0, 2.0, 4.0, 8.0];
        for (p, expected) in [(0.0, 1.0), (0.5, 3.0), (0.9, 6.8), (1.0, 8.0)] {
            assert!((quantile(&sorted, p) - expected).abs() < 1e-9, "{p}");
        }
        assert_eq!(quantile(&[5.0], 0.9), 5.0);
        assert!(Spread::of(Vec::new()).is_none());
        assert_eq!(Spread::of(vec![4.0, 1.0]).unwrap().mean, 2.5);
        let counted = Spread::of_counts(&[(1, 2), (7, 1)].into()).unwrap();
        assert_eq!(counted, Spread::of(vec![1.0, 7.0, 1.0]).unwrap());
    }
}
