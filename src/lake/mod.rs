//! The lake: every request ever seen, in a Delta table that other engines can read too.
//!
//! In: [`RequestRecord`](crate::request_record::RequestRecord)s and rejected lines, in parts. Out:
//! Arrow batches, and the ledger of what was read from where. The only module that knows Parquet
//! files. Reading order: [`Lake`], [`PartWriter`], [`Commit`], [`LakeReader`].
//!
//! ```text
//! lake/
//!   key                    32 random bytes in hex: the key of the shopper hashes (mode 0600)
//!   requests/              the Delta table
//!     _delta_log/          one entry per commit: parts, transaction ids, the ledger of sources
//!     part-….parquet       named by source, byte range and content, so a repeated write is the same
//!     part-compact-….parquet  the rows of many small parts, in the order of time
//!   rejects/               lines that were not understood, one file per part that had any; a Delta
//!                          table, too, whose log follows the ledger
//!   derived/               what was computed from the table and can be computed again
//!   runs/                  facts of each rehearsal that its requests do not hold, as JSON
//!   lock                   held by whoever commits
//!   _staging/              files on their way; nothing in here counts
//! ```

mod columns;
mod commit;
mod compact;
mod derived;
mod digest;
mod export;
mod finding;
mod flushing;
mod foreign;
mod identity;
mod ledger;
mod log;
mod number_column;
mod parquet_file;
mod part;
mod part_file;
mod reader;
mod reject_table;
mod rejects;
mod runs;
mod schema;
mod seal;
mod table;
mod text_chunk;
mod text_column;
mod vacuum;
mod verify;

use std::path::{Path, PathBuf};

use thiserror::Error;

pub use commit::{Commit, CommitOutcome, FACT_BYTES_MAX};
pub use compact::{CompactOutcome, CompactPlan, compact};
pub use digest::{ROW_KEYS_MAX, RowsBelow, row_digest};
pub use export::export_parquet;
pub use finding::Finding;
pub use foreign::read_parquet;
pub use identity::{HEAD_BYTES, Head, HeadPrint, Recognised};
pub use ledger::{Ledger, SourceKind, SourceState};
pub use part::{Part, PartName, PartWriter};
pub use reader::{LakeReader, PartFile, RowFilter};
pub use rejects::{RejectPart, RejectWriter, RejectedLine, TEXT_BYTES_MAX};
pub use schema::column;
pub use vacuum::{VacuumPlan, VacuumedFile, vacuum};
pub use verify::verify;

use part::SpareColumns;
use table::Table;

/// Why the lake could not be read or written.
#[derive(Debug, Error)]
pub enum LakeError {
    /// There is no folder at the path.
    #[error("no lake at `{0}` (hint: `firedrill ingest FILE` or `firedrill rehearse` makes one)")]
    Missing(PathBuf),
    /// The path is a folder or file of something else.
    #[error("`{path}` is not a lake: {why} (hint: name another folder with --lake)")]
    NotALake {
        /// The path that was named.
        path: PathBuf,
        /// What was found instead.
        why: String,
    },
    /// The operating system refused.
    #[error("cannot {doing} `{path}`: {source}{}", cure(.source))]
    Io {
        /// What was being done, e.g. `write`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The refusal.
        source: std::io::Error,
    },
    /// The Delta table is damaged, or the file system refused below it.
    #[error("lake table `{path}`: {source}{}", table_cure(.source.as_ref()))]
    Table {
        /// The folder of the table.
        path: PathBuf,
        /// What the table library said.
        source: Box<delta_kernel::KernelError>,
    },
    /// A Parquet file is damaged, or could not be written.
    #[error("parquet file `{path}`: {source} (hint: `firedrill lake verify` says what is damaged)")]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the Parquet library said.
        source: parquet::errors::ParquetError,
    },
    /// Columns do not have the types that the schema promises.
    #[error("columns of `{path}` are not those of a lake: {source}")]
    Columns {
        /// The file.
        path: PathBuf,
        /// What the Arrow library said.
        source: arrow::error::ArrowError,
    },
    /// The ledger in the table's log cannot be understood.
    #[error("the ledger of sources in `{path}` is damaged: {source}")]
    Ledger {
        /// The folder of the table.
        path: PathBuf,
        /// What the JSON reader said.
        source: serde_json::Error,
    },
    /// The lake was made by an older build, with fewer columns.
    #[error(
        "the lake table `{path}` was made by an older firedrill: it has no column `{column}` (hint: ingest the logs into another --lake)"
    )]
    Outdated {
        /// The folder of the table.
        path: PathBuf,
        /// The first column that is missing.
        column: &'static str,
    },
    /// The newest entry of the table's log is not whole.
    #[error(
        "log entry `{path}` is damaged: {why} (hint: without this file the lake is as it was before that commit; move it away, and ingest again what was ingested then)"
    )]
    LogEntry {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A file, or the whole table, does not hold what the log says.
    #[error("`{path}` is damaged: {why} (hint: `firedrill lake verify` says what is damaged)")]
    Damaged {
        /// The file or the folder of the table.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// There are too many row keys to compare with.
    #[error(
        "there are more than {max} row keys from this time in the lake (hint: ingest smaller ranges of time)"
    )]
    RowKeys {
        /// [`ROW_KEYS_MAX`].
        max: usize,
    },
    /// A fact of the lake cannot be kept.
    #[error("the fact `{name}` cannot be kept: {why}")]
    Fact {
        /// Its name.
        name: String,
        /// Why not.
        why: String,
    },
    /// Other writers were faster, again and again.
    #[error(
        "gave up after {0} attempts to commit: other writers were always faster (hint: run it again)"
    )]
    Contended(u32),
}

fn cure(source: &std::io::Error) -> &'static str {
    match source.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            " (hint: free some space and run it again; what was committed before is kept)"
        }
        std::io::ErrorKind::PermissionDenied => {
            " (hint: choose a folder you may write with --lake)"
        }
        _ => "",
    }
}

/// The table library wraps what the operating system says several times over.
fn table_cure(error: &(dyn std::error::Error + 'static)) -> &'static str {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(refusal) = error.downcast_ref::<std::io::Error>() {
            return cure(refusal);
        }
        cause = error.source();
    }
    " (hint: `firedrill lake verify` says what is damaged)"
}

/// A lake on a local folder.
#[derive(Debug)]
pub struct Lake {
    root: PathBuf,
    table: Table,
    spare_columns: SpareColumns,
}

impl Lake {
    /// The lake at `root`, which must exist.
    ///
    /// # Errors
    /// [`LakeError::Missing`], [`LakeError::NotALake`] or [`LakeError::Outdated`], and whatever the
    /// file system refuses.
    pub fn open(root: &Path) -> Result<Self, LakeError> {
        if !root.exists() {
            return Err(LakeError::Missing(root.to_owned()));
        }
        if !root.is_dir() {
            return Err(not_a_lake(root, "it is a file"));
        }
        if !Table::exists_in(&requests_folder(root)) {
            return Err(not_a_lake(
                root,
                "it has no `requests/_delta_log` with a commit",
            ));
        }
        Self::at(root)
    }

    /// The lake at `root`; made if the folder is missing or empty.
    ///
    /// # Errors
    /// As [`Lake::open`]; a folder with other things in it is left alone and is no lake.
    pub fn open_or_create(root: &Path) -> Result<Self, LakeError> {
        if root.exists() {
            if !root.is_dir() {
                return Err(not_a_lake(root, "it is a file"));
            }
            if Table::exists_in(&requests_folder(root)) {
                return Self::at(root);
            }
            if let Some(stranger) = first_stranger(root)? {
                let why = format!("it holds `{stranger}` and no `requests/_delta_log`");
                return Err(not_a_lake(root, &why));
            }
        }
        for folder in [requests_folder, rejects_folder, runs_folder, staging_folder] {
            let folder = folder(root);
            std::fs::create_dir_all(&folder).map_err(|source| io("create", &folder, source))?;
        }
        Self::at(root)
    }

    fn at(root: &Path) -> Result<Self, LakeError> {
        let root = root
            .canonicalize()
            .map_err(|source| io("open", root, source))?;
        let table = Table::open_or_create(&requests_folder(&root))?;
        table.check_columns()?;
        Ok(Self {
            root,
            table,
            spare_columns: SpareColumns::default(),
        })
    }

    /// The folder of the lake, absolute.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The key of the shopper hashes; it never leaves the lake's folder. Only who adds logs needs it,
    /// and makes it if there is none: readers may be kept from it.
    ///
    /// # Errors
    /// When it cannot be read or made, or is no key.
    pub fn key(&self) -> Result<[u8; 32], LakeError> {
        read_or_make_key(&self.root.join("key"))
    }

    /// What is in the lake right now: files and ledger of one commit, unchanged by later ones.
    ///
    /// # Errors
    /// When the table's log cannot be read, or its newest entry is not whole.
    pub fn reader(&self) -> Result<LakeReader, LakeError> {
        LakeReader::new(&self.root, &self.table)
    }

    /// A writer for one part; `name` makes repeated writes the same file.
    #[must_use]
    pub fn part_writer(&self, name: PartName) -> PartWriter {
        PartWriter::new(&self.root, name, &self.spare_columns)
    }

    /// A writer for the rejected lines of one part.
    #[must_use]
    pub fn reject_writer(&self, name: PartName) -> RejectWriter {
        RejectWriter::new(&self.root, name)
    }
}

fn not_a_lake(path: &Path, why: &str) -> LakeError {
    LakeError::NotALake {
        path: path.to_owned(),
        why: why.to_owned(),
    }
}

fn io(doing: &'static str, path: &Path, source: std::io::Error) -> LakeError {
    LakeError::Io {
        doing,
        path: path.to_owned(),
        source,
    }
}

fn requests_folder(root: &Path) -> PathBuf {
    root.join("requests")
}

fn rejects_folder(root: &Path) -> PathBuf {
    root.join("rejects")
}

fn runs_folder(root: &Path) -> PathBuf {
    root.join("runs")
}

fn staging_folder(root: &Path) -> PathBuf {
    root.join("_staging")
}

/// The first thing in the folder that a half-made lake would not have.
fn first_stranger(root: &Path) -> Result<Option<String>, LakeError> {
    let entries = std::fs::read_dir(root).map_err(|source| io("list", root, source))?;
    for entry in entries {
        let entry = entry.map_err(|source| io("list", root, source))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // A key that was being made when the process ended is called `key.` and its number.
        let is_key = name == "key" || name.starts_with("key.");
        if !is_key
            && !matches!(
                name.as_str(),
                "requests" | "rejects" | "runs" | "derived" | "_staging" | "lock"
            )
        {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn read_or_make_key(path: &Path) -> Result<[u8; 32], LakeError> {
    if !path.exists() {
        make_key(path)?;
    }
    let text = std::fs::read_to_string(path).map_err(|source| io("read", path, source))?;
    let hash = blake3::Hash::from_hex(text.trim()).map_err(|_| LakeError::NotALake {
        path: path.to_owned(),
        why: "its key is not 64 hexadecimal digits".to_owned(),
    })?;
    Ok(*hash.as_bytes())
}

/// Writes a fresh key unless another process was faster; readable by its owner only.
fn make_key(path: &Path) -> Result<(), LakeError> {
    use std::io::Write;
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|source| io("make", path, source.into()))?;
    let key = blake3::Hash::from_bytes(bytes);
    let staged = path.with_extension(format!("{}", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&staged).and_then(|mut file| {
        writeln!(file, "{}", key.to_hex())?;
        file.sync_all()
    });
    written.map_err(|source| io("write", &staged, source))?;
    let linked = std::fs::hard_link(&staged, path);
    std::fs::remove_file(&staged).map_err(|source| io("remove", &staged, source))?;
    match linked {
        Err(source) if source.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(io("write", path, source))
        }
        _ => Ok(()),
    }
}
