//! `report`: a report of what is in the lake.

use std::path::Path;

use super::arguments::{GlobalArguments, ReportArguments};
use super::exit_code::{ExitCode, Failure};
use super::terminal::Terminal;
use super::{contacts, drills, page, premortem, range, sli};
use crate::lake::Lake;
use crate::report::{ReportPage, write_csv, write_html, write_markdown, write_postmortem};

/// Runs the verb.
pub fn run(
    arguments: &ReportArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    check_kind(&arguments.output)?;
    check_postmortem(arguments)?;
    let lake = Lake::open(&global.lake)?;
    let against =
        range::Against::from_text(arguments.compare.as_deref(), arguments.range.run.is_some());
    let mut judged = range::judge_against(&arguments.range, against, &lake)?;
    if let Some(reason) = &judged.uncompared {
        terminal.note(reason);
    }
    let (defs, thresholds) = (
        arguments.range.defs.as_deref(),
        arguments.range.thresholds.as_deref(),
    );
    contacts::foresee(&mut judged, defs, thresholds, terminal)?;
    let mut page = page::page(&judged)?;
    page.desk = contacts::desk(&judged, &lake, &arguments.desk, terminal)?;
    if let Some(path) = &arguments.premortem {
        page.premortem = Some(premortem::part_of(path, &lake, judged.run.as_ref())?);
    }
    match arguments.postmortem {
        true => write_text(&arguments.output, &write_postmortem(&page))?,
        false => write(&page, &arguments.output)?,
    }
    if terminal.is_json {
        terminal.json(&page)?;
    } else if !terminal.is_quiet {
        let summary = terminal.summary(&page);
        let drills =
            drills::table(&page, terminal).map_or_else(String::new, |table| format!("\n\n{table}"));
        terminal.result(&format!(
            "{summary}{drills}\n\nreport  {}",
            arguments.output.display()
        ))?;
    }
    let is_missed = page
        .rehearsal
        .as_ref()
        .is_some_and(page::rehearsal::is_missed);
    Ok(match drills::is_as_expected(&judged.drills) && !is_missed {
        true => sli::exit_code(&judged.series),
        false => ExitCode::Missed,
    })
}

fn check_postmortem(arguments: &ReportArguments) -> Result<(), Failure> {
    let is_markdown = arguments.output.extension().is_some_and(|it| it == "md");
    match arguments.postmortem && !is_markdown {
        true => Err(Failure::usage(format!(
            "`{}`: a postmortem is written as .md (hint: -o postmortem.md)",
            arguments.output.display()
        ))),
        false => Ok(()),
    }
}

/// Refuses a file whose ending names no kind of report.
pub fn check_kind(path: &Path) -> Result<(), Failure> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html" | "md" | "json" | "csv") => Ok(()),
        _ => Err(Failure::usage(format!(
            "`{}`: a report is written as .html, .md, .json or .csv (hint: -o report.html)",
            path.display()
        ))),
    }
}

/// Writes a page to a file, as its ending says; a half-written report never has its name.
pub fn write(page: &ReportPage, path: &Path) -> Result<(), Failure> {
    check_kind(path)?;
    let text = match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => serde_json::to_string_pretty(page)?,
        Some("md") => write_markdown(page),
        Some("csv") => write_csv(page),
        _ => write_html(page),
    };
    write_text(path, &text)
}

/// Writes a text to a file; what had this name is replaced at once, and stays when the disk refuses.
pub fn write_text(path: &Path, text: &str) -> Result<(), Failure> {
    // A pipe or a device such as `/dev/stdout` is written to, never replaced.
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return std::fs::write(path, text)
            .map_err(|error| Failure::io("write", &path.display().to_string(), &error));
    }
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let staged = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = std::fs::write(&staged, text).and_then(|()| std::fs::rename(&staged, path));
    written.map_err(|error| {
        // Best effort: the error at hand says more than a failing removal would.
        let _ = std::fs::remove_file(&staged);
        Failure::io("write", &path.display().to_string(), &error)
    })
}
