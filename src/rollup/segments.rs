//! Rollups that are kept: every part of the lake is counted once, ever.
//!
//! In: the lake as of one commit. Out: its rollup over any range, in windows of whole minutes. The
//! parts that nothing counted yet are counted together, a *batch*; its cells are kept by day, a
//! *segment* each, as tables of the lake's derived files, and a small index says which parts they
//! stand for. Parts never change, so neither do segments; whatever is gone or damaged is counted
//! again. A disk that refuses to keep them costs time at the next question, and nothing else.

use std::collections::{BTreeMap, HashMap, HashSet};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::batch::{MINUTE_US, RollupError};
use super::builder::RollupBuilder;
use super::cells::{Chunk, Rollup};
use super::plan::{RollupPlan, is_inside_bucket};
use super::segment_file::{cut_from_table, cut_to_table, from_table, to_table};
use super::series::{SeriesKey, SeriesTable};
use crate::lake::{Lake, LakeReader, PartFile, RowFilter};
use crate::latency_buckets::bucket_of;
use crate::request_record::Origin;
use crate::time_window::TimeWindow;

/// Minutes of a segment.
const DAY_MINUTES: i64 = 1_440;
/// Version of index and tables; others are not read.
const VERSION: u32 = 1;
/// Rows that are counted together at most; bounds the memory.
const BATCH_ROWS_MAX: u64 = 4_000_000;

/// What was counted of a lake, as of one commit.
#[derive(Debug)]
pub struct Segments<'a> {
    lake: &'a Lake,
    reader: &'a LakeReader,
    batches: Vec<Batch>,
    /// Names of everything that is kept, when the lake was looked at.
    names: Vec<String>,
}

/// Parts that were counted together.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Batch {
    version: u32,
    /// Names of the parts.
    parts: Vec<String>,
    series: Vec<SeriesKey>,
    /// Per origin the first and the last moment of its rows, UTC µs.
    extents: BTreeMap<String, (i64, i64)>,
    segments: Vec<Segment>,
}

/// The cells of one day of a batch.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Segment {
    /// Days since 1970.
    day: i64,
    /// Name of its table; empty when it could not be kept.
    table: String,
    /// The cells, when they were counted just now.
    #[serde(skip)]
    chunk: Option<Chunk>,
}

impl Segment {
    /// What the name of its exact counts of a cut begins with; `None` when it could not be kept, and so
    /// its cuts neither.
    fn cut_stem(&self, cut_us: u64) -> Option<String> {
        let table = self.table.strip_suffix(".parquet")?;
        Some(format!("cut-{cut_us}-{table}"))
    }
}

impl<'a> Segments<'a> {
    /// Counts what nobody counted yet.
    ///
    /// # Errors
    /// When a part is missing or damaged.
    pub fn refresh(lake: &'a Lake, reader: &'a LakeReader) -> Result<Self, RollupError> {
        let mut batches = kept(lake, reader);
        let counted: HashSet<&str> = batches
            .iter()
            .flat_map(|batch| batch.parts.iter().map(String::as_str))
            .collect();
        let mut parts: Vec<&PartFile> = reader
            .files()
            .iter()
            .filter(|part| !counted.contains(part.name().as_str()))
            .collect();
        parts.sort_by_key(|part| (part.from_us(), part.name()));
        let fresh = grouped(&parts).into_par_iter().map(|parts| {
            let mut batch = count(reader, &parts)?;
            if keep(lake, &mut batch) {
                batch
                    .segments
                    .iter_mut()
                    .for_each(|segment| segment.chunk = None);
            }
            Ok::<_, RollupError>(batch)
        });
        batches.extend(fresh.collect::<Result<Vec<_>, _>>()?);
        Ok(Self {
            lake,
            reader,
            batches,
            names: lake.derived_names(),
        })
    }

    /// The first and the last moment of the requests of an origin, UTC µs, both inclusive; `None`
    /// when there are none.
    #[must_use]
    pub fn extent_us(&self, origin: Origin) -> Option<(i64, i64)> {
        let extents = self.batches.iter();
        let extents = extents.filter_map(|batch| batch.extents.get(origin.as_str()).copied());
        extents.reduce(|(from, to), (low, high)| (from.min(low), to.max(high)))
    }

    /// The rollup of the rows in `range` whose series `is_wanted` accepts.
    ///
    /// # Errors
    /// When rows have to be read again, for a cut or a lost segment, and a part is damaged.
    ///
    /// # Panics
    /// When the windows of `plan`, or `range`, are not whole minutes.
    pub fn rollup(
        &self,
        plan: RollupPlan,
        range: TimeWindow,
        is_wanted: impl Fn(&SeriesKey) -> bool + Sync,
    ) -> Result<Rollup, RollupError> {
        assert!(
            plan.window_us % MINUTE_US == 0 && range.start_us % MINUTE_US == 0,
            "segments have minutes"
        );
        let minutes = range.start_us / MINUTE_US..range.end_us.div_euclid(MINUTE_US);
        let mut table = SeriesTable::default();
        let numbers: Vec<Vec<u32>> = self
            .batches
            .iter()
            .map(|batch| {
                let numbers = batch.series.iter().map(|key| table.number(key));
                numbers.collect()
            })
            .collect();
        let is_wanted: Vec<bool> = table.series().iter().map(is_wanted).collect();
        let loaded = self
            .batches
            .par_iter()
            .zip(&numbers)
            .map(|(batch, numbers)| {
                let chunks = self.load(batch, numbers, &plan, &minutes)?;
                let minutes_per_window = plan.window_us / MINUTE_US;
                let chunks = chunks.into_iter().map(|chunk| {
                    let mut chunk = chunk.retain(|minute, series| {
                        minutes.contains(&minute) && is_wanted[series as usize]
                    });
                    chunk.coarsen(minutes_per_window);
                    chunk
                });
                Ok(chunks.collect::<Vec<_>>())
            });
        let chunks = loaded.collect::<Result<Vec<_>, RollupError>>()?;
        let chunks = chunks.into_iter().flatten().collect();
        Ok(Rollup::new(plan, table.into_series(), chunks))
    }

    /// The cells of the days of a batch that touch `minutes`, with the exact counts of the cuts.
    fn load(
        &self,
        batch: &Batch,
        numbers: &[u32],
        plan: &RollupPlan,
        minutes: &std::ops::Range<i64>,
    ) -> Result<Vec<Chunk>, RollupError> {
        let days =
            minutes.start.div_euclid(DAY_MINUTES)..=(minutes.end - 1).div_euclid(DAY_MINUTES);
        let wanted = batch.segments.iter();
        let wanted: Vec<&Segment> = wanted
            .filter(|segment| days.contains(&segment.day))
            .collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let read: Option<Vec<Chunk>> = wanted
            .iter()
            .map(|segment| self.read_segment(segment, numbers))
            .collect();
        let mut chunks = match read {
            Some(chunks) => chunks,
            None => self.count_again(batch, numbers, &days)?,
        };
        for (at, cut_us) in plan.cuts_us.iter().enumerate() {
            let partial = match is_inside_bucket(*cut_us) {
                true => self.partial(batch, &wanted, &chunks, numbers, *cut_us)?,
                false => vec![Vec::new(); chunks.len()],
            };
            for (chunk, partial) in chunks.iter_mut().zip(partial) {
                chunk.partial.truncate(at);
                chunk.partial.push(partial);
            }
        }
        Ok(chunks)
    }

    fn read_segment(&self, segment: &Segment, numbers: &[u32]) -> Option<Chunk> {
        if let Some(chunk) = &segment.chunk {
            let mut chunk = chunk.clone();
            chunk.renumber(numbers);
            return Some(chunk);
        }
        from_table(&self.lake.read_derived(&segment.table)?, numbers)
    }

    /// Counts a batch again whose tables are gone or damaged.
    fn count_again(
        &self,
        batch: &Batch,
        numbers: &[u32],
        days: &std::ops::RangeInclusive<i64>,
    ) -> Result<Vec<Chunk>, RollupError> {
        let parts = self.parts_of(batch);
        let mut again = count(self.reader, &parts)?;
        keep(self.lake, &mut again);
        // The same rows have the same series in the same order.
        let again = again.segments.into_iter();
        let again = again.filter(|segment| days.contains(&segment.day));
        let chunks = again.map(|segment| {
            let mut chunk = segment.chunk.unwrap_or_default();
            chunk.renumber(numbers);
            chunk
        });
        Ok(chunks.collect())
    }

    fn parts_of(&self, batch: &Batch) -> Vec<&'a PartFile> {
        let names: HashSet<&str> = batch.parts.iter().map(String::as_str).collect();
        let files = self.reader.files().iter();
        let mut parts: Vec<&PartFile> = files
            .filter(|part| names.contains(part.name().as_str()))
            .collect();
        parts.sort_by_key(|part| (part.from_us(), part.name()));
        parts
    }

    /// Per segment the exact counts of a cut, from what is kept or from the rows of its bucket.
    fn partial(
        &self,
        batch: &Batch,
        segments: &[&Segment],
        chunks: &[Chunk],
        numbers: &[u32],
        cut_us: u64,
    ) -> Result<Vec<Vec<(usize, u64)>>, RollupError> {
        let names = &self.names;
        let found = segments.iter().map(|segment| {
            let stem = segment.cut_stem(cut_us)?;
            let name = names.iter().find(|name| name.starts_with(&stem))?;
            cut_from_table(&self.lake.read_derived(name)?)
        });
        if let Some(found) = found.collect::<Option<Vec<_>>>() {
            return Ok(found);
        }
        let mut builder = RollupBuilder::new(RollupPlan::new(MINUTE_US, vec![cut_us]));
        let parts = self.parts_of(batch);
        for part in self.reader.reading_ahead(&parts, RowFilter::default()) {
            let bucket = bucket_of(cut_us);
            let columns = builder.columns();
            self.reader
                .for_each_batch_in_bucket(part, &columns, bucket, |rows| {
                    builder.add_batch(rows, None, |_| true)
                })?;
        }
        let rows = builder.finish();
        let found = cells_of_cut(&rows, batch, chunks, numbers);
        for (segment, partial) in segments.iter().zip(&found) {
            // A disk that refuses costs the same work the next time.
            if let (Some(stem), Ok(table)) = (segment.cut_stem(cut_us), cut_to_table(partial)) {
                let _ = self.lake.write_derived(&stem, &table);
            }
        }
        Ok(found)
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
    let is_current = |name: &String| {
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
    let own = ["batch-", "cells-", "cut-"];
    names
        .filter(|name| own.iter().any(|prefix| name.starts_with(prefix)))
        .filter(|name| !is_current(name))
        .collect()
}

/// Where the counts of a cut belong: per chunk its cells, ascending.
fn cells_of_cut(
    rows: &Rollup,
    batch: &Batch,
    chunks: &[Chunk],
    numbers: &[u32],
) -> Vec<Vec<(usize, u64)>> {
    let own: HashMap<&SeriesKey, u32> = batch.series.iter().zip(numbers.iter().copied()).collect();
    let mut within: HashMap<(i64, u32), u64> = HashMap::new();
    for chunk in rows.chunks() {
        let counts: HashMap<usize, u64> = chunk.partial.iter().flatten().copied().collect();
        for (minute, cells) in chunk.ranges() {
            for cell in cells {
                let series = own.get(&rows.series()[chunk.series[cell] as usize]);
                if let (Some(series), Some(count)) = (series, counts.get(&cell)) {
                    within.insert((minute, *series), *count);
                }
            }
        }
    }
    let found = chunks.iter().map(|chunk| {
        let mut found = Vec::new();
        for (minute, cells) in chunk.ranges() {
            for cell in cells {
                if let Some(count) = within.get(&(minute, chunk.series[cell])) {
                    found.push((cell, *count));
                }
            }
        }
        found
    });
    found.collect()
}

/// The batches that are kept and whose parts are all in the lake, none of them twice.
fn kept(lake: &Lake, reader: &LakeReader) -> Vec<Batch> {
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
fn grouped<'p>(parts: &[&'p PartFile]) -> Vec<Vec<&'p PartFile>> {
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
fn count(reader: &LakeReader, parts: &[&PartFile]) -> Result<Batch, RollupError> {
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
fn keep(lake: &Lake, batch: &mut Batch) -> bool {
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
    serde_json::to_string(batch).is_ok_and(|json| {
        lake.write_derived_text(&format!("batch-{id}.json"), &json)
            .is_ok()
    })
}

/// What names a batch.
fn id_of(parts: &[String]) -> String {
    blake3::hash(parts.join("\n").as_bytes()).to_hex()[..16].to_owned()
}

fn index_name(parts: &[String]) -> String {
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
