//! The report of a search: one page.

use std::path::Path;

use crate::capacity::finding::CapacityFinding;
use crate::cli::exit_code::Failure;

/// Writes the finding where, and as what, the path says.
pub fn write(finding: &CapacityFinding, path: &Path) -> Result<(), Failure> {
    let json = serde_json::to_string_pretty(finding)?;
    std::fs::write(path, json).map_err(|error| Failure::io("write", &path.display().to_string(), &error))
}
