//! Data that shoppers use: which row is whose follows from its number alone, so nothing is kept.

use std::borrow::Cow;
use std::sync::Arc;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

/// Rows of texts, or a sequence of numbers.
#[derive(Debug, Clone)]
pub struct DataTable {
    pick: Pick,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    Rows {
        columns: Vec<String>,
        rows: Arc<[Vec<Box<str>>]>,
    },
    Sequence {
        from: i64,
        step: i64,
    },
}

/// Which row a shopper gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// One after the other by arrival, from the first again after the last.
    Sequential,
    /// Any, drawn from the seed.
    Random,
    /// Each row once.
    Unique,
}

impl DataTable {
    /// A table of at least one row; every row has a value per column.
    #[must_use]
    pub fn rows(pick: Pick, columns: Vec<String>, rows: Vec<Vec<Box<str>>>) -> Self {
        Self {
            pick,
            source: Source::Rows {
                columns,
                rows: rows.into(),
            },
        }
    }

    /// Numbers from `from` on, one per shopper.
    #[must_use]
    pub fn sequence(from: i64, step: i64) -> Self {
        Self {
            pick: Pick::Sequential,
            source: Source::Sequence { from, step },
        }
    }

    /// Its columns; none for a sequence.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        match &self.source {
            Source::Rows { columns, .. } => columns,
            Source::Sequence { .. } => &[],
        }
    }

    /// For how many shoppers it is enough; `None` for any number.
    #[must_use]
    pub fn shoppers_max(&self) -> Option<usize> {
        match (&self.source, self.pick) {
            (Source::Rows { rows, .. }, Pick::Unique) => Some(rows.len()),
            _ => None,
        }
    }

    /// The value of a column for the shopper with this number; of a sequence, which has no columns, its
    /// number.
    #[must_use]
    pub fn value(&self, column: usize, shopper: u64, seed: u64) -> Cow<'_, str> {
        match &self.source {
            Source::Sequence { from, step } => {
                let number = i64::try_from(shopper).unwrap_or(i64::MAX);
                let value = from.wrapping_add(step.wrapping_mul(number));
                Cow::Owned(value.to_string())
            }
            Source::Rows { rows, .. } => {
                let row = self.row(rows.len(), shopper, seed);
                Cow::Borrowed(
                    rows.get(row)
                        .and_then(|row| row.get(column))
                        .map_or("", |text| text),
                )
            }
        }
    }

    fn row(&self, rows: usize, shopper: u64, seed: u64) -> usize {
        match self.pick {
            Pick::Sequential | Pick::Unique => {
                let row = shopper.checked_rem(rows as u64).unwrap_or(0);
                usize::try_from(row).unwrap_or(0)
            }
            Pick::Random => {
                let mut random = Pcg32::seed_from_u64(seed.rotate_left(17) ^ shopper);
                random.random_range(0..rows)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(pick: Pick) -> DataTable {
        let rows = ["a", "b", "c"].map(|text| vec![text.into()]);
        DataTable::rows(pick, vec!["name".to_owned()], rows.into())
    }

    #[test]
    fn rows_come_one_after_the_other_and_begin_again() {
        let names = |table: &DataTable| -> String {
            let names = (0..7).map(|shopper| table.value(0, shopper, 1).into_owned());
            names.collect()
        };
        assert_eq!(names(&table(Pick::Sequential)), "abcabca");
        let random = table(Pick::Random);
        assert_eq!(names(&random), names(&random));
        assert_ne!(names(&random), "abcabca");
        assert_eq!(table(Pick::Unique).shoppers_max(), Some(3));
        assert_eq!(table(Pick::Sequential).shoppers_max(), None);
    }

    #[test]
    fn a_sequence_counts_on() {
        let table = DataTable::sequence(100, -5);
        assert_eq!(table.value(0, 0, 1), "100");
        assert_eq!(table.value(0, 3, 1), "85");
    }
}
