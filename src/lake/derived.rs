//! What was computed from the table and can be computed again: kept so that it need not be.
//!
//! In: tables and small texts under a stem. Out: the same, or nothing when it is gone, cut or flipped:
//! the hash of a file is part of its name and is compared at every reading. No commit names these
//! files; removing any of them costs time and nothing else.

use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::parquet_file::{StagedWriter, derived_properties, file_name, hash_in_name};
use super::{Lake, LakeError, io};

/// The folder of the lake at `root` that holds what can be computed again.
pub(super) fn folder(root: &Path) -> PathBuf {
    root.join("derived")
}

impl Lake {
    /// Names of everything that is kept, in the order of the names.
    #[must_use]
    pub fn derived_names(&self) -> Vec<String> {
        let files = self.place.list(&folder(self.root()));
        let mut names: Vec<String> = files
            .into_iter()
            .flatten()
            .filter_map(|file| Some(file.path.file_name()?.to_str()?.to_owned()))
            .collect();
        names.sort_unstable();
        names
    }

    /// Keeps a table; returns its name, which begins with `stem`.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write_derived(&self, stem: &str, table: &RecordBatch) -> Result<String, LakeError> {
        self.make_folder()?;
        let properties = derived_properties();
        let mut writer = StagedWriter::create(&self.place, stem, table.schema(), properties)?;
        if let Err(error) = writer.write(table) {
            writer.abandon();
            return Err(error);
        }
        let staged = writer.finish()?;
        let name = file_name(stem, &staged.hash);
        let target = folder(self.root()).join(&name);
        self.place
            .publish(&[(staged.path.as_path(), target.as_path())], &[])
            .map_err(|(path, source)| io("write", &path, source))?;
        Ok(name)
    }

    /// The table that is kept under `name`, its columns in the order they were written; `None`
    /// when it is gone or damaged.
    #[must_use]
    pub fn read_derived(&self, name: &str) -> Option<RecordBatch> {
        let bytes = self.place.read(&folder(self.root()).join(name)).ok()?;
        let hash = blake3::hash(&bytes).to_hex();
        if !hash.starts_with(hash_in_name(name)?) {
            return None;
        }
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).ok()?;
        let schema = std::sync::Arc::clone(reader.schema());
        // A batch is as large as the table: memory for more would be cleared and never used.
        let rows = reader.metadata().file_metadata().num_rows();
        let rows = usize::try_from(rows).ok()?.max(1);
        let reader = reader.with_batch_size(rows).build().ok()?;
        let batches = reader.collect::<Result<Vec<_>, _>>().ok()?;
        match batches.as_slice() {
            [one] => Some(one.clone()),
            several => concat_batches(&schema, several).ok(),
        }
    }

    /// Keeps a text; replaces what had this name at once.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write_derived_text(&self, name: &str, text: &str) -> Result<(), LakeError> {
        self.make_folder()?;
        let process = std::process::id();
        let target = folder(self.root()).join(name);
        let hash = blake3::hash(text.as_bytes()).to_hex();
        let content = format!("{hash}\n{text}");
        self.place
            .replace(&target, &format!("{process}-{name}"), &content, false)
            .map_err(|source| io("write", &target, source))
    }

    /// The text that is kept under `name`; `None` when it is gone or damaged.
    #[must_use]
    pub fn read_derived_text(&self, name: &str) -> Option<String> {
        let kept = self.place.read_text(&folder(self.root()).join(name)).ok()?;
        let (hash, text) = kept.split_once('\n')?;
        (blake3::hash(text.as_bytes()).to_hex().as_str() == hash).then(|| text.to_owned())
    }

    /// Forgets what is kept under `name`; a file that cannot be removed is left.
    pub fn remove_derived(&self, name: &str) {
        // It takes space and does no harm: what is not listed is not read.
        let _ = self
            .place
            .remove(&[folder(self.root()).join(name).as_path()]);
    }

    fn make_folder(&self) -> Result<(), LakeError> {
        for folder in [folder(self.root()), self.place.staging()] {
            self.place
                .make_folder(&folder)
                .map_err(|source| io("create", &folder, source))?;
        }
        Ok(())
    }
}
