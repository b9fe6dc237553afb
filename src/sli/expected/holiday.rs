//! Which holiday a local hour is of.

use super::local_hour::{day_number, day_of, first_hour};
use crate::sli::plan::HolidayPlan;

/// The days of all holidays.
#[derive(Debug, Clone)]
pub(super) struct HolidayCalendar<'a>(Vec<HolidayDays<'a>>);

/// Days since 1970 of one holiday, both inside.
#[derive(Debug, Clone, Copy)]
struct HolidayDays<'a> {
    holiday: &'a HolidayPlan,
    first: i64,
    last: i64,
}

/// An hour of a holiday.
#[derive(Debug, Clone, Copy)]
pub(super) struct HolidayHour<'a> {
    /// Of which.
    pub(super) holiday: &'a HolidayPlan,
    /// Hours since the first day's midnight, by the wall clock.
    pub(super) hours_in: i64,
}

impl<'a> HolidayCalendar<'a> {
    /// Of a plan's holidays; a day in two of them is of the first.
    pub(super) fn new(holidays: &'a [HolidayPlan]) -> Self {
        let days = holidays.iter().map(|holiday| HolidayDays {
            holiday,
            first: day_number(holiday.first),
            last: day_number(holiday.last),
        });
        Self(days.collect())
    }

    /// The holiday of a local hour; `None` on an ordinary day.
    pub(super) fn of(&self, local_hour: i64) -> Option<HolidayHour<'a>> {
        let day = day_of(local_hour);
        let mut holidays = self.0.iter();
        let days = holidays.find(|days| (days.first..=days.last).contains(&day))?;
        Some(HolidayHour {
            holiday: days.holiday,
            hours_in: local_hour - first_hour(days.holiday.first),
        })
    }
}
