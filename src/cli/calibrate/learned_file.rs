//! The files that a calibration leaves: thresholds, and a report.

use std::path::Path;

use super::input::Gathered;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::report::write_text;
use crate::support::{Calibration, threshold_yaml};

/// Writes the threshold file at once, and makes its folder.
pub fn write(path: &Path, calibration: &Calibration) -> Result<(), Failure> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::io("create", &folder.display().to_string(), &error))?;
    }
    write_text(path, &threshold_yaml(calibration))
}

/// Refuses a name that says no format, before anything is read.
pub fn check_report_name(path: Option<&Path>) -> Result<(), Failure> {
    let Some(path) = path else { return Ok(()) };
    let extension = path.extension().and_then(|extension| extension.to_str());
    match extension {
        Some("html" | "md" | "json") => Ok(()),
        _ => Err(Failure::usage(format!(
            "--report: `{}` ends in none of .html, .md and .json",
            path.display()
        ))),
    }
}

/// The report of a calibration in the format that its name says.
pub fn report(
    path: &Path,
    calibration: &Calibration,
    _gathered: &Gathered,
) -> Result<String, Failure> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => Ok(serde_json::to_string_pretty(calibration)?),
        _ => Err(Failure::new(ExitCode::Internal, "no page")),
    }
}
