//! `calibrate`: from support tickets and the lake to the levels at which customers call.

mod export;
mod exposure;
mod input;
mod learned_file;
mod link;
mod orders;
mod progress;
mod reasons;
mod summary;
mod visits;

use std::path::PathBuf;

use serde::Serialize;

use super::arguments::{CalibrateArguments, GlobalArguments, LevelArguments};
use super::exit_code::{ExitCode, Failure};
use super::page::check_calibration_kind;
use super::terminal::Terminal;
use crate::lake::Lake;
use crate::sli::ThresholdDefinition;
use crate::support::tickets::Account;
use crate::support::{
    Calibration, CalibrationSettings, Desk, DeskCapacity, ExposureUnit, Refusal, Status,
    ThresholdFileDefinition, calibrate,
};
use crate::time_window::now_us;

pub use export::{ExportFormat, ExportScope, TicketKeys, tickets};
pub use orders::shoppers_of_orders;

use exposure::OutageStretch;
use input::{Gathered, gather};
use link::LinkCounts;
use progress::BarProgress;

/// What `--json` prints.
#[derive(Serialize)]
struct CalibrateJson<'a> {
    status: Status,
    refused_because: &'a [Refusal],
    /// As in the threshold file.
    thresholds: &'a [ThresholdDefinition],
    /// The threshold file; `None` when none was written.
    output: Option<PathBuf>,
    /// What became of every row of the export.
    tickets: &'a Account,
    /// How many tickets name something that the lake knows.
    linked: LinkCounts,
    /// Contacts by the reason that the export gives, most first.
    reasons: &'a [reasons::ReasonCount],
    /// What exposure is counted in: `sessions`, or `requests` of the entry event.
    exposure: ExposureUnit,
    /// Stretches in which expected sessions stand for counted ones.
    outages: &'a [OutageStretch],
    /// SLIs of the set that were not looked at, and why.
    left_out: &'a [input::LeftOut],
    /// All that was learned.
    calibration: &'a Calibration,
}

/// Runs the verb.
pub fn run(
    arguments: &CalibrateArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let settings = settings(arguments)?;
    if let Some(path) = &arguments.report {
        check_calibration_kind(path)?;
    }
    let format = ExportFormat::new(&arguments.export)?;
    let lake = Lake::open(&global.lake)?;
    let bar = terminal.progress_steps("reading");
    let gathered = gather(arguments, &format, &lake, &bar);
    bar.finish_and_clear();
    let gathered = gathered?;
    let bar = terminal.progress_steps("learning");
    let calibration = calibrate(&gathered.input, &settings, &BarProgress(&bar));
    bar.finish_and_clear();
    let file = ThresholdFileDefinition::from(&calibration);
    let is_refused = calibration.status == Status::Refused;
    let output = (!is_refused || arguments.write_refusal).then(|| output(arguments, &gathered));
    if let Some(path) = &output {
        learned_file::write(path, &calibration)?;
    }
    if let Some(path) = &arguments.report {
        learned_file::write_report(path, &calibration, &gathered, arguments)?;
    }
    if terminal.is_json {
        terminal.json(&CalibrateJson {
            status: calibration.status,
            refused_because: &calibration.refused_because,
            thresholds: &file.thresholds,
            output: output.clone(),
            tickets: &gathered.account,
            linked: gathered.links,
            reasons: &gathered.reasons,
            exposure: calibration.exposure,
            outages: &gathered.outages,
            left_out: &gathered.left_out,
            calibration: &calibration,
        })?;
    } else if !terminal.is_quiet {
        let text = summary::summary(&calibration, &gathered, output.as_deref(), terminal);
        terminal.result(&text)?;
    }
    Ok(if is_refused {
        ExitCode::Missed
    } else {
        ExitCode::Ok
    })
}

fn output(arguments: &CalibrateArguments, gathered: &Gathered) -> PathBuf {
    let named = arguments.output.clone();
    named.unwrap_or_else(|| PathBuf::from(format!("thresholds/{}.yaml", gathered.set_name)))
}

fn settings(arguments: &CalibrateArguments) -> Result<CalibrationSettings, Failure> {
    let us = |duration: crate::declared_files::DurationText| {
        i64::try_from(duration.as_us()).unwrap_or(i64::MAX)
    };
    let levels = &arguments.levels;
    let is_multiple = levels.multiple.is_finite() && levels.multiple > 1.0;
    if !is_multiple {
        return Err(Failure::usage(format!(
            "--multiple: `{}` is not above 1 (hint: 2 is where contacts double)",
            levels.multiple
        )));
    }
    for (name, value) in [
        ("--excess-per-1000", levels.excess_per_1000),
        ("--sessions-per-hour", levels.sessions_per_hour),
        ("--spare-contacts-per-hour", levels.spare_contacts_per_hour),
        ("--agents", levels.agents),
        (
            "--contacts-per-agent-hour",
            Some(levels.contacts_per_agent_hour),
        ),
        ("--occupancy", Some(levels.occupancy)),
    ] {
        if value.is_some_and(|value| !value.is_finite() || value <= 0.0) {
            return Err(Failure::usage(format!("{name} is not a number above 0")));
        }
    }
    if levels.occupancy > 1.0 {
        return Err(Failure::usage(
            "--occupancy is a share of the time, at most 1 (hint: 0.85)",
        ));
    }
    let lag_max_us = us(arguments.lag_max);
    if lag_max_us > 48 * 3_600_000_000 {
        return Err(Failure::usage("--lag-max is longer than 48h (hint: 6h)"));
    }
    Ok(CalibrationSettings {
        seed: arguments.seed,
        resamples: arguments.resamples,
        multiple: levels.multiple,
        excess_per_1000: levels.excess_per_1000,
        capacity: capacity(levels),
        lag_max_us,
        expires_after_us: us(arguments.expires_after),
        calibrated_at_us: now_us(),
        ..CalibrationSettings::default()
    })
}

fn capacity(levels: &LevelArguments) -> Option<DeskCapacity> {
    let sessions_per_hour = levels.sessions_per_hour?;
    let desk = match (levels.spare_contacts_per_hour, levels.agents) {
        (Some(contacts_per_hour), _) => Desk::Spare { contacts_per_hour },
        (None, Some(agents)) => Desk::Agents {
            agents,
            contacts_per_agent_hour: levels.contacts_per_agent_hour,
            target_occupancy: levels.occupancy,
        },
        (None, None) => return None,
    };
    Some(DeskCapacity {
        sessions_per_hour,
        desk,
    })
}
