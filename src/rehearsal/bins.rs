//! Bins of time with what was offered, what was answered, and how long it took.
//!
//! In: counts per bin. Out: rates over a few bins, and which bins were under strain. It names no
//! behaviour.

use crate::sli::interval::{self, number};

/// The fewest bins and requests from which anything is told.
const BINS_MIN: usize = 6;
const REQUESTS_MIN: u64 = 60;
/// Bins of a run at most, so that each has enough requests.
const BINS_WISH: u64 = 60;
const REQUESTS_PER_BIN: u64 = 10;
/// Share of bad answers above which a bin is under strain, if the lower end of its interval is above
/// `BIN_BAD_LOW`.
const BIN_BAD_SHARE: f64 = 0.05;
const BIN_BAD_LOW: f64 = 0.01;
/// Times the median at little load, and µs above it, from which on a bin is slow.
const SLOW_TIMES: u64 = 3;
const SLOW_US_MIN: u64 = 100_000;
/// Bins before the strain, at most, in which a queue may have been growing already; and the share of all
/// bins that they may be.
const ONSET_BINS: usize = 5;
const ONSET_SHARE: usize = 10;

/// Counts of one stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bin {
    /// Requests that were due in it.
    pub offered: u64,
    /// Those of them that are no retry and no reload: what a target that fails makes of its load is not what
    /// it was asked for.
    pub wanted: u64,
    /// Good answers that came in it.
    pub good: u64,
    /// Requests due in it that were refused: 429 or 503.
    pub refused: u64,
    /// Requests due in it that failed otherwise, or got no answer.
    pub failed: u64,
    /// Median response time of the requests due in it, µs; `None` where there are too few.
    pub median_us: Option<u64>,
}

/// Length of a bin, seconds, so that a run of this length with so many requests has enough in each.
#[must_use]
pub fn bin_s(length_s: f64, requests: u64) -> u32 {
    const LENGTHS_S: [u32; 12] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600];
    let bins = number((requests / REQUESTS_PER_BIN).clamp(BINS_MIN as u64, BINS_WISH));
    let wish_s = length_s / bins;
    let mut lengths = LENGTHS_S.into_iter();
    lengths
        .find(|length_s| f64::from(*length_s) >= wish_s)
        .unwrap_or(3_600)
}

/// Whether so many of so many are at least this share, beyond chance.
pub(super) fn share_at_least(part: u64, whole: u64, share: f64) -> bool {
    part >= 2 && interval::share(part, whole).is_some_and(|[low, _]| low > share)
}

/// Equal bins, oldest first.
pub(super) struct Bins<'a> {
    bins: &'a [Bin],
    bin_s: f64,
}

/// Sums over some bins.
pub(super) struct Sums {
    pub offered: u64,
    pub refused: u64,
    pub failed: u64,
}

/// A low rate of good answers, and its upper bound.
pub(super) struct LowestGood {
    pub per_s: f64,
    high_per_s: f64,
}

impl LowestGood {
    /// Whether it is below a rate beyond chance.
    pub fn is_below(&self, rate_per_s: f64) -> bool {
        self.high_per_s < rate_per_s
    }
}

impl<'a> Bins<'a> {
    pub fn new(bins: &'a [Bin], bin_s: f64) -> Self {
        Self { bins, bin_s }
    }

    pub fn count(&self) -> usize {
        self.bins.len()
    }

    pub fn seconds(&self, bins: usize) -> f64 {
        number(bins as u64) * self.bin_s
    }

    pub fn are_enough(&self) -> bool {
        let offered: u64 = self.bins.iter().map(|bin| bin.offered).sum();
        self.count() >= BINS_MIN && offered >= REQUESTS_MIN && self.bin_s > 0.0
    }

    /// The offered rate around a bin: the mean of it and its neighbours, per second.
    pub fn offered_per_s(&self, bin: usize) -> f64 {
        self.mean_per_s(bin, 1, |bin| bin.offered)
    }

    /// The highest offered rate.
    pub fn peak_per_s(&self) -> f64 {
        let rates = (0..self.count()).map(|bin| self.offered_per_s(bin));
        rates.fold(0.0, f64::max)
    }

    /// The highest rate of what was wanted, without retries, around any of the bins that are chosen.
    pub fn wanted_peak_per_s(&self, is_chosen: impl Fn(usize) -> bool) -> f64 {
        let chosen = (0..self.count()).filter(|bin| is_chosen(*bin));
        chosen
            .map(|bin| self.mean_per_s(bin, 1, |bin| bin.wanted))
            .fold(0.0, f64::max)
    }

    fn mean_per_s(&self, bin: usize, reach: usize, count: impl Fn(&Bin) -> u64) -> f64 {
        let from = bin.saturating_sub(reach);
        let around = &self.bins[from..(bin + reach + 1).min(self.count())];
        let sum: u64 = around.iter().map(count).sum();
        number(sum) / self.seconds(around.len())
    }

    /// How many bins on either side make a rate of good answers.
    fn good_reach(&self) -> usize {
        if self.count() >= 20 { 2 } else { 1 }
    }

    /// The bin around which most good answers came, and their rate per second.
    pub fn best_good(&self) -> (usize, f64) {
        let reach = self.good_reach();
        let rates = (0..self.count()).map(|bin| (bin, self.mean_per_s(bin, reach, |bin| bin.good)));
        rates.fold(
            (0, 0.0),
            |best, rate| if rate.1 > best.1 { rate } else { best },
        )
    }

    /// The lowest rate of good answers over a few bins in a row in all of which at least this much was
    /// offered; the first ones are left out, because answers come later than requests.
    pub fn lowest_good(&self, offered_per_s: f64) -> Option<LowestGood> {
        let width = self.good_reach() * 2 + 1;
        let is_high = |bin: usize| self.offered_per_s(bin) >= offered_per_s * 0.95;
        let begins = width..=self.count().checked_sub(width)?;
        let stretches = begins.filter(|begin| (begin - width..begin + width).all(is_high));
        let sums = stretches.map(|begin| {
            let bins = &self.bins[begin..begin + width];
            bins.iter().map(|bin| bin.good).sum::<u64>()
        });
        let lowest = sums.min()?;
        let stretch_s = self.seconds(width);
        Some(LowestGood {
            per_s: number(lowest) / stretch_s,
            high_per_s: interval::poisson(lowest)[1] / stretch_s,
        })
    }

    pub fn sums(&self, is_wanted: impl Fn(usize) -> bool) -> Sums {
        let wanted = self.bins.iter().enumerate();
        let wanted = wanted.filter(|(bin, _)| is_wanted(*bin));
        let none = Sums {
            offered: 0,
            refused: 0,
            failed: 0,
        };
        wanted.fold(none, |sums, (_, bin)| Sums {
            offered: sums.offered + bin.offered,
            refused: sums.refused + bin.refused,
            failed: sums.failed + bin.failed,
        })
    }

    /// The lower quartile of all medians: at least a quarter of the time it was as fast.
    pub fn calm_median_us(&self) -> Option<u64> {
        let mut medians: Vec<u64> = self.bins.iter().filter_map(|bin| bin.median_us).collect();
        medians.sort_unstable();
        medians.get(medians.len() / 4).copied()
    }

    pub fn worst_median_us(&self) -> Option<u64> {
        self.bins.iter().filter_map(|bin| bin.median_us).max()
    }

    /// Which bins were under strain; one alone is an accident.
    pub fn strain(&self) -> Strain {
        let slow_from_us = self.calm_median_us().map_or(u64::MAX, |calm_us| {
            (calm_us * SLOW_TIMES).max(calm_us + SLOW_US_MIN)
        });
        let alone: Vec<Option<bool>> = self
            .bins
            .iter()
            .map(|bin| (bin.offered > 0).then(|| is_bad(bin) || is_slow(bin, slow_from_us)))
            .collect();
        let is_near = |bin: usize| {
            let near = bin.saturating_sub(2)..(bin + 3).min(alone.len());
            near.filter(|other| *other != bin)
                .any(|other| alone[other] == Some(true))
        };
        let bins = alone.iter().enumerate();
        let bins: Vec<Option<bool>> = bins
            .map(|(bin, found)| found.map(|is_strained| is_strained && is_near(bin)))
            .collect();
        let slow = self.bins.iter().zip(&bins);
        let slow = slow.filter(|(bin, found)| **found == Some(true) && is_slow(bin, slow_from_us));
        Strain {
            slow_bins: slow.count(),
            bins,
        }
    }
}

fn is_bad(bin: &Bin) -> bool {
    let bad = bin.refused + bin.failed;
    share_at_least(bad, bin.offered, BIN_BAD_LOW)
        && number(bad) > number(bin.offered) * BIN_BAD_SHARE
}

fn is_slow(bin: &Bin, from_us: u64) -> bool {
    bin.median_us.is_some_and(|median_us| median_us >= from_us)
}

/// Which bins were under strain; `None` where nothing was offered.
pub(super) struct Strain {
    bins: Vec<Option<bool>>,
    slow_bins: usize,
}

impl Strain {
    pub fn is(&self, bin: usize) -> bool {
        self.bins[bin] == Some(true)
    }

    pub fn first(&self) -> Option<usize> {
        self.bins.iter().position(|bin| *bin == Some(true))
    }

    pub fn last(&self) -> Option<usize> {
        self.bins.iter().rposition(|bin| *bin == Some(true))
    }

    /// Whether several bins were slow.
    pub fn is_slow(&self) -> bool {
        self.slow_bins >= 2
    }

    /// Whether the load of this bin was carried: no strain then, nor soon after, when a queue that was
    /// growing already would show.
    pub fn is_carried(&self, bin: usize) -> bool {
        let onset = ONSET_BINS.min((self.bins.len() / ONSET_SHARE).max(2));
        let soon = bin..(bin + onset + 1).min(self.bins.len());
        self.bins[bin] == Some(false) && soon.into_iter().all(|bin| !self.is(bin))
    }

    pub fn calm_bins_after(&self, bin: usize) -> usize {
        let after = self.bins[bin + 1..].iter();
        after.filter(|bin| **bin == Some(false)).count()
    }

    pub fn count_s(&self, bins: &Bins<'_>) -> f64 {
        bins.seconds(self.bins.iter().filter(|bin| **bin == Some(true)).count())
    }
}
