//! Every result that is not regular has its name.

use super::super::controller::RateRange;
use super::super::goal::tests::goal;
use super::super::trials::tests::trial;
use super::*;

fn plan() -> SearchPlan {
    SearchPlan {
        goals: vec![goal("calm", 60.0, 0.01, 0.05)],
        rates: RateRange {
            min: 5.0,
            start: 10.0,
            max: 100.0,
        },
        is_max_the_generators: false,
    }
}

/// Trials of 60 s: rate, loss, how many.
type Tried<'a> = &'a [(f64, f64, usize)];

fn made(loads: Tried<'_>) -> Trials {
    let mut trials = Trials::default();
    for (rate, loss, count) in loads {
        for _ in 0..*count {
            trials.add(trial(*rate, 60.0, *loss));
        }
    }
    trials
}

fn result(trials: &Trials, ended: Ended) -> GoalResult {
    SearchOutcome::of(&plan(), trials, ended).goals.remove(0)
}

#[test]
fn near_bounds_of_trials_that_agree_are_regular() {
    let found = result(&made(&[(48.0, 0.005, 2), (50.0, 0.2, 2)]), Ended::Complete);
    assert_eq!((found.lower, found.upper), (Some(48.0), Some(50.0)));
    assert_eq!((found.state, found.reason), (GoalState::Regular, None));
    assert_eq!((found.trials_at_lower, found.high_loss_at_lower), (2, 0));
    assert!((found.conditional_throughput.unwrap() - 48.0 * 0.995).abs() < 1e-9);
}

#[test]
fn regular_bounds_stay_regular_when_the_budget_is_over_afterwards() {
    let trials = made(&[(48.0, 0.0, 2), (50.0, 0.2, 2)]);
    for ended in [Ended::BudgetOver, Ended::Stopped] {
        assert_eq!(result(&trials, ended).state, GoalState::Regular);
    }
}

#[test]
fn every_irregular_result_has_its_name() {
    let drift = Drift {
        capacity: DriftDirection::Grew,
        rate_per_s: 60.0,
        trial: 3,
    };
    let near = [(48.0, 0.0, 2), (50.0, 0.2, 2)];
    let wide = [(20.0, 0.0, 2), (50.0, 0.2, 2)];
    let noisy = [
        (40.0, 0.2, 1),
        (40.0, 0.0, 2),
        (48.0, 0.0, 2),
        (50.0, 0.2, 2),
    ];
    let inverted = [(48.0, 0.0, 2), (50.0, 0.2, 2), (52.0, 0.0, 2)];
    let table: [(Tried<'_>, Ended, Reason, GoalState); 9] = [
        (
            &[(5.0, 0.5, 2)],
            Ended::Complete,
            Reason::FailsAtLowest,
            GoalState::Irregular,
        ),
        (
            &[(100.0, 0.0, 2)],
            Ended::Complete,
            Reason::HoldsAtHighest,
            GoalState::Irregular,
        ),
        (
            &wide,
            Ended::BudgetOver,
            Reason::BudgetOver,
            GoalState::Irregular,
        ),
        (
            &[],
            Ended::BudgetOver,
            Reason::BudgetOver,
            GoalState::Irregular,
        ),
        (&wide, Ended::Stopped, Reason::Stopped, GoalState::Irregular),
        (
            &wide,
            Ended::NotRecovered { waited_s: 120.0 },
            Reason::NotRecovered,
            GoalState::Irregular,
        ),
        (
            &near,
            Ended::Drifted(drift),
            Reason::Drift,
            GoalState::Invalid,
        ),
        (&noisy, Ended::Complete, Reason::Noise, GoalState::Irregular),
        (
            &inverted,
            Ended::Complete,
            Reason::Inversion,
            GoalState::Irregular,
        ),
    ];
    for (loads, ended, reason, state) in table {
        let found = result(&made(loads), ended);
        assert_eq!(
            (found.reason, found.state),
            (Some(reason), state),
            "{loads:?}"
        );
    }
}

#[test]
fn an_upper_bound_that_is_the_generators_is_invalid_and_not_printed() {
    let mut trials = made(&[(48.0, 0.0, 2)]);
    for _ in 0..2 {
        let mut limited = trial(50.0, 60.0, 0.3);
        limited.is_generator_limited = true;
        trials.add(limited);
    }
    let found = result(&trials, Ended::Complete);
    assert_eq!(found.reason, Some(Reason::GeneratorLimited));
    assert_eq!(found.state, GoalState::Invalid);
    assert_eq!((found.lower, found.upper), (Some(48.0), None));
}

#[test]
fn a_goal_that_holds_as_far_as_the_generator_comes_is_invalid() {
    let plan = SearchPlan {
        is_max_the_generators: true,
        ..plan()
    };
    let found = SearchOutcome::of(&plan, &made(&[(100.0, 0.0, 2)]), Ended::Complete);
    assert_eq!(found.goals[0].reason, Some(Reason::GeneratorLimited));
    assert_eq!(found.goals[0].state, GoalState::Invalid);
}

#[test]
fn the_strictest_goal_has_the_lowest_lower_bound_and_none_is_lower_than_any() {
    let mut plan = plan();
    plan.goals.push(goal("contacts", 60.0, 0.1, 0.05));
    let mut trials = Trials::default();
    for (rate, losses) in [(20.0, [0.0, 0.0]), (40.0, [0.2, 0.0]), (60.0, [0.5, 0.5])] {
        for _ in 0..2 {
            let mut one = trial(rate, 60.0, 0.0);
            one.losses = losses.to_vec();
            trials.add(one);
        }
    }
    let outcome = SearchOutcome::of(&plan, &trials, Ended::BudgetOver);
    assert_eq!(outcome.strictest().unwrap().name, "calm");
    assert_eq!(outcome.goals[1].lower, Some(40.0));
    assert_eq!(outcome.reason(), Some(Reason::BudgetOver));
}
