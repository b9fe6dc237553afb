//! Reads the kept query parameters of customers' requests beside their other columns.

use std::collections::HashMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int32Type;

use crate::cli::customers::{is_failure, is_person};
use crate::lake::column;
use crate::latency_buckets::bucket_of;
use crate::rollup::{SeriesKey, SeriesRow};
use crate::time_window::TimeWindow;
use crate::visits::{ParameterCounter, ParameterRow, Parameters};

/// Counts the requests of a range by query parameter.
#[derive(Debug)]
pub struct QueryReader {
    range: TimeWindow,
    counter: ParameterCounter,
}

impl QueryReader {
    /// Nothing yet.
    pub fn new(range: TimeWindow) -> Self {
        Self {
            range,
            counter: ParameterCounter::default(),
        }
    }

    /// The columns that it needs beside those of the rows.
    pub fn columns() -> [&'static str; 1] {
        [column::QUERY]
    }

    /// Counts the rows of a batch, which were read from it. A batch without any query costs nothing.
    pub fn read(&mut self, batch: &RecordBatch, series: &[SeriesKey], rows: &[SeriesRow]) {
        let queries = batch
            .column_by_name(column::QUERY)
            .and_then(|column| column.as_dictionary_opt::<Int32Type>());
        let Some(queries) = queries.filter(|queries| queries.null_count() < queries.len()) else {
            return;
        };
        let Some(texts) = queries.values().as_string_opt::<i32>() else {
            return;
        };
        let mut known: HashMap<(u32, usize), Vec<Option<usize>>, foldhash::fast::FixedState> =
            HashMap::default();
        for row in rows.iter().filter(|row| self.range.contains(row.ts_us)) {
            let key = &series[row.series as usize];
            let Some(query) = queries.key(row.row).filter(|_| is_person(key)) else {
                continue;
            };
            let counter = &mut self.counter;
            let places = known
                .entry((row.series, query))
                .or_insert_with(|| counter.places(key, texts.value(query)));
            let counted = ParameterRow {
                weight: u64::from(row.weight),
                is_failure: is_failure(key),
                bucket: row.latency_us.map(bucket_of),
            };
            counter.count(places, counted);
        }
    }

    /// What came out.
    pub fn finish(self) -> Parameters {
        self.counter.finish()
    }
}
