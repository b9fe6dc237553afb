//! Rows of the lake, a batch at a time.

use arrow::array::{Array, AsArray, PrimitiveArray, RecordBatch};
use arrow::datatypes::{
    DataType, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType, TimestampNanosecondType,
};
use thiserror::Error;

use super::builder::{NO_LATENCY, RollupBuilder};
use super::cells::{CellSums, SeriesKey};
use crate::lake::{LakeError, column};
use crate::request_record::Origin;

/// Columns that a rollup reads, in the order in which [`RollupBuilder::add_batch`] wants them.
pub const COLUMNS: [&str; 12] = [
    column::TS,
    column::ORIGIN,
    column::RUN_ID,
    column::SERVICE,
    column::METHOD,
    column::ROUTE,
    column::STATUS,
    column::ERROR,
    column::LATENCY_US,
    column::LATENCY_BUCKET,
    column::BYTES_OUT,
    column::WEIGHT,
];

/// Why rows could not be counted.
#[derive(Debug, Error)]
pub enum RollupError {
    /// The lake could not be read.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A column has a type that no lake has.
    #[error("column `{name}` has type {found} (hint: `firedrill lake verify`)")]
    ColumnType {
        /// Its name.
        name: &'static str,
        /// Its type.
        found: String,
    },
    /// The table of cells could not be made.
    #[error("cells: {0}")]
    Cells(#[from] polars::prelude::PolarsError),
}

/// Texts of one batch that make a series, as keys into their dictionaries.
type SeriesKeys = [i32; 7];

pub fn add(
    builder: &mut RollupBuilder,
    batch: &RecordBatch,
    is_wanted_at: impl Fn(i64) -> bool,
    is_wanted: impl Fn(&SeriesKey) -> bool,
) -> Result<(), RollupError> {
    let rows = Rows::new(batch)?;
    let mut last: Option<(SeriesKeys, Option<u32>)> = None;
    let mut known = std::collections::HashMap::new();
    for row in 0..batch.num_rows() {
        let ts_us = rows.ts.value(row);
        if !is_wanted_at(ts_us) {
            continue;
        }
        let keys = rows.series_keys(row);
        let series = match last {
            Some((last_keys, series)) if last_keys == keys => series,
            _ => *known.entry(keys).or_insert_with(|| {
                Some(rows.series(row))
                    .filter(&is_wanted)
                    .map(|key| builder.series(key))
            }),
        };
        last = Some((keys, series));
        let Some(series) = series else {
            continue;
        };
        let latency_us = value(rows.latency_us, row).map(i64::unsigned_abs);
        let bucket = match latency_us {
            Some(_) => rows.latency_bucket.value(row),
            None => NO_LATENCY,
        };
        let sums = CellSums::of_row(
            rows.weight(row),
            latency_us,
            value(rows.bytes_out, row).map(i64::unsigned_abs),
        );
        builder.add_cell(ts_us, series, bucket, latency_us, sums);
    }
    Ok(())
}

/// The smallest and the largest `ts` of the rows of one origin, in a batch whose columns are `ts`
/// and `origin`; `None` when there is none.
///
/// # Errors
/// When a column has a type that no lake has.
pub fn extent_of_origin(
    batch: &RecordBatch,
    origin: Origin,
) -> Result<Option<(i64, i64)>, RollupError> {
    let ts = microseconds(batch)?;
    let origins = Texts::new(batch, 1)?;
    let mut extent: Option<(i64, i64)> = None;
    let is_wanted: Vec<bool> = origins
        .values
        .iter()
        .map(|name| name == Some(origin.as_str()))
        .collect();
    for row in 0..batch.num_rows() {
        let key = usize::try_from(origins.key(row)).unwrap_or(usize::MAX);
        if is_wanted.get(key).copied().unwrap_or(false) {
            let (low, high) = extent.unwrap_or((i64::MAX, i64::MIN));
            extent = Some((low.min(ts.value(row)), high.max(ts.value(row))));
        }
    }
    Ok(extent)
}

/// How many rows of each origin, whatever their weight, a batch has whose only column is `origin`.
///
/// # Errors
/// When the column has a type that no lake has.
pub fn count_by_origin(batch: &RecordBatch) -> Result<Vec<(Origin, u64)>, RollupError> {
    let origins = Texts::new(batch, 0)?;
    let mut counts = vec![0; origins.values.len()];
    for row in 0..batch.num_rows() {
        if let Some(count) = usize::try_from(origins.key(row))
            .ok()
            .and_then(|key| counts.get_mut(key))
        {
            *count += 1;
        }
    }
    let named = origins.values.iter().flatten().zip(counts);
    Ok(named
        .filter_map(|(name, count)| Some((Origin::from_name(name)?, count)))
        .collect())
}

fn value(column: &PrimitiveArray<Int64Type>, row: usize) -> Option<i64> {
    column.is_valid(row).then(|| column.value(row))
}

/// A text column: dictionary keys and the texts they stand for.
struct Texts<'a> {
    keys: &'a PrimitiveArray<Int32Type>,
    values: &'a arrow::array::StringArray,
}

impl<'a> Texts<'a> {
    fn new(batch: &'a RecordBatch, index: usize) -> Result<Self, RollupError> {
        let column = batch.column(index);
        let wrong = || column_type(index, column.data_type());
        let dictionary = column.as_dictionary_opt::<Int32Type>().ok_or_else(wrong)?;
        let values = dictionary.values();
        let values = values
            .as_string_opt::<i32>()
            .ok_or_else(|| column_type(index, values.data_type()))?;
        Ok(Self {
            keys: dictionary.keys(),
            values,
        })
    }

    fn key(&self, row: usize) -> i32 {
        if self.keys.is_valid(row) {
            self.keys.value(row)
        } else {
            -1
        }
    }

    fn text(&self, row: usize) -> &'a str {
        usize::try_from(self.key(row)).map_or("", |key| self.values.value(key))
    }
}

struct Rows<'a> {
    ts: PrimitiveArray<TimestampMicrosecondType>,
    texts: [Texts<'a>; 6],
    status: &'a PrimitiveArray<Int32Type>,
    latency_us: &'a PrimitiveArray<Int64Type>,
    latency_bucket: &'a PrimitiveArray<Int32Type>,
    bytes_out: &'a PrimitiveArray<Int64Type>,
    weight: &'a PrimitiveArray<Int32Type>,
}

impl<'a> Rows<'a> {
    fn new(batch: &'a RecordBatch) -> Result<Self, RollupError> {
        Ok(Self {
            ts: microseconds(batch)?,
            texts: [
                Texts::new(batch, 1)?,
                Texts::new(batch, 2)?,
                Texts::new(batch, 3)?,
                Texts::new(batch, 4)?,
                Texts::new(batch, 5)?,
                Texts::new(batch, 7)?,
            ],
            status: ints(batch, 6)?,
            latency_us: longs(batch, 8)?,
            latency_bucket: ints(batch, 9)?,
            bytes_out: longs(batch, 10)?,
            weight: ints(batch, 11)?,
        })
    }

    /// How many requests the row stands for; other engines may leave it out for 1.
    fn weight(&self, row: usize) -> u32 {
        match self.weight.is_valid(row) {
            true => u32::try_from(self.weight.value(row)).unwrap_or(1),
            false => 1,
        }
    }

    fn series_keys(&self, row: usize) -> SeriesKeys {
        let [origin, run_id, service, method, route, error] =
            self.texts.each_ref().map(|texts| texts.key(row));
        [
            origin,
            run_id,
            service,
            method,
            route,
            error,
            self.status.value(row),
        ]
    }

    fn series(&self, row: usize) -> SeriesKey {
        let [origin, run_id, service, method, route, error] =
            self.texts.each_ref().map(|texts| texts.text(row));
        SeriesKey {
            origin: Origin::from_name(origin).unwrap_or(Origin::Customer),
            run_id: run_id.to_owned(),
            service: service.to_owned(),
            method: method.to_owned(),
            route: route.to_owned(),
            status: u16::try_from(self.status.value(row)).unwrap_or(0),
            error: error.to_owned(),
        }
    }
}

/// The `ts` column in µs; some engines write nanoseconds when they rewrite a table.
fn microseconds(
    batch: &RecordBatch,
) -> Result<PrimitiveArray<TimestampMicrosecondType>, RollupError> {
    let column = batch.column(0);
    match column.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            Ok(column.as_primitive::<TimestampMicrosecondType>().clone())
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => Ok(column
            .as_primitive::<TimestampNanosecondType>()
            .unary(|ns| ns.div_euclid(1_000))),
        other => Err(column_type(0, other)),
    }
}

fn ints(batch: &RecordBatch, index: usize) -> Result<&PrimitiveArray<Int32Type>, RollupError> {
    let column = batch.column(index);
    column
        .as_primitive_opt()
        .ok_or_else(|| column_type(index, column.data_type()))
}

fn longs(batch: &RecordBatch, index: usize) -> Result<&PrimitiveArray<Int64Type>, RollupError> {
    let column = batch.column(index);
    column
        .as_primitive_opt()
        .ok_or_else(|| column_type(index, column.data_type()))
}

fn column_type(index: usize, found: &DataType) -> RollupError {
    RollupError::ColumnType {
        name: COLUMNS[index],
        found: found.to_string(),
    }
}
