//! Reading the lake: the files and the ledger of one commit, and their rows as Arrow batches.
//!
//! A reader sees one commit for as long as it lives, whatever is committed later. Row groups that
//! cannot hold a wanted time are not read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Int32Array, RecordBatch};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowPredicateFn, ArrowReaderMetadata, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;

use super::known_columns::{known_columns, unknown, with_dictionaries};
use super::parquet_file::{self, parquet_error};
use super::part::BATCH_ROWS;
use super::place::{Place, PlaceFile};
use super::schema::column;
use super::table::{Table, TableState};
use super::{LakeError, Ledger, RejectedLine, io, rejects};
use crate::time_window::TimeWindow;

/// One Parquet file of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its size as the log has it.
    pub bytes: u64,
    /// Its rows as the log has them.
    pub records: u64,
    /// Its smallest and largest `ts` as the log has them, UTC µs cut to whole milliseconds.
    pub(super) ts_us: Option<(i64, i64)>,
}

impl PartFile {
    /// Its name in the folder of the table.
    #[must_use]
    pub fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Its earliest `ts` as the log has it, UTC µs cut to whole milliseconds.
    #[must_use]
    pub fn from_us(&self) -> Option<i64> {
        self.ts_us.map(|(from_us, _)| from_us)
    }

    /// Whether rows of this stretch of time can be in it.
    #[must_use]
    pub fn may_hold_any_of(&self, window: TimeWindow) -> bool {
        self.may_hold(RowFilter {
            window: Some(window),
        })
    }

    /// Whether all its rows are known to be of this stretch of time.
    #[must_use]
    pub fn lies_within(&self, window: TimeWindow) -> bool {
        // The log cuts microseconds off.
        self.ts_us
            .is_some_and(|(low, high)| low >= window.start_us && high + 999 < window.end_us)
    }

    fn may_hold(&self, filter: RowFilter) -> bool {
        match (filter.window, self.ts_us) {
            // The log cuts microseconds off.
            (Some(window), Some((low, high))) => {
                low < window.end_us && high + 999 >= window.start_us
            }
            _ => true,
        }
    }
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
    place: Place,
    files: Vec<PartFile>,
    state: Arc<TableState>,
    version: u64,
}

impl LakeReader {
    /// The newest commit, if its log entry is whole and its files have the rows of its ledger.
    pub(super) fn new(place: &Place, table: &Table) -> Result<Self, LakeError> {
        let snapshot = table.snapshot()?;
        let state = table.checked_state(&snapshot)?;
        let reader = Self::of_state(place, table, &snapshot, state)?;
        match reader.rows_problem() {
            None => Ok(reader),
            Some(why) => Err(LakeError::Damaged {
                path: table.folder().to_owned(),
                why,
            }),
        }
    }

    /// The newest commit as it is, and what is wrong with its log entry.
    pub(super) fn unchecked(
        place: &Place,
        table: &Table,
    ) -> Result<(Self, Option<String>), LakeError> {
        let snapshot = table.snapshot()?;
        let state = table.state(&snapshot)?;
        let problem = table.entry_problem(snapshot.version(), &state)?;
        let reader = Self::of_state(place, table, &snapshot, state)?;
        let problem = problem.or_else(|| reader.rows_problem());
        Ok((reader, problem))
    }

    fn of_state(
        place: &Place,
        table: &Table,
        snapshot: &delta_kernel::snapshot::SnapshotRef,
        state: Arc<TableState>,
    ) -> Result<Self, LakeError> {
        let files = table.files(snapshot)?;
        let files = files.into_iter().map(|file| PartFile {
            path: table.folder().join(&file.name),
            bytes: file.bytes,
            records: file.records,
            ts_us: file.ts_us,
        });
        Ok(Self {
            place: place.clone(),
            files: files.collect(),
            state,
            version: snapshot.version(),
        })
    }

    /// Whether the log has as many rows in files as the ledger has records; else, what it has.
    fn rows_problem(&self) -> Option<String> {
        let rows: u64 = self.files.iter().map(|file| file.records).sum();
        let records: u64 = self.ledger().iter().map(|(_, state)| state.records).sum();
        (rows != records)
            .then(|| format!("its files have {rows} rows, its ledger has {records} records"))
    }

    /// The files of the table, in the order of their names.
    #[must_use]
    pub fn files(&self) -> &[PartFile] {
        &self.files
    }

    /// What was read from which source.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.state.ledger
    }

    /// A fact of the whole lake, as JSON; `None` when nobody kept one of that name.
    #[must_use]
    pub fn fact(&self, name: &str) -> Option<&str> {
        self.facts().get(name).map(String::as_str)
    }

    fn facts(&self) -> &BTreeMap<String, String> {
        &self.state.facts
    }

    /// Where the lake is.
    pub(super) fn place(&self) -> &Place {
        &self.place
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
        let files: Vec<&PartFile> = self.files.iter().collect();
        for file in self.reading_ahead(&files, filter) {
            read_file(&self.place, file, columns, filter, &mut each)?;
        }
        Ok(())
    }

    /// Whether a part comes over a network.
    #[must_use]
    pub fn is_far(&self) -> bool {
        !self.place.is_folder()
    }

    /// Those of `files` that can hold a wanted row, in their order; while one of them is read, a far-away store
    /// sends the next ones.
    pub fn reading_ahead<'f>(
        &self,
        files: &[&'f PartFile],
        filter: RowFilter,
    ) -> impl Iterator<Item = &'f PartFile> {
        let wanted = files.iter().filter(|file| file.may_hold(filter));
        let wanted: Vec<&PartFile> = wanted.copied().collect();
        (0..wanted.len()).map(move |index| {
            let next = wanted[index..].iter();
            self.place
                .read_ahead(next.map(|file| (file.path.as_path(), file.bytes)));
            wanted[index]
        })
    }

    /// Hands every batch of the wanted columns of one file to `each`.
    ///
    /// # Errors
    /// When the file is missing or damaged, or what `each` returns.
    pub fn for_each_batch_of<E: From<LakeError>>(
        &self,
        file: &PartFile,
        columns: &[&str],
        filter: RowFilter,
        mut each: impl FnMut(&RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        match file.may_hold(filter) {
            true => read_file(&self.place, file, columns, filter, &mut each),
            false => Ok(()),
        }
    }

    /// Hands every batch of the wanted columns of one file to `each`, but only the rows whose
    /// latency is in `bucket`; the other columns of other rows are not even decoded.
    ///
    /// # Errors
    /// When the file is missing or damaged, or what `each` returns.
    pub fn for_each_batch_in_bucket<E: From<LakeError>>(
        &self,
        file: &PartFile,
        columns: &[&str],
        bucket: i32,
        mut each: impl FnMut(&RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let (opened, metadata) = open(&self.place, file)?;
        let all: Vec<usize> = (0..metadata.metadata().num_row_groups()).collect();
        let is_wanted = |name: &str| name == column::LATENCY_BUCKET || columns.contains(&name);
        opened
            .fetch_columns(metadata.metadata(), &all, is_wanted)
            .map_err(|source| io("read", &file.path, source))?;
        let schema = metadata.parquet_schema();
        let own = ProjectionMask::columns(schema, [column::LATENCY_BUCKET]);
        let is_in_bucket = ArrowPredicateFn::new(own, move |batch| {
            arrow::compute::kernels::cmp::eq(batch.column(0), &Int32Array::new_scalar(bucket))
        });
        let known = known_columns(&opened, &metadata, columns);
        let mask = ProjectionMask::columns(schema, unknown(columns, &known));
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(opened, metadata)
            .with_projection(mask)
            .with_row_filter(parquet::arrow::arrow_reader::RowFilter::new(vec![
                Box::new(is_in_bucket),
            ]))
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(|source| parquet_error(&file.path, source))?;
        for batch in reader {
            let batch = batch
                .and_then(|batch| with_dictionaries(&batch, columns, &known))
                .map_err(|source| columns_error(&file.path, source))?;
            each(&batch)?;
        }
        Ok(())
    }

    /// The earliest and the latest `ts` in the lake, both inclusive, from the footers of the files that the
    /// log has as the first and the last ones; `None` when it is empty.
    ///
    /// # Errors
    /// When one of these files is missing or damaged.
    pub fn extent_us(&self) -> Result<Option<(i64, i64)>, LakeError> {
        let stated = || self.files.iter().filter_map(|file| file.ts_us);
        let first = stated().map(|(low, _)| low).min();
        let last = stated().map(|(_, high)| high).max();
        let may_be_at_an_end = |file: &&PartFile| {
            file.ts_us
                .is_none_or(|(low, high)| Some(low) == first || Some(high) == last)
        };
        let mut extent: Option<(i64, i64)> = None;
        for file in self.files.iter().filter(may_be_at_an_end) {
            for group in open(&self.place, file)?.1.metadata().row_groups() {
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
        for (source_id, state) in self.ledger().iter() {
            for name in &state.reject_files {
                let lines = rejects::read(
                    &self.place,
                    &super::rejects_folder(self.place.root()).join(name),
                )?;
                all.extend(lines.into_iter().map(|line| (source_id.to_owned(), line)));
            }
        }
        Ok(all)
    }
}

/// Opens a file of the table, which must be as long as the log says, and reads its footer.
pub(super) fn open(
    place: &Place,
    file: &PartFile,
) -> Result<(PlaceFile, ArrowReaderMetadata), LakeError> {
    let (opened, metadata) = parquet_file::open(place, &file.path, Some(file.bytes))?;
    let bytes = opened
        .bytes()
        .map_err(|source| io("look at", &file.path, source))?;
    if bytes != file.bytes {
        return Err(LakeError::Damaged {
            path: file.path.clone(),
            why: format!("it has {bytes} bytes, the log says {}", file.bytes),
        });
    }
    Ok((opened, metadata))
}

/// Hands every batch of the wanted columns of one file to `each`.
pub(super) fn read_file<E: From<LakeError>>(
    place: &Place,
    file: &PartFile,
    columns: &[&str],
    filter: RowFilter,
    each: &mut impl FnMut(&RecordBatch) -> Result<(), E>,
) -> Result<(), E> {
    let path = &file.path;
    let (opened, metadata) = open(place, file)?;
    let wanted: Vec<usize> = (0..metadata.metadata().num_row_groups())
        .filter(|index| may_hold(metadata.metadata().row_group(*index), filter))
        .collect();
    opened
        .fetch_columns(metadata.metadata(), &wanted, |name| columns.contains(&name))
        .map_err(|source| io("read", path, source))?;
    let known = known_columns(&opened, &metadata, columns);
    let reader = batches(path, opened, metadata, &unknown(columns, &known), wanted)?;
    for batch in reader {
        let batch = batch
            .and_then(|batch| with_dictionaries(&batch, columns, &known))
            .map_err(|source| columns_error(path, source))?;
        each(&batch)?;
    }
    Ok(())
}

/// The batches of some row groups.
pub(super) fn batches(
    path: &Path,
    file: PlaceFile,
    metadata: ArrowReaderMetadata,
    columns: &[&str],
    row_groups: Vec<usize>,
) -> Result<ParquetRecordBatchReader, LakeError> {
    file.fetch_columns(metadata.metadata(), &row_groups, |name| {
        columns.contains(&name)
    })
    .map_err(|source| io("read", path, source))?;
    let mask = ProjectionMask::columns(metadata.parquet_schema(), columns.iter().copied());
    ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
        .with_projection(mask)
        .with_row_groups(row_groups)
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(|source| parquet_error(path, source))
}

pub(super) fn columns_error(path: &Path, source: arrow::error::ArrowError) -> LakeError {
    LakeError::Columns {
        path: path.to_owned(),
        source,
    }
}

fn may_hold(group: &RowGroupMetaData, filter: RowFilter) -> bool {
    match (filter.window, ts_range(group)) {
        (Some(window), Some((low, high))) => low < window.end_us && high >= window.start_us,
        _ => true,
    }
}

/// The smallest and the largest `ts` that a footer states.
pub(super) fn ts_range(group: &RowGroupMetaData) -> Option<(i64, i64)> {
    let column = group
        .columns()
        .iter()
        .find(|chunk| chunk.column_path().string() == column::TS)?;
    match column.statistics()? {
        Statistics::Int64(statistics) => Some((*statistics.min_opt()?, *statistics.max_opt()?)),
        _ => None,
    }
}
