//! Rejected lines as a Delta table of their own, so that other engines read them as they read requests.
//!
//! In: the ledger, which alone says what counts. Out: the log of `rejects/`, whose newest entry names
//! the files that the ledger names. It is a mirror: it follows a commit, never comes before it, and
//! is made equal by the next ingest when a process ended in between. What counts never depends on
//! it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use arrow::array::StructArray;
use delta_kernel::KernelError;
use delta_kernel::schema as delta;
use delta_kernel_default_engine::stats::FileStatsAccumulator;

use super::commit::ATTEMPTS_MAX;
use super::place::Place;
use super::table::{MirroredFile, Table, TableState};
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
        let place = &self.place;
        let folder = rejects_folder(place.root());
        let table = Table::open_or_create_with(place, &folder, schema(&folder)?, &[])?;
        for _ in 0..ATTEMPTS_MAX {
            // The mirror first: whatever it shows is in the ledger that is read after it.
            let snapshot = table.snapshot()?;
            let shown = table.files(&snapshot)?.into_iter().map(|file| file.name);
            let lag = Lag::new(shown.collect(), &self.state()?.ledger);
            if lag.is_none() {
                return Ok(());
            }
            let names = lag.missing.iter();
            let added = names.map(|name| mirrored(place, &folder, name));
            let added = added.collect::<Result<Vec<_>, _>>()?;
            if table.mirror(&snapshot, &added, &lag.unknown)? {
                return Ok(());
            }
        }
        Err(LakeError::Contended(ATTEMPTS_MAX))
    }

    fn state(&self) -> Result<Arc<TableState>, LakeError> {
        let snapshot = self.table.snapshot()?;
        self.table.checked_state(&snapshot)
    }
}

/// How far the table of rejected lines of the lake at `place` is behind `ledger`.
///
/// # Errors
/// When its log cannot be read.
pub fn lag(place: &Place, ledger: &Ledger) -> Result<Lag, LakeError> {
    let folder = rejects_folder(place.root());
    if !Table::exists_in(place, &folder)? {
        return Ok(Lag::new(BTreeSet::new(), ledger));
    }
    let table = Table::open_or_create_with(place, &folder, schema(&folder)?, &[])?;
    let files = table.files(&table.snapshot()?)?.into_iter();
    Ok(Lag::new(files.map(|file| file.name).collect(), ledger))
}

fn schema(folder: &Path) -> Result<delta::SchemaRef, LakeError> {
    match &*SCHEMA {
        Ok(schema) => Ok(Arc::clone(schema)),
        Err(error) => Err(table_error(folder, KernelError::generic(error.to_string()))),
    }
}

fn mirrored(place: &Place, folder: &Path, name: &str) -> Result<MirroredFile, LakeError> {
    let path = folder.join(name);
    let (bytes, written_us) = place
        .look_at(&path)
        .map_err(|source| io("look at", &path, source))?;
    Ok(MirroredFile {
        name: name.to_owned(),
        bytes,
        modified_ms: written_us / 1_000,
        stats: stats(place, folder, &path)?,
    })
}

/// The number of its rows, as the log states it.
fn stats(place: &Place, folder: &Path, path: &Path) -> Result<StructArray, LakeError> {
    let mut stats = FileStatsAccumulator::new(&[], &*schema(folder)?);
    for batch in rejects::batches(place, path)? {
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
