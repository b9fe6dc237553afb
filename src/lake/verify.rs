//! The integrity of a lake: files against the log, counts against the ledger.
//!
//! In: a lake. Out: every finding; an empty list means that what the lake says is what it holds.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int32Type;

use super::schema::column;
use super::{Lake, LakeError, LakeReader, RowFilter, SourceState, reader, rejects};

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A file that the log names cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A file's size or row count is not what the log says.
    Differs {
        /// The file.
        path: PathBuf,
        /// What is compared, e.g. `rows`.
        what: &'static str,
        /// What the log says.
        log: u64,
        /// What the file has.
        file: u64,
    },
    /// Counts of a source do not add up.
    NotConserved {
        /// The source.
        source_id: String,
        /// What does not add up.
        why: String,
    },
    /// A file that no commit names; harmless here, counted twice by a plain glob.
    Orphan {
        /// The file.
        path: PathBuf,
    },
}

impl Finding {
    /// Whether numbers may be wrong; an orphan only wastes space.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        !matches!(self, Finding::Orphan { .. })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Unreadable { path, why } => {
                write!(formatter, "unreadable: `{}`: {why}", path.display())
            }
            Finding::Differs {
                path,
                what,
                log,
                file,
            } => write!(
                formatter,
                "differs: `{}` has {file} {what}, the log says {log}",
                path.display()
            ),
            Finding::NotConserved { source_id, why } => {
                write!(formatter, "not conserved: source {source_id}: {why}")
            }
            Finding::Orphan { path } => write!(
                formatter,
                "orphan: `{}` belongs to no commit (left by an interrupted run)",
                path.display()
            ),
        }
    }
}

/// Compares everything in `lake` that says the same thing twice: file sizes, row counts, rows and
/// rejects per source, conservation, and files that belong to no commit.
///
/// # Errors
/// Only when the log itself cannot be read; anything else is a finding.
pub fn verify(lake: &Lake) -> Result<Vec<Finding>, LakeError> {
    let snapshot = lake.reader()?;
    let mut findings = Vec::new();
    for file in snapshot.files() {
        verify_file(file, &mut findings);
    }
    let is_readable = findings.is_empty();
    if is_readable {
        let rows = rows_per_source(&snapshot)?;
        for (source_id, state) in snapshot.ledger().iter() {
            let found = rows.get(source_id).copied().unwrap_or(0);
            verify_source(lake, source_id, state, found, &mut findings);
        }
    }
    find_orphans(lake, &snapshot, &mut findings)?;
    Ok(findings)
}

fn verify_file(file: &super::PartFile, findings: &mut Vec<Finding>) {
    let unreadable = |why: String| Finding::Unreadable {
        path: file.path.clone(),
        why,
    };
    let bytes = match std::fs::metadata(&file.path) {
        Ok(metadata) => metadata.len(),
        Err(error) => return findings.push(unreadable(error.to_string())),
    };
    if bytes != file.bytes {
        findings.push(Finding::Differs {
            path: file.path.clone(),
            what: "bytes",
            log: file.bytes,
            file: bytes,
        });
    }
    match reader::open(&file.path) {
        Err(error) => findings.push(unreadable(error.to_string())),
        Ok((_, metadata)) => {
            let rows = metadata
                .metadata()
                .file_metadata()
                .num_rows()
                .unsigned_abs();
            if rows != file.records {
                findings.push(Finding::Differs {
                    path: file.path.clone(),
                    what: "rows",
                    log: file.records,
                    file: rows,
                });
            }
        }
    }
}

fn rows_per_source(snapshot: &LakeReader) -> Result<BTreeMap<String, u64>, LakeError> {
    let mut rows: BTreeMap<String, u64> = BTreeMap::new();
    snapshot.for_each_batch(&[column::SOURCE], RowFilter::default(), |batch| {
        let source = batch.column(0).as_dictionary::<Int32Type>();
        let names = source.values().as_string::<i32>();
        let mut counts = vec![0_u64; names.len()];
        for key in source.keys().iter().flatten() {
            counts[usize::try_from(key).unwrap_or(0)] += 1;
        }
        for (index, count) in counts.into_iter().enumerate() {
            *rows.entry(names.value(index).to_owned()).or_default() += count;
        }
        Ok::<(), LakeError>(())
    })?;
    Ok(rows)
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
            "{} lines are not {} records + {} rejected + {} blank",
            state.lines, state.records, state.rejected, state.blank
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
        match rejects::read(&super::rejects_folder(lake.root()).join(name)) {
            Ok(lines) => rejected += lines.len() as u64,
            Err(error) => wrong(error.to_string()),
        }
    }
    if rejected != state.rejected {
        wrong(format!(
            "the ledger has {} rejected lines, the files have {rejected}",
            state.rejected
        ));
    }
}

fn find_orphans(
    lake: &Lake,
    snapshot: &LakeReader,
    findings: &mut Vec<Finding>,
) -> Result<(), LakeError> {
    let requests = super::requests_folder(lake.root());
    let rejects = super::rejects_folder(lake.root());
    let ledger = snapshot.ledger().iter();
    let mut known: std::collections::BTreeSet<PathBuf> = ledger
        .flat_map(|(_, state)| &state.reject_files)
        .map(|name| rejects.join(name))
        .collect();
    known.extend(snapshot.files().iter().map(|file| file.path.clone()));
    for folder in [requests, rejects, super::staging_folder(lake.root())] {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry
                .map_err(|source| super::io("list", &folder, source))?
                .path();
            if path.is_file() && !known.contains(&path) {
                findings.push(Finding::Orphan { path });
            }
        }
    }
    Ok(())
}
