//! A column of numbers, some of which may be absent.
//!
//! Own code instead of Arrow's builder, which tracks absence value by value: most columns of the lake
//! have all values or none, and room for a whole batch is made at once.

use arrow::array::{ArrowPrimitiveType, BooleanBufferBuilder, PrimitiveArray};
use arrow::buffer::NullBuffer;

/// Collects numbers, or their absence.
#[derive(Debug)]
pub struct NumberColumn<T: ArrowPrimitiveType> {
    values: Vec<T::Native>,
    /// Which values are there; made when the first one is not.
    present: Option<BooleanBufferBuilder>,
    /// Room that is made for the next batch.
    room: usize,
}

impl<T: ArrowPrimitiveType> Default for NumberColumn<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            present: None,
            room: 0,
        }
    }
}

impl<T: ArrowPrimitiveType> NumberColumn<T> {
    /// Adds a number.
    pub fn append(&mut self, value: T::Native) {
        self.values.push(value);
        if let Some(present) = &mut self.present {
            present.append(true);
        }
    }

    /// Adds a number, or nothing.
    pub fn append_option(&mut self, value: Option<T::Native>) {
        match value {
            Some(value) => self.append(value),
            None => self.append_absent(),
        }
    }

    fn append_absent(&mut self) {
        let room = self.room;
        let count = self.values.len();
        self.present
            .get_or_insert_with(|| {
                let mut present = BooleanBufferBuilder::new(room.max(count + 1));
                present.append_n(count, true);
                present
            })
            .append(false);
        self.values.push(T::Native::default());
    }

    /// The column; what comes after begins anew.
    pub fn finish(&mut self) -> PrimitiveArray<T> {
        self.room = self.values.len();
        let values = std::mem::replace(&mut self.values, Vec::with_capacity(self.room));
        let present = self.present.take();
        let nulls = present.map(|mut present| NullBuffer::new(present.finish()));
        PrimitiveArray::new(values.into(), nulls)
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
            second in prop::collection::vec(prop::option::weighted(0.9, any::<i64>()), 0..60),
        ) {
            let mut column = NumberColumn::<Int64Type>::default();
            for numbers in [first, second] {
                numbers.iter().for_each(|number| column.append_option(*number));
                prop_assert_eq!(column.finish().iter().collect::<Vec<_>>(), numbers);
            }
        }
    }
}
