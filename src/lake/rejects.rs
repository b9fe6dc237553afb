//! Lines that were not understood, kept with reason and place.
//!
//! In: rejected lines of one part. Out: a Parquet file in `rejects/`, named like the part. It
//! counts only once the ledger names it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::parquet_file::{StagedFile, StagedWriter, file_name, parquet_error, plain_properties};
use super::place::Place;
use super::{LakeError, PartName, io, rejects_folder};

/// The most bytes of a rejected line that are kept.
pub const TEXT_BYTES_MAX: usize = 4_096;

/// One line that was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedLine {
    /// Why, in words.
    pub reason: String,
    /// Byte offset of its first byte in the decompressed source.
    pub offset: u64,
    /// Its number in the source, counted from 1.
    pub line_number: u64,
    /// The line itself, up to [`TEXT_BYTES_MAX`] bytes, invalid UTF-8 replaced.
    pub text: String,
}

pub(super) static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("source", DataType::Utf8, false),
        Field::new("offset", DataType::Int64, false),
        Field::new("line_number", DataType::Int64, false),
        Field::new("reason", DataType::Utf8, false),
        Field::new("text", DataType::Utf8, false),
    ]))
});

/// A finished, staged file of rejected lines.
#[derive(Debug)]
pub struct RejectPart {
    pub(super) staged: PathBuf,
    pub(super) target: PathBuf,
    pub(super) lines: u64,
    /// Its name in `rejects/`, for the ledger.
    pub file_name: String,
}

/// Collects the rejected lines of one part.
#[derive(Debug)]
pub struct RejectWriter {
    place: Place,
    name: PartName,
    lines: Vec<RejectedLine>,
}

impl RejectWriter {
    pub(super) fn new(place: &Place, name: PartName) -> Self {
        Self {
            place: place.clone(),
            name,
            lines: Vec::new(),
        }
    }

    /// Adds one line.
    pub fn push(&mut self, line: RejectedLine) {
        self.lines.push(line);
    }

    /// The same lines with `first` added to their numbers.
    #[must_use]
    pub fn numbered_from(mut self, first: u64) -> Self {
        let numbers = self.lines.iter_mut().map(|line| &mut line.line_number);
        numbers.for_each(|number| *number += first);
        self
    }

    /// The lines so far.
    #[must_use]
    pub fn lines(&self) -> &[RejectedLine] {
        &self.lines
    }

    /// Writes the file to the staging folder; `None` when there was no line.
    ///
    /// # Errors
    /// When the disk refuses; the half-written file is removed.
    pub fn finish(self) -> Result<Option<RejectPart>, LakeError> {
        if self.lines.is_empty() {
            return Ok(None);
        }
        let staged = self.write_out()?;
        let file_name = file_name(&self.name.stem(), &staged.hash);
        Ok(Some(RejectPart {
            target: rejects_folder(self.place.root()).join(&file_name),
            file_name,
            staged: staged.path,
            lines: self.lines.len() as u64,
        }))
    }

    fn write_out(&self) -> Result<StagedFile, LakeError> {
        let stem = format!("rejects-{}", self.name.stem());
        let mut writer =
            StagedWriter::create(&self.place, &stem, SCHEMA.clone(), plain_properties())?;
        let written = self.batch().and_then(|batch| writer.write(&batch));
        match written {
            Ok(()) => writer.finish(),
            Err(error) => {
                writer.abandon();
                Err(error)
            }
        }
    }

    fn batch(&self) -> Result<RecordBatch, LakeError> {
        let longs = |pick: fn(&RejectedLine) -> u64| -> ArrayRef {
            let values = self.lines.iter().map(pick);
            Arc::new(Int64Array::from_iter_values(
                values.map(|value| i64::try_from(value).unwrap_or(i64::MAX)),
            ))
        };
        let texts = |pick: fn(&RejectedLine) -> &str| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(self.lines.iter().map(pick)))
        };
        let source = self.lines.iter().map(|_| &*self.name.source_id);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(source)),
            longs(|line| line.offset),
            longs(|line| line.line_number),
            texts(|line| &line.reason),
            texts(|line| &line.text),
        ];
        RecordBatch::try_new(SCHEMA.clone(), columns).map_err(|source| LakeError::Columns {
            path: rejects_folder(self.place.root()),
            source,
        })
    }
}

/// The rejected lines in the file `path`, in the order of the source.
pub fn read(place: &Place, path: &Path) -> Result<Vec<RejectedLine>, LakeError> {
    let mut lines = Vec::new();
    for batch in batches(place, path)? {
        let batch = batch?;
        let offset = batch.column(1).as_primitive::<Int64Type>();
        let line_number = batch.column(2).as_primitive::<Int64Type>();
        let reason = batch.column(3).as_string::<i32>();
        let text = batch.column(4).as_string::<i32>();
        lines.extend((0..batch.num_rows()).map(|row| RejectedLine {
            reason: reason.value(row).to_owned(),
            offset: offset.value(row).unsigned_abs(),
            line_number: line_number.value(row).unsigned_abs(),
            text: text.value(row).to_owned(),
        }));
    }
    Ok(lines)
}

/// The rows of the file `path`.
pub fn batches(
    place: &Place,
    path: &Path,
) -> Result<impl Iterator<Item = Result<RecordBatch, LakeError>>, LakeError> {
    let file = place
        .open(path, None)
        .map_err(|source| io("read", path, source))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .map_err(|source| parquet_error(path, source))?;
    Ok(reader.map(|batch| {
        batch.map_err(|source| LakeError::Columns {
            path: path.to_owned(),
            source,
        })
    }))
}
