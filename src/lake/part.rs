//! One part: the records of one byte range of one source, as one Parquet file.
//!
//! In: records, one by one. Out: a staged file whose name is made of source and range, so that a
//! repeated write gives the same file and a plain `*.parquet` read never counts twice.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, DictionaryArray, Int32Array, Int32Builder, Int64Builder, RecordBatch, StringArray,
    StringDictionaryBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::Int32Type;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use super::schema::{self, column};
use super::{LakeError, io, requests_folder, staging_folder};
use crate::latency_buckets::bucket_of;
use crate::request_record::RequestRecord;

/// Version of the parser and of the columns; part of every file name.
const PART_VERSION: u32 = 1;
/// Rows that are collected before they are handed to the Parquet writer.
const BATCH_ROWS: usize = 65_536;
/// Rows per row group.
const ROW_GROUP_ROWS: usize = 1_048_576;

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
    /// The file name, e.g. `part-3f9ac2e1d0b75a48-0-52428800-v1.parquet`.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!(
            "part-{}-{}-{}-v{PART_VERSION}.parquet",
            self.source_id, self.from, self.to
        )
    }
}

/// A finished, staged part.
#[derive(Debug)]
pub struct Part {
    pub(super) file_name: String,
    pub(super) staged: PathBuf,
    pub(super) target: PathBuf,
    pub(super) file_bytes: u64,
    pub(super) modified_ms: i64,
    /// The smallest and the largest row of the columns that the log keeps statistics of, and as
    /// many rows as the part has.
    pub(super) stats_batch: RecordBatch,
    /// Number of rows.
    pub records: u64,
}

/// Collects records and writes them as one part.
#[derive(Debug)]
pub struct PartWriter {
    name: PartName,
    staged: PathBuf,
    target: PathBuf,
    columns: Columns,
    writer: Option<ArrowWriter<File>>,
    stats: Vec<RecordBatch>,
    records: u64,
}

impl PartWriter {
    pub(super) fn new(root: &Path, name: PartName) -> Self {
        let file_name = name.file_name();
        let staged = staging_folder(root).join(format!("{}-{file_name}", std::process::id()));
        Self {
            target: requests_folder(root).join(file_name),
            name,
            staged,
            columns: Columns::default(),
            writer: None,
            stats: Vec::new(),
            records: 0,
        }
    }

    /// Adds one record.
    ///
    /// # Errors
    /// When the disk refuses; nothing that was committed before is touched.
    pub fn push(&mut self, record: &RequestRecord<'_>) -> Result<(), LakeError> {
        self.columns.push(record);
        self.records += 1;
        if self.columns.rows == BATCH_ROWS {
            self.flush()?;
        }
        Ok(())
    }

    /// Number of records added so far.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Ends the part at position `to` (as for a rehearsal, where it is known only now).
    pub fn end_at(&mut self, root: &Path, to: u64) {
        self.name.to = to;
        self.target = requests_folder(root).join(self.name.file_name());
    }

    /// Writes everything to the staging folder and to the disk; `None` when there was no record.
    ///
    /// # Errors
    /// When the disk refuses; the half-written file is removed.
    pub fn finish(mut self) -> Result<Option<Part>, LakeError> {
        if self.records == 0 {
            return Ok(None);
        }
        let finished = self.write_out();
        if finished.is_err() {
            // Best effort: the error at hand says more than a failing removal would.
            let _ = std::fs::remove_file(&self.staged);
        }
        finished.map(Some)
    }

    fn write_out(&mut self) -> Result<Part, LakeError> {
        self.flush()?;
        let writer = self.writer.take().expect("a part with records was flushed");
        let file = writer
            .into_inner()
            .map_err(|source| parquet_error(&self.staged, source))?;
        file.sync_all()
            .map_err(|source| io("write", &self.staged, source))?;
        let file_bytes = file
            .metadata()
            .map_err(|source| io("look at", &self.staged, source))?
            .len();
        let stats_batch = arrow::compute::concat_batches(&self.stats[0].schema(), &self.stats)
            .map_err(|source| self.columns_error(source))?;
        Ok(Part {
            file_name: self.name.file_name(),
            staged: self.staged.clone(),
            target: self.target.clone(),
            file_bytes,
            modified_ms: crate::time_window::now_us() / 1_000,
            stats_batch,
            records: self.records,
        })
    }

    fn flush(&mut self) -> Result<(), LakeError> {
        if self.columns.rows == 0 {
            return Ok(());
        }
        let batch = self
            .columns
            .finish(&self.name.source_id)
            .map_err(|source| self.columns_error(source))?;
        let stats = batch
            .project(&[0, 1])
            .map_err(|source| self.columns_error(source))?;
        self.stats.push(stats);
        let staged = self.staged.clone();
        self.open_writer()?
            .write(&batch)
            .map_err(|source| parquet_error(&staged, source))
    }

    fn open_writer(&mut self) -> Result<&mut ArrowWriter<File>, LakeError> {
        if self.writer.is_none() {
            let file =
                File::create(&self.staged).map_err(|source| io("write", &self.staged, source))?;
            let writer = ArrowWriter::try_new(file, schema::ARROW.clone(), Some(properties()))
                .map_err(|source| parquet_error(&self.staged, source))?;
            self.writer = Some(writer);
        }
        Ok(self.writer.as_mut().expect("the writer was just opened"))
    }

    fn columns_error(&self, source: arrow::error::ArrowError) -> LakeError {
        LakeError::Columns {
            path: self.staged.clone(),
            source,
        }
    }
}

pub(super) fn parquet_error(path: &Path, source: parquet::errors::ParquetError) -> LakeError {
    // The Parquet library wraps the operating system's refusal; the user wants to read that.
    if let parquet::errors::ParquetError::External(inner) = source {
        return match inner.downcast::<std::io::Error>() {
            Ok(refusal) => io("write", path, *refusal),
            Err(inner) => LakeError::Parquet {
                path: path.to_owned(),
                source: parquet::errors::ParquetError::External(inner),
            },
        };
    }
    LakeError::Parquet {
        path: path.to_owned(),
        source,
    }
}

fn properties() -> WriterProperties {
    let level = ZstdLevel::try_new(1).expect("1 is a zstd level");
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_created_by(concat!("firedrill ", env!("CARGO_PKG_VERSION")).to_owned());
    for name in [
        column::TS,
        column::LATENCY_US,
        column::SERVICE_US,
        column::POSITION,
    ] {
        builder = builder
            .set_column_dictionary_enabled(ColumnPath::from(name), false)
            .set_column_encoding(ColumnPath::from(name), Encoding::DELTA_BINARY_PACKED);
    }
    builder
        .set_column_dictionary_enabled(ColumnPath::from(column::SHOPPER), false)
        .build()
}

type TextBuilder = StringDictionaryBuilder<Int32Type>;

/// One builder per column, in the order of the schema.
#[derive(Default)]
struct Columns {
    rows: usize,
    ts: TimestampMicrosecondBuilder,
    minute: Int32Builder,
    origin: TextBuilder,
    run_id: TextBuilder,
    service: TextBuilder,
    method: TextBuilder,
    route: TextBuilder,
    status: Int32Builder,
    latency_us: Int64Builder,
    latency_bucket: Int32Builder,
    service_us: Int64Builder,
    bytes_in: Int64Builder,
    bytes_out: Int64Builder,
    shopper: Int64Builder,
    error: TextBuilder,
    position: Int64Builder,
}

impl std::fmt::Debug for Columns {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Columns {{ rows: {} }}", self.rows)
    }
}

const US_PER_MINUTE: i64 = 60_000_000;

fn long(value: Option<u64>) -> Option<i64> {
    value.map(|value| i64::try_from(value).unwrap_or(i64::MAX))
}

impl Columns {
    fn push(&mut self, record: &RequestRecord<'_>) {
        let minute = record.ts_us.div_euclid(US_PER_MINUTE);
        self.rows += 1;
        self.ts.append_value(record.ts_us);
        self.minute
            .append_value(i32::try_from(minute).unwrap_or(i32::MAX));
        self.origin.append_value(record.origin.as_str());
        self.run_id.append_option(record.run_id);
        self.service.append_value(record.service);
        self.method.append_value(record.method);
        self.route.append_value(record.route);
        self.status.append_value(i32::from(record.status));
        self.latency_us.append_option(long(record.latency_us));
        self.latency_bucket
            .append_option(record.latency_us.map(bucket_of));
        self.service_us.append_option(long(record.service_us));
        self.bytes_in.append_option(long(record.bytes_in));
        self.bytes_out.append_option(long(record.bytes_out));
        self.shopper.append_option(record.shopper);
        self.error.append_option(record.error);
        self.position.append_option(long(Some(record.position)));
    }

    fn finish(&mut self, source_id: &str) -> Result<RecordBatch, arrow::error::ArrowError> {
        let source = DictionaryArray::try_new(
            Int32Array::from(vec![0; self.rows]),
            Arc::new(StringArray::from(vec![source_id])),
        )?;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.ts.finish().with_timezone("UTC")),
            Arc::new(self.minute.finish()),
            Arc::new(self.origin.finish()),
            Arc::new(self.run_id.finish()),
            Arc::new(self.service.finish()),
            Arc::new(self.method.finish()),
            Arc::new(self.route.finish()),
            Arc::new(self.status.finish()),
            Arc::new(self.latency_us.finish()),
            Arc::new(self.latency_bucket.finish()),
            Arc::new(self.service_us.finish()),
            Arc::new(self.bytes_in.finish()),
            Arc::new(self.bytes_out.finish()),
            Arc::new(self.shopper.finish()),
            Arc::new(self.error.finish()),
            Arc::new(source),
            Arc::new(self.position.finish()),
        ];
        self.rows = 0;
        RecordBatch::try_new(schema::ARROW.clone(), columns)
    }
}
