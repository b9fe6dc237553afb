//! The rows of a lake as any Parquet reader sees them: without firedrill.

use std::fs::File;
use std::path::Path;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::temp_folder::{TempFolder, files_below};

/// What a request is, whatever the source is called and the key of the lake is.
const RECORD_COLUMNS: [&str; 11] = [
    "position",
    "ts",
    "origin",
    "service",
    "method",
    "route",
    "status",
    "latency_us",
    "latency_bucket",
    "bytes_out",
    "error",
];

/// Every request in the lake `name`, as text, in the order of the positions.
pub fn records(folder: &TempFolder, name: &str) -> Vec<Vec<String>> {
    let mut rows = rows(&folder.join(name).join("requests"), &RECORD_COLUMNS);
    rows.sort_by_key(|row| row[0].parse::<u64>().ok());
    rows
}

/// The named columns of every Parquet file below `root`, as text; nulls are empty.
pub fn rows(root: &Path, columns: &[&str]) -> Vec<Vec<String>> {
    let files = files_below(root);
    let parts = files.iter().filter(|file| {
        file.extension()
            .is_some_and(|extension| extension == "parquet")
    });
    parts.flat_map(|file| file_rows(file, columns)).collect()
}

fn file_rows(file: &Path, columns: &[&str]) -> Vec<Vec<String>> {
    let opened = File::open(file).expect("a part can be opened");
    let reader = ParquetRecordBatchReaderBuilder::try_new(opened)
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .expect("a part is a Parquet file");
    let mut rows = Vec::new();
    for batch in reader {
        let batch = batch.expect("a part can be read");
        let options = FormatOptions::default();
        let shown: Vec<_> = columns
            .iter()
            .map(|name| {
                let column = batch.column_by_name(name).expect("the column is there");
                ArrayFormatter::try_new(column, &options).expect("the type can be shown")
            })
            .collect();
        rows.extend((0..batch.num_rows()).map(|row| {
            shown
                .iter()
                .map(|column| column.value(row).to_string())
                .collect::<Vec<_>>()
        }));
    }
    rows
}
