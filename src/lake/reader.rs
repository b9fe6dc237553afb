//! Reading the lake: the files and the ledger of one commit, and their rows as Arrow batches.
//!
//! A reader sees one commit for as long as it lives, whatever is committed later. Row groups that
//! cannot hold a wanted time are not read.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use delta_kernel::scan::state::ScanFile;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;

use super::part::parquet_error;
use super::schema::column;
use super::table::Table;
use super::{LakeError, Ledger, RejectedLine, io, rejects};
use crate::time_window::TimeWindow;

const BATCH_ROWS: usize = 65_536;

/// One Parquet file of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its size as the log has it.
    pub bytes: u64,
    /// Its rows as the log has them.
    pub records: u64,
}

/// Which rows are wanted; pruning only, so rows outside may still come.
#[derive(Debug, Clone, Copy, Default)]
pub struct RowFilter {
    /// Rows with `ts` in this window; `None` wants all.
    pub window: Option<TimeWindow>,
}

/// The lake as of one commit.
#[derive(Debug)]
pub struct LakeReader {
    root: PathBuf,
    files: Vec<PartFile>,
    ledger: Ledger,
    version: u64,
}

impl LakeReader {
    pub(super) fn new(root: PathBuf, table: &Table) -> Result<Self, LakeError> {
        let snapshot = table.snapshot()?;
        let ledger = table.ledger(&snapshot)?;
        let version = snapshot.version();
        let mut files = Vec::new();
        let wrong = |error| table.error(error);
        let scan = snapshot.scan_builder().build().map_err(wrong)?;
        for metadata in scan.scan_metadata(table.engine()).map_err(wrong)? {
            files = metadata
                .and_then(|metadata| {
                    metadata.visit_scan_files(files, |files, file| files.push(file))
                })
                .map_err(wrong)?;
        }
        let mut files: Vec<PartFile> = files
            .iter()
            .map(|file: &ScanFile| PartFile {
                path: table.folder().join(&file.path),
                bytes: file.size.unsigned_abs(),
                records: file.stats.as_ref().map_or(0, |stats| stats.num_records),
            })
            .collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self {
            root,
            files,
            ledger,
            version,
        })
    }

    /// The files of the table, in the order of their names.
    #[must_use]
    pub fn files(&self) -> &[PartFile] {
        &self.files
    }

    /// What was read from which source.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Number of the commit that this reader sees.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Hands every batch of the wanted columns, in the order of the file names, to `each`. Texts
    /// come as `Dictionary(Int32, Utf8)`, whoever wrote the file.
    ///
    /// # Errors
    /// When a file is missing or damaged, or what `each` returns.
    pub fn for_each_batch<E: From<LakeError>>(
        &self,
        columns: &[&str],
        filter: RowFilter,
        mut each: impl FnMut(&RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        for file in &self.files {
            read_file(&file.path, columns, filter, &mut each)?;
        }
        Ok(())
    }

    /// The earliest and the latest `ts` in the lake, both inclusive, from the files' footers;
    /// `None` when it is empty.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn extent_us(&self) -> Result<Option<(i64, i64)>, LakeError> {
        let mut extent: Option<(i64, i64)> = None;
        for file in &self.files {
            for group in open(&file.path)?.1.metadata().row_groups() {
                let Some((low, high)) = ts_range(group) else {
                    continue;
                };
                let (from, to) = extent.unwrap_or((low, high));
                extent = Some((from.min(low), to.max(high)));
            }
        }
        Ok(extent)
    }

    /// Every rejected line with the identifier of its source, in the order of sources and lines.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn rejects(&self) -> Result<Vec<(String, RejectedLine)>, LakeError> {
        let mut all = Vec::new();
        for (source_id, state) in self.ledger.iter() {
            for name in &state.reject_files {
                let lines = rejects::read(&super::rejects_folder(&self.root).join(name))?;
                all.extend(lines.into_iter().map(|line| (source_id.to_owned(), line)));
            }
        }
        Ok(all)
    }
}

/// Opens a Parquet file and reads its footer.
pub(super) fn open(path: &Path) -> Result<(File, ArrowReaderMetadata), LakeError> {
    let file = File::open(path).map_err(|source| io("read", path, source))?;
    let metadata = ArrowReaderMetadata::load(
        &file,
        parquet::arrow::arrow_reader::ArrowReaderOptions::default(),
    )
    .map_err(|source| parquet_error(path, source))?;
    Ok((file, metadata))
}

fn read_file<E: From<LakeError>>(
    path: &Path,
    columns: &[&str],
    filter: RowFilter,
    each: &mut impl FnMut(&RecordBatch) -> Result<(), E>,
) -> Result<(), E> {
    let (file, metadata) = open(path)?;
    let wanted: Vec<usize> = (0..metadata.metadata().num_row_groups())
        .filter(|index| may_hold(metadata.metadata().row_group(*index), filter))
        .collect();
    let mask = ProjectionMask::columns(metadata.parquet_schema(), columns.iter().copied());
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
        .with_projection(mask)
        .with_row_groups(wanted)
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(|source| parquet_error(path, source))?;
    for batch in reader {
        let batch = batch
            .and_then(|batch| with_dictionaries(&batch, columns))
            .map_err(|source| LakeError::Columns {
                path: path.to_owned(),
                source,
            })?;
        each(&batch)?;
    }
    Ok(())
}

/// The columns in the order that was asked for, texts as dictionaries.
fn with_dictionaries(
    batch: &RecordBatch,
    columns: &[&str],
) -> Result<RecordBatch, arrow::error::ArrowError> {
    let text = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let picked = columns.iter().map(|name| {
        let column = batch.column_by_name(name).ok_or_else(|| {
            arrow::error::ArrowError::SchemaError(format!("column `{name}` is missing"))
        })?;
        let array = match column.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                arrow::compute::cast(column, &text)?
            }
            _ => Arc::clone(column),
        };
        Ok((*name, array, true))
    });
    let picked = picked.collect::<Result<Vec<_>, arrow::error::ArrowError>>()?;
    RecordBatch::try_from_iter_with_nullable(picked)
}

fn may_hold(group: &RowGroupMetaData, filter: RowFilter) -> bool {
    match (filter.window, ts_range(group)) {
        (Some(window), Some((low, high))) => low < window.end_us && high >= window.start_us,
        _ => true,
    }
}

fn ts_range(group: &RowGroupMetaData) -> Option<(i64, i64)> {
    let column = group
        .columns()
        .iter()
        .find(|chunk| chunk.column_path().string() == column::TS)?;
    match column.statistics()? {
        Statistics::Int64(statistics) => Some((*statistics.min_opt()?, *statistics.max_opt()?)),
        _ => None,
    }
}
