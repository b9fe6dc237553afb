//! Counting the rows of a row group together, where they are plain numbers.
//!
//! In: per row its minute, its latency bucket and the numbers of its texts. Out: a chunk of cells. All rows are
//! sorted by cell and bucket in three passes over small integers; then each cell is a run, and so is each bucket
//! in it. No row is hashed, compared or moved by itself, and nothing is kept per cell while counting.

use super::batch::{MINUTE_US, TABLE_MAX, TEXTS, UNSEEN, UNWANTED};
use super::cells::Chunk;
use super::plan::{RollupPlan, is_inside_bucket};
use super::series::{Dimension, SeriesKey, SeriesTable, class_of};
use crate::lake::{NO_NUMBER, PlainColumns, PlainRows, column};

/// Bits of a latency bucket, of which there are less than 24,000.
const BUCKET_BITS: u32 = 15;
const BUCKET_MASK: u32 = (1 << BUCKET_BITS) - 1;
/// What stands in the place of a bucket where there is no latency.
const NO_LATENCY: u32 = BUCKET_MASK;
/// Cells of a row group that fit beside the bucket in 32 bits.
const CELLS_MAX: i64 = 1 << (u32::BITS - BUCKET_BITS);
/// Statuses that can be told apart.
const STATUSES: usize = 1_000;

/// How the status of a row is counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StatusDetail {
    None,
    Class,
    Full,
}

/// Counts row groups.
#[derive(Debug)]
pub struct PlainCounter {
    columns: PlainColumns,
    /// Per wanted text column its place in [`TEXTS`].
    texts: Vec<usize>,
    status: StatusDetail,
    window_minutes: i64,
    cuts: usize,
    memory: Memory,
}

/// What is filled anew for each row group.
#[derive(Debug, Default)]
struct Memory {
    codes: Vec<u32>,
    rows: Vec<u32>,
    sorted: Vec<u32>,
    cell_ends: Vec<u32>,
}

impl PlainCounter {
    /// A counter of what `plan` and `dimensions` ask for; `None` where minutes and buckets do not tell it.
    pub fn new(plan: &RollupPlan, dimensions: &[Dimension]) -> Option<Self> {
        let is_told = plan.window_us % MINUTE_US == 0
            && !plan.cuts_us.iter().any(|cut_us| is_inside_bucket(*cut_us))
            && !dimensions.contains(&Dimension::Retried);
        let status = match dimensions {
            _ if dimensions.contains(&Dimension::Status) => StatusDetail::Full,
            _ if dimensions.contains(&Dimension::StatusClass) => StatusDetail::Class,
            _ => StatusDetail::None,
        };
        let mut numbers = vec![column::MINUTE, column::LATENCY_BUCKET];
        numbers.extend((status != StatusDetail::None).then_some(column::STATUS));
        let texts = TEXTS.iter().enumerate();
        let texts = texts.filter(|(_, (_, of))| of.is_none_or(|of| dimensions.contains(&of)));
        let texts: Vec<usize> = texts.map(|(place, _)| place).collect();
        is_told.then(|| Self {
            columns: PlainColumns {
                numbers,
                texts: texts.iter().map(|place| TEXTS[*place].0).collect(),
            },
            texts,
            status,
            window_minutes: plan.window_us / MINUTE_US,
            cuts: plan.cuts_us.len(),
            memory: Memory::default(),
        })
    }

    /// The columns that it reads.
    pub fn columns(&self) -> PlainColumns {
        self.columns.clone()
    }

    /// The cells of the rows whose series `is_wanted` accepts; `None` where they are too many, or a row has no
    /// minute or no status.
    pub fn count(
        &mut self,
        rows: &PlainRows,
        table: &mut SeriesTable,
        is_wanted: impl Fn(&SeriesKey) -> bool,
    ) -> Option<Chunk> {
        let [minutes, buckets, ..] = &rows.numbers[..] else {
            return None;
        };
        let codes = Codes::new(self, rows)?;
        let first = i64::from(*minutes.iter().min()?).div_euclid(self.window_minutes);
        let last = i64::from(*minutes.iter().max()?).div_euclid(self.window_minutes);
        let cells = (last - first + 1).checked_mul(i64::from(codes.count))?;
        let cells = usize::try_from(cells).ok().filter(|_| cells <= CELLS_MAX)?;
        let memory = &mut self.memory;
        let windows = Windows {
            first,
            minutes: self.window_minutes,
            codes: codes.count,
        };
        memory.sort(&windows, minutes, buckets, cells)?;
        let mut chunk = Chunk {
            partial: vec![Vec::new(); self.cuts],
            ..Chunk::default()
        };
        let mut series = vec![UNSEEN; codes.count as usize];
        let mut from = 0;
        for (cell, end) in memory.cell_ends.iter().enumerate() {
            let rows_of_cell = &memory.sorted[from as usize..*end as usize];
            from = *end;
            if rows_of_cell.is_empty() {
                continue;
            }
            let code = cell % codes.count as usize;
            if series[code] == UNSEEN {
                let key = codes.series(&self.texts, rows, code);
                series[code] = match is_wanted(&key) {
                    true => table.number(&key),
                    false => UNWANTED,
                };
            }
            if series[code] != UNWANTED {
                let window = first + i64::try_from(cell / codes.count as usize).ok()?;
                chunk.push(
                    window,
                    series[code],
                    rows_of_cell.len() as u64,
                    Runs(rows_of_cell),
                );
            }
        }
        Some(chunk)
    }
}

/// One number per row for everything that makes its series: the digits of a number whose digits have bases of
/// their own.
struct Codes {
    /// How many numbers there can be.
    count: u32,
    /// Bases of the texts, in their order; 1 where all rows have the same, which is no digit.
    bases: Vec<u32>,
    /// The statuses that occur, ascending, or their classes.
    statuses: Vec<u16>,
}

impl Codes {
    /// The numbers are in the memory of the counter.
    fn new(counter: &mut PlainCounter, rows: &PlainRows) -> Option<Self> {
        let codes = &mut counter.memory.codes;
        codes.clear();
        codes.resize(rows.count, 0);
        let mut count = 1_u64;
        let mut bases = Vec::with_capacity(rows.texts.len());
        for column in &rows.texts {
            let first = column.keys.first();
            if column.keys.iter().all(|key| Some(key) == first) {
                bases.push(1);
                continue;
            }
            let base = u32::try_from(column.texts.len() + 1).ok()?;
            bases.push(base);
            count = count
                .checked_mul(u64::from(base))
                .filter(|count| *count <= TABLE_MAX)?;
            for (code, key) in codes.iter_mut().zip(&column.keys) {
                *code = *code * base + (key + 1).unsigned_abs();
            }
        }
        let mut statuses = Vec::new();
        if counter.status != StatusDetail::None {
            let digits;
            (digits, statuses) = digits_of(rows.numbers.get(2)?, counter.status)?;
            let base = u32::try_from(statuses.len()).ok()?;
            count = count
                .checked_mul(u64::from(base))
                .filter(|count| *count <= TABLE_MAX)?;
            for (code, status) in codes.iter_mut().zip(rows.numbers.get(2)?) {
                let digit = digits[usize::try_from(*status).unwrap_or(0).min(STATUSES - 1)];
                *code = *code * base + u32::from(digit);
            }
        }
        let count = u32::try_from(count).ok()?;
        Some(Self {
            count,
            bases,
            statuses,
        })
    }

    /// The series of a number.
    fn series(&self, places: &[usize], rows: &PlainRows, mut code: usize) -> SeriesKey {
        let mut status = 0;
        if !self.statuses.is_empty() {
            status = self.statuses[code % self.statuses.len()];
            code /= self.statuses.len();
        }
        let mut texts = [const { String::new() }; TEXTS.len()];
        let columns = places.iter().zip(&self.bases).zip(&rows.texts);
        for ((place, base), column) in columns.rev() {
            let index = match base {
                1 => column.keys.first().copied(),
                base => i32::try_from(code % *base as usize)
                    .ok()
                    .map(|digit| digit - 1),
            };
            code /= *base as usize;
            let index = index.and_then(|index| usize::try_from(index).ok());
            let text = index.and_then(|index| column.texts.get(index));
            texts[*place] = text.cloned().unwrap_or_default();
        }
        SeriesKey::of_texts(texts, status, false)
    }
}

/// Per status its digit, and the statuses of the digits; `None` where a row has none or an unheard-of one.
fn digits_of(column: &[i32], detail: StatusDetail) -> Option<([u16; STATUSES], Vec<u16>)> {
    let mut occurs = [false; STATUSES];
    for status in column {
        *occurs.get_mut(usize::try_from(*status).ok()?)? = true;
    }
    let mut digits = [0; STATUSES];
    let mut statuses: Vec<u16> = Vec::new();
    for (status, digit) in (0_i32..).zip(&mut digits) {
        if !occurs[usize::try_from(status).ok()?] {
            continue;
        }
        let counted = match detail {
            StatusDetail::Class => class_of(status),
            StatusDetail::Full | StatusDetail::None => status,
        };
        let counted = u16::try_from(counted).ok()?;
        if statuses.last() != Some(&counted) {
            statuses.push(counted);
        }
        *digit = u16::try_from(statuses.len() - 1).ok()?;
    }
    Some((digits, statuses))
}

/// The cells of a row group: windows × codes.
struct Windows {
    first: i64,
    minutes: i64,
    codes: u32,
}

impl Windows {
    /// The first cell of the window of a minute, which is in range.
    fn cell(&self, minute: i32) -> u32 {
        let window = i64::from(minute).div_euclid(self.minutes) - self.first;
        u32::try_from(window).unwrap_or(0) * self.codes
    }
}

impl Memory {
    /// Fills `sorted` with the rows, by cell and bucket: the lowest bits are the bucket. Sorted by the lower eight bits
    /// of the bucket first, then by the others, then by the cell; each pass keeps the order of the one before.
    fn sort(
        &mut self,
        windows: &Windows,
        minutes: &[i32],
        buckets: &[i32],
        cells: usize,
    ) -> Option<()> {
        let mut low = [0_u32; 1 << 8];
        let mut high = [0_u32; 1 << (BUCKET_BITS - 8)];
        self.cell_ends.clear();
        self.cell_ends.resize(cells, 0);
        self.rows.resize(minutes.len(), 0);
        self.sorted.resize(minutes.len(), 0);
        let (mut minute, mut cell) = (NO_NUMBER, 0);
        let mut highest = 0;
        let columns = minutes.iter().zip(buckets).zip(&self.codes);
        for (((row_minute, bucket), code), row) in columns.zip(&mut self.rows) {
            if *row_minute != minute {
                minute = *row_minute;
                cell = windows.cell(minute);
            }
            let bucket = match *bucket {
                NO_NUMBER => NO_LATENCY,
                bucket => {
                    highest = highest.max(bucket);
                    bucket.max(0).unsigned_abs() & BUCKET_MASK
                }
            };
            low[(bucket & 0xff) as usize] += 1;
            high[(bucket >> 8) as usize] += 1;
            let cell = cell + code;
            self.cell_ends[cell as usize] += 1;
            *row = cell << BUCKET_BITS | bucket;
        }
        if highest >= NO_LATENCY.cast_signed() {
            return None;
        }
        scatter(&self.rows, &mut self.sorted, &mut low, |row| row & 0xff);
        scatter(&self.sorted, &mut self.rows, &mut high, |row| {
            (row & BUCKET_MASK) >> 8
        });
        scatter(&self.rows, &mut self.sorted, &mut self.cell_ends, |row| {
            row >> BUCKET_BITS
        });
        Some(())
    }
}

/// One pass of the sort; `counts` has how many rows each digit has, and afterwards where they end.
fn scatter(from: &[u32], to: &mut [u32], counts: &mut [u32], digit: impl Fn(u32) -> u32) {
    let mut sum = 0;
    for count in &mut *counts {
        let start = sum;
        sum += *count;
        *count = start;
    }
    for row in from {
        let next = &mut counts[digit(*row) as usize];
        to[*next as usize] = *row;
        *next += 1;
    }
}

/// The buckets of the sorted rows of a cell, with their counts; rows without a latency are left out.
struct Runs<'a>(&'a [u32]);

impl Iterator for Runs<'_> {
    type Item = (i32, u64);

    #[inline]
    fn next(&mut self) -> Option<(i32, u64)> {
        let first = *self.0.first()?;
        if first & BUCKET_MASK == NO_LATENCY {
            return None;
        }
        let end = self.0.iter().position(|row| *row != first);
        let end = end.unwrap_or(self.0.len());
        self.0 = &self.0[end..];
        Some(((first & BUCKET_MASK).cast_signed(), end as u64))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::lake::{NO_TEXT, PlainTexts};
    use crate::rollup::packed::unpack;
    use proptest::prelude::*;

    const ROUTES: [&str; 3] = ["/", "/cart", "/refused"];
    /// Minute, bucket, status, number of the route.
    type Row = (i32, Option<i32>, i32, Option<u8>);
    /// By window, route and status.
    type Cells = BTreeMap<(i64, String, u16), (u64, Vec<(i32, u64)>)>;

    fn plain(rows: &[Row]) -> PlainRows {
        let numbers = |pick: fn(&Row) -> i32| -> Vec<i32> { rows.iter().map(pick).collect() };
        let texts = |texts: &[&str], keys: Vec<i32>| PlainTexts {
            texts: texts.iter().map(|text| (*text).to_owned()).collect(),
            keys,
        };
        let routes = rows.iter().map(|row| row.3.map_or(NO_TEXT, i32::from));
        let mut plain = PlainRows::default();
        plain.count = rows.len();
        plain.numbers = vec![
            numbers(|row| row.0),
            numbers(|row| row.1.unwrap_or(NO_NUMBER)),
            numbers(|row| row.2),
        ];
        plain.texts = vec![
            texts(&["customer"], vec![0; rows.len()]),
            texts(&ROUTES, routes.collect()),
        ];
        plain
    }

    fn counted(rows: &[Row], dimensions: &[Dimension], minutes: i64) -> Option<Cells> {
        let plan = RollupPlan::new(minutes * MINUTE_US, Vec::new());
        let mut counter = PlainCounter::new(&plan, dimensions).unwrap();
        // Memory of another row group must leave nothing behind.
        let mut table = SeriesTable::default();
        counter.count(&plain(&[(5, Some(9), 200, Some(1))]), &mut table, |_| true)?;
        let chunk = counter.count(&plain(rows), &mut table, |key| key.route != "/refused")?;
        let mut cells = Cells::new();
        for (window, range) in chunk.ranges() {
            for cell in range {
                let series = &table.series()[chunk.series[cell] as usize];
                let latencies: Vec<(i32, u64)> = unpack(chunk.histogram(cell)).collect();
                let with_latency: u64 = latencies.iter().map(|(_, count)| count).sum();
                assert_eq!(chunk.counts_with_latency[cell], with_latency);
                let key = (window, series.route.clone(), series.status);
                let was = cells.insert(key, (chunk.counts[cell], latencies));
                assert_eq!(was, None, "a cell stands there once");
            }
        }
        Some(cells)
    }

    fn expected(rows: &[Row], minutes: i64, status: fn(i32) -> i32) -> Cells {
        let mut cells: BTreeMap<_, (u64, BTreeMap<i32, u64>)> = BTreeMap::new();
        for (minute, bucket, found, route) in rows {
            let route = route.map_or("", |route| ROUTES[usize::from(route)]);
            if route == "/refused" {
                continue;
            }
            let window = i64::from(*minute).div_euclid(minutes);
            let status = u16::try_from(status(*found)).unwrap();
            let cell = cells.entry((window, route.to_owned(), status)).or_default();
            cell.0 += 1;
            if let Some(bucket) = bucket {
                *cell.1.entry((*bucket).max(0)).or_default() += 1;
            }
        }
        let cells = cells.into_iter();
        cells
            .map(|(key, (count, latencies))| (key, (count, latencies.into_iter().collect())))
            .collect()
    }

    fn row() -> impl Strategy<Value = Row> {
        (
            -40..90_i32,
            prop::option::weighted(0.8, prop_oneof![-2..20_i32, 0..24_000_i32]),
            prop::sample::select(vec![0, 42, 99, 200, 204, 404, 503, 999]),
            prop::option::weighted(0.8, 0..3_u8),
        )
    }

    proptest! {
        #[test]
        fn every_row_is_in_its_cell(rows in prop::collection::vec(row(), 1..120), minutes in 1..70_i64) {
            let found = counted(&rows, &[Dimension::Route, Dimension::Status], minutes);
            prop_assert_eq!(found.unwrap(), expected(&rows, minutes, |status| status));
            let found = counted(&rows, &[Dimension::Route, Dimension::StatusClass], minutes);
            prop_assert_eq!(found.unwrap(), expected(&rows, minutes, class_of));
        }
    }

    #[test]
    fn what_does_not_fit_is_left_to_others() {
        let by = [Dimension::Route, Dimension::Status];
        let fits = (0, Some(1), 200, Some(0));
        let last = i32::try_from(CELLS_MAX).unwrap() - 1;
        for (odd, is_counted) in [
            (fits, true),
            ((last, Some(1), 200, Some(0)), true),
            ((last + 1, Some(1), 200, Some(0)), false),
            ((0, Some(NO_LATENCY.cast_signed()), 200, Some(0)), false),
            ((0, Some(1), 1_000, Some(0)), false),
            ((0, Some(1), NO_NUMBER, Some(0)), false),
            ((NO_NUMBER, Some(1), 200, Some(0)), false),
        ] {
            assert_eq!(
                counted(&[fits, odd], &by, 1).is_some(),
                is_counted,
                "{odd:?}"
            );
        }
    }

    #[test]
    fn a_cut_inside_of_a_bucket_and_windows_of_seconds_need_more_than_minutes() {
        let is_told = |window_us, cuts_us: &[u64], dimensions: &[Dimension]| {
            PlainCounter::new(&RollupPlan::new(window_us, cuts_us.to_vec()), dimensions).is_some()
        };
        assert!(is_told(MINUTE_US, &[2_047], &[Dimension::Route]));
        assert!(!is_told(MINUTE_US, &[5_001], &[Dimension::Route]));
        assert!(!is_told(1_000_000, &[], &[Dimension::Route]));
        assert!(!is_told(MINUTE_US, &[], &Dimension::ALL));
    }
}
