//! Statuses as declared files name them: `404`, `5xx`, or `none` for no answer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A status, a class of statuses, or no answer: `404`, `5xx`, `none`.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
#[serde(transparent)]
#[schemars(
    title = "status",
    extend("pattern" = "^([1-5][0-9][0-9]|[1-5]xx|none)$"),
    extend("x-hint" = "write a status such as `429` in quotes, a class such as `5xx`, or `none` for no answer")
)]
pub struct StatusText(pub String);

/// A status, a class of statuses, or no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusPattern {
    /// One status.
    Exactly(u16),
    /// All of one hundred: 5 is 500 to 599.
    Class(u16),
    /// No answer at all.
    NoAnswer,
}

impl StatusPattern {
    /// What `text` means; its pattern was checked when the file was read.
    #[must_use]
    pub fn from_text(text: &StatusText) -> Self {
        match text.0.as_str() {
            "none" => StatusPattern::NoAnswer,
            text => match text.strip_suffix("xx") {
                Some(class) => StatusPattern::Class(class.parse().unwrap_or(0)),
                None => StatusPattern::Exactly(text.parse().unwrap_or(0)),
            },
        }
    }

    /// Whether it covers `status`, where 0 is no answer.
    #[must_use]
    pub fn covers(self, status: u16) -> bool {
        match self {
            StatusPattern::Exactly(exactly) => status == exactly,
            StatusPattern::Class(class) => status / 100 == class,
            StatusPattern::NoAnswer => status == 0,
        }
    }
}
