//! Counting rows of the lake at once, on every core, without keeping anything.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::batch::RollupError;
use super::builder::RollupBuilder;
use super::cells::{Chunk, Rollup};
use super::plain::PlainCounter;
use super::plan::RollupPlan;
use super::series::{Dimension, SeriesKey, SeriesTable};
use crate::lake::{LakeReader, PartFile, PlainRows, RowFilter};
use crate::time_window::TimeWindow;

/// Stretches of time per core that are counted apart, so that a core which is slow, or busy with
/// something else, or ends first, does not keep the others waiting.
const SHARES_PER_CORE: usize = 16;
/// Parts of a far-away store of which the next ones are on their way while one is counted.
const FAR_SHARE_MIN: usize = 8;

/// The rollup of the rows in `range` whose series `is_wanted` accepts, counted apart by origin and
/// `dimensions`; only the columns that this needs are read.
///
/// # Errors
/// When a part is missing or damaged.
pub fn scan(
    reader: &LakeReader,
    plan: &RollupPlan,
    dimensions: &[Dimension],
    range: TimeWindow,
    is_wanted: impl Fn(&SeriesKey) -> bool + Sync,
) -> Result<Rollup, RollupError> {
    let filter = RowFilter {
        window: Some(range),
    };
    let mut parts: Vec<&PartFile> = reader.files().iter().collect();
    parts.sort_by_key(|part| (part.from_us(), part.name()));
    let shares = SHARES_PER_CORE * rayon::current_num_threads();
    let least = if reader.is_far() { FAR_SHARE_MIN } else { 1 };
    let share = parts.len().div_ceil(shares).max(least);
    let spare = Mutex::new(Vec::new());
    let spare = || spare.lock().unwrap_or_else(PoisonError::into_inner);
    let counted = parts.par_chunks(share).map(|parts| {
        let reused = spare().pop();
        let reused = reused.unwrap_or_else(|| {
            let plain = PlainCounter::new(plan, dimensions);
            (plain, PlainRows::default())
        });
        let mut counter = Counter::new(plan, dimensions, reused);
        for part in reader.reading_ahead(parts, filter) {
            counter.add(reader, part, range, &is_wanted)?;
        }
        let (rollup, used) = counter.finish();
        spare().push(used);
        Ok(rollup)
    });
    let counted = counted.collect::<Result<Vec<Rollup>, RollupError>>()?;
    Ok(joined(plan, counted))
}

/// Counts parts, one after the other.
struct Counter {
    builder: RollupBuilder,
    columns: Vec<&'static str>,
    columns_by_minute: Option<Vec<&'static str>>,
    plain: Option<PlainCounter>,
    rows: PlainRows,
    chunks: Vec<Chunk>,
}

/// What counts plain rows, and their memory: fresh pages cost as much as a tenth of the counting.
type Reused = (Option<PlainCounter>, PlainRows);

impl Counter {
    fn new(plan: &RollupPlan, dimensions: &[Dimension], (plain, rows): Reused) -> Self {
        let builder = RollupBuilder::by(plan.clone(), dimensions);
        Self {
            columns: builder.columns(),
            columns_by_minute: builder.columns_by_minute(),
            plain,
            rows,
            chunks: Vec::new(),
            builder,
        }
    }

    fn add(
        &mut self,
        reader: &LakeReader,
        part: &PartFile,
        range: TimeWindow,
        is_wanted: impl Fn(&SeriesKey) -> bool,
    ) -> Result<(), RollupError> {
        let is_whole = part.lies_within(range);
        if let (true, Some(plain)) = (is_whole, &mut self.plain) {
            let counted = self.chunks.len();
            let columns = plain.columns();
            let table = self.builder.series_table();
            let chunks = &mut self.chunks;
            if reader.for_each_plain_group(part, &columns, &mut self.rows, |rows| {
                chunks.push(plain.count(rows, table, &is_wanted)?);
                Some(())
            })? {
                return Ok(());
            }
            self.chunks.truncate(counted);
        }
        let filter = RowFilter {
            window: Some(range),
        };
        let (columns, range) = match self.columns_by_minute.as_ref().filter(|_| is_whole) {
            Some(by_minute) => (by_minute, None),
            None => (&self.columns, Some(range)),
        };
        reader.for_each_batch_of(part, columns, filter, |rows| {
            self.builder.add_batch(rows, range, &is_wanted)
        })
    }

    fn finish(self) -> (Rollup, Reused) {
        let plan = self.builder.plan().clone();
        let rest = self.builder.finish();
        let series = rest.series().to_vec();
        let mut chunks = self.chunks;
        chunks.extend(rest.into_chunks());
        (Rollup::new(plan, series, chunks), (self.plain, self.rows))
    }
}

/// Rollups side by side, as one.
fn joined(plan: &RollupPlan, rollups: Vec<Rollup>) -> Rollup {
    let mut table = SeriesTable::default();
    let mut chunks = Vec::with_capacity(rollups.len());
    for rollup in rollups {
        let keys = rollup.series().iter();
        let numbers: Vec<u32> = keys.map(|key| table.number(key)).collect();
        chunks.extend(rollup.into_chunks().into_iter().map(|mut chunk| {
            chunk.renumber(&numbers);
            chunk
        }));
    }
    Rollup::new(plan.clone(), table.into_series(), chunks)
}
