//! The cells of a rollup and what identifies them.

use polars::prelude::{Column, DataFrame, PolarsResult};

use super::selection::Selection;
use crate::request_record::Origin;

/// Names of the columns of the cell table.
pub mod cell_column {
    /// Number of the window: `floor(ts / window)`.
    pub const WINDOW: &str = "window";
    /// Index into the series.
    pub const SERIES: &str = "series";
    /// Latency bucket, −1 where there is no latency.
    pub const BUCKET: &str = "bucket";
    /// How many of the cuts the latency exceeds.
    pub const CUTS_EXCEEDED: &str = "cuts_exceeded";
    /// Requests: rows times their weights.
    pub const COUNT: &str = "count";
    /// Sum of the latencies, µs.
    pub const LATENCY_SUM_US: &str = "latency_sum_us";
    /// Sum of the response bytes.
    pub const BYTES_OUT: &str = "bytes_out";
}

/// How rows are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollupPlan {
    /// Length of a window, µs; windows begin at whole multiples of it since 1970.
    pub window_us: i64,
    /// Latency limits that must be counted exactly, µs, ascending and distinct.
    pub cuts_us: Vec<u64>,
}

impl RollupPlan {
    /// A plan with the given window and cuts, in any order.
    ///
    /// # Panics
    /// When the window is not at least 1 µs long.
    #[must_use]
    pub fn new(window_us: i64, mut cuts_us: Vec<u64>) -> Self {
        assert!(window_us > 0, "a window is at least 1 µs long");
        cuts_us.sort_unstable();
        cuts_us.dedup();
        Self { window_us, cuts_us }
    }

    /// How many cuts a latency exceeds: 0 means that it is within all of them.
    #[must_use]
    pub fn cuts_exceeded(&self, latency_us: u64) -> u32 {
        let exceeded = self.cuts_us.partition_point(|cut| *cut < latency_us);
        u32::try_from(exceeded).unwrap_or(u32::MAX)
    }
}

/// What tells one series of requests from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesKey {
    /// Who made them.
    pub origin: Origin,
    /// The rehearsal they belong to; empty for logs.
    pub run_id: String,
    /// The service that answered.
    pub service: String,
    /// HTTP method.
    pub method: String,
    /// Path template.
    pub route: String,
    /// HTTP status, 0 for no answer.
    pub status: u16,
    /// Why there was no answer; empty otherwise.
    pub error: String,
}

/// Counts of requests, additive.
#[derive(Debug, Clone)]
pub struct Rollup {
    plan: RollupPlan,
    series: Vec<SeriesKey>,
    cells: DataFrame,
}

impl Rollup {
    pub(super) fn new(plan: RollupPlan, series: Vec<SeriesKey>, cells: DataFrame) -> Self {
        Self {
            plan,
            series,
            cells,
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

    /// The cell table: one row per window × series × bucket × cuts exceeded, in no order.
    #[must_use]
    pub fn cells(&self) -> &DataFrame {
        &self.cells
    }

    /// The cells of the series that `is_wanted` picks.
    ///
    /// # Errors
    /// Never in practice: only when the cell table lacks a column.
    pub fn select(&self, is_wanted: impl Fn(&SeriesKey) -> bool) -> PolarsResult<Selection> {
        let wanted: Vec<bool> = self.series.iter().map(is_wanted).collect();
        let series = self.cells.column(cell_column::SERIES)?.u32()?;
        let mask = series
            .iter()
            .map(|index| index.is_some_and(|index| wanted[index as usize]))
            .collect();
        Ok(Selection::new(self.plan.clone(), self.cells.filter(&mask)?))
    }
}

/// One cell's key, while counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CellKey {
    pub series: u32,
    pub bucket: i32,
    pub cuts_exceeded: u32,
}

/// One cell's sums, while counting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CellSums {
    pub count: u64,
    pub latency_sum_us: u64,
    pub bytes_out: u64,
}

impl CellSums {
    /// The sums of one row that stands for `weight` requests; a weight of 0 counts as 1.
    pub fn of_row(weight: u32, latency_us: Option<u64>, bytes_out: Option<u64>) -> Self {
        let count = u64::from(weight.max(1));
        Self {
            count,
            latency_sum_us: latency_us.unwrap_or(0).saturating_mul(count),
            bytes_out: bytes_out.unwrap_or(0).saturating_mul(count),
        }
    }

    pub fn add(&mut self, other: Self) {
        self.count += other.count;
        self.latency_sum_us = self.latency_sum_us.saturating_add(other.latency_sum_us);
        self.bytes_out = self.bytes_out.saturating_add(other.bytes_out);
    }
}

/// The cell table of `cells`.
pub fn table(
    cells: impl ExactSizeIterator<Item = (i64, CellKey, CellSums)>,
) -> PolarsResult<DataFrame> {
    let height = cells.len();
    let mut window = Vec::with_capacity(height);
    let mut series = Vec::with_capacity(height);
    let mut bucket = Vec::with_capacity(height);
    let mut cuts_exceeded = Vec::with_capacity(height);
    let mut count = Vec::with_capacity(height);
    let mut latency_sum_us = Vec::with_capacity(height);
    let mut bytes_out = Vec::with_capacity(height);
    for (cell_window, key, sums) in cells {
        window.push(cell_window);
        series.push(key.series);
        bucket.push(key.bucket);
        cuts_exceeded.push(key.cuts_exceeded);
        count.push(sums.count);
        latency_sum_us.push(sums.latency_sum_us);
        bytes_out.push(sums.bytes_out);
    }
    DataFrame::new(
        height,
        vec![
            Column::new(cell_column::WINDOW.into(), window),
            Column::new(cell_column::SERIES.into(), series),
            Column::new(cell_column::BUCKET.into(), bucket),
            Column::new(cell_column::CUTS_EXCEEDED.into(), cuts_exceeded),
            Column::new(cell_column::COUNT.into(), count),
            Column::new(cell_column::LATENCY_SUM_US.into(), latency_sum_us),
            Column::new(cell_column::BYTES_OUT.into(), bytes_out),
        ],
    )
}
