//! Series, weight and slowness of a row as one small number, so that a row fits into 16 bytes.
//!
//! In: rows. Out: labels, and their order, which does not depend on the order of the rows.

use std::cmp::Reverse;
use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::pass::VisitRow;
use crate::rollup::SeriesKey;

/// The most labels of one pass; rows with further ones are counted as left out.
pub const LABELS_MAX: usize = 1 << 23;

/// What a row says besides shopper and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The series.
    pub key: SeriesKey,
    /// How many requests a row stands for, at least 1.
    pub weight: u64,
    /// Whether its latency is above the limit of slow requests.
    pub is_slow: bool,
}

/// Labels, numbered in the order in which they were first seen.
#[derive(Debug, Default)]
pub struct SeriesLabels {
    labels: Vec<Label>,
    /// By series, for rows of weight 1 that are not slow: label + 1, 0 for none yet.
    plain: Vec<u32>,
    others: HashMap<(u32, u32, bool), u32, FixedState>,
    is_closed: bool,
}

impl SeriesLabels {
    /// The number of the row's label; `None` when there are too many, when they are closed, or
    /// when the row's series is not in `series`.
    pub fn of(&mut self, series: &[SeriesKey], row: &VisitRow) -> Option<u32> {
        let weight = row.weight.max(1);
        if weight > 1 || row.is_slow {
            let name = (row.series, weight, row.is_slow);
            if let Some(number) = self.others.get(&name) {
                return Some(*number);
            }
            let number = self.add(series, row)?;
            self.others.insert(name, number);
            return Some(number);
        }
        let index = row.series as usize;
        if let Some(number) = self.plain.get(index).and_then(|found| found.checked_sub(1)) {
            return Some(number);
        }
        let number = self.add(series, row)?;
        if self.plain.len() <= index {
            self.plain.resize(index + 1, 0);
        }
        self.plain[index] = number + 1;
        Some(number)
    }

    fn add(&mut self, series: &[SeriesKey], row: &VisitRow) -> Option<u32> {
        if self.is_closed || self.labels.len() == LABELS_MAX {
            return None;
        }
        let key = series.get(row.series as usize)?.clone();
        let number = u32::try_from(self.labels.len()).ok()?;
        self.labels.push(Label {
            key,
            weight: u64::from(row.weight.max(1)),
            is_slow: row.is_slow,
        });
        Some(number)
    }

    /// All labels by number.
    pub fn all(&self) -> &[Label] {
        &self.labels
    }

    /// Takes no more labels. Gives the rank of each number: of two requests at the same µs the one
    /// of lower rank is taken to be the earlier. No answer comes first, then the higher status,
    /// because shoppers repeat what went wrong and not what went well.
    pub fn close(&mut self) -> Vec<u32> {
        self.is_closed = true;
        let mut order: Vec<u32> = (0_u32..).take(self.labels.len()).collect();
        order.sort_by_cached_key(|number| {
            let label = &self.labels[*number as usize];
            let badness = if label.key.status == 0 {
                u16::MAX
            } else {
                label.key.status
            };
            (
                Reverse(badness),
                label.key.clone(),
                label.is_slow,
                label.weight,
            )
        });
        let mut ranks = vec![0; order.len()];
        for (rank, number) in (0_u32..).zip(&order) {
            ranks[*number as usize] = rank;
        }
        ranks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::visits::sample;

    fn row(series: u32, weight: u32, is_slow: bool) -> VisitRow {
        VisitRow {
            shopper: None,
            ts_us: 0,
            series,
            weight,
            is_slow,
        }
    }

    #[test]
    fn labels_differ_by_series_weight_and_slowness_and_weight_0_is_1() {
        let series = sample::series();
        let mut labels = SeriesLabels::default();
        let rows = [
            (0, 1, false),
            (1, 1, false),
            (0, 2, false),
            (0, 1, true),
            (0, 0, false),
        ];
        let numbers =
            rows.map(|(index, weight, slow)| labels.of(&series, &row(index, weight, slow)));
        assert_eq!(numbers, [Some(0), Some(1), Some(2), Some(3), Some(0)]);
        assert_eq!(labels.of(&series, &row(999, 1, false)), None);
    }

    #[test]
    fn what_went_wrong_ranks_first_and_a_closed_table_takes_no_more() {
        let series = sample::series();
        let mut labels = SeriesLabels::default();
        for index in 0..4 {
            labels.of(&series, &row(index, 1, false));
        }
        let ranks = labels.close();
        let mut order: Vec<usize> = (0..4).collect();
        order.sort_by_key(|number| ranks[*number]);
        let statuses: Vec<u16> = order.iter().map(|number| series[*number].status).collect();
        assert!(statuses.is_sorted_by_key(|status| Reverse(if *status == 0 {
            u16::MAX
        } else {
            *status
        })));
        assert_eq!(labels.of(&series, &row(0, 7, false)), None);
        assert!(labels.of(&series, &row(0, 1, false)).is_some());
    }
}
