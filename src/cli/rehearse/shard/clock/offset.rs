//! Between which two values an offset lies: plain arithmetic on intervals.

/// The offset lies in here, µs; positive when the reference is later than this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetRange {
    /// Not below.
    pub low_us: i64,
    /// Not above.
    pub high_us: i64,
}

impl OffsetRange {
    /// What a reference says that had a time in `[from_us, until_us]` at some moment between `sent_us` and
    /// `answered_us` of this machine.
    ///
    /// At the moment `m` the reference has `m + offset`, so the offset is at least `from_us - answered_us`
    /// and at most `until_us - sent_us`, whatever the way there and back took.
    pub fn of_answer(sent_us: i64, answered_us: i64, from_us: i64, until_us: i64) -> Self {
        Self {
            low_us: from_us - answered_us,
            high_us: until_us - sent_us,
        }
    }

    /// What both say; `None` when they contradict each other.
    pub fn and(self, other: Self) -> Option<Self> {
        let both = Self {
            low_us: self.low_us.max(other.low_us),
            high_us: self.high_us.min(other.high_us),
        };
        (both.low_us <= both.high_us).then_some(both)
    }

    /// The middle, µs.
    pub fn middle_us(self) -> i64 {
        self.low_us + self.width_us() / 2
    }

    /// From the middle to either end, µs, rounded up.
    pub fn half_us(self) -> i64 {
        (self.width_us() + 1) / 2
    }

    /// From end to end, µs.
    pub fn width_us(self) -> i64 {
        self.high_us - self.low_us
    }

    /// Whether everything it can be is at most `limit_us` from 0.
    pub fn lies_within(self, limit_us: i64) -> bool {
        -limit_us <= self.low_us && self.high_us <= limit_us
    }

    /// Whether everything it can be is further than `limit_us` from 0.
    pub fn is_beyond(self, limit_us: i64) -> bool {
        self.low_us > limit_us || self.high_us < -limit_us
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// A server whose second is cut off; the way there and back takes any time.
        #[test]
        fn the_true_offset_always_lies_inside(
            offset_us in -400_000_000..400_000_000_i64,
            asked in prop::collection::vec((0..10_000_000_i64, 0..300_000_i64, 0..300_000_i64), 1..20),
        ) {
            let mut known: Option<OffsetRange> = None;
            for (sent_us, there_us, back_us) in asked {
                let second_us = (sent_us + there_us + offset_us).div_euclid(1_000_000) * 1_000_000;
                let answered_us = sent_us + there_us + back_us;
                let range = OffsetRange::of_answer(sent_us, answered_us, second_us, second_us + 1_000_000);
                prop_assert!(range.width_us() == 1_000_000 + there_us + back_us);
                known = match known {
                    None => Some(range),
                    Some(known) => Some(known.and(range).expect("true answers do not contradict")),
                };
            }
            let known = known.unwrap();
            prop_assert!(known.low_us <= offset_us && offset_us <= known.high_us);
            prop_assert!((known.middle_us() - offset_us).abs() <= known.half_us());
        }
    }

    #[test]
    fn answers_that_contradict_each_other_have_nothing_in_common() {
        let at = |low_us, high_us| OffsetRange { low_us, high_us };
        assert_eq!(at(0, 10).and(at(10, 20)), Some(at(10, 10)));
        assert_eq!(at(0, 10).and(at(11, 20)), None);
    }
}
