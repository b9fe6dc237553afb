//! What is kept of counted parts: a *batch* of parts has an index, and a table of cells per day.
//!
//! In: the cells of some parts, counted here or by another engine. Out: files of the lake's derived
//! folder, the index last, so that a batch is kept whole or not at all. It answers no question; that
//! is [`Segments`](super::Segments).

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::batch::{MINUTE_US, RollupError};
use super::builder::RollupBuilder;
use super::cells::Chunk;
use super::import::{CountJob, JOB_PREFIX};
use super::plan::RollupPlan;
use super::segment_file::to_table;
use super::series::SeriesKey;
use crate::lake::{Lake, LakeError, LakeReader, PartFile, RowFilter};
use crate::request_record::Origin;

/// Version of index and tables; others are not read.
pub const VERSION: u32 = 1;
/// Rows that are counted together at most; bounds the memory.
const BATCH_ROWS_MAX: u64 = 4_000_000;

/// Parts that were counted together.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Batch {
    pub version: u32,
    /// Names of the parts.
    pub parts: Vec<String>,
    pub series: Vec<SeriesKey>,
    /// Per origin the first and the last moment of its rows, UTC µs.
    pub extents: BTreeMap<String, (i64, i64)>,
    pub segments: Vec<Segment>,
}

/// The cells of one day of a batch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Segment {
    /// Days since 1970.
    pub day: i64,
    /// Name of its table; empty when it could not be kept.
    pub table: String,
    /// The cells, when they were counted just now.
    #[serde(skip)]
    pub chunk: Option<Chunk>,
}

impl Segment {
    /// What the name of its exact counts of a cut begins with; `None` when it could not be kept, and so
    /// its cuts neither.
    pub fn cut_stem(&self, cut_us: u64) -> Option<String> {
        let table = self.table.strip_suffix(".parquet")?;
        Some(format!("cut-{cut_us}-{table}"))
    }
}

/// Names of what was kept of parts that are no longer in the lake, in the order of the names.
#[must_use]
pub fn outdated(lake: &Lake, reader: &LakeReader) -> Vec<String> {
    let current: HashSet<String> = kept(lake, reader)
        .into_iter()
        .flat_map(|batch| {
            let tables = batch.segments.iter().map(|segment| segment.table.clone());
            tables.chain([index_name(&batch.parts)]).collect::<Vec<_>>()
        })
        .collect();
    let parts: HashSet<String> = reader.files().iter().map(PartFile::name).collect();
    let is_current = |name: &String| {
        if let Some(job) = CountJob::named(lake, name) {
            return job.parts.iter().all(|part| parts.contains(part));
        }
        let of_cut = name
            .strip_prefix("cut-")
            .and_then(|rest| rest.split_once('-'));
        match of_cut {
            Some((_, rest)) => {
                let mut tables = current.iter();
                tables.any(|table| rest.starts_with(table.trim_end_matches(".parquet")))
            }
            None => current.contains(name),
        }
    };
    let names = lake.derived_names().into_iter();
    let own = ["batch-", "cells-", "cut-", JOB_PREFIX];
    names
        .filter(|name| own.iter().any(|prefix| name.starts_with(prefix)))
        .filter(|name| !is_current(name))
        .collect()
}

/// The batches that are kept and whose parts are all in the lake, none of them twice.
pub fn kept(lake: &Lake, reader: &LakeReader) -> Vec<Batch> {
    let current: HashSet<String> = reader.files().iter().map(PartFile::name).collect();
    let names = lake.derived_names();
    let indexes = names.iter().filter(|name| is_index(name));
    let mut batches: Vec<Batch> = indexes
        .filter_map(|name| serde_json::from_str(&lake.read_derived_text(name)?).ok())
        .filter(|batch: &Batch| batch.version == VERSION)
        .filter(|batch| batch.parts.iter().all(|part| current.contains(part)))
        .collect();
    batches.sort_by_key(|batch| std::cmp::Reverse(batch.parts.len()));
    let mut counted = HashSet::new();
    batches.retain(|batch| {
        let is_new = batch.parts.iter().all(|part| !counted.contains(part));
        if is_new {
            counted.extend(batch.parts.iter().cloned());
        }
        is_new
    });
    batches
}

fn is_index(name: &str) -> bool {
    name.starts_with("batch-") && name.ends_with(".json")
}

/// Parts side by side, so that each group has few enough rows.
pub fn grouped<'p>(parts: &[&'p PartFile]) -> Vec<Vec<&'p PartFile>> {
    let mut groups: Vec<Vec<&PartFile>> = Vec::new();
    let mut rows = BATCH_ROWS_MAX;
    for part in parts {
        if rows + part.records > BATCH_ROWS_MAX || groups.is_empty() {
            groups.push(Vec::new());
            rows = 0;
        }
        rows += part.records;
        if let Some(group) = groups.last_mut() {
            group.push(part);
        }
    }
    groups
}

/// Counts the rows of some parts.
pub fn count(reader: &LakeReader, parts: &[&PartFile]) -> Result<Batch, RollupError> {
    let mut builder = RollupBuilder::new(RollupPlan::new(MINUTE_US, Vec::new()));
    for part in reader.reading_ahead(parts, RowFilter::default()) {
        let columns = builder.columns();
        reader.for_each_batch_of(part, &columns, RowFilter::default(), |rows| {
            builder.add_batch(rows, None, |_| true)
        })?;
    }
    let extents = Origin::ALL.into_iter().filter_map(|origin| {
        let extent = builder.extent_us(origin)?;
        Some((origin.as_str().to_owned(), extent))
    });
    let extents = extents.collect();
    let rollup = builder.finish();
    let mut names: Vec<String> = parts.iter().map(|part| part.name()).collect();
    names.sort_unstable();
    let segments = rollup.chunks().iter().flat_map(Chunk::days);
    Ok(Batch {
        version: VERSION,
        parts: names,
        extents,
        segments: segments
            .map(|(day, chunk)| Segment {
                day,
                table: String::new(),
                chunk: Some(chunk),
            })
            .collect(),
        series: rollup.series().to_vec(),
    })
}

/// Writes the tables of a batch, and its index last; says whether all of it could be kept.
pub fn keep(lake: &Lake, batch: &mut Batch) -> bool {
    let id = id_of(&batch.parts);
    for segment in &mut batch.segments {
        let Some(Ok(table)) = segment.chunk.as_ref().map(to_table) else {
            return false;
        };
        match lake.write_derived(&format!("cells-{}-{id}", segment.day), &table) {
            Ok(name) => segment.table = name,
            Err(_) => return false,
        }
    }
    keep_index(lake, batch).is_ok()
}

/// Writes the index of a batch whose tables are kept; from then on it counts.
pub fn keep_index(lake: &Lake, batch: &Batch) -> Result<(), LakeError> {
    // Numbers and texts are always JSON.
    let json = serde_json::to_string(batch).unwrap_or_default();
    lake.write_derived_text(&index_name(&batch.parts), &json)
}

/// What names a batch.
pub fn id_of(parts: &[String]) -> String {
    blake3::hash(parts.join("\n").as_bytes()).to_hex()[..16].to_owned()
}

pub fn index_name(parts: &[String]) -> String {
    format!("batch-{}.json", id_of(parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_that_could_not_be_kept_takes_no_cut_of_another() {
        let segment = |table: &str| Segment {
            day: 0,
            table: table.to_owned(),
            chunk: None,
        };
        assert_eq!(segment("").cut_stem(3_000_000), None);
        assert_eq!(
            segment("cells-0-ab-cd-v2.parquet").cut_stem(3_000_000),
            Some("cut-3000000-cells-0-ab-cd-v2".to_owned())
        );
    }
}
