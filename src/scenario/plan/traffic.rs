//! How shoppers arrive, and what they want.

use std::sync::Arc;

use rand::RngExt;

use jiff::tz::TimeZone;

use super::super::curve::TrafficCurve;
use super::super::definition::ArrivalSpacing;

/// How shoppers arrive.
#[derive(Debug, Clone)]
pub struct TrafficPlan {
    /// Spacing of the arrivals.
    pub spacing: ArrivalSpacing,
    /// Arrival rate over time.
    pub curve: TrafficCurve,
    /// What happens when: µs since the start, and its name.
    pub labels: Vec<(i64, String)>,
    /// Stretches of time with a name.
    pub phases: Vec<PhasePlan>,
    /// A closed model instead of the curve, on which then nobody arrives; of several scenarios at once the
    /// sum of their closed models, beside the curve of the others.
    pub closed: Option<ClosedPlan>,
    /// Where the curve is learned from; nobody arrives on it until
    /// [`DrillPlan::set_learned_curve`](super::DrillPlan::set_learned_curve).
    pub learned: Option<LearnedTraffic>,
    /// Arrivals one by one, ascending, instead of those that are drawn along the curve.
    pub recorded: Option<Arc<[RecordedArrival]>>,
}

/// A range of the lake whose sessions are counted.
#[derive(Debug, Clone)]
pub struct LearnedTraffic {
    /// First moment as it was written.
    pub from: Option<String>,
    /// First moment after the range as it was written.
    pub to: Option<String>,
    /// ISO week.
    pub week: Option<String>,
    /// Zone of days and weeks.
    pub zone: TimeZone,
    /// How many times as many sessions.
    pub scale: f64,
    /// How many times as fast it goes by.
    pub speed: f64,
    /// The highest arrival rate that the scenario allows, shoppers per second.
    pub shoppers_per_s_max: Option<f64>,
}

/// One arrival that was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordedArrival {
    /// When, µs since the start.
    pub due_us: i64,
    /// Index of the kind of shopper.
    pub kind: u16,
}

/// A stretch of time with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhasePlan {
    /// Its name.
    pub name: String,
    /// Its beginning, µs since the start.
    pub from_us: i64,
    /// Its end, µs since the start.
    pub to_us: i64,
}

/// So many shoppers at once, each of whom begins again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedPlan {
    /// How many.
    pub shoppers: usize,
    /// How long, µs.
    pub length_us: i64,
}

impl ClosedPlan {
    /// The shoppers of both, until the last of them is gone.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            shoppers: self.shoppers.saturating_add(other.shoppers),
            length_us: self.length_us.max(other.length_us),
        }
    }
}

/// How `{product}` and `{next_product}` are drawn.
#[derive(Debug, Clone)]
pub struct ProductDraw {
    count: u32,
    /// Share of the first 1, 2, 3 … products; `None` where all are alike.
    cumulative: Option<Arc<[f64]>>,
}

impl ProductDraw {
    /// Products 1 to `count`, product `k` in proportion to `1 / k^skew` (Zipf's law).
    #[must_use]
    pub fn new(count: u32, skew: f64) -> Self {
        let cumulative = (skew > 0.0).then(|| {
            let mut sum = 0.0;
            let sums: Vec<f64> = (1..=count)
                .map(|rank| {
                    sum += libm::pow(f64::from(rank), -skew);
                    sum
                })
                .collect();
            sums.into_iter().map(|partial| partial / sum).collect()
        });
        Self { count, cumulative }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// One of them.
    pub fn draw(&self, random: &mut impl RngExt) -> u32 {
        let Some(cumulative) = &self.cumulative else {
            return random.random_range(1..=self.count);
        };
        let position: f64 = random.random();
        let before = cumulative.partition_point(|share| *share <= position);
        u32::try_from(before + 1).map_or(self.count, |product| product.min(self.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;

    #[test]
    fn popular_products_are_wanted_as_zipf_says() {
        let products = ProductDraw::new(100, 1.0);
        let mut random = Pcg64Mcg::seed_from_u64(3);
        let mut counts = [0_u32; 101];
        for _ in 0..100_000 {
            counts[products.draw(&mut random) as usize] += 1;
        }
        // The harmonic number of 100 is 5.187.
        for (product, expected) in [(1, 100_000.0 / 5.187), (10, 10_000.0 / 5.187)] {
            let found = f64::from(counts[product]);
            assert!((found / expected - 1.0).abs() < 0.1, "{product}: {found}");
        }
        assert!(counts[1..].iter().all(|count| *count > 0));
    }

    #[test]
    fn without_skew_every_product_is_as_likely() {
        let products = ProductDraw::new(10, 0.0);
        let mut random = Pcg64Mcg::seed_from_u64(3);
        let mut counts = [0_u32; 11];
        for _ in 0..10_000 {
            counts[products.draw(&mut random) as usize] += 1;
        }
        assert!(counts[1..].iter().all(|count| (850..1_150).contains(count)));
    }
}
