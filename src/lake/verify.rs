//! The integrity of a lake: files against the log, counts against the ledger.
//!
//! In: a lake. Out: every finding; an empty list means that what the lake says is what it holds.
//! Everything is read: every byte is hashed and every column of every row is decoded.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::{cast, max, min};
use arrow::datatypes::{DataType, Int32Type, TimeUnit, TimestampMicrosecondType};

use super::parquet_file::{self, hash_in_name};
use super::place::{Listed, Place};
use super::reader::{batches, columns_error, ts_range};
use super::schema::{self, column};
use super::{
    Finding, Lake, LakeError, LakeReader, PartFile, RowFilter, SourceState, log, reject_table,
    rejects,
};

/// Compares everything in `lake` that says the same thing twice: hashes, sizes, row counts and
/// times of files, rows and rejects per source, conservation, the entries of the log, and files
/// that belong to no commit.
///
/// # Errors
/// Only when the log itself cannot be read; anything else is a finding.
pub fn verify(lake: &Lake) -> Result<Vec<Finding>, LakeError> {
    let table = &lake.table;
    let gaps = log::gaps(&log::entries(&lake.place, table.folder())?).into_iter();
    let mut findings: Vec<_> = gaps.map(|version| Finding::LogGap { version }).collect();
    let (snapshot, problem) = LakeReader::unchecked(&lake.place, table)?;
    findings.extend(problem.map(|why| Finding::LogEntry {
        version: snapshot.version(),
        why,
    }));
    let mut rows = BTreeMap::new();
    let files: Vec<&PartFile> = snapshot.files().iter().collect();
    for file in snapshot.reading_ahead(&files, RowFilter::default()) {
        if let Err(error) = verify_file(&lake.place, file, &mut rows, &mut findings) {
            findings.push(Finding::Unreadable {
                path: file.path.clone(),
                why: error.to_string(),
            });
        }
    }
    for (source_id, state) in snapshot.ledger().iter() {
        let found = rows.remove(source_id).unwrap_or(0);
        verify_source(lake, source_id, state, found, &mut findings);
    }
    findings.extend(rows.into_iter().map(|(source_id, rows)| {
        let why = format!("the files have {rows} rows of it, the ledger does not know it");
        Finding::NotConserved { source_id, why }
    }));
    match reject_table::lag(&lake.place, snapshot.ledger()) {
        Ok(lag) if lag.is_none() => {}
        Ok(lag) => findings.push(Finding::RejectTable {
            missing: lag.missing.len(),
            unknown: lag.unknown.len(),
        }),
        Err(error) => findings.push(Finding::Unreadable {
            path: super::rejects_folder(lake.root()).join("_delta_log"),
            why: error.to_string(),
        }),
    }
    find_orphans(lake, &snapshot, &mut findings)?;
    Ok(findings)
}

/// Reads all of a file; `rows` gets its rows per source.
fn verify_file(
    place: &Place,
    file: &PartFile,
    rows: &mut BTreeMap<String, u64>,
    findings: &mut Vec<Finding>,
) -> Result<(), LakeError> {
    let mut compare = |what: &'static str, expected: String, found: String| {
        if expected != found {
            findings.push(Finding::Differs {
                path: file.path.clone(),
                what,
                expected,
                found,
            });
        }
    };
    let wrong = |source| super::io("read", &file.path, source);
    let opened = place.open(&file.path, None).map_err(wrong)?;
    let bytes = opened.bytes().map_err(wrong)?;
    compare("bytes", file.bytes.to_string(), bytes.to_string());
    if let Some(hash) = hash_in_name(&file.name()) {
        let found = parquet_file::hash_of(&file.path, &opened)?;
        compare("hash", hash.to_owned(), found);
    }
    let metadata = parquet_file::footer(&file.path, &opened)?;
    let columns: Vec<&str> = schema::ARROW
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    let mut whole = Decoded::default();
    for (index, footer) in metadata.metadata().row_groups().iter().enumerate() {
        let opened = opened.share().map_err(wrong)?;
        let group = batches(&file.path, opened, metadata.clone(), &columns, vec![index])?;
        let mut decoded = Decoded::default();
        for batch in group {
            batch
                .and_then(|batch| decoded.add(&batch, rows))
                .map_err(|source| columns_error(&file.path, source))?;
        }
        let stated = footer.num_rows().to_string();
        compare("rows of a row group", stated, decoded.rows.to_string());
        if let (Some(stated), Some(found)) = (ts_range(footer), decoded.ts_us) {
            let (stated, found) = (format!("{stated:?}"), format!("{found:?}"));
            compare("times of a row group", stated, found);
        }
        whole.merge(decoded);
    }
    compare("rows", file.records.to_string(), whole.rows.to_string());
    if let (Some(stated), Some((low, high))) = (file.ts_us, whole.ts_us) {
        // The log cuts microseconds off.
        let found = (whole_ms(low), whole_ms(high));
        let stated = (whole_ms(stated.0), whole_ms(stated.1));
        compare("times", format!("{stated:?}"), format!("{found:?}"));
    }
    Ok(())
}

fn whole_ms(us: i64) -> i64 {
    us.div_euclid(1_000) * 1_000
}

/// What was found in some rows.
#[derive(Debug, Default)]
struct Decoded {
    rows: u64,
    ts_us: Option<(i64, i64)>,
}

impl Decoded {
    fn add(
        &mut self,
        batch: &RecordBatch,
        per_source: &mut BTreeMap<String, u64>,
    ) -> Result<(), arrow::error::ArrowError> {
        let missing = |name: &str| {
            arrow::error::ArrowError::SchemaError(format!("column `{name}` is missing"))
        };
        let must_have = schema::ARROW.fields().iter().map(|field| field.name());
        for name in must_have.filter(|name| !schema::is_added(name)) {
            batch.column_by_name(name).ok_or_else(|| missing(name))?;
        }
        let ts = batch.column_by_name(column::TS);
        let us = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let ts = cast(ts.ok_or_else(|| missing(column::TS))?, &us)?;
        let ts = ts.as_primitive::<TimestampMicrosecondType>();
        self.merge(Decoded {
            rows: batch.num_rows() as u64,
            ts_us: min(ts).zip(max(ts)),
        });
        let source = batch.column_by_name(column::SOURCE);
        let source = cast(
            source.ok_or_else(|| missing(column::SOURCE))?,
            &schema::text(),
        )?;
        let source = source.as_dictionary::<Int32Type>();
        let names = source.values().as_string::<i32>();
        let mut counts = vec![0_u64; names.len()];
        for key in source.keys().iter().flatten() {
            counts[usize::try_from(key).unwrap_or(0)] += 1;
        }
        for (index, count) in counts
            .into_iter()
            .enumerate()
            .filter(|(_, count)| *count > 0)
        {
            *per_source.entry(names.value(index).to_owned()).or_default() += count;
        }
        Ok(())
    }

    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.ts_us = match (self.ts_us, other.ts_us) {
            (Some(ours), Some(theirs)) => Some((ours.0.min(theirs.0), ours.1.max(theirs.1))),
            (ours, theirs) => ours.or(theirs),
        };
    }
}

fn verify_source(
    lake: &Lake,
    source_id: &str,
    state: &SourceState,
    rows: u64,
    findings: &mut Vec<Finding>,
) {
    let mut wrong = |why: String| {
        findings.push(Finding::NotConserved {
            source_id: source_id.to_owned(),
            why,
        });
    };
    if !state.is_conserved() {
        wrong(format!(
            "{} lines are not {} records + {} rejected + {} blank + {} duplicates",
            state.lines, state.records, state.rejected, state.blank, state.duplicates
        ));
    }
    if rows != state.records {
        wrong(format!(
            "the ledger has {} records, the files have {rows}",
            state.records
        ));
    }
    let mut rejected = 0;
    for name in &state.reject_files {
        let path = super::rejects_folder(lake.root()).join(name);
        match rejected_lines(&lake.place, &path) {
            Ok(lines) => rejected += lines,
            Err(why) => wrong(why),
        }
    }
    if rejected != state.rejected {
        wrong(format!(
            "the ledger has {} rejected lines, the files have {rejected}",
            state.rejected
        ));
    }
}

fn rejected_lines(place: &Place, path: &Path) -> Result<u64, String> {
    let opened = place.open(path, None);
    let opened = opened.map_err(|source| super::io("read", path, source).to_string())?;
    let found = parquet_file::hash_of(path, &opened).map_err(|error| error.to_string())?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if hash_in_name(&name).is_some_and(|hash| hash != found) {
        return Err(format!("`{}` is not what was written", path.display()));
    }
    let lines = rejects::read(place, path).map_err(|error| error.to_string())?;
    Ok(lines.len() as u64)
}

fn find_orphans(
    lake: &Lake,
    snapshot: &LakeReader,
    findings: &mut Vec<Finding>,
) -> Result<(), LakeError> {
    let mut known = known_files(lake, snapshot);
    // What `lake compact` replaced stays for running readers until `lake vacuum`.
    let folder = super::requests_folder(lake.root());
    let replaced = log::replaced(&lake.place, &folder)?.into_keys();
    known.extend(replaced.map(|name| folder.join(name)));
    let files = data_files(lake)?.into_iter();
    let orphans = files.filter(|file| !known.contains(&file.path));
    findings.extend(orphans.map(|file| Finding::Orphan { path: file.path }));
    Ok(())
}

/// Every file that the snapshot names.
pub(super) fn known_files(lake: &Lake, snapshot: &LakeReader) -> BTreeSet<PathBuf> {
    let rejects = super::rejects_folder(lake.root());
    let ledger = snapshot.ledger().iter();
    let mut known: BTreeSet<PathBuf> = ledger
        .flat_map(|(_, state)| &state.reject_files)
        .map(|name| rejects.join(name))
        .collect();
    known.extend(snapshot.files().iter().map(|file| file.path.clone()));
    known
}

/// Every file in the folders that hold rows, rejected lines and unfinished files, but for the log.
pub(super) fn data_files(lake: &Lake) -> Result<Vec<Listed>, LakeError> {
    let root = lake.root();
    let mut folders = vec![super::requests_folder(root), super::rejects_folder(root)];
    // What is staged for a bucket is no part of it.
    folders.extend(lake.place.is_folder().then(|| lake.place.staging()));
    let mut files = Vec::new();
    for folder in folders {
        let listed = lake.place.list(&folder);
        files.extend(listed.map_err(|source| super::io("list", &folder, source))?);
    }
    files.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}
