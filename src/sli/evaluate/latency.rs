//! Percentiles of the response time, from counts per latency bucket.

use std::collections::BTreeMap;

use super::tally::{Estimate, Frame, Measured, Tally};
use crate::latency_buckets::highest_of;
use crate::sli::interval::{self, number};

/// Requests per latency bucket. Windows have few buckets, so a list of those is much smaller than
/// a histogram of all.
#[derive(Debug, Default)]
struct BucketTally {
    counts: BTreeMap<i32, u64>,
}

impl Tally for BucketTally {
    fn add(&mut self, other: &Self) {
        for (bucket, count) in &other.counts {
            *self.counts.entry(*bucket).or_default() += count;
        }
    }
}

impl BucketTally {
    fn count(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The response time with each of these ranks, which ascend and count from 1; µs.
    fn at_ranks<const N: usize>(&self, ranks: [u64; N]) -> Option<[f64; N]> {
        let mut buckets = self.counts.iter();
        let (bucket, count) = buckets.next()?;
        let (mut bucket, mut seen) = (bucket, *count);
        Some(ranks.map(|rank| {
            while seen < rank
                && let Some((next, count)) = buckets.next()
            {
                bucket = next;
                seen += count;
            }
            number(highest_of(*bucket))
        }))
    }
}

/// The nearest-rank quantile of response times counted per window of the rollup and bucket, at
/// most 0.1 % above the exact one.
pub fn measured(
    buckets: BTreeMap<i64, Vec<(i32, u64)>>,
    quantile: f64,
    count_min: u64,
    frame: &Frame,
) -> Measured {
    let mut buckets = buckets
        .into_iter()
        .skip_while(|(start_us, _)| *start_us < frame.scope.range.start_us)
        .peekable();
    let tallies = (0..frame.scope.windows()).map(|index| {
        let mut tally = BucketTally::default();
        let is_here = |start_us: i64| frame.scope.index(start_us) == Some(index);
        while let Some((_, cells)) = buckets.next_if(|(start_us, _)| is_here(*start_us)) {
            for (bucket, count) in cells {
                *tally.counts.entry(bucket).or_default() += count;
            }
        }
        tally
    });
    frame.measured(tallies, |tally| estimate(tally, quantile, count_min))
}

/// The interval is that of order statistics: it needs no assumption on how response times are
/// distributed.
fn estimate(tally: &BucketTally, quantile: f64, count_min: u64) -> Estimate {
    let count = tally.count();
    let is_enough = count >= count_min.max(1);
    let value = || Some(tally.at_ranks([nearest_rank(count, quantile)])?[0]);
    let interval = || tally.at_ranks(interval::quantile_ranks(count, quantile)?);
    Estimate {
        value: is_enough.then(value).flatten(),
        interval: is_enough.then(interval).flatten(),
        good: count,
        valid: count,
        count,
    }
}

/// `ceil(q · n)`, at least 1.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts stay below 2^53, and a quantile is between 0 and 1"
)]
fn nearest_rank(count: u64, quantile: f64) -> u64 {
    // 0.07 × 100 is a little more than 7 in floating point, and must not become rank 8.
    let rank = quantile * number(count) * (1.0 - 1e-12);
    (rank.ceil() as u64).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latency_buckets::{LatencyHistogram, bucket_of};
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(1),
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn quantiles_are_those_of_the_histogram(
            latencies_us in proptest::collection::vec(0_u64..5_000_000_000, 1..400),
            permille in 1_u32..1_000,
        ) {
            let mut tally = BucketTally::default();
            let mut histogram = LatencyHistogram::new();
            for latency_us in &latencies_us {
                *tally.counts.entry(bucket_of(*latency_us)).or_default() += 1;
                histogram.record_bucket(bucket_of(*latency_us), 1);
            }
            let quantile = f64::from(permille) / 1_000.0;
            let rank = nearest_rank(tally.count(), quantile);
            let expected = histogram.quantile_us(quantile).map(number);
            prop_assert_eq!(tally.at_ranks([rank]).map(|[value]| value), expected);
        }
    }
}
