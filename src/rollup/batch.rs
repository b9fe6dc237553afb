//! Rows of the lake, a batch at a time.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray, RecordBatch};
use arrow::datatypes::{
    DataType, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType, TimestampNanosecondType,
};
use thiserror::Error;

use super::builder::RollupBuilder;
use super::groups::Groups;
use super::series::{Dimension, SeriesKey, SeriesTable, class_of};
use crate::lake::{LakeError, column};
use crate::request_record::Origin;
use crate::time_window::TimeWindow;

/// The text columns of a series, in the order of [`Rows::series`].
pub(super) const TEXTS: [(&str, Option<Dimension>); 8] = [
    (column::ORIGIN, None),
    (column::RUN_ID, Some(Dimension::Run)),
    (column::SERVICE, Some(Dimension::Service)),
    (column::METHOD, Some(Dimension::Method)),
    (column::ROUTE, Some(Dimension::Route)),
    (column::ERROR, Some(Dimension::Error)),
    (column::CLIENT_CLASS, Some(Dimension::ClientClass)),
    (column::CHANNEL, Some(Dimension::Channel)),
];

/// Combinations of a batch that are looked up in a table; more are hashed.
pub(super) const TABLE_MAX: u64 = 1 << 18;
/// Length of a minute, µs.
pub const MINUTE_US: i64 = 60_000_000;
/// A series that nobody wants, and one that was not looked at yet.
pub(super) const UNWANTED: u32 = u32::MAX;
pub(super) const UNSEEN: u32 = u32::MAX - 1;

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
    /// What was kept of some rows has not their series.
    #[error(
        "what was kept of this lake's counts is not of its rows; it was removed (hint: run it again, and the rows are counted anew)"
    )]
    KeptSeries,
}

/// How the time of a row is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// To the microsecond.
    Microseconds,
    /// To the minute that it lies in, which takes next to no space in a file of a log.
    Minutes,
}

/// The columns that [`add`] reads; any order of them will do. Latencies are needed where a cut lies
/// inside of a bucket.
pub fn columns(dimensions: &[Dimension], with_latencies: bool, clock: Clock) -> Vec<&'static str> {
    let is_wanted = |dimension: &Dimension| dimensions.contains(dimension);
    let texts = TEXTS
        .iter()
        .filter(|(_, of)| of.as_ref().is_none_or(is_wanted));
    let mut columns: Vec<&str> = texts.map(|(name, _)| *name).collect();
    columns.push(match clock {
        Clock::Microseconds => column::TS,
        Clock::Minutes => column::MINUTE,
    });
    columns.extend([column::WEIGHT, column::LATENCY_BUCKET]);
    let others = [
        (
            column::STATUS,
            is_wanted(&Dimension::Status) || is_wanted(&Dimension::StatusClass),
        ),
        (column::UPSTREAM_TRIES, is_wanted(&Dimension::Retried)),
        (column::LATENCY_US, with_latencies),
    ];
    columns.extend(
        others
            .iter()
            .filter(|(_, is_wanted)| *is_wanted)
            .map(|(name, _)| *name),
    );
    columns
}

pub fn add(
    builder: &mut RollupBuilder,
    batch: &RecordBatch,
    range: Option<TimeWindow>,
    is_wanted: impl Fn(&SeriesKey) -> bool,
) -> Result<(), RollupError> {
    let rows = match builder.is_by_status_class() {
        true => Rows::new(batch)?.by_status_class(),
        false => Rows::new(batch)?,
    };
    let series = series_numbers(builder.series_table(), &rows, is_wanted);
    let window_us = builder.plan().window_us;
    let range = range.unwrap_or(TimeWindow {
        start_us: i64::MIN,
        end_us: i64::MAX,
    });
    if add_groups(builder, &rows, &series, range) {
        return Ok(());
    }
    // The window of the row before, and the µs that lie in it.
    let mut window = 0;
    let mut inside = 0..0;
    let mut extent: Option<(Origin, i64, i64)> = None;
    for (row, (ts_us, series)) in rows.ts.values().iter().zip(series).enumerate() {
        let ts_us = *ts_us;
        if series == UNWANTED || !range.contains(ts_us) {
            continue;
        }
        if !inside.contains(&ts_us) {
            window = ts_us.div_euclid(window_us);
            inside = window * window_us..(window + 1) * window_us;
        }
        let slot = builder.slot(window, series);
        let bucket = rows.bucket(row);
        builder.count(slot, bucket, rows.weight(row), || rows.latency_us(row));
        let origin = builder.origin(series);
        extent = match extent {
            Some((last, from, to)) if last == origin => {
                Some((last, from.min(ts_us), to.max(ts_us)))
            }
            Some((last, from, to)) => {
                builder.extend(last, from, to);
                Some((origin, ts_us, ts_us))
            }
            None => Some((origin, ts_us, ts_us)),
        };
    }
    if let Some((origin, from, to)) = extent {
        builder.extend(origin, from, to);
    }
    Ok(())
}

/// Counts all rows by their cell, where every row is one request of one origin with a latency of which
/// the bucket is all that is asked for; says whether that is so.
fn add_groups(
    builder: &mut RollupBuilder,
    rows: &Rows<'_>,
    series: &[u32],
    range: TimeWindow,
) -> bool {
    let Some(origin) = builder.only_origin() else {
        return false;
    };
    let is_plain = !builder.needs_latencies()
        && rows.latency_bucket.null_count() == 0
        && rows.ts.null_count() == 0
        && rows.weight.null_count() == 0
        && rows.weight.values().iter().all(|weight| *weight == 1);
    if !is_plain {
        return false;
    }
    let groups = Groups::new(
        rows.ts.values(),
        series,
        rows.latency_bucket.values(),
        builder.series_table().series().len(),
        builder.plan().window_us,
        range,
    );
    let Some(groups) = groups else {
        return false;
    };
    for (window, series, buckets) in groups.iter() {
        builder.count_all(window, series, buckets);
    }
    if let Some((from_us, to_us)) = groups.extent_us {
        builder.extend(origin, from_us, to_us);
    }
    true
}

/// Per row the number of its series, or [`UNWANTED`].
pub(super) fn series_numbers(
    table: &mut SeriesTable,
    rows: &Rows<'_>,
    is_wanted: impl Fn(&SeriesKey) -> bool,
) -> Vec<u32> {
    let (codes, combinations) = rows.codes();
    let mut number = |row: usize| {
        let key = rows.series(row);
        match is_wanted(&key) {
            true => table.number(&key),
            false => UNWANTED,
        }
    };
    if combinations <= TABLE_MAX {
        let mut by_code = vec![UNSEEN; usize::try_from(combinations).unwrap_or(0)];
        let numbers = codes.into_iter().enumerate().map(|(row, code)| {
            let known = &mut by_code[usize::try_from(code).unwrap_or(0)];
            if *known == UNSEEN {
                *known = number(row);
            }
            *known
        });
        return numbers.collect();
    }
    let mut by_code: HashMap<u64, u32, foldhash::fast::RandomState> = HashMap::default();
    let numbers = codes
        .into_iter()
        .enumerate()
        .map(|(row, code)| *by_code.entry(code).or_insert_with(|| number(row)));
    numbers.collect()
}

/// A text column: dictionary keys and the texts they stand for.
struct Texts<'a> {
    keys: &'a PrimitiveArray<Int32Type>,
    values: &'a arrow::array::StringArray,
}

impl<'a> Texts<'a> {
    fn new(name: &'static str, column: &'a ArrayRef) -> Result<Self, RollupError> {
        let wrong = || column_type(name, column.data_type());
        let dictionary = column.as_dictionary_opt::<Int32Type>().ok_or_else(wrong)?;
        let values = dictionary.values();
        let values = values
            .as_string_opt::<i32>()
            .ok_or_else(|| column_type(name, values.data_type()))?;
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

    /// Adds the column to the codes; a column of one text or none adds nothing.
    fn add_to(&self, codes: &mut [u64], combinations: &mut u64) {
        let nulls = self.keys.null_count();
        if nulls == self.keys.len() || (nulls == 0 && self.values.len() == 1) {
            return;
        }
        let radix = self.values.len() as u64 + 1;
        *combinations = combinations.saturating_mul(radix);
        if nulls == 0 {
            for (code, key) in codes.iter_mut().zip(self.keys.values()) {
                *code = *code * radix + u64::from(key.unsigned_abs());
            }
            return;
        }
        for (row, code) in codes.iter_mut().enumerate() {
            let key = self.key(row).wrapping_add(1).unsigned_abs();
            *code = *code * radix + u64::from(key);
        }
    }

    fn text(&self, row: usize) -> &'a str {
        usize::try_from(self.key(row)).map_or("", |key| self.values.value(key))
    }
}

/// The columns of a batch; `None` for those that were not read.
pub(super) struct Rows<'a> {
    /// When requests began, or the minute in which they did.
    pub ts: PrimitiveArray<TimestampMicrosecondType>,
    texts: [Option<Texts<'a>>; TEXTS.len()],
    status: Option<PrimitiveArray<Int32Type>>,
    upstream_tries: Option<&'a PrimitiveArray<Int32Type>>,
    weight: &'a PrimitiveArray<Int32Type>,
    latency_bucket: &'a PrimitiveArray<Int32Type>,
    latency_us: Option<&'a PrimitiveArray<Int64Type>>,
}

impl<'a> Rows<'a> {
    pub fn new(batch: &'a RecordBatch) -> Result<Self, RollupError> {
        let mut texts = [const { None }; TEXTS.len()];
        for (text, (name, _)) in texts.iter_mut().zip(TEXTS) {
            *text = find(batch, name)
                .map(|found| Texts::new(name, found))
                .transpose()?;
        }
        Ok(Self {
            ts: match find(batch, column::TS) {
                Some(column) => microseconds(column)?,
                None => of_minutes(typed(column::MINUTE, needed(batch, column::MINUTE)?)?),
            },
            texts,
            status: numbers(batch, column::STATUS)?.cloned(),
            upstream_tries: numbers(batch, column::UPSTREAM_TRIES)?
                .filter(|tries| tries.null_count() < tries.len()),
            weight: typed(column::WEIGHT, needed(batch, column::WEIGHT)?)?,
            latency_bucket: typed(
                column::LATENCY_BUCKET,
                needed(batch, column::LATENCY_BUCKET)?,
            )?,
            latency_us: numbers(batch, column::LATENCY_US)?,
        })
    }

    /// Puts classes in the place of statuses.
    fn by_status_class(mut self) -> Self {
        self.status = self.status.map(|status| status.unary(class_of));
        self
    }

    /// Per row one number for everything that makes its series, below the second value.
    fn codes(&self) -> (Vec<u64>, u64) {
        let mut codes = vec![0_u64; self.ts.len()];
        let mut combinations = 1_u64;
        for texts in self.texts.iter().flatten() {
            texts.add_to(&mut codes, &mut combinations);
        }
        if let Some(status) = &self.status {
            let (status_codes, statuses) = dense(status);
            for (code, status) in codes.iter_mut().zip(status.values()) {
                *code = *code * statuses + u64::from(status_codes[status_slot(*status)]);
            }
            combinations = combinations.saturating_mul(statuses);
        }
        if self.upstream_tries.is_some() {
            for (row, code) in codes.iter_mut().enumerate() {
                *code = *code * 2 + u64::from(self.is_retried(row));
            }
            combinations = combinations.saturating_mul(2);
        }
        (codes, combinations)
    }

    fn is_retried(&self, row: usize) -> bool {
        let tries = self.upstream_tries;
        tries.is_some_and(|tries| tries.is_valid(row) && tries.value(row) > 1)
    }

    /// How many requests the row stands for; other engines may leave it out for 1.
    #[inline]
    pub fn weight(&self, row: usize) -> u32 {
        match self.weight.is_valid(row) {
            true => u32::try_from(self.weight.value(row)).unwrap_or(1).max(1),
            false => 1,
        }
    }

    #[inline]
    pub fn bucket(&self, row: usize) -> Option<i32> {
        self.latency_bucket
            .is_valid(row)
            .then(|| self.latency_bucket.value(row).max(0))
    }

    pub fn latency_us(&self, row: usize) -> Option<u64> {
        let latencies = self.latency_us?;
        latencies
            .is_valid(row)
            .then(|| latencies.value(row).unsigned_abs())
    }

    fn series(&self, row: usize) -> SeriesKey {
        let texts = self.texts.each_ref().map(|texts| {
            let text = texts.as_ref().map_or("", |texts| texts.text(row));
            text.to_owned()
        });
        let status = self.status.as_ref().map_or(0, |status| status.value(row));
        let status = u16::try_from(status).unwrap_or(0);
        SeriesKey::of_texts(texts, status, self.is_retried(row))
    }
}

/// Statuses that have a slot of their own: 0 to 999.
const STATUSES: usize = 1_000;

fn status_slot(status: i32) -> usize {
    usize::try_from(status).unwrap_or(0).min(STATUSES - 1)
}

/// Numbers the statuses that occur, and says how many there are.
fn dense(status: &PrimitiveArray<Int32Type>) -> ([u16; STATUSES], u64) {
    let mut occurs = [false; STATUSES];
    for status in status.values() {
        occurs[status_slot(*status)] = true;
    }
    let mut codes = [0; STATUSES];
    let mut next = 0_u16;
    for (code, _) in codes.iter_mut().zip(occurs).filter(|(_, occurs)| *occurs) {
        *code = next;
        next += 1;
    }
    (codes, u64::from(next.max(1)))
}

/// The `ts` column in µs; some engines write nanoseconds when they rewrite a table.
fn microseconds(
    column: &ArrayRef,
) -> Result<PrimitiveArray<TimestampMicrosecondType>, RollupError> {
    match column.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            Ok(column.as_primitive::<TimestampMicrosecondType>().clone())
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => Ok(column
            .as_primitive::<TimestampNanosecondType>()
            .unary(|ns| ns.div_euclid(1_000))),
        other => Err(column_type(column::TS, other)),
    }
}

/// A column of long numbers that must be there.
pub(super) fn long_column<'a>(
    batch: &'a RecordBatch,
    name: &'static str,
) -> Result<&'a PrimitiveArray<Int64Type>, RollupError> {
    typed(name, needed(batch, name)?)
}

/// The starts of minutes, µs.
fn of_minutes(minutes: &PrimitiveArray<Int32Type>) -> PrimitiveArray<TimestampMicrosecondType> {
    minutes.unary(|minute| i64::from(minute) * MINUTE_US)
}

fn find<'a>(batch: &'a RecordBatch, name: &str) -> Option<&'a ArrayRef> {
    batch.column_by_name(name)
}

fn needed<'a>(batch: &'a RecordBatch, name: &'static str) -> Result<&'a ArrayRef, RollupError> {
    find(batch, name).ok_or_else(|| column_type(name, &DataType::Null))
}

/// A column of numbers, if it was read.
fn numbers<'a, T: ArrowPrimitiveType>(
    batch: &'a RecordBatch,
    name: &'static str,
) -> Result<Option<&'a PrimitiveArray<T>>, RollupError> {
    find(batch, name)
        .map(|column| typed(name, column))
        .transpose()
}

fn typed<'a, T: ArrowPrimitiveType>(
    name: &'static str,
    column: &'a ArrayRef,
) -> Result<&'a PrimitiveArray<T>, RollupError> {
    column
        .as_primitive_opt()
        .ok_or_else(|| column_type(name, column.data_type()))
}

fn column_type(name: &'static str, found: &DataType) -> RollupError {
    RollupError::ColumnType {
        name,
        found: found.to_string(),
    }
}
