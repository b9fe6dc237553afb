//! A small SLI set with every shape that declared files have.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::declared_files::DurationText;

/// A set of SLIs.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SliSet {
    /// The name shown in reports.
    pub name: String,
    /// The SLIs, in the order of the journey.
    #[schemars(length(min = 1, max = 50))]
    pub slis: Vec<Sli>,
    pub owner: Option<String>,
    pub window: Option<DurationText>,
    #[serde(default)]
    pub weights: BTreeMap<String, Weight>,
    #[serde(default)]
    pub strict: bool,
    pub order: Option<Order>,
    pub action: Option<Action>,
    pub span: Option<(u8, f64)>,
    pub limit: Option<Limit>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Sli {
    /// Good events among valid ones.
    Ratio {
        route: RoutePath,
        #[schemars(range(min = 0, max = 1))]
        objective: f64,
        good: Option<Vec<u16>>,
    },
    /// Requests faster than a limit.
    Latency {
        route: RoutePath,
        limit: DurationText,
    },
    /// Events in a time.
    Rate {
        route: RoutePath,
        unit: RateUnit,
        floor: Option<u32>,
    },
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Weight {
    /// How much it counts.
    #[schemars(range(min = 1))]
    pub weight: i64,
    pub note: Option<String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RateUnit {
    PerSecond,
    PerMinute,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// As written.
    Declared,
    Severity,
    Name,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    Page { team: String },
    Share(f64),
    Ignore,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Limit {
    Count(u32),
    Text(DurationText),
}

/// A path that starts with `/`; what the schema cannot say is refused by `Deserialize`.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct RoutePath(String);

impl<'de> Deserialize<'de> for RoutePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RoutePath, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.starts_with('/') {
            return Ok(RoutePath(text));
        }
        let message = format!("`{text}` is not a route (hint: start it with `/`)");
        Err(serde::de::Error::custom(message))
    }
}
