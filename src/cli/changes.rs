//! What changed between two stretches of time, and whether noise explains it.

use std::collections::BTreeMap;

use super::range::Judged;
use crate::latency_buckets::{LatencyHistogram, highest_of};
use crate::rollup::{Rollup, Selection};
use crate::sli::difference::{
    Change, Difference, RateCounts, ShareCounts, dispersion_matched, keep_discoveries,
    percentile_border, percentile_of, percentiles, rates, share_dispersion_matched, shares,
};
use crate::sli::interval;
use crate::sli::{Measure, SliPlan, SliSeries, SliSetPlan, SliWindow, Unit};
use crate::time_window::TimeWindow;

/// Of the changes that are told, at most this share are noise (Benjamini and Hochberg).
const FALSE_SHARE: f64 = 0.1;
/// Counts that are compared pairwise for how much the traffic scatters.
const MATCHED_BINS: usize = 24;

/// What is taken to be independent of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Independent {
    /// Single requests, as between weeks: what happened in one hour of a week did happen in that week.
    Requests,
    /// Stretches of a run: in another run of the same a slow second would come elsewhere, or not at all.
    Stretches,
}

/// One side of a comparison.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The SLIs over the range.
    pub series: &'a [SliSeries],
    /// Their counts.
    pub rollup: &'a Rollup,
    /// What the SLIs were judged over.
    pub range: TimeWindow,
    /// The stretch.
    pub stretch: TimeWindow,
}

impl<'a> Side<'a> {
    /// A stretch of what was judged.
    pub fn of(judged: &'a Judged, stretch: TimeWindow) -> Self {
        Self {
            series: &judged.series,
            rollup: &judged.rollup,
            range: judged.scope.range,
            stretch,
        }
    }

    /// The windows of an SLI that lie wholly in the stretch, but for what sticks out of the range.
    fn windows(&self, index: usize) -> impl Iterator<Item = &'a SliWindow> {
        let (range, stretch) = (self.range, self.stretch);
        let series = &self.series[index];
        let window_us = series.window_us;
        series.windows.iter().filter(move |window| {
            let from_us = window.start_us.max(range.start_us);
            let to_us = (window.start_us + window_us).min(range.end_us);
            stretch.start_us <= from_us && to_us <= stretch.end_us && !window.is_excluded()
        })
    }
}

/// An SLI on both sides.
#[derive(Debug, Clone)]
pub struct SliChange {
    /// Place of the SLI in its set.
    pub index: usize,
    /// In the business's words.
    pub title: String,
    /// Unit of both values.
    pub unit: Unit,
    /// Before; `None` where there is no data.
    pub before: Option<f64>,
    /// After.
    pub after: Option<f64>,
    /// Whether they differ.
    pub difference: Difference,
}

impl SliChange {
    /// Whether the change is more than noise; `None` where that cannot be told.
    pub fn is_outside_noise(&self) -> Option<bool> {
        match self.difference.change {
            Change::Up | Change::Down => Some(true),
            Change::Noise => Some(false),
            Change::NotEnoughData => None,
        }
    }
}

/// Every SLI of the set that can be compared, in the order of the set; of the changes that are told
/// few are false, however many SLIs there are.
pub fn changes(
    set: &SliSetPlan,
    before: Side<'_>,
    after: Side<'_>,
    independent: Independent,
) -> Vec<SliChange> {
    let compared = set.slis.iter().enumerate().filter_map(|(index, sli)| {
        let found = compared(sli, index, (before, after), independent)?;
        Some(SliChange {
            index,
            title: sli.title.clone(),
            unit: sli.unit(),
            before: found.0,
            after: found.1,
            difference: found.2,
        })
    });
    let mut compared: Vec<SliChange> = compared.collect();
    let mut differences: Vec<Difference> =
        compared.iter().map(|change| change.difference).collect();
    keep_discoveries(&mut differences, FALSE_SHARE);
    for (change, difference) in compared.iter_mut().zip(differences) {
        change.difference = difference;
    }
    compared
}

type Compared = (Option<f64>, Option<f64>, Difference);

fn compared(
    sli: &SliPlan,
    index: usize,
    (before, after): (Side<'_>, Side<'_>),
    independent: Independent,
) -> Option<Compared> {
    match &sli.measure {
        Measure::Ratio { .. } | Measure::LatencyCut { .. } => {
            let stretches = [before, after].map(|side| share_bins(index, side));
            let sums = stretches.each_ref().map(|bins| sum_of(bins));
            let dispersion = match independent {
                Independent::Requests => None,
                Independent::Stretches => share_dispersion_matched(&stretches[0], &stretches[1]),
            };
            let value = |sum: ShareCounts| {
                (sum.valid > 0).then(|| interval::number(sum.good) / interval::number(sum.valid))
            };
            let difference = shares(sums[0], sums[1], dispersion.unwrap_or(1.0));
            Some((value(sums[0]), value(sums[1]), difference))
        }
        Measure::Rate { per_us } => Some(rate(*per_us, index, before, after)),
        Measure::Latency { quantile } => {
            let stretches = [before, after].map(|side| {
                let wanted = side.rollup.select(|series| sli.event.covers(series));
                let starts: Vec<i64> = side.windows(index).map(|window| window.start_us).collect();
                let window_us = side.series[index].window_us;
                latency_bins(&wanted, side.stretch, |start_us| {
                    side.range.contains(start_us) && is_within(&starts, window_us, start_us)
                })
            });
            let cells = stretches.each_ref().map(|bins| cells(bins));
            let value =
                |cells: &[(u64, u64)]| percentile_of(cells, *quantile).map(interval::number);
            let difference = match independent {
                Independent::Requests => percentiles(&cells[0], &cells[1], *quantile, 1.0),
                Independent::Stretches => run_percentiles(&stretches[0], &stretches[1], *quantile),
            };
            Some((value(&cells[0]), value(&cells[1]), difference))
        }
        Measure::WindowsGood { .. }
        | Measure::Apdex { .. }
        | Measure::UserUptime { .. }
        | Measure::Funnel { .. }
        | Measure::Composite { .. } => None,
    }
}

fn rate(per_us: i64, index: usize, before: Side<'_>, after: Side<'_>) -> Compared {
    let counts = [before, after].map(|side| {
        let judged = side.windows(index).filter(|window| window.value.is_some());
        judged.map(|window| window.count).collect::<Vec<u64>>()
    });
    let sums = [(&counts[0], before), (&counts[1], after)].map(|(counts, side)| RateCounts {
        count: counts.iter().sum(),
        exposure_us: i64::try_from(counts.len()).unwrap_or(i64::MAX) * side.series[index].window_us,
    });
    let bins = counts.each_ref().map(|counts| bins(counts));
    let dispersion = dispersion_matched(&bins[0], &bins[1]).unwrap_or(1.0);
    let value = |sum: RateCounts| {
        let exposure = interval::number(sum.exposure_us.unsigned_abs());
        (exposure > 0.0).then(|| {
            interval::number(sum.count) * interval::number(per_us.unsigned_abs()) / exposure
        })
    };
    (
        value(sums[0]),
        value(sums[1]),
        rates(sums[0], sums[1], dispersion),
    )
}

/// The counts in a few equal bins.
fn bins(counts: &[u64]) -> Vec<u64> {
    let size = counts.len().div_ceil(MATCHED_BINS).max(1);
    counts.chunks(size).map(|bin| bin.iter().sum()).collect()
}

/// Good and valid ones in a few equal bins.
fn share_bins(index: usize, side: Side<'_>) -> Vec<ShareCounts> {
    let windows: Vec<ShareCounts> = side
        .windows(index)
        .map(|window| ShareCounts {
            good: window.good,
            valid: window.valid,
        })
        .collect();
    let size = windows.len().div_ceil(MATCHED_BINS).max(1);
    windows.chunks(size).map(sum_of).collect()
}

fn sum_of(counts: &[ShareCounts]) -> ShareCounts {
    ShareCounts {
        good: counts.iter().map(|counts| counts.good).sum(),
        valid: counts.iter().map(|counts| counts.valid).sum(),
    }
}

/// Whether a moment is in one of the windows that begin at `starts`.
fn is_within(starts: &[i64], window_us: i64, at_us: i64) -> bool {
    let next = starts.partition_point(|from_us| *from_us <= at_us);
    let last = next.checked_sub(1).and_then(|last| starts.get(last));
    last.is_some_and(|from_us| at_us < from_us + window_us)
}

/// Latencies of those windows that begin in `stretch` and count, in a few equal bins of it.
pub fn latency_bins(
    wanted: &Selection<'_>,
    stretch: TimeWindow,
    counts: impl Fn(i64) -> bool + Sync,
) -> Vec<LatencyHistogram> {
    let length_us = (stretch.end_us - stretch.start_us).max(1);
    let bins = i64::try_from(MATCHED_BINS).unwrap_or(1);
    let inside = |start_us: i64| {
        let is_counted = stretch.contains(start_us) && counts(start_us);
        let at_us = is_counted.then_some(start_us - stretch.start_us)?;
        usize::try_from(at_us * bins / length_us).ok()
    };
    let of_cores = wanted.fold_windows(
        inside,
        |sums: &mut BTreeMap<usize, LatencyHistogram>, bin, own| {
            sums.entry(bin).or_default().add(own);
        },
    );
    let mut all = vec![LatencyHistogram::new(); MATCHED_BINS];
    for (bin, own) in of_cores.into_iter().flatten() {
        all[bin].add(&own);
    }
    all
}

/// Latencies and how often they occur, ascending.
fn cells(bins: &[LatencyHistogram]) -> Vec<(u64, u64)> {
    let mut sum = LatencyHistogram::new();
    bins.iter().for_each(|bin| sum.add(bin));
    sum.buckets()
        .map(|(bucket, count)| (highest_of(bucket), count))
        .collect()
}

/// A percentile of two runs, each in stretches that belong to each other.
pub fn run_percentiles(
    before: &[LatencyHistogram],
    after: &[LatencyHistogram],
    quantile: f64,
) -> Difference {
    let (one, two) = (cells(before), cells(after));
    let border = percentile_border(&one, &two, quantile).unwrap_or(0);
    let below = |bin: &LatencyHistogram| ShareCounts {
        good: bin
            .buckets()
            .filter(|(bucket, _)| highest_of(*bucket) < border)
            .map(|(_, count)| count)
            .sum(),
        valid: bin.count(),
    };
    let shares = [before, after].map(|bins| bins.iter().map(below).collect::<Vec<_>>());
    let dispersion = share_dispersion_matched(&shares[0], &shares[1]);
    percentiles(&one, &two, quantile, dispersion.unwrap_or(1.0))
}
