//! The file of a report on capacity: what it may be called, and what is in it.

use std::path::Path;

use crate::cli::exit_code::Failure;
use crate::cli::report::write_text;
use crate::report::{CapacityPage, write_capacity_html, write_capacity_markdown};

/// Refuses a file whose ending names no kind of report, before anything is done.
pub fn check_kind(path: &Path) -> Result<(), Failure> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html" | "md" | "json") => Ok(()),
        _ => Err(Failure::usage(format!(
            "--report: `{}` is no kind of report (hint: .html, .md or .json)",
            path.display()
        ))),
    }
}

/// Writes a page as the ending says; a half-written report never has its name.
pub fn write(page: &CapacityPage, path: &Path) -> Result<(), Failure> {
    check_kind(path)?;
    let text = match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => serde_json::to_string_pretty(page)?,
        Some("md") => write_capacity_markdown(page),
        _ => write_capacity_html(page),
    };
    write_text(path, &text)
}
