//! Comparing lines with what is in the lake: older copies of a source, and rows by their keys.
//!
//! In: a snapshot, and a position or a window. Out: a digest of rows that does not depend on their
//! order, and the keys of rows.

use arrow::array::{Array, AsArray, PrimitiveArray, RecordBatch};
use arrow::datatypes::{
    ArrowPrimitiveType, Int32Type, Int64Type, TimestampMicrosecondType, TimestampNanosecondType,
};

use super::part::PartName;
use super::reader::read_file;
use super::schema::column;
use super::{LakeError, LakeReader, RowFilter, rejects, rejects_folder};
use crate::time_window::TimeWindow;

/// The most row keys that are compared at once: 160 MB of memory.
pub const ROW_KEYS_MAX: usize = 20_000_000;

/// What the lake holds of a source before some position.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowsBelow {
    /// Rows.
    pub rows: u64,
    /// Wrapping sum of the [`row_digest`]s of the rows.
    pub digest: u64,
    /// Rejected lines.
    pub rejected: u64,
}

impl RowsBelow {
    /// Counts a row.
    pub fn add(&mut self, row_digest: u64) {
        self.rows += 1;
        self.digest = self.digest.wrapping_add(row_digest);
    }
}

/// A 64-bit hash of what a line says, stable for as long as the lake is: the finaliser of SplitMix64
/// (Steele, Lea and Flood 2014) over the fields, one after the other. `latency_us` is `None` where
/// the log carries none.
#[must_use]
pub fn row_digest(position: u64, ts_us: i64, status: u16, latency_us: Option<u64>) -> u64 {
    // A latency has 63 bits in the lake, so no latency has a value of its own.
    let latency = latency_us.map_or(u64::MAX, |us| us.min(i64::MAX.unsigned_abs()));
    let fields = [position, ts_us.cast_unsigned(), u64::from(status), latency];
    fields.into_iter().fold(0, |hash, field| mix(hash ^ field))
}

fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

const DIGEST_COLUMNS: [&str; 5] = [
    column::SOURCE,
    column::POSITION,
    column::TS,
    column::STATUS,
    column::LATENCY_US,
];

impl LakeReader {
    /// What the lake holds of the source `source_id` at positions below `offset`. A caller that
    /// counts the same over the lines of a shorter copy, and finds the same, has an older copy.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn rows_below(&self, source_id: &str, offset: u64) -> Result<RowsBelow, LakeError> {
        let mut below = RowsBelow::default();
        for file in self.files() {
            if PartName::may_hold(&file.name(), source_id, offset) {
                read_file(
                    self.place(),
                    file,
                    &DIGEST_COLUMNS,
                    RowFilter::default(),
                    &mut |batch| add_rows(&mut below, batch, source_id, offset),
                )?;
            }
        }
        let state = self.ledger().get(source_id);
        for name in state.iter().flat_map(|state| &state.reject_files) {
            let lines = rejects::read(
                self.place(),
                &rejects_folder(self.place().root()).join(name),
            )?;
            below.rejected += lines.iter().filter(|line| line.offset < offset).count() as u64;
        }
        Ok(below)
    }

    /// The keys of the rows in `window`, ascending; rows without a key are left out.
    ///
    /// # Errors
    /// When a file is missing or damaged, or [`LakeError::RowKeys`] past [`ROW_KEYS_MAX`].
    pub fn row_keys(&self, window: TimeWindow) -> Result<Vec<i64>, LakeError> {
        self.row_keys_up_to(window, ROW_KEYS_MAX)
    }

    fn row_keys_up_to(&self, window: TimeWindow, max: usize) -> Result<Vec<i64>, LakeError> {
        let mut found = Vec::new();
        let filter = RowFilter {
            window: Some(window),
        };
        self.for_each_batch(&[column::TS, column::ROW_KEY], filter, |batch| {
            let ts = microseconds(batch, 0)?;
            let keys = typed::<Int64Type>(batch, 1)?;
            for row in (0..batch.num_rows()).filter(|row| keys.is_valid(*row)) {
                if (window.start_us..window.end_us).contains(&ts.value(row)) {
                    found.push(keys.value(row));
                }
            }
            match found.len() > max {
                true => Err(LakeError::RowKeys { max }),
                false => Ok(()),
            }
        })?;
        found.sort_unstable();
        Ok(found)
    }
}

fn add_rows(
    below: &mut RowsBelow,
    batch: &RecordBatch,
    source_id: &str,
    offset: u64,
) -> Result<(), LakeError> {
    let source = batch.column(0).as_dictionary_opt::<Int32Type>();
    let source = source.ok_or_else(|| wrong_type(batch, 0))?;
    let names = source.values().as_string_opt::<i32>();
    let names = names.ok_or_else(|| wrong_type(batch, 0))?;
    let position = typed::<Int64Type>(batch, 1)?;
    let ts = microseconds(batch, 2)?;
    let status = typed::<Int32Type>(batch, 3)?;
    let latency_us = typed::<Int64Type>(batch, 4)?;
    for row in 0..batch.num_rows() {
        let name = source.key(row).map(|key| names.value(key));
        let at = position.value(row).unsigned_abs();
        if name != Some(source_id) || at >= offset {
            continue;
        }
        let status = u16::try_from(status.value(row)).unwrap_or(0);
        let latency = latency_us.is_valid(row).then(|| latency_us.value(row));
        let latency = latency.map(i64::unsigned_abs);
        below.add(row_digest(at, ts.value(row), status, latency));
    }
    Ok(())
}

fn typed<T: ArrowPrimitiveType>(
    batch: &RecordBatch,
    index: usize,
) -> Result<&PrimitiveArray<T>, LakeError> {
    let column = batch.column(index);
    column
        .as_primitive_opt()
        .ok_or_else(|| wrong_type(batch, index))
}

/// A time column in µs; some engines write nanoseconds when they rewrite a table.
fn microseconds(
    batch: &RecordBatch,
    index: usize,
) -> Result<PrimitiveArray<TimestampMicrosecondType>, LakeError> {
    let column = batch.column(index);
    if let Some(ns) = column.as_primitive_opt::<TimestampNanosecondType>() {
        return Ok(ns.unary(|ns| ns.div_euclid(1_000)));
    }
    typed::<TimestampMicrosecondType>(batch, index).cloned()
}

fn wrong_type(batch: &RecordBatch, index: usize) -> LakeError {
    let schema = batch.schema();
    let field = schema.field(index);
    LakeError::Damaged {
        path: "requests".into(),
        why: format!("column `{}` has type {}", field.name(), field.data_type()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_a_row_changes_its_digest() {
        let digest = row_digest(100, 1_795_382_088_343_000, 200, Some(10_000));
        let others = [
            row_digest(101, 1_795_382_088_343_000, 200, Some(10_000)),
            row_digest(100, 1_795_382_088_343_001, 200, Some(10_000)),
            row_digest(100, 1_795_382_088_343_000, 201, Some(10_000)),
            row_digest(100, 1_795_382_088_343_000, 200, Some(10_001)),
            row_digest(100, 1_795_382_088_343_000, 200, None),
        ];
        for other in others {
            assert_ne!(digest, other);
        }
        assert_eq!(digest, 11_000_080_825_745_512_856, "the digest is stable");
    }

    #[test]
    fn the_order_of_rows_does_not_matter() {
        let digests = [7, u64::MAX, 0, 42];
        let sum = |digests: &[u64]| {
            let mut below = RowsBelow::default();
            digests.iter().for_each(|digest| below.add(*digest));
            below
        };
        let mut reversed = digests;
        reversed.reverse();
        assert_eq!(sum(&digests), sum(&reversed));
        assert_ne!(sum(&digests), sum(&digests[1..]));
    }
}
