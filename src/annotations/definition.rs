//! What a file of annotations says, before its times are understood.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A list of annotations, in any order.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct AnnotationListDefinition(
    /// The annotations.
    #[schemars(length(max = 10_000))]
    pub Vec<AnnotationDefinition>,
);

/// Something that happened, or began, at a moment.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnnotationDefinition {
    /// When: `2026-11-27T08:00:00Z`, or a date or local time where a zone is known.
    pub at: String,
    /// First moment after it, for what lasts.
    #[serde(default)]
    pub until: Option<String>,
    /// What kind of thing.
    pub kind: AnnotationKind,
    /// What it was.
    #[schemars(length(min = 1, max = 200))]
    pub label: String,
    /// The channel it is about, e.g. that of a campaign; without it all.
    #[serde(default)]
    #[schemars(length(min = 1, max = 200))]
    pub channel: Option<String>,
    /// More about it; begins with `https://` or `http://`.
    #[serde(default)]
    #[schemars(length(max = 2_000))]
    pub url: Option<String>,
}

/// What kind of thing happened.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AnnotationKind {
    /// New software went live; until it was everywhere.
    Deploy,
    /// From here nothing is changed.
    Freeze,
    /// From here things may be changed again.
    Unfreeze,
    /// The shop is advertised.
    Campaign,
    /// Something was broken.
    Incident,
    /// Something was repaired or replaced on purpose.
    Maintenance,
    /// Anything else.
    Other,
}

impl AnnotationKind {
    /// All kinds.
    pub const ALL: [AnnotationKind; 7] = [
        AnnotationKind::Deploy,
        AnnotationKind::Freeze,
        AnnotationKind::Unfreeze,
        AnnotationKind::Campaign,
        AnnotationKind::Incident,
        AnnotationKind::Maintenance,
        AnnotationKind::Other,
    ];

    /// As files write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            AnnotationKind::Deploy => "deploy",
            AnnotationKind::Freeze => "freeze",
            AnnotationKind::Unfreeze => "unfreeze",
            AnnotationKind::Campaign => "campaign",
            AnnotationKind::Incident => "incident",
            AnnotationKind::Maintenance => "maintenance",
            AnnotationKind::Other => "other",
        }
    }
}

impl fmt::Display for AnnotationKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
