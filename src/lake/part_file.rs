//! The file of a part, column by column.
//!
//! In: batches of rows, as Arrow has them; or row groups whose columns are written already. Out: a staged
//! file and its statistics.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, Int32Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use delta_kernel::KernelError;
use delta_kernel::expressions::ColumnName;
use delta_kernel_default_engine::stats::FileStatsAccumulator;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;

use super::columns::Group;
use super::parquet_file::{
    ColumnsWriter, HashedFile, ROW_GROUP_ROWS, StagedWriter, file_name, parquet_error,
    request_properties, zstd,
};
use super::part::Part;
use super::place::Place;
use super::text_chunk::text_chunk;
use super::{LakeError, requests_folder, schema};

/// The columns whose statistics the table's log keeps; they are the first ones.
static STATS_SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let fields = schema::ARROW
        .fields()
        .iter()
        .take(schema::STATS_COLUMNS.len());
    Arc::new(Schema::new(fields.cloned().collect::<Vec<_>>()))
});

/// Writes the file of a part, and keeps its statistics.
#[derive(Debug)]
pub struct PartFileWriter {
    place: Place,
    writer: ColumnsWriter,
    factory: ArrowRowGroupWriterFactory,
    /// Of the row group at hand; empty before its first row.
    columns: Vec<ArrowColumnWriter>,
    group_rows: usize,
    stats: FileStatsAccumulator,
    records: u64,
}

impl PartFileWriter {
    pub fn create(place: &Place, stem: &str) -> Result<Self, LakeError> {
        let schema = schema::ARROW.clone();
        let writer = StagedWriter::create(place, stem, schema, request_properties())?;
        let (writer, factory) = writer.by_column()?;
        let columns = schema::STATS_COLUMNS.map(|name| ColumnName::new([name]));
        let declared = schema::delta_schema().map_err(|error| table_error(place, error))?;
        Ok(Self {
            place: place.clone(),
            writer,
            factory,
            columns: Vec::new(),
            group_rows: 0,
            stats: FileStatsAccumulator::new(&columns, &declared),
            records: 0,
        })
    }

    /// Writes rows of the lake's schema.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        self.count(batch.columns()[..STATS_SCHEMA.fields().len()].to_vec())?;
        self.group_rows += batch.num_rows();
        self.encode(batch.columns())
            .map_err(|source| parquet_error(self.writer.path(), source))?;
        if self.group_rows >= ROW_GROUP_ROWS {
            self.end_group()?;
        }
        Ok(())
    }

    /// Writes a row group whose columns are written already.
    pub fn write_group(&mut self, group: Group<'_>) -> Result<(), LakeError> {
        self.end_group()?;
        let [ts, minute, ..] = &group.numbers;
        let (ts, minute) = (ts.range(), minute.range());
        // The library counts rows itself: as many, of which it looks at the least and the greatest.
        let ts = repeated(group.rows, ts.unwrap_or_default(), |us| us);
        let minute = repeated(group.rows, minute.unwrap_or_default(), |minute| {
            i32::try_from(minute).unwrap_or(i32::MAX)
        });
        self.count(vec![
            Arc::new(TimestampMicrosecondArray::from(ts).with_timezone("UTC")),
            Arc::new(Int32Array::from(minute)),
        ])?;
        write_group(self.writer.writer(), group)
            .map_err(|source| parquet_error(self.writer.path(), source))
    }

    /// Counts rows, of which it gets the columns whose statistics are kept.
    fn count(&mut self, columns: Vec<ArrayRef>) -> Result<(), LakeError> {
        let rows = RecordBatch::try_new(STATS_SCHEMA.clone(), columns)
            .map_err(|source| self.columns_error(source))?;
        self.stats
            .merge(&rows)
            .map_err(|error| table_error(&self.place, error))?;
        self.records += rows.num_rows() as u64;
        Ok(())
    }

    fn encode(&mut self, arrays: &[ArrayRef]) -> Result<(), ParquetError> {
        if self.columns.is_empty() {
            let group = self.writer.writer().flushed_row_groups().len();
            self.columns = self.factory.create_column_writers(group)?;
        }
        let fields = schema::ARROW.fields().iter().zip(&mut self.columns);
        for ((field, column), array) in fields.zip(arrays) {
            for leaf in compute_leaves(field, array)? {
                column.write(&leaf)?;
            }
        }
        Ok(())
    }

    /// Ends a row group of batches, if there is one.
    fn end_group(&mut self) -> Result<(), LakeError> {
        if self.group_rows == 0 {
            return Ok(());
        }
        self.group_rows = 0;
        let columns = std::mem::take(&mut self.columns);
        end_group(self.writer.writer(), columns)
            .map_err(|source| parquet_error(self.writer.path(), source))
    }

    /// Ends the file, whose final name begins with `stem`.
    pub fn finish(mut self, stem: &str) -> Result<Part, LakeError> {
        if let Err(error) = self.end_group() {
            self.abandon();
            return Err(error);
        }
        let stats = self
            .stats
            .finish()
            .and_then(|stats| stats.ok_or_else(|| KernelError::generic("a part has no rows")))
            .map_err(|error| table_error(&self.place, error))?;
        let (staged, flushing) = self.writer.finish_and_flush(self.place.is_folder())?;
        let file_name = file_name(stem, &staged.hash);
        Ok(Part {
            target: requests_folder(self.place.root()).join(&file_name),
            file_name,
            staged: staged.path,
            flushing,
            file_bytes: staged.bytes,
            modified_ms: crate::time_window::now_us() / 1_000,
            stats,
            records: self.records,
        })
    }

    pub fn abandon(self) {
        self.writer.abandon();
    }

    fn columns_error(&self, source: ArrowError) -> LakeError {
        LakeError::Columns {
            path: self.writer.path().to_owned(),
            source,
        }
    }
}

fn end_group(
    file: &mut SerializedFileWriter<HashedFile>,
    columns: Vec<ArrowColumnWriter>,
) -> Result<(), ParquetError> {
    let mut group = file.next_row_group()?;
    for column in columns {
        column.close()?.append_to_row_group(&mut group)?;
    }
    group.close()?;
    Ok(())
}

fn write_group(
    file: &mut SerializedFileWriter<HashedFile>,
    columns: Group<'_>,
) -> Result<(), ParquetError> {
    let declared = file.schema_descr().columns().to_vec();
    let (mut numbers, mut texts) = (columns.numbers.into_iter(), columns.texts.into_iter());
    let mut group = file.next_row_group()?;
    for (field, declared) in schema::ARROW.fields().iter().zip(declared) {
        let chunk = if is_text(field) {
            let rows = texts.next();
            rows.map(|rows| text_chunk(declared, rows, columns.zstd, zstd()))
        } else {
            let column = numbers.next();
            column.map(|column| column.end_chunk(declared, zstd()))
        };
        if let Some((bytes, close)) = chunk.transpose()? {
            group.append_column(&bytes, close)?;
        }
    }
    group.close()?;
    Ok(())
}

/// `rows` values, of which the first is the least one and all others are the greatest.
fn repeated<T: Copy>(rows: usize, range: (i64, i64), of: fn(i64) -> T) -> Vec<T> {
    let mut values = vec![of(range.1); rows];
    if let Some(first) = values.first_mut() {
        *first = of(range.0);
    }
    values
}

fn is_text(field: &Field) -> bool {
    *field.data_type() == schema::text()
}

fn table_error(place: &Place, source: KernelError) -> LakeError {
    LakeError::Table {
        path: requests_folder(place.root()),
        source: Box::new(source),
    }
}
