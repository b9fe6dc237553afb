//! Sums over some series of a rollup, per window and over all.

use std::collections::BTreeMap;

use polars::prelude::{DataFrame, PolarsResult, SortMultipleOptions};

use super::cells::{RollupPlan, cell_column};
use crate::latency_buckets::LatencyHistogram;

/// The count of one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowCount {
    /// Start of the window, UTC µs since 1970.
    pub start_us: i64,
    /// Rows in it.
    pub count: u64,
}

/// The cells of some series.
#[derive(Debug, Clone)]
pub struct Selection {
    plan: RollupPlan,
    cells: DataFrame,
}

impl Selection {
    pub(super) fn new(plan: RollupPlan, cells: DataFrame) -> Self {
        Self { plan, cells }
    }

    /// All rows.
    ///
    /// # Errors
    /// Never in practice: only when the cell table lacks a column.
    pub fn count(&self) -> PolarsResult<u64> {
        let counts = self.cells.column(cell_column::COUNT)?.u64()?;
        Ok(counts.iter().flatten().sum())
    }

    /// Rows per window, oldest first, windows without rows left out.
    ///
    /// # Errors
    /// Never in practice: only when the cell table lacks a column.
    pub fn counts(&self) -> PolarsResult<Vec<WindowCount>> {
        self.sum_per_window(&self.cells, cell_column::COUNT)
    }

    /// Rows per window whose latency is at most `cut_us`, which must be a cut of the plan; rows
    /// without latency are not counted. Oldest first, windows without such rows left out.
    ///
    /// # Errors
    /// Never in practice: only when the cell table lacks a column.
    ///
    /// # Panics
    /// When `cut_us` is no cut of the plan: it could not be counted exactly.
    pub fn counts_within(&self, cut_us: u64) -> PolarsResult<Vec<WindowCount>> {
        let cut = self.plan.cuts_us.binary_search(&cut_us);
        let cut = cut.unwrap_or_else(|_| panic!("{cut_us} µs is no cut of {:?}", self.plan));
        let exceeded = self.cells.column(cell_column::CUTS_EXCEEDED)?.u32()?;
        let bucket = self.cells.column(cell_column::BUCKET)?.i32()?;
        let mask = exceeded
            .iter()
            .zip(bucket.iter())
            .map(|(exceeded, bucket)| {
                exceeded.is_some_and(|exceeded| exceeded as usize <= cut)
                    && bucket.is_some_and(|bucket| bucket >= 0)
            })
            .collect();
        self.sum_per_window(&self.cells.filter(&mask)?, cell_column::COUNT)
    }

    /// Rows per window that have a latency. Oldest first, windows without such rows left out.
    ///
    /// # Errors
    /// Never in practice: only when the cell table lacks a column.
    pub fn counts_with_latency(&self) -> PolarsResult<Vec<WindowCount>> {
        let bucket = self.cells.column(cell_column::BUCKET)?.i32()?;
        let mask = bucket
            .iter()
            .map(|bucket| bucket.is_some_and(|bucket| bucket >= 0))
            .collect();
        self.sum_per_window(&self.cells.filter(&mask)?, cell_column::COUNT)
    }

    /// Latency buckets with their counts per window, oldest first.
    ///
    /// # Errors
    /// Never in practice: only when the cell table lacks a column.
    pub fn buckets(&self) -> PolarsResult<BTreeMap<i64, Vec<(i32, u64)>>> {
        let windows = self.cells.column(cell_column::WINDOW)?.i64()?;
        let buckets = self.cells.column(cell_column::BUCKET)?.i32()?;
        let counts = self.cells.column(cell_column::COUNT)?.u64()?;
        let mut found: BTreeMap<i64, Vec<(i32, u64)>> = BTreeMap::new();
        for ((window, bucket), count) in windows.iter().zip(buckets.iter()).zip(counts.iter()) {
            if let (Some(window), Some(bucket @ 0..), Some(count)) = (window, bucket, count) {
                let start_us = window * self.plan.window_us;
                found.entry(start_us).or_default().push((bucket, count));
            }
        }
        Ok(found)
    }

    /// All latencies.
    ///
    /// # Errors
    /// Never in practice: only when the cell table lacks a column.
    pub fn latencies(&self) -> PolarsResult<LatencyHistogram> {
        let mut histogram = LatencyHistogram::new();
        for (bucket, count) in self.buckets()?.into_values().flatten() {
            histogram.record_bucket(bucket, count);
        }
        Ok(histogram)
    }

    #[expect(
        deprecated,
        reason = "Polars' lazy API would double its build time; the eager sum is the same kernel"
    )]
    fn sum_per_window(&self, cells: &DataFrame, column: &str) -> PolarsResult<Vec<WindowCount>> {
        let sums = cells
            .group_by([cell_column::WINDOW])?
            .select([column])
            .sum()?
            .sort([cell_column::WINDOW], SortMultipleOptions::default())?;
        let windows = sums.column(cell_column::WINDOW)?.i64()?;
        let counts = sums.column(&format!("{column}_sum"))?.u64()?;
        let pairs = windows.iter().zip(counts.iter());
        Ok(pairs
            .filter_map(|(window, count)| {
                Some(WindowCount {
                    start_us: window? * self.plan.window_us,
                    count: count?,
                })
            })
            .collect())
    }
}
