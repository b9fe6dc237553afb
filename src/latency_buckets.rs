//! Latency buckets: `HdrHistogram`'s layout at three significant digits, as plain integers.
//!
//! In: latencies in µs. Out: a bucket number that is written beside each row, so that any SQL
//! engine can count per bucket with no function at all, and percentiles from such counts.
//! Percentiles are nearest-rank and at most 1/1024 (0.098 %) above the exact value.

mod histogram;

pub use histogram::LatencyHistogram;

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

/// The rank of a quantile, 0 to 1, among `count` values: the nearest one, counted from 1, the
/// `ceil(q · n)`-th smallest. Every percentile of latencies is the value at this rank.
///
/// ```
/// use firedrill::latency_buckets::nearest_rank;
/// assert_eq!(nearest_rank(59, 0.95), 57);
/// assert_eq!(nearest_rank(1_000, 0.999), 999);
/// ```
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counts stay below 2^53, and a quantile is between 0 and 1"
)]
pub fn nearest_rank(count: u64, quantile: f64) -> u64 {
    // 0.07 × 100 is a little more than 7 in floating point, and must not become rank 8.
    let rank = quantile * count as f64 * (1.0 - 1e-12);
    (rank.ceil() as u64).clamp(1, count.max(1))
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
    fn the_nearest_rank_is_that_of_whole_numbers() {
        // As files write percentiles: 99.9 is 999 of 1,000.
        for per_mille in 1..=1_000_u64 {
            let quantile = per_mille as f64 / 10.0 / 100.0;
            for count in (1..=2_000).chain([59_999, 60_000, 1_000_000, 123_456_789_000]) {
                let exact = (count * per_mille).div_ceil(1_000);
                assert_eq!(nearest_rank(count, quantile), exact, "{quantile} {count}");
            }
        }
        assert_eq!(nearest_rank(0, 0.5), 1);
        assert_eq!(nearest_rank(7, 0.0), 1);
    }

    proptest! {
        #[test]
        fn buckets_are_those_of_hdrhistogram(latency_us in 0..LATENCY_US_MAX) {
            let histogram = hdrhistogram::Histogram::<u64>::new_with_bounds(1, LATENCY_US_MAX, 3);
            prop_assert_eq!(
                highest_of(bucket_of(latency_us)),
                histogram.unwrap().highest_equivalent(latency_us)
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
    }
}
