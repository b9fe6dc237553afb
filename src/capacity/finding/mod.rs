//! What a capacity search found, as plain data: what `--json` prints, what the report shows, what is kept.
//!
//! In: nothing; the command line fills it. Out: values with their units in their names. It is complete by
//! itself: whoever quotes the number finds in it what must be said with it. Nothing is computed here.

mod statement;
mod trial;

use serde::{Deserialize, Serialize};

use super::search::GoalResult;

pub use statement::{GoalStatement, RepeatedSearch, Statement};
pub use trial::{GoalTrial, SliTrial, TrialFacts, TrialKind};

/// The unit of all rates that do not name another.
pub const UNIT: &str = "shoppers/s";

/// What a search found. Rates without another unit in their name are in [`UNIT`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CapacityFinding {
    /// Name of the search; its trials are in the lake as runs `{search_id}-trial-07`.
    pub search_id: String,
    /// [`UNIT`].
    pub unit: String,
    /// The highest rate at which every goal is known to hold.
    pub lower: Option<f64>,
    /// The lowest rate at which a goal is known to fail.
    pub upper: Option<f64>,
    /// Bounds per goal.
    pub goals: Vec<GoalResult>,
    /// The SLI that breaks first.
    pub first_to_break: Option<FirstToBreak>,
    /// Seconds from the end of 120 % until the goals held again; `None` where that was not measured, or
    /// it did not recover.
    pub recovery_s: Option<f64>,
    /// Whether any goal has no regular result.
    pub irregular: bool,
    /// In one word: `found`, or the reason, e.g. `budget_over`.
    pub outcome: String,
    /// Why it is irregular, in a sentence.
    pub reason: Option<String>,
    /// The sentence to quote.
    pub sentence: String,
    /// The bounds in other units.
    pub in_other_units: OtherUnits,
    /// Every trial, in the order of time.
    pub trials: Vec<TrialFacts>,
    /// Offered rate against good journeys, lowest rate first.
    pub curve: Vec<CurvePoint>,
    /// What happened past the limit.
    pub beyond: Option<BeyondFacts>,
    /// The soak at the lower bound.
    pub soak: Option<SoakFacts>,
    /// The load generator.
    pub generator: GeneratorFacts,
    /// What must be said with the number.
    pub statement: Statement,
}

/// The SLI that breaks first as the rate rises, and where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FirstToBreak {
    /// Identifier of the SLI; `backlog` where requests only pile up, `answers` where they fail.
    pub sli: String,
    /// In the business's words.
    pub title: String,
    /// The route with most of the bad requests, e.g. `POST /checkout`.
    pub route: Option<String>,
    /// The goal that failed by it.
    pub goal: String,
    /// The lowest rate at which it broke.
    pub rate_per_s: f64,
    /// Number of that trial.
    pub trial: u32,
}

/// The bounds in other units, `[lower, upper]`, from what the trials nearest to them measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OtherUnits {
    /// Orders per minute; `None` where the SLI set has no order.
    pub orders_per_min: Option<[Option<f64>; 2]>,
    /// Requests per second.
    pub requests_per_s: Option<[Option<f64>; 2]>,
    /// Journeys per second: the unit of all bounds.
    pub journeys_per_s: [Option<f64>; 2],
}

/// One point of the goodput curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Offered arrivals per second.
    pub offered_per_s: f64,
    /// Good journeys per second, by the loosest goal.
    pub good_per_s: f64,
    /// Good journeys per second, by the strictest goal.
    pub strict_good_per_s: f64,
    /// Requests answered per second.
    pub answered_per_s: f64,
    /// Mean requests under way: the concurrency of the scalability law.
    pub in_flight_mean: f64,
    /// Median response time, µs.
    pub response_p50_us: u64,
    /// 95th percentile, µs.
    pub response_p95_us: u64,
    /// Whether it is beyond the maximum on purpose.
    pub is_beyond: bool,
    /// Number of the trial.
    pub trial: u32,
}

/// What happened past the limit, and afterwards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BeyondFacts {
    /// `collapse`, `failed`, `shed`, `slow`, the worst first; empty where nothing of it was seen.
    pub behaviours: Vec<String>,
    /// The same in a sentence.
    pub sentence: String,
    /// The rate before and after.
    pub base_per_s: f64,
    /// The rate past the limit: 120 %.
    pub past_per_s: f64,
    /// How long it was past the limit, seconds.
    pub past_s: f64,
    /// Seconds from its end until the goals held again.
    pub recovery_s: Option<f64>,
    /// How long it was watched after that, seconds.
    pub watched_s: f64,
    /// Best and lowest rate of good answers while past the limit, per second.
    pub good_per_s: Option<[f64; 2]>,
    /// How many times as many requests retries made of what shoppers wanted.
    pub retry_amplification: Option<f64>,
    /// Share of the trial's requests that were refused with 429 or 503.
    pub refused_share: f64,
    /// Share of the trial's requests that failed otherwise.
    pub failed_share: f64,
    /// Number of the trial.
    pub trial: u32,
}

/// The soak at the lower bound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SoakFacts {
    /// The rate.
    pub rate_per_s: f64,
    /// How long, seconds.
    pub length_s: f64,
    /// Whether every goal whose lower bound is not below the rate held.
    pub held: bool,
    /// The goals that did not.
    pub failed_goals: Vec<String>,
    /// Number of the trial.
    pub trial: u32,
}

/// The load generator: what it can, and what it used.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GeneratorFacts {
    /// The highest rate that it was seen to offer on time against a responder that does nothing.
    pub reached_per_s: f64,
    /// Requests per second at that rate.
    pub reached_requests_per_s: f64,
    /// Whether that was its limit, and not only the highest rate that was needed.
    pub is_limit: bool,
    /// Why it could not do more.
    pub limited_by: Vec<String>,
    /// Cores that it may use.
    pub cores: usize,
    /// The largest share of its cores in any trial of the search, 0 to 1.
    pub cpu_share_max: Option<f64>,
    /// The largest 99th percentile of the schedule lag in any trial, µs.
    pub schedule_lag_p99_us_max: u64,
    /// Whether it shares its machine with the target.
    pub shares_machine: bool,
}
