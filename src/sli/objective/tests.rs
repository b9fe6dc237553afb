//! Objectives against published numbers and against slow, obvious sums.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::sli::interval::{self, number};
use crate::sli::plan::{BurnRule, NamedPeriod, Over};
use crate::sli::series::SliState;
use crate::time_window::TimeWindow;

const MINUTE_US: i64 = 60_000_000;
const HOUR_US: i64 = 60 * MINUTE_US;
const DAY_US: i64 = 24 * HOUR_US;

fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_microsecond()
}

fn between(start: &str, end: &str) -> TimeWindow {
    TimeWindow::new(at(start), at(end)).unwrap()
}

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").unwrap()
}

fn rule(budget: f64, long_us: i64, short_us: i64) -> BurnRule {
    BurnRule {
        name: "page".to_owned(),
        budget,
        long_us,
        short_us,
        tell: vec!["on-call".to_owned()],
    }
}

fn plan(target: f64, over: Over, burn: Vec<BurnRule>) -> ObjectivePlan {
    ObjectivePlan { target, over, burn }
}

/// One slice after another, `bad(index)` of `valid` bad.
fn history(range: TimeWindow, slice_us: i64, valid: u64, bad: impl Fn(i64) -> u64) -> History {
    let count = (range.end_us - range.start_us) / slice_us;
    let slices = (0..count).map(|index| Slice {
        start_us: range.start_us + index * slice_us,
        good: valid - bad(index),
        valid,
        is_excluded: false,
    });
    History::new(range, slice_us, &slices.collect::<Vec<_>>())
}

#[test]
fn burn_thresholds_follow_the_length_of_the_objective() {
    let rules = [
        rule(0.02, HOUR_US, 5 * MINUTE_US),
        rule(0.05, 6 * HOUR_US, 30 * MINUTE_US),
        rule(0.1, 3 * DAY_US, 6 * HOUR_US),
    ];
    let table = [
        (30, [14.4, 6.0, 1.0]),
        (28, [13.44, 5.6, 0.9333]),
        (7, [3.36, 1.4, 0.2333]),
        (4, [1.92, 0.8, 0.1333]),
    ];
    for (days, expected) in table {
        for (rule, expected) in rules.iter().zip(expected) {
            assert!((burn_threshold(rule, days * DAY_US) - expected).abs() < 1e-4);
        }
    }
}

#[test]
fn calendar_windows_follow_the_zone_and_its_changes_of_the_clock() {
    // Both changes of 2026 in Berlin: 29 March has 23 hours, 25 October 25.
    let range = between("2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z");
    let hours = |over: &Over, range| {
        let lengths = stretches(over, range, &berlin()).into_iter();
        lengths
            .map(|window| (window.end_us - window.start_us) / HOUR_US)
            .collect::<Vec<_>>()
    };
    assert_eq!(hours(&Over::Day, range), [24, 23, 24]);
    assert_eq!(hours(&Over::Week, range), [7 * 24 - 1, 7 * 24]);
    assert_eq!(hours(&Over::Month, range), [31 * 24 - 1]);
    let autumn = between("2026-10-25T00:00:00Z", "2026-11-01T00:00:00Z");
    assert_eq!(hours(&Over::Day, autumn)[0], 25);
    assert_eq!(hours(&Over::Month, autumn), [31 * 24 + 1, 30 * 24]);
    let weeks = stretches(&Over::Week, range, &berlin());
    assert_eq!(weeks[0].start_us, at("2026-03-22T23:00:00Z"));
    assert_eq!(weeks[0].end_us, weeks[1].start_us);
}

#[test]
fn a_week_with_a_change_of_the_clock_burns_like_any_other() {
    let range = between("2026-03-22T23:00:00Z", "2026-03-29T22:00:00Z");
    let hourly = history(range, HOUR_US, 100, |_| 0);
    let rule = rule(0.02, HOUR_US, HOUR_US);
    for (over, threshold) in [
        (Over::Week, 3.36),
        (Over::Day, 0.48),
        (Over::Month, 14.88),
        (Over::Rolling(28 * DAY_US), 13.44),
    ] {
        let plan = plan(0.99, over, vec![]);
        let found = burn_outcome(&rule, &plan, &hourly, &berlin());
        assert!((found.threshold.unwrap() - threshold).abs() < 1e-9);
        assert!(found.firing.is_empty() && found.can_fire);
    }
}

#[test]
fn a_window_is_met_missed_or_not_known() {
    let range = between("2026-01-05T00:00:00Z", "2026-01-08T00:00:00Z");
    // Monday: 5 of 1,000 bad an hour, exactly the budget; Tuesday: 6; Wednesday: nothing at all.
    let slices: Vec<Slice> = (0..48)
        .map(|hour| Slice {
            start_us: range.start_us + hour * HOUR_US,
            good: if hour < 24 { 995 } else { 994 },
            valid: 1_000,
            is_excluded: false,
        })
        .collect();
    let history = History::new(range, HOUR_US, &slices);
    let windows = objective_windows(&plan(0.995, Over::Day, vec![]), &history, &TimeZone::UTC, 1);
    let states: Vec<_> = windows.iter().map(|window| window.state).collect();
    assert_eq!(
        states,
        [SliState::Met, SliState::Missed, SliState::NotEnoughData]
    );
    let spent: Vec<_> = windows
        .iter()
        .map(|window| window.budget.map(|budget| budget.spent))
        .collect();
    assert!((spent[0].unwrap() - 1.0).abs() < 1e-9 && (spent[1].unwrap() - 1.2).abs() < 1e-9);
    assert_eq!(
        (spent[2], windows[2].value, windows[2].interval),
        (None, None, None)
    );
    assert!(
        windows
            .iter()
            .all(|window| window.is_over && window.known == 1.0)
    );
    let few = objective_windows(
        &plan(0.995, Over::Day, vec![]),
        &history,
        &TimeZone::UTC,
        24_001,
    );
    assert!(
        few.iter()
            .all(|window| window.state == SliState::NotEnoughData)
    );
}

#[test]
fn a_window_that_is_not_over_is_projected_from_its_last_day() {
    // Monday to Thursday noon of a week: 1 % bad, on the last day 2 %.
    let range = between("2026-01-05T00:00:00Z", "2026-01-08T12:00:00Z");
    let hourly = history(range, HOUR_US, 100, |hour| if hour < 60 { 1 } else { 2 });
    let found = objective_windows(&plan(0.99, Over::Week, vec![]), &hourly, &TimeZone::UTC, 1)[0];
    assert!(!found.is_over && (found.known - 0.5).abs() < 1e-12);
    let projection = found.projection.unwrap();
    assert!((projection.valid - 16_800.0).abs() < 1e-6);
    assert!((projection.bad - (60.0 + 2.0 * 108.0)).abs() < 1e-6);
    assert!((projection.spent - 276.0 / 168.0).abs() < 1e-9);
    assert!((found.budget.unwrap().allowed - 84.0).abs() < 1e-9);
}

#[test]
fn what_is_excluded_is_dropped_and_never_good() {
    let range = between("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z");
    let slices: Vec<Slice> = (0..24)
        .map(|hour| Slice {
            start_us: range.start_us + hour * HOUR_US,
            good: if hour < 6 { 0 } else { 100 },
            valid: 100,
            is_excluded: hour < 6,
        })
        .collect();
    let history = History::new(range, HOUR_US, &slices);
    let day = objective_windows(&plan(0.99, Over::Day, vec![]), &history, &TimeZone::UTC, 1)[0];
    assert_eq!(
        (day.good, day.valid, day.excluded_us),
        (1_800, 1_800, 6 * HOUR_US)
    );
    assert_eq!((day.known, day.state), (1.0, SliState::Met));
}

#[test]
fn an_outage_fires_until_the_short_window_is_clean() {
    let range = between("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z");
    // Half of 1,000 a minute fail from 10:00 to 10:20.
    let minutes = history(range, MINUTE_US, 1_000, |minute| {
        if (600..620).contains(&minute) { 500 } else { 0 }
    });
    let rule = rule(0.02, HOUR_US, 5 * MINUTE_US);
    let plan = plan(0.99, Over::Rolling(30 * DAY_US), vec![rule]);
    let found = evaluate_objective(&plan, &minutes, &TimeZone::UTC, 1, HOUR_US);
    let [stretch] = found.burn[0].firing[..] else {
        panic!("{:?}", found.burn[0].firing)
    };
    // 14.4 % of an hour's 60,000 are reached in the 18th minute; from 10:23 on the last five minutes
    // hold only one with bad ones, which is 10 %.
    assert_eq!(stretch.from_us, range.start_us + 617 * MINUTE_US);
    assert_eq!(stretch.to_us, range.start_us + 623 * MINUTE_US);
    assert_eq!(found.series.len(), 24);
    assert!(found.windows[0].known < 0.04);
}

#[test]
fn a_few_bad_ones_at_night_wake_nobody() {
    let range = between("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z");
    let rule = rule(0.02, HOUR_US, 5 * MINUTE_US);
    let plan = plan(0.99, Over::Rolling(30 * DAY_US), vec![]);
    // One of three an hour is bad: 33 times the allowed rate, but it may be chance.
    let quiet = history(range, 20 * MINUTE_US, 1, |index| u64::from(index == 9));
    assert!(
        burn_outcome(&rule, &plan, &quiet, &TimeZone::UTC)
            .firing
            .is_empty()
    );
}

#[test]
fn a_rule_that_cannot_be_reached_says_so() {
    let range = between("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z");
    let all_bad = history(range, HOUR_US, 100, |_| 100);
    let rule = rule(0.02, HOUR_US, HOUR_US);
    let lax = plan(0.1, Over::Rolling(30 * DAY_US), vec![]);
    let found = burn_outcome(&rule, &lax, &all_bad, &TimeZone::UTC);
    assert!(!found.can_fire && found.firing.is_empty());
}

#[test]
fn slices_longer_than_the_short_window_cannot_say_that_nothing_burned() {
    let range = between("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z");
    let rule = rule(0.02, HOUR_US, 5 * MINUTE_US);
    let strict = plan(0.99, Over::Rolling(30 * DAY_US), vec![]);
    let said = |slice_us| {
        let all_bad = history(range, slice_us, 100, |_| 100);
        let found = burn_outcome(&rule, &strict, &all_bad, &TimeZone::UTC);
        (found.can_fire, found.firing.is_empty())
    };
    assert_eq!(said(5 * MINUTE_US), (true, false));
    assert_eq!(said(HOUR_US), (false, true));
}

#[test]
fn a_period_is_judged_and_burns_only_while_it_lasts() {
    let holiday = NamedPeriod {
        name: "cyber-weekend".to_owned(),
        window: between("2026-11-27T00:00:00Z", "2026-12-01T00:00:00Z"),
    };
    let range = between("2026-11-25T00:00:00Z", "2026-12-03T00:00:00Z");
    let all_bad = history(range, HOUR_US, 1_000, |_| 1_000);
    let plan = plan(
        0.99,
        Over::Period(holiday.clone()),
        vec![rule(0.02, HOUR_US, HOUR_US)],
    );
    let found = evaluate_objective(&plan, &all_bad, &TimeZone::UTC, 1, DAY_US);
    assert_eq!((found.windows.len(), found.series.len()), (1, 4));
    let stretch = found.burn[0].firing[0];
    assert_eq!(
        (stretch.from_us, stretch.to_us),
        (holiday.window.start_us, holiday.window.end_us)
    );
    assert!((found.burn[0].threshold.unwrap() - 1.92).abs() < 1e-9);
    let before = history(
        between("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        HOUR_US,
        1,
        |_| 1,
    );
    let nothing = evaluate_objective(&plan, &before, &TimeZone::UTC, 1, DAY_US);
    assert!(nothing.windows.is_empty() && nothing.series.is_empty());
    assert!(!nothing.burn[0].can_fire);
}

#[test]
fn a_budget_never_is_not_a_number() {
    let nothing = SliceCounts::default();
    assert_eq!(
        (budget(0.99, nothing), burn_rate(0.99, nothing)),
        (None, None)
    );
    let all_bad = SliceCounts {
        valid: 10,
        ..nothing
    };
    assert_eq!(budget(1.0, all_bad), None);
    let found = budget(0.999_999, all_bad).unwrap();
    assert!(found.spent.is_finite() && found.remaining.is_finite() && found.remaining < 0.0);
}

#[test]
fn stricter_targets_are_missed_more_often() {
    let range = between("2026-01-05T00:00:00Z", "2026-02-02T00:00:00Z");
    // Every seventh day 2 % bad.
    let hourly = history(range, HOUR_US, 1_000, |hour| {
        if hour / 24 % 7 == 6 { 20 } else { 0 }
    });
    let rules = [rule(0.02, HOUR_US, HOUR_US)];
    let tried = WhatIf {
        targets: &[0.99, 0.999],
        overs: &[Over::Day, Over::Rolling(7 * DAY_US)],
        rules: &rules,
        count_min: 1,
        step_us: DAY_US,
    };
    let cells = what_if(&hourly, &TimeZone::UTC, tried);
    let found: Vec<_> = cells
        .iter()
        .map(|cell| (cell.judged, cell.missed))
        .collect();
    assert_eq!(found, [(28, 4), (22, 0), (28, 4), (22, 22)]);
    // For a day, 2 % of the budget in an hour is no burn at all; for 7 days at 99.9 % it is 3.36.
    let alerts: Vec<_> = cells.iter().map(|cell| cell.alerts[0].count).collect();
    assert_eq!(alerts, [4, 0, 4, 4]);
    let first_us = range.start_us + 6 * DAY_US + HOUR_US;
    assert_eq!(cells[3].alerts[0].first_told_us[0], first_us);
    assert_eq!(cells[3].alerts[0].firing_us, 4 * DAY_US);
    assert!((cells[0].spent_max.unwrap() - 2.0).abs() < 1e-9);
}

proptest! {
    #[test]
    fn burn_rules_fire_where_slow_sums_say(
        counts in prop::collection::vec((0_u64..200, 0_u64..40, prop::bool::weighted(0.1)), 1..80),
        long in 1_i64..20,
        short in 1_i64..6,
        budget_share in 0.001..0.2_f64,
    ) {
        let slices: Vec<Slice> = counts.iter().enumerate().map(|(index, (good, bad, is_excluded))| Slice {
            start_us: index as i64 * 10,
            good: *good,
            valid: good + bad,
            is_excluded: *is_excluded,
        }).collect();
        let range = TimeWindow { start_us: 0, end_us: counts.len() as i64 * 10 };
        let rule = rule(budget_share, long * 10, short * 10);
        let plan = plan(0.9, Over::Rolling(500), vec![]);
        let limit = budget_share * 500.0 / (long * 10) as f64;
        let sum = |end: usize, length: i64| {
            let from = end.saturating_sub(length as usize);
            let inside = slices[from..end].iter().filter(|slice| !slice.is_excluded);
            inside.fold((0, 0), |sum, slice| (sum.0 + slice.valid - slice.good, sum.1 + slice.valid))
        };
        let fires = |end: usize| {
            let is_above = |(bad, valid): (u64, u64)| valid > 0 && number(bad) / ((1.0 - 0.9) * number(valid)) > limit;
            let (bad, valid) = sum(end, long);
            is_above(sum(end, long)) && is_above(sum(end, short))
                && interval::share(bad, valid).unwrap()[0] > limit * (1.0 - 0.9)
        };
        let found = burn_outcome(&rule, &plan, &History::new(range, 10, &slices), &TimeZone::UTC);
        for index in 0..slices.len() {
            let start_us = index as i64 * 10;
            let is_firing = found.firing.iter().any(|stretch| stretch.from_us <= start_us && start_us < stretch.to_us);
            prop_assert_eq!(is_firing, fires(index + 1), "slice {}", index);
        }
        for pair in found.firing.windows(2) {
            prop_assert!(pair[0].to_us < pair[1].from_us);
        }
    }

    #[test]
    fn days_of_any_zone_add_up_to_the_whole(
        counts in prop::collection::vec((0_u64..200, 0_u64..40), 1..300),
        start_hour in 0_i64..9_000,
        zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "America/Sao_Paulo"]),
    ) {
        let start_us = at("2018-01-01T00:00:00Z") + start_hour * HOUR_US;
        let slices: Vec<Slice> = counts.iter().enumerate().map(|(index, (good, bad))| Slice {
            start_us: start_us + index as i64 * HOUR_US,
            good: *good,
            valid: good + bad,
            is_excluded: false,
        }).collect();
        let range = TimeWindow { start_us, end_us: start_us + counts.len() as i64 * HOUR_US };
        let zone = TimeZone::get(zone).unwrap();
        let history = History::new(range, HOUR_US, &slices);
        for over in [Over::Day, Over::Week, Over::Month] {
            let windows = objective_windows(&plan(0.9, over, vec![]), &history, &zone, 1);
            prop_assert!(windows[0].start_us <= range.start_us);
            prop_assert!(windows[windows.len() - 1].end_us >= range.end_us);
            for pair in windows.windows(2) {
                prop_assert_eq!(pair[0].end_us, pair[1].start_us);
            }
            for window in &windows {
                let inside = slices.iter().filter(|slice| (window.start_us..window.end_us).contains(&slice.start_us));
                let (good, valid) = inside.fold((0, 0), |sum, slice| (sum.0 + slice.good, sum.1 + slice.valid));
                prop_assert_eq!((window.good, window.valid), (good, valid));
                prop_assert_eq!(window.value, (valid > 0).then(|| number(good) / number(valid)));
                prop_assert!((0.0..=1.0).contains(&window.known));
                let spent = window.budget.map(|budget| budget.spent);
                prop_assert!(spent.is_none_or(f64::is_finite));
            }
        }
    }

    #[test]
    fn a_rolling_series_is_the_sum_of_each_of_its_windows(
        counts in prop::collection::vec((0_u64..200, 0_u64..40), 1..100),
        length in 1_i64..50,
        step in 1_i64..20,
    ) {
        let slices: Vec<Slice> = counts.iter().enumerate().map(|(index, (good, bad))| Slice {
            start_us: index as i64,
            good: *good,
            valid: good + bad,
            is_excluded: false,
        }).collect();
        let range = TimeWindow { start_us: 0, end_us: counts.len() as i64 };
        let history = History::new(range, 1, &slices);
        let series = budget_series(&plan(0.9, Over::Rolling(length), vec![]), &history, &TimeZone::UTC, step);
        prop_assert_eq!(series.last().unwrap().at_us, range.end_us);
        for point in &series {
            let inside = slices.iter().filter(|slice| (point.at_us - length..point.at_us).contains(&slice.start_us));
            let (good, valid) = inside.fold((0, 0), |sum, slice| (sum.0 + slice.good, sum.1 + slice.valid));
            prop_assert_eq!(point.value, (valid > 0).then(|| number(good) / number(valid)));
        }
    }
}
