//! A table as one Parquet file of its own, for other programs.

use std::fs::File;
use std::path::Path;

use arrow::array::RecordBatch;
use parquet::arrow::ArrowWriter;

use super::parquet_file::{export_properties, parquet_error};
use super::{LakeError, io};

/// Writes a table to `path`; what was there is replaced at once, and stays when the disk refuses.
///
/// # Errors
/// When the disk refuses.
pub fn export_parquet(path: &Path, table: &RecordBatch) -> Result<(), LakeError> {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let staged = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = write(&staged, table)
        .and_then(|()| std::fs::rename(&staged, path).map_err(|source| io("write", path, source)));
    if written.is_err() {
        // Best effort: the error at hand says more than a failing removal would.
        let _ = std::fs::remove_file(&staged);
    }
    written
}

fn write(path: &Path, table: &RecordBatch) -> Result<(), LakeError> {
    let file = File::create(path).map_err(|source| io("write", path, source))?;
    let mut writer = ArrowWriter::try_new(
        file,
        table.schema(),
        Some(export_properties(&table.schema())),
    )
    .map_err(|source| parquet_error(path, source))?;
    writer
        .write(table)
        .map_err(|source| parquet_error(path, source))?;
    writer
        .close()
        .map(|_| ())
        .map_err(|source| parquet_error(path, source))
}
