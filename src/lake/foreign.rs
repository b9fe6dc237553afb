//! Files that another program left for us, and a folder where it may leave them.
//!
//! In: the path of a Parquet file of whatever origin. Out: its rows, batch by batch. Nothing in it is
//! believed here: whoever reads checks columns and values.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use arrow::array::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::parquet_file::parquet_error;
use super::{Lake, LakeError, io};

/// Rows of a batch.
const FOREIGN_BATCH_ROWS: usize = 65_536;

/// Hands every batch of a Parquet file, in the order of its rows, to `each`.
///
/// # Errors
/// When the file is missing or no Parquet file, or what `each` returns.
pub fn read_parquet<E: From<LakeError>>(
    path: &Path,
    mut each: impl FnMut(&RecordBatch) -> Result<(), E>,
) -> Result<(), E> {
    let file = File::open(path).map_err(|source| io("read", path, source))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(|builder| builder.with_batch_size(FOREIGN_BATCH_ROWS).build())
        .map_err(|source| parquet_error(path, source))?;
    for batch in reader {
        let batch = batch.map_err(|source| LakeError::Columns {
            path: path.to_owned(),
            source,
        })?;
        each(&batch)?;
    }
    Ok(())
}

/// What the names of folders begin with in which other programs work.
const WORK_PREFIX: &str = "work-";
/// A folder that nobody wrote to for so long was left behind.
const WORK_AGE_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl Lake {
    /// A new, empty folder beside the staged files of the lake, for a program that works on the lake's
    /// behalf; nothing in it counts. Those that were left behind a week ago are removed.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn work_folder(&self, name: &str) -> Result<PathBuf, LakeError> {
        let staging = self.place.staging();
        for entry in std::fs::read_dir(&staging).into_iter().flatten().flatten() {
            let is_work = entry.file_name().to_string_lossy().starts_with(WORK_PREFIX);
            let written = entry.metadata().and_then(|metadata| metadata.modified());
            let age = written.map(|written| written.elapsed().unwrap_or_default());
            if is_work && age.is_ok_and(|age| age > WORK_AGE_MAX) {
                // It takes space and does no harm.
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
        let folder = staging.join(format!("{WORK_PREFIX}{name}"));
        std::fs::create_dir_all(&folder).map_err(|source| io("create", &folder, source))?;
        Ok(folder)
    }
}
