//! What is for sale: names and prices that follow from the product id.
//!
//! In: a product id or a search text. Out: a name, a price, up to ten hits. It knows nothing of
//! stock and keeps nothing, so a catalogue of any size costs no memory.

use std::fmt;

/// The most hits that a search shows.
pub const SEARCH_HITS_COUNT_MAX: usize = 10;

const QUALITIES: [&str; 10] = [
    "Blue", "Copper", "Foldable", "Green", "Heavy", "Oak", "Pocket", "Quiet", "Steel", "Woollen",
];
const THINGS: [&str; 16] = [
    "Backpack", "Blanket", "Bottle", "Chair", "Clock", "Desk", "Jacket", "Kettle", "Lamp", "Mixer",
    "Pan", "Radio", "Speaker", "Tent", "Toaster", "Torch",
];
/// Names repeat after this many products, but for their number.
const NAMES_COUNT: u32 = 160;

/// The number of a product, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProductId(pub u32);

impl ProductId {
    /// Such as `Copper Kettle 17`.
    #[must_use]
    pub fn name(self) -> String {
        let (quality, thing) = self.words();
        format!("{quality} {thing} {}", self.0)
    }

    /// From 4.99 to 204.99.
    #[must_use]
    pub const fn price(self) -> Cents {
        Cents(499 + (self.0 as u64 * 37 % 201) * 100)
    }

    const fn words(self) -> (&'static str, &'static str) {
        let name = self.0 % NAMES_COUNT;
        (
            QUALITIES[(name % 10) as usize],
            THINGS[(name / 10) as usize],
        )
    }
}

/// An amount of money in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cents(pub u64);

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// The products in which every word of the text begins the quality or the thing, in order of id,
/// at most [`SEARCH_HITS_COUNT_MAX`]. An empty text finds the first products.
#[must_use]
pub fn search(text: &str, products: u32) -> Vec<ProductId> {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let begins = |known: &str| {
        let known = known.to_lowercase();
        words
            .iter()
            .map(move |word| known.starts_with(word.as_str()))
            .collect::<Vec<_>>()
    };
    let qualities = QUALITIES.map(begins);
    let things = THINGS.map(begins);
    let matches = |name: u32| {
        let (quality, thing) = (
            &qualities[(name % 10) as usize],
            &things[(name / 10) as usize],
        );
        quality
            .iter()
            .zip(thing)
            .all(|(quality, thing)| *quality || *thing)
    };
    let names: Vec<bool> = (0..NAMES_COUNT).map(matches).collect();
    // A name that matches at all does so within the first round, and ten rounds give ten hits.
    let last = products.min(NAMES_COUNT * 10);
    let hits = (1..=last).filter(|id| names[(id % NAMES_COUNT) as usize]);
    hits.take(SEARCH_HITS_COUNT_MAX).map(ProductId).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_finds_every_product_whose_name_has_words_that_begin_so() {
        let oracle = |text: &str, products: u32| {
            let hit = |id: &ProductId| {
                let name = id.name().to_lowercase();
                let words: Vec<_> = name.split(' ').take(2).collect();
                text.split(' ')
                    .all(|part| words.iter().any(|word| word.starts_with(part)))
            };
            let ids = (1..=products).map(ProductId).filter(hit);
            ids.take(SEARCH_HITS_COUNT_MAX).collect::<Vec<_>>()
        };
        for text in [
            "kettle",
            "co",
            "copper kettle",
            "b",
            "t",
            "steel",
            "blanket blue",
            "zebra",
        ] {
            for products in [1, 159, 160, 161, 1_000, 5_000] {
                assert_eq!(
                    search(text, products),
                    oracle(text, products),
                    "{text} in {products}"
                );
            }
        }
    }

    #[test]
    fn an_empty_search_finds_the_first_products() {
        assert_eq!(search(" ", 3), [1, 2, 3].map(ProductId));
    }

    #[test]
    fn the_number_of_names_is_the_number_of_pairs_of_words() {
        assert_eq!(NAMES_COUNT as usize, QUALITIES.len() * THINGS.len());
    }

    #[test]
    fn amounts_have_two_decimals() {
        assert_eq!(Cents(499).to_string(), "4.99");
        assert_eq!(Cents(100_005).to_string(), "1000.05");
    }
}
