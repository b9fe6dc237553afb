//! Predictions by hand: sums, unknown windows, caps, and levels back from goals.

use super::sample::calibration;
use crate::support::{
    ContactModel, DoseResponse, LevelAnswer, LevelRule, PredictionWindow, level_of, predict,
};

/// 2026-09-07, a Monday, 00:00 UTC.
const START_US: i64 = 1_788_739_200_000_000;

fn model() -> ContactModel {
    calibration().model.unwrap()
}

fn window(sessions: Option<f64>, value: Option<f64>) -> PredictionWindow {
    PredictionWindow {
        start_us: START_US,
        length_us: 900_000_000,
        sessions,
        values: vec![value],
    }
}

#[test]
fn contacts_are_sessions_times_the_rate_at_their_value() {
    let windows = [
        window(Some(1_000.0), Some(0.99)),
        window(Some(2_000.0), Some(0.96)),
    ];
    let found = predict(&model(), &windows);
    // 3,000 sessions at 2 %, and 2,000 of them with 57 · 0.02 = 1.14 times as many again.
    assert!((found.quiet.value - 60.0).abs() < 1e-9);
    assert!((found.excess.value - 45.6).abs() < 1e-9);
    assert!((found.total.value - 105.6).abs() < 1e-9);
    assert!((found.by_sli[0].excess.value - 45.6).abs() < 1e-9);
    assert_eq!(found.by_sli[0].worst, Some(0.96));
    let [low, high] = found.total.ci90;
    assert!(
        low < 90.0 && low > 40.0 && high > 120.0 && high < 200.0,
        "{:?}",
        found.total
    );
    assert_eq!(found.unknown_windows, 0);
}

#[test]
fn what_is_not_known_is_named_and_not_called_quiet() {
    let windows = [
        window(Some(1_000.0), None),
        window(None, Some(0.90)),
        window(Some(500.0), Some(1.0)),
    ];
    let found = predict(&model(), &windows);
    assert_eq!((found.windows, found.unknown_windows), (3, 2));
    assert_eq!((found.sessions, found.unknown_sessions), (1_500.0, 1_000.0));
    assert_eq!(found.excess.value, 0.0);
}

#[test]
fn worse_than_ever_is_capped_and_named() {
    let found = predict(&model(), &[window(Some(100.0), Some(0.5))]);
    let at_worst = predict(&model(), &[window(Some(100.0), Some(0.8))]);
    assert_eq!(found.total, at_worst.total);
    assert_eq!(found.beyond_observed[0].value, 0.5);
    assert_eq!(found.beyond_observed[0].worst_observed, 0.8);
    assert!(at_worst.beyond_observed.is_empty());
}

#[test]
fn no_window_has_no_contact() {
    let found = predict(&model(), &[]);
    assert_eq!((found.total.value, found.windows), (0.0, 0));
    assert_eq!(found.total.ci90, [0.0, 0.0]);
}

#[test]
fn contacts_never_fall_as_an_sli_gets_worse_nor_as_sessions_grow() {
    let curves = [
        DoseResponse::Hinge {
            onset: 0.98,
            slope: 57.0,
        },
        DoseResponse::Linear {
            onset: 0.999,
            slope: 9.0,
        },
        DoseResponse::Steps {
            from: vec![1.0, 0.98, 0.9],
            ratio: vec![1.0, 1.4, 3.0],
        },
    ];
    for curve in curves {
        let mut model = model();
        model.slis[0].draws = vec![curve.parameters(); 3];
        model.slis[0].curve = curve;
        let mut last = 0.0;
        for step in 0..100 {
            let value = 1.0 - f64::from(step) / 400.0;
            let found = predict(&model, &[window(Some(1_000.0), Some(value))])
                .total
                .value;
            assert!(found >= last, "{value}");
            let more = predict(&model, &[window(Some(1_100.0), Some(value))])
                .total
                .value;
            assert!(more > found);
            last = found;
        }
    }
}

#[test]
fn contacts_arrive_as_late_as_the_delay_says() {
    let arrivals = model().arrivals(&[
        window(Some(1_000.0), Some(1.0)),
        window(Some(0.0), Some(1.0)),
    ]);
    let expected = [10.0, 6.0, 4.0, 0.0];
    assert_eq!(arrivals.len(), expected.len());
    for (found, expected) in arrivals.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-9);
    }
}

#[test]
fn a_goal_has_its_level() {
    let at = |rule| match level_of(&model(), "checkout_ok", rule).unwrap() {
        LevelAnswer::At(interval) => interval,
        other => panic!("{other:?}"),
    };
    let double = at(LevelRule::Multiple(2.0));
    assert!((double.value - (0.98 - 1.0 / 57.0)).abs() < 1e-9);
    assert!(double.ci90[0] < double.value && double.value < double.ci90[1]);
    let desk = LevelRule::Capacity {
        sessions_per_hour: 10_000.0,
        spare_contacts_per_hour: 100.0,
    };
    // 100 more on top of 200 are 1.5 times as many.
    assert!((at(desk).value - (0.98 - 0.5 / 57.0)).abs() < 1e-9);
}

#[test]
fn goals_out_of_reach_have_a_name() {
    let answer = |rule| level_of(&model(), "checkout_ok", rule);
    assert_eq!(
        answer(LevelRule::Multiple(50.0)),
        Some(LevelAnswer::BeyondObserved {
            worst_observed: 0.8
        })
    );
    let full = LevelRule::Capacity {
        sessions_per_hour: 10_000.0,
        spare_contacts_per_hour: -5.0,
    };
    assert_eq!(answer(full), Some(LevelAnswer::AlreadyFull));
    assert_eq!(level_of(&model(), "nobody", LevelRule::Multiple(2.0)), None);
}
