//! A column of numbers, some of which may be absent.
//!
//! Own code instead of Arrow's builder, which tracks absence value by value: most columns of the lake
//! have all values or none, and some have the same value in all rows, which then are only counted.

use arrow::array::{ArrowPrimitiveType, BooleanBufferBuilder, PrimitiveArray};
use arrow::buffer::NullBuffer;

/// Collects numbers, or their absence.
#[derive(Debug)]
pub struct NumberColumn<T: ArrowPrimitiveType> {
    /// What all rows have as long as `values` is empty, and how many there are.
    same: Option<T::Native>,
    same_rows: usize,
    values: Vec<T::Native>,
    /// Which values are there; made when the first one is not.
    present: Option<BooleanBufferBuilder>,
    /// Room that is made for the next batch.
    room: usize,
}

impl<T: ArrowPrimitiveType> Default for NumberColumn<T> {
    fn default() -> Self {
        Self {
            same: None,
            same_rows: 0,
            values: Vec::new(),
            present: None,
            room: 0,
        }
    }
}

impl<T: ArrowPrimitiveType> NumberColumn<T> {
    /// Adds a number.
    #[inline]
    pub fn append(&mut self, value: T::Native) {
        self.append_option(Some(value));
    }

    /// Adds a number, or nothing.
    #[inline]
    pub fn append_option(&mut self, value: Option<T::Native>) {
        if self.values.is_empty() {
            if self.same_rows == 0 {
                self.same = value;
            }
            if self.same == value {
                self.same_rows += 1;
                return;
            }
            self.spread();
        }
        self.push(value);
    }

    #[inline]
    fn push(&mut self, value: Option<T::Native>) {
        match (value, &mut self.present) {
            (Some(_), None) => {}
            (value, Some(present)) => present.append(value.is_some()),
            (None, none) => {
                let rows = self.values.len();
                let mut present = BooleanBufferBuilder::new(self.room.max(rows + 1));
                present.append_n(rows, true);
                present.append(false);
                *none = Some(present);
            }
        }
        self.values.push(value.unwrap_or_default());
    }

    /// Writes the rows out that were only counted.
    #[cold]
    fn spread(&mut self) {
        self.values.reserve(self.room.max(self.same_rows + 1));
        for _ in 0..std::mem::take(&mut self.same_rows) {
            self.push(self.same);
        }
    }

    /// The column; what comes after begins anew.
    pub fn finish(&mut self) -> PrimitiveArray<T> {
        let rows = std::mem::take(&mut self.same_rows);
        if self.values.is_empty() {
            return match self.same {
                Some(value) => PrimitiveArray::from_value(value, rows),
                None => PrimitiveArray::new_null(rows),
            };
        }
        self.room = self.values.len();
        let present = self.present.take();
        let nulls = present.map(|mut present| NullBuffer::new(present.finish()));
        PrimitiveArray::new(std::mem::take(&mut self.values).into(), nulls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::Int64Type;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_number_is_read_back_in_two_columns_one_after_the_other(
            first in prop::collection::vec(any::<Option<i64>>(), 0..60),
            second in prop::collection::vec(prop::option::weighted(0.9, 0..2_i64), 0..60),
        ) {
            let mut column = NumberColumn::<Int64Type>::default();
            for numbers in [first, second] {
                numbers.iter().for_each(|number| column.append_option(*number));
                prop_assert_eq!(column.finish().iter().collect::<Vec<_>>(), numbers);
            }
        }
    }
}
