//! Expected traffic beside a slow oracle, in any order, and with a wild week.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// How far below and above a count chance goes, with a probability of 95 %.
fn chance(count: f64) -> (f64, f64) {
    let below = 1.959_964 * count.sqrt() + 0.5;
    (below, 1.920_729 + 1.959_964 * (count + 0.960_365).sqrt())
}

/// The mean of the hours that a calendar, asked one by one, calls the same hour of the week, each
/// pulled to where chance can take it from their median.
fn oracle(
    plan: &ExpectedPlan,
    hours: &Hours,
    zone: &TimeZone,
    judged_us: i64,
    at: i64,
) -> Option<f64> {
    let local_of = |start_us: i64| {
        let middle_us = start_us + HOUR_US / 2;
        zone.to_datetime(Timestamp::from_microsecond(middle_us).unwrap())
    };
    let wanted = local_of(at);
    let judged_local = zone.to_datetime(Timestamp::from_microsecond(judged_us).unwrap());
    let is_holiday = |day: Date| {
        plan.holidays
            .iter()
            .any(|holiday| (holiday.first..=holiday.last).contains(&day))
    };
    if is_holiday(wanted.date()) {
        return None;
    }
    let judged_hour = judged_local
        .with()
        .minute(0)
        .second(0)
        .subsec_nanosecond(0)
        .build()
        .unwrap();
    // Chance is that of the first week that is judged; later ones grow from there.
    let weeks_ahead = (0..60_i64)
        .rfind(|weeks| wanted.checked_sub((7 * weeks).days()).unwrap() >= judged_hour)
        .unwrap();
    let grown = |weeks: i64| {
        let years = (7 * weeks) as f64 / 365.25;
        (1.0 + plan.growth_per_year).powf(years)
    };
    let mut rates = Vec::new();
    for weeks_ago in 1..60_i64 {
        let past = wanted.checked_sub((7 * weeks_ago).days()).unwrap();
        let hour_start = past
            .with()
            .minute(0)
            .second(0)
            .subsec_nanosecond(0)
            .build()
            .unwrap();
        let weeks_before_judged = hour_start
            .checked_add(i64::from(plan.weeks * 7).days())
            .unwrap();
        if hour_start >= judged_hour || weeks_before_judged < judged_hour || is_holiday(past.date())
        {
            continue;
        }
        let seen: Vec<u64> = hours
            .covered
            .iter()
            .flat_map(|covered| {
                (0..)
                    .map(move |hour| covered.start_us + hour * HOUR_US)
                    .take_while(move |start_us| *start_us < covered.end_us)
            })
            .filter(|start_us| *start_us < judged_us)
            .filter(|start_us| {
                local_of(*start_us).date() == past.date()
                    && local_of(*start_us).hour() == past.hour()
            })
            .filter(|start_us| {
                !hours.excluded.iter().any(|excluded| {
                    excluded.start_us < start_us + HOUR_US && *start_us < excluded.end_us
                })
            })
            .map(|start_us| {
                hours
                    .counts
                    .iter()
                    .filter(|window| window.start_us == start_us)
                    .map(|window| window.count)
                    .sum()
            })
            .collect();
        if !seen.is_empty() {
            let rate = seen.iter().sum::<u64>() as f64 / seen.len() as f64;
            rates.push(rate * grown(weeks_ago - weeks_ahead));
        }
    }
    rates.sort_unstable_by(f64::total_cmp);
    let count = rates.len();
    (count >= 2).then(|| {
        let middle = (rates[(count - 1) / 2] + rates[count / 2]) / 2.0;
        let (below, above) = chance(middle);
        let pulled = rates
            .iter()
            .map(|rate| rate.max(middle - below).min(middle + above));
        pulled.sum::<f64>() / count as f64 * grown(weeks_ahead)
    })
}

fn some_hours() -> impl Strategy<Value = (Hours, i64)> {
    // Five weeks around the change of the clocks on 2026-10-25.
    let start_us = us("2026-10-05T00:00:00Z");
    let hour = 0..5 * 168_i64;
    let counts = vec((hour.clone(), 1..100_u64), 0..600);
    let gaps = vec((hour.clone(), 1..60_i64), 0..4);
    let excluded = vec((hour, 1..30_i64), 0..3);
    (counts, gaps, excluded, 0..200_i64).prop_map(move |(counts, gaps, excluded, judged)| {
        let stretch = |(hour, length): (i64, i64)| TimeWindow {
            start_us: start_us + hour * HOUR_US,
            end_us: start_us + (hour + length) * HOUR_US,
        };
        let gaps: Vec<TimeWindow> = gaps.into_iter().map(stretch).collect();
        let all = (0..5 * 168).map(|hour| stretch((hour, 1)));
        let is_in_gap = |window: &TimeWindow| gaps.iter().any(|gap| gap.contains(window.start_us));
        let covered: Vec<_> = all.filter(|window| !is_in_gap(window)).collect();
        let hours = Hours {
            counts: counts
                .into_iter()
                .map(|(hour, count)| WindowCount {
                    start_us: start_us + hour * HOUR_US,
                    count,
                })
                .collect(),
            covered,
            excluded: excluded.into_iter().map(stretch).collect(),
        };
        (hours, start_us + (4 * 168 + judged) * HOUR_US)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_calendar_asked_hour_by_hour_expects_the_same(
        (hours, judged_us) in some_hours(),
        weeks in 2..6_u32,
        growth_per_year in -0.5..3.0_f64,
        zone_name in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York"]),
        offsets in vec(0..400_i64, 8),
    ) {
        let zone = zone(zone_name).unwrap();
        let plan = ExpectedPlan {
            weeks,
            growth_per_year,
            holidays: vec![holiday(date(2026, 10, 13), date(2026, 10, 14), HolidayTraffic::Unknown)],
        };
        let traffic = ExpectedTraffic::new(&plan, &zone, hours.history(), judged_us);
        for offset in offsets {
            let at = judged_us + offset * HOUR_US;
            let found = traffic.of(hour_at(at)).ok().map(|expected| expected.value);
            let expected = oracle(&plan, &hours, &zone, judged_us, at);
            match (found, expected) {
                (Some(found), Some(expected)) => prop_assert!((found - expected).abs() < 1e-3, "{found} {expected}"),
                _ => prop_assert_eq!(found.is_some(), expected.is_some()),
            }
        }
    }

    #[test]
    fn the_order_of_the_history_does_not_matter(
        (hours, judged_us) in some_hours(),
        window_us in prop::sample::select(vec![HOUR_US / 60, HOUR_US, 5 * HOUR_US]),
    ) {
        let reversed = Hours {
            counts: hours.counts.iter().rev().copied().collect(),
            covered: hours.covered.iter().rev().copied().collect(),
            excluded: hours.excluded.iter().rev().copied().collect(),
        };
        let plan = plan(4);
        let expect = |hours: &Hours| {
            let history = TrafficHistory { window_us, ..hours.history() };
            let traffic = ExpectedTraffic::new(&plan, &berlin(), history, judged_us);
            let starts_us = (0..170).map(|hour| judged_us + hour * HOUR_US);
            traffic.of_each(starts_us, HOUR_US).collect::<Vec<_>>()
        };
        prop_assert_eq!(expect(&hours), expect(&reversed));
    }

    #[test]
    fn one_wild_week_moves_the_value_by_no_more_than_the_others_scatter_and_chance(
        weeks in vec(0..1_000_u64, 3..9),
        wild_at in 0..9_usize,
        wild in prop::sample::select(vec![0, 1, 1_000_000, u64::from(u32::MAX)]),
    ) {
        let judged_us = us("2026-11-02T00:00:00Z");
        let wild_at = wild_at % weeks.len();
        let start_us = judged_us - i64::try_from(weeks.len()).unwrap() * WEEK_US;
        let expect = |weeks: &[u64]| {
            let hours = Hours::new(start_us, judged_us, |us| weeks[usize::try_from((us - start_us) / WEEK_US).unwrap()]);
            let plan = plan(u32::try_from(weeks.len()).unwrap());
            let traffic = ExpectedTraffic::new(&plan, &TimeZone::UTC, hours.history(), judged_us);
            traffic.of(hour_at(judged_us + 9 * HOUR_US)).unwrap().value
        };
        let others: Vec<u64> = weeks.iter().enumerate().filter(|(at, _)| *at != wild_at).map(|(_, count)| *count).collect();
        let spread = others.iter().max().unwrap() - others.iter().min().unwrap();
        let mut with_wild = weeks.clone();
        with_wild[wild_at] = wild;
        let moved = (expect(&with_wild) - expect(&weeks)).abs();
        let low = *others.iter().min().unwrap() as f64;
        let high = *others.iter().max().unwrap() as f64;
        let (below, above) = chance(high);
        prop_assert!(moved <= spread as f64 + below + above);
        prop_assert!((low - below..=high + above).contains(&expect(&with_wild)));
    }
}
