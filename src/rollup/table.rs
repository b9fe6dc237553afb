//! A rollup as rows: window by window, series by series, with counts and percentiles.

use std::collections::HashMap;

use rayon::prelude::*;

use super::cells::{Chunk, Rollup};
use super::packed::unpack;
use super::series::SeriesKey;
use crate::latency_buckets::{LatencyHistogram, highest_of, nearest_rank};

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollupRow<K> {
    /// Start of the window, UTC µs since 1970.
    pub start_us: i64,
    /// What the series were joined by.
    pub key: K,
    /// Requests.
    pub count: u64,
    /// Requests that have a latency.
    pub count_with_latency: u64,
    /// Nearest-rank percentiles of the latency, µs, in the order they were asked for; `None` where
    /// there is no latency. At most 1/1024 above the exact value.
    pub quantiles_us: Vec<Option<u64>>,
}

/// A cell: number of its window, rank of its key, number of its chunk, place in there.
type Place = (i64, u32, u32, u32);

/// So many buckets of several cells are added up faster in a counter per bucket than by sorting.
const DENSE_MIN: usize = 512;
/// Fewer rows are not worth a core of their own.
const ROWS_PER_CORE_MIN: usize = 256;

impl Rollup {
    /// The table with one row per window and key, by window and then by key; series of the same
    /// key are one. `quantiles` lie between 0 and 1, and ascend.
    #[must_use]
    pub fn table<K: Ord + Clone + Send + Sync>(
        &self,
        key: impl Fn(&SeriesKey) -> K,
        quantiles: &[f64],
    ) -> Vec<RollupRow<K>> {
        let keys: Vec<K> = self.series().iter().map(key).collect();
        let numbers = ranks(&keys);
        let mut places: Vec<Place> = Vec::new();
        for (at, chunk) in (0..).zip(self.chunks()) {
            for (window, cells) in chunk.ranges() {
                places.extend(cells.map(|cell| {
                    let series = chunk.series[cell] as usize;
                    (
                        window,
                        numbers[series],
                        at,
                        u32::try_from(cell).unwrap_or(u32::MAX),
                    )
                }));
            }
        }
        places.sort_unstable();
        let mut by_rank: HashMap<u32, &K> = HashMap::new();
        for (rank, key) in numbers.iter().zip(&keys) {
            by_rank.insert(*rank, key);
        }
        let rows: Vec<&[Place]> = places.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).collect();
        let rows = rows.par_iter().with_min_len(ROWS_PER_CORE_MIN);
        let rows = rows.map_init(Joined::default, |joined, places| {
            let cells = places
                .iter()
                .map(|(_, _, chunk, cell)| (&self.chunks()[*chunk as usize], *cell as usize));
            let sum = |pick: fn(&Chunk) -> &[u64]| -> u64 {
                cells.clone().map(|(chunk, cell)| pick(chunk)[cell]).sum()
            };
            let with_latency = sum(|chunk| &chunk.counts_with_latency);
            let mut histograms = cells.clone().map(|(chunk, cell)| chunk.histogram(cell));
            let quantiles_us = match (histograms.next(), histograms.len()) {
                (Some(only), 0) => at_quantiles(unpack(only), with_latency, quantiles),
                (first, _) => {
                    let latencies = joined.of(first.into_iter().chain(histograms));
                    at_quantiles(latencies.iter().copied(), with_latency, quantiles)
                }
            };
            RollupRow {
                start_us: places[0].0 * self.plan().window_us,
                key: by_rank[&places[0].1].clone(),
                count: sum(|chunk| &chunk.counts),
                count_with_latency: with_latency,
                quantiles_us,
            }
        });
        rows.collect()
    }
}

/// Packed histograms as one.
#[derive(Default)]
struct Joined {
    latencies: Vec<(i32, u64)>,
    histogram: LatencyHistogram,
}

impl Joined {
    /// Buckets with their counts, ascending.
    fn of<'a>(&mut self, histograms: impl Iterator<Item = &'a [u8]>) -> &[(i32, u64)] {
        self.latencies.clear();
        self.latencies.extend(histograms.flat_map(unpack));
        if self.latencies.len() >= DENSE_MIN {
            self.histogram.clear();
            for (bucket, count) in self.latencies.drain(..) {
                self.histogram.record_bucket(bucket, count);
            }
            self.latencies.extend(self.histogram.buckets());
        } else {
            self.latencies.sort_unstable();
        }
        &self.latencies
    }
}

/// The rank of every key among the different ones.
fn ranks<K: Ord>(keys: &[K]) -> Vec<u32> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|a, b| keys[*a].cmp(&keys[*b]));
    let mut ranks = vec![0; keys.len()];
    let mut rank = 0;
    for (at, index) in order.iter().enumerate() {
        if at > 0 && keys[*index] != keys[order[at - 1]] {
            rank += 1;
        }
        ranks[*index] = rank;
    }
    ranks
}

/// The nearest-rank quantiles of ascending pairs of bucket and count, in one pass; `quantiles` ascend.
fn at_quantiles(
    latencies: impl Iterator<Item = (i32, u64)>,
    count: u64,
    quantiles: &[f64],
) -> Vec<Option<u64>> {
    let ranks = quantiles
        .iter()
        .map(|quantile| nearest_rank(count, *quantile));
    let mut ranks = ranks.peekable();
    let mut found = Vec::with_capacity(quantiles.len());
    let mut seen = 0;
    for (bucket, count) in latencies {
        seen += count;
        while ranks.next_if(|rank| seen >= *rank).is_some() {
            found.push(Some(highest_of(bucket)));
        }
        if ranks.peek().is_none() {
            break;
        }
    }
    found.resize(quantiles.len(), None);
    found
}
