//! How many different shoppers there are in what was counted day by day.
//!
//! A sketch of the smallest hashes (Z. Bar-Yossef et al., “Counting distinct elements in a data
//! stream”, RANDOM 2002; K. Beyer et al., “On synopses for distinct-value estimation under multiset
//! operations”, SIGMOD 2007): exact up to [`EXACT_MAX`] shoppers, beyond it with a standard error of
//! 1 ÷ √(k − 2), 3 %. Sketches of several days are one by union, whatever the order.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The most shoppers that are counted exactly.
pub const EXACT_MAX: usize = 1_024;

/// Different shoppers; additive over any ranges.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DistinctShoppers {
    /// The smallest hashes; at most [`EXACT_MAX`] and one, which says that there were more.
    smallest: BTreeSet<u64>,
}

impl DistinctShoppers {
    /// Adds a shopper; again changes nothing.
    pub fn insert(&mut self, shopper: i64) {
        let hash = mixed(shopper.cast_unsigned());
        if self.smallest.len() <= EXACT_MAX || self.smallest.last().is_some_and(|last| hash < *last)
        {
            self.smallest.insert(hash);
            self.cut();
        }
    }

    /// Adds those of another range.
    pub fn merge(&mut self, other: &Self) {
        self.smallest.extend(&other.smallest);
        self.cut();
    }

    fn cut(&mut self) {
        while self.smallest.len() > EXACT_MAX + 1 {
            self.smallest.pop_last();
        }
    }

    /// Whether [`count`](Self::count) is exact.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.smallest.len() <= EXACT_MAX
    }

    /// How many there are, within 10 % with a probability of 99.8 % where it is not exact.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate of 3 digits, at least 1,024 and below 2^64"
    )]
    pub fn count(&self) -> u64 {
        match self.smallest.last() {
            Some(last) if !self.is_exact() => {
                let share = (*last as f64 + 1.0) / 2_f64.powi(64);
                ((self.smallest.len() - 1) as f64 / share).round() as u64
            }
            Some(_) | None => self.smallest.len() as u64,
        }
    }
}

/// The finisher of SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014): one to one, so that different
/// shoppers stay different, and even where shoppers are numbered one after the other.
fn mixed(shopper: u64) -> u64 {
    let mut mixed = shopper.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(shoppers: impl IntoIterator<Item = i64>) -> DistinctShoppers {
        let mut distinct = DistinctShoppers::default();
        shoppers
            .into_iter()
            .for_each(|shopper| distinct.insert(shopper));
        distinct
    }

    #[test]
    fn shoppers_are_counted_exactly_to_the_limit_and_closely_beyond() {
        let limit = i64::try_from(EXACT_MAX).unwrap();
        for (shoppers, is_exact) in [
            (0, true),
            (1, true),
            (limit, true),
            (limit + 1, false),
            (50_000, false),
        ] {
            let found = of((0..shoppers).chain(0..shoppers));
            assert_eq!(found.is_exact(), is_exact, "{shoppers}");
            let count = i64::try_from(found.count()).unwrap();
            if is_exact {
                assert_eq!(count, shoppers);
            } else {
                assert!(
                    (count - shoppers).abs() * 10 < shoppers,
                    "{count} of {shoppers}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn ranges_add_up_to_one_however_they_are_cut(
            shoppers in prop::collection::vec(0_i64..3_000, 0..4_000), cut in 0_usize..4_000,
        ) {
            let (first, second) = shoppers.split_at(cut.min(shoppers.len()));
            let mut merged = of(second.iter().copied());
            merged.merge(&of(first.iter().copied()));
            prop_assert_eq!(merged, of(shoppers));
        }
    }
}
