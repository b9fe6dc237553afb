//! Columns of a file that need not be read, because its footer tells all of them.
//!
//! In: the footer of a part. Out: which of the wanted columns are known, and batches with them filled in.

use std::sync::Arc;

use arrow::array::{Int32Array, RecordBatch};
use arrow::datatypes::DataType;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::column::page::{Page, PageReader};
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::file::statistics::Statistics;

use super::place::PlaceFile;
use super::schema::{self, column};

/// A column chunk without any text is smaller; the dictionaries of larger ones are not looked at.
const EMPTY_COLUMN_BYTES_MAX: i64 = 4_096;

/// What a footer tells of all rows of a column, so that it need not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// No row has a text: the dictionaries are empty. The Arrow reader hashes every row of such a
    /// column, which takes longer than reading all others.
    NoText,
    /// Every weight is 1, or left out for 1: a log that is not sampled.
    WeightOne,
    /// The file is older than the column: no row has a value.
    Absent,
}

/// The columns of which the footer tells everything.
pub fn known_columns<'a>(
    file: &PlaceFile,
    metadata: &ArrowReaderMetadata,
    columns: &[&'a str],
) -> Vec<(&'a str, Known)> {
    let Ok(file) = file.share() else {
        return Vec::new();
    };
    let file = Arc::new(file);
    let groups = metadata.metadata().row_groups();
    let of_group = |name: &str, group: &RowGroupMetaData| {
        let chunks = group.columns().iter();
        let mut chunks = chunks.filter(|chunk| chunk.column_path().string() == name);
        let chunk = chunks.next()?;
        let is_small = chunk.dictionary_page_offset().is_some()
            && chunk.compressed_size() < EMPTY_COLUMN_BYTES_MAX;
        match is_small && has_empty_dictionary(&file, group, chunk) {
            true => Some(Known::NoText),
            false => (name == column::WEIGHT && is_one(chunk)).then_some(Known::WeightOne),
        }
    };
    let has = |name: &str| metadata.schema().column_with_name(name).is_some();
    let known = |name: &str| {
        if schema::is_added(name) && !has(name) {
            return Some(Known::Absent);
        }
        let mut of_groups = groups.iter().map(|group| of_group(name, group));
        let first = of_groups.next()??;
        of_groups.all(|other| other == Some(first)).then_some(first)
    };
    let known = columns.iter().map(|name| Some((*name, known(name)?)));
    known.flatten().collect()
}

/// Whether all weights of a column chunk are 1, or left out for 1.
pub fn is_one(chunk: &ColumnChunkMetaData) -> bool {
    match chunk.statistics() {
        Some(Statistics::Int32(numbers)) => {
            numbers.min_opt() == Some(&1) && numbers.max_opt() == Some(&1)
        }
        _ => false,
    }
}

fn has_empty_dictionary(
    file: &Arc<PlaceFile>,
    group: &RowGroupMetaData,
    chunk: &ColumnChunkMetaData,
) -> bool {
    let rows = usize::try_from(group.num_rows()).unwrap_or(0);
    let pages = SerializedPageReader::new(Arc::clone(file), chunk, rows, None);
    let first = pages.and_then(|mut pages| pages.get_next_page());
    matches!(first, Ok(Some(Page::DictionaryPage { num_values: 0, .. })))
}

/// The columns that have to be read.
pub fn unknown<'a>(columns: &[&'a str], known: &[(&str, Known)]) -> Vec<&'a str> {
    let is_known = |name: &str| known.iter().any(|(known, _)| *known == name);
    let unknown = columns.iter().filter(|name| !is_known(name));
    unknown.copied().collect()
}

/// The columns in the order that was asked for, texts as dictionaries.
pub fn with_dictionaries(
    batch: &RecordBatch,
    columns: &[&str],
    known: &[(&str, Known)],
) -> Result<RecordBatch, arrow::error::ArrowError> {
    let text = schema::text();
    let rows = batch.num_rows();
    let picked = columns.iter().map(|name| {
        let known = known.iter().find(|(known, _)| known == name);
        if let Some((_, known)) = known {
            let array = match known {
                Known::NoText => arrow::array::new_null_array(&text, rows),
                Known::WeightOne => Arc::new(Int32Array::from_value(1, rows)),
                Known::Absent => {
                    let declared = schema::ARROW.field_with_name(name)?;
                    arrow::array::new_null_array(declared.data_type(), rows)
                }
            };
            return Ok((*name, array, true));
        }
        let column = batch.column_by_name(name).ok_or_else(|| {
            arrow::error::ArrowError::SchemaError(format!("column `{name}` is missing"))
        })?;
        let array = match column.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                arrow::compute::cast(column, &text)?
            }
            _ => Arc::clone(column),
        };
        Ok((*name, array, true))
    });
    let picked = picked.collect::<Result<Vec<_>, arrow::error::ArrowError>>()?;
    RecordBatch::try_from_iter_with_nullable(picked)
}
