//! `simulate`: days of realistic requests as an nginx access log, with a known truth.

use super::arguments::SimulateArguments;
use super::exit_code::{ExitCode, Failure};
use super::terminal::Terminal;
use crate::report::text;
use crate::simulate::{Incidents, SimulateError, SimulationPlan, simulate};

/// Runs the verb.
pub fn run(arguments: &SimulateArguments, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let start_day = arguments.start.parse().map_err(|_| {
        Failure::usage(format!(
            "--start: `{}` is not a date (hint: write `2026-11-27`)",
            arguments.start
        ))
    })?;
    let plan = SimulationPlan {
        start_day,
        days: arguments.days,
        shoppers_per_day: arguments.shoppers_per_day,
        seed: arguments.seed,
        incidents: Incidents::Planted,
    };
    let bar = terminal.progress_bytes(0);
    let truth = simulate(&plan, &arguments.output, &mut |bytes| {
        bar.set_position(bytes)
    });
    bar.finish_and_clear();
    let truth = truth.map_err(failure)?;
    if terminal.is_json {
        terminal.json(&truth)?;
    } else if !terminal.is_quiet {
        terminal.result(&format!(
            "{} lines of {} shoppers in {} ({} orders); the truth about them is in truth.json",
            text::count(truth.total.lines),
            text::count(truth.total.shoppers),
            arguments.output.display(),
            text::count(truth.total.orders)
        ))?;
    }
    Ok(ExitCode::Ok)
}

fn failure(error: SimulateError) -> Failure {
    match error {
        SimulateError::Plan(_) => Failure::usage(error.to_string()),
        SimulateError::Exists { .. } => error.into(),
        SimulateError::Write { path, error } => {
            Failure::io("write", &path.display().to_string(), &error)
        }
    }
}
