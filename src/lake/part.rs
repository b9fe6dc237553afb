//! One part: the records of one byte range of one source, as one Parquet file.
//!
//! In: records, one by one. Out: a staged file, and the little that the table's log says of it. The
//! name is made of source, range and content, so a repeated write gives the same file and a plain
//! `*.parquet` read does not count twice.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::StructArray;

use super::LakeError;
use super::columns::Columns;
use super::flushing::Flushing;
use super::parquet_file::{ROW_GROUP_ROWS, hash_in_name, parquet_error};
use super::part_file::PartFileWriter;
use super::place::Place;
use crate::request_record::RequestRecord;

/// Rows that are read, or sorted, and handed to the Parquet writer together.
pub const BATCH_ROWS: usize = 65_536;

/// What names a part: source and half-open range of positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartName {
    /// Identifier of the source.
    pub source_id: Arc<str>,
    /// First position inside.
    pub from: u64,
    /// First position after it.
    pub to: u64,
}

impl PartName {
    /// What the file name begins with, e.g. `part-3f9ac2e1d0b75a48-0-52428800`; the hash of the
    /// content and the version follow.
    #[must_use]
    pub fn stem(&self) -> String {
        format!("part-{}-{}-{}", self.source_id, self.from, self.to)
    }

    /// Whether the file `file_name` can hold rows of the source with positions below `offset`; a
    /// file whose name does not say it, as after `lake compact`, can.
    pub(super) fn may_hold(file_name: &str, source_id: &str, offset: u64) -> bool {
        let Some(rest) = file_name.strip_prefix("part-") else {
            return true;
        };
        if rest.starts_with("compact-") || hash_in_name(file_name).is_none() {
            return true;
        }
        // A source identifier may have hyphens: the four fields after it have none.
        let mut fields = rest.rsplitn(5, '-').skip(2);
        let (Some(_to), Some(from), Some(source)) = (fields.next(), fields.next(), fields.next())
        else {
            return true;
        };
        source == source_id && from.parse::<u64>().is_ok_and(|from| from < offset)
    }
}

/// A finished, staged part. It holds no rows, however large it is.
#[derive(Debug)]
pub struct Part {
    pub(super) file_name: String,
    pub(super) staged: PathBuf,
    pub(super) flushing: Flushing,
    pub(super) target: PathBuf,
    pub(super) file_bytes: u64,
    pub(super) modified_ms: i64,
    /// One row: the number of rows, and the smallest and the largest value of some columns.
    pub(super) stats: StructArray,
    /// Number of rows.
    pub records: u64,
}

/// Collects records and writes them as one part.
#[derive(Debug)]
pub struct PartWriter {
    place: Place,
    name: PartName,
    columns: Columns,
    /// Where the columns go when the part is written.
    spare: SpareColumns,
    file: Option<PartFileWriter>,
    records: u64,
}

/// Empty columns of parts that are written, for later parts: memory that was touched before.
pub(super) type SpareColumns = Arc<Mutex<Vec<Columns>>>;

impl PartWriter {
    pub(super) fn new(place: &Place, name: PartName, spare: &SpareColumns) -> Self {
        let columns = spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Self {
            place: place.clone(),
            name,
            columns: columns.unwrap_or_default(),
            spare: Arc::clone(spare),
            file: None,
            records: 0,
        }
    }

    /// Adds one record.
    ///
    /// # Errors
    /// When the disk refuses; nothing that was committed before is touched.
    #[inline]
    pub fn push(&mut self, record: &RequestRecord<'_>) -> Result<(), LakeError> {
        let pushed = self.columns.push(record);
        pushed.map_err(|source| parquet_error(self.place.root(), source))?;
        self.records += 1;
        if self.columns.rows() == ROW_GROUP_ROWS {
            self.end_group()?;
        }
        Ok(())
    }

    /// Number of records added so far.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Ends the part at position `to` (as for a rehearsal, where it is known only now).
    pub fn end_at(&mut self, to: u64) {
        self.name.to = to;
    }

    /// Writes everything to the staging folder; `None` when there was no record. The commit waits until
    /// it is on the disk.
    ///
    /// # Errors
    /// When the disk refuses; the half-written file is removed.
    pub fn finish(mut self) -> Result<Option<Part>, LakeError> {
        let ended = self.end_group();
        if ended.is_ok() {
            let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
            spare.push(self.columns);
        }
        match (ended, self.file.take()) {
            (Ok(()), Some(file)) => file.finish(&self.name.stem()).map(Some),
            (Ok(()), None) => Ok(None),
            (Err(error), file) => {
                if let Some(file) = file {
                    file.abandon();
                }
                Err(error)
            }
        }
    }

    fn end_group(&mut self) -> Result<(), LakeError> {
        if self.columns.rows() == 0 {
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(PartFileWriter::create(&self.place, &self.name.stem())?),
        };
        let group = self.columns.group(&self.name.source_id);
        let group = group.map_err(|source| parquet_error(self.place.root(), source))?;
        file.write_group(group)?;
        self.columns.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::PartName;

    #[test]
    fn a_file_of_another_source_or_range_is_not_read_for_this_one() {
        let hold = |name: &str| PartName::may_hold(name, "run-2026-a", 100);
        let hash = "0123456789abcdef-v2.parquet";
        assert!(hold(&format!("part-run-2026-a-0-50-{hash}")));
        assert!(hold(&format!("part-run-2026-a-99-150-{hash}")));
        assert!(!hold(&format!("part-run-2026-a-100-150-{hash}")));
        assert!(!hold(&format!("part-a-0-50-{hash}")));
        assert!(hold(&format!("part-compact-00112233-{hash}")));
        assert!(hold("part-00000.parquet"));
        assert!(hold("part-00001-0a1b-0a1b-0a1b-0a1b-c000.snappy.parquet"));
        assert!(hold("another-engine.parquet"));
    }
}
