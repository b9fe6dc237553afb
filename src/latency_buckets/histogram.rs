//! Counts per latency bucket, and the percentiles they tell.
//!
//! A report adds up some ten thousand windows with thousands of buckets each, and asks each for
//! several percentiles. So buckets stand side by side in blocks whose sums are kept: a rank is found
//! by going over the blocks, then over one block's buckets, and blocks without a latency are skipped
//! when counts are added or forgotten.

use super::{LATENCY_US_MAX, bucket_of, highest_of, nearest_rank};

/// Buckets of a block: with about as many blocks as buckets per block a rank is found in the fewest
/// steps.
const BLOCK: usize = 128;

/// Counts per latency bucket; adding two is exact and order-free.
#[derive(Debug, Clone, Default)]
pub struct LatencyHistogram {
    /// Latencies per bucket, whole blocks of them, as far as the largest one that occurred.
    counts: Vec<u64>,
    /// Latencies per block.
    blocks: Vec<u64>,
}

impl LatencyHistogram {
    /// An empty histogram up to [`LATENCY_US_MAX`]; longer latencies count as this long.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one latency in µs.
    pub fn record(&mut self, latency_us: u64) {
        self.record_bucket(bucket_of(latency_us), 1);
    }

    /// Counts `count` rows of `bucket`.
    #[inline]
    pub fn record_bucket(&mut self, bucket: i32, count: u64) {
        let mut bucket = usize::try_from(bucket).unwrap_or(0);
        if bucket >= self.counts.len() {
            bucket = bucket.min(last_bucket());
            self.grow(bucket / BLOCK + 1);
        }
        self.counts[bucket] += count;
        self.blocks[bucket / BLOCK] += count;
    }

    #[cold]
    fn grow(&mut self, blocks: usize) {
        let blocks = blocks.max(self.blocks.len());
        self.counts.resize(blocks * BLOCK, 0);
        self.blocks.resize(blocks, 0);
    }

    /// Adds everything `other` counted.
    pub fn add(&mut self, other: &Self) {
        self.grow(other.blocks.len());
        let blocks = self.counts.chunks_exact_mut(BLOCK).zip(&mut self.blocks);
        let others = other.counts.chunks_exact(BLOCK).zip(&other.blocks);
        for ((counts, sum), (other_counts, other_sum)) in blocks.zip(others) {
            if *other_sum > 0 {
                *sum += other_sum;
                for (count, other) in counts.iter_mut().zip(other_counts) {
                    *count += other;
                }
            }
        }
    }

    /// Forgets everything, keeping the memory.
    pub fn clear(&mut self) {
        let blocks = self.counts.chunks_exact_mut(BLOCK).zip(&mut self.blocks);
        for (counts, sum) in blocks.filter(|(_, sum)| **sum > 0) {
            counts.fill(0);
            *sum = 0;
        }
    }

    /// How many latencies were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.blocks.iter().sum()
    }

    /// Every bucket that has a latency, ascending, with how many it has.
    pub fn buckets(&self) -> impl Iterator<Item = (i32, u64)> + '_ {
        let blocks = (0_i32..)
            .step_by(BLOCK)
            .zip(self.counts.chunks_exact(BLOCK).zip(&self.blocks));
        blocks
            .filter(|(_, (_, sum))| **sum > 0)
            .flat_map(|(first, (counts, _))| (first..).zip(counts.iter().copied()))
            .filter(|(_, count)| *count > 0)
    }

    /// The quantile in µs, by [`nearest_rank`], or `None` when empty.
    #[must_use]
    pub fn quantile_us(&self, quantile: f64) -> Option<u64> {
        self.at_rank_us(nearest_rank(self.count(), quantile))
    }

    /// The latency of the `rank`-th smallest, counted from 1, in µs; clamped to what is there, and
    /// `None` when empty.
    #[must_use]
    pub fn at_rank_us(&self, rank: u64) -> Option<u64> {
        let mut left = rank.clamp(1, self.count().max(1));
        let is_before = |left: &mut u64, count: u64| {
            let is_before = *left > count;
            if is_before {
                *left -= count;
            }
            is_before
        };
        let mut blocks = self.blocks.iter();
        let block = blocks.position(|count| !is_before(&mut left, *count))?;
        let mut counts = self.counts[block * BLOCK..].iter();
        let bucket = counts.position(|count| !is_before(&mut left, *count))?;
        i32::try_from(block * BLOCK + bucket).ok().map(highest_of)
    }

    /// The largest latency counted, in µs; 0 when empty.
    #[must_use]
    pub fn max_us(&self) -> u64 {
        self.at_rank_us(u64::MAX).unwrap_or(0)
    }
}

fn last_bucket() -> usize {
    usize::try_from(bucket_of(LATENCY_US_MAX)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hdrhistogram::Histogram;
    use proptest::prelude::*;

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
        let mut histogram = LatencyHistogram::new();
        for _ in 0..2 {
            assert_eq!(histogram.quantile_us(0.5), None);
            assert_eq!(histogram.at_rank_us(1), None);
            assert_eq!((histogram.max_us(), histogram.count()), (0, 0));
            histogram.record(9_999);
            histogram.clear();
        }
    }

    #[test]
    fn what_is_no_bucket_counts_as_the_nearest_one() {
        let mut histogram = LatencyHistogram::new();
        histogram.record_bucket(-7, 1);
        histogram.record_bucket(i32::MAX, 2);
        histogram.record(u64::MAX);
        let last = bucket_of(LATENCY_US_MAX);
        assert_eq!(histogram.buckets().collect::<Vec<_>>(), [(0, 1), (last, 3)]);
    }

    fn latency_us() -> impl Strategy<Value = u64> {
        prop_oneof![0..3_000_u64, 1..10_000_000_u64, 0..2 * LATENCY_US_MAX]
    }

    proptest! {
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

        #[test]
        fn two_halves_added_say_what_hdrhistogram_says_of_all(
            one in prop::collection::vec(latency_us(), 0..60),
            other in prop::collection::vec(latency_us(), 1..60),
            forgotten in prop::collection::vec(latency_us(), 0..20),
        ) {
            let mut oracle = Histogram::<u64>::new_with_bounds(1, LATENCY_US_MAX, 3).unwrap();
            let of = |latencies: &[u64]| {
                let mut histogram = LatencyHistogram::new();
                forgotten.iter().for_each(|us| histogram.record(*us));
                histogram.clear();
                latencies.iter().for_each(|us| histogram.record(*us));
                histogram
            };
            let mut all = of(&one);
            all.add(&of(&other));
            let hour_at_most = |us: &u64| (*us).min(LATENCY_US_MAX);
            let both = one.iter().chain(&other).map(hour_at_most);
            both.for_each(|us| oracle.saturating_record(us));
            prop_assert_eq!((all.count(), all.max_us()), (oracle.len(), oracle.max()));
            let recorded = oracle.iter_recorded();
            let recorded = recorded.map(|step| (step.value_iterated_to(), step.count_at_value()));
            let buckets = all.buckets().map(|(bucket, count)| (highest_of(bucket), count));
            prop_assert_eq!(buckets.collect::<Vec<_>>(), recorded.collect::<Vec<_>>());
            for rank in 0..=all.count() + 1 {
                let mut seen = 0;
                let wanted = rank.clamp(1, all.count());
                let oracle = oracle.iter_recorded().find_map(|step| {
                    seen += step.count_at_value();
                    (seen >= wanted).then(|| step.value_iterated_to())
                });
                prop_assert_eq!(all.at_rank_us(rank), oracle);
            }
        }
    }
}
