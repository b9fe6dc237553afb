//! Rejected lines as a Delta table of their own, so that other engines read them as they read requests.
//!
//! In: the ledger, which alone says what counts. Out: the log of `rejects/`, whose newest entry names
//! the files that the ledger names. It is a mirror: it follows a commit, never comes before it, and
//! is made equal by the next ingest when a process ended in between. What counts never depends on
//! it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::UNIX_EPOCH;

use arrow::array::StructArray;
use delta_kernel::KernelError;
use delta_kernel::schema as delta;
use delta_kernel_default_engine::stats::FileStatsAccumulator;

use super::commit::ATTEMPTS_MAX;
use super::table::{MirroredFile, Table};
use super::{Lake, LakeError, Ledger, io, rejects, rejects_folder};

/// The columns of a reject file as the table declares them.
static SCHEMA: LazyLock<delta_kernel::KernelResult<delta::SchemaRef>> = LazyLock::new(|| {
    let fields = rejects::SCHEMA.fields().iter().map(|field| {
        let data_type = match field.data_type() {
            arrow::datatypes::DataType::Int64 => delta::DataType::LONG,
            _ => delta::DataType::STRING,
        };
        delta::StructField::nullable(field.name().clone(), data_type)
    });
    Ok(Arc::new(delta::StructType::try_new(fields)?))
});

/// How far the table is from the ledger, in files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lag {
    /// Files of the ledger that the table does not show.
    pub missing: BTreeSet<String>,
    /// Files that the table shows and the ledger does not know, as after a log entry was moved away.
    pub unknown: BTreeSet<String>,
}

impl Lag {
    fn new(shown: BTreeSet<String>, ledger: &Ledger) -> Self {
        let states = ledger.iter();
        let wanted: BTreeSet<String> = states
            .flat_map(|(_, state)| state.reject_files.iter().cloned())
            .collect();
        Self {
            missing: wanted.difference(&shown).cloned().collect(),
            unknown: shown.difference(&wanted).cloned().collect(),
        }
    }

    /// Whether table and ledger say the same.
    pub fn is_none(&self) -> bool {
        self.missing.is_empty() && self.unknown.is_empty()
    }
}

impl Lake {
    /// Makes the table of rejected lines show what the ledger says, as every commit of such lines
    /// tries to: for what a process left that ended in between. Costs two looks at logs when it
    /// does already.
    ///
    /// # Errors
    /// When the disk refuses or a log is damaged. What was committed counts all the same.
    pub fn publish_rejects(&self) -> Result<(), LakeError> {
        let _turn = self.turn();
        self.mirror_rejects()
    }

    /// As [`Lake::publish_rejects`], for who has the turn.
    pub(super) fn mirror_rejects(&self) -> Result<(), LakeError> {
        let folder = rejects_folder(self.root());
        let table = Table::open_or_create_with(&folder, schema(&folder)?, &[])?;
        for _ in 0..ATTEMPTS_MAX {
            // The mirror first: whatever it shows is in the ledger that is read after it.
            let snapshot = table.snapshot()?;
            let shown = table.files(&snapshot)?.into_iter().map(|file| file.name);
            let lag = Lag::new(shown.collect(), &self.ledger()?);
            if lag.is_none() {
                return Ok(());
            }
            let names = lag.missing.iter();
            let added = names.map(|name| mirrored(&folder, name));
            let added = added.collect::<Result<Vec<_>, _>>()?;
            if table.mirror(&snapshot, &added, &lag.unknown)? {
                return Ok(());
            }
        }
        Err(LakeError::Contended(ATTEMPTS_MAX))
    }

    fn ledger(&self) -> Result<Ledger, LakeError> {
        let snapshot = self.table.snapshot()?;
        Ok(self.table.checked_state(&snapshot)?.ledger)
    }
}

/// How far the table of rejected lines of the lake at `root` is behind `ledger`.
///
/// # Errors
/// When its log cannot be read.
pub fn lag(root: &Path, ledger: &Ledger) -> Result<Lag, LakeError> {
    let folder = rejects_folder(root);
    if !Table::exists_in(&folder) {
        return Ok(Lag::new(BTreeSet::new(), ledger));
    }
    let table = Table::open_or_create_with(&folder, schema(&folder)?, &[])?;
    let files = table.files(&table.snapshot()?)?.into_iter();
    Ok(Lag::new(files.map(|file| file.name).collect(), ledger))
}

fn schema(folder: &Path) -> Result<delta::SchemaRef, LakeError> {
    match &*SCHEMA {
        Ok(schema) => Ok(Arc::clone(schema)),
        Err(error) => Err(table_error(folder, KernelError::generic(error.to_string()))),
    }
}

fn mirrored(folder: &Path, name: &str) -> Result<MirroredFile, LakeError> {
    let path = folder.join(name);
    let metadata = std::fs::metadata(&path).map_err(|source| io("look at", &path, source))?;
    let written = metadata
        .modified()
        .map_err(|source| io("look at", &path, source))?;
    let since = written.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(MirroredFile {
        name: name.to_owned(),
        bytes: metadata.len(),
        modified_ms: i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        stats: stats(folder, &path)?,
    })
}

/// The number of its rows, as the log states it.
fn stats(folder: &Path, path: &Path) -> Result<StructArray, LakeError> {
    let mut stats = FileStatsAccumulator::new(&[], &*schema(folder)?);
    for batch in rejects::batches(path)? {
        let merged = stats.merge(&batch?);
        merged.map_err(|error| table_error(folder, error))?;
    }
    let finished = stats
        .finish()
        .and_then(|stats| stats.ok_or_else(|| KernelError::generic("a reject file has no rows")));
    finished.map_err(|error| table_error(folder, error))
}

fn table_error(folder: &Path, source: KernelError) -> LakeError {
    LakeError::Table {
        path: folder.to_owned(),
        source: Box::new(source),
    }
}
