//! Steps of a journey.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::declared_files::DurationText;
use crate::status_pattern::StatusText;

/// One step of a journey: exactly one of `get`, `post`, `put`, `patch`, `delete` and `head`, each with
/// the path of its request. In paths, headers and bodies `{product}`, `{next_product}` (another one, which
/// is `{product}` from then on), `{shopper}`, `{data.column}` and what was taken from earlier answers are
/// filled in.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepDefinition {
    /// Path to get.
    #[serde(default)]
    pub get: Option<String>,
    /// Path to post to.
    #[serde(default)]
    pub post: Option<String>,
    /// Path to put to.
    #[serde(default)]
    pub put: Option<String>,
    /// Path to patch.
    #[serde(default)]
    pub patch: Option<String>,
    /// Path to delete.
    #[serde(default)]
    pub delete: Option<String>,
    /// Path whose head is asked for.
    #[serde(default)]
    pub head: Option<String>,
    /// A name that `next` of other steps can point to.
    #[serde(default)]
    pub id: Option<String>,
    /// How long the shopper thinks before this step.
    #[serde(default)]
    pub think: Option<ThinkDefinition>,
    /// Share of the shoppers here who take this step; the others go on to the next one.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub chance: Option<f64>,
    /// How many times this step is taken, thinking before each; without it once.
    #[serde(default)]
    pub repeat: Option<RepeatDefinition>,
    /// Where the shopper goes from here, by chance; without it to the step below.
    #[serde(default)]
    pub next: Vec<NextDefinition>,
    /// Headers of this request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How this request says who it is.
    #[serde(default)]
    pub auth: Option<AuthDefinition>,
    /// Form fields.
    #[serde(default)]
    pub form: BTreeMap<String, String>,
    /// A JSON document, as text.
    #[serde(default)]
    pub json: Option<String>,
    /// Any other text; name its `Content-Type` in `headers`.
    #[serde(default)]
    pub body: Option<String>,
    /// Parts of a `multipart/form-data` body.
    #[serde(default)]
    pub multipart: Vec<MultipartDefinition>,
    /// A GraphQL query.
    #[serde(default)]
    pub graphql: Option<GraphqlDefinition>,
    /// Paths that are got at the same time once the answer is there, as a browser does.
    #[serde(default)]
    pub assets: Vec<String>,
    /// Whether the scripts, styles and pictures of the page that are on the same host are assets, too.
    #[serde(default)]
    pub page_assets: bool,
    /// What becomes of redirects.
    #[serde(default)]
    pub redirects: RedirectsName,
    /// What is taken from the answer, by the name under which later steps fill it in.
    #[serde(default)]
    pub take: BTreeMap<String, TakeDefinition>,
    /// What the answer must be; without it any status but 4xx and 5xx.
    #[serde(default)]
    pub check: Option<CheckDefinition>,
    /// What the shopper does when this step fails.
    #[serde(default)]
    pub on_failure: OnFailureName,
}

/// A length of time that differs from shopper to shopper: exactly one of `fixed`, `from` with `to`,
/// `mean`, and `median` with `p95`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThinkDefinition {
    /// Always this long.
    #[serde(default)]
    pub fixed: Option<DurationText>,
    /// The shortest, of all lengths between two that are equally likely.
    #[serde(default)]
    pub from: Option<DurationText>,
    /// The longest of them.
    #[serde(default)]
    pub to: Option<DurationText>,
    /// The mean of an exponential distribution: moments that do not depend on each other.
    #[serde(default)]
    pub mean: Option<DurationText>,
    /// The median of a lognormal distribution, as reading times have it.
    #[serde(default)]
    pub median: Option<DurationText>,
    /// What 95 % of them stay below.
    #[serde(default)]
    pub p95: Option<DurationText>,
    /// Longer ones are cut to this; without it to ten times the p95, or thirty times the mean.
    #[serde(default)]
    pub max: Option<DurationText>,
}

/// A number of times, drawn evenly.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RepeatDefinition {
    /// The fewest.
    #[schemars(range(min = 0, max = 10_000))]
    pub from: u32,
    /// The most.
    #[schemars(range(min = 1, max = 10_000))]
    pub to: u32,
}

/// Where a shopper goes from a step.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextDefinition {
    /// The `id` of a step of this journey, or `end`.
    pub to: String,
    /// Its share, relative to the sum of all shares of this step.
    #[schemars(range(min = 0))]
    pub share: f64,
}

/// Who a request says it is: exactly one of both.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthDefinition {
    /// A name and a password, RFC 7617.
    #[serde(default)]
    pub basic: Option<BasicAuthDefinition>,
    /// A token, RFC 6750; keep it out of the file: `${env:TOKEN}`.
    #[serde(default)]
    pub bearer: Option<String>,
}

/// A name and a password.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicAuthDefinition {
    /// The name.
    pub user: String,
    /// The password; keep it out of the file: `${env:PASSWORD}`.
    pub password: String,
}

/// One part of a `multipart/form-data` body: exactly one of `value` and `file`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MultipartDefinition {
    /// Its name.
    pub name: String,
    /// Its text.
    #[serde(default)]
    pub value: Option<String>,
    /// A file beside the scenario file, at most 16 MiB.
    #[serde(default)]
    pub file: Option<String>,
    /// Its type; without it none, as browsers send fields, or `application/octet-stream` of a file.
    #[serde(default)]
    pub content_type: Option<String>,
}

/// A GraphQL query over HTTP.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GraphqlDefinition {
    /// The query.
    pub query: String,
    /// Its variables: a JSON object, as text.
    #[serde(default)]
    pub variables: Option<String>,
    /// The operation, where the query has several.
    #[serde(default)]
    pub operation: Option<String>,
}

/// What becomes of redirects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RedirectsName {
    /// They are answers like others.
    #[default]
    Stop,
    /// They are followed, up to ten, each as a request of its own.
    Follow,
}

/// What is taken from an answer: one of `json`, `css`, `header` and `cookie`, or what `regex` matches in
/// its body or in one of these.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeDefinition {
    /// A JSON pointer, RFC 6901: `/items/0/id`.
    #[serde(default)]
    pub json: Option<String>,
    /// A regular expression; its first group, or all of it. In the body, or in what stands beside it:
    /// `{header: location, regex: "/checkout/([^/?]+)"}`.
    #[serde(default)]
    pub regex: Option<String>,
    /// A CSS selector: the text of the first element that matches.
    #[serde(default)]
    pub css: Option<String>,
    /// An attribute of that element instead of its text.
    #[serde(default)]
    pub attribute: Option<String>,
    /// A header of the answer; where it has none, of the last redirect on the way there that has.
    #[serde(default)]
    pub header: Option<String>,
    /// A cookie that the answer sets, or a redirect on the way there; the last one that is set.
    #[serde(default)]
    pub cookie: Option<String>,
    /// Whether percent codes in it are decoded, as scripts do with a cookie that they send in a header.
    #[serde(default)]
    pub percent_decoded: bool,
}

/// What an answer must be. A step whose answer is not fails, and is recorded with the error `check`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckDefinition {
    /// One of these statuses; without it any but 4xx and 5xx.
    #[serde(default)]
    pub status: Vec<StatusText>,
    /// Headers that must contain these texts.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Texts that the body must contain.
    #[serde(default)]
    pub body_has: Vec<String>,
    /// A regular expression that the body must match.
    #[serde(default)]
    pub body_matches: Option<String>,
    /// Values of a JSON body by JSON pointer, as text.
    #[serde(default)]
    pub json: BTreeMap<String, String>,
}

/// What a shopper does when a step fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFailureName {
    /// It leaves.
    #[default]
    Leave,
    /// It goes on as if nothing had happened.
    Continue,
}
