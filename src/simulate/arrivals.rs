//! When visitors arrive: a Poisson process whose rate follows the day.
//!
//! In: the traffic, how the rate behaves over a day, a random stream. Out: one arrival after the
//! other, in order, without end. It knows nothing of what visitors do.

use super::random::RandomStream;
use super::traffic::{HOUR_CURVE_MAX, Traffic, us};

/// How the rate of arrivals behaves within a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rhythm {
    /// Along the hours, as shoppers do.
    Hourly,
    /// The same all day and all night, as robots do.
    Steady,
}

/// Arrivals by thinning (Lewis and Shedler, 1979): candidates come at the highest rate of their
/// day and are kept with the share that the rate of the moment has in it.
#[derive(Debug)]
pub struct Arrivals {
    random: RandomStream,
    rhythm: Rhythm,
    /// Arrivals per arriving shopper, on the mean of a day.
    per_shopper: f64,
    next_us: i64,
}

impl Arrivals {
    /// The arrivals from the start of the traffic on.
    pub fn new(random: RandomStream, rhythm: Rhythm, per_shopper: f64, traffic: &Traffic) -> Self {
        let next_us = traffic.start_us();
        let mut arrivals = Self {
            random,
            rhythm,
            per_shopper,
            next_us,
        };
        arrivals.advance(traffic);
        arrivals
    }

    /// The time of the next arrival.
    pub fn next_us(&self) -> i64 {
        self.next_us
    }

    /// Moves on to the arrival after it.
    pub fn advance(&mut self, traffic: &Traffic) {
        while self.next_us < traffic.end_us() {
            let midnight_us = traffic.midnight_us(traffic.day_index(self.next_us) + 1);
            let mean_per_s = traffic.day_mean_per_s(self.next_us) * self.per_shopper;
            let gap_s = self.random.exponential() / (mean_per_s * self.rhythm.highest());
            let candidate_us = self.next_us.saturating_add(us(gap_s));
            if candidate_us >= midnight_us {
                // The process has no memory, so it may start anew with the rate of the new day.
                self.next_us = midnight_us;
                continue;
            }
            self.next_us = candidate_us;
            let kept = self.rhythm.density(traffic, candidate_us) / self.rhythm.highest();
            if self.random.chance(kept) {
                return;
            }
        }
    }
}

impl Rhythm {
    fn density(self, traffic: &Traffic, ts_us: i64) -> f64 {
        match self {
            Self::Hourly => traffic.hour_curve(ts_us),
            Self::Steady => 1.0,
        }
    }

    fn highest(self) -> f64 {
        match self {
            Self::Hourly => HOUR_CURVE_MAX,
            Self::Steady => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::random::Purpose;
    use crate::simulate::traffic::{DAY_US, hour_curve};
    use jiff::civil::date;

    fn arrivals_us(rhythm: Rhythm, shoppers_per_day: u64) -> Vec<i64> {
        let dates = [date(2026, 11, 25), date(2026, 11, 26), date(2026, 11, 27)];
        let traffic = Traffic::new(0, &dates, shoppers_per_day);
        let random = RandomStream::new(1, Purpose::ShopperArrivals);
        let mut arrivals = Arrivals::new(random, rhythm, 1.0, &traffic);
        let mut times_us = Vec::new();
        while arrivals.next_us() < traffic.end_us() {
            times_us.push(arrivals.next_us());
            arrivals.advance(&traffic);
        }
        times_us
    }

    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    fn count(times_us: &[i64], day: i64, hour: i64) -> f64 {
        let start_us = day * DAY_US + hour * DAY_US / 24;
        let inside = start_us..start_us + DAY_US / 24;
        times_us
            .iter()
            .filter(|time_us| inside.contains(time_us))
            .count() as f64
    }

    #[test]
    fn shoppers_follow_the_hours_and_the_sale() {
        let times_us = arrivals_us(Rhythm::Hourly, 100_000);
        assert!(times_us.is_sorted());
        for (day, shoppers) in [(0, 100_000.0), (1, 100_000.0), (2, 300_000.0)] {
            for hour in 0..24 {
                let quarters = (0..60).map(|minute| hour_curve((hour * 60 + minute) * 60_000_000));
                let expected = shoppers / 24.0 * quarters.sum::<f64>() / 60.0;
                let found = count(&times_us, day, hour);
                let deviation = (found - expected) / expected.sqrt();
                assert!(
                    deviation.abs() < 4.5,
                    "day {day} hour {hour}: {found} for {expected}"
                );
            }
        }
    }

    #[test]
    fn robots_do_not_sleep() {
        let times_us = arrivals_us(Rhythm::Steady, 24_000);
        for hour in 0..24 {
            assert!(
                (count(&times_us, 0, hour) - 1_000.0).abs() < 140.0,
                "hour {hour}"
            );
        }
    }

    #[test]
    fn a_shop_with_one_shopper_a_day_still_ends() {
        assert!(arrivals_us(Rhythm::Hourly, 1).len() < 20);
    }
}
