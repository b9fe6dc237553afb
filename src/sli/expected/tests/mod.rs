//! Expected traffic: tables of small histories, also where the clocks change.

mod properties;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::local_hour::HOUR_US;
use super::*;
use crate::rollup::WindowCount;
use crate::sli::plan::{ExpectedPlan, HolidayPlan, HolidayTraffic};
use crate::time_window::{TimeWindow, zone};

const WEEK_US: i64 = 168 * HOUR_US;

fn berlin() -> TimeZone {
    zone("Europe/Berlin").unwrap()
}

fn us(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_microsecond()
}

fn plan(weeks: u32) -> ExpectedPlan {
    ExpectedPlan {
        weeks,
        growth_per_year: 0.0,
        holidays: Vec::new(),
    }
}

fn holiday(first: Date, last: Date, traffic: HolidayTraffic) -> HolidayPlan {
    HolidayPlan {
        name: "Black Friday".to_owned(),
        first,
        last,
        traffic,
    }
}

/// Counts of hours, all covered.
#[derive(Debug)]
struct Hours {
    counts: Vec<WindowCount>,
    covered: Vec<TimeWindow>,
    excluded: Vec<TimeWindow>,
}

impl Hours {
    fn new(start_us: i64, end_us: i64, count: impl Fn(i64) -> u64) -> Self {
        let hours = (0..(end_us - start_us) / HOUR_US).map(|hour| start_us + hour * HOUR_US);
        let counts = hours.map(|start_us| WindowCount {
            start_us,
            count: count(start_us),
        });
        Self {
            counts: counts.filter(|window| window.count > 0).collect(),
            covered: vec![TimeWindow { start_us, end_us }],
            excluded: Vec::new(),
        }
    }

    fn history(&self) -> TrafficHistory<'_> {
        TrafficHistory {
            window_us: HOUR_US,
            counts: &self.counts,
            covered: &self.covered,
            excluded: &self.excluded,
        }
    }
}

fn hour_at(start_us: i64) -> TimeWindow {
    TimeWindow {
        start_us,
        end_us: start_us + HOUR_US,
    }
}

#[track_caller]
fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
}

/// The hours since Monday 00:00 of the wall clock, plus 100.
fn by_wall_clock(zone: &TimeZone) -> impl Fn(i64) -> u64 {
    let zone = zone.clone();
    move |start_us| {
        let local = zone.to_datetime(Timestamp::from_microsecond(start_us).unwrap());
        let day = u64::try_from(local.weekday().to_monday_zero_offset()).unwrap();
        100 + day * 24 + u64::try_from(local.hour()).unwrap()
    }
}

#[test]
fn an_hour_is_expected_as_the_wall_clock_has_it_on_both_sides_of_a_clock_change() {
    for monday in ["2026-03-30T00:00:00+02:00", "2026-10-26T00:00:00+01:00"] {
        let judged_us = us(monday);
        let hours = Hours::new(judged_us - 8 * WEEK_US, judged_us, by_wall_clock(&berlin()));
        let plan = plan(7);
        let traffic = ExpectedTraffic::new(&plan, &berlin(), hours.history(), judged_us);
        for hour in 0..168 {
            let start_us = judged_us + hour * HOUR_US;
            let expected = traffic.of(hour_at(start_us)).unwrap();
            assert_near(
                expected.value,
                f64::from(100 + i32::try_from(hour).unwrap()),
            );
        }
    }
}

#[test]
fn missing_data_is_not_zero_and_covered_silence_is() {
    let judged_us = us("2026-11-02T00:00:00Z");
    let mut hours = Hours::new(judged_us - 4 * WEEK_US, judged_us, |_| 10);
    let nine = |week: i64| judged_us - week * WEEK_US + 9 * HOUR_US;
    hours.counts.retain(|window| window.start_us < nine(2));
    let plan = plan(4);
    let expect = |hours: &Hours| {
        let traffic = ExpectedTraffic::new(&plan, &TimeZone::UTC, hours.history(), judged_us);
        traffic.of(hour_at(judged_us + 9 * HOUR_US))
    };
    let silent_twice = expect(&hours).unwrap().value;
    assert!((4.9..5.2).contains(&silent_twice), "{silent_twice}");
    hours.covered = vec![TimeWindow {
        start_us: judged_us - 4 * WEEK_US,
        end_us: nine(2),
    }];
    assert_near(expect(&hours).unwrap().value, 10.0);
    hours.excluded = vec![TimeWindow {
        start_us: nine(3) + 1,
        end_us: nine(3) + 2,
    }];
    let error = expect(&hours).unwrap_err();
    assert_eq!(error, NoExpectation::TooFewWeeks { found: 1 });
    assert_eq!(error.to_string(), "fewer than 2 weeks of history (found 1)");
}

#[test]
fn the_judged_range_is_never_looked_at() {
    let judged_us = us("2026-11-02T09:30:00Z");
    let end_us = us("2026-11-16T00:00:00Z");
    let start_us = us("2026-09-01T00:00:00Z");
    let plan = plan(4);
    let quiet = Hours::new(start_us, end_us, |_| 10);
    let wild = Hours::new(
        start_us,
        end_us,
        |us| if us < judged_us { 10 } else { 9_999 },
    );
    let expect = |hours: &Hours| {
        let traffic = ExpectedTraffic::new(&plan, &TimeZone::UTC, hours.history(), judged_us);
        let starts_us = (0..400).map(|hour| us("2026-11-02T00:00:00Z") + hour * HOUR_US);
        traffic.of_each(starts_us, HOUR_US).collect::<Vec<_>>()
    };
    // The hour in which the range begins is history up to its start, and not counted either.
    assert_eq!(expect(&quiet)[20..], expect(&wild)[20..]);
}

#[test]
fn growth_compounds_from_the_week_of_the_data_to_the_week_that_is_wanted() {
    let judged_us = us("2026-11-02T00:00:00Z");
    let hours = Hours::new(judged_us - 3 * WEEK_US, judged_us, |_| 1_000);
    let plan = ExpectedPlan {
        growth_per_year: 0.5,
        ..plan(3)
    };
    let traffic = ExpectedTraffic::new(&plan, &TimeZone::UTC, hours.history(), judged_us);
    for weeks_ahead in [0, 1, 10] {
        let expected = traffic
            .of(hour_at(judged_us + weeks_ahead * WEEK_US))
            .unwrap();
        let grown = [1, 2, 3].map(|weeks_ago| {
            let weeks = f64::from(i32::try_from(weeks_ahead + weeks_ago).unwrap());
            1_000.0 * 1.5_f64.powf(weeks * 7.0 / 365.25)
        });
        assert_near(expected.value, grown.iter().sum::<f64>() / 3.0);
    }
}

#[test]
fn holidays_are_like_a_day_or_so_many_ordinary_days_or_unknown_and_never_ordinary() {
    let judged_us = us("2026-11-23T00:00:00Z");
    let black_friday = date(2025, 11, 28);
    let wild_days = [black_friday, date(2025, 11, 29), date(2026, 11, 20)];
    let hours = Hours::new(us("2025-11-01T00:00:00Z"), judged_us, |start_us| {
        let local = TimeZone::UTC.to_datetime(Timestamp::from_microsecond(start_us).unwrap());
        if wild_days.contains(&local.date()) {
            1_000 + u64::try_from(local.hour()).unwrap()
        } else {
            10
        }
    });
    let expect = |growth_per_year: f64, traffic: HolidayTraffic, at: &str| {
        let plan = ExpectedPlan {
            weeks: 2,
            growth_per_year,
            holidays: vec![
                holiday(date(2026, 11, 27), date(2026, 11, 28), traffic),
                holiday(
                    date(2026, 11, 20),
                    date(2026, 11, 20),
                    HolidayTraffic::Unknown,
                ),
            ],
        };
        let plan = ExpectedPlan { weeks: 3, ..plan };
        let traffic = ExpectedTraffic::new(&plan, &TimeZone::UTC, hours.history(), judged_us);
        traffic.of(hour_at(us(at)))
    };
    let like = HolidayTraffic::Like(black_friday);
    assert_near(
        expect(0.0, like, "2026-11-27T08:00:00Z").unwrap().value,
        1_008.0,
    );
    assert_near(
        expect(0.0, like, "2026-11-28T23:00:00Z").unwrap().value,
        1_023.0,
    );
    let grown = 1_008.0 * 1.2_f64.powf(364.0 / 365.25);
    assert_near(
        expect(0.2, like, "2026-11-27T08:00:00Z").unwrap().value,
        grown,
    );
    let times = HolidayTraffic::Times(3.5);
    assert_near(
        expect(0.0, times, "2026-11-27T08:00:00Z").unwrap().value,
        35.0,
    );
    for (traffic, message) in [
        (
            HolidayTraffic::Unknown,
            "nothing is known of `Black Friday`",
        ),
        (
            HolidayTraffic::Like(date(2024, 11, 29)),
            "`Black Friday` is like 2024-11-29, of which there is no data at this hour",
        ),
        (
            HolidayTraffic::Like(date(2026, 11, 26)),
            "`Black Friday` is like 2026-11-26, of which there is no data at this hour",
        ),
    ] {
        let error = expect(0.0, traffic, "2026-11-27T08:00:00Z").unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn a_day_like_one_other_day_has_a_wider_band_than_an_ordinary_one() {
    let judged_us = us("2026-11-23T00:00:00Z");
    let like = HolidayTraffic::Like(date(2026, 11, 12));
    let width = |weeks_of_history: i64| {
        let by_week = |start_us: i64| 1_000 + 50 * u64::try_from(start_us / WEEK_US % 3).unwrap();
        let hours = Hours::new(judged_us - weeks_of_history * WEEK_US, judged_us, by_week);
        let plan = ExpectedPlan {
            holidays: vec![holiday(date(2026, 11, 27), date(2026, 11, 27), like)],
            ..plan(8)
        };
        let traffic = ExpectedTraffic::new(&plan, &TimeZone::UTC, hours.history(), judged_us);
        let share = |at: &str| {
            let expected = traffic.of(hour_at(us(at))).ok()?;
            assert!(expected.low <= expected.value && expected.value <= expected.high);
            Some((expected.high - expected.low) / expected.value)
        };
        (share("2026-11-26T12:00:00Z"), share("2026-11-27T12:00:00Z"))
    };
    let (ordinary, of_one_day) = width(8);
    assert!(of_one_day.unwrap() > ordinary.unwrap());
    assert_eq!(width(1), (None, None), "the day before the history began");
}

#[test]
fn minutes_take_the_hours_rate_without_steps() {
    let judged_us = us("2026-11-02T00:00:00Z");
    let saw = |start_us: i64| {
        if (start_us / HOUR_US) % 2 == 0 {
            600
        } else {
            1_200
        }
    };
    let hours = Hours::new(judged_us - 4 * WEEK_US, judged_us, saw);
    let plan = plan(4);
    let traffic = ExpectedTraffic::new(&plan, &TimeZone::UTC, hours.history(), judged_us);
    let minute_us = HOUR_US / 60;
    let minutes = (0..600).map(|minute| judged_us + minute * minute_us);
    let values: Vec<f64> = traffic
        .of_each(minutes, minute_us)
        .map(|expected| expected.unwrap().value)
        .collect();
    let step = values.windows(2).map(|pair| (pair[1] - pair[0]).abs());
    assert!(step.fold(0.0, f64::max) <= 10.0 / 60.0 + 1e-9);
    let of_hour: f64 = values[60..120].iter().sum();
    assert!(
        (of_hour - (600.0 + 6.0 * 1_200.0 + 600.0) / 8.0).abs() < 1.0,
        "{of_hour}"
    );
}

#[test]
fn the_band_holds_most_counts_that_scatter_from_week_to_week_and_by_chance() {
    let mut random = Pcg64Mcg::seed_from_u64(4);
    let judged_us = us("2026-11-02T00:00:00Z");
    let (mut inside, mut all) = (0_u32, 0_u32);
    for _ in 0..20 {
        // The sum of twelve draws less six is nearly normal.
        let mut normal = || (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
        let counts: Vec<u64> = (0..9 * 168)
            .map(|_| {
                let mean = 2_000.0 * (1.0 + 0.05 * normal());
                let count = mean + mean.sqrt() * normal();
                count.round() as u64
            })
            .collect();
        let start_us = judged_us - 8 * WEEK_US;
        let count = |us: i64| counts[usize::try_from((us - start_us) / HOUR_US).unwrap()];
        let hours = Hours::new(start_us, judged_us, count);
        let plan = plan(8);
        let traffic = ExpectedTraffic::new(&plan, &TimeZone::UTC, hours.history(), judged_us);
        for hour in 0..168 {
            let window = hour_at(judged_us + hour * HOUR_US);
            let expected = traffic.of(window).unwrap();
            let found = count(window.start_us) as f64;
            inside += u32::from((expected.low..=expected.high).contains(&found));
            all += 1;
        }
    }
    let share = f64::from(inside) / f64::from(all);
    assert!((0.92..0.99).contains(&share), "{share}");
}

/// A Poisson count: how many exponential waits fit into one.
fn poisson(random: &mut Pcg64Mcg, mean: f64) -> u64 {
    let mut waited = 0.0;
    (0..)
        .find(|_| {
            waited -= (1.0 - random.random::<f64>()).ln() / mean;
            waited > 1.0
        })
        .unwrap()
}

#[test]
fn what_comes_less_than_once_in_an_hour_is_expected_as_often_as_it_comes() {
    let mut random = Pcg64Mcg::seed_from_u64(11);
    let judged_us = us("2026-11-02T00:00:00Z");
    for (mean, weeks) in [
        (0.05, 2),
        (0.05, 8),
        (0.3, 2),
        (0.3, 8),
        (1.0, 4),
        (3.0, 8),
        (30.0, 8),
    ] {
        let start_us = judged_us - weeks * WEEK_US;
        let (mut sum, mut inside, mut all) = (0.0, 0.0, 0.0);
        for _ in 0..30 {
            let hours = (0..(weeks + 1) * 168).map(|_| poisson(&mut random, mean));
            let counts: Vec<u64> = hours.collect();
            let count = |us: i64| counts[usize::try_from((us - start_us) / HOUR_US).unwrap()];
            let hours = Hours::new(start_us, judged_us, count);
            let plan = plan(8);
            let traffic = ExpectedTraffic::new(&plan, &TimeZone::UTC, hours.history(), judged_us);
            for hour in 0..168 {
                let window = hour_at(judged_us + hour * HOUR_US);
                let expected = traffic.of(window).unwrap();
                let found = count(window.start_us) as f64;
                sum += expected.value;
                inside += f64::from(u8::from((expected.low..=expected.high).contains(&found)));
                all += 1.0;
            }
        }
        let middle = sum / all;
        assert!((middle / mean - 1.0).abs() < 0.06, "{mean}: {middle}");
        assert!(inside / all >= 0.95, "{mean}, {weeks}: {}", inside / all);
    }
}

#[test]
fn the_week_before_is_compared_by_weekday_and_wall_clock() {
    let berlin = berlin();
    let hours = Hours::new(
        us("2026-09-01T00:00:00Z"),
        us("2026-11-09T00:00:00Z"),
        by_wall_clock(&berlin),
    );
    let week = TimeWindow {
        start_us: us("2026-10-26T00:00:00+01:00"),
        end_us: us("2026-11-02T00:00:00+01:00"),
    };
    let earlier = earlier_week(hours.history(), week, 1, &berlin);
    assert_eq!(earlier.window.start_us, us("2026-10-19T00:00:00+02:00"));
    assert_eq!(earlier.window.end_us, week.start_us);
    assert_eq!(earlier.seen_us, 169 * HOUR_US);
    assert_eq!(earlier.hours.len(), 168);
    for (index, hour) in earlier.hours.iter().enumerate() {
        assert_near(hour.per_hour.unwrap(), 100.0 + index as f64);
    }
    // The hour from 2 to 3 on Sunday came twice.
    assert_eq!(earlier.count, (100..268).sum::<u64>() + 100 + 6 * 24 + 2);
    let last_year = earlier_week(hours.history(), week, 52, &berlin);
    assert_eq!(last_year.window.start_us, us("2025-10-27T00:00:00+01:00"));
    assert_eq!((last_year.count, last_year.seen_us), (0, 0));
    assert!(last_year.hours.iter().all(|hour| hour.per_hour.is_none()));
}
