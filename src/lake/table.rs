//! The Delta table below the lake, spoken to through `delta_kernel`.
//!
//! In: parts that are already in their place. Out: one log entry, or the news that another writer
//! was faster. Files and log entries are flushed to the disk before a commit counts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::StructArray;
use delta_kernel::committer::FileSystemCommitter;
use delta_kernel::object_store::local::LocalFileSystem;
use delta_kernel::schema::SchemaRef;
use delta_kernel::snapshot::SnapshotRef;
use delta_kernel::transaction::create_table::create_table;
use delta_kernel::transaction::{CommitResult, UpdateTableOperation};
use delta_kernel::{FileMeta, KernelError, KernelResult, Snapshot};
use delta_kernel_default_engine::executor::tokio::TokioMultiThreadExecutor;
use delta_kernel_default_engine::parquet::DataFileMetadata;
use delta_kernel_default_engine::{DefaultEngine, DefaultEngineBuilder, build_add_file_metadata};
use url::Url;

use super::ledger::{self, Ledger};
use super::part::Part;
use super::seal::{self, Seal};
use super::{LakeError, log, schema};

pub type Engine = DefaultEngine<TokioMultiThreadExecutor>;

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
#[derive(Debug, Default)]
pub struct TableState {
    pub ledger: Ledger,
    /// Facts of the whole lake, JSON by name.
    pub facts: BTreeMap<String, String>,
    pub seal: Option<Seal>,
}

pub struct Table {
    folder: PathBuf,
    url: Url,
    engine: Engine,
    // The engine's executor runs on this runtime, so it must live as long.
    _runtime: tokio::runtime::Runtime,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Table").field(&self.folder).finish()
    }
}

impl Table {
    /// Whether `folder` holds a table with at least one commit or checkpoint.
    pub fn exists_in(folder: &Path) -> bool {
        std::fs::read_dir(folder.join("_delta_log")).is_ok_and(|mut entries| {
            entries.any(|entry| {
                entry.is_ok_and(|entry| {
                    let path = entry.path();
                    path.extension()
                        .is_some_and(|extension| extension == "json" || extension == "parquet")
                })
            })
        })
    }

    /// The table of requests.
    pub fn open_or_create(folder: &Path) -> Result<Self, LakeError> {
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
        Self::open_or_create_with(folder, declared, &properties)
    }

    /// The table in `folder`; made with these columns and properties if there is none.
    pub fn open_or_create_with(
        folder: &Path,
        columns: SchemaRef,
        properties: &[(&str, String)],
    ) -> Result<Self, LakeError> {
        let table = Self::connect(folder)?;
        if !Self::exists_in(folder) {
            let created = table.create(columns, properties);
            created.map_err(|error| table.error(error))?;
        }
        Ok(table)
    }

    fn connect(folder: &Path) -> Result<Self, LakeError> {
        let url = Url::from_directory_path(folder).map_err(|()| LakeError::NotALake {
            path: folder.to_owned(),
            why: "its path is not absolute".to_owned(),
        })?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("lake")
            .enable_all()
            .build()
            .map_err(|source| super::io("start the runtime of", folder, source))?;
        let executor = TokioMultiThreadExecutor::new(runtime.handle().clone());
        let store = LocalFileSystem::new().with_fsync(true);
        let engine = DefaultEngineBuilder::new(Arc::new(store))
            .with_task_executor(Arc::new(executor))
            .build();
        Ok(Self {
            folder: folder.to_owned(),
            url,
            engine,
            _runtime: runtime,
        })
    }

    fn create(&self, columns: SchemaRef, properties: &[(&str, String)]) -> KernelResult<()> {
        let created = create_table(self.url.as_str(), columns, ENGINE_INFO, true)
            .with_table_properties(properties.iter().cloned())
            .build(&self.engine, Box::new(FileSystemCommitter::new()))
            .and_then(|transaction| transaction.commit(&self.engine));
        match created {
            // Another process made it between our look and our commit.
            Err(_) if Self::exists_in(&self.folder) => Ok(()),
            other => other.map(|_| ()),
        }
    }

    pub fn error(&self, source: KernelError) -> LakeError {
        LakeError::Table {
            path: self.folder.clone(),
            source: Box::new(source),
        }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn snapshot(&self) -> Result<SnapshotRef, LakeError> {
        Snapshot::builder_for(self.url.as_str())
            .build(&self.engine)
            .map_err(|error| self.error(error))
    }

    /// Refuses a table that lacks a column of ours.
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

    /// Ledger, facts and seal of a snapshot, as they are.
    pub fn state(&self, snapshot: &SnapshotRef) -> Result<TableState, LakeError> {
        let entries = snapshot
            .get_all_domain_metadata(&self.engine)
            .map_err(|error| self.error(error))?;
        let mut state = TableState::default();
        let damaged = |source| LakeError::Ledger {
            path: self.folder.clone(),
            source,
        };
        for entry in entries {
            let json = entry.configuration();
            let domain = entry.domain();
            if let Some(source_id) = domain.strip_prefix(ledger::DOMAIN_PREFIX) {
                let source = serde_json::from_str(json).map_err(damaged)?;
                state.ledger.put(source_id.to_owned(), source);
            } else if domain == seal::DOMAIN {
                state.seal = Some(serde_json::from_str(json).map_err(damaged)?);
            } else if let Some(name) = domain.strip_prefix(FACT_PREFIX) {
                state.facts.insert(name.to_owned(), json.to_owned());
            }
        }
        Ok(state)
    }

    /// As [`Table::state`], when the newest entry of the log is whole.
    pub fn checked_state(&self, snapshot: &SnapshotRef) -> Result<TableState, LakeError> {
        let state = self.state(snapshot)?;
        match self.entry_problem(snapshot.version(), &state)? {
            None => Ok(state),
            Some(why) => Err(LakeError::LogEntry {
                path: log::entry_path(&self.folder, snapshot.version()),
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
        let writer = log::writer_of(&self.folder, version)?;
        Ok(seal::problem(version, writer, state.seal, &state.ledger))
    }

    /// The files of a snapshot, in the order of their names.
    pub fn files(&self, snapshot: &SnapshotRef) -> Result<Vec<log::LoggedFile>, LakeError> {
        log::files(snapshot, &self.engine).map_err(|error| self.error(error))
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
        for (domain, json) in commit.domains {
            builder = builder.with_domain_metadata(domain, json);
        }
        let seal = serde_json::to_string(&commit.seal).map_err(KernelError::generic_err)?;
        builder = builder.with_domain_metadata(seal::DOMAIN.to_owned(), seal);
        for (application, version) in commit.transaction_ids {
            builder = builder.with_transaction_id(application, version);
        }
        let mut transaction = builder.build(&self.engine, Box::new(FileSystemCommitter::new()))?;
        let context = transaction.write_state()?.write_context_builder().build()?;
        for part in commit.parts {
            let location = self.url.join(&part.file_name)?;
            let file = FileMeta::new(location, part.modified_ms, part.file_bytes);
            let metadata = DataFileMetadata::new(file, part.stats.clone());
            transaction.add_files(build_add_file_metadata(metadata, &context)?);
        }
        if !is_new_data {
            for removal in log::removals(snapshot, &self.engine, commit.replaced)? {
                transaction.remove_files(removal);
            }
        }
        self.is_committed(transaction.commit(&self.engine)?)
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
        let mut transaction = builder.build(&self.engine, Box::new(FileSystemCommitter::new()))?;
        let context = transaction.write_state()?.write_context_builder().build()?;
        for file in added {
            let location = self.url.join(&file.name)?;
            let location = FileMeta::new(location, file.modified_ms, file.bytes);
            let metadata = DataFileMetadata::new(location, file.stats.clone());
            transaction.add_files(build_add_file_metadata(metadata, &context)?);
        }
        if !removed.is_empty() {
            for removal in log::removals(snapshot, &self.engine, removed)? {
                transaction.remove_files(removal);
            }
        }
        self.is_committed(transaction.commit(&self.engine)?)
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
        let snapshot = Snapshot::builder_for(self.url.as_str()).build(&self.engine)?;
        snapshot.checkpoint(&self.engine, None)?;
        Ok(())
    }
}
