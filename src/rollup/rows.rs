//! Rows of the lake one by one, each with the number of its series, for whoever must know which of
//! them were one shopper's.

use arrow::array::{Array, RecordBatch};

use super::batch::{self, Clock, RollupError, Rows, UNWANTED};
use super::series::{Dimension, SeriesKey, SeriesTable};
use crate::lake::column;

/// One row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesRow {
    /// Its place in the batch, from 0.
    pub row: usize,
    /// When the request should have begun, UTC µs.
    pub ts_us: i64,
    /// Number of its series in [`RowReader::series`].
    pub series: u32,
    /// How many requests it stands for, at least 1.
    pub weight: u32,
    /// Response time, µs.
    pub latency_us: Option<u64>,
    /// Keyed hash of the shopper.
    pub shopper: Option<i64>,
}

/// Reads batches, and remembers the series it met.
#[derive(Debug, Default)]
pub struct RowReader {
    table: SeriesTable,
}

impl RowReader {
    /// The columns that it reads.
    #[must_use]
    pub fn columns() -> Vec<&'static str> {
        let mut columns = batch::columns(&Dimension::ALL, true, Clock::Microseconds);
        columns.push(column::SHOPPER);
        columns
    }

    /// Every series so far; a number never changes.
    #[must_use]
    pub fn series(&self) -> &[SeriesKey] {
        self.table.series()
    }

    /// The rows of a batch whose series `is_wanted` accepts, in their order.
    ///
    /// # Errors
    /// When a column is missing or has another type.
    pub fn read(
        &mut self,
        batch: &RecordBatch,
        is_wanted: impl Fn(&SeriesKey) -> bool,
    ) -> Result<Vec<SeriesRow>, RollupError> {
        let rows = Rows::new(batch)?;
        let shoppers = batch::long_column(batch, column::SHOPPER)?;
        let numbers = batch::series_numbers(&mut self.table, &rows, is_wanted);
        let numbers = numbers.into_iter().enumerate();
        let wanted = numbers.filter(|(_, series)| *series != UNWANTED);
        let read = wanted.map(|(row, series)| SeriesRow {
            row,
            ts_us: rows.ts.value(row),
            series,
            weight: rows.weight(row),
            latency_us: rows.latency_us(row),
            shopper: shoppers.is_valid(row).then(|| shoppers.value(row)),
        });
        Ok(read.collect())
    }
}
