//! Which trial comes next: the controller of RFC 9971, as a pure function of all trials so far.
//!
//! In: a plan and the trials. Out: a rate and a length, or that there is nothing left to do. From a safe
//! rate upwards by √2 until a rate fails, then halved on the logarithm of the rate; short trials first,
//! the goals' own length last; of several goals the lowest rate first. Because it looks at nothing but
//! trials, a search that was interrupted goes on as if it had not been.

use super::bounds::Bounds;
use super::goal::{GoalTarget, SearchGoal};
use super::trials::{Trials, four_digits};

/// By how much the rate grows while nothing fails.
const GROWTH: f64 = std::f64::consts::SQRT_2;

/// Where rates come from, per second, ascending.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateRange {
    /// The lowest rate that is tried.
    pub min: f64,
    /// The rate that is tried first.
    pub start: f64,
    /// The highest rate that is tried.
    pub max: f64,
}

/// What a search is to do.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchPlan {
    /// The goals, in the order in which they are reported.
    pub goals: Vec<SearchGoal>,
    /// The rates.
    pub rates: RateRange,
    /// Whether the highest rate is what the generator can, and nobody's wish.
    pub is_max_the_generators: bool,
}

/// A trial to be made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrialOrder {
    /// Arrivals per second.
    pub rate_per_s: f64,
    /// Length, seconds.
    pub duration_s: f64,
    /// Index of the goal for whose sake it is made.
    pub goal: usize,
}

/// What a goal wants next.
struct Wish {
    phase: usize,
    order: TrialOrder,
}

impl SearchPlan {
    /// The next trial; `None` when every goal has its bounds, or can have none.
    #[must_use]
    pub fn next(&self, trials: &Trials) -> Option<TrialOrder> {
        let wishes = self.goals.iter().enumerate();
        let wishes = wishes.filter_map(|(index, goal)| self.wish(index, goal, trials));
        let first = wishes.reduce(|first, wish| {
            let is_before =
                (wish.phase, wish.order.rate_per_s) < (first.phase, first.order.rate_per_s);
            if is_before { wish } else { first }
        });
        first.map(|wish| wish.order)
    }

    /// Whether the generator was at its end at this rate, or at a lower one.
    fn is_past_the_generator(&self, rate: f64, trials: &Trials) -> bool {
        trials.generator_limit().is_some_and(|limit| rate >= limit)
    }

    fn wish(&self, index: usize, goal: &SearchGoal, trials: &Trials) -> Option<Wish> {
        let targets = goal.targets();
        let bounds: Vec<Bounds> = targets
            .iter()
            .map(|target| trials.bounds(index, &target.requirement))
            .collect();
        // Where the goal's own trials have both bounds, shorter ones have done their work.
        let is_near = bounds.last().is_some_and(|last| last.width().is_some());
        let first = if is_near { targets.len() - 1 } else { 0 };
        (first..targets.len()).find_map(|phase| {
            let before = phase.checked_sub(1).map(|before| bounds[before]);
            let rate = self.rate(&targets[phase], bounds[phase], before, trials)?;
            Some(Wish {
                phase,
                order: TrialOrder {
                    rate_per_s: rate,
                    duration_s: targets[phase].requirement.final_trial_s,
                    goal: index,
                },
            })
        })
    }

    /// The rate to try for a target, `None` when it has its bounds or reached an end of the range;
    /// `before` is what shorter trials said.
    fn rate(
        &self,
        target: &GoalTarget,
        bounds: Bounds,
        before: Option<Bounds>,
        trials: &Trials,
    ) -> Option<f64> {
        let RateRange { min, start, max } = self.rates;
        let (said_lower, said_upper) = before.map_or((None, None), |it| (it.lower, it.upper));
        let wanted = match (bounds.lower, bounds.upper) {
            (Some(_), Some(_)) if bounds.are_within(target.width) => None,
            (Some(lower), Some(upper)) => {
                let is_inside = |rate: &f64| *rate > lower && *rate < upper;
                let said = said_lower
                    .filter(is_inside)
                    .or(said_upper.filter(is_inside));
                let rate = said.unwrap_or_else(|| four_digits((lower * upper).sqrt()));
                is_inside(&rate).then_some(rate)
            }
            (None, None) => Some(said_lower.or(said_upper).unwrap_or(start)),
            (None, Some(upper)) if upper <= min => None,
            (None, Some(upper)) => {
                let said = said_lower.filter(|rate| *rate < upper);
                Some(said.unwrap_or_else(|| four_digits((upper / GROWTH).max(min))))
            }
            (Some(lower), None) if lower >= max => None,
            (Some(lower), None) => {
                let said = said_upper.filter(|rate| *rate > lower);
                Some(said.unwrap_or_else(|| four_digits((lower * GROWTH).min(max))))
            }
        };
        // Where the generator was at its end, longer trials say no more of the target.
        wanted.filter(|rate| !self.is_past_the_generator(*rate, trials))
    }
}

#[cfg(test)]
mod tests {
    use super::super::classification::LoadClass;
    use super::super::goal::tests::goal;
    use super::super::trials::tests::trial;
    use super::*;
    use proptest::prelude::*;

    fn plan(goals: Vec<SearchGoal>) -> SearchPlan {
        SearchPlan {
            goals,
            rates: RateRange {
                min: 2.5,
                start: 10.0,
                max: 1_000.0,
            },
            is_max_the_generators: false,
        }
    }

    /// Makes trials until none is wanted, each bad above the truth of its goal.
    fn searched(plan: &SearchPlan, truths: &[f64]) -> Trials {
        let mut trials = Trials::default();
        while let Some(order) = plan.next(&trials) {
            let losses = truths.iter().map(|truth| match order.rate_per_s > *truth {
                true => 1.0,
                false => 0.0,
            });
            let mut made = trial(order.rate_per_s, order.duration_s, 0.0);
            made.losses = losses.collect();
            trials.add(made);
            assert!(trials.all().len() < 200, "{:?}", trials.all().last());
        }
        trials
    }

    fn last(plan: &SearchPlan, goal: usize, trials: &Trials) -> Bounds {
        let targets = plan.goals[goal].targets();
        trials.bounds(goal, &targets[targets.len() - 1].requirement)
    }

    #[test]
    fn rates_grow_by_the_root_of_two_from_the_safe_rate_with_short_trials() {
        let plan = plan(vec![goal("calm", 120.0, 0.001, 0.05)]);
        let trials = searched(&plan, &[35.0]);
        let made = trials.all().iter().take(5);
        let made: Vec<_> = made.map(|it| (it.rate_per_s, it.duration_s)).collect();
        let expected = [10.0, 14.14, 20.0, 28.28, 39.99].map(|rate| (rate, 15.0));
        assert_eq!(made, expected);
        let full = trials.all().iter().rev().take(4);
        assert!(full.clone().all(|it| it.duration_s >= 120.0));
    }

    #[test]
    fn a_goal_that_fails_at_the_lowest_rate_ends_there() {
        let plan = plan(vec![goal("calm", 60.0, 0.001, 0.05)]);
        let trials = searched(&plan, &[1.0]);
        assert_eq!(last(&plan, 0, &trials).upper, Some(2.5));
        assert_eq!(last(&plan, 0, &trials).lower, None);
    }

    #[test]
    fn a_goal_that_holds_at_the_highest_rate_ends_there() {
        let plan = plan(vec![goal("calm", 60.0, 0.001, 0.05)]);
        let trials = searched(&plan, &[2_000.0]);
        assert_eq!(last(&plan, 0, &trials).lower, Some(1_000.0));
        assert_eq!(last(&plan, 0, &trials).upper, None);
    }

    #[test]
    fn a_rate_at_which_the_generator_was_at_its_end_is_not_halved_down_from() {
        let plan = plan(vec![goal("calm", 60.0, 0.001, 0.05)]);
        let mut trials = Trials::default();
        let mut made = 0;
        while let Some(order) = plan.next(&trials) {
            let mut one = trial(order.rate_per_s, order.duration_s, 0.0);
            one.is_generator_limited = order.rate_per_s > 100.0;
            one.losses = vec![if one.is_generator_limited { 0.5 } else { 0.0 }];
            trials.add(one);
            made += 1;
        }
        assert!(made < 25, "{made}");
        assert!(trials.generator_limit().is_some_and(|limit| limit > 100.0));
        assert!(
            last(&plan, 0, &trials)
                .lower
                .is_some_and(|lower| lower <= 100.0)
        );
    }

    proptest! {
        #[test]
        fn a_sharp_limit_is_always_within_the_bounds_and_the_bounds_within_the_width(
            truth_log in 1.0..6.8_f64,
            factor in 1.0..3.0_f64,
            width in 0.01..0.2_f64,
            trial_s in 1.0..200.0_f64,
        ) {
            let truths = [truth_log.exp(), (truth_log.exp() * factor).min(990.0)];
            let plan = plan(vec![
                goal("calm", trial_s, 0.001, width),
                goal("contacts", trial_s, 0.01, width),
            ]);
            let trials = searched(&plan, &truths);
            for (index, truth) in truths.iter().enumerate() {
                let bounds = last(&plan, index, &trials);
                let (lower, upper) = (bounds.lower.unwrap(), bounds.upper.unwrap());
                prop_assert!(lower <= *truth && *truth < upper, "{lower} {truth} {upper}");
                prop_assert!(bounds.are_within(width));
                let classes = trials.classes(index, &plan.goals[index].targets()[0].requirement);
                prop_assert!(classes.iter().any(|(_, class)| *class == LoadClass::Lower));
            }
        }

        #[test]
        fn the_next_trial_depends_on_nothing_but_the_trials(losses in prop::collection::vec(0.0..0.02_f64, 1..30)) {
            let plan = plan(vec![goal("calm", 60.0, 0.01, 0.05)]);
            let mut trials = Trials::default();
            let mut again = Trials::default();
            for loss in losses {
                let Some(order) = plan.next(&trials) else { break };
                let made = trial(order.rate_per_s, order.duration_s, loss);
                trials.add(made.clone());
                let text = serde_json::to_string(&made).unwrap();
                again.add(serde_json::from_str(&text).unwrap());
                prop_assert_eq!(plan.next(&trials), plan.next(&again));
            }
        }
    }
}
