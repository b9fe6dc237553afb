//! The rows of a part of the shoppers at 16 bytes each, and then shopper by shopper in time order.

/// Shoppers are spread over so many heaps, each of which is sorted while it is in the cache.
const HEAPS: usize = 256;

/// Bits of a packed row that hold its label.
const LABEL_BITS: u32 = 23;

/// One request of a shopper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    /// When, UTC µs.
    pub ts_us: i64,
    /// Number of its label.
    pub label: u32,
}

/// Rows, packed.
#[derive(Debug)]
pub struct SortedVisits {
    heaps: Vec<Vec<u128>>,
    base_us: i64,
}

/// A number that spreads shoppers evenly, whatever their identifiers.
fn spread(shopper: i64) -> u64 {
    shopper.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The part of `shopper` of `partitions`, at least 1.
pub fn partition_of(shopper: i64, partitions: u32) -> u32 {
    let low = u32::try_from((spread(shopper) >> 20) & 0xffff_ffff).unwrap_or(0);
    low % partitions
}

impl SortedVisits {
    /// No rows; the first that may come is at `base_us`.
    pub fn new(base_us: i64) -> Self {
        Self {
            heaps: vec![Vec::new(); HEAPS],
            base_us,
        }
    }

    /// Adds a row; its time is at most `RANGE_US_MAX` after the base, its label below `LABELS_MAX`.
    pub fn push(&mut self, shopper: i64, visit: Visit) {
        let time = (visit.ts_us - self.base_us).cast_unsigned();
        let low = time << LABEL_BITS | u64::from(visit.label);
        let packed = u128::from(shopper.cast_unsigned()) << 64 | u128::from(low);
        let heap = usize::try_from(spread(shopper) >> 56).unwrap_or(0);
        self.heaps[heap].push(packed);
    }

    /// Calls `each` for every shopper, in no particular order, with the shopper's requests by time
    /// and, at the same µs, by the rank of their label.
    pub fn walk(self, ranks: &[u32], mut each: impl FnMut(i64, &[Visit])) {
        let mut numbers = vec![0; ranks.len()];
        for (number, rank) in (0_u32..).zip(ranks) {
            numbers[*rank as usize] = number;
        }
        let mut visits = Vec::new();
        for mut heap in self.heaps {
            for packed in &mut heap {
                let label = label_of(*packed);
                *packed = *packed >> LABEL_BITS << LABEL_BITS | u128::from(ranks[label]);
            }
            heap.sort_unstable();
            for shopper in heap.chunk_by(|one, next| one >> 64 == next >> 64) {
                visits.clear();
                visits.extend(shopper.iter().map(|packed| Visit {
                    ts_us: self.base_us + time_of(*packed),
                    label: numbers[label_of(*packed)],
                }));
                each(shopper_of(shopper[0]), &visits);
            }
        }
    }
}

fn label_of(packed: u128) -> usize {
    usize::try_from(packed & ((1 << LABEL_BITS) - 1)).unwrap_or(0)
}

fn time_of(packed: u128) -> i64 {
    i64::try_from(packed >> LABEL_BITS & ((1 << (64 - LABEL_BITS)) - 1)).unwrap_or(0)
}

fn shopper_of(packed: u128) -> i64 {
    u64::try_from(packed >> 64).unwrap_or(0).cast_signed()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::visits::plan::RANGE_US_MAX;
    use crate::visits::series_labels::LABELS_MAX;

    #[test]
    fn the_largest_time_and_label_fit() {
        assert_eq!(1_i64 << (64 - LABEL_BITS), RANGE_US_MAX);
        assert_eq!(1_usize << LABEL_BITS, LABELS_MAX);
    }

    proptest! {
        #[test]
        fn every_shopper_is_seen_once_with_all_requests_in_order(
            rows in prop::collection::vec((any::<i64>(), 0_i64..RANGE_US_MAX, 0_u32..3), 0..60),
            base_us in -5_000_000_i64..5_000_000,
        ) {
            let ranks = [2, 0, 1];
            let mut sorted = SortedVisits::new(base_us);
            let mut slow: BTreeMap<i64, Vec<(i64, u32)>> = BTreeMap::new();
            for (shopper, time, label) in rows {
                let shopper = shopper % 5;
                sorted.push(shopper, Visit { ts_us: base_us + time, label });
                slow.entry(shopper).or_default().push((base_us + time, label));
            }
            for visits in slow.values_mut() {
                visits.sort_by_key(|(ts_us, label)| (*ts_us, ranks[*label as usize]));
            }
            let mut seen = BTreeMap::new();
            sorted.walk(&ranks, |shopper, visits| {
                let visits: Vec<_> = visits.iter().map(|visit| (visit.ts_us, visit.label)).collect();
                assert!(seen.insert(shopper, visits).is_none());
            });
            prop_assert_eq!(seen, slow);
        }
    }
}
