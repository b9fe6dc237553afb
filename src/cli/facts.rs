//! What is known of a rehearsal besides its requests; kept in the lake as JSON.

use serde::{Deserialize, Serialize};

use super::drills::Judgement;
use super::recorder::RunSeconds;
use super::rehearse::ShardSummary;
use super::thresholds::{Guard, ThresholdFacts};
use crate::drill::{DrillOutcome, GeneratorHealth};
use crate::game_day::DrilledEntry;
use crate::latency_buckets::LatencyHistogram;
use crate::scenario::{CriterionPlan, PlanPrint};

/// Facts of one rehearsal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunFacts {
    /// Name of the run.
    pub run_id: String,
    /// Name of the scenario.
    pub scenario: String,
    /// SHA-256 of the scenario file.
    pub scenario_sha256: String,
    /// The scenario letter by letter.
    pub scenario_text: String,
    /// What was expected to happen.
    #[serde(default)]
    pub hypothesis: Option<String>,
    /// When it has passed.
    #[serde(default = "CriterionPlan::defaults")]
    pub criteria: Vec<CriterionPlan>,
    /// Whether the scenario itself said when it has passed.
    #[serde(default)]
    pub has_own_criteria: bool,
    /// What its plan means, part by part; a run of an older version has none.
    #[serde(default)]
    pub print: Option<PlanPrint>,
    /// What was driven.
    pub target: String,
    /// Seed of everything random.
    pub seed: u64,
    /// Time zero, UTC µs since 1970; a whole second.
    pub started_us: i64,
    /// Length of what is judged: the curve, or less when it was stopped, µs.
    pub judged_us: i64,
    /// Length of the run with its drain, µs.
    pub length_us: i64,
    /// Highest arrival rate of the curve, shoppers per second.
    pub peak_shoppers_per_s: f64,
    /// Labelled moments: µs since the start, and what happens then.
    pub labels: Vec<(i64, String)>,
    /// Shoppers whose arrival was due.
    pub offered_arrivals: u64,
    /// Shoppers who were sent on their way.
    pub started: u64,
    /// Shoppers who reached the end of their journey.
    pub completed: u64,
    /// Shoppers who left after no answer, a 4xx or a 5xx.
    pub gave_up: u64,
    /// Shoppers who left because it took too long.
    #[serde(default)]
    pub lost_patience: u64,
    /// Shoppers who did not come, because their channel was turned off.
    #[serde(default)]
    pub withheld: u64,
    /// How many times as many requests retries and reloads made of what shoppers wanted.
    #[serde(default)]
    pub retry_amplification: Option<f64>,
    /// Shoppers who were turned away.
    pub dropped: u64,
    /// Shoppers who were cut off at the end.
    pub cut: u64,
    /// Requests made.
    pub requests: u64,
    /// Connections made.
    #[serde(default)]
    pub connections: u64,
    /// Requests that are not in the lake: the recorder was too slow to take them, or the lake took no more.
    pub records_lost: u64,
    /// From due to sent.
    pub schedule_lag_us: LagFacts,
    /// From due to the last byte.
    pub response_us: LatencyFacts,
    /// From sent to the last byte.
    pub service_us: LatencyFacts,
    /// From sent to the head of the answer; `None` without an answer, and of runs of earlier versions.
    #[serde(default)]
    pub first_byte_us: Option<LatencyFacts>,
    /// Requests answered in each second since the start.
    pub answered_per_s: Vec<u64>,
    /// Shoppers who arrived in each second since the start.
    pub arrivals_per_s: Vec<u64>,
    /// Shoppers that the curve asks for in each second; empty where there is a closed model alone.
    #[serde(default)]
    pub planned_per_s: Vec<f64>,
    /// Shoppers at once of closed models, who come again when they have left; 0 without.
    #[serde(default)]
    pub closed_shoppers: u64,
    /// Requests that the plan asks for, without retries, redirects and assets of pages.
    #[serde(default)]
    pub planned_requests: Option<f64>,
    /// What else happened in each second.
    #[serde(default)]
    pub seconds: RunSeconds,
    /// Why the run is invalid; empty when it is not.
    pub invalid_because: Vec<String>,
    /// Whether it was stopped before its end.
    pub is_stopped: bool,
    /// The threshold that stopped it.
    #[serde(default)]
    pub guard: Option<Guard>,
    /// What became of the thresholds of the scenario.
    #[serde(default)]
    pub thresholds: Vec<ThresholdFacts>,
    /// What the generator took of its machine; runs of earlier versions do not say.
    #[serde(default)]
    pub generator: Option<GeneratorHealth>,
    /// The command that repeats it.
    pub command: String,
    /// The drill timeline, as it went; by the moments at which its entries were to begin.
    #[serde(default)]
    pub drills: Vec<DrilledEntry>,
    /// The shards that drove it, in their order; empty for a run of one process.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shards: Vec<ShardSummary>,
    /// SLIs that it could have no requests of, and is not judged by: those of a replay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_judged: Vec<String>,
    /// How it was judged when it was over; `None` of runs before there were drills.
    #[serde(default)]
    pub judgement: Option<Judgement>,
}

impl RunFacts {
    /// Whether nobody arrived, and all shoppers were in a closed model.
    pub fn is_closed_alone(&self) -> bool {
        self.closed_shoppers > 0 && self.planned_per_s.is_empty()
    }
}

/// Percentiles of the generator's own lateness, µs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LagFacts {
    /// Median.
    pub p50: u64,
    /// 99th percentile.
    pub p99: u64,
    /// Largest.
    pub max: u64,
}

/// Percentiles of a latency, µs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatencyFacts {
    /// Median.
    pub p50: u64,
    /// 90th percentile; `None` of runs of earlier versions, as of `p99_9`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p90: Option<u64>,
    /// 95th percentile.
    pub p95: u64,
    /// 99th percentile.
    pub p99: u64,
    /// 99.9th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_9: Option<u64>,
    /// Largest.
    pub max: u64,
}

impl LagFacts {
    /// Of what a drill counted.
    pub fn of(outcome: &DrillOutcome) -> Self {
        Self::of_histogram(&outcome.lag)
    }

    /// Of a histogram; all 0 when it is empty.
    pub fn of_histogram(lag: &LatencyHistogram) -> Self {
        let quantile = |quantile| lag.quantile_us(quantile).unwrap_or(0);
        Self {
            p50: quantile(0.5),
            p99: quantile(0.99),
            max: lag.max_us(),
        }
    }
}

impl LatencyFacts {
    /// Of a histogram; `None` when it is empty.
    pub fn of_some(histogram: &LatencyHistogram) -> Option<Self> {
        (histogram.count() > 0).then(|| Self::of(histogram))
    }

    /// Of a histogram; all 0 when it is empty.
    pub fn of(histogram: &LatencyHistogram) -> Self {
        let quantile = |quantile| histogram.quantile_us(quantile).unwrap_or(0);
        Self {
            p50: quantile(0.5),
            p90: Some(quantile(0.9)),
            p95: quantile(0.95),
            p99: quantile(0.99),
            p99_9: Some(quantile(0.999)),
            max: histogram.max_us(),
        }
    }
}
