//! The cells of a rollup as a plain table, which any SQL engine can compute, and the same counted here.
//!
//! In: rows of the lake. Out: a row per minute, series and latency bucket with sums. Slow and obvious on
//! purpose: what other engines say is compared with it.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::error::ArrowError;

use crate::lake::column;
use crate::rollup::batch::{self, Clock, MINUTE_US, RollupError, Rows, UNWANTED};
use crate::rollup::series::{Dimension, SeriesKey, SeriesTable};

/// What a row is about: minutes since 1970, everything that tells one series from another, the bucket.
/// Texts are empty where there is none.
pub const KEY_COLUMNS: [&str; 12] = [
    column::MINUTE,
    column::ORIGIN,
    column::RUN_ID,
    column::SERVICE,
    column::METHOD,
    column::ROUTE,
    column::STATUS,
    column::ERROR,
    column::CLIENT_CLASS,
    column::CHANNEL,
    "is_retried",
    column::LATENCY_BUCKET,
];
/// Sums over the lake's rows of a cell: how many, how many requests they stand for, and sum and maximum of
/// the latencies, µs; 0 and -1 where none has a latency.
pub const SUM_COLUMNS: [&str; 4] = ["row_count", "requests", "latency_us_sum", "latency_us_max"];
/// The column with the name of the job.
pub const JOB_COLUMN: &str = "job";
/// The bucket of requests without a latency.
pub const NO_LATENCY: i32 = -1;

/// The column with the requests whose latency is at most `cut_us`.
#[must_use]
pub fn within_column(cut_us: u64) -> String {
    format!("within_{cut_us}")
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellRow {
    /// Minutes since 1970.
    pub minute: i64,
    /// The series.
    pub key: SeriesKey,
    /// Bucket of the latency, or [`NO_LATENCY`].
    pub bucket: i32,
    /// What was counted.
    pub sums: CellSums,
}

/// What is counted in a cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CellSums {
    /// Rows of the lake.
    pub rows: u64,
    /// Requests that they stand for.
    pub requests: u64,
    /// Sum of their latencies, µs, each row once.
    pub latency_us_sum: u64,
    /// The largest latency, µs.
    pub latency_us_max: Option<u64>,
    /// Per cut, requests within it.
    pub within: Vec<u64>,
}

impl CellSums {
    /// The sums as they stand in the table, in the order of its columns.
    pub fn values(&self) -> Vec<i64> {
        let max = self.latency_us_max.map_or(-1, long);
        let sums = [self.rows, self.requests, self.latency_us_sum].map(long);
        let within = self.within.iter().map(|count| long(*count));
        sums.into_iter().chain([max]).chain(within).collect()
    }
}

fn long(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Counts rows of the lake into cells.
#[derive(Debug)]
pub struct CellCounter {
    cuts_us: Vec<u64>,
    table: SeriesTable,
    cells: HashMap<(i64, u32, i32), CellSums, foldhash::fast::RandomState>,
}

impl CellCounter {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(cuts_us: &[u64]) -> Self {
        Self {
            cuts_us: cuts_us.to_vec(),
            table: SeriesTable::default(),
            cells: HashMap::default(),
        }
    }

    /// The columns of the lake that it reads.
    #[must_use]
    pub fn columns() -> Vec<&'static str> {
        batch::columns(&Dimension::ALL, true, Clock::Microseconds)
    }

    /// Counts the rows whose time (UTC µs) and series `is_wanted` accepts.
    ///
    /// # Errors
    /// When a column is missing or has another type.
    pub fn add(
        &mut self,
        batch: &RecordBatch,
        is_wanted_ts: impl Fn(i64) -> bool,
        is_wanted: impl Fn(&SeriesKey) -> bool,
    ) -> Result<(), RollupError> {
        let rows = Rows::new(batch)?;
        let numbers = batch::series_numbers(&mut self.table, &rows, is_wanted);
        for (row, series) in numbers.into_iter().enumerate() {
            let ts_us = rows.ts.value(row);
            if series == UNWANTED || !is_wanted_ts(ts_us) {
                continue;
            }
            let bucket = rows.bucket(row).unwrap_or(NO_LATENCY);
            let latency_us = rows.latency_us(row);
            let requests = u64::from(rows.weight(row));
            let key = (ts_us.div_euclid(MINUTE_US), series, bucket);
            let sums = self.cells.entry(key).or_default();
            sums.rows += 1;
            sums.requests += requests;
            sums.latency_us_sum += latency_us.unwrap_or(0);
            sums.latency_us_max = sums.latency_us_max.max(latency_us);
            sums.within.resize(self.cuts_us.len(), 0);
            for (within, cut_us) in sums.within.iter_mut().zip(&self.cuts_us) {
                if latency_us.is_some_and(|latency_us| latency_us <= *cut_us) {
                    *within += requests;
                }
            }
        }
        Ok(())
    }

    /// The table, by minute, series and bucket.
    #[must_use]
    pub fn finish(self) -> Vec<CellRow> {
        let series = self.table.series();
        let cells = self.cells.into_iter();
        let mut rows: Vec<CellRow> = cells
            .map(|((minute, number, bucket), sums)| CellRow {
                minute,
                key: series[number as usize].clone(),
                bucket,
                sums,
            })
            .collect();
        rows.sort_unstable_by(|a, b| {
            (a.minute, &a.key, a.bucket).cmp(&(b.minute, &b.key, b.bucket))
        });
        rows
    }
}

/// The columns of the table, in their order; the name of the job is none of a table that was counted here.
fn headings(cuts_us: &[u64]) -> Vec<String> {
    let named = KEY_COLUMNS.into_iter().chain(SUM_COLUMNS);
    let cuts = cuts_us.iter().map(|cut_us| within_column(*cut_us));
    named.map(ToOwned::to_owned).chain(cuts).collect()
}

/// The texts of a series, in the order of [`KEY_COLUMNS`].
fn texts(key: &SeriesKey) -> [(usize, &str); 8] {
    [
        (1, key.origin.as_str()),
        (2, &key.run_id),
        (3, &key.service),
        (4, &key.method),
        (5, &key.route),
        (7, &key.error),
        (8, &key.client_class),
        (9, &key.channel),
    ]
}

/// The table as CSV.
///
/// # Errors
/// Never in practice: it is written to memory.
pub fn cells_csv(rows: &[CellRow], cuts_us: &[u64]) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(headings(cuts_us))?;
    for row in rows {
        let mut fields = vec![String::new(); KEY_COLUMNS.len()];
        fields[0] = row.minute.to_string();
        for (at, text) in texts(&row.key) {
            text.clone_into(&mut fields[at]);
        }
        fields[6] = row.key.status.to_string();
        fields[10] = u8::from(row.key.is_retried).to_string();
        fields[11] = row.bucket.to_string();
        fields.extend(row.sums.values().iter().map(i64::to_string));
        writer.write_record(fields)?;
    }
    let bytes = writer.into_inner().unwrap_or_default();
    Ok(String::from_utf8(bytes).unwrap_or_default())
}

/// The table as columns.
///
/// # Errors
/// Never in practice: all columns are as long as there are rows.
pub fn cells_table(rows: &[CellRow], cuts_us: &[u64]) -> Result<RecordBatch, ArrowError> {
    let int = |pick: fn(&CellRow) -> i32| -> ArrayRef {
        Arc::new(Int32Array::from_iter_values(rows.iter().map(pick)))
    };
    let mut columns: Vec<ArrayRef> = Vec::new();
    for at in 0..KEY_COLUMNS.len() {
        columns.push(match at {
            0 => int(|row| i32::try_from(row.minute).unwrap_or(i32::MAX)),
            6 => int(|row| i32::from(row.key.status)),
            10 => int(|row| i32::from(row.key.is_retried)),
            11 => int(|row| row.bucket),
            at => Arc::new(StringArray::from_iter_values(rows.iter().map(|row| {
                let mut texts = texts(&row.key).into_iter();
                let found = texts.find(|(place, _)| *place == at);
                found.map_or("", |(_, text)| text)
            }))),
        });
    }
    let values: Vec<Vec<i64>> = rows.iter().map(|row| row.sums.values()).collect();
    for at in 0..SUM_COLUMNS.len() + cuts_us.len() {
        let values = values.iter().map(|values| values[at]);
        columns.push(Arc::new(Int64Array::from_iter_values(values)));
    }
    RecordBatch::try_from_iter(headings(cuts_us).into_iter().zip(columns))
}
