//! How much more wanted popular products are: the exponent of Zipf's law that fits best.

use std::collections::HashMap;

use serde::Serialize;

/// The most products that are told apart.
const PRODUCTS_MAX: usize = 500_000;
/// Requests from which on an exponent means something.
const REQUESTS_MIN: u64 = 500;
/// Different products from which on it does.
const PRODUCTS_MIN: usize = 20;
/// The largest exponent that a scenario takes.
const SKEW_MAX: f64 = 5.0;

/// How often each product was asked for.
#[derive(Debug, Default)]
pub struct ProductCounts {
    counts: HashMap<Box<str>, u64>,
    requests: u64,
}

/// What they say.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Skew {
    /// The exponent; `None` where there is too little to tell.
    pub exponent: Option<f64>,
    /// Different products.
    pub products: usize,
    /// Requests that named one.
    pub requests: u64,
    /// The highest number, where all are named by whole numbers from 1 on.
    pub numbered_to: Option<u64>,
}

impl Skew {
    /// Whether products are numbered without gaps, as far as a sample tells.
    #[must_use]
    pub fn is_numbered(&self) -> bool {
        let seen = self.products as u64;
        self.numbered_to.is_some_and(|highest| highest / 2 <= seen)
    }

    /// From how many products as many different ones are drawn; `None` without any.
    #[must_use]
    pub fn products_drawn(&self) -> Option<u64> {
        let highest = self.numbered_to.filter(|_| self.is_numbered());
        highest
            .or(Some(self.products as u64))
            .filter(|products| *products > 0)
    }
}

impl ProductCounts {
    /// Counts requests for one product.
    pub fn add(&mut self, product: &str, requests: u64) {
        self.requests += requests;
        if let Some(count) = self.counts.get_mut(product) {
            *count += requests;
        } else if self.counts.len() < PRODUCTS_MAX {
            self.counts.insert(product.into(), requests);
        }
    }

    /// The exponent with the greatest likelihood, if product `k` of those that were seen, by rank, is
    /// wanted in proportion to `1 / k^s`: Clauset, Shalizi, Newman, "Power-law distributions in empirical
    /// data", 2009, for a finite number of ranks. Ranks are those of the sample, which makes it a little
    /// too large where requests per product are few.
    #[must_use]
    pub fn skew(&self) -> Skew {
        let mut counts: Vec<u64> = self.counts.values().copied().collect();
        counts.sort_unstable_by(|one, other| other.cmp(one));
        let is_enough = self.requests >= REQUESTS_MIN && counts.len() >= PRODUCTS_MIN;
        Skew {
            exponent: is_enough.then(|| exponent(&counts)),
            products: counts.len(),
            requests: self.requests,
            numbered_to: self.numbered_to(),
        }
    }

    fn numbered_to(&self) -> Option<u64> {
        let numbers = self.counts.keys().map(|name| name.parse().ok());
        let mut numbers: Vec<u64> = numbers.collect::<Option<_>>()?;
        numbers.sort_unstable();
        numbers.last().copied().filter(|_| numbers[0] > 0)
    }
}

/// Where the mean logarithm of the rank is the expected one, by bisection: it falls with the exponent.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts and ranks stay below 2^53"
)]
fn exponent(counts: &[u64]) -> f64 {
    let logarithms: Vec<f64> = (1..=counts.len())
        .map(|rank| libm::log(rank as f64))
        .collect();
    let total: u64 = counts.iter().sum();
    let sum: f64 = counts
        .iter()
        .zip(&logarithms)
        .map(|(count, log)| *count as f64 * log)
        .sum();
    let mean = sum / total as f64;
    let expected = |exponent: f64| {
        let (mut weights, mut sum) = (0.0, 0.0);
        for log in &logarithms {
            let weight = libm::exp(-exponent * log);
            weights += weight;
            sum += weight * log;
        }
        sum / weights
    };
    let (mut low, mut high) = (0.0, SKEW_MAX);
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if expected(middle) > mean {
            low = middle
        } else {
            high = middle
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    #[test]
    fn the_exponent_of_drawn_products_is_found() {
        for skew in [0.0, 0.8, 1.2] {
            let weights: Vec<f64> = (1..=200)
                .map(|rank| libm::pow(f64::from(rank), -skew))
                .collect();
            let sum: f64 = weights.iter().sum();
            let mut random = Pcg64Mcg::seed_from_u64(5);
            let mut counts = ProductCounts::default();
            for _ in 0..100_000 {
                let mut point = random.random::<f64>() * sum;
                let rank = weights
                    .iter()
                    .position(|weight| {
                        point -= weight;
                        point < 0.0
                    })
                    .unwrap_or(0);
                counts.add(&(rank + 1).to_string(), 1);
            }
            let found = counts.skew();
            assert_eq!((found.products, found.requests), (200, 100_000));
            assert_eq!(
                (found.numbered_to, found.products_drawn()),
                (Some(200), Some(200))
            );
            assert!(found.is_numbered());
            let exponent = found.exponent.unwrap();
            assert!((exponent - skew).abs() < 0.05, "{skew}: {exponent}");
        }
    }

    #[test]
    fn of_few_requests_or_products_nothing_is_said() {
        let mut counts = ProductCounts::default();
        (0..19).for_each(|product: u32| counts.add(&product.to_string(), 100));
        assert_eq!(counts.skew().exponent, None);
        counts.add("19", 1);
        assert!(counts.skew().exponent.is_some());
        assert_eq!(counts.skew().numbered_to, None);
        let mut few = ProductCounts::default();
        (0..20).for_each(|product: u32| few.add(&product.to_string(), 24));
        assert_eq!(few.skew().exponent, None);
        few.add("0", 20);
        assert!(few.skew().exponent.is_some());
    }

    #[test]
    fn numbers_with_gaps_and_other_names_are_told_apart_from_counted_ones() {
        for (names, expected) in [
            (["1", "2", "3"], (Some(3), true, Some(3))),
            (["2", "4", "6"], (Some(6), true, Some(6))),
            (["10", "20", "30"], (Some(30), false, Some(3))),
            (["0", "1", "2"], (None, false, Some(3))),
            (["A-1", "2", "3"], (None, false, Some(3))),
        ] {
            let mut counts = ProductCounts::default();
            names.iter().for_each(|name| counts.add(name, 1));
            let skew = counts.skew();
            let found = (skew.numbered_to, skew.is_numbered(), skew.products_drawn());
            assert_eq!(found, expected, "{names:?}");
        }
        assert_eq!(ProductCounts::default().skew().products_drawn(), None);
    }
}
