//! The second pass over an answer: its cells by day, sorted, kept as if they had been counted here.
//!
//! Days are taken so many at a time that memory stays bounded; the answer is read once for each such
//! stretch. The index of the batch is written last: until then nothing counts.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::Keeping;
use super::job::CountJob;
use super::problem::ImportError;
use super::recount::named;
use super::result_file::ResultFiles;
use super::totals::{DAY_MINUTES, Totals};
use crate::lake::{Lake, LakeError};
use crate::latency_buckets::bucket_of;
use crate::request_record::Origin;
use crate::rollup::cells::Chunk;
use crate::rollup::kept::{Batch, Segment, VERSION, id_of, keep_index};
use crate::rollup::segment_file::{cut_to_table, to_table};
use crate::rollup::series::SeriesTable;

/// Cells that are sorted together at most, unless a single day has more; each takes 24 bytes.
const CELLS_MAX: u64 = 16_000_000;

/// One row of the answer, as far as it is kept.
#[derive(Debug, Clone, Copy)]
struct Cell {
    minute: i32,
    series: u32,
    bucket: i32,
    requests: u64,
}

/// Requests of a minute and series within a cut, of the cut's own bucket.
type Within = ((i32, u32), u64);

/// Keeps the cells, or only looks whether they could be kept.
pub fn keep(
    lake: &Lake,
    files: &ResultFiles,
    job: &CountJob,
    totals: &Totals,
    extents: BTreeMap<Origin, (i64, i64)>,
    keeping: Keeping,
) -> Result<(), ImportError> {
    let before: HashSet<String> = lake.derived_names().into_iter().collect();
    let mut written = Vec::new();
    let segments = segments(lake, files, job, totals, keeping, &mut written);
    let kept = segments.and_then(|segments| match keeping {
        Keeping::CheckOnly => Ok(()),
        Keeping::Keep => {
            let extents = extents.into_iter();
            let batch = Batch {
                version: VERSION,
                parts: job.parts.clone(),
                series: totals.table.series().to_vec(),
                extents: extents
                    .map(|(origin, extent)| (origin.as_str().to_owned(), extent))
                    .collect(),
                segments,
            };
            Ok(keep_index(lake, &batch)?)
        }
    });
    if kept.is_err() {
        for name in written.iter().filter(|name| !before.contains(*name)) {
            lake.remove_derived(name);
        }
    }
    kept
}

fn segments(
    lake: &Lake,
    files: &ResultFiles,
    job: &CountJob,
    totals: &Totals,
    keeping: Keeping,
    written: &mut Vec<String>,
) -> Result<Vec<Segment>, ImportError> {
    let id = id_of(&job.parts);
    let mut segments = Vec::new();
    for days in stretches(&totals.cells_of_days, CELLS_MAX) {
        let (cells, within) = read(files, job, &totals.table, &days)?;
        for cells in cells.chunk_by(|a, b| day_of(a.minute) == day_of(b.minute)) {
            let Some(day) = cells.first().map(|cell| day_of(cell.minute)) else {
                continue;
            };
            let (chunk, keys) = chunk(cells);
            if keeping == Keeping::CheckOnly {
                continue;
            }
            let table = lake.write_derived(&format!("cells-{day}-{id}"), &to_table(&chunk)?)?;
            written.push(table.clone());
            let segment = Segment {
                day,
                table,
                chunk: None,
            };
            for (cut_us, within) in job.cuts_us.iter().zip(&within) {
                let Some(stem) = segment.cut_stem(*cut_us) else {
                    continue;
                };
                let table = cut_to_table(&partial(&keys, within))?;
                written.push(lake.write_derived(&stem, &table)?);
            }
            segments.push(segment);
        }
    }
    Ok(segments)
}

fn day_of(minute: i32) -> i64 {
    i64::from(minute).div_euclid(DAY_MINUTES)
}

/// Days side by side, so that each stretch has few enough cells.
fn stretches(
    cells_of_days: &BTreeMap<i64, u64>,
    cells_max: u64,
) -> Vec<std::ops::RangeInclusive<i64>> {
    let mut stretches: Vec<std::ops::RangeInclusive<i64>> = Vec::new();
    let mut cells = 0;
    for (day, more) in cells_of_days {
        match stretches.last_mut() {
            Some(last) if cells + more <= cells_max => *last = *last.start()..=*day,
            Some(_) | None => {
                cells = 0;
                stretches.push(*day..=*day);
            }
        }
        cells += more;
    }
    stretches
}

/// The cells of some days, sorted, none of them twice, and per cut what is within it, sorted.
fn read(
    files: &ResultFiles,
    job: &CountJob,
    table: &SeriesTable,
    days: &std::ops::RangeInclusive<i64>,
) -> Result<(Vec<Cell>, Vec<Vec<Within>>), ImportError> {
    let mut table = table.clone();
    let mut cells: Vec<Cell> = Vec::new();
    let mut within: Vec<Vec<Within>> = vec![Vec::new(); job.cuts_us.len()];
    let mut path = PathBuf::new();
    files.for_each_row(job, &mut |row| {
        let minute = i32::try_from(row.minute).unwrap_or(i32::MAX);
        if !days.contains(&day_of(minute)) {
            return Ok(());
        }
        if path.as_os_str().is_empty() {
            row.file.clone_into(&mut path);
        }
        let series = table.number_of(row.series);
        cells.push(Cell {
            minute,
            series,
            bucket: row.bucket,
            requests: row.requests,
        });
        for ((cut_us, count), found) in job.cuts_us.iter().zip(row.within).zip(&mut within) {
            if *count > 0 && row.bucket == bucket_of(*cut_us) {
                found.push(((minute, series), *count));
            }
        }
        Ok(())
    })?;
    let key = |cell: &Cell| (cell.minute, cell.series, cell.bucket);
    cells.par_sort_unstable_by_key(key);
    if let Some(twice) = cells.windows(2).find(|pair| key(&pair[0]) == key(&pair[1])) {
        return Err(twice_there(&path, &twice[0], &table));
    }
    within.iter_mut().for_each(|found| found.sort_unstable());
    Ok((cells, within))
}

fn twice_there(file: &Path, cell: &Cell, table: &SeriesTable) -> ImportError {
    let series = table.series()[cell.series as usize].clone();
    ImportError::Twice {
        path: file.to_owned(),
        cell: named(&(i64::from(cell.minute), series, cell.bucket)),
    }
}

/// The cells of a day as a chunk, and which minute and series each of its cells is.
fn chunk(cells: &[Cell]) -> (Chunk, Vec<(i32, u32)>) {
    let mut chunk = Chunk::default();
    let mut keys = Vec::new();
    for cells in cells.chunk_by(|a, b| (a.minute, a.series) == (b.minute, b.series)) {
        let count = cells.iter().map(|cell| cell.requests).sum();
        let latencies = cells.iter().filter(|cell| cell.bucket >= 0);
        let latencies = latencies.map(|cell| (cell.bucket, cell.requests));
        let first = cells[0];
        chunk.push(i64::from(first.minute), first.series, count, latencies);
        keys.push((first.minute, first.series));
    }
    (chunk, keys)
}

/// Where the counts of a cut belong: cells of the chunk, ascending.
fn partial(keys: &[(i32, u32)], within: &[Within]) -> Vec<(usize, u64)> {
    let found = keys.iter().enumerate().filter_map(|(cell, key)| {
        let at = within.binary_search_by_key(key, |(key, _)| *key).ok()?;
        Some((cell, within[at].1))
    });
    found.collect()
}

impl From<arrow::error::ArrowError> for ImportError {
    fn from(source: arrow::error::ArrowError) -> Self {
        ImportError::Lake(LakeError::Columns {
            path: PathBuf::from("derived"),
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_taken_together_up_to_the_most_cells_and_a_large_one_alone() {
        let days = |cells: &[u64]| {
            let days = (0..).zip(cells.iter().copied()).collect();
            stretches(&days, 10)
        };
        assert!(days(&[]).is_empty());
        assert_eq!(days(&[4, 6]), [0..=1]);
        assert_eq!(days(&[4, 7]), [0..=0, 1..=1]);
        assert_eq!(days(&[99, 1, 9, 1]), [0..=0, 1..=2, 3..=3]);
    }
}
