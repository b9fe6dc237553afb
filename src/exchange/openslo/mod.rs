//! OpenSLO documents from an SLI set, and an SLI set from OpenSLO documents.
//!
//! In and out: v1, v1alpha (what Sloth reads) and v2alpha. Strict in writing: what the validator of
//! the Go SDK refuses is never written. Lenient in reading: single documents, streams and lists.
//! What OpenSLO cannot say stands in annotations, so that a set that was exported is imported
//! letter by letter. Queries of other systems are never evaluated: from such files comes a set
//! whose event predicates are to be filled in, and a [`Notice`] for everything that was dropped or
//! translated. Format: <https://github.com/OpenSLO/OpenSLO>.

mod alerts;
mod document;
mod export;
mod foreign;
mod import;
mod indicator;
mod names;
mod ours;
mod shorthand;
mod v1alpha;
mod v2alpha;
mod window;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::notice::Notice;
use super::prometheus::MetricNaming;
use crate::declared_files::DurationText;
use crate::sli::definition::SliSetDefinition;

pub use document::{DOCUMENTS_MAX, OPENSLO_BYTES_MAX};
pub use export::export_openslo;
pub use import::{import_openslo, imported_yaml};

/// Holds the whole set as JSON, on the first document that may have annotations.
const SET_ANNOTATION: &str = "firedrill.dev/set";
/// Holds the options of the export as JSON, beside the set.
const OPTIONS_ANNOTATION: &str = "firedrill.dev/options";
/// Type of the metric sources that firedrill evaluates.
const SOURCE_TYPE: &str = "firedrill";

/// A version of the format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OpenSloVersion {
    /// `openslo/v1`.
    #[default]
    V1,
    /// `openslo/v1alpha`, which Sloth reads; SLOs are PromQL.
    V1Alpha,
    /// `openslo.com/v2alpha`.
    V2Alpha,
}

impl OpenSloVersion {
    /// As documents write it.
    #[must_use]
    pub fn api_version(self) -> &'static str {
        match self {
            OpenSloVersion::V1 => "openslo/v1",
            OpenSloVersion::V1Alpha => "openslo/v1alpha",
            OpenSloVersion::V2Alpha => "openslo.com/v2alpha",
        }
    }
}

/// How to export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenSloOptions {
    /// Which version to write.
    pub version: OpenSloVersion,
    /// The rolling window of objectives over the whole range of a report, which OpenSLO does not
    /// know; without it 28 days.
    pub range_over: DurationText,
    /// Metrics of the PromQL in v1alpha.
    pub metrics: MetricNaming,
}

impl OpenSloOptions {
    /// The usual options of a version.
    #[must_use]
    pub fn new(version: OpenSloVersion) -> Self {
        Self {
            version,
            range_over: DurationText::from_us(28 * super::burn::DAY_US)
                .expect("28 days are a valid duration"),
            metrics: MetricNaming::default(),
        }
    }
}

/// What an export wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// YAML documents.
    pub text: String,
    /// What other tools do not get to know. Importing the text loses none of it.
    pub notices: Vec<Notice>,
}

/// What an import read.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The set.
    pub set: SliSetDefinition,
    /// Everything that was dropped, translated, or is to be filled in, in the order of the file.
    pub notices: Vec<Notice>,
}
