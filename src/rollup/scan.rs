//! Counting rows of the lake at once, on every core, without keeping anything.

use rayon::prelude::*;

use super::batch::RollupError;
use super::builder::RollupBuilder;
use super::cells::Rollup;
use super::plan::RollupPlan;
use super::series::{Dimension, SeriesKey, SeriesTable};
use crate::lake::{LakeReader, PartFile, RowFilter};
use crate::time_window::TimeWindow;

/// Stretches of time per core that are counted apart, so that a core which is slow, or busy with
/// something else, does not keep the others waiting.
const SHARES_PER_CORE: usize = 4;

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
    let share = parts.len().div_ceil(shares).max(1);
    let counted = parts.par_chunks(share).map(|parts| {
        let mut builder = RollupBuilder::by(plan.clone(), dimensions);
        let columns = builder.columns();
        let by_minute = builder.columns_by_minute();
        for part in reader.reading_ahead(parts, filter) {
            let whole = by_minute.as_ref().filter(|_| part.lies_within(range));
            let (columns, range) = match whole {
                Some(by_minute) => (by_minute, None),
                None => (&columns, Some(range)),
            };
            reader.for_each_batch_of(part, columns, filter, |rows| {
                builder.add_batch(rows, range, &is_wanted)
            })?;
        }
        Ok(builder.finish())
    });
    let counted = counted.collect::<Result<Vec<Rollup>, RollupError>>()?;
    Ok(joined(plan, counted))
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
