//! What a rehearsal was watched by: the thresholds of its scenario, and the generator itself.

use serde::{Deserialize, Serialize};

use super::{State, Unit};

/// What a rehearsal was watched by.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WatchPart {
    /// The thresholds of the scenario, in its order.
    pub thresholds: Vec<ThresholdRow>,
    /// What the load generator took of its machine; empty where that is not known.
    pub generator: Vec<GeneratorRow>,
}

/// One threshold of the scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ThresholdRow {
    /// The demand in words, e.g. `Orders below 20/min for 1 min`.
    pub demand: String,
    /// Met, missed, or without a single value, which is not met either.
    pub state: State,
    /// Whether it stops a run.
    pub aborts: bool,
    /// Unit of `worst`.
    pub unit: Unit,
    /// The worst value.
    pub worst: Option<f64>,
    /// Beginning of the first time that it was broken, UTC µs since 1970.
    pub first_broken_us: Option<i64>,
    /// How long it was broken in all, seconds.
    pub broken_s: f64,
    /// How many values it was judged by.
    pub values: u64,
    /// Requests behind them.
    pub count: u64,
}

/// One thing that the load generator takes of its machine, as text with units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneratorRow {
    /// What, e.g. `CPU, share of 2 cores`.
    pub name: String,
    /// The lowest second.
    pub lowest: String,
    /// The median second.
    pub median: String,
    /// The highest second.
    pub highest: String,
    /// How much there is; empty where nothing is known.
    pub limit: String,
}
