//! Requests with a problem per label and minute, and the stretches of time that they make up.
//!
//! A window holds its first and last request, and is no longer than the gap below which requests
//! belong together; so stretches come out exactly as if every request had been kept.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::pass::VisitRow;

/// Length of a window, µs, unless the gap is shorter.
const WINDOW_US: i64 = 60_000_000;

/// Counts of problems.
#[derive(Debug)]
pub struct ProblemMinutes {
    gap_us: i64,
    window_us: i64,
    cells: HashMap<(u32, i64), Cell, FixedState>,
}

#[derive(Debug, Clone, Copy)]
struct Cell {
    first_us: i64,
    last_us: i64,
    requests: u64,
    unattributed_requests: u64,
}

/// A stretch of time in which requests with a problem were less than the gap apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Its first request, UTC µs.
    pub first_us: i64,
    /// Its last request, UTC µs.
    pub last_us: i64,
    /// Its requests.
    pub requests: u64,
    /// Requests of these that no shopper is known for.
    pub unattributed_requests: u64,
    /// Labels and their requests; a label may come again.
    pub labels: Vec<(u32, u64)>,
}

impl ProblemMinutes {
    /// Nothing yet.
    pub fn new(gap_us: i64) -> Self {
        assert!(gap_us > 0, "requests at the same µs belong together");
        Self {
            gap_us,
            window_us: WINDOW_US.min(gap_us),
            cells: HashMap::default(),
        }
    }

    /// Counts a row.
    pub fn count(&mut self, label: u32, row: &VisitRow) {
        let weight = u64::from(row.weight.max(1));
        let window = row.ts_us.div_euclid(self.window_us);
        let cell = self.cells.entry((label, window)).or_insert(Cell {
            first_us: row.ts_us,
            last_us: row.ts_us,
            requests: 0,
            unattributed_requests: 0,
        });
        cell.first_us = cell.first_us.min(row.ts_us);
        cell.last_us = cell.last_us.max(row.ts_us);
        cell.requests += weight;
        cell.unattributed_requests += if row.shopper.is_none() { weight } else { 0 };
    }

    /// Stretches of each of `subject_count` subjects, oldest first; `subjects` says by label which
    /// subject it is.
    pub fn stretches(self, subjects: &[Option<usize>], subject_count: usize) -> Vec<Vec<Stretch>> {
        let mut cells: Vec<((u32, i64), Cell)> = self.cells.into_iter().collect();
        cells.sort_unstable_by_key(|((label, _), cell)| (cell.first_us, *label));
        let mut stretches: Vec<Vec<Stretch>> = Vec::new();
        stretches.resize_with(subject_count, Vec::new);
        for ((label, _), cell) in cells {
            let Some(subject) = subjects.get(label as usize).copied().flatten() else {
                continue;
            };
            let own = &mut stretches[subject];
            match own.last_mut() {
                Some(last) if cell.first_us - last.last_us < self.gap_us => last.add(label, cell),
                Some(_) | None => own.push(Stretch::of(label, cell)),
            }
        }
        stretches
    }
}

impl Stretch {
    fn of(label: u32, cell: Cell) -> Self {
        Self {
            first_us: cell.first_us,
            last_us: cell.last_us,
            requests: cell.requests,
            unattributed_requests: cell.unattributed_requests,
            labels: vec![(label, cell.requests)],
        }
    }

    fn add(&mut self, label: u32, cell: Cell) {
        self.last_us = self.last_us.max(cell.last_us);
        self.requests += cell.requests;
        self.unattributed_requests += cell.unattributed_requests;
        self.labels.push((label, cell.requests));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn stretches_are_those_of_the_single_requests(
            mut times in prop::collection::vec((0_i64..400_000_000, 0_u32..3), 0..40),
            gap_us in 1_i64..100_000_000,
        ) {
            let mut minutes = ProblemMinutes::new(gap_us);
            for (ts_us, label) in &times {
                minutes.count(*label, &VisitRow { shopper: None, ts_us: *ts_us, series: 0, weight: 1, is_slow: false });
            }
            let found = minutes.stretches(&[Some(0), None, Some(0)], 1).remove(0);
            let found: Vec<_> = found.iter().map(|stretch| (stretch.first_us, stretch.last_us, stretch.requests)).collect();
            times.retain(|(_, label)| *label != 1);
            times.sort_unstable();
            let slow: Vec<_> = times.chunk_by(|one, next| next.0 - one.0 < gap_us)
                .map(|stretch| (stretch[0].0, stretch[stretch.len() - 1].0, stretch.len() as u64)).collect();
            prop_assert_eq!(found, slow);
        }
    }
}
