//! Counting rows into cells: each as often as its weight says.

use std::collections::{BTreeMap, HashMap};

use super::batch::{self, RollupError};
use super::cells::{CellKey, CellSums, Rollup, RollupPlan, SeriesKey, table};
use crate::latency_buckets::bucket_of;
use crate::request_record::RequestRecord;

/// Bucket number of rows that have no latency.
pub const NO_LATENCY: i32 = -1;

/// Counts rows; cheap to add to, and asked for its rollup at any time.
#[derive(Debug)]
pub struct RollupBuilder {
    plan: RollupPlan,
    series: Vec<SeriesKey>,
    series_index: HashMap<SeriesKey, u32>,
    windows: BTreeMap<i64, HashMap<CellKey, CellSums>>,
    rows: u64,
}

impl RollupBuilder {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(plan: RollupPlan) -> Self {
        Self {
            plan,
            series: Vec::new(),
            series_index: HashMap::new(),
            windows: BTreeMap::new(),
            rows: 0,
        }
    }

    /// Requests counted so far: a row of a sampled log stands for several.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Counts one record.
    pub fn add_record(&mut self, record: &RequestRecord<'_>) {
        let series = self.series(SeriesKey {
            origin: record.origin,
            run_id: record.run_id.as_deref().unwrap_or("").to_owned(),
            service: str::to_owned(&record.service),
            method: str::to_owned(&record.method),
            route: str::to_owned(&record.route),
            status: record.status,
            error: record.error.as_deref().unwrap_or("").to_owned(),
        });
        let bucket = record.latency_us.map_or(NO_LATENCY, bucket_of);
        let sums = CellSums::of_row(record.weight, record.latency_us, record.bytes_out);
        self.add_cell(record.ts_us, series, bucket, record.latency_us, sums);
    }

    /// Counts the rows of a batch with the columns [`COLUMNS`](super::COLUMNS), in that order,
    /// whose time `is_wanted_at` accepts and whose series `is_wanted` accepts.
    ///
    /// # Errors
    /// When a column is missing or has another type.
    pub fn add_batch(
        &mut self,
        rows: &arrow::array::RecordBatch,
        is_wanted_at: impl Fn(i64) -> bool,
        is_wanted: impl Fn(&SeriesKey) -> bool,
    ) -> Result<(), RollupError> {
        batch::add(self, rows, is_wanted_at, is_wanted)
    }

    pub(super) fn series(&mut self, key: SeriesKey) -> u32 {
        if let Some(index) = self.series_index.get(&key) {
            return *index;
        }
        let index = u32::try_from(self.series.len()).unwrap_or(u32::MAX);
        self.series.push(key.clone());
        self.series_index.insert(key, index);
        index
    }

    pub(super) fn add_cell(
        &mut self,
        ts_us: i64,
        series: u32,
        bucket: i32,
        latency_us: Option<u64>,
        sums: CellSums,
    ) {
        let window = ts_us.div_euclid(self.plan.window_us);
        let key = CellKey {
            series,
            bucket,
            cuts_exceeded: latency_us.map_or(0, |us| self.plan.cuts_exceeded(us)),
        };
        self.rows += sums.count;
        let cells = self.windows.entry(window).or_default();
        cells.entry(key).or_default().add(sums);
    }

    /// The rollup of everything counted so far in windows that begin at `from_us` or later.
    ///
    /// # Errors
    /// Never in practice: the columns of the cell table are distinct and equally long.
    pub fn rollup_from(&self, from_us: i64) -> Result<Rollup, RollupError> {
        let first = from_us.div_euclid(self.plan.window_us);
        let cells: Vec<_> = self
            .windows
            .range(first..)
            .flat_map(|(window, cells)| cells.iter().map(|(key, sums)| (*window, *key, *sums)))
            .collect();
        let table = table(cells.into_iter())?;
        Ok(Rollup::new(self.plan.clone(), self.series.clone(), table))
    }

    /// The rollup of everything counted.
    ///
    /// # Errors
    /// Never in practice, see [`RollupBuilder::rollup_from`].
    pub fn finish(self) -> Result<Rollup, RollupError> {
        self.rollup_from(i64::MIN)
    }
}
