//! The first pass over an answer: how much it is, of what, and the minutes that are counted here again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::cell_rows::CellSums;
use super::job::CountJob;
use super::problem::ImportError;
use super::recount::named;
use super::result_file::ResultFiles;
use crate::lake::PartFile;
use crate::request_record::Origin;
use crate::rollup::series::{SeriesKey, SeriesTable};

/// Minutes of a day.
pub const DAY_MINUTES: i64 = 1_440;

/// A cell: minute, series, bucket.
pub type CellKey = (i64, SeriesKey, i32);

/// How much an answer is, and of what.
#[derive(Debug, Default)]
pub struct Totals {
    /// Its rows.
    pub cells: u64,
    /// The lake's rows that it counts.
    pub rows: u64,
    pub requests: u64,
    pub table: SeriesTable,
    /// Days since 1970, and the cells of each.
    pub cells_of_days: BTreeMap<i64, u64>,
    /// By number of the series: its first minute, and how many of the lake's rows are its.
    pub firsts: Vec<(i64, u64)>,
    /// The first and the last minute of each origin.
    pub minutes_of_origins: BTreeMap<Origin, (i64, i64)>,
    /// The cells of the minutes that are counted here again.
    pub sample: BTreeMap<CellKey, CellSums>,
}

impl Totals {
    /// Reads all rows once.
    pub fn read(
        files: &ResultFiles,
        job: &CountJob,
        minutes: &BTreeSet<i64>,
    ) -> Result<Self, ImportError> {
        let mut totals = Self::default();
        files.for_each_row(job, &mut |row| {
            totals.cells += 1;
            totals.rows = totals.rows.saturating_add(row.rows);
            totals.requests = totals.requests.saturating_add(row.requests);
            let number = totals.table.number_of(row.series);
            if totals.firsts.len() == number as usize {
                totals.firsts.push((row.minute, 0));
            }
            let (first, rows) = &mut totals.firsts[number as usize];
            *first = row.minute.min(*first);
            *rows = rows.saturating_add(row.rows);
            let day = row.minute.div_euclid(DAY_MINUTES);
            *totals.cells_of_days.entry(day).or_insert(0) += 1;
            let of_origin = totals.minutes_of_origins.entry(row.series.origin);
            let (first, last) = of_origin.or_insert((row.minute, row.minute));
            (*first, *last) = ((*first).min(row.minute), (*last).max(row.minute));
            if minutes.contains(&row.minute) {
                let key = totals.table.series()[number as usize].clone();
                let sums = CellSums {
                    rows: row.rows,
                    requests: row.requests,
                    latency_us_sum: row.latency_us_sum,
                    latency_us_max: row.latency_us_max,
                    within: row.within.to_vec(),
                };
                let cell = (row.minute, key, row.bucket);
                if totals.sample.contains_key(&cell) {
                    return Err(ImportError::Twice {
                        path: row.file.to_owned(),
                        cell: named(&cell),
                    });
                }
                totals.sample.insert(cell, sums);
            }
            Ok(())
        })?;
        Ok(totals)
    }

    /// Whether it counts as many rows as the lake has in these parts.
    pub fn check(
        &self,
        path: &Path,
        job: &CountJob,
        parts: &[&PartFile],
    ) -> Result<(), ImportError> {
        let expected = parts.iter().map(|part| part.records).sum();
        match self.rows == expected {
            true => Ok(()),
            false => Err(ImportError::Rows {
                path: path.to_owned(),
                found: self.rows,
                expected,
                parts: parts.len(),
                version: job.lake_version,
            }),
        }
    }
}
