//! Rollups that are kept: every part of the lake is counted once, ever.
//!
//! In: the lake as of one commit. Out: its rollup over any range, in windows of whole minutes. The
//! parts that nothing counted yet are counted together, a *batch*; its cells are kept by day, a
//! *segment* each, as tables of the lake's derived files, and a small index says which parts they
//! stand for. Parts never change, so neither do segments; whatever is gone or damaged is counted
//! again. A disk that refuses to keep them costs time at the next question, and nothing else.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

use super::batch::{MINUTE_US, RollupError};
use super::builder::RollupBuilder;
use super::cells::{Chunk, Rollup};
use super::kept::{Batch, Segment, count, grouped, index_name, keep, kept};
use super::plan::{RollupPlan, is_inside_bucket};
use super::segment_file::{cut_from_table, cut_to_table, from_table};
use super::series::{SeriesKey, SeriesTable};
use crate::lake::{Lake, LakeReader, PartFile, RowFilter};
use crate::latency_buckets::bucket_of;
use crate::request_record::Origin;
use crate::time_window::TimeWindow;

/// Minutes of a segment.
const DAY_MINUTES: i64 = 1_440;

/// What was counted of a lake, as of one commit.
#[derive(Debug)]
pub struct Segments<'a> {
    lake: &'a Lake,
    reader: &'a LakeReader,
    batches: Vec<Batch>,
    /// Names of everything that is kept, when the lake was looked at.
    names: Vec<String>,
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
        let Some(mut chunks) = read else {
            return self.count_again(batch, numbers, plan, minutes);
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

    /// Counts a batch again whose tables are gone or damaged. One that another engine counted may be
    /// too large to be counted at once; then it becomes several.
    fn count_again(
        &self,
        batch: &Batch,
        numbers: &[u32],
        plan: &RollupPlan,
        minutes: &std::ops::Range<i64>,
    ) -> Result<Vec<Chunk>, RollupError> {
        let known: HashMap<&SeriesKey, u32> =
            batch.series.iter().zip(numbers.iter().copied()).collect();
        let parts = self.parts_of(batch);
        let groups = grouped(&parts);
        if groups.len() > 1 {
            self.lake.remove_derived(&index_name(&batch.parts));
        }
        let mut chunks = Vec::new();
        for parts in groups {
            let mut again = count(self.reader, &parts)?;
            // Rows that are read in another order have their series in another order, too.
            let numbers = again.series.iter().map(|key| known.get(key).copied());
            let Some(numbers) = numbers.collect::<Option<Vec<u32>>>() else {
                self.lake.remove_derived(&index_name(&batch.parts));
                return Err(RollupError::KeptSeries);
            };
            keep(self.lake, &mut again);
            chunks.extend(self.load(&again, &numbers, plan, minutes)?);
        }
        Ok(chunks)
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
