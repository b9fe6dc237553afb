//! User-uptime against a clock that ticks µs by µs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::visits::{VisitPlan, VisitRow, sample};

fn plan(cutoff_us: i64, base_us: i64) -> VisitPlan {
    let range = TimeWindow {
        start_us: 100,
        end_us: 300,
    };
    let mut plan = VisitPlan::new(range, TimeZone::UTC);
    plan.uptimes = vec![UptimePlan {
        cutoff_us,
        base_us,
        ..sample::uptime()
    }];
    plan
}

fn row(shopper: i64, ts_us: i64, series: u32) -> VisitRow {
    VisitRow {
        shopper: Some(shopper),
        ts_us,
        series,
        weight: 1,
        is_slow: false,
    }
}

fn uptime(rows: &[VisitRow], cutoff_us: i64) -> UserUptime {
    sample::answer(&plan(cutoff_us, 10), rows).uptimes.remove(0)
}

#[test]
fn a_request_labels_the_time_until_the_next_but_no_longer_than_the_cutoff() {
    let rows = [
        row(1, 120, sample::GOOD),
        row(1, 150, sample::BAD),
        row(1, 250, sample::GOOD),
    ];
    let found = uptime(&rows, 40);
    assert_eq!((found.up_us(), found.down_us()), (30 + 40, 40));
    assert!((found.value().unwrap() - 70.0 / 110.0).abs() < 1e-12);
}

#[test]
fn what_was_asked_before_the_range_labels_its_beginning_and_its_end_cuts() {
    let rows = [row(1, 80, sample::BAD), row(2, 290, sample::GOOD)];
    let found = uptime(&rows, 40);
    assert_eq!((found.up_us(), found.down_us()), (10, 20));
    assert_eq!(
        found.windows[0],
        UptimeWindow {
            start_us: 100,
            up_us: 0,
            down_us: 10
        }
    );
}

#[test]
fn a_shopper_with_a_thousand_requests_weighs_as_much_time_as_was_spent() {
    let mut rows: Vec<_> = (0..100)
        .map(|step| row(1, 100 + step, sample::GOOD))
        .collect();
    rows.push(row(2, 100, sample::BAD));
    let found = uptime(&rows, 100);
    assert_eq!((found.up_us(), found.down_us()), (199, 100));
}

#[test]
fn shoppers_who_spend_equal_time_are_a_draw_each() {
    let rows = |count: i64| -> Vec<_> {
        (0..count)
            .map(|shopper| {
                row(
                    shopper,
                    100,
                    if shopper % 10 == 0 {
                        sample::BAD
                    } else {
                        sample::GOOD
                    },
                )
            })
            .collect()
    };
    // Less one, which the mean takes.
    for count in [10, 1_000] {
        let draws = uptime(&rows(count), 50).draws().unwrap();
        assert!((draws - (count - 1) as f64).abs() < 1e-6, "{draws}");
    }
    assert_eq!(uptime(&rows(1), 50).draws(), None);
}

#[test]
fn where_nothing_was_down_every_shopper_is_a_draw() {
    let rows: Vec<_> = (1..=20)
        .map(|shopper| row(shopper, 100, sample::GOOD))
        .collect();
    let draws = uptime(&rows, 50).draws().unwrap();
    assert!((draws - 20.0).abs() < 1e-9, "{draws}");
}

proptest! {
    #[test]
    fn it_is_what_a_clock_that_ticks_for_every_shopper_says(
        rows in prop::collection::vec((0_i64..4, 0_i64..400, 0_u32..5), 0..40),
        cutoff_us in 1_i64..80, base_us in 1_i64..50,
    ) {
        let rows: Vec<_> = rows.into_iter().map(|(shopper, ts_us, series)| row(shopper, ts_us, series)).collect();
        let found = sample::answer(&plan(cutoff_us, base_us), &rows).uptimes.remove(0);
        let series = sample::series();
        let asked = sample::uptime();
        let mut windows: BTreeMap<i64, [u64; 2]> = BTreeMap::new();
        let shoppers: BTreeSet<i64> = rows.iter().filter_map(|row| row.shopper).collect();
        for (shopper, now_us) in shoppers.iter().flat_map(|shopper| (100..300).map(move |now_us| (*shopper, now_us))) {
            let own = rows.iter().filter(|row| row.shopper == Some(shopper) && row.ts_us <= now_us);
            let valid = own.filter(|row| asked.valid.covers(&series[row.series as usize]));
            // Of requests at the same µs the one with the better status is taken to be the later.
            let rank = |row: &&VisitRow| {
                let status = series[row.series as usize].status;
                (row.ts_us, std::cmp::Reverse(if status == 0 { 999 } else { status }))
            };
            let Some(last) = valid.max_by_key(rank) else { continue };
            if now_us < last.ts_us + cutoff_us {
                let side = usize::from(asked.bad.covers(&series[last.series as usize]));
                windows.entry(now_us / base_us * base_us).or_default()[side] += 1;
            }
        }
        let slow: Vec<_> = windows.into_iter()
            .map(|(start_us, [up_us, down_us])| UptimeWindow { start_us, up_us, down_us }).collect();
        prop_assert_eq!(found.windows, slow);
    }
}
