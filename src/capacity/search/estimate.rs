//! How long a search will still take: the search is played to its end against a guess of the truth.
//!
//! In: a plan and the trials so far. Out: seconds. The guess is the middle of what is still possible; a
//! target that is neither noisy nor irregular is assumed.

use super::controller::SearchPlan;
use super::trials::{Purpose, Trial, Trials};

/// Trials after which a guess ends.
const TRIALS_MAX: usize = 200;
/// Where nothing has failed yet, the limit is assumed at so many times the highest rate that held.
const HIGHER: f64 = 2.0;

/// Seconds that the search will still take if each trial takes `overhead_s` beside its length.
#[must_use]
pub fn left_s(plan: &SearchPlan, trials: &Trials, overhead_s: f64) -> f64 {
    let goals = 0..plan.goals.len();
    let truths: Vec<f64> = goals.map(|goal| guess(plan, goal, trials)).collect();
    let mut played = trials.clone();
    let mut left_s = 0.0;
    for _ in 0..TRIALS_MAX {
        let Some(order) = plan.next(&played) else {
            break;
        };
        left_s += order.duration_s + overhead_s;
        let losses = truths.iter().map(|truth| match order.rate_per_s > *truth {
            true => 1.0,
            false => 0.0,
        });
        played.add(Trial {
            number: 0,
            purpose: Purpose::Search,
            rate_per_s: order.rate_per_s,
            duration_s: order.duration_s,
            effective_s: order.duration_s,
            losses: losses.collect(),
            is_generator_limited: false,
        });
    }
    left_s
}

/// The middle of where a goal's limit may be, by trials of any length.
fn guess(plan: &SearchPlan, goal: usize, trials: &Trials) -> f64 {
    let rates = plan.rates;
    let targets = plan.goals[goal].targets();
    let known = targets.iter().rev();
    let mut known = known.map(|target| trials.bounds(goal, &target.requirement));
    let bounds = known
        .find(|bounds| bounds.lower.is_some() || bounds.upper.is_some())
        .unwrap_or_default();
    match (bounds.lower, bounds.upper) {
        (Some(lower), Some(upper)) => (lower * upper).sqrt(),
        (Some(lower), None) => (lower * HIGHER).min(rates.max),
        (None, Some(upper)) => (upper / HIGHER).max(rates.min),
        (None, None) => (rates.start * rates.max).sqrt().min(rates.start * 16.0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::controller::RateRange;
    use super::super::goal::tests::goal;
    use super::*;

    #[test]
    fn the_estimate_falls_to_nothing_as_the_search_goes_on() {
        let plan = SearchPlan {
            goals: vec![goal("calm", 60.0, 0.001, 0.05)],
            rates: RateRange {
                min: 5.0,
                start: 10.0,
                max: 1_000.0,
            },
            is_max_the_generators: false,
        };
        let mut trials = Trials::default();
        let first = left_s(&plan, &trials, 10.0);
        assert!((300.0..900.0).contains(&first), "{first}");
        let mut taken_s = 0.0;
        let mut estimates = vec![first];
        while let Some(order) = plan.next(&trials) {
            taken_s += order.duration_s + 10.0;
            trials.add(Trial {
                number: 1,
                purpose: Purpose::Search,
                rate_per_s: order.rate_per_s,
                duration_s: order.duration_s,
                effective_s: order.duration_s,
                losses: vec![if order.rate_per_s > 70.0 { 1.0 } else { 0.0 }],
                is_generator_limited: false,
            });
            estimates.push(left_s(&plan, &trials, 10.0));
        }
        assert!(estimates.last().is_some_and(|last| *last < 1e-9));
        // Within a factor of two of what it took, from the first moment.
        assert!(
            first < taken_s * 2.0 && first > taken_s / 2.0,
            "{first} {taken_s}"
        );
    }
}
