//! What the table's log says of its files, entry by entry where the snapshot does not say it.
//!
//! In: the folder of the table. Out: the files of a snapshot, files that were replaced and when,
//! who wrote the newest entry, and gaps in the numbers of the entries.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use delta_kernel::engine::arrow_data::ArrowEngineData;
use delta_kernel::engine_data::FilteredEngineData;
use delta_kernel::snapshot::SnapshotRef;
use delta_kernel::{KernelError, KernelResult};
use serde::Deserialize;

use super::place::{Engine, Listed, Place};
use super::seal::EntryWriter;
use super::{LakeError, io};

/// A file as the log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedFile {
    /// Its name in the folder of the table.
    pub name: String,
    pub bytes: u64,
    pub records: u64,
    /// Smallest and largest `ts`, UTC µs, cut to whole milliseconds; `None` where the log says none.
    pub ts_us: Option<(i64, i64)>,
}

/// The statistics that the log keeps of a file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoggedStats {
    num_records: u64,
    min_values: Option<LoggedValues>,
    max_values: Option<LoggedValues>,
}

#[derive(Debug, Deserialize)]
struct LoggedValues {
    /// RFC 3339.
    ts: Option<String>,
}

/// The files of a snapshot, in the order of their names.
pub fn files(snapshot: &SnapshotRef, engine: &Engine) -> KernelResult<Vec<LoggedFile>> {
    let mut files = Vec::new();
    for batch in scan(snapshot, engine)? {
        let batch = batch?;
        for row in 0..batch.rows.num_rows() {
            if batch.is_wanted(row) {
                files.push(batch.file(row)?);
            }
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// The scan rows of the files `names`, as a transaction wants them for their removal; an error when
/// one of them is not there.
pub fn removals(
    snapshot: &SnapshotRef,
    engine: &Engine,
    names: &BTreeSet<String>,
) -> KernelResult<Vec<FilteredEngineData>> {
    let mut removals = Vec::new();
    let mut found = 0;
    for batch in scan(snapshot, engine)? {
        let batch = batch?;
        let rows = 0..batch.rows.num_rows();
        let is_removed: Vec<bool> = rows
            .map(|row| batch.is_wanted(row) && names.contains(batch.name(row)))
            .collect();
        found += is_removed.iter().filter(|removed| **removed).count();
        let data = Box::new(ArrowEngineData::new(batch.rows));
        removals.push(FilteredEngineData::try_new(data, is_removed)?);
    }
    if found != names.len() {
        return Err(KernelError::generic("a file to be replaced is gone"));
    }
    Ok(removals)
}

/// One batch of the scan, with the columns that are read here.
struct ScanBatch {
    rows: RecordBatch,
    is_selected: Vec<bool>,
    names: arrow::array::ArrayRef,
    stats: arrow::array::ArrayRef,
}

impl ScanBatch {
    fn is_wanted(&self, row: usize) -> bool {
        // Rows past the end of the selection are selected.
        self.is_selected.get(row).copied().unwrap_or(true)
    }

    fn name(&self, row: usize) -> &str {
        self.names.as_string::<i32>().value(row)
    }

    fn file(&self, row: usize) -> KernelResult<LoggedFile> {
        let name = self.name(row).to_owned();
        let size = self.rows.column_by_name("size");
        let bytes = size
            .and_then(|size| size.as_primitive_opt::<Int64Type>())
            .ok_or_else(|| KernelError::generic("a scan has no sizes"))?
            .value(row);
        let stats = self.stats.as_string::<i32>();
        let stats: Option<LoggedStats> = match stats.is_valid(row) {
            true => Some(serde_json::from_str(stats.value(row)).map_err(KernelError::generic_err)?),
            false => None,
        };
        let us = |values: &Option<LoggedValues>| timestamp_us(values.as_ref()?.ts.as_deref()?);
        Ok(LoggedFile {
            name,
            bytes: bytes.unsigned_abs(),
            records: stats.as_ref().map_or(0, |stats| stats.num_records),
            ts_us: stats
                .as_ref()
                .and_then(|stats| us(&stats.min_values).zip(us(&stats.max_values))),
        })
    }
}

fn timestamp_us(text: &str) -> Option<i64> {
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    Some(timestamp.as_microsecond())
}

fn scan(
    snapshot: &SnapshotRef,
    engine: &Engine,
) -> KernelResult<impl Iterator<Item = KernelResult<ScanBatch>>> {
    let scan = snapshot.clone().scan_builder().build()?;
    let batches: Vec<_> = scan.scan_metadata(engine)?.collect();
    Ok(batches.into_iter().map(|metadata| {
        let (data, is_selected) = metadata?.scan_files.into_parts();
        let rows: RecordBatch = ArrowEngineData::try_from_engine_data(data)?.into();
        let text = |name: &str| -> KernelResult<_> {
            let column = rows
                .column_by_name(name)
                .ok_or_else(|| KernelError::generic(format!("a scan has no `{name}`")))?;
            Ok(cast(column, &DataType::Utf8)?)
        };
        let (names, stats) = (text("path")?, text("stats")?);
        Ok(ScanBatch {
            rows,
            is_selected,
            names,
            stats,
        })
    }))
}

/// Number and path of every log entry, in the order of the numbers.
pub fn entries(place: &Place, table: &Path) -> Result<BTreeMap<u64, PathBuf>, LakeError> {
    let folder = table.join("_delta_log");
    let listed = place
        .list(&folder)
        .map_err(|source| io("list", &folder, source))?;
    let mut entries = BTreeMap::new();
    for Listed { path, .. } in listed {
        let is_entry = path
            .extension()
            .is_some_and(|extension| extension == "json");
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        if let (true, Ok(number)) = (is_entry, stem.parse()) {
            entries.insert(number, path);
        }
    }
    Ok(entries)
}

/// The numbers that are missing between the first and the last entry.
pub fn gaps(entries: &BTreeMap<u64, PathBuf>) -> Vec<u64> {
    let numbers: Vec<u64> = entries.keys().copied().collect();
    let pairs = numbers.windows(2);
    pairs.flat_map(|pair| pair[0] + 1..pair[1]).collect()
}

/// The beginning of a line of the log, as far as it is of use here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogLine {
    commit_info: Option<CommitInfo>,
    remove: Option<Removed>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommitInfo {
    engine_info: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Removed {
    path: String,
    deletion_timestamp: Option<i64>,
}

/// Where entry `version` of the log is.
pub fn entry_path(table: &Path, version: u64) -> PathBuf {
    table.join("_delta_log").join(format!("{version:020}.json"))
}

/// Who wrote entry `version`; an entry that only a checkpoint is left of counts as another's.
pub fn writer_of(place: &Place, table: &Path, version: u64) -> Result<EntryWriter, LakeError> {
    let path = entry_path(table, version);
    let entry = match place.read(&path) {
        Ok(entry) => entry,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(EntryWriter::Other);
        }
        Err(source) => return Err(io("read", &path, source)),
    };
    let first = entry
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let line: LogLine = serde_json::from_slice(first).map_err(|error| LakeError::LogEntry {
        path: path.clone(),
        why: format!("its first line is no JSON: {error}"),
    })?;
    let engine = line.commit_info.and_then(|info| info.engine_info);
    let is_ours = engine.is_some_and(|engine| engine.starts_with("firedrill/"));
    Ok(if is_ours {
        EntryWriter::Firedrill
    } else {
        EntryWriter::Other
    })
}

/// Files that some entry of the log removed, and when, UTC ms since 1970.
pub fn replaced(place: &Place, table: &Path) -> Result<BTreeMap<String, i64>, LakeError> {
    let mut replaced = BTreeMap::new();
    let entries = entries(place, table)?;
    let paths: Vec<&PathBuf> = entries.values().collect();
    let read = place.for_each_text(&paths, |_, text| {
        for line in text.lines().filter(|line| line.starts_with("{\"remove\"")) {
            // A line that is no JSON is for `lake verify` to find.
            let removed = serde_json::from_str::<LogLine>(line)
                .ok()
                .and_then(|line| line.remove);
            if let Some(Removed {
                path,
                deletion_timestamp: Some(at_ms),
            }) = removed
            {
                replaced.insert(path, at_ms);
            }
        }
    });
    read.map_err(|(path, source)| io("read", &path, source))?;
    Ok(replaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_entry_is_a_gap() {
        let gaps_of = |numbers: &[u64]| {
            let entries = numbers.iter().map(|number| (*number, PathBuf::new()));
            gaps(&entries.collect())
        };
        assert!(gaps_of(&[]).is_empty());
        assert!(gaps_of(&[50]).is_empty());
        assert!(gaps_of(&[0, 1, 2]).is_empty());
        assert_eq!(gaps_of(&[3, 4, 7, 9]), [5, 6, 8]);
    }
}
