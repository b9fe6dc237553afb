//! Sums over some series of a rollup, per window and over all.

use std::collections::BTreeMap;

use super::cells::{Chunk, Rollup};
use super::packed::unpack;
use crate::latency_buckets::LatencyHistogram;

/// The count of one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowCount {
    /// Start of the window, UTC µs since 1970.
    pub start_us: i64,
    /// Requests in it.
    pub count: u64,
}

/// The cells of some series.
#[derive(Debug, Clone)]
pub struct Selection<'a> {
    rollup: &'a Rollup,
    /// By number of the series.
    is_wanted: Vec<bool>,
}

impl<'a> Selection<'a> {
    pub(super) fn new(rollup: &'a Rollup, is_wanted: Vec<bool>) -> Self {
        Self { rollup, is_wanted }
    }

    /// All requests.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts().iter().map(|window| window.count).sum()
    }

    /// Requests per window, oldest first, windows without any left out.
    #[must_use]
    pub fn counts(&self) -> Vec<WindowCount> {
        self.per_window(|chunk, cell| chunk.counts[cell])
    }

    /// Requests per window whose latency is at most `cut_us`, which must be a cut of the plan;
    /// those without latency are not counted. Oldest first, windows without any left out.
    ///
    /// # Panics
    /// When `cut_us` is no cut of the plan: it could not be counted exactly.
    #[must_use]
    pub fn counts_within(&self, cut_us: u64) -> Vec<WindowCount> {
        let plan = self.rollup.plan();
        let cut = plan.cuts_us.binary_search(&cut_us);
        let cut = cut.unwrap_or_else(|_| panic!("{cut_us} µs is no cut of {plan:?}"));
        self.per_window(|chunk, cell| chunk.count_within(cell, cut, cut_us))
    }

    /// Requests per window that have a latency. Oldest first, windows without any left out.
    #[must_use]
    pub fn counts_with_latency(&self) -> Vec<WindowCount> {
        self.per_window(|chunk, cell| chunk.counts_with_latency[cell])
    }

    /// Latency buckets with their counts per window, oldest first; a bucket may occur several
    /// times in a window.
    #[must_use]
    pub fn buckets(&self) -> BTreeMap<i64, Vec<(i32, u64)>> {
        let mut found: BTreeMap<i64, Vec<(i32, u64)>> = BTreeMap::new();
        self.for_each_cell(|window, chunk, cell| {
            if chunk.counts_with_latency[cell] > 0 {
                let start_us = window * self.rollup.plan().window_us;
                let buckets = found.entry(start_us).or_default();
                buckets.extend(unpack(chunk.histogram(cell)));
            }
        });
        found
    }

    /// All latencies.
    #[must_use]
    pub fn latencies(&self) -> LatencyHistogram {
        let mut histogram = LatencyHistogram::new();
        self.for_each_cell(|_, chunk, cell| {
            for (bucket, count) in unpack(chunk.histogram(cell)) {
                histogram.record_bucket(bucket, count);
            }
        });
        histogram
    }

    pub(super) fn for_each_cell(&self, mut each: impl FnMut(i64, &Chunk, usize)) {
        for chunk in self.rollup.chunks() {
            for (window, cells) in chunk.ranges() {
                for cell in cells {
                    if self.is_wanted[chunk.series[cell] as usize] {
                        each(window, chunk, cell);
                    }
                }
            }
        }
    }

    fn per_window(&self, count: impl Fn(&Chunk, usize) -> u64) -> Vec<WindowCount> {
        let mut sums = Vec::new();
        for chunk in self.rollup.chunks() {
            for (window, cells) in chunk.ranges() {
                let wanted = cells.filter(|cell| self.is_wanted[chunk.series[*cell] as usize]);
                let sum: u64 = wanted.map(|cell| count(chunk, cell)).sum();
                if sum > 0 {
                    sums.push((window, sum));
                }
            }
        }
        // Chunks usually follow each other in time, which makes this cheap.
        sums.sort_by_key(|(window, _)| *window);
        let mut windows: Vec<WindowCount> = Vec::with_capacity(sums.len());
        for (window, count) in sums {
            let start_us = window * self.rollup.plan().window_us;
            match windows.last_mut() {
                Some(last) if last.start_us == start_us => last.count += count,
                Some(_) | None => windows.push(WindowCount { start_us, count }),
            }
        }
        windows
    }
}
