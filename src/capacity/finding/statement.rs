//! What must be said with a maximum, so that it can be quoted and repeated.

use serde::{Deserialize, Serialize};

use super::super::search::SearchGoal;

/// What must be said with the number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// Name and hash of the scenario.
    pub scenario: String,
    /// SHA-256 of the scenario file.
    pub scenario_sha256: String,
    /// Kinds of shoppers with their shares, 0 to 1.
    pub mix: Vec<(String, f64)>,
    /// `open model, Poisson arrivals` and the like.
    pub arrivals: String,
    /// What was driven.
    pub target: String,
    /// The SLI set and its hash.
    pub sli_set: String,
    /// SHA-256 of it, and of the threshold file behind it.
    pub sli_set_sha256: String,
    /// How percentiles are taken, and over which windows.
    pub percentiles: String,
    /// The goals with all attributes.
    pub goals: Vec<GoalStatement>,
    /// How losses are counted.
    pub loss: String,
    /// Lead-in, drain and cool-down around every trial.
    pub around_trials: String,
    /// How many trials, and how long in all, seconds.
    pub trials: usize,
    /// Seconds of trials.
    pub trial_s: f64,
    /// When the first trial began, UTC µs since 1970.
    pub started_us: i64,
    /// When the last one ended.
    pub ended_us: i64,
    /// Repeated searches of the same: how many there are in the lake, and lower bounds of the others.
    pub repeats: Vec<RepeatedSearch>,
    /// What the user says of the target, e.g. `autoscaling` `off`.
    pub facts: Vec<(String, String)>,
    /// What should be said and was not: facts of the target that only its owner knows.
    pub not_stated: Vec<String>,
    /// What was left out after the bounds, and why.
    pub left_out: Vec<String>,
    /// How long the soak was, seconds; `None` without one.
    pub soak_s: Option<f64>,
    /// Whether any number lies outside of what was tried. A search never extrapolates.
    pub is_extrapolated: bool,
    /// The command that repeats it.
    pub command: String,
    /// Seed of arrivals.
    pub seed: u64,
}

/// A goal with what it looks at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GoalStatement {
    /// All attributes of RFC 9971.
    #[serde(flatten)]
    pub goal: SearchGoal,
    /// In words: what makes a journey good.
    pub good: String,
    /// The SLIs by which it is judged.
    pub slis: Vec<String>,
}

/// Another search of the same scenario, target and goals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RepeatedSearch {
    /// Its name.
    pub search_id: String,
    /// Its bounds.
    pub lower: Option<f64>,
    /// Its upper bound.
    pub upper: Option<f64>,
}
