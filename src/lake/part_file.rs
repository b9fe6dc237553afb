//! The file of a part, column by column.
//!
//! In: batches of rows; or columns of numbers, batch by batch, and at the end of a row group its texts,
//! which are numbered already. Out: a staged file and its statistics.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use delta_kernel::KernelError;
use delta_kernel::expressions::ColumnName;
use delta_kernel_default_engine::stats::FileStatsAccumulator;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;
use zstd::bulk::Compressor;

use super::parquet_file::{
    ColumnsWriter, HashedFile, ROW_GROUP_ROWS, StagedWriter, file_name, parquet_error,
    request_properties, zstd,
};
use super::part::Part;
use super::place::Place;
use super::text_chunk::{Texts, ZSTD_LEVEL, text_chunk};
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

    /// Rows of the row group at hand.
    pub fn group_rows(&self) -> usize {
        self.group_rows
    }

    /// Writes rows of the lake's schema.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        self.write_columns(batch.columns(), |_| true)?;
        if self.group_rows >= ROW_GROUP_ROWS {
            self.end_group(&[])?;
        }
        Ok(())
    }

    /// Writes the columns of numbers, in the order of the schema. Their texts follow with
    /// [`PartFileWriter::end_group`].
    pub fn write_numbers(&mut self, numbers: &[ArrayRef]) -> Result<(), LakeError> {
        self.write_columns(numbers, |field| !is_text(field))
    }

    fn write_columns(
        &mut self,
        arrays: &[ArrayRef],
        is_given: fn(&Field) -> bool,
    ) -> Result<(), LakeError> {
        let stats = arrays[..STATS_SCHEMA.fields().len()].to_vec();
        let stats = RecordBatch::try_new(STATS_SCHEMA.clone(), stats)
            .map_err(|source| self.columns_error(source))?;
        self.stats
            .merge(&stats)
            .map_err(|error| table_error(&self.place, error))?;
        self.records += stats.num_rows() as u64;
        self.group_rows += stats.num_rows();
        self.encode(arrays, is_given)
            .map_err(|source| parquet_error(self.writer.path(), source))
    }

    fn encode(
        &mut self,
        arrays: &[ArrayRef],
        is_given: fn(&Field) -> bool,
    ) -> Result<(), ParquetError> {
        if self.columns.is_empty() {
            let group = self.writer.writer().flushed_row_groups().len();
            self.columns = self.factory.create_column_writers(group)?;
        }
        let fields = schema::ARROW.fields().iter().zip(&mut self.columns);
        let given = fields.filter(|(field, _)| is_given(field));
        for ((field, column), array) in given.zip(arrays) {
            for leaf in compute_leaves(field, array)? {
                column.write(&leaf)?;
            }
        }
        Ok(())
    }

    /// Ends a row group, if there is one. `texts` are those of its rows, in the order of the schema,
    /// unless they were written with the rows.
    pub fn end_group(&mut self, texts: &[&Texts]) -> Result<(), LakeError> {
        if self.group_rows == 0 {
            return Ok(());
        }
        self.group_rows = 0;
        let columns = std::mem::take(&mut self.columns);
        end_group(self.writer.writer(), columns, texts)
            .map_err(|source| parquet_error(self.writer.path(), source))
    }

    /// Ends the file, whose final name begins with `stem`.
    pub fn finish(mut self, stem: &str) -> Result<Part, LakeError> {
        if let Err(error) = self.end_group(&[]) {
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
    texts: &[&Texts],
) -> Result<(), ParquetError> {
    let declared = file.schema_descr().columns().to_vec();
    let mut compressor = Compressor::new(ZSTD_LEVEL)?;
    let mut texts = texts.iter();
    let mut group = file.next_row_group()?;
    let fields = schema::ARROW.fields().iter();
    for ((field, column), declared) in fields.zip(columns).zip(declared) {
        match texts.as_slice() {
            [rows, ..] if is_text(field) => {
                let (bytes, close) = text_chunk(declared, rows, &mut compressor, zstd())?;
                group.append_column(&bytes, close)?;
                texts.next();
            }
            _ => column.close()?.append_to_row_group(&mut group)?,
        }
    }
    group.close()?;
    Ok(())
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
