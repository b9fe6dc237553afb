//! Predicates over requests.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::status_pattern::StatusText;

/// A predicate over requests; what is left out matches everything.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EventDefinition {
    /// What it is, in the business's words.
    #[serde(default)]
    pub title: Option<String>,
    /// HTTP method in capitals.
    #[serde(default)]
    pub method: Option<String>,
    /// Path template, as in `routes`.
    #[serde(default)]
    pub route: Option<String>,
    /// The service that answered.
    #[serde(default)]
    pub service: Option<String>,
    /// Statuses: `200`, `5xx`, or `none` for no answer.
    #[serde(default)]
    pub status: Vec<StatusText>,
    /// What sent the shopper, as in the lake: `utm:newsletter/email`, `referral:partner.example`; a name
    /// that ends with `*` covers all that begin so, and `none` those without one.
    #[serde(default)]
    pub channel: Vec<String>,
    /// Kinds of clients, as in the lake: `human`, `bot`, `monitor`, or `none` where it is not
    /// known. Without it, all that `counting` counts.
    #[serde(default)]
    pub client_class: Vec<String>,
    /// Who made the request; without it whoever is asked for.
    #[serde(default)]
    pub origin: Option<OriginName>,
    /// First attempts, or those after which another was made.
    #[serde(default)]
    pub attempt: Option<AttemptName>,
}

/// Who made a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OriginName {
    /// A real customer.
    Customer,
    /// A simulated shopper.
    Drill,
    /// A probe.
    Probe,
}

/// Whether a request needed more than one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptName {
    /// One server was tried, or the log does not say.
    First,
    /// The proxy tried more than one server.
    Again,
}
