//! How many shoppers arrive when, and how loaded the shop is then.
//!
//! In: a point in time and the size of the shop. Out: arrivals per second, the factor of a day and
//! the utilisation. A pure function of time: no clock, no randomness. All times are UTC.
//!
//! Sources. Hours: visits to shops are lowest from 3 to 5 h, grow from 9 h, peak from 20 to 22 h
//! and drop after 23 h (<https://blog.compete.com/2011/04/25/>); sales rise from 7 h, peak from 20
//! to 21 h, and the weekend is the quietest (2020 e-commerce report of salecycle.com). Sale days:
//! Black Friday had 4.5 times the visits of the Fridays before, its weekend 3 times, Cyber Monday
//! 4.3 times the Mondays before
//! (<https://www.namogoo.com/blog/holiday-seasonal/how-did-black-friday-vs-cyber-monday-perform-the-data-is-out/>)
//! or 1.6 times
//! (<https://www.hitwise.com/en/2016/12/19/peak-week-how-americans-tackled-shopping-hour-by-hour/>).
//! The factors here lie between the two; the exact shares are assumed.

use super::random::whole_us;
use crate::time_window::US_PER_S;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

/// Seconds in a day; days are UTC, so none is longer or shorter.
pub const DAY_S: u32 = 86_400;
/// Microseconds in a day.
pub const DAY_US: i64 = 86_400 * US_PER_S;
/// The shop is built for this many times the busiest minute of Black Friday.
pub const CAPACITY_RESERVE: f64 = 1.25;
/// The day factor of Black Friday, the largest of all.
pub const BLACK_FRIDAY_FACTOR: f64 = 3.0;

const HOUR_US: i64 = 3_600 * US_PER_S;
/// The share of a day's shoppers that arrives in each hour, in percent; the sum is 100.
const HOUR_PERCENT: [f64; 24] = [
    2.2, 1.3, 0.8, 0.6, 0.6, 0.8, 1.5, 2.5, 3.6, 4.5, 5.1, 5.3, 5.5, 5.3, 5.2, 5.3, 5.5, 5.6, 6.0,
    6.9, 7.8, 7.7, 6.3, 4.1,
];
const HOUR_PERCENT_MAX: f64 = 7.8;

/// The density of arrivals at a time of day, as a multiple of the day's mean: the hours' shares,
/// joined by straight lines from the middle of each hour to the middle of the next, round the clock.
/// Its mean over a day is 1.
pub fn hour_curve(time_of_day_us: i64) -> f64 {
    let from_first_middle_us = (time_of_day_us - HOUR_US / 2).rem_euclid(DAY_US);
    let hour = usize::try_from(from_first_middle_us / HOUR_US).unwrap_or(0);
    let part = crate::time_window::seconds(from_first_middle_us % HOUR_US) / 3_600.0;
    let (before, after) = (HOUR_PERCENT[hour % 24], HOUR_PERCENT[(hour + 1) % 24]);
    (before + (after - before) * part) * 24.0 / 100.0
}

/// The highest value of [`hour_curve`].
pub const HOUR_CURVE_MAX: f64 = HOUR_PERCENT_MAX * 24.0 / 100.0;

/// How many times the shoppers of an ordinary Monday to Thursday come on a day.
pub fn day_factor(date: Date) -> f64 {
    match days_since_black_friday(date) {
        Some(0) => BLACK_FRIDAY_FACTOR,
        Some(1 | 2) => 2.0,
        Some(3) => 2.5,
        _ => match date.weekday() {
            Weekday::Monday | Weekday::Tuesday | Weekday::Wednesday | Weekday::Thursday => 1.0,
            Weekday::Friday | Weekday::Sunday => 0.95,
            Weekday::Saturday => 0.85,
        },
    }
}

/// How much more a shopper of a day wants to buy than on an ordinary day: more carts, and fewer of
/// them given up (75 % on ordinary days, 67 % on Black Friday,
/// <https://www.salecycle.com/blog/featured/five-fascinating-stats-from-black-friday-2016/>).
pub fn intent(date: Date) -> f64 {
    match days_since_black_friday(date) {
        Some(0..=3) => 1.25,
        _ => 1.0,
    }
}

/// Days since the last Black Friday of the same autumn: the day after the fourth Thursday of
/// November; `None` outside its weekend and the Monday after.
fn days_since_black_friday(date: Date) -> Option<i32> {
    let november = Date::new(date.year(), 11, 1).ok()?;
    let thanksgiving = november.nth_weekday_of_month(4, Weekday::Thursday).ok()?;
    let black_friday = thanksgiving.checked_add(1.day()).ok()?;
    let days = date.since(black_friday).ok()?.get_days();
    (0..=3).contains(&days).then_some(days)
}

/// The visitors of a whole plan over time.
#[derive(Debug, Clone)]
pub struct Traffic {
    start_us: i64,
    shoppers_per_day: f64,
    days: Vec<Day>,
}

#[derive(Debug, Clone, Copy)]
struct Day {
    factor: f64,
    intent: f64,
}

impl Traffic {
    /// The traffic of `dates`, which follow each other, from `start_us` at midnight of the first.
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 shoppers")]
    pub fn new(start_us: i64, dates: &[Date], shoppers_per_day: u64) -> Self {
        let day = |date: &Date| Day {
            factor: day_factor(*date),
            intent: intent(*date),
        };
        Self {
            start_us,
            shoppers_per_day: shoppers_per_day as f64,
            days: dates.iter().map(day).collect(),
        }
    }

    /// The first µs of the first day.
    pub fn start_us(&self) -> i64 {
        self.start_us
    }

    /// The first µs after the last day.
    pub fn end_us(&self) -> i64 {
        self.midnight_us(self.days.len())
    }

    /// The first µs of day `index`.
    pub fn midnight_us(&self, index: usize) -> i64 {
        self.start_us + i64::try_from(index).map_or(0, |index| index * DAY_US)
    }

    /// Which day a point in time belongs to, from 0; the first for what is before.
    pub fn day_index(&self, ts_us: i64) -> usize {
        usize::try_from((ts_us - self.start_us).div_euclid(DAY_US)).unwrap_or(0)
    }

    /// How much more the shoppers of the moment want to buy than on an ordinary day.
    pub fn intent(&self, ts_us: i64) -> f64 {
        self.day(ts_us).intent
    }

    /// Mean arrivals of shoppers per second over the whole day of `ts_us`.
    pub fn day_mean_per_s(&self, ts_us: i64) -> f64 {
        self.shoppers_per_day * self.day(ts_us).factor / f64::from(DAY_S)
    }

    /// Utilisation of the shop, 0 to below 1: the arrival rate of shoppers over the rate it is
    /// built for, which is [`CAPACITY_RESERVE`] times the busiest minute of a Black Friday.
    pub fn utilisation(&self, ts_us: i64) -> f64 {
        let multiple = self.day(ts_us).factor * self.hour_curve(ts_us);
        multiple / (BLACK_FRIDAY_FACTOR * HOUR_CURVE_MAX * CAPACITY_RESERVE)
    }

    /// [`hour_curve`] of a point in time.
    pub fn hour_curve(&self, ts_us: i64) -> f64 {
        hour_curve((ts_us - self.start_us).rem_euclid(DAY_US))
    }

    /// The last day stands for whatever comes after it.
    fn day(&self, ts_us: i64) -> Day {
        let last = self.days.len().saturating_sub(1);
        let ordinary = Day {
            factor: 1.0,
            intent: 1.0,
        };
        self.days
            .get(self.day_index(ts_us).min(last))
            .copied()
            .unwrap_or(ordinary)
    }
}

/// Seconds as µs.
pub fn us(time_s: f64) -> i64 {
    whole_us(time_s * 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_hours_of_a_day_add_up_and_the_evening_is_the_peak() {
        assert!((HOUR_PERCENT.iter().sum::<f64>() - 100.0).abs() < 1e-9);
        assert!((HOUR_PERCENT.iter().copied().fold(0.0, f64::max) - HOUR_PERCENT_MAX).abs() < 1e-9);
        let minutes = (0..1_440).map(|minute| hour_curve(minute * 60 * US_PER_S));
        let mean = minutes.clone().sum::<f64>() / 1_440.0;
        assert!((mean - 1.0).abs() < 1e-9, "{mean}");
        assert!(
            minutes
                .clone()
                .all(|value| value > 0.0 && value <= HOUR_CURVE_MAX)
        );
        assert!((hour_curve(20 * HOUR_US + HOUR_US / 2) - HOUR_CURVE_MAX).abs() < 1e-9);
    }

    #[test]
    fn midnight_lies_between_the_last_hour_and_the_first() {
        let midnight = f64::midpoint(HOUR_PERCENT[23], HOUR_PERCENT[0]) * 0.24;
        assert!((hour_curve(0) - midnight).abs() < 1e-9);
        assert!((hour_curve(DAY_US) - midnight).abs() < 1e-9);
    }

    #[test]
    fn the_days_of_a_week_and_of_the_sale_have_their_factors() {
        for (date, factor) in [
            (date(2026, 11, 18), 1.0),
            (date(2026, 11, 21), 0.85),
            (date(2026, 11, 26), 1.0),
            (date(2026, 11, 27), 3.0),
            (date(2026, 11, 28), 2.0),
            (date(2026, 11, 29), 2.0),
            (date(2026, 11, 30), 2.5),
            (date(2026, 12, 1), 1.0),
            (date(2024, 11, 29), 3.0),
            (date(2024, 12, 2), 2.5),
        ] {
            assert!((day_factor(date) - factor).abs() < 1e-9, "{date}");
        }
    }

    #[test]
    fn the_shop_is_never_full_and_busiest_in_the_evening_of_black_friday() {
        let dates = [date(2026, 11, 26), date(2026, 11, 27)];
        let traffic = Traffic::new(0, &dates, 1_000);
        let peak = traffic.utilisation(DAY_US + 20 * HOUR_US + HOUR_US / 2);
        assert!((peak - 1.0 / CAPACITY_RESERVE).abs() < 1e-9, "{peak}");
        assert!(traffic.utilisation(4 * HOUR_US) < 0.05);
        assert!((traffic.day_mean_per_s(DAY_US) - 3_000.0 / 86_400.0).abs() < 1e-9);
        assert_eq!(traffic.day_index(traffic.end_us() - 1), 1);
    }
}
