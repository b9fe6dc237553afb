//! The Delta table below the lake, spoken to through `delta_kernel`.
//!
//! In: parts that are already in their place. Out: one log entry, or the news that another writer
//! was faster. Files and log entries are flushed to the disk before a commit counts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::StructArray;
use delta_kernel::committer::FileSystemCommitter;
use delta_kernel::schema::SchemaRef;
use delta_kernel::snapshot::SnapshotRef;
use delta_kernel::transaction::create_table::create_table;
use delta_kernel::transaction::{CommitResult, UpdateTableOperation};
use delta_kernel::{FileMeta, KernelError, KernelResult, Snapshot};
use delta_kernel_default_engine::build_add_file_metadata;
use delta_kernel_default_engine::parquet::DataFileMetadata;
use url::Url;

use super::kept_state::KeptState;
use super::ledger::{self, Ledger};
use super::part::Part;
use super::place::Place;
use super::seal::{self, Seal};
use super::{LakeError, io, log, schema};

const ENGINE_INFO: &str = concat!("firedrill/", env!("CARGO_PKG_VERSION"));
/// A checkpoint is written every so many commits, so that opening a lake stays quick.
const CHECKPOINT_INTERVAL: u64 = 50;
/// What the domain-metadata entries of facts begin with; the name follows.
pub const FACT_PREFIX: &str = "firedrill.";

/// What one log entry says.
pub struct TableCommit<'a> {
    pub parts: &'a [Part],
    /// Names of the files that the parts replace, row for row.
    pub replaced: &'a BTreeSet<String>,
    /// `(application id, version)` pairs: the protocol's own mark of idempotence.
    pub transaction_ids: Vec<(String, i64)>,
    /// `(domain, JSON)` of every source that moved and every fact that changed.
    pub domains: Vec<(String, String)>,
    /// The last line of the entry.
    pub seal: Seal,
}

/// A file that a mirror of the ledger is to show.
pub struct MirroredFile {
    pub name: String,
    pub bytes: u64,
    /// UTC ms since 1970.
    pub modified_ms: i64,
    /// One row: the number of rows.
    pub stats: StructArray,
}

/// What the domain-metadata entries of a snapshot say.
#[derive(Debug, Clone, Default)]
pub struct TableState {
    pub ledger: Ledger,
    /// Facts of the whole lake, JSON by name.
    pub facts: BTreeMap<String, String>,
    pub seal: Option<Seal>,
}

impl TableState {
    /// Puts an entry in; a later one replaces an earlier one, and those of other programs are passed over.
    pub fn put(&mut self, domain: &str, json: &str) -> serde_json::Result<()> {
        if let Some(source_id) = domain.strip_prefix(ledger::DOMAIN_PREFIX) {
            let source = serde_json::from_str(json)?;
            self.ledger.put(source_id.to_owned(), source);
        } else if domain == seal::DOMAIN {
            self.seal = Some(serde_json::from_str(json)?);
        } else if let Some(name) = domain.strip_prefix(FACT_PREFIX) {
            self.facts.insert(name.to_owned(), json.to_owned());
        }
        Ok(())
    }
}

#[derive(Debug)]
pub struct Table {
    place: Place,
    folder: PathBuf,
    url: Url,
    kept: KeptState,
}

impl Table {
    /// Whether `folder` holds a table with at least one commit or checkpoint.
    pub fn exists_in(place: &Place, folder: &Path) -> Result<bool, LakeError> {
        let log = folder.join("_delta_log");
        let is_entry = |name: &str| name.ends_with(".json") || name.ends_with(".parquet");
        place
            .has(&log, is_entry)
            .map_err(|source| io("list", &log, source))
    }

    /// The table of requests.
    pub fn open_or_create(place: &Place, folder: &Path) -> Result<Self, LakeError> {
        let properties = [
            ("delta.feature.domainMetadata", "supported".to_owned()),
            (
                "delta.dataSkippingStatsColumns",
                schema::STATS_COLUMNS.join(","),
            ),
        ];
        let declared = schema::delta_schema();
        let declared = declared.map_err(|source| LakeError::Table {
            path: folder.to_owned(),
            source: Box::new(source),
        })?;
        Self::open_or_create_with(place, folder, declared, &properties)
    }

    /// The table in `folder`; made with these columns and properties if there is none.
    pub fn open_or_create_with(
        place: &Place,
        folder: &Path,
        columns: SchemaRef,
        properties: &[(&str, String)],
    ) -> Result<Self, LakeError> {
        let table = Self {
            place: place.clone(),
            folder: folder.to_owned(),
            url: place
                .url(folder)
                .map_err(|source| io("open", folder, source))?,
            kept: KeptState::default(),
        };
        if !Self::exists_in(place, folder)? {
            table.create(columns, properties)?;
        }
        Ok(table)
    }

    fn create(&self, columns: SchemaRef, properties: &[(&str, String)]) -> Result<(), LakeError> {
        let engine = self.place.engine();
        let created = create_table(self.url.as_str(), columns, ENGINE_INFO, true)
            .with_table_properties(properties.iter().cloned())
            .build(engine, Box::new(FileSystemCommitter::new()))
            .and_then(|transaction| transaction.commit(engine));
        match created {
            Ok(_) => Ok(()),
            // Another process made it between our look and our commit.
            Err(error) => match Self::exists_in(&self.place, &self.folder) {
                Ok(true) => Ok(()),
                Ok(false) | Err(_) => Err(self.error(error)),
            },
        }
    }

    pub fn error(&self, source: KernelError) -> LakeError {
        match self.place.refusal(&source) {
            Some(refusal) => io("use", &self.folder, refusal),
            None => LakeError::Table {
                path: self.folder.clone(),
                source: Box::new(source),
            },
        }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn snapshot(&self) -> Result<SnapshotRef, LakeError> {
        Snapshot::builder_for(self.url.as_str())
            .build(self.place.engine())
            .map_err(|error| self.error(error))
    }

    /// Refuses a table that lacks a column of ours, unless it is one that the next commit declares.
    pub fn check_columns(&self) -> Result<(), LakeError> {
        let snapshot = self.snapshot()?;
        match schema::missing_column(&snapshot.schema()) {
            None => Ok(()),
            Some(column) => Err(LakeError::Outdated {
                path: self.folder.clone(),
                column,
            }),
        }
    }

    /// Ledger, facts and seal of a snapshot, as the whole log has them.
    pub fn state(&self, snapshot: &SnapshotRef) -> Result<Arc<TableState>, LakeError> {
        let entries = snapshot
            .get_all_domain_metadata(self.place.engine())
            .map_err(|error| self.error(error))?;
        let mut state = TableState::default();
        for entry in entries {
            let put = state.put(entry.domain(), entry.configuration());
            put.map_err(|source| LakeError::Ledger {
                path: self.folder.clone(),
                source,
            })?;
        }
        Ok(Arc::new(state))
    }

    /// As [`Table::state`], when the newest entry of the log is whole.
    pub fn checked_state(&self, snapshot: &SnapshotRef) -> Result<Arc<TableState>, LakeError> {
        let version = snapshot.version();
        let entry = |version| {
            let path = log::entry_path(&self.folder, version);
            self.place.read_text(&path).ok()
        };
        if let Some(state) = self.kept.at(version, entry)
            && self.entry_problem(version, &state)?.is_none()
        {
            return Ok(state);
        }
        let state = self.state(snapshot)?;
        match self.entry_problem(version, &state)? {
            None => {
                self.kept.keep(version, &state);
                Ok(state)
            }
            Some(why) => Err(LakeError::LogEntry {
                path: log::entry_path(&self.folder, version),
                why,
            }),
        }
    }

    /// What is wrong with the newest entry of the log; `None` when nothing is.
    pub fn entry_problem(
        &self,
        version: u64,
        state: &TableState,
    ) -> Result<Option<String>, LakeError> {
        let writer = log::writer_of(&self.place, &self.folder, version)?;
        Ok(seal::problem(version, writer, state.seal, &state.ledger))
    }

    /// The files of a snapshot, in the order of their names.
    pub fn files(&self, snapshot: &SnapshotRef) -> Result<Vec<log::LoggedFile>, LakeError> {
        log::files(snapshot, self.place.engine()).map_err(|error| self.error(error))
    }

    /// Writes the next log entry after `snapshot`; `false` when another writer took its number.
    pub fn commit(
        &self,
        snapshot: &SnapshotRef,
        commit: TableCommit<'_>,
    ) -> Result<bool, LakeError> {
        self.try_commit(snapshot, commit)
            .map_err(|error| self.error(error))
    }

    fn try_commit(&self, snapshot: &SnapshotRef, commit: TableCommit<'_>) -> KernelResult<bool> {
        let is_new_data = commit.replaced.is_empty();
        let operation = match is_new_data {
            true => UpdateTableOperation::Write,
            false => UpdateTableOperation::Optimize,
        };
        let mut builder = snapshot
            .clone()
            .update_table(operation, ENGINE_INFO, is_new_data);
        // A table of an older build declares a column of ours with the first entry that may use it.
        for field in schema::undeclared(&snapshot.schema()) {
            builder = builder.add_column(field);
        }
        for (domain, json) in commit.domains {
            builder = builder.with_domain_metadata(domain, json);
        }
        let seal = serde_json::to_string(&commit.seal).map_err(KernelError::generic_err)?;
        builder = builder.with_domain_metadata(seal::DOMAIN.to_owned(), seal);
        for (application, version) in commit.transaction_ids {
            builder = builder.with_transaction_id(application, version);
        }
        let mut transaction =
            builder.build(self.place.engine(), Box::new(FileSystemCommitter::new()))?;
        let context = transaction.write_state()?.write_context_builder().build()?;
        for part in commit.parts {
            let location = self.url.join(&part.file_name)?;
            let file = FileMeta::new(location, part.modified_ms, part.file_bytes);
            let metadata = DataFileMetadata::new(file, part.stats.clone());
            transaction.add_files(build_add_file_metadata(metadata, &context)?);
        }
        if !is_new_data {
            for removal in log::removals(snapshot, self.place.engine(), commit.replaced)? {
                transaction.remove_files(removal);
            }
        }
        self.is_committed(transaction.commit(self.place.engine())?)
    }

    /// Makes the table show `added` too, and `removed` no more; `false` when another writer took the
    /// number of the entry.
    pub fn mirror(
        &self,
        snapshot: &SnapshotRef,
        added: &[MirroredFile],
        removed: &BTreeSet<String>,
    ) -> Result<bool, LakeError> {
        self.try_mirror(snapshot, added, removed)
            .map_err(|error| self.error(error))
    }

    fn try_mirror(
        &self,
        snapshot: &SnapshotRef,
        added: &[MirroredFile],
        removed: &BTreeSet<String>,
    ) -> KernelResult<bool> {
        let builder = snapshot
            .clone()
            .update_table(UpdateTableOperation::Write, ENGINE_INFO, true);
        let mut transaction =
            builder.build(self.place.engine(), Box::new(FileSystemCommitter::new()))?;
        let context = transaction.write_state()?.write_context_builder().build()?;
        for file in added {
            let location = self.url.join(&file.name)?;
            let location = FileMeta::new(location, file.modified_ms, file.bytes);
            let metadata = DataFileMetadata::new(location, file.stats.clone());
            transaction.add_files(build_add_file_metadata(metadata, &context)?);
        }
        if !removed.is_empty() {
            for removal in log::removals(snapshot, self.place.engine(), removed)? {
                transaction.remove_files(removal);
            }
        }
        self.is_committed(transaction.commit(self.place.engine())?)
    }

    /// Whether the entry is in the log.
    fn is_committed(&self, result: CommitResult) -> KernelResult<bool> {
        match result {
            CommitResult::Committed(committed) => {
                if committed.commit_version() % CHECKPOINT_INTERVAL == 0 {
                    // The commit counts without it, and the next one is not far: it only makes
                    // opening quicker.
                    let _ = self.checkpoint();
                }
                Ok(true)
            }
            CommitResult::Conflicted(_) => Ok(false),
            CommitResult::Retryable(retryable) => Err(retryable.error),
        }
    }

    fn checkpoint(&self) -> KernelResult<()> {
        let snapshot = Snapshot::builder_for(self.url.as_str()).build(self.place.engine())?;
        snapshot.checkpoint(self.place.engine(), None)?;
        Ok(())
    }
}
