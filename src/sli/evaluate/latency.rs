//! Percentiles of the response time, from counts per latency bucket.

use super::tally::{Estimate, Frame, Measured};
use crate::latency_buckets::LatencyHistogram;
use crate::rollup::Selection;
use crate::sli::interval::{self, number};

/// What some windows in a row tell.
#[derive(Default)]
struct Windows {
    /// Number and estimate of each that has a latency.
    estimates: Vec<(usize, Estimate)>,
    kept: LatencyHistogram,
    dropped: LatencyHistogram,
}

/// The nearest-rank quantile of the response times of `valid`, at most 0.1 % above the exact one.
pub fn measured(valid: &Selection, quantile: f64, count_min: u64, frame: &Frame) -> Measured {
    let estimate = |latencies: &LatencyHistogram| estimate(latencies, quantile, count_min);
    let found = valid.fold_windows(
        |start_us| {
            frame
                .scope
                .index(start_us)
                .filter(|_| frame.scope.range.contains(start_us))
        },
        |windows: &mut Windows, index, latencies| {
            windows.estimates.push((index, estimate(latencies)));
            match frame.is_excluded[index] {
                true => windows.dropped.add(latencies),
                false => windows.kept.add(latencies),
            }
        },
    );
    let mut estimates = vec![Estimate::default(); frame.scope.windows()];
    let (mut kept, mut dropped) = (LatencyHistogram::new(), LatencyHistogram::new());
    for windows in found {
        for (index, estimate) in windows.estimates {
            estimates[index] = estimate;
        }
        kept.add(&windows.kept);
        dropped.add(&windows.dropped);
    }
    let total = estimate(&kept);
    dropped.add(&kept);
    frame.put_together(estimates, total, || estimate(&dropped))
}

/// The interval is that of order statistics: it needs no assumption on how response times are
/// distributed.
fn estimate(latencies: &LatencyHistogram, quantile: f64, count_min: u64) -> Estimate {
    let count = latencies.count();
    let is_enough = count >= count_min.max(1);
    let at_rank = |rank| latencies.at_rank_us(rank).map(number);
    let interval = || {
        let [low, high] = interval::quantile_ranks(count, quantile)?;
        Some([at_rank(low)?, at_rank(high)?])
    };
    Estimate {
        value: is_enough
            .then(|| latencies.quantile_us(quantile).map(number))
            .flatten(),
        interval: is_enough.then(interval).flatten(),
        good: count,
        valid: count,
        count,
    }
}
