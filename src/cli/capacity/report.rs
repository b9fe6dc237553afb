//! The report of a search: one page.

use std::path::Path;

use super::report_file;
use crate::capacity::finding::CapacityFinding;
use crate::cli::exit_code::Failure;
use crate::cli::page::capacity::of_search;

/// Writes the finding where, and as what, the path says.
pub fn write(finding: &CapacityFinding, path: &Path) -> Result<(), Failure> {
    report_file::write(&of_search(finding), path)
}
