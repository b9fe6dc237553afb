//! What must hold over days, weeks and months, and when its budget burns too fast.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::declared_files::DurationText;

/// The least share of good over a stretch of time; the rest is the error budget.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectiveDefinition {
    /// The least share of good, e.g. 0.995.
    #[schemars(range(min = 0, max = 0.999_999))]
    pub target: f64,
    /// Over what: a rolling window such as `28d`, a calendar `day`, `week` (ISO) or `month`, or
    /// the name of a period.
    #[schemars(
        extend("pattern" = "^([0-9]+(h|d)|day|week|month|[A-Za-z0-9_.-]+)$"),
        extend("x-hint" = "write a rolling window such as `28d`, or `day`, `week`, `month`, or the name of a period")
    )]
    pub over: String,
    /// When to say that the budget burns too fast; without it 2 % in an hour, 5 % in six hours and
    /// 10 % in three days, as burn rates of this objective's own length.
    #[serde(default)]
    pub burn: Option<Vec<BurnRuleDefinition>>,
}

/// A multi-window burn rule: too fast when both windows burn faster than `budget` per `long`.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BurnRuleDefinition {
    /// Its name, e.g. `page` or `ticket`.
    pub name: String,
    /// The share of the whole budget that `long` may use up.
    #[schemars(range(min = 0, max = 1))]
    pub budget: f64,
    /// The long window: it was too fast for a while.
    pub long: DurationText,
    /// The short window: it still is.
    pub short: DurationText,
    /// Who is told.
    #[serde(default)]
    pub tell: Vec<String>,
}
