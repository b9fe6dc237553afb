//! Compaction: many small files become few, sorted by time.
//!
//! In: a lake. Out: commits that each replace some files by one with the same rows. Readers keep
//! the old files until `lake vacuum`; ingests go on meanwhile: a commit that was overtaken is
//! tried again on the new snapshot, as long as its files are still there. Until `lake vacuum` a
//! plain `*.parquet` read, without the log, counts the replaced rows twice.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{cast, concat_batches, interleave};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use arrow::error::ArrowError;

use super::commit::ATTEMPTS_MAX;
use super::part::{BATCH_ROWS, Part};
use super::part_file::PartFileWriter;
use super::reader::{columns_error, read_file};
use super::schema::{self, column};
use super::seal::Seal;
use super::table::TableCommit;
use super::{Lake, LakeError, PartFile, RowFilter, requests_folder};

/// Which files are compacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompactPlan {
    /// Rows of a compacted file at most; at least 2. A row takes about 150 bytes of memory, and
    /// long query strings come on top. Files with at least half as many rows are left alone.
    pub target_rows: u64,
    /// Fewer small files than this are not worth a commit; at least 2.
    pub files_min: usize,
}

impl Default for CompactPlan {
    /// A million rows: compacted files of one row group, in about 250 MB of memory.
    fn default() -> Self {
        Self {
            target_rows: 1_000_000,
            files_min: 2,
        }
    }
}

/// What a compaction did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CompactOutcome {
    /// Files of the table before.
    pub files_before: usize,
    /// Files that were replaced.
    pub replaced: usize,
    /// Files that replace them.
    pub written: usize,
    /// Rows in them.
    pub rows: u64,
    /// Bytes of the replaced files.
    pub bytes_before: u64,
    /// Bytes of the files that replace them.
    pub bytes_after: u64,
    /// Groups that were given up because another process replaced one of their files.
    pub overtaken: usize,
}

/// Merges small files in the order of time, one commit per merged file; rows, sources and totals
/// stay as they are.
///
/// # Errors
/// When a file is damaged or the disk refuses; what was committed before is kept.
pub fn compact(lake: &Lake, plan: CompactPlan) -> Result<CompactOutcome, LakeError> {
    let snapshot = lake.reader()?;
    let mut outcome = CompactOutcome {
        files_before: snapshot.files().len(),
        ..CompactOutcome::default()
    };
    for group in groups(snapshot.files(), plan) {
        let part = merge(lake, &group)?;
        let (rows, bytes) = (part.records, part.file_bytes);
        if replace(lake, &group, part)? {
            outcome.replaced += group.len();
            outcome.written += 1;
            outcome.rows += rows;
            outcome.bytes_before += group.iter().map(|file| file.bytes).sum::<u64>();
            outcome.bytes_after += bytes;
        } else {
            outcome.overtaken += 1;
        }
    }
    Ok(outcome)
}

/// The small files in the order of time, filled into groups of at most the target.
fn groups(files: &[PartFile], plan: CompactPlan) -> Vec<Vec<PartFile>> {
    let mut small: Vec<&PartFile> = files
        .iter()
        .filter(|file| file.records < plan.target_rows / 2)
        .collect();
    small.sort_by_key(|file| (file.ts_us, &file.path));
    let mut groups: Vec<Vec<PartFile>> = Vec::new();
    let mut rows = 0;
    for file in small {
        match groups.last_mut() {
            Some(group) if rows + file.records <= plan.target_rows => {
                rows += file.records;
                group.push(file.clone());
            }
            Some(_) | None => {
                rows = file.records;
                groups.push(vec![file.clone()]);
            }
        }
    }
    groups.retain(|group| group.len() >= plan.files_min.max(2));
    groups
}

/// Commits `part` in place of `files`; `false` when one of them is gone.
fn replace(lake: &Lake, files: &[PartFile], part: Part) -> Result<bool, LakeError> {
    let replaced: BTreeSet<String> = files.iter().map(PartFile::name).collect();
    let parts = [part];
    let outcome = try_replace(lake, &replaced, &parts);
    if !matches!(outcome, Ok(true)) {
        // It is here only when it was not put in place.
        let _ = std::fs::remove_file(&parts[0].staged);
    }
    outcome
}

fn try_replace(
    lake: &Lake,
    replaced: &BTreeSet<String>,
    parts: &[Part; 1],
) -> Result<bool, LakeError> {
    let [part] = parts;
    let mut is_in_place = false;
    for _ in 0..ATTEMPTS_MAX {
        let snapshot = lake.table.snapshot()?;
        let state = lake.table.checked_state(&snapshot)?;
        let there = lake.table.files(&snapshot)?;
        let rows: Vec<u64> = there
            .iter()
            .filter(|file| replaced.contains(&file.name))
            .map(|file| file.records)
            .collect();
        if rows.len() != replaced.len() {
            return Ok(false);
        }
        assert_eq!(
            rows.iter().sum::<u64>(),
            part.records,
            "a compacted file has other rows than those it replaces"
        );
        if !is_in_place {
            part.flushing.wait()?;
            lake.put_in_place(&[(&*part.staged, &*part.target)])?;
            is_in_place = true;
        }
        let entry = TableCommit {
            parts,
            replaced,
            transaction_ids: Vec::new(),
            domains: Vec::new(),
            seal: Seal::new(snapshot.version() + 1, state.ledger.iter()),
        };
        if lake.table.commit(&snapshot, entry)? {
            return Ok(true);
        }
    }
    Err(LakeError::Contended(ATTEMPTS_MAX))
}

/// Writes the rows of `files` as one staged part, sorted by time, source and position. It is named
/// by what it replaces, so a repeated compaction writes the same file.
fn merge(lake: &Lake, files: &[PartFile]) -> Result<Part, LakeError> {
    let names: BTreeSet<String> = files.iter().map(PartFile::name).collect();
    let mut hasher = blake3::Hasher::new();
    for name in &names {
        hasher.update(name.as_bytes()).update(b"\n");
    }
    let stem = format!("part-compact-{}", &hasher.finalize().to_hex()[..16]);
    let batches = read(lake, files)?;
    let mut writer = PartFileWriter::create(&lake.place, &stem)?;
    if let Err(error) = write_sorted(lake, &batches, &mut writer) {
        writer.abandon();
        return Err(error);
    }
    writer.finish(&stem)
}

/// All rows of `files`, in batches of the lake's schema, none of them tiny.
fn read(lake: &Lake, files: &[PartFile]) -> Result<Vec<RecordBatch>, LakeError> {
    let names = schema::ARROW.fields().iter();
    let columns: Vec<&str> = names.map(|field| field.name().as_str()).collect();
    let mut batches = Vec::new();
    let mut waiting: Vec<RecordBatch> = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let next = files[index..].iter();
        lake.place
            .read_ahead(next.map(|file| (file.path.as_path(), file.bytes)));
        read_file(
            &lake.place,
            file,
            &columns,
            RowFilter::default(),
            &mut |batch| {
                let batch =
                    of_our_types(batch).map_err(|source| columns_error(&file.path, source))?;
                waiting.push(batch);
                let rows: usize = waiting.iter().map(RecordBatch::num_rows).sum();
                if rows >= BATCH_ROWS {
                    batches.push(joined(&mut waiting).map_err(|e| columns_error(&file.path, e))?);
                }
                Ok::<(), LakeError>(())
            },
        )?;
    }
    if let Some(file) = files.last().filter(|_| !waiting.is_empty()) {
        batches.push(joined(&mut waiting).map_err(|source| columns_error(&file.path, source))?);
    }
    Ok(batches)
}

fn joined(waiting: &mut Vec<RecordBatch>) -> Result<RecordBatch, ArrowError> {
    let joined = match waiting.as_slice() {
        [one] => one.clone(),
        some => concat_batches(&schema::ARROW, some)?,
    };
    waiting.clear();
    Ok(joined)
}

/// Some engines write nanoseconds and plain texts when they rewrite a table.
fn of_our_types(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let fields = schema::ARROW.fields().iter();
    let columns = fields
        .zip(batch.columns())
        .map(|(field, column)| cast(column, field.data_type()))
        .collect::<Result<Vec<_>, _>>()?;
    RecordBatch::try_new(schema::ARROW.clone(), columns)
}

/// Where a row is, and what it is sorted by. Indices have 32 bits to save memory.
#[derive(Debug, Clone, Copy)]
struct RowAt {
    ts_us: i64,
    source_rank: u32,
    batch: u32,
    position: i64,
    row: u32,
}

impl RowAt {
    fn key(self) -> (i64, u32, i64, u32, u32) {
        let Self {
            ts_us,
            source_rank,
            batch,
            position,
            row,
        } = self;
        (ts_us, source_rank, position, batch, row)
    }
}

fn write_sorted(
    lake: &Lake,
    batches: &[RecordBatch],
    writer: &mut PartFileWriter,
) -> Result<(), LakeError> {
    let folder = requests_folder(lake.root());
    let wrong = |source| columns_error(&folder, source);
    let mut rows = rows_of(batches).map_err(wrong)?;
    rows.sort_unstable_by_key(|row| row.key());
    for chunk in rows.chunks(BATCH_ROWS) {
        let picked: Vec<(usize, usize)> = chunk
            .iter()
            .map(|row| (row.batch as usize, row.row as usize))
            .collect();
        let columns = (0..schema::ARROW.fields().len()).map(|index| {
            let arrays: Vec<&dyn Array> =
                batches.iter().map(|batch| &**batch.column(index)).collect();
            interleave(&arrays, &picked)
        });
        let sorted = columns
            .collect::<Result<Vec<ArrayRef>, _>>()
            .and_then(|columns| RecordBatch::try_new(schema::ARROW.clone(), columns))
            .map_err(wrong)?;
        writer.write(&sorted)?;
    }
    Ok(())
}

fn rows_of(batches: &[RecordBatch]) -> Result<Vec<RowAt>, ArrowError> {
    let index_of = |name: &str| schema::ARROW.index_of(name);
    let source_index = index_of(column::SOURCE)?;
    let position_index = index_of(column::POSITION)?;
    let ranks = source_ranks(batches, source_index);
    let mut rows = Vec::with_capacity(batches.iter().map(RecordBatch::num_rows).sum());
    for (batch_index, batch) in (0_u32..).zip(batches) {
        let ts = batch.column(0).as_primitive::<TimestampMicrosecondType>();
        let position = batch.column(position_index).as_primitive::<Int64Type>();
        let source = batch.column(source_index).as_dictionary::<Int32Type>();
        let names = source.values().as_string::<i32>();
        let rank_of_key: Vec<u32> = names
            .iter()
            .map(|name| ranks.get(name.unwrap_or("")).copied().unwrap_or(u32::MAX))
            .collect();
        for (row_index, row) in (0_u32..).zip(0..batch.num_rows()) {
            rows.push(RowAt {
                ts_us: ts.value(row),
                source_rank: source.key(row).map_or(u32::MAX, |key| rank_of_key[key]),
                batch: batch_index,
                position: position.value(row),
                row: row_index,
            });
        }
    }
    Ok(rows)
}

/// Every source with its place in the order of the names.
fn source_ranks(batches: &[RecordBatch], index: usize) -> BTreeMap<String, u32> {
    let names: BTreeSet<String> = batches
        .iter()
        .flat_map(|batch| {
            let source = batch.column(index).as_dictionary::<Int32Type>();
            let names = source.values().as_string::<i32>();
            names
                .iter()
                .flatten()
                .map(ToOwned::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    names.into_iter().zip(0..).collect()
}
