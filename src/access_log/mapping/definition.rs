//! What a field-mapping file says, before it is understood.
//!
//! Units, and what the time means, have no default: a wrong guess would be wrong by a factor of a
//! thousand, and silently.

use schemars::JsonSchema;
use serde::Deserialize;

/// Where each value of a request is in the lines of a log.
///
/// A field is the name of a column (CSV), a label (LTSV) or a path (JSON): keys with `.` between them,
/// `request.headers.User-Agent.0`; `\.` is a point within a key.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MappingDefinition {
    /// What a line is.
    pub format: MappedFormat,
    /// CSV only: what is between two cells; a comma without it.
    #[serde(default)]
    pub delimiter: Option<DelimiterText>,
    /// CSV only: the names of the columns; without them the first line is the header.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub columns: Option<Vec<String>>,
    /// When the request was.
    pub time: TimeDefinition,
    /// How long it took; `-`, `-1` and nothing are unknown.
    #[serde(default)]
    pub duration: Option<DurationDefinition>,
    /// The request line, `GET /cart HTTP/1.1`, in place of `method` and `target`.
    #[serde(default)]
    pub request: Option<FieldDefinition>,
    /// HTTP method.
    #[serde(default)]
    pub method: Option<TextDefinition>,
    /// Path or URL, maybe with its query. A text with spaces is taken for a label: `Put into cart` is
    /// `/put-into-cart`.
    #[serde(default)]
    pub target: Option<TextDefinition>,
    /// Query, where it is apart from the target.
    #[serde(default)]
    pub query: Option<FieldDefinition>,
    /// HTTP status; `0`, `-` and nothing mean that there was no answer.
    pub status: TextDefinition,
    /// Host the request was for.
    #[serde(default)]
    pub host: Option<TextDefinition>,
    /// The service that answered.
    #[serde(default)]
    pub service: Option<TextDefinition>,
    /// Address of the client.
    #[serde(default)]
    pub client: Option<FieldDefinition>,
    /// User agent.
    #[serde(default)]
    pub user_agent: Option<FieldDefinition>,
    /// Referrer, a URL.
    #[serde(default)]
    pub referrer: Option<FieldDefinition>,
    /// The Cookie header.
    #[serde(default)]
    pub cookie: Option<FieldDefinition>,
    /// Session identifier.
    #[serde(default)]
    pub session: Option<FieldDefinition>,
    /// Bytes of the request.
    #[serde(default)]
    pub bytes_in: Option<FieldDefinition>,
    /// Bytes of the response.
    #[serde(default)]
    pub bytes_out: Option<FieldDefinition>,
    /// Identifier of a line that its exporter may repeat; repetitions do not count.
    #[serde(default)]
    pub row_key: Option<FieldDefinition>,
    /// How many requests a line stands for, a whole number from 1.
    #[serde(default)]
    pub weight: Option<FieldDefinition>,
    /// The share of requests that are logged, above 0 to 1: each line stands for 1 ÷ share of them,
    /// rounded.
    #[serde(default)]
    pub sample_rate: Option<FieldDefinition>,
    /// Which lines are requests; the others hold none.
    #[serde(default)]
    pub only: Option<OnlyDefinition>,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MappedFormat {
    /// A JSON object.
    Json,
    /// Cells with a delimiter between them, maybe in double quotes.
    Csv,
    /// `label:value`, with tabs between them.
    Ltsv,
}

/// One ASCII character, no quote and no line end.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(
    title = "delimiter",
    extend("pattern" = "^[\\t !#-~]$"),
    extend("x-hint" = "write one character in double quotes: \";\", or \"\\t\" for a tab")
)]
pub struct DelimiterText(pub String);

/// A value that is in a field.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldDefinition {
    /// Column, label or path.
    #[schemars(length(min = 1))]
    pub field: String,
}

/// A value that is in a field, or the same for all lines.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TextDefinition {
    /// Column, label or path.
    Field(String),
    /// What all lines have, in quotes if it is a number.
    Value(String),
}

/// When the request was, by the form that the log has.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "form", rename_all = "snake_case")]
pub enum TimeDefinition {
    /// ISO 8601: `2026-11-27T08:00:00.123Z`, `2026-11-27 08:00:00`.
    Iso(WrittenTimeDefinition),
    /// As Apache and nginx write it: `27/Nov/2026:08:00:00 +0100`, maybe in brackets.
    Clf(WrittenTimeDefinition),
    /// A number since 1970.
    Epoch(EpochTimeDefinition),
    /// A number since a start that the log does not have, as Goose writes it.
    Elapsed(ElapsedTimeDefinition),
}

/// A time in words.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WrittenTimeDefinition {
    /// Column, label or path.
    #[schemars(length(min = 1))]
    pub field: String,
    /// Whether it is the start or the end of the request.
    pub means: TimeMeaning,
    /// IANA name of the zone of times without an offset; without it UTC, or what the command says.
    #[serde(default)]
    pub zone: Option<String>,
}

/// A number since 1970.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EpochTimeDefinition {
    /// Column, label or path.
    #[schemars(length(min = 1))]
    pub field: String,
    /// Unit of the number.
    pub unit: UnitName,
    /// Whether it is the start or the end of the request.
    pub means: TimeMeaning,
}

/// A number since a start.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ElapsedTimeDefinition {
    /// Column, label or path.
    #[schemars(length(min = 1))]
    pub field: String,
    /// Unit of the number.
    pub unit: UnitName,
    /// Whether it is the start or the end of the request.
    pub means: TimeMeaning,
    /// When the number was 0.
    pub start: InstantText,
}

/// What the time of a line means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeMeaning {
    /// The request began then.
    Start,
    /// It was answered, or written to the log, then.
    End,
}

/// Unit of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnitName {
    /// Seconds.
    S,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
    /// Nanoseconds.
    Ns,
}

/// A point in time with its offset from UTC: `2026-11-27T08:00:00Z`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(
    title = "time",
    extend("pattern" = "^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{8}([.][0-9]+)?(Z|[+-][0-9]{2}:?[0-9]{2})$"),
    extend("x-hint" = "write date, time and offset: `2026-11-27T08:00:00Z` or `2026-11-27T09:00:00+01:00`")
)]
pub struct InstantText(pub String);

/// How long the request took.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DurationDefinition {
    /// Column, label or path.
    #[schemars(length(min = 1))]
    pub field: String,
    /// Unit of the number.
    pub unit: UnitName,
}

/// Which lines are requests.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnlyDefinition {
    /// Column, label or path.
    #[schemars(length(min = 1))]
    pub field: String,
    /// What it holds in a line that is a request, in quotes if it is a number.
    pub equals: String,
}
