//! Expected traffic: the middle of the same hour of the week in the weeks before, times the growth
//! since, but for holidays.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::band::{HourRate, band, median};
use super::history::{HourlyTraffic, share};
use super::holiday::{HolidayCalendar, HolidayHour};
use super::local_hour::{HOUR_US, WEEK_HOURS, day_number, first_hour, hour_of, local_us};
use super::{Expected, HISTORY_WEEKS_MIN, NoExpectation, TrafficHistory};
use crate::sli::plan::{ExpectedPlan, HolidayPlan, HolidayTraffic};
use crate::time_window::TimeWindow;

/// Hours of a Julian year.
const YEAR_HOURS: f64 = 8_766.0;
/// The scatter of a single day, as a share of it, where no ordinary hour tells how much hours scatter.
const SINGLE_DAY_SCATTER: f64 = 0.5;
/// Longer than the farthest zone's offset, so that no hour of a day is cut off.
const DAY_MARGIN_US: i64 = 26 * HOUR_US;

/// What is expected of every window of a judged range.
///
/// The rate of a local hour is the middle ([`HourRate::of_weeks`]) of the last `weeks` weeks before the judged range, each
/// times (1 + growth)^years between it and the wanted hour. Hours on holidays, excluded ones and those
/// of which less than half was seen are left out. Between the middles of hours the rate is
/// interpolated, so that there are no steps; therefore the minutes of an hour add up to
/// (before + 6 × itself + after) ÷ 8 of the hours' rates.
#[derive(Debug, Clone)]
pub struct ExpectedTraffic<'a> {
    zone: TimeZone,
    growth: f64,
    calendar: HolidayCalendar<'a>,
    past: HourlyTraffic,
    /// The local hour in which the judged range begins.
    judged_hour: i64,
    /// The hours of one week from `judged_hour`, or how many weeks were found of each.
    ordinary: Vec<Result<HourRate, usize>>,
    /// Scatter of the ordinary hours as a share of their rate, of a single day beside another.
    single_day_scatter: f64,
}

impl<'a> ExpectedTraffic<'a> {
    /// Learns from `history`, of which nothing at or after `judged_start_us` is looked at.
    #[must_use]
    pub fn new(
        plan: &'a ExpectedPlan,
        zone: &TimeZone,
        history: TrafficHistory,
        judged_start_us: i64,
    ) -> Self {
        let within = looked_at(plan, judged_start_us);
        let past = HourlyTraffic::new(history, zone, &within);
        let calendar = HolidayCalendar::new(&plan.holidays);
        let judged_hour = hour_of(local_us(zone, judged_start_us));
        let growth = 1.0 + plan.growth_per_year;
        let ordinary: Vec<_> = (judged_hour..judged_hour + WEEK_HOURS)
            .map(|hour| {
                let weeks = past_weeks(&past, &calendar, hour, plan.weeks);
                of_enough_weeks(weeks, growth)
            })
            .collect();
        Self {
            zone: zone.clone(),
            growth,
            calendar,
            past,
            judged_hour,
            single_day_scatter: single_day_scatter(&ordinary),
            ordinary,
        }
    }

    /// What is expected of a window. One of up to an hour gets the rate at its middle, a longer one
    /// the sum of its hours.
    ///
    /// # Errors
    /// Why nothing is expected.
    pub fn of(&self, window: TimeWindow) -> Result<Expected, NoExpectation> {
        let (mut value, mut scatter, mut chance) = (0.0, 0.0, 0.0);
        let mut from_us = window.start_us;
        while from_us < window.end_us {
            let to_us = from_us.saturating_add(HOUR_US).min(window.end_us);
            let middle_us = from_us + (to_us - from_us) / 2;
            let rate = self.rate(local_us(&self.zone, middle_us))?;
            value += rate.per_hour * share(to_us - from_us, HOUR_US);
            // Hours of one day are up or down together, so their scatter is added as it is.
            scatter += rate.scatter * share(to_us - from_us, HOUR_US);
            chance += rate.chance * share(to_us - from_us, HOUR_US);
            from_us = to_us;
        }
        let (low, high) = band(value, scatter, chance);
        Ok(Expected { value, low, high })
    }

    /// What is expected of each of `starts_us` windows of `window_us`, in their order.
    pub fn of_each(
        &self,
        starts_us: impl IntoIterator<Item = i64>,
        window_us: i64,
    ) -> impl Iterator<Item = Result<Expected, NoExpectation>> {
        starts_us.into_iter().map(move |start_us| {
            self.of(TimeWindow {
                start_us,
                end_us: start_us.saturating_add(window_us),
            })
        })
    }

    /// The rate at a wall clock, between the middle of its hour and that of the nearest other one. Of
    /// that one nothing may be expected; then the rate is that of the whole hour.
    fn rate(&self, local_us: i64) -> Result<HourRate, NoExpectation> {
        let hour = hour_of(local_us);
        let own = self.hour(hour)?;
        let from_middle_us = local_us.rem_euclid(HOUR_US) - HOUR_US / 2;
        if from_middle_us == 0 {
            return Ok(own);
        }
        let other = self.hour(hour + from_middle_us.signum()).unwrap_or(own);
        Ok(own.towards(other, share(from_middle_us.abs(), HOUR_US)))
    }

    fn hour(&self, hour: i64) -> Result<HourRate, NoExpectation> {
        let Some(holiday_hour) = self.calendar.of(hour) else {
            return self.ordinary(hour);
        };
        match holiday_hour.holiday.traffic {
            HolidayTraffic::Times(times) => Ok(self.ordinary(hour)?.times(times)),
            HolidayTraffic::Like(day) => self.like(hour, holiday_hour, day),
            HolidayTraffic::Unknown => Err(NoExpectation::UnknownHoliday {
                name: holiday_hour.holiday.name.clone(),
            }),
        }
    }

    /// As if it were no holiday.
    fn ordinary(&self, hour: i64) -> Result<HourRate, NoExpectation> {
        let ahead = hour - self.judged_hour;
        let in_week = usize::try_from(ahead.rem_euclid(WEEK_HOURS)).unwrap_or(0);
        let weeks_ahead = ahead.div_euclid(WEEK_HOURS);
        match self.ordinary[in_week] {
            Ok(rate) => Ok(rate.times(grown(self.growth, weeks_ahead * WEEK_HOURS))),
            Err(found) => Err(NoExpectation::TooFewWeeks { found }),
        }
    }

    /// The rate at the same wall clock of the day that the holiday's first is like, or so many days
    /// after it.
    fn like(
        &self,
        hour: i64,
        holiday_hour: HolidayHour<'_>,
        day: Date,
    ) -> Result<HourRate, NoExpectation> {
        let past_hour = first_hour(day) + holiday_hour.hours_in;
        let past = self.past.per_hour(past_hour);
        let per_hour = past.ok_or_else(|| NoExpectation::NoLikeDay {
            name: holiday_hour.holiday.name.clone(),
            day: day.to_string(),
        })?;
        let scatter = per_hour * self.single_day_scatter;
        let rate = HourRate::of_one_day(per_hour, scatter);
        Ok(rate.times(grown(self.growth, hour - past_hour)))
    }
}

/// Growth by so many hours.
fn grown(growth: f64, hours: i64) -> f64 {
    if growth == 1.0 {
        return 1.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "centuries have few hours")]
    growth.powf(hours as f64 / YEAR_HOURS)
}

/// The last weeks before the judged range, and the days that holidays are like.
fn looked_at(plan: &ExpectedPlan, judged_start_us: i64) -> Vec<TimeWindow> {
    let back_us = i64::from(plan.weeks) * WEEK_HOURS * HOUR_US + DAY_MARGIN_US;
    let weeks = TimeWindow {
        start_us: judged_start_us.saturating_sub(back_us),
        end_us: judged_start_us,
    };
    let like_days = plan.holidays.iter().filter_map(like_days);
    let before = like_days.map(|window| TimeWindow {
        end_us: window.end_us.min(judged_start_us),
        ..window
    });
    std::iter::once(weeks).chain(before).collect()
}

/// The days that a holiday is like, in any zone.
fn like_days(holiday: &HolidayPlan) -> Option<TimeWindow> {
    let HolidayTraffic::Like(day) = holiday.traffic else {
        return None;
    };
    let days = day_number(holiday.last) - day_number(holiday.first) + 1;
    let start_us = first_hour(day) * HOUR_US;
    Some(TimeWindow {
        start_us: start_us - DAY_MARGIN_US,
        end_us: start_us + days * 24 * HOUR_US + DAY_MARGIN_US,
    })
}

/// The rates of an hour in the `weeks` weeks before it, with how many hours ago each was.
fn past_weeks(
    past: &HourlyTraffic,
    calendar: &HolidayCalendar<'_>,
    hour: i64,
    weeks: u32,
) -> Vec<(i64, f64)> {
    let hours_ago = (1..=i64::from(weeks)).map(|week| week * WEEK_HOURS);
    let ordinary = hours_ago.filter(|ago| calendar.of(hour - ago).is_none());
    ordinary
        .filter_map(|ago| Some((ago, past.per_hour(hour - ago)?)))
        .collect()
}

fn of_enough_weeks(weeks: Vec<(i64, f64)>, growth: f64) -> Result<HourRate, usize> {
    if weeks.len() < HISTORY_WEEKS_MIN {
        return Err(weeks.len());
    }
    let rates = weeks.iter().map(|(ago, rate)| rate * grown(growth, *ago));
    Ok(HourRate::of_weeks(&rates.collect::<Vec<f64>>()))
}

/// The median of the ordinary hours' scatter as a share of their rate, times √2: the day that is
/// copied was one draw, and the new one is another.
fn single_day_scatter(ordinary: &[Result<HourRate, usize>]) -> f64 {
    let shares: Vec<f64> = ordinary
        .iter()
        .flatten()
        .filter(|rate| rate.per_hour > 0.0)
        .map(|rate| rate.scatter / rate.per_hour)
        .collect();
    if shares.is_empty() {
        return SINGLE_DAY_SCATTER;
    }
    median(shares) * std::f64::consts::SQRT_2
}
