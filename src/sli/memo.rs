//! Results of a pure function that is asked for the same few arguments again and again.
//!
//! In: a key and how to work out its value. Out: the value, worked out or remembered. It holds a
//! fixed number of values and forgets the older of two that fall on the same place.

use std::hash::{DefaultHasher, Hash, Hasher};

/// How many values are remembered at most.
const PLACES: usize = 4_096;

/// The memory.
pub(super) struct Memo<Key, Value> {
    places: Vec<Option<(Key, Value)>>,
}

impl<Key: Copy + Eq + Hash, Value: Copy> Memo<Key, Value> {
    pub(super) fn new() -> Self {
        Self { places: Vec::new() }
    }

    /// The value of `key`, which `work_out` gives where it is not remembered.
    pub(super) fn get(&mut self, key: Key, work_out: impl FnOnce() -> Value) -> Value {
        if self.places.is_empty() {
            self.places.resize_with(PLACES, || None);
        }
        let place = &mut self.places[place_of(&key)];
        match place {
            Some((found, value)) if *found == key => *value,
            Some(_) | None => {
                let value = work_out();
                *place = Some((key, value));
                value
            }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the remainder is below the number of places"
)]
fn place_of(key: &impl Hash) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    (hasher.finish() % PLACES as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_worked_out_once_and_places_may_be_taken_over() {
        let mut memo = Memo::new();
        for key in 0..3 * PLACES as u64 {
            assert_eq!(memo.get(key, || key * 2), key * 2);
            assert_eq!(memo.get(key, || unreachable!()), key * 2);
        }
        assert_eq!(memo.get(0, || 0), 0);
    }
}
