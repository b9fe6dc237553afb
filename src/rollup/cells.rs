//! The cells of a rollup: per window and series a count and a latency histogram.

use std::sync::OnceLock;

use super::packed::{pack, unpack};
use super::plan::RollupPlan;
use super::selection::Selection;
use super::series::SeriesKey;
use crate::latency_buckets::{bucket_of, highest_of};

/// Counts of requests, additive.
#[derive(Debug, Clone)]
pub struct Rollup {
    plan: RollupPlan,
    series: Vec<SeriesKey>,
    chunks: Vec<Chunk>,
    totals: OnceLock<Totals>,
}

impl Rollup {
    pub(super) fn new(plan: RollupPlan, series: Vec<SeriesKey>, chunks: Vec<Chunk>) -> Self {
        Self {
            plan,
            series,
            chunks,
            totals: OnceLock::new(),
        }
    }

    /// How it was counted.
    #[must_use]
    pub fn plan(&self) -> &RollupPlan {
        &self.plan
    }

    /// Every series that occurs, in the order in which it was first seen.
    #[must_use]
    pub fn series(&self) -> &[SeriesKey] {
        &self.series
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chunks.iter().all(|chunk| chunk.counts.is_empty())
    }

    /// The cells of the series that `is_wanted` picks.
    #[must_use]
    pub fn select(&self, is_wanted: impl Fn(&SeriesKey) -> bool) -> Selection<'_> {
        Selection::new(self, self.series.iter().map(is_wanted).collect())
    }

    /// The same without the series that `is_wanted` refuses.
    #[must_use]
    pub fn only(&self, is_wanted: impl Fn(&SeriesKey) -> bool) -> Self {
        let is_wanted: Vec<bool> = self.series.iter().map(is_wanted).collect();
        let chunks = self.chunks.iter().cloned();
        Self {
            plan: self.plan.clone(),
            series: self.series.clone(),
            chunks: chunks
                .map(|chunk| chunk.retain(|_, series| is_wanted[series as usize]))
                .collect(),
            totals: OnceLock::new(),
        }
    }

    /// Every series over all windows; added up once, however often it is asked for.
    #[must_use]
    pub fn totals(&self) -> &Totals {
        self.totals.get_or_init(|| self.add_up())
    }

    fn add_up(&self) -> Totals {
        let mut counts = vec![0; self.series.len()];
        let mut latencies: Vec<LatencySum> = vec![LatencySum::default(); self.series.len()];
        self.select(|_| true).for_each_cell(|_, chunk, cell| {
            let series = chunk.series[cell] as usize;
            counts[series] += chunk.counts[cell];
            latencies[series].add(chunk.histogram(cell));
        });
        let latencies = latencies.into_iter().map(LatencySum::finish);
        Totals {
            counts,
            latencies: latencies.collect(),
        }
    }

    pub(super) fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    pub(super) fn into_chunks(self) -> Vec<Chunk> {
        self.chunks
    }
}

/// Sums over all windows, by number of the series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    /// Requests.
    pub counts: Vec<u64>,
    /// Latency buckets and how many latencies are in each, ascending.
    pub latencies: Vec<Vec<(i32, u64)>>,
}

/// Buckets with their counts as they came that are kept before a series gets a counter per bucket: most
/// series of a shop are rare, and a counter per bucket takes up to 190 kB.
const LOOSE_MAX: usize = 4_096;

/// The latencies of one series, while they are added up.
#[derive(Debug, Clone, Default)]
struct LatencySum {
    loose: Vec<(i32, u64)>,
    by_bucket: Vec<u64>,
}

impl LatencySum {
    fn add(&mut self, histogram: &[u8]) {
        if self.by_bucket.is_empty() {
            self.loose.extend(unpack(histogram));
            if self.loose.len() > LOOSE_MAX {
                let loose = std::mem::take(&mut self.loose);
                loose.into_iter().for_each(|pair| self.count(pair));
            }
            return;
        }
        unpack(histogram).for_each(|pair| self.count(pair));
    }

    fn count(&mut self, (bucket, count): (i32, u64)) {
        let bucket = usize::try_from(bucket).unwrap_or(0);
        if bucket >= self.by_bucket.len() {
            self.by_bucket.resize(bucket + 1, 0);
        }
        self.by_bucket[bucket] += count;
    }

    /// Ascending by bucket.
    fn finish(mut self) -> Vec<(i32, u64)> {
        self.loose.sort_unstable();
        let loose = self.loose.chunk_by(|a, b| a.0 == b.0);
        let loose = loose.map(|run| (run[0].0, run.iter().map(|(_, count)| count).sum()));
        let counted = (0..).zip(&self.by_bucket).filter(|(_, count)| **count > 0);
        // One of both is empty.
        loose
            .chain(counted.map(|(bucket, count)| (bucket, *count)))
            .collect()
    }
}

/// Cells side by side, ordered by window; the same window and series may occur in another chunk,
/// and their counts add up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Each window that occurs, ascending: its number, `floor(ts / window)`, and where its cells
    /// end.
    pub windows: Vec<(i64, usize)>,
    /// Per cell: the number of its series.
    pub series: Vec<u32>,
    /// Per cell: requests.
    pub counts: Vec<u64>,
    /// Per cell: requests that have a latency.
    pub counts_with_latency: Vec<u64>,
    /// Per cell: where its histogram ends in `histograms`.
    pub histogram_ends: Vec<usize>,
    /// Packed histograms, one after the other.
    pub histograms: Vec<u8>,
    /// Per cut of the plan: cells, ascending, and how many latencies of the cut's own bucket are
    /// within the cut.
    pub partial: Vec<Vec<(usize, u64)>>,
}

impl Chunk {
    /// Adds a cell at the end; its window must not be before the last one.
    pub fn push(
        &mut self,
        window: i64,
        series: u32,
        count: u64,
        latencies: impl IntoIterator<Item = (i32, u64)>,
    ) {
        let mut with_latency = 0;
        let latencies = latencies.into_iter();
        let counted = latencies.inspect(|(_, count)| with_latency += count);
        pack(counted, &mut self.histograms);
        self.series.push(series);
        self.counts.push(count);
        self.counts_with_latency.push(with_latency);
        self.histogram_ends.push(self.histograms.len());
        let end = self.series.len();
        match self.windows.last_mut() {
            Some((last, last_end)) if *last == window => *last_end = end,
            Some(_) | None => self.windows.push((window, end)),
        }
    }

    /// The packed histogram of a cell.
    pub fn histogram(&self, cell: usize) -> &[u8] {
        let from = match cell {
            0 => 0,
            cell => self.histogram_ends[cell - 1],
        };
        &self.histograms[from..self.histogram_ends[cell]]
    }

    /// How many latencies of a cell are at most `cut_us`, which is the `cut`-th of the plan.
    pub fn count_within(&self, cell: usize, cut: usize, cut_us: u64) -> u64 {
        let partial = &self.partial[cut];
        let partial = partial
            .binary_search_by_key(&cell, |(cell, _)| *cell)
            .map_or(0, |at| partial[at].1);
        let own = bucket_of(cut_us);
        let below = unpack(self.histogram(cell))
            .take_while(|(bucket, _)| *bucket < own || highest_of(*bucket) == cut_us)
            .map(|(_, count)| count)
            .sum::<u64>();
        below + partial
    }

    /// Each window with the range of its cells, ascending.
    pub fn ranges(&self) -> impl Iterator<Item = (i64, std::ops::Range<usize>)> + '_ {
        let starts = std::iter::once(0).chain(self.windows.iter().map(|(_, end)| *end));
        let ends = self.windows.iter();
        starts
            .zip(ends)
            .map(|(start, (window, end))| (*window, start..*end))
    }

    /// The cells of the windows and series that `is_wanted` accepts.
    pub fn retain(self, is_wanted: impl Fn(i64, u32) -> bool) -> Self {
        let is_kept: Vec<bool> = self
            .ranges()
            .flat_map(|(window, cells)| cells.map(move |cell| (window, cell)))
            .map(|(window, cell)| is_wanted(window, self.series[cell]))
            .collect();
        if is_kept.iter().all(|is_kept| *is_kept) {
            return self;
        }
        let mut kept = Self::default();
        let mut new_cell = vec![usize::MAX; is_kept.len()];
        for (window, cells) in self.ranges() {
            for cell in cells.filter(|cell| is_kept[*cell]) {
                new_cell[cell] = kept.series.len();
                kept.copy(&self, window, cell);
            }
        }
        kept.partial = self
            .partial
            .iter()
            .map(|partial| {
                let partial = partial.iter().filter(|(cell, _)| is_kept[*cell]);
                partial
                    .map(|(cell, count)| (new_cell[*cell], *count))
                    .collect()
            })
            .collect();
        kept
    }

    /// Replaces every series number by what `numbers` has in its place.
    pub fn renumber(&mut self, numbers: &[u32]) {
        for series in &mut self.series {
            *series = numbers[*series as usize];
        }
    }

    /// Joins so many windows into one.
    pub fn coarsen(&mut self, windows: i64) {
        for (window, _) in &mut self.windows {
            *window = window.div_euclid(windows);
        }
        // Of equal neighbours the last one knows where the cells end.
        self.windows.reverse();
        self.windows.dedup_by_key(|(window, _)| *window);
        self.windows.reverse();
    }

    /// The cells of minutes by day, ascending: days since 1970.
    pub fn days(&self) -> Vec<(i64, Self)> {
        let mut days: Vec<(i64, Self)> = Vec::new();
        for (minute, cells) in self.ranges() {
            let day = minute.div_euclid(1_440);
            if days.last().is_none_or(|(last, _)| *last != day) {
                days.push((day, Self::default()));
            }
            if let Some((_, chunk)) = days.last_mut() {
                for cell in cells {
                    chunk.copy(self, minute, cell);
                }
            }
        }
        days
    }

    /// Adds a cell of another chunk at the end, but for its part of cuts.
    fn copy(&mut self, from: &Self, window: i64, cell: usize) {
        self.histograms.extend_from_slice(from.histogram(cell));
        self.series.push(from.series[cell]);
        self.counts.push(from.counts[cell]);
        self.counts_with_latency
            .push(from.counts_with_latency[cell]);
        self.histogram_ends.push(self.histograms.len());
        let end = self.series.len();
        match self.windows.last_mut() {
            Some((last, last_end)) if *last == window => *last_end = end,
            Some(_) | None => self.windows.push((window, end)),
        }
    }
}
