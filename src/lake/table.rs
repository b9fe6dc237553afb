//! The Delta table below the lake, spoken to through `delta_kernel`.
//!
//! In: parts that are already in their place. Out: one log entry, or the news that another writer
//! was faster. Files and log entries are flushed to the disk before a commit counts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use delta_kernel::committer::FileSystemCommitter;
use delta_kernel::object_store::local::LocalFileSystem;
use delta_kernel::snapshot::SnapshotRef;
use delta_kernel::transaction::create_table::create_table;
use delta_kernel::transaction::{CommitResult, UpdateTableOperation};
use delta_kernel::{FileMeta, KernelError, KernelResult, Snapshot};
use delta_kernel_default_engine::executor::tokio::TokioMultiThreadExecutor;
use delta_kernel_default_engine::parquet::DataFileMetadata;
use delta_kernel_default_engine::stats::FileStatsAccumulator;
use delta_kernel_default_engine::{DefaultEngine, DefaultEngineBuilder, build_add_file_metadata};
use url::Url;

use super::part::Part;
use super::{LakeError, ledger, schema};

type Engine = DefaultEngine<TokioMultiThreadExecutor>;

const ENGINE_INFO: &str = concat!("firedrill/", env!("CARGO_PKG_VERSION"));
/// A checkpoint is written every so many commits, so that opening a lake stays quick.
const CHECKPOINT_INTERVAL: u64 = 50;

/// What one log entry says.
pub struct TableCommit<'a> {
    pub parts: &'a [Part],
    /// `(application id, version)` pairs: the protocol's own mark of idempotence.
    pub transaction_ids: Vec<(String, i64)>,
    /// `(source identifier, state as JSON)` of every source that moved.
    pub sources: Vec<(String, String)>,
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

    pub fn open_or_create(folder: &Path) -> Result<Self, LakeError> {
        let table = Self::connect(folder)?;
        if !Self::exists_in(folder) {
            table.create().map_err(|error| table.error(error))?;
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

    fn create(&self) -> KernelResult<()> {
        let created = create_table(
            self.url.as_str(),
            schema::delta_schema()?,
            ENGINE_INFO,
            true,
        )
        .with_table_properties([
            ("delta.feature.domainMetadata", "supported"),
            ("delta.dataSkippingStatsColumns", schema::STATS_COLUMNS),
        ])
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

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn snapshot(&self) -> Result<SnapshotRef, LakeError> {
        Snapshot::builder_for(self.url.as_str())
            .build(&self.engine)
            .map_err(|error| self.error(error))
    }

    pub fn ledger(&self, snapshot: &SnapshotRef) -> Result<ledger::Ledger, LakeError> {
        let entries = snapshot
            .get_all_domain_metadata(&self.engine)
            .map_err(|error| self.error(error))?;
        let mut ledger = ledger::Ledger::default();
        for entry in entries {
            let Some(source_id) = entry.domain().strip_prefix(ledger::DOMAIN_PREFIX) else {
                continue;
            };
            let state = serde_json::from_str(entry.configuration()).map_err(|source| {
                LakeError::Ledger {
                    path: self.folder.clone(),
                    source,
                }
            })?;
            ledger.put(source_id.to_owned(), state);
        }
        Ok(ledger)
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
        let mut builder =
            snapshot
                .clone()
                .update_table(UpdateTableOperation::Write, ENGINE_INFO, true);
        for (source_id, json) in commit.sources {
            builder =
                builder.with_domain_metadata(format!("{}{source_id}", ledger::DOMAIN_PREFIX), json);
        }
        for (application, version) in commit.transaction_ids {
            builder = builder.with_transaction_id(application, version);
        }
        let mut transaction = builder.build(&self.engine, Box::new(FileSystemCommitter::new()))?;
        let context = transaction.write_state()?.write_context_builder().build()?;
        for part in commit.parts {
            let mut stats = FileStatsAccumulator::new(
                context.stats_columns(),
                context.physical_data_schema().as_ref(),
            );
            stats.merge(&part.stats_batch)?;
            let stats = stats
                .finish()?
                .ok_or_else(|| KernelError::generic("a part has no statistics"))?;
            let location = self.url.join(&part.file_name)?;
            let file = FileMeta::new(location, part.modified_ms, part.file_bytes);
            let metadata = DataFileMetadata::new(file, stats);
            transaction.add_files(build_add_file_metadata(metadata, &context)?);
        }
        match transaction.commit(&self.engine)? {
            CommitResult::Committed(committed) => {
                if committed.commit_version() % CHECKPOINT_INTERVAL == 0 {
                    self.checkpoint()?;
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
