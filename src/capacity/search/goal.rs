//! What is searched for: one or more goals, each with the attributes of RFC 9971, section 4.6.
//!
//! In: numbers. Out: a checked [`SearchGoal`], and the targets on the way to it: the same goal with
//! shorter trials and a larger width, so that most of the search costs little.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::classification::Requirement;

/// The narrowest width: rates are rounded to four digits.
pub const WIDTH_MIN: f64 = 0.005;
/// The most goals of a search.
pub const GOALS_MAX: usize = 8;
/// Trials of this share of the final length, or longer, need no step in between.
const STEP_SHARE: f64 = 0.25;

/// A search goal (RFC 9971): what must hold at a rate, how it is tried, and how narrow the bounds are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchGoal {
    /// Its name.
    pub name: String,
    /// Goal final trial duration, seconds: shorter trials alone never make a lower bound.
    pub final_trial_s: f64,
    /// Goal duration sum, seconds: so much of full-length trials at one rate decides it.
    pub duration_sum_s: f64,
    /// Goal loss ratio, 0 to below 1: the share of journeys that may be not good.
    pub loss_ratio: f64,
    /// Goal exceed ratio, 0 to below 1: the share of trial time that may have a higher loss.
    pub exceed_ratio: f64,
    /// Goal width, a relative difference: `(upper − lower) / upper`.
    pub width: f64,
    /// Goal initial trial duration, seconds: the shortest trial worth making.
    pub initial_trial_s: f64,
}

/// Why a goal is none.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum GoalError {
    /// A number is out of its range.
    #[error("goal `{goal}`: `{attribute}` is {value} (hint: {range})")]
    Range {
        /// The goal.
        goal: String,
        /// Which attribute.
        attribute: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
}

/// A goal, or a step on the way to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GoalTarget {
    /// What decides a rate.
    pub requirement: Requirement,
    /// How near the bounds must be, a relative difference.
    pub width: f64,
}

impl SearchGoal {
    /// Checks every attribute.
    ///
    /// # Errors
    /// The first one out of its range.
    pub fn check(&self) -> Result<(), GoalError> {
        let share = "a share from 0 to below 1";
        let length = "a length above 0";
        let checks = [
            (
                "final trial",
                self.final_trial_s,
                is_positive(self.final_trial_s),
                length,
            ),
            (
                "initial trial",
                self.initial_trial_s,
                is_positive(self.initial_trial_s),
                length,
            ),
            (
                "duration sum",
                self.duration_sum_s,
                is_positive(self.duration_sum_s),
                length,
            ),
            ("loss", self.loss_ratio, is_share(self.loss_ratio), share),
            (
                "exceed",
                self.exceed_ratio,
                is_share(self.exceed_ratio),
                share,
            ),
            (
                "width",
                self.width,
                (WIDTH_MIN..=0.5).contains(&self.width),
                "from 0.5% to 50%",
            ),
        ];
        match checks.into_iter().find(|(_, _, is_good, _)| !is_good) {
            None => Ok(()),
            Some((attribute, value, _, range)) => Err(GoalError::Range {
                goal: self.name.clone(),
                attribute,
                value,
                range,
            }),
        }
    }

    /// The goal itself, last, and the steps before it, shortest trials first; one to three.
    #[must_use]
    pub fn targets(&self) -> Vec<GoalTarget> {
        let last = GoalTarget {
            requirement: Requirement {
                final_trial_s: self.final_trial_s,
                duration_sum_s: self.duration_sum_s,
                loss_ratio: self.loss_ratio,
                exceed_ratio: self.exceed_ratio,
            },
            width: self.width,
        };
        let before = |trial_s: f64, times: f64| GoalTarget {
            requirement: Requirement {
                final_trial_s: trial_s,
                duration_sum_s: trial_s,
                ..last.requirement
            },
            width: (self.width * times).min(0.5),
        };
        let share = self.initial_trial_s / self.final_trial_s;
        if share >= 1.0 {
            vec![last]
        } else if share >= STEP_SHARE {
            vec![before(self.initial_trial_s, 2.0), last]
        } else {
            // Whole seconds, as trials are made.
            let between_s = (self.initial_trial_s * self.final_trial_s).sqrt().ceil();
            vec![
                before(self.initial_trial_s, 4.0),
                before(between_s, 2.0),
                last,
            ]
        }
    }
}

fn is_share(value: f64) -> bool {
    (0.0..1.0).contains(&value)
}

fn is_positive(value: f64) -> bool {
    value > 0.0 && value.is_finite()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A goal of three trials of so many seconds each.
    pub fn goal(name: &str, trial_s: f64, loss_ratio: f64, width: f64) -> SearchGoal {
        SearchGoal {
            name: name.to_owned(),
            final_trial_s: trial_s,
            duration_sum_s: trial_s * 3.0,
            loss_ratio,
            exceed_ratio: 0.5,
            width,
            initial_trial_s: trial_s / 8.0,
        }
    }

    #[test]
    fn an_attribute_out_of_its_range_is_named_with_the_range() {
        type Change = fn(&mut SearchGoal);
        let table: [(Change, &str); 6] = [
            (|goal| goal.loss_ratio = 1.0, "`loss` is 1 "),
            (|goal| goal.exceed_ratio = -0.1, "`exceed` is -0.1 "),
            (|goal| goal.width = 0.004, "`width` is 0.004 "),
            (|goal| goal.final_trial_s = 0.0, "`final trial` is 0 "),
            (
                |goal| goal.duration_sum_s = f64::NAN,
                "`duration sum` is NaN ",
            ),
            (
                |goal| goal.initial_trial_s = f64::INFINITY,
                "`initial trial` is inf ",
            ),
        ];
        for (change, expected) in table {
            let mut goal = goal("calm", 60.0, 0.0, 0.05);
            assert_eq!(goal.check(), Ok(()));
            change(&mut goal);
            let text = goal.check().unwrap_err().to_string();
            assert!(
                text.contains(expected) && text.contains("(hint: "),
                "{text}"
            );
        }
    }

    #[test]
    fn trials_grow_and_the_width_narrows_towards_the_goal() {
        let lengths = |initial_s: f64| {
            let goal = SearchGoal {
                initial_trial_s: initial_s,
                ..goal("calm", 64.0, 0.0, 0.05)
            };
            let targets = goal.targets().into_iter();
            let pairs = targets.map(|target| (target.requirement.final_trial_s, target.width));
            pairs.collect::<Vec<_>>()
        };
        assert_eq!(lengths(64.0), [(64.0, 0.05)]);
        assert_eq!(lengths(16.0), [(16.0, 0.1), (64.0, 0.05)]);
        assert_eq!(lengths(4.0), [(4.0, 0.2), (16.0, 0.1), (64.0, 0.05)]);
    }
}
