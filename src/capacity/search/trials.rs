//! All trials of a search, by the rate at which they were made.
//!
//! In: trials in the order of time. Out: per goal, what each rate is; grouped by rate, lowest first.

use serde::{Deserialize, Serialize};

use super::bounds::Bounds;
use super::classification::{LoadClass, Requirement, TrialResult};

/// Why a trial was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To find the bounds.
    Search,
    /// To see whether the target is still what it was.
    Checkpoint,
}

/// One trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Trials count from 1.
    pub number: u32,
    /// Why it was made.
    pub purpose: Purpose,
    /// Intended arrivals per second.
    pub rate_per_s: f64,
    /// Intended length, seconds.
    pub duration_s: f64,
    /// The length that counts, seconds.
    pub effective_s: f64,
    /// Loss ratio for each goal, in their order, 0 to 1.
    pub losses: Vec<f64>,
    /// Whether the generator, and not the target, was at its end.
    pub is_generator_limited: bool,
}

impl Trial {
    /// What classification needs of it.
    #[must_use]
    pub fn result(&self, goal: usize) -> TrialResult {
        TrialResult {
            duration_s: self.duration_s,
            effective_s: self.effective_s,
            loss_ratio: self.losses.get(goal).copied().unwrap_or(1.0),
        }
    }
}

/// All trials of a search.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trials {
    /// In the order of time.
    all: Vec<Trial>,
    /// Indexes into `all` by rate, lowest rate first.
    loads: Vec<(f64, Vec<usize>)>,
}

impl Trials {
    /// Adds one.
    pub fn add(&mut self, trial: Trial) {
        let index = self.all.len();
        let rate = trial.rate_per_s;
        self.all.push(trial);
        let at = self
            .loads
            .partition_point(|(other, _)| is_less(*other, rate));
        match self.loads.get_mut(at) {
            Some((other, indexes)) if !is_less(rate, *other) => indexes.push(index),
            Some(_) | None => self.loads.insert(at, (rate, vec![index])),
        }
    }

    /// All of them, in the order of time.
    #[must_use]
    pub fn all(&self) -> &[Trial] {
        &self.all
    }

    /// The trials at a rate, in the order of time.
    pub fn at(&self, rate: f64) -> impl Iterator<Item = &Trial> {
        let found = self.loads.iter().find(|(other, _)| is_same(*other, rate));
        let indexes = found.map_or(&[][..], |(_, indexes)| indexes);
        indexes.iter().map(|index| &self.all[*index])
    }

    /// What each rate is for a goal, lowest rate first.
    #[must_use]
    pub fn classes(&self, goal: usize, requirement: &Requirement) -> Vec<(f64, LoadClass)> {
        let classes = self.loads.iter().map(|(rate, indexes)| {
            let results = indexes.iter().map(|index| self.all[*index].result(goal));
            (*rate, requirement.classify(&results.collect::<Vec<_>>()))
        });
        classes.collect()
    }

    /// The relevant bounds of a goal.
    #[must_use]
    pub fn bounds(&self, goal: usize, requirement: &Requirement) -> Bounds {
        Bounds::of(&self.classes(goal, requirement))
    }

    /// The lowest rate at which the generator was at its end.
    #[must_use]
    pub fn generator_limit(&self) -> Option<f64> {
        let limited = self.all.iter().filter(|trial| trial.is_generator_limited);
        limited.map(|trial| trial.rate_per_s).reduce(f64::min)
    }
}

/// Rates have four digits, whatever a file made of them.
fn is_same(one: f64, other: f64) -> bool {
    (one - other).abs() <= other.abs() * 1e-9
}

fn is_less(one: f64, other: f64) -> bool {
    one < other && !is_same(one, other)
}

/// A rate of four digits, as it is tried and printed.
#[must_use]
pub fn four_digits(rate: f64) -> f64 {
    if rate <= 0.0 || !rate.is_finite() {
        return rate;
    }
    let scale = 10_f64.powf(3.0 - rate.log10().floor());
    // Written and read, so that it is the number nearest to its text.
    let rounded = (rate * scale).round() / scale;
    format!("{rounded:.9}").parse().unwrap_or(rounded)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A trial of one goal.
    pub fn trial(rate_per_s: f64, duration_s: f64, loss: f64) -> Trial {
        Trial {
            number: 1,
            purpose: Purpose::Search,
            rate_per_s,
            duration_s,
            effective_s: duration_s,
            losses: vec![loss],
            is_generator_limited: false,
        }
    }

    #[test]
    fn rates_have_four_digits() {
        for (rate, expected) in [
            (123.456_7, 123.5),
            (0.012_345_6, 0.012_35),
            (9_999.6, 10_000.0),
            (70.710_678, 70.71),
            (5.0, 5.0),
        ] {
            assert!((four_digits(rate) - expected).abs() < 1e-12, "{rate}");
        }
    }

    #[test]
    fn trials_at_one_rate_stay_together_and_rates_ascend() {
        let mut trials = Trials::default();
        for rate in [20.0, 10.0, 20.0, 15.0] {
            trials.add(trial(rate, 1.0, 0.0));
        }
        let requirement = Requirement {
            final_trial_s: 1.0,
            duration_sum_s: 2.0,
            loss_ratio: 0.0,
            exceed_ratio: 0.0,
        };
        let classes = trials.classes(0, &requirement);
        use LoadClass::{Lower, Undecided};
        assert_eq!(
            classes,
            [(10.0, Undecided), (15.0, Undecided), (20.0, Lower)]
        );
        assert_eq!(trials.at(20.0).count(), 2);
        assert_eq!(trials.at(11.0).count(), 0);
    }
}
