//! The example search of RFC 9971, appendix C; its appendix A, word by word, as an oracle.

use super::*;
use proptest::prelude::*;

/// `60f120d0.5l50e`: final trial and duration sum in seconds, loss and exceed ratio in percent.
fn requirement(final_s: f64, sum_s: f64, loss_percent: f64, exceed_percent: f64) -> Requirement {
    Requirement {
        final_trial_s: final_s,
        duration_sum_s: sum_s,
        loss_ratio: loss_percent / 100.0,
        exceed_ratio: exceed_percent / 100.0,
    }
}

fn trials(count: usize, duration_s: f64, loss_percent: f64) -> Vec<TrialResult> {
    let trial = TrialResult {
        duration_s,
        effective_s: duration_s,
        loss_ratio: loss_percent / 100.0,
    };
    vec![trial; count]
}

fn rfc2544() -> Requirement {
    requirement(60.0, 60.0, 0.0, 0.0)
}

fn tst009() -> Requirement {
    requirement(60.0, 120.0, 0.0, 50.0)
}

fn one_second() -> Requirement {
    requirement(1.0, 120.0, 0.5, 50.0)
}

fn twenty_percent() -> Requirement {
    requirement(60.0, 60.0, 0.5, 20.0)
}

/// The trials that each point of the example adds.
fn points() -> [Vec<TrialResult>; 6] {
    [
        trials(59, 1.0, 0.0),
        trials(1, 1.0, 1.0),
        trials(59, 1.0, 1.0),
        trials(1, 1.0, 0.0),
        trials(1, 60.0, 0.1),
        trials(1, 60.0, 0.0),
    ]
}

#[test]
fn the_example_search_of_the_rfc_is_classified_as_its_code_says() {
    use LoadClass::{Lower, Undecided, Upper};
    // The text prints Lower for the last goal at the last two points: see the head of the module.
    let expected = [
        [Undecided, Undecided, Undecided, Undecided],
        [Upper, Undecided, Undecided, Undecided],
        [Upper, Undecided, Undecided, Upper],
        [Upper, Undecided, Lower, Upper],
        [Upper, Undecided, Lower, Upper],
        [Upper, Lower, Lower, Upper],
    ];
    let goals = [rfc2544(), tst009(), one_second(), twenty_percent()];
    let mut so_far = Vec::new();
    for (added, expected) in points().into_iter().zip(expected) {
        so_far.extend(added);
        assert_eq!(goals.map(|goal| goal.classify(&so_far)), expected);
    }
}

#[test]
fn the_exceed_ratio_at_the_disputed_points_is_what_the_rfc_prints_and_above_its_goal() {
    // Short trials: 60 s high loss less 60 s low loss × 0.25; full-length: 60 s and 120 s low loss.
    let excess_s: f64 = 60.0 - 60.0 * 0.25;
    for (full_low_s, printed) in [(60.0, 0.428_57), (120.0, 0.272_73)] {
        let ratio: f64 = excess_s / (full_low_s + excess_s);
        assert!((ratio - printed).abs() < 1e-5);
        assert!(ratio > twenty_percent().exceed_ratio);
    }
}

#[test]
fn conditional_throughput_of_the_example_is_that_of_the_rfc() {
    let all = points().concat();
    let load = 1e6;
    for (goal, expected) in [
        (tst009(), 1_000_000.0),
        (one_second(), 1_000_000.0),
        (twenty_percent(), 999_000.0),
    ] {
        let found = goal.conditional_throughput(load, &all).unwrap();
        assert!((found - expected).abs() < 1e-6, "{found}");
    }
}

#[test]
fn conditional_throughput_assumes_the_worst_of_trials_that_are_missing() {
    // One of two trials is there, and the exceed ratio forgives none.
    let goal = requirement(60.0, 120.0, 1.0, 0.0);
    let one = trials(1, 60.0, 0.0);
    assert_eq!(goal.conditional_throughput(100.0, &one), Some(0.0));
    assert_eq!(
        goal.conditional_throughput(100.0, &trials(3, 1.0, 0.0)),
        None
    );
    assert_eq!(goal.conditional_throughput(100.0, &[]), None);
}

#[test]
fn a_good_full_length_trial_is_enough_where_a_second_bad_one_would_be_forgiven() {
    assert_eq!(tst009().classify(&trials(1, 60.0, 0.0)), LoadClass::Lower);
    assert_eq!(
        tst009().classify(&trials(1, 60.0, 1.0)),
        LoadClass::Undecided
    );
    assert_eq!(tst009().classify(&trials(2, 60.0, 1.0)), LoadClass::Upper);
    assert_eq!(rfc2544().classify(&trials(1, 1.0, 1.0)), LoadClass::Upper);
}

#[test]
fn an_upper_bound_can_be_taken_back_by_short_good_trials() {
    let goal = requirement(60.0, 60.0, 0.0, 20.0);
    let mut so_far = trials(14, 1.0, 1.0);
    assert_eq!(goal.classify(&so_far), LoadClass::Upper);
    so_far.extend(trials(8, 1.0, 0.0));
    assert_eq!(goal.classify(&so_far), LoadClass::Undecided);
}

/// The listing of appendix A with its own names.
fn appendix_a(goal: &Requirement, trials: &[TrialResult]) -> (bool, bool) {
    let sum = |is_full: bool, is_high: bool| -> f64 {
        let wanted = trials.iter().filter(|trial| {
            (trial.duration_s >= goal.final_trial_s) == is_full
                && (trial.loss_ratio > goal.loss_ratio) == is_high
        });
        wanted.map(|trial| trial.effective_s).sum()
    };
    let goal_exceed_ratio = goal.exceed_ratio;
    let full_length_low_loss_s = sum(true, false);
    let exceed_coefficient = goal_exceed_ratio / (1.0 - goal_exceed_ratio);
    let balancing_s = sum(false, false) * exceed_coefficient;
    let positive_excess_s = f64::max(0.0, sum(false, true) - balancing_s);
    let effect_high_loss_s = sum(true, true) + positive_excess_s;
    let effect_full_length_s = full_length_low_loss_s + effect_high_loss_s;
    let effect_whole_s = f64::max(effect_full_length_s, goal.duration_sum_s);
    let quantile_duration_s = effect_whole_s * goal_exceed_ratio;
    let pessimistic_high_loss_s = effect_whole_s - full_length_low_loss_s;
    (
        effect_high_loss_s <= quantile_duration_s,
        pessimistic_high_loss_s <= quantile_duration_s,
    )
}

fn any_trials() -> impl Strategy<Value = Vec<TrialResult>> {
    let trial = (1_u32..=4, 0_u32..=3).prop_map(|(length, loss)| TrialResult {
        duration_s: f64::from(length) * 15.0,
        effective_s: f64::from(length) * 15.0,
        loss_ratio: f64::from(loss) * 0.01,
    });
    prop::collection::vec(trial, 0..12)
}

proptest! {
    #[test]
    fn every_set_of_trials_is_classified_as_appendix_a_does(
        trials in any_trials(),
        final_units in 1_u32..=4,
        sum_units in 1_u32..=12,
        loss in 0_u32..=2,
        exceed in prop::sample::select(vec![0.0, 20.0, 50.0, 75.0]),
    ) {
        let goal = requirement(f64::from(final_units) * 15.0, f64::from(sum_units) * 15.0, f64::from(loss), exceed);
        let expected = match appendix_a(&goal, &trials) {
            (true, true) => LoadClass::Lower,
            (false, false) => LoadClass::Upper,
            _ => LoadClass::Undecided,
        };
        prop_assert_eq!(goal.classify(&trials), expected);
    }

    #[test]
    fn full_length_trials_of_the_duration_sum_always_decide(
        trials in any_trials(),
        losses in prop::collection::vec(0_u32..=3, 6),
    ) {
        let goal = requirement(60.0, 360.0, 1.0, 50.0);
        let full = losses.into_iter().map(|loss| TrialResult {
            duration_s: 60.0,
            effective_s: 60.0,
            loss_ratio: f64::from(loss) * 0.01,
        });
        let all: Vec<_> = trials.into_iter().chain(full).collect();
        prop_assert_ne!(goal.classify(&all), LoadClass::Undecided);
    }
}
