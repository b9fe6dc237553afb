//! Data that shoppers use.

use schemars::JsonSchema;
use serde::Deserialize;

/// Where data comes from: exactly one of `csv`, `json_lines` and `sequence`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataDefinition {
    /// A CSV file with a header, beside the scenario file.
    #[serde(default)]
    pub csv: Option<String>,
    /// A file with a JSON object per line, beside the scenario file.
    #[serde(default)]
    pub json_lines: Option<String>,
    /// Numbers, one after the other.
    #[serde(default)]
    pub sequence: Option<SequenceDefinition>,
    /// Which row a shopper gets; it keeps it for its whole journey.
    #[serde(default)]
    pub pick: PickName,
}

/// Which row a shopper gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PickName {
    /// One after the other by arrival, from the first again after the last.
    #[default]
    Sequential,
    /// Any, drawn from the seed.
    Random,
    /// Each row once; a run with more shoppers than rows is refused.
    Unique,
}

/// Numbers, one after the other, one per shopper.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SequenceDefinition {
    /// The first; without it 1.
    #[serde(default)]
    pub from: Option<i64>,
    /// From one to the next; without it 1.
    #[serde(default)]
    pub step: Option<i64>,
}
