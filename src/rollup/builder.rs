//! Counting rows into cells: each as often as its weight says.

use std::borrow::Cow;
use std::collections::HashMap;

use super::batch::{self, Clock, MINUTE_US, RollupError};
use super::cells::{Chunk, Rollup};
use super::packed::{pack, unpack};
use super::plan::{RollupPlan, is_inside_bucket};
use super::series::{Dimension, SeriesKey, SeriesParts, SeriesTable};
use crate::latency_buckets::bucket_of;
use crate::request_record::{Origin, RequestRecord};
use crate::time_window::TimeWindow;

/// Windows whose slots are found without hashing: rows of a log are nearly in order of time.
const RECENT_WINDOWS: usize = 8;
/// Latencies of one slot that are kept as they come before they are sorted and counted.
const LOOSE_MAX: usize = 8_192;
/// Fewer latencies than this are sorted as quickly as they are found to be sorted.
const SETTLED_MIN: usize = 32;
/// No slot yet.
const NONE: u32 = u32::MAX;

/// Counts rows; cheap to add to, and asked for its rollup at any time.
#[derive(Debug)]
pub struct RollupBuilder {
    plan: RollupPlan,
    /// The cuts that lie inside of a bucket: their place in the plan, and that bucket.
    inner_cuts: Vec<InnerCut>,
    /// What batches are counted apart by; records always by everything.
    dimensions: Vec<Dimension>,
    table: SeriesTable,
    slots: Vec<Slot>,
    index: HashMap<(i64, u32), u32, foldhash::fast::RandomState>,
    recent: Vec<RecentWindow>,
    last: usize,
    rows: u64,
    /// By number of the origin: the first and the last moment of its rows.
    extents: [Option<(i64, i64)>; Origin::ALL.len()],
}

#[derive(Debug, Clone, Copy)]
struct InnerCut {
    cut: usize,
    cut_us: u64,
    bucket: i32,
}

/// One cell, while counting.
#[derive(Debug)]
struct Slot {
    window: i64,
    series: u32,
    count: u64,
    /// Buckets of latencies as they came, each counting once.
    loose: Vec<i32>,
    /// Buckets with their counts, ascending.
    counted: Vec<(i32, u64)>,
    /// Those of long ago, packed; see [`RollupBuilder::pack`].
    packed: Box<[u8]>,
    /// Per inner cut: latencies of its bucket within the cut; empty while there is none.
    partial: Vec<u64>,
}

/// The slots of a window by number of the series.
#[derive(Debug)]
struct RecentWindow {
    window: i64,
    slots: Vec<u32>,
}

impl RollupBuilder {
    /// Nothing counted yet; everything is counted apart.
    #[must_use]
    pub fn new(plan: RollupPlan) -> Self {
        Self::by(plan, &Dimension::ALL)
    }

    /// Nothing counted yet; batches are counted apart by origin and `dimensions` only, and no
    /// other columns are read.
    #[must_use]
    pub fn by(plan: RollupPlan, dimensions: &[Dimension]) -> Self {
        let cuts = plan.cuts_us.iter().enumerate();
        let inner_cuts =
            cuts.filter(|(_, cut_us)| is_inside_bucket(**cut_us))
                .map(|(cut, cut_us)| InnerCut {
                    cut,
                    cut_us: *cut_us,
                    bucket: bucket_of(*cut_us),
                });
        Self {
            inner_cuts: inner_cuts.collect(),
            plan,
            dimensions: dimensions.to_vec(),
            table: SeriesTable::default(),
            slots: Vec::new(),
            index: HashMap::default(),
            recent: Vec::new(),
            last: 0,
            rows: 0,
            extents: [None; Origin::ALL.len()],
        }
    }

    /// How it counts.
    #[must_use]
    pub fn plan(&self) -> &RollupPlan {
        &self.plan
    }

    /// Requests counted so far: a row of a sampled log stands for several.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The first and the last moment of the rows of an origin, UTC µs, both inclusive; `None` when
    /// there was none.
    #[must_use]
    pub fn extent_us(&self, origin: Origin) -> Option<(i64, i64)> {
        self.extents[origin as usize]
    }

    /// Counts one record.
    pub fn add_record(&mut self, record: &RequestRecord<'_>) {
        let series = self.table.number_of(SeriesParts::of_record(record));
        self.extend(record.origin, record.ts_us, record.ts_us);
        let window = record.ts_us.div_euclid(self.plan.window_us);
        let slot = self.slot(window, series);
        let bucket = record.latency_us.map(bucket_of);
        self.count(slot, bucket, record.weight.max(1), || record.latency_us);
    }

    /// Counts the rows of a batch with the columns [`RollupBuilder::columns`], in that order, that
    /// began inside `range` and whose series `is_wanted` accepts.
    ///
    /// # Errors
    /// When a column is missing or has another type.
    pub fn add_batch(
        &mut self,
        rows: &arrow::array::RecordBatch,
        range: Option<TimeWindow>,
        is_wanted: impl Fn(&SeriesKey) -> bool,
    ) -> Result<(), RollupError> {
        batch::add(self, rows, range, is_wanted)
    }

    /// The columns of the lake that counting by this plan needs.
    #[must_use]
    pub fn columns(&self) -> Vec<&'static str> {
        batch::columns(
            &self.dimensions,
            self.needs_latencies(),
            Clock::Microseconds,
        )
    }

    /// The same where the minute tells the window of a row, and all rows are wanted; `None` where it
    /// does not. What it says of extents is only good to the minute.
    pub(super) fn columns_by_minute(&self) -> Option<Vec<&'static str>> {
        let columns = || batch::columns(&self.dimensions, self.needs_latencies(), Clock::Minutes);
        (self.plan.window_us % MINUTE_US == 0).then(columns)
    }

    /// Whether batches are counted apart by classes of statuses only.
    pub(super) fn is_by_status_class(&self) -> bool {
        self.dimensions.contains(&Dimension::StatusClass)
            && !self.dimensions.contains(&Dimension::Status)
    }

    pub(super) fn needs_latencies(&self) -> bool {
        !self.inner_cuts.is_empty()
    }

    pub(super) fn series_table(&mut self) -> &mut SeriesTable {
        &mut self.table
    }

    pub(super) fn origin(&self, series: u32) -> Origin {
        self.table.series()[series as usize].origin
    }

    /// The origin of all series so far, if it is one.
    pub(super) fn only_origin(&self) -> Option<Origin> {
        let mut origins = self.table.series().iter().map(|series| series.origin);
        let first = origins.next()?;
        origins.all(|origin| origin == first).then_some(first)
    }

    pub(super) fn extend(&mut self, origin: Origin, from_us: i64, to_us: i64) {
        let extent = &mut self.extents[origin as usize];
        let (from, to) = extent.unwrap_or((from_us, to_us));
        *extent = Some((from.min(from_us), to.max(to_us)));
    }

    /// The slot of a window and series; made when it is the first row there.
    #[inline]
    pub(super) fn slot(&mut self, window: i64, series: u32) -> usize {
        if self
            .recent
            .get(self.last)
            .is_none_or(|recent| recent.window != window)
        {
            self.find_window(window);
        }
        let recent = &self.recent[self.last].slots;
        match recent.get(series as usize) {
            Some(slot) if *slot != NONE => *slot as usize,
            Some(_) | None => self.find_slot(window, series),
        }
    }

    #[cold]
    fn find_window(&mut self, window: i64) {
        if let Some(at) = self
            .recent
            .iter()
            .position(|recent| recent.window == window)
        {
            self.last = at;
            return;
        }
        if self.recent.len() < RECENT_WINDOWS {
            self.recent.push(RecentWindow {
                window,
                slots: Vec::new(),
            });
            self.last = self.recent.len() - 1;
            return;
        }
        // The one that is furthest behind in time is the least likely to come again.
        let oldest = self.recent.iter().enumerate();
        let oldest = oldest.min_by_key(|(_, recent)| recent.window);
        self.last = oldest.map_or(0, |(at, _)| at);
        let recent = &mut self.recent[self.last];
        recent.window = window;
        recent.slots.fill(NONE);
    }

    #[cold]
    fn find_slot(&mut self, window: i64, series: u32) -> usize {
        let next = u32::try_from(self.slots.len()).unwrap_or(NONE);
        let slot = *self.index.entry((window, series)).or_insert(next);
        if slot == next {
            self.slots.push(Slot {
                window,
                series,
                count: 0,
                loose: Vec::new(),
                counted: Vec::new(),
                packed: Box::default(),
                partial: Vec::new(),
            });
        }
        let slots = &mut self.recent[self.last].slots;
        let at = series as usize;
        if slots.len() <= at {
            slots.resize(at + 1, NONE);
        }
        slots[at] = slot;
        slot as usize
    }

    /// Counts rows of a window and series, one request each, by the buckets of their latencies; only
    /// where no cut lies inside of a bucket.
    pub(super) fn count_all(&mut self, window: i64, series: u32, buckets: &[i32]) {
        let slot = self.slot(window, series);
        self.rows += buckets.len() as u64;
        let slot = &mut self.slots[slot];
        slot.count += buckets.len() as u64;
        slot.loose.extend_from_slice(buckets);
        if slot.loose.len() >= LOOSE_MAX {
            slot.settle();
        }
    }

    /// Counts a row into a slot; `latency_us` is asked for only where a cut depends on it.
    #[inline]
    pub(super) fn count(
        &mut self,
        slot: usize,
        bucket: Option<i32>,
        weight: u32,
        latency_us: impl Fn() -> Option<u64>,
    ) {
        let weight = u64::from(weight);
        self.rows += weight;
        let slot = &mut self.slots[slot];
        slot.count += weight;
        let Some(bucket) = bucket else {
            return;
        };
        match weight {
            1 => slot.loose.push(bucket),
            weight => slot.counted = merged(&slot.counted, &[(bucket, weight)]),
        }
        if slot.loose.len() >= LOOSE_MAX {
            slot.settle();
        }
        for (at, cut) in self.inner_cuts.iter().enumerate() {
            if cut.bucket == bucket && latency_us().is_some_and(|us| us <= cut.cut_us) {
                slot.partial.resize(self.inner_cuts.len(), 0);
                slot.partial[at] += weight;
            }
        }
    }

    /// Sorts what came since the last time, so that it is not sorted for each rollup of a running drill.
    pub fn settle(&mut self) {
        for slot in &mut self.slots {
            if slot.loose.len() >= SETTLED_MIN {
                slot.settle();
            }
        }
    }

    /// Packs what was counted in windows that begin before `until_us`, so that a drill of many hours takes
    /// a byte or two per latency that differs. They may still be counted into.
    pub fn pack(&mut self, until_us: i64) {
        let until = until_us.div_euclid(self.plan.window_us);
        for slot in &mut self.slots {
            if slot.window < until && !(slot.loose.is_empty() && slot.counted.is_empty()) {
                slot.pack();
            }
        }
    }

    /// The rollup of everything counted so far in windows that begin at `from_us` or later.
    #[must_use]
    pub fn rollup_from(&self, from_us: i64) -> Rollup {
        let first = from_us.div_euclid(self.plan.window_us);
        let mut slots: Vec<&Slot> = self
            .slots
            .iter()
            .filter(|slot| slot.window >= first)
            .collect();
        slots.sort_unstable_by_key(|slot| (slot.window, slot.series));
        let mut chunk = Chunk {
            partial: vec![Vec::new(); self.plan.cuts_us.len()],
            ..Chunk::default()
        };
        for (cell, slot) in slots.into_iter().enumerate() {
            match slot.sorted_loose() {
                Some(loose) => chunk.push(slot.window, slot.series, slot.count, runs(loose)),
                None => chunk.push(slot.window, slot.series, slot.count, slot.latencies()),
            }
            for (at, cut) in self.inner_cuts.iter().enumerate() {
                let within = slot.partial.get(at).copied().unwrap_or(0);
                if within > 0 {
                    chunk.partial[cut.cut].push((cell, within));
                }
            }
        }
        let series = self.table.series().to_vec();
        Rollup::new(self.plan.clone(), series, vec![chunk])
    }

    /// The rollup of everything counted.
    #[must_use]
    pub fn finish(mut self) -> Rollup {
        // In their place: a copy of all latencies would be as large as everything else.
        for slot in &mut self.slots {
            slot.loose.sort_unstable();
        }
        self.rollup_from(i64::MIN)
    }
}

impl Slot {
    fn pack(&mut self) {
        let mut packed = Vec::new();
        pack(self.latencies(), &mut packed);
        self.packed = packed.into();
        // Their memory, too.
        (self.loose, self.counted) = (Vec::new(), Vec::new());
    }

    fn settle(&mut self) {
        self.counted = self.latencies();
        self.packed = Box::default();
        self.loose.clear();
    }

    /// All latencies, where they stand as they came but in order.
    fn sorted_loose(&self) -> Option<&[i32]> {
        let is_only = self.counted.is_empty() && self.packed.is_empty();
        (is_only && self.loose.is_sorted()).then_some(&self.loose)
    }

    /// Buckets with their counts, ascending.
    fn latencies(&self) -> Vec<(i32, u64)> {
        let mut loose = Cow::Borrowed(self.loose.as_slice());
        if !loose.is_sorted() {
            loose.to_mut().sort_unstable();
        }
        let mut all: Vec<(i32, u64)> = runs(&loose).collect();
        if !self.counted.is_empty() {
            all = merged(&self.counted, &all);
        }
        if !self.packed.is_empty() {
            let packed: Vec<(i32, u64)> = unpack(&self.packed).collect();
            all = merged(&packed, &all);
        }
        all
    }
}

/// Buckets in order as pairs of bucket and count.
fn runs(sorted: &[i32]) -> impl Iterator<Item = (i32, u64)> {
    let runs = sorted.chunk_by(|a, b| a == b);
    runs.map(|run| (run[0], run.len() as u64))
}

/// Both lists as one, ascending, equal buckets added.
fn merged(one: &[(i32, u64)], other: &[(i32, u64)]) -> Vec<(i32, u64)> {
    let mut all = Vec::with_capacity(one.len() + other.len());
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    loop {
        let next = match (one.peek(), other.peek()) {
            (Some(a), Some(b)) if a.0 == b.0 => {
                let sum = (a.0, a.1 + b.1);
                other.next();
                one.next();
                sum
            }
            (Some(a), Some(b)) if a.0 < b.0 => {
                let pair = **a;
                one.next();
                pair
            }
            (Some(pair), None) => {
                let pair = **pair;
                one.next();
                pair
            }
            (_, Some(pair)) => {
                let pair = **pair;
                other.next();
                pair
            }
            (None, None) => return all,
        };
        all.push(next);
    }
}
