//! What the lake keeps of each shard besides its requests, until the run is judged and afterwards.

use serde::{Deserialize, Serialize};

use super::claim::Claim;
use super::clock::ClockFacts;
use crate::cli::exit_code::Failure;
use crate::cli::facts::RunFacts;
use crate::cli::rehearse::scenarios::ScenarioFacts;
use crate::drill::DrillOutcome;
use crate::lake::Lake;
use crate::latency_buckets::LatencyHistogram;
use crate::scenario::Shard;
use crate::time_window::now_us;

/// A shard that is over.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ShardFacts {
    /// Which one.
    pub shard: Shard,
    /// What it had claimed.
    pub claim: Claim,
    /// Its own counts; what is of the plan is of the whole plan.
    pub run: RunFacts,
    /// Its clock.
    pub clock: ClockFacts,
    /// Requests in the lake.
    pub committed: u64,
    /// Requests that steps name, and how many of them were made for the first time.
    pub step_requests: u64,
    pub first_attempts: u64,
    /// Counts of each of several scenarios.
    pub scenarios: Vec<ScenarioFacts>,
    pub lag: Buckets,
    pub response: Buckets,
    pub service: Buckets,
    #[serde(default)]
    pub first_byte: Buckets,
}

/// Latencies per bucket: percentiles of several shards come from sums of these, never from percentiles.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buckets(Vec<(i32, u64)>);

impl Buckets {
    fn of(histogram: &LatencyHistogram) -> Self {
        Self(histogram.buckets().collect())
    }

    /// Adds them to others.
    pub fn add_to(&self, histogram: &mut LatencyHistogram) {
        for (bucket, count) in &self.0 {
            histogram.record_bucket(*bucket, *count);
        }
    }
}

/// What is to be kept besides the facts.
pub struct Ending<'a> {
    pub shard: Shard,
    pub claim: Claim,
    pub clock: ClockFacts,
    pub committed: u64,
    pub outcome: &'a DrillOutcome,
    pub scenarios: Vec<ScenarioFacts>,
}

impl ShardFacts {
    /// Of a shard that is over.
    pub fn new(run: RunFacts, ending: Ending<'_>) -> Self {
        let outcome = ending.outcome;
        Self {
            shard: ending.shard,
            claim: ending.claim,
            run,
            clock: ending.clock,
            committed: ending.committed,
            step_requests: outcome.step_requests,
            first_attempts: outcome.first_attempts,
            scenarios: ending.scenarios,
            lag: Buckets::of(&outcome.lag),
            response: Buckets::of(&outcome.response),
            service: Buckets::of(&outcome.service),
            first_byte: Buckets::of(&outcome.first_byte),
        }
    }

    /// Keeps them; a shard that ended twice is a bug, the claim is there only once.
    pub fn keep(&self, lake: &Lake) -> Result<(), Failure> {
        let name = name(&self.run.run_id, self.shard, "");
        Ok(lake.write_run(&name, &serde_json::to_string(self)?)?)
    }
}

/// Why a shard did not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// Somebody else has it.
    Again,
    /// It would have done something else than the others.
    Differs,
    /// It came after the start.
    Late,
    /// Its clock was off.
    Clock,
}

/// A shard that did not begin, and why: by this whoever judges can name more than its absence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub kind: RefusalKind,
    /// When, UTC µs since 1970.
    pub at_us: i64,
    /// A sentence fragment.
    pub why: String,
}

impl Refusal {
    /// One of now.
    pub fn new(kind: RefusalKind, why: String) -> Self {
        Self {
            kind,
            at_us: now_us(),
            why,
        }
    }

    /// Keeps it, if the lake takes it: the refusal itself says more than that it could not be kept.
    pub fn keep(&self, lake: &Lake, run_id: &str, shard: Shard) {
        let ending = self.kind.ending();
        if let Ok(json) = serde_json::to_string(self) {
            let _ = lake.write_run(&name(run_id, shard, ending), &json);
        }
    }
}

impl RefusalKind {
    /// One who came twice and one who did not begin are told apart: the first began.
    fn ending(self) -> &'static str {
        match self {
            Self::Again => ".again",
            Self::Differs | Self::Late | Self::Clock => ".refused",
        }
    }
}

/// What is kept of one shard.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    pub facts: Option<ShardFacts>,
    pub again: Option<Refusal>,
    pub refused: Option<Refusal>,
}

impl Kept {
    /// Reads it; `names` are those of [`Lake::run_part_names`].
    pub fn read(
        lake: &Lake,
        names: &[String],
        run_id: &str,
        shard: Shard,
    ) -> Result<Self, Failure> {
        Ok(Self {
            facts: read(lake, names, &name(run_id, shard, ""))?,
            again: read(lake, names, &name(run_id, shard, ".again"))?,
            refused: read(lake, names, &name(run_id, shard, ".refused"))?,
        })
    }
}

fn read<T: serde::de::DeserializeOwned>(
    lake: &Lake,
    names: &[String],
    name: &str,
) -> Result<Option<T>, Failure> {
    if !names.iter().any(|known| known == name) {
        return Ok(None);
    }
    let json = lake.read_run(name)?;
    let read = json.map(|json| serde_json::from_str(&json)).transpose();
    read.map_err(|error| {
        Failure::new(
            crate::cli::exit_code::ExitCode::Input,
            format!("`{name}.json` of the lake cannot be read: {error} (hint: judge with the firedrill that drove the shards)"),
        )
    })
}

/// Whether a shard is over.
pub fn has_ended(lake: &Lake, run_id: &str, shard: Shard) -> bool {
    matches!(lake.read_run(&name(run_id, shard, "")), Ok(Some(_)))
}

/// A dot is in no name of a run, so no shard is taken for one.
fn name(run_id: &str, shard: Shard, ending: &str) -> String {
    format!(
        "{run_id}.shard-{}-of-{}{ending}",
        shard.number(),
        shard.count()
    )
}
