//! Who comes: channels and kinds of shoppers, with their patience.

use schemars::JsonSchema;
use serde::Deserialize;

use super::steps::ThinkDefinition;
use crate::declared_files::DurationText;
use crate::status_pattern::StatusText;

/// What sends shoppers: a newsletter, an advertiser, a partner.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelDefinition {
    /// Its name, as the lake has it: `utm:newsletter/email`, `referral:partner.example`.
    pub name: String,
    /// Its share of shoppers, relative to the sum of all shares.
    #[schemars(range(min = 0))]
    pub share: f64,
    /// What is added to the query of the first page, e.g. `utm_source=newsletter&utm_medium=email`.
    #[serde(default)]
    pub query: Option<String>,
    /// The `Referer` of the first request.
    #[serde(default)]
    pub referrer: Option<String>,
    /// When it sends nobody: the faucet is turned off.
    #[serde(default)]
    pub off: Vec<StretchDefinition>,
}

/// A stretch of time of the run.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StretchDefinition {
    /// Its beginning, since the start.
    pub from: DurationText,
    /// Its end; without it the end of the run.
    #[serde(default)]
    pub to: Option<DurationText>,
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
    /// When it has had enough; without it never.
    #[serde(default)]
    pub patience: Option<PatienceDefinition>,
    /// What it does again when that went wrong; without it nothing.
    #[serde(default)]
    pub retries: Option<RetryDefinition>,
    /// Whether it reloads a page that does not come; without it, it waits.
    #[serde(default)]
    pub reload: Option<ReloadDefinition>,
}

/// When a shopper has had enough: at least one of both.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatienceDefinition {
    /// How long it waits for one answer before it leaves; drawn once per shopper.
    #[serde(default)]
    pub answer: Option<ThinkDefinition>,
    /// How long it stays in all; drawn once per shopper.
    #[serde(default)]
    pub session: Option<ThinkDefinition>,
}

/// What a shopper does again.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryDefinition {
    /// After which answers: `429`, `5xx`, or `none` for no answer. A redirect that is named here is not
    /// followed while there are attempts left; a `2xx` only when it is not as its step wants it.
    #[schemars(length(min = 1))]
    pub on: Vec<StatusText>,
    /// How many more attempts it makes at most.
    #[schemars(range(min = 1, max = 1000))]
    pub times: u32,
    /// How long it waits before each.
    #[serde(default)]
    pub wait: Option<ThinkDefinition>,
    /// How many times as long it waits before each further one; without it as long.
    #[serde(default)]
    #[schemars(range(min = 1, max = 100))]
    pub backoff: Option<f64>,
    /// Whether it does what `Retry-After` says; without it `ignore`.
    #[serde(default)]
    pub retry_after: RetryAfterName,
}

/// What becomes of a `Retry-After` header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfterName {
    /// People do not read headers.
    #[default]
    Ignore,
    /// The attempt waits so long, at most an hour, and as much more as `wait` differs from its shortest.
    Honour,
}

/// A reload storm in the making: the request that hangs is left to itself, and made again.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReloadDefinition {
    /// How long it waits before it reloads; drawn each time.
    pub after: ThinkDefinition,
    /// How many times at most.
    #[schemars(range(min = 1, max = 100))]
    pub times: u32,
}
