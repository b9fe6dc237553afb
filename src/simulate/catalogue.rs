//! What is looked at and searched for: a few hot products, many cold ones.
//!
//! In: random draws. Out: product ids and search words. The ids are those of a demo shop of default
//! size, so that a scenario learnt from the log can be rehearsed on it.

use super::random::RandomStream;

/// Products have the ids `1..=PRODUCTS_COUNT`.
pub const PRODUCTS_COUNT: u32 = 1_000;

const THINGS: [&str; 16] = [
    "backpack", "blanket", "bottle", "chair", "clock", "desk", "jacket", "kettle", "lamp", "mixer",
    "pan", "radio", "speaker", "tent", "toaster", "torch",
];
const QUALITIES: [&str; 10] = [
    "blue", "copper", "foldable", "green", "heavy", "oak", "pocket", "quiet", "steel", "woollen",
];
/// Prime to [`PRODUCTS_COUNT`], so that every rank has its own id and hot ids lie apart.
const RANK_STRIDE: u32 = 617;

/// Products by popularity after Zipf's law with exponent 1: the product of rank r is looked at 1/r
/// times as often as the first.
#[derive(Debug)]
pub struct Catalogue {
    /// Sums of the weights up to each rank.
    cumulative: Vec<u64>,
}

impl Catalogue {
    /// The catalogue of [`PRODUCTS_COUNT`] products.
    pub fn new() -> Self {
        let mut sum = 0;
        let weights = (1..=u64::from(PRODUCTS_COUNT)).map(|rank| 1_000_000_000 / rank);
        let cumulative = weights.map(|weight| {
            sum += weight;
            sum
        });
        Self {
            cumulative: cumulative.collect(),
        }
    }

    /// The id of a product that someone looks at.
    pub fn product(&self, random: &mut RandomStream) -> u32 {
        let total = self.cumulative.last().copied().unwrap_or(0);
        let point = random.below(total);
        let rank = self.cumulative.partition_point(|sum| *sum <= point);
        u32::try_from(rank).unwrap_or(0) * RANK_STRIDE % PRODUCTS_COUNT + 1
    }
}

/// The id of a product that was taken off long ago.
pub fn dead_product(random: &mut RandomStream) -> u32 {
    PRODUCTS_COUNT + 1 + below_u32(random, 9_000)
}

/// The number of a search text.
pub fn search_text(random: &mut RandomStream) -> u32 {
    let texts = THINGS.len() * (QUALITIES.len() + 1);
    below_u32(random, u32::try_from(texts).unwrap_or(1))
}

/// The words of a search text: a thing, and for ten of eleven numbers a quality before it.
pub fn search_words(text: u32) -> (Option<&'static str>, &'static str) {
    let text = usize::try_from(text).unwrap_or(0);
    (
        QUALITIES.get(text / THINGS.len()).copied(),
        THINGS[text % THINGS.len()],
    )
}

fn below_u32(random: &mut RandomStream, bound: u32) -> u32 {
    u32::try_from(random.below(u64::from(bound))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::random::Purpose;
    use std::collections::BTreeSet;

    #[test]
    fn every_rank_is_a_product_of_its_own() {
        let ids: BTreeSet<_> = (0..PRODUCTS_COUNT)
            .map(|rank| rank * RANK_STRIDE % PRODUCTS_COUNT + 1)
            .collect();
        assert!(ids.into_iter().eq(1..=PRODUCTS_COUNT));
    }

    #[test]
    fn the_hottest_product_has_its_share_by_zipf() {
        let catalogue = Catalogue::new();
        let mut random = RandomStream::new(3, Purpose::Behaviour);
        let mut counts = vec![0_u32; 1_001];
        for _ in 0..100_000 {
            counts[catalogue.product(&mut random) as usize] += 1;
        }
        // 1 / (1 + 1/2 + … + 1/1000) = 13.4 %, and half of that for the second.
        assert!((12_900..13_900).contains(&counts[1]), "{}", counts[1]);
        assert!((6_350..7_000).contains(&counts[618]), "{}", counts[618]);
    }

    #[test]
    fn search_texts_have_one_word_or_two() {
        assert_eq!(search_words(0), (Some("blue"), "backpack"));
        assert_eq!(search_words(175), (None, "torch"));
    }
}
