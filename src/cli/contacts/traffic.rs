//! How many sessions an hour of the week usually has.
//!
//! In: sessions that began in each hour of the weeks in the lake. Out: their median by hour of the local
//! week. It never forecasts growth or a campaign: `--traffic 3x` does.

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil::Weekday};

use crate::cli::exit_code::Failure;
use crate::cli::shoppers::{Asked, shoppers};
use crate::lake::Lake;
use crate::request_record::Origin;
use crate::rollup::Segments;
use crate::sli::interval::number;
use crate::sli::{Alignment, Scope, SliSetPlan};
use crate::time_window::TimeWindow;
use crate::visits::SessionHour;

/// Hours of a week.
const HOURS: usize = 168;
const HOUR_US: i64 = 3_600_000_000;
/// Weeks that are looked at, the newest of the lake.
pub const WEEKS: i64 = 8;
const WEEK_US: i64 = 168 * HOUR_US;

/// Sessions by hour of the week.
#[derive(Debug, Clone)]
pub struct WeekTraffic {
    medians: Vec<Option<f64>>,
}

/// An hour of the week, from Monday midnight, local.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeekHour(usize);

impl WeekTraffic {
    /// Of the customers in the lake; `None` where it has no sessions.
    pub fn of_lake(
        lake: &Lake,
        set: &SliSetPlan,
        zone: &TimeZone,
    ) -> Result<Option<Self>, Failure> {
        let reader = lake.reader()?;
        let segments = Segments::refresh(lake, &reader)?;
        let Some((oldest_us, newest_us)) = segments.extent_us(Origin::Customer) else {
            return Ok(None);
        };
        let window_us = set.window_us;
        let end_us = (newest_us.div_euclid(window_us) + 1) * window_us;
        let start_us = oldest_us
            .max(end_us - WEEKS * WEEK_US)
            .div_euclid(window_us)
            * window_us;
        let range = TimeWindow { start_us, end_us };
        let scope = Scope {
            range,
            covered: range,
            window_us,
            alignment: Alignment::Clock,
        };
        let asked = Asked {
            set,
            scope,
            origin: Origin::Customer,
            run_id: None,
        };
        let followed = shoppers(lake, &reader, asked, zone)?;
        let hours = followed
            .visits
            .sessions
            .map_or_else(Vec::new, |sessions| sessions.hours);
        Ok(Self::of_hours(&hours, start_us, end_us, zone))
    }

    /// Of hours that are covered from `from_us` to `to_us`; those that are not there had no session.
    fn of_hours(hours: &[SessionHour], from_us: i64, to_us: i64, zone: &TimeZone) -> Option<Self> {
        let mut found: Vec<Vec<f64>> = vec![Vec::new(); HOURS];
        let first_us = (from_us + HOUR_US - 1).div_euclid(HOUR_US) * HOUR_US;
        let mut start_us = first_us;
        while start_us + HOUR_US <= to_us {
            let here = hours.iter().skip_while(|hour| hour.start_us < start_us);
            let here = here.take_while(|hour| hour.start_us < start_us + HOUR_US);
            let sessions: u64 = here.map(|hour| hour.sessions).sum();
            found[WeekHour::at(start_us, zone).0].push(number(sessions));
            start_us += HOUR_US;
        }
        let medians: Vec<Option<f64>> = found.into_iter().map(median).collect();
        let has_any = medians.iter().flatten().any(|sessions| *sessions > 0.0);
        has_any.then_some(Self { medians })
    }

    /// Sessions that usually begin in an hour; `None` where no such hour is in the lake.
    pub fn at(&self, hour: WeekHour) -> Option<f64> {
        self.medians[hour.0]
    }

    /// The hour with most sessions; of equals the first.
    pub fn busiest(&self) -> WeekHour {
        let all = self.medians.iter().enumerate();
        let known = all.filter_map(|(hour, sessions)| Some((hour, (*sessions)?)));
        let busiest = known.fold((0, f64::NEG_INFINITY), |best, next| {
            if next.1 > best.1 { next } else { best }
        });
        WeekHour(busiest.0)
    }
}

impl WeekHour {
    /// That of a moment.
    pub fn at(ts_us: i64, zone: &TimeZone) -> Self {
        let local = Timestamp::from_microsecond(ts_us).unwrap_or(Timestamp::UNIX_EPOCH);
        let local = local.to_zoned(zone.clone());
        let day = usize::try_from(local.weekday().to_monday_zero_offset()).unwrap_or(0);
        Self(day * 24 + usize::try_from(local.hour()).unwrap_or(0))
    }

    /// `friday-20:00` or `fri-20`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (day, time) = text.split_once('-')?;
        let day = day.to_ascii_lowercase();
        let days = [
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
            "saturday",
            "sunday",
        ];
        let found = days
            .iter()
            .position(|name| day.len() >= 3 && name.starts_with(&day))?;
        let hour: usize = time.strip_suffix(":00").unwrap_or(time).parse().ok()?;
        (hour < 24).then_some(Self(found * 24 + hour))
    }

    /// The first moment of the next such hour after `after_us`, UTC µs.
    pub fn next_after(self, after_us: i64, zone: &TimeZone) -> i64 {
        let first_us = (after_us + HOUR_US - 1).div_euclid(HOUR_US) * HOUR_US;
        // Two weeks: an hour that a clock change skips comes again in the next.
        let mut starts = (0..2 * 168).map(|hour| first_us + hour * HOUR_US);
        starts
            .find(|start_us| Self::at(*start_us, zone) == self)
            .unwrap_or(first_us)
    }

    /// e.g. `Friday 20:00`.
    pub fn words(self) -> String {
        let day = i8::try_from(self.0 / 24).unwrap_or(0);
        let name = match Weekday::from_monday_zero_offset(day).unwrap_or(Weekday::Monday) {
            Weekday::Monday => "Monday",
            Weekday::Tuesday => "Tuesday",
            Weekday::Wednesday => "Wednesday",
            Weekday::Thursday => "Thursday",
            Weekday::Friday => "Friday",
            Weekday::Saturday => "Saturday",
            Weekday::Sunday => "Sunday",
        };
        format!("{name} {:02}:00", self.0 % 24)
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        count if count % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Monday 2026-11-16 00:00 UTC.
    const MONDAY_US: i64 = 1_794_787_200_000_000;

    #[test]
    fn hours_of_the_week_are_read_as_people_write_them() {
        for (text, expected) in [
            ("friday-20:00", Some("Friday 20:00")),
            ("Fri-20", Some("Friday 20:00")),
            ("sunday-0:00", Some("Sunday 00:00")),
            ("fr-20", None),
            ("friday-24:00", None),
            ("friday-20:30", None),
            ("friday", None),
            ("2026-11-27", None),
        ] {
            assert_eq!(
                WeekHour::parse(text).map(WeekHour::words).as_deref(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn the_median_of_an_hour_counts_weeks_without_a_session() {
        let friday = WeekHour::parse("friday-20").expect("it is an hour");
        let at = |week: i64| MONDAY_US + (week * 168 + 4 * 24 + 20) * HOUR_US;
        let hours = [(0, 30), (2, 50)].map(|(week, sessions)| SessionHour {
            start_us: at(week),
            sessions,
        });
        let end_us = MONDAY_US + 3 * 168 * HOUR_US;
        let traffic = WeekTraffic::of_hours(&hours, MONDAY_US, end_us, &TimeZone::UTC);
        let traffic = traffic.expect("there are sessions");
        assert_eq!(traffic.at(friday), Some(30.0), "of 30, 0 and 50");
        assert_eq!(traffic.busiest(), friday);
        assert_eq!(friday.next_after(MONDAY_US, &TimeZone::UTC), at(0));
        assert_eq!(friday.next_after(at(0) + 1, &TimeZone::UTC), at(1));
        assert!(WeekTraffic::of_hours(&[], MONDAY_US, end_us, &TimeZone::UTC).is_none());
    }

    #[test]
    fn hours_are_local() {
        let berlin = TimeZone::get("Europe/Berlin").expect("it is an IANA name");
        assert_eq!(WeekHour::at(MONDAY_US, &berlin).words(), "Monday 01:00");
    }
}
