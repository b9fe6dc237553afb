//! The rows of a batch by their cell: a cell is looked for once, and not once per row.
//!
//! In: per row the time, the number of its series and the bucket of its latency. Out: per cell the
//! buckets of its rows, side by side, by a counting sort. It does not know what a cell is for.

use crate::time_window::TimeWindow;

/// Cells of a batch that are counted in a table; where there are more, rows are counted one by one.
const CELLS_MAX: usize = 1 << 18;
/// Windows of a batch that are looked through for the one of a row; a log with more of them is too
/// sparse to gain anything.
const WINDOWS_MAX: usize = 4_096;
/// The cell of a row that nobody wants.
const NONE: u32 = u32::MAX;

/// The rows of a batch, by window and series.
pub struct Groups {
    windows: Vec<i64>,
    series_count: usize,
    /// Where the buckets of a cell begin; one more than there are cells.
    starts: Vec<u32>,
    buckets: Vec<i32>,
    /// The first and the last moment of the rows, µs.
    pub extent_us: Option<(i64, i64)>,
}

impl Groups {
    /// The rows of `range` whose series is below `series_count`; `None` where that makes too many
    /// windows or cells. All columns have one value per row.
    pub fn new(
        ts_us: &[i64],
        series: &[u32],
        buckets: &[i32],
        series_count: usize,
        window_us: i64,
        range: TimeWindow,
    ) -> Option<Self> {
        let mut windows: Vec<i64> = Vec::new();
        let mut cells = Vec::with_capacity(ts_us.len());
        // The µs of the window of the row before, and the first cell of that window.
        let (mut inside, mut first) = (0..0, 0);
        let mut extent_us: Option<(i64, i64)> = None;
        for (ts_us, series) in ts_us.iter().zip(series) {
            let series = *series as usize;
            if series >= series_count || !range.contains(*ts_us) {
                cells.push(NONE);
                continue;
            }
            if !inside.contains(ts_us) {
                let window = ts_us.div_euclid(window_us);
                inside = window * window_us..(window + 1) * window_us;
                // Rows are nearly in order of time: it is one of the last ones, if any.
                let known = windows.iter().rposition(|known| *known == window);
                let at = known.unwrap_or_else(|| {
                    windows.push(window);
                    windows.len() - 1
                });
                if windows.len() > WINDOWS_MAX || windows.len() * series_count > CELLS_MAX {
                    return None;
                }
                first = at * series_count;
            }
            cells.push(u32::try_from(first + series).unwrap_or(NONE));
            let (from, to) = extent_us.unwrap_or((*ts_us, *ts_us));
            extent_us = Some((from.min(*ts_us), to.max(*ts_us)));
        }
        let (starts, buckets) = by_cell(&cells, buckets, windows.len() * series_count);
        Some(Self {
            windows,
            series_count,
            starts,
            buckets,
            extent_us,
        })
    }

    /// Each window and series that has rows, with their buckets.
    pub fn iter(&self) -> impl Iterator<Item = (i64, u32, &[i32])> {
        let cells = self.starts.windows(2).enumerate();
        cells
            .filter(|(_, ends)| ends[0] < ends[1])
            .map(|(cell, ends)| {
                let window = self.windows[cell / self.series_count];
                let series = u32::try_from(cell % self.series_count).unwrap_or(NONE);
                let buckets = &self.buckets[ends[0] as usize..ends[1] as usize];
                (window, series, buckets)
            })
    }
}

/// A counting sort of `buckets` by `cells`: where the buckets of each cell begin, and the buckets.
fn by_cell(cells: &[u32], buckets: &[i32], cell_count: usize) -> (Vec<u32>, Vec<i32>) {
    let mut starts = vec![0_u32; cell_count + 1];
    for cell in cells.iter().filter(|cell| **cell != NONE) {
        starts[*cell as usize + 1] += 1;
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    let mut next = starts.clone();
    let mut sorted = vec![0; sum as usize];
    for (cell, bucket) in cells.iter().zip(buckets) {
        if *cell != NONE {
            let at = &mut next[*cell as usize];
            sorted[*at as usize] = (*bucket).max(0);
            *at += 1;
        }
    }
    (starts, sorted)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_wanted_row_is_in_its_cell(
            rows in prop::collection::vec((-50..200_i64, 0..6_u32, 0..9_i32), 0..80),
            from in -60..100_i64,
            length in 0..200_i64,
        ) {
            let range = TimeWindow { start_us: from, end_us: from + length };
            let wanted = |row: &&(i64, u32, i32)| row.1 < 4 && range.contains(row.0);
            let mut expected: BTreeMap<(i64, u32), Vec<i32>> = BTreeMap::new();
            for (ts_us, series, bucket) in rows.iter().filter(wanted) {
                expected.entry((ts_us.div_euclid(20), *series)).or_default().push(*bucket);
            }
            let ts_us: Vec<i64> = rows.iter().map(|row| row.0).collect();
            let series: Vec<u32> = rows.iter().map(|row| row.1).collect();
            let buckets: Vec<i32> = rows.iter().map(|row| row.2).collect();
            let groups = Groups::new(&ts_us, &series, &buckets, 4, 20, range).unwrap();
            let found = groups.iter().map(|(window, series, buckets)| ((window, series), buckets.to_vec()));
            prop_assert_eq!(found.collect::<BTreeMap<_, _>>(), expected);
            let times = rows.iter().filter(wanted).map(|row| row.0);
            prop_assert_eq!(groups.extent_us, times.clone().min().zip(times.max()));
        }
    }

    /// A row in each of so many windows.
    fn sparse(windows: usize, series_count: usize) -> Option<Groups> {
        let ends = i64::try_from(windows).unwrap();
        let ts_us: Vec<i64> = (0..ends).collect();
        let all = TimeWindow {
            start_us: 0,
            end_us: ends,
        };
        let (series, buckets) = (vec![0; windows], vec![1; windows]);
        Groups::new(&ts_us, &series, &buckets, series_count, 1, all)
    }

    #[test]
    fn too_many_cells_are_left_to_others() {
        assert!(sparse(1_000, CELLS_MAX / 1_000).is_some());
        assert!(sparse(1_000, CELLS_MAX / 1_000 + 1).is_none());
    }

    #[test]
    fn too_many_windows_are_left_to_others() {
        assert!(sparse(WINDOWS_MAX, 1).is_some());
        assert!(sparse(WINDOWS_MAX + 1, 1).is_none());
    }
}
