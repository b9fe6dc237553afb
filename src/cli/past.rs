//! Traffic before the judged range: what is expected of it, and what it is compared with.

use jiff::tz::TimeZone;

use super::exit_code::Failure;
use super::maintenance::{Maintenance, maintenance};
use crate::request_record::Origin;
use crate::rollup::{Rollup, RollupPlan, Segments, SeriesKey, WindowCount};
use crate::sli::expected::{
    EarlierWeek, Expected, ExpectedTraffic, TrafficHistory, earlier_week, weeks_earlier,
};
use crate::sli::{ExpectedPlan, HolidayTraffic, Scope, SliPlan, SliSetPlan};
use crate::time_window::TimeWindow;

const HOUR_US: i64 = 3_600_000_000;
const DAY_US: i64 = 24 * HOUR_US;
/// A longer time without a single request is missing data, a shorter one a quiet night.
const QUIET_US_MAX: i64 = 12 * HOUR_US;
/// Weeks to the same week last year.
pub const LAST_YEAR_WEEKS: u32 = 52;

/// Counts per hour of what came before the judged range.
#[derive(Debug)]
pub struct Past {
    /// One per stretch of time that is looked at; they do not overlap.
    rollups: Vec<Rollup>,
    /// From the first hour with a request to the last, without longer gaps.
    covered: Vec<TimeWindow>,
    /// Maintenance in those stretches: an hour that it touches is no history.
    excluded: Maintenance,
}

impl Past {
    /// What expectation and comparison of `range` need.
    pub fn read(
        segments: &Segments<'_>,
        origin: Origin,
        range: TimeWindow,
        set: &SliSetPlan,
        zone: &TimeZone,
    ) -> Result<Self, Failure> {
        let mut rollups = Vec::new();
        let mut excluded = Maintenance::new();
        for stretch in stretches(range, &set.expected, zone) {
            let plan = RollupPlan::new(HOUR_US, Vec::new());
            rollups.push(segments.rollup(plan, stretch, |series| series.origin == origin)?);
            for (sli, windows) in maintenance(set, zone, stretch)? {
                excluded.entry(sli).or_default().extend(windows);
            }
        }
        let mut past = Self {
            rollups,
            covered: Vec::new(),
            excluded,
        };
        let all = past.counts(|_| true);
        for window in all {
            let (start_us, end_us) = (window.start_us, window.start_us + HOUR_US);
            match past.covered.last_mut() {
                Some(last) if start_us - last.end_us <= QUIET_US_MAX => last.end_us = end_us,
                Some(_) | None => past.covered.push(TimeWindow { start_us, end_us }),
            }
        }
        // The night before the range belongs to it when the lake goes on after that night.
        let newest_us = segments
            .extent_us(origin)
            .map_or(i64::MIN, |(_, newest_us)| newest_us);
        let end_us = newest_us.min(range.start_us).div_euclid(HOUR_US) * HOUR_US;
        if let Some(last) = past.covered.last_mut()
            && (0..=QUIET_US_MAX).contains(&(end_us - last.end_us))
        {
            last.end_us = end_us;
        }
        Ok(past)
    }

    fn counts(&self, is_wanted: impl Fn(&SeriesKey) -> bool) -> Vec<WindowCount> {
        let rollups = self.rollups.iter();
        rollups
            .flat_map(|rollup| rollup.select(&is_wanted).counts())
            .collect()
    }

    /// How many requests of an SLI are expected in each of its windows; `None` where nothing is.
    pub fn expected(
        &self,
        sli: &SliPlan,
        plan: &ExpectedPlan,
        zone: &TimeZone,
        scope: Scope,
    ) -> Vec<Option<Expected>> {
        let counts = self.counts(|series| sli.event.covers(series));
        let history = self.history(&sli.name, &counts);
        let traffic = ExpectedTraffic::new(plan, zone, history, scope.range.start_us);
        let starts = (0..scope.windows()).map(|index| scope.start_us(index));
        traffic
            .of_each(starts, scope.window_us)
            .map(Result::ok)
            .collect()
    }

    /// What was counted of an SLI in the same stretch so many weeks earlier.
    pub fn earlier(
        &self,
        sli: &SliPlan,
        range: TimeWindow,
        weeks: u32,
        zone: &TimeZone,
    ) -> EarlierWeek {
        let counts = self.counts(|series| sli.event.covers(series));
        earlier_week(self.history(&sli.name, &counts), range, weeks, zone)
    }

    fn history<'a>(&'a self, sli: &str, counts: &'a [WindowCount]) -> TrafficHistory<'a> {
        TrafficHistory {
            window_us: HOUR_US,
            counts,
            covered: &self.covered,
            excluded: self.excluded.get(sli).map_or(&[], Vec::as_slice),
        }
    }
}

/// Whole hours before the range, ascending, none twice.
fn stretches(range: TimeWindow, expected: &ExpectedPlan, zone: &TimeZone) -> Vec<TimeWindow> {
    let mut stretches = vec![TimeWindow {
        start_us: weeks_earlier(range.start_us, expected.weeks + 1, zone),
        end_us: range.start_us,
    }];
    let last_year = |ts_us: i64| weeks_earlier(ts_us, LAST_YEAR_WEEKS, zone);
    stretches.push(TimeWindow {
        start_us: last_year(range.start_us) - HOUR_US,
        end_us: last_year(range.end_us) + HOUR_US,
    });
    for holiday in &expected.holidays {
        if let HolidayTraffic::Like(day) = holiday.traffic
            && let Ok(start) = day.to_zoned(zone.clone())
        {
            let length_us = i64::from((holiday.last - holiday.first).get_days() + 1) * DAY_US;
            let start_us = start.timestamp().as_microsecond();
            stretches.push(TimeWindow {
                start_us: start_us - DAY_US,
                end_us: start_us + length_us + DAY_US,
            });
        }
    }
    let floor = |ts_us: i64| ts_us.div_euclid(HOUR_US) * HOUR_US;
    for stretch in &mut stretches {
        stretch.start_us = floor(stretch.start_us);
        stretch.end_us = floor(stretch.end_us.min(range.start_us));
    }
    stretches.retain(|stretch| stretch.start_us < stretch.end_us);
    stretches.sort_by_key(|stretch| stretch.start_us);
    let mut joined: Vec<TimeWindow> = Vec::new();
    for stretch in stretches {
        match joined.last_mut() {
            Some(last) if last.end_us >= stretch.start_us => {
                last.end_us = last.end_us.max(stretch.end_us);
            }
            Some(_) | None => joined.push(stretch),
        }
    }
    joined
}
