//! Sums over some series of a rollup, per window and over all.

use std::ops::Range;

use rayon::prelude::*;

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

/// Fewer windows are not worth a core of their own.
const WINDOWS_PER_CORE_MIN: usize = 256;

/// Some cells of a window.
struct Place<'a> {
    number: usize,
    chunk: &'a Chunk,
    cells: Range<usize>,
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

    /// Hands the latencies of each window, oldest first, to `each`, with the number that `number` gives
    /// the window's start (UTC µs) and with what the windows before left behind. Windows of the same
    /// number are one; those without a number or without a latency are left out. Numbers ascend with
    /// time.
    ///
    /// Long stretches are gone over on several cores: what each left behind comes back oldest first,
    /// and how many there are says nothing.
    pub fn fold_windows<A: Default + Send>(
        &self,
        number: impl Fn(i64) -> Option<usize> + Sync,
        each: impl Fn(&mut A, usize, &LatencyHistogram) + Sync,
    ) -> Vec<A> {
        let window_us = self.rollup.plan().window_us;
        let mut places: Vec<Place<'_>> = Vec::new();
        for chunk in self.rollup.chunks() {
            places.extend(chunk.ranges().filter_map(|(window, cells)| {
                let number = number(window * window_us)?;
                Some(Place {
                    number,
                    chunk,
                    cells,
                })
            }));
        }
        places.sort_by_key(|place| place.number);
        let windows: Vec<&[Place<'_>]> = places
            .chunk_by(|one, other| one.number == other.number)
            .collect();
        let share = windows.len().div_ceil(rayon::current_num_threads());
        let stretches = windows.par_chunks(share.max(WINDOWS_PER_CORE_MIN));
        let folded = stretches.map(|windows| {
            let mut left = A::default();
            let mut histogram = LatencyHistogram::new();
            for places in windows {
                histogram.clear();
                let cells = places
                    .iter()
                    .flat_map(|place| place.cells.clone().map(|cell| (place.chunk, cell)));
                for (chunk, cell) in cells {
                    self.add_cell(chunk, cell, &mut histogram);
                }
                if histogram.count() > 0 {
                    each(&mut left, places[0].number, &histogram);
                }
            }
            left
        });
        folded.collect()
    }

    fn add_cell(&self, chunk: &Chunk, cell: usize, histogram: &mut LatencyHistogram) {
        if self.is_wanted[chunk.series[cell] as usize] {
            for (bucket, count) in unpack(chunk.histogram(cell)) {
                histogram.record_bucket(bucket, count);
            }
        }
    }

    /// All latencies.
    #[must_use]
    pub fn latencies(&self) -> LatencyHistogram {
        let mut histogram = LatencyHistogram::new();
        self.for_each_cell(|_, chunk, cell| self.add_cell(chunk, cell, &mut histogram));
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
