//! The SLIs of the example rehearsal.

use super::super::page::{BadSide, LevelRow, SliRow, State, Unit, WorstWindow};
use super::{SECOND_US, START_US, second};

/// Five SLIs, worst first.
pub fn slis() -> Vec<SliRow> {
    vec![
        checkout_sli(),
        answered_sli(),
        orders_sli(),
        payment_sli(),
        browse_sli(),
    ]
}

fn checkout_sli() -> SliRow {
    SliRow {
        name: "checkout-p95".into(),
        title: "Time to check out".into(),
        kind: "latency".into(),
        own_window_s: None,
        own_time_zone: None,
        unit: Unit::Microseconds,
        value: Some(4_812_000.0),
        worst: Some(WorstWindow {
            start_us: START_US + 52 * SECOND_US,
            value: 7_644_000.0,
        }),
        state: State::Missed,
        levels: vec![
            level("warn", BadSide::Above, 1e6, 5.0, Some(33), 27.0),
            level("contact", BadSide::Above, 4e6, 10.0, Some(41), 19.0),
        ],
        interval: Some([4_530_000.0, 5_120_000.0]),
        count: 1_904,
        detail: None,
    }
}

fn answered_sli() -> SliRow {
    SliRow {
        name: "checkout-answered".into(),
        title: "Checkouts answered without an error".into(),
        kind: "ratio".into(),
        own_window_s: None,
        own_time_zone: None,
        unit: Unit::Share,
        value: Some(0.9683),
        worst: Some(WorstWindow {
            start_us: START_US + 55 * SECOND_US,
            value: 0.912,
        }),
        state: State::Missed,
        levels: vec![
            level("warn", BadSide::Below, 0.995, 5.0, Some(37), 23.0),
            level("contact", BadSide::Below, 0.98, 10.0, Some(41), 19.0),
        ],
        interval: Some([0.959, 0.976]),
        count: 1_966,
        detail: None,
    }
}

fn orders_sli() -> SliRow {
    SliRow {
        name: "orders".into(),
        title: "Orders placed".into(),
        kind: "rate".into(),
        own_window_s: None,
        own_time_zone: None,
        unit: Unit::PerMinute,
        value: Some(1_163.0),
        worst: Some(WorstWindow {
            start_us: START_US + 3 * SECOND_US,
            value: 284.0,
        }),
        state: State::Met,
        levels: vec![level("warn", BadSide::Below, 240.0, 30.0, None, 0.0)],
        interval: None,
        count: 1_163,
        detail: None,
    }
}

fn payment_sli() -> SliRow {
    SliRow {
        name: "refund-p95".into(),
        title: "Time to refund".into(),
        kind: "latency".into(),
        own_window_s: None,
        own_time_zone: None,
        unit: Unit::Microseconds,
        value: None,
        worst: None,
        state: State::NotEnoughData,
        levels: vec![level("warn", BadSide::Above, 2e6, 30.0, None, 0.0)],
        interval: None,
        count: 3,
        detail: None,
    }
}

fn browse_sli() -> SliRow {
    SliRow {
        name: "browse-fast".into(),
        title: "Product pages within 500 ms".into(),
        kind: "latency_cut".into(),
        own_window_s: None,
        own_time_zone: None,
        unit: Unit::Share,
        value: Some(0.99997),
        worst: Some(WorstWindow {
            start_us: START_US + 58 * SECOND_US,
            value: 0.9981,
        }),
        state: State::Met,
        levels: vec![level("objective", BadSide::Below, 0.99, 0.0, None, 0.0)],
        interval: Some([0.9998, 1.0]),
        count: 12_420,
        detail: None,
    }
}

/// A level with its first crossing.
pub fn level(
    level: &str,
    bad: BadSide,
    value: f64,
    for_s: f64,
    first_crossed_s: Option<u32>,
    crossed_s: f64,
) -> LevelRow {
    let first_crossed_us = first_crossed_s.map(second);
    LevelRow {
        level: level.into(),
        bad,
        value,
        for_s,
        first_crossed_us,
        crossed_s,
        is_value_beyond: false,
    }
}
