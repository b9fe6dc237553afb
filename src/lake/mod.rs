//! The lake: every request ever seen, in a Delta table that other engines can read too.
//!
//! In: [`RequestRecord`](crate::request_record::RequestRecord)s and rejected lines, in parts. Out:
//! Arrow batches, and the ledger of what was read from where. The only module that knows Parquet
//! files. It lies in a folder of this machine or in a bucket ([`LakeAddress`]), in the same layout and with the
//! same protocol; `place/` knows the difference. Reading order: [`Lake`], [`PartWriter`], [`Commit`],
//! [`LakeReader`].
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
//!   searches/              capacity searches: what was asked, and what each trial found, as JSON
//!   lock                   held by whoever commits (folders only)
//!   _staging/              files on their way; nothing in here counts (folders only)
//! ```

mod bit_packing;
mod column_chunk;
mod columns;
mod commit;
mod compact;
mod delta_block;
mod derived;
mod digest;
mod export;
mod finding;
mod flushing;
mod foreign;
mod identity;
mod kept_json;
mod kept_state;
mod key;
mod known_columns;
mod ledger;
mod log;
mod log_retention;
mod number_column;
mod packed_numbers;
mod parquet_file;
mod part;
mod part_file;
mod place;
mod plain_rows;
mod reader;
mod reject_table;
mod rejects;
mod runs;
mod schema;
mod seal;
mod searches;
mod table;
mod text_chunk;
mod text_column;
mod vacuum;
mod verify;

#[cfg(test)]
mod bucket_tests;
#[cfg(test)]
#[path = "../../tests/it/lake_fill.rs"]
mod lake_fill;

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
pub use place::{AddressError, BucketAddress, LakeAddress};
pub use plain_rows::{NO_NUMBER, NO_TEXT, PlainColumns, PlainRows, PlainTexts};
pub use reader::{LakeReader, PartFile, RowFilter};
pub use rejects::{RejectPart, RejectWriter, RejectedLine, TEXT_BYTES_MAX};
pub use schema::column;
pub use vacuum::{VacuumPlan, VacuumedFile, vacuum};
pub use verify::verify;

use part::SpareColumns;
use place::Place;
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

/// A lake, in a folder or a bucket.
#[derive(Debug)]
pub struct Lake {
    place: Place,
    table: Table,
    spare_columns: SpareColumns,
}

impl Lake {
    /// The lake at `address`, which must exist.
    ///
    /// # Errors
    /// [`LakeError::Missing`], [`LakeError::NotALake`] or [`LakeError::Outdated`], and whatever the
    /// file system or the store of the bucket refuses.
    pub fn open(address: impl Into<LakeAddress>) -> Result<Self, LakeError> {
        let address = address.into();
        if let LakeAddress::Folder(root) = &address {
            if !root.exists() {
                return Err(LakeError::Missing(root.clone()));
            }
            if !root.is_dir() {
                return Err(not_a_lake(root, "it is a file"));
            }
        }
        let place = place_of(&address)?;
        if Table::exists_in(&place, &requests_folder(place.root()))? {
            return Self::at(place);
        }
        match place.is_folder() {
            true => Err(not_a_lake(
                place.root(),
                "it has no `requests/_delta_log` with a commit",
            )),
            // A bucket has no empty folders: nothing is there.
            false => Err(LakeError::Missing(place.root().to_owned())),
        }
    }

    /// The lake at `address`; made if the folder is missing or empty, or nothing is below the prefix.
    ///
    /// # Errors
    /// As [`Lake::open`]; a place with other things in it is left alone and is no lake.
    pub fn open_or_create(address: impl Into<LakeAddress>) -> Result<Self, LakeError> {
        let address = address.into();
        if let LakeAddress::Folder(root) = &address {
            if root.exists() && !root.is_dir() {
                return Err(not_a_lake(root, "it is a file"));
            }
            std::fs::create_dir_all(root).map_err(|source| io("create", root, source))?;
        }
        Self::made_at(place_of(&address)?)
    }

    fn made_at(place: Place) -> Result<Self, LakeError> {
        if Table::exists_in(&place, &requests_folder(place.root()))? {
            return Self::at(place);
        }
        if let Some(stranger) = first_stranger(&place)? {
            let why = format!("it holds `{stranger}` and no `requests/_delta_log`");
            return Err(not_a_lake(place.root(), &why));
        }
        let root = place.root();
        let folders = [
            requests_folder(root),
            rejects_folder(root),
            runs_folder(root),
        ];
        for folder in folders.into_iter().chain([place.staging()]) {
            place
                .make_folder(&folder)
                .map_err(|source| io("create", &folder, source))?;
        }
        Self::at(place)
    }

    /// A lake on a store of any kind; made if there is none.
    #[cfg(test)]
    fn on_store(
        address: &LakeAddress,
        store: std::sync::Arc<object_store::DynObjectStore>,
    ) -> Result<Self, LakeError> {
        let LakeAddress::Bucket(bucket) = address else {
            return Err(LakeError::Missing(PathBuf::from(address.to_string())));
        };
        let place = Place::on_store(bucket, store, bucket.store_name());
        Self::made_at(place.map_err(|source| io("open", Path::new(&address.to_string()), source))?)
    }

    fn at(place: Place) -> Result<Self, LakeError> {
        let requests = requests_folder(place.root());
        let table = Table::open_or_create(&place, &requests)?;
        table.check_columns()?;
        Ok(Self {
            place,
            table,
            spare_columns: SpareColumns::default(),
        })
    }

    /// The folder of the lake, absolute; or its address in a bucket.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.place.root()
    }

    /// Where files go that belong beside the lake and not into it: the folder that it is in; for a bucket
    /// the working folder.
    #[must_use]
    pub fn folder_beside(&self) -> &Path {
        match self.place.is_folder() {
            true => self.root().parent().unwrap_or(self.root()),
            false => Path::new("."),
        }
    }

    /// The key of the shopper hashes; it never leaves the place of the lake. Only who adds logs needs it,
    /// and makes it if there is none: readers may be kept from it.
    ///
    /// # Errors
    /// When it cannot be read or made, or is no key.
    pub fn key(&self) -> Result<[u8; 32], LakeError> {
        key::read_or_make(&self.place)
    }

    /// What is in the lake right now: files and ledger of one commit, unchanged by later ones.
    ///
    /// # Errors
    /// When the table's log cannot be read, or its newest entry is not whole.
    pub fn reader(&self) -> Result<LakeReader, LakeError> {
        LakeReader::new(&self.place, &self.table)
    }

    /// A writer for one part; `name` makes repeated writes the same file.
    #[must_use]
    pub fn part_writer(&self, name: PartName) -> PartWriter {
        PartWriter::new(&self.place, name, &self.spare_columns)
    }

    /// A writer for the rejected lines of one part.
    #[must_use]
    pub fn reject_writer(&self, name: PartName) -> RejectWriter {
        RejectWriter::new(&self.place, name)
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

fn searches_folder(root: &Path) -> PathBuf {
    root.join("searches")
}

/// The place of an address; a folder must exist.
fn place_of(address: &LakeAddress) -> Result<Place, LakeError> {
    match address {
        LakeAddress::Folder(root) => Place::folder(root).map_err(|source| io("open", root, source)),
        LakeAddress::Bucket(bucket) => {
            let place = Place::bucket(bucket);
            place.map_err(|source| io("open", Path::new(&address.to_string()), source))
        }
    }
}

/// The first thing in the place that a half-made lake would not have.
fn first_stranger(place: &Place) -> Result<Option<String>, LakeError> {
    let names = place
        .names()
        .map_err(|source| io("list", place.root(), source))?;
    let is_ours = |name: &String| {
        // A key that was being made when the process ended is called `key.` and its number.
        let is_key = name == "key" || name.starts_with("key.");
        let known = [
            "requests", "rejects", "runs", "searches", "derived", "_staging", "lock",
        ];
        is_key || known.contains(&name.as_str())
    };
    Ok(names.into_iter().find(|name| !is_ours(name)))
}
