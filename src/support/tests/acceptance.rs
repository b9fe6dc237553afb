//! On simulated truth the calibration is right, and knows when it cannot know.
//!
//! Level and onset are looked at in windows of an hour and of a quarter of one, all else in hours; 60
//! resamples and 59 draws keep it short. Figures are in `docs/how-levels-are-learned.md`. The truth: contacts rise from 2 % failed checkouts on and double at 3.67 %.

use rayon::prelude::*;

use super::simulator::{Truth, simulated, sli};
use crate::support::bootstrap::quantile;
use crate::support::{
    Calibration, CalibrationInput, CalibrationSettings, Direction, Exposure, Interval, KnownDriver,
    NoProgress, RefusalRule, SliInput, Status, calibrate,
};

/// Seeds of each figure.
const SEEDS: u64 = 40;

fn short() -> Truth {
    Truth {
        window_min: 60,
        ..Truth::default()
    }
}

fn settings() -> CalibrationSettings {
    CalibrationSettings {
        resamples: 60,
        no_effect_draws: 59,
        ..CalibrationSettings::default()
    }
}

fn of(input: &CalibrationInput) -> Calibration {
    calibrate(input, &settings(), &NoProgress)
}

fn calibrations(truth: &Truth) -> Vec<Calibration> {
    let one = |seed: u64| {
        of(&simulated(&Truth {
            seed,
            ..truth.clone()
        }))
    };
    (1..=SEEDS).into_par_iter().map(one).collect()
}

fn rules(calibration: &Calibration, sli: usize) -> Vec<RefusalRule> {
    let refused = calibration.slis[sli].refused_because.iter();
    refused.map(|refusal| refusal.rule).collect()
}

fn share_refused(calibrations: &[Calibration]) -> f64 {
    let refused = calibrations
        .iter()
        .filter(|found| found.status == Status::Refused);
    refused.count() as f64 / calibrations.len() as f64
}

/// Median of the estimates, and the share of the intervals that hold the truth.
fn judged(estimates: &[Interval], truth: f64) -> (f64, f64) {
    let mut values: Vec<f64> = estimates.iter().map(|estimate| estimate.value).collect();
    values.sort_by(f64::total_cmp);
    let holds = |estimate: &&Interval| estimate.ci90[0] <= truth && truth <= estimate.ci90[1];
    let holding = estimates.iter().filter(holds).count();
    (
        quantile(&values, 0.5),
        holding as f64 / estimates.len() as f64,
    )
}

#[test]
fn level_and_onset_are_right_in_windows_of_an_hour_and_their_intervals_too() {
    assert_right(&short());
}

#[test]
fn level_and_onset_are_right_in_windows_of_some_hundred_requests_and_their_intervals_too() {
    assert_right(&Truth::default());
}

fn assert_right(truth: &Truth) {
    let found = calibrations(truth);
    assert!(share_refused(&found) <= 0.10, "{}", share_refused(&found));
    let levels: Vec<Interval> = found
        .iter()
        .filter_map(|found| Some(found.slis[0].levels.first()?.contact))
        .collect();
    let onsets: Vec<Interval> = found
        .iter()
        .filter_map(|found| found.slis[0].onset)
        .collect();
    assert!(
        levels.len() >= 38 && onsets.len() >= 38,
        "{} {}",
        levels.len(),
        onsets.len()
    );
    for (estimates, truth) in [
        (levels, truth.onset + 1.0 / truth.slope),
        (onsets, truth.onset),
    ] {
        let (median, coverage) = judged(&estimates, truth);
        assert!(
            (median / truth - 1.0).abs() <= 0.10,
            "{median} is not {truth}"
        );
        assert!(
            (0.80..=0.975).contains(&coverage),
            "{coverage} of the intervals hold {truth}"
        );
    }
}

#[test]
fn no_effect_is_refused() {
    let found = calibrations(&Truth {
        slope: 0.0,
        ..short()
    });
    assert!(share_refused(&found) >= 0.90, "{}", share_refused(&found));
}

#[test]
fn two_episodes_are_always_refused() {
    let found = calibrations(&Truth {
        episodes: 2,
        ..short()
    });
    assert_eq!(share_refused(&found), 1.0);
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let input = simulated(&Truth {
        days: 28,
        episodes: 12,
        ..short()
    });
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let found = pool.install(|| of(&input));
        serde_json::to_string(&found).unwrap()
    };
    let one = on(1);
    assert_eq!(one, on(3));
}

#[test]
fn where_lower_is_worse_all_is_turned_around() {
    let input = simulated(&short());
    let mut turned = input.clone();
    turned.slis[0].direction = Direction::LowerIsWorse;
    for value in turned.slis[0].values.iter_mut().flatten() {
        *value = 1.0 - *value;
    }
    let (one, other) = (of(&input), of(&turned));
    let level = |found: &Calibration| found.slis[0].levels[0].clone();
    let (up, down) = (level(&one), level(&other));
    assert!(
        (up.contact.value + down.contact.value - 1.0).abs() < 1e-4,
        "{up:?} {down:?}"
    );
    assert!((up.warn + down.warn - 1.0).abs() < 1e-3);
    assert!(up.warn < up.contact.value && down.warn > down.contact.value);
    assert_eq!(one.status, other.status);
}

#[test]
fn slis_that_move_together_are_one_group_and_count_once() {
    let mut input = simulated(&short());
    let twin = input.slis[0]
        .values
        .iter()
        .map(|value| value.map(|value| 0.9 * value + 0.0001));
    let twin = SliInput {
        requests: None,
        ..sli("payment_error_ratio", twin.collect())
    };
    input.slis.push(twin);
    let found = of(&input);
    assert_eq!(found.groups.len(), 1);
    assert_eq!(
        found.groups[0].slis,
        ["checkout_error_ratio", "payment_error_ratio"]
    );
    assert!(
        found
            .slis
            .iter()
            .all(|fit| fit.group == Some(0) && fit.status != Status::Refused)
    );
    assert_eq!(found.model.unwrap().slis.len(), 1);
}

#[test]
fn an_sli_without_effect_gets_no_level_beside_one_with() {
    let mut input = simulated(&short());
    let other = simulated(&Truth {
        seed: 77,
        ..short()
    });
    input.slis.push(SliInput {
        requests: None,
        ..sli("search_errors", other.slis[0].values.clone())
    });
    let found = of(&input);
    assert_ne!(found.slis[0].status, Status::Refused);
    assert_eq!(found.slis[1].status, Status::Refused);
}

#[test]
fn an_unrelated_journey_with_an_effect_refuses_the_others() {
    let mut input = simulated(&short());
    let mut control = input.slis[0].clone();
    control.name = "blog_errors".to_owned();
    control.is_negative_control = true;
    let calm = of(&CalibrationInput {
        slis: vec![input.slis[0].clone(), control.clone()],
        ..input.clone()
    });
    assert_ne!(
        calm.slis[0].status,
        Status::Refused,
        "given the other SLI the control adds nothing"
    );
    assert_eq!(rules(&calm, 1), [RefusalRule::NegativeControl]);
    // Contacts that follow the control alone, while the SLI itself is another shop's.
    let other = simulated(&Truth { seed: 5, ..short() });
    for (window, of_other) in input.windows.iter_mut().zip(&other.windows) {
        window.net_contacts += of_other.net_contacts;
    }
    control.values.clone_from(&other.slis[0].values);
    control.requests.clone_from(&other.slis[0].requests);
    input.slis.push(control);
    assert!(rules(&of(&input), 0).contains(&RefusalRule::FailedControl));
}

#[test]
fn contacts_before_the_sli_are_a_failed_control() {
    // Contacts that come six hours before what they are said to follow.
    let mut input = simulated(&short());
    for value in &mut input.slis[0].values {
        *value = value.or(Some(0.003));
    }
    let early = input.windows.clone();
    for (window, of) in input.windows.iter_mut().enumerate() {
        of.net_contacts += early.get(window + 7).map_or(0, |later| later.net_contacts);
    }
    let found = of(&input);
    assert!(
        rules(&found, 0).contains(&RefusalRule::FailedControl),
        "{:?}",
        rules(&found, 0)
    );
}

#[test]
fn too_little_is_refused_before_anything_is_fitted() {
    let few = simulated(&Truth {
        quiet_rate: 1e-5,
        slope: 0.0,
        ..short()
    });
    let short_weeks = simulated(&Truth {
        days: 10,
        ..short()
    });
    let mut unknown = simulated(&short());
    for window in &mut unknown.windows {
        window.sessions = Exposure::Unknown;
    }
    let cases = [
        (few, RefusalRule::TooFewContacts),
        (short_weeks, RefusalRule::TooFewDays),
        (unknown, RefusalRule::NoExposure),
    ];
    for (input, rule) in cases {
        let found = of(&input);
        assert_eq!(found.status, Status::Refused);
        let refusal = found
            .refused_because
            .iter()
            .find(|refusal| refusal.rule == rule)
            .unwrap();
        assert!(!refusal.reason.is_empty() && !refusal.cure.is_empty());
    }
}

#[test]
fn odd_weeks_have_an_end_without_panic_or_nan() {
    let base = short();
    let mut nothing = simulated(&base);
    nothing.slis.clear();
    let mut constant = simulated(&base);
    constant.slis[0].values.fill(Some(0.01));
    let mut gaps = simulated(&base);
    for window in (0..gaps.windows.len()).filter(|window| window % 24 < 10) {
        gaps.slis[0].values[window] = None;
        gaps.windows[window].net_contacts = 0;
    }
    let mut empty = simulated(&base);
    empty.windows.clear();
    empty.slis[0].values.clear();
    let mut driven = simulated(&base);
    let day_us = 86_400_000_000;
    driven.drivers = vec![
        KnownDriver {
            name: "spring campaign".to_owned(),
            stretches_us: vec![(driven.start_us + 9 * day_us, driven.start_us + 12 * day_us)],
        },
        KnownDriver {
            name: "never".to_owned(),
            stretches_us: Vec::new(),
        },
    ];
    for (name, input) in [
        ("nothing", nothing),
        ("constant", constant),
        ("gaps", gaps),
        ("empty", empty),
        ("driven", driven),
    ] {
        let found = of(&input);
        // A number that is none is not equal to itself.
        assert_eq!(found, found.clone(), "{name}");
        let yaml = crate::support::threshold_yaml(&found);
        assert!(!yaml.contains(".nan") && !yaml.contains(".inf"), "{name}");
        // Nothing here is known to bring contacts about.
        let said = format!("{yaml}{found:?}").replace("because", "");
        assert!(!said.contains("caus"), "{name}");
    }
}
