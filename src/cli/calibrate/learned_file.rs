//! The files that a calibration leaves: thresholds, and a report.

use std::path::Path;

use super::input::Gathered;
use crate::cli::arguments::CalibrateArguments;
use crate::cli::exit_code::Failure;
use crate::cli::page::{CalibrationSource, calibration_page, write_calibration};
use crate::cli::report::write_text;
use crate::report::{Fact, text};
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

/// Writes the page on which support and operations agree on a number.
pub fn write_report(
    path: &Path,
    calibration: &Calibration,
    gathered: &Gathered,
    arguments: &CalibrateArguments,
) -> Result<(), Failure> {
    let page = calibration_page(CalibrationSource {
        calibration,
        set_name: &gathered.set_name,
        tickets: facts(gathered),
        command: command(arguments),
    });
    write_calibration(&page, path)
}

/// What became of the rows of the export.
fn facts(gathered: &Gathered) -> Vec<Fact> {
    let fact = |name: &str, value: String| Fact {
        name: name.to_owned(),
        value,
    };
    let account = &gathered.account;
    let links = gathered.links;
    let columns = account.columns.iter();
    let columns: Vec<String> = columns
        .map(|(column, heading)| format!("{column} = {heading}"))
        .collect();
    let mut facts = vec![
        fact("Rows", text::count(account.rows)),
        fact("Read as", account.preset.to_owned()),
        fact("Columns that were looked at", columns.join(", ")),
        fact("Tickets", text::count(account.gross)),
        fact(
            "Contacts (one per order or shopper in 24 h)",
            text::count(account.net),
        ),
        fact(
            "Contacts that name an order, customer or session",
            text::count(links.keyed),
        ),
        fact("Of these known to the lake", text::count(links.found)),
    ];
    facts.extend(
        account
            .dropped
            .iter()
            .map(|dropped| fact(dropped.reason, text::count(dropped.rows))),
    );
    facts.extend(gathered.outages.iter().map(|outage| Fact {
        name: format!("Outage from {} to {}", outage.from, outage.to),
        value: format!(
            "{:.0} sessions counted, {:.0} expected",
            outage.counted, outage.expected
        ),
    }));
    facts
}

/// The command that does it again.
fn command(arguments: &CalibrateArguments) -> String {
    let weeks = &arguments.weeks;
    let mut words = vec![
        "firedrill calibrate --tickets".to_owned(),
        arguments.tickets.display().to_string(),
    ];
    let named = [
        ("--columns", arguments.export.columns.clone()),
        ("--tickets-tz", arguments.export.tickets_tz.clone()),
        ("--from", weeks.from.clone()),
        ("--to", weeks.to.clone()),
        ("--week", weeks.week.clone()),
        ("--tz", weeks.tz.clone()),
        ("--window", Some(weeks.window.clone())),
        (
            "--defs",
            weeks.defs.as_ref().map(|path| path.display().to_string()),
        ),
        ("--multiple", Some(arguments.levels.multiple.to_string())),
        ("--resamples", Some(arguments.resamples.to_string())),
        ("--seed", Some(arguments.seed.to_string())),
    ];
    for (name, value) in named {
        if let Some(value) = value {
            words.extend([name.to_owned(), quoted(&value)]);
        }
    }
    words.join(" ")
}

/// As a shell takes it.
fn quoted(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:,=+@".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}
