//! Latency buckets: `HdrHistogram`'s layout at three significant digits, as plain integers.
//!
//! In: latencies in µs. Out: a bucket number that is written beside each row, so that any SQL
//! engine can count per bucket with no function at all, and percentiles from such counts.
//! Percentiles are nearest-rank and at most 1/1024 (0.098 %) above the exact value.

use hdrhistogram::Histogram;

/// Largest latency told apart, µs (one hour); anything longer counts as this long.
pub const LATENCY_US_MAX: u64 = 3_600_000_000;

/// Values below this have a bucket of their own: 2¹¹, what three significant digits need.
const SUB_BUCKETS: u64 = 2_048;
const SUB_BUCKET_BITS: u32 = 11;

/// The bucket of a latency: `v` itself below 2,048 µs, above it 1,024 buckets per power of two.
///
/// Formula of `HdrHistogram`'s counts index, <https://hdrhistogram.org>, with a lowest discernible
/// value of 1 and 2¹¹ sub-buckets. Latencies above [`LATENCY_US_MAX`] fall in its bucket.
///
/// ```
/// use firedrill::latency_buckets::bucket_of;
/// assert_eq!(bucket_of(2_047), 2_047);
/// assert_eq!(bucket_of(2_048), bucket_of(2_049));
/// ```
#[must_use]
pub fn bucket_of(latency_us: u64) -> i32 {
    let value = latency_us.min(LATENCY_US_MAX);
    if value < SUB_BUCKETS {
        return i32::try_from(value).unwrap_or(i32::MAX);
    }
    let exponent = value.ilog2() + 1 - SUB_BUCKET_BITS;
    let index = (u64::from(exponent) << (SUB_BUCKET_BITS - 1)) + (value >> exponent);
    i32::try_from(index).unwrap_or(i32::MAX)
}

/// The largest latency in µs that falls in `bucket`: the value a percentile reports.
///
/// Negative numbers are no buckets; they report 0.
#[must_use]
pub fn highest_of(bucket: i32) -> u64 {
    let index = u64::try_from(bucket).unwrap_or(0);
    if index < SUB_BUCKETS {
        return index;
    }
    let exponent = (index >> (SUB_BUCKET_BITS - 1)) - 1;
    let sub_bucket = index - (exponent << (SUB_BUCKET_BITS - 1));
    ((sub_bucket + 1) << exponent) - 1
}

/// Counts per latency bucket; adding two is exact and order-free.
#[derive(Debug, Clone)]
pub struct LatencyHistogram {
    counts: Histogram<u64>,
}

impl Default for LatencyHistogram {
    fn default() -> Self {
        Self::new()
    }
}

impl LatencyHistogram {
    /// An empty histogram from 1 µs to [`LATENCY_US_MAX`].
    #[must_use]
    pub fn new() -> Self {
        let counts = Histogram::new_with_bounds(1, LATENCY_US_MAX, 3)
            .expect("1 µs to 1 h at three digits are valid bounds");
        Self { counts }
    }

    /// Counts one latency in µs.
    pub fn record(&mut self, latency_us: u64) {
        self.counts.saturating_record(latency_us);
    }

    /// Counts `count` rows of `bucket`.
    pub fn record_bucket(&mut self, bucket: i32, count: u64) {
        self.counts.saturating_record_n(highest_of(bucket), count);
    }

    /// Adds everything `other` counted.
    pub fn add(&mut self, other: &Self) {
        self.counts
            .add(&other.counts)
            .expect("both histograms have the same bounds");
    }

    /// Forgets everything, keeping the memory.
    pub fn clear(&mut self) {
        self.counts.reset();
    }

    /// How many latencies were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.len()
    }

    /// The nearest-rank quantile in µs (`ceil(q · n)`-th smallest), or `None` when empty.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "counts stay below 2^53, and a quantile is between 0 and 1"
    )]
    pub fn quantile_us(&self, quantile: f64) -> Option<u64> {
        if self.counts.is_empty() {
            return None;
        }
        // 0.07 × 100 is a little more than 7 in floating point, and must not become rank 8.
        let rank = quantile * self.count() as f64 * (1.0 - 1e-12);
        self.at_rank_us(rank.ceil() as u64)
    }

    /// The latency of the `rank`-th smallest, counted from 1, in µs; clamped to what is there.
    #[must_use]
    pub fn at_rank_us(&self, rank: u64) -> Option<u64> {
        let wanted = rank.clamp(1, self.count().max(1));
        let mut seen = 0;
        self.counts.iter_recorded().find_map(|step| {
            seen += step.count_at_value();
            (seen >= wanted).then(|| step.value_iterated_to())
        })
    }

    /// The largest latency counted, in µs; 0 when empty.
    #[must_use]
    pub fn max_us(&self) -> u64 {
        self.counts.max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn small_latencies_have_a_bucket_of_their_own() {
        assert_eq!(bucket_of(0), 0);
        assert_eq!(bucket_of(1), 1);
        assert_eq!(bucket_of(2_047), 2_047);
        assert_eq!(highest_of(2_047), 2_047);
    }

    #[test]
    fn an_hour_is_the_longest_latency_told_apart() {
        assert_eq!(bucket_of(LATENCY_US_MAX), bucket_of(u64::MAX));
    }

    #[test]
    fn a_negative_bucket_is_zero() {
        assert_eq!(highest_of(-1), 0);
    }

    #[test]
    fn the_rank_of_a_quantile_is_not_pushed_up_by_floating_point() {
        let mut histogram = LatencyHistogram::new();
        for latency_us in 1..=100 {
            histogram.record(latency_us);
        }
        for percent in 1..=100 {
            let quantile = f64::from(percent) / 100.0;
            assert_eq!(histogram.quantile_us(quantile), u64::try_from(percent).ok());
        }
    }

    #[test]
    fn quantiles_of_an_empty_histogram_are_none() {
        assert_eq!(LatencyHistogram::new().quantile_us(0.5), None);
        assert_eq!(LatencyHistogram::new().at_rank_us(1), None);
    }

    proptest! {
        #[test]
        fn buckets_are_those_of_hdrhistogram(latency_us in 0..LATENCY_US_MAX) {
            let histogram = LatencyHistogram::new();
            prop_assert_eq!(
                highest_of(bucket_of(latency_us)),
                histogram.counts.highest_equivalent(latency_us)
            );
        }

        #[test]
        fn a_bucket_is_at_most_a_thousandth_wide(latency_us in 1..LATENCY_US_MAX) {
            let highest = highest_of(bucket_of(latency_us));
            prop_assert!(highest >= latency_us);
            prop_assert!((highest - latency_us) * 1_024 <= latency_us);
        }

        #[test]
        fn larger_latencies_never_fall_in_smaller_buckets(a in 0..LATENCY_US_MAX, b in 0..LATENCY_US_MAX) {
            prop_assert!(bucket_of(a.min(b)) <= bucket_of(a.max(b)));
        }

        #[test]
        fn quantiles_are_nearest_rank_within_a_thousandth(
            mut latencies in prop::collection::vec(1..10_000_000_u64, 1..300),
            percent in 1..=100_u32,
        ) {
            let quantile = f64::from(percent) / 100.0;
            let mut histogram = LatencyHistogram::new();
            for latency_us in &latencies {
                histogram.record_bucket(bucket_of(*latency_us), 1);
            }
            latencies.sort_unstable();
            let rank = (latencies.len() * percent as usize).div_ceil(100);
            let exact = latencies[rank - 1];
            let found = histogram.quantile_us(quantile).unwrap();
            prop_assert_eq!(found, highest_of(bucket_of(exact)));
            prop_assert_eq!(histogram.at_rank_us(rank as u64), Some(found));
        }
    }
}
