//! What a scenario file says, before it is understood.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::declared_files::DurationText;

/// A surge: who arrives when, what they do, and against what.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioDefinition {
    /// The name of the scenario.
    pub name: String,
    /// What it rehearses, in a sentence.
    #[serde(default)]
    pub description: Option<String>,
    /// Seed of everything random: arrivals, journeys, think times. The same seed, the same surge.
    #[serde(default)]
    pub seed: u64,
    /// What is driven.
    pub target: TargetDefinition,
    /// How shoppers arrive.
    pub traffic: TrafficDefinition,
    /// Kinds of shoppers.
    pub shoppers: Vec<ShopperDefinition>,
    /// Journeys by name: steps in their order.
    pub journeys: BTreeMap<String, Vec<StepDefinition>>,
    /// `{product}` in a path or form is a number from 1 to this, drawn once per shopper.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub products: Option<u32>,
    /// Limits of the load generator, and what makes a run invalid.
    #[serde(default)]
    pub limits: LimitsDefinition,
}

/// What is driven: exactly one of `shop` and `base_url`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetDefinition {
    /// The shop inside the binary, started for the run.
    #[serde(default)]
    pub shop: Option<EmbeddedShopDefinition>,
    /// A shop elsewhere, e.g. `https://staging.shop.example`.
    #[serde(default)]
    pub base_url: Option<String>,
    /// Hosts that may be driven besides this machine itself.
    #[serde(default)]
    pub hosts_allowed: Vec<String>,
    /// The service name of its requests in the lake.
    #[serde(default)]
    pub service: Option<String>,
}

/// Limits of the shop inside the binary.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmbeddedShopDefinition {
    /// Checkouts per second that its payment service completes.
    #[schemars(range(min = 1, max = 10_000))]
    pub checkouts_per_s: f64,
    /// How long one payment takes.
    #[serde(default)]
    pub payment_time: Option<DurationText>,
    /// Checkouts that may wait for payment; more are refused.
    #[serde(default)]
    #[schemars(range(min = 1, max = 100_000))]
    pub payment_queue: Option<u32>,
}

/// How shoppers arrive.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrafficDefinition {
    /// Spacing of the arrivals.
    #[serde(default)]
    pub arrivals: ArrivalSpacing,
    /// Arrival rate over time: at least two points, linear between them.
    pub curve: Vec<CurvePointDefinition>,
}

/// Spacing of the arrivals around the curve.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ArrivalSpacing {
    /// As independent people come: a Poisson process with the curve as its rate.
    #[default]
    Poisson,
    /// Evenly spaced along the curve.
    Even,
}

/// One point of the curve.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CurvePointDefinition {
    /// Time since the start.
    pub at: DurationText,
    /// Shoppers arriving per second at that moment.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub shoppers_per_s: f64,
    /// What happens then, shown on every chart.
    #[serde(default)]
    pub label: Option<String>,
}

/// One kind of shopper.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShopperDefinition {
    /// The name of the kind.
    pub name: String,
    /// Its share, relative to the sum of all shares.
    #[schemars(range(min = 0))]
    pub share: f64,
    /// The journey it takes.
    pub journey: String,
}

/// One step of a journey: exactly one of `get` and `post`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepDefinition {
    /// Path to get; `{product}` and `{shopper}` are filled in.
    #[serde(default)]
    pub get: Option<String>,
    /// Path to post to; `{product}` and `{shopper}` are filled in.
    #[serde(default)]
    pub post: Option<String>,
    /// Form fields of a post; `{product}` and `{shopper}` are filled in.
    #[serde(default)]
    pub form: BTreeMap<String, String>,
    /// How long the shopper thinks before this step.
    #[serde(default)]
    pub think: Option<ThinkDefinition>,
}

/// A think time, drawn evenly between two bounds.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThinkDefinition {
    /// The shortest.
    pub from: DurationText,
    /// The longest.
    pub to: DurationText,
}

/// Limits of the load generator, and what makes a run invalid.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsDefinition {
    /// Requests that may be under way at once; a request past it is dropped and counted.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub in_flight: Option<u32>,
    /// The highest arrival rate that this scenario may ever ask for, shoppers per second.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub shoppers_per_s: Option<f64>,
    /// How long a shopper waits for one answer.
    #[serde(default)]
    pub step_timeout: Option<DurationText>,
    /// How long shoppers who arrived may go on after the end of the curve.
    #[serde(default)]
    pub drain: Option<DurationText>,
    /// The run is invalid when requests leave later than this after their due time (99th
    /// percentile).
    #[serde(default)]
    pub schedule_lag_p99: Option<DurationText>,
    /// The run is invalid when more than this share of shoppers was dropped or records were lost.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub dropped_share: Option<f64>,
}
