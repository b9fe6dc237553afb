//! `capacity`: the highest sustained rate at which every goal holds, and what follows from it.
//!
//! The search itself is in `crate::capacity::search`; here trials are driven, recorded and judged.
//! Reading order: `typed`, `goals`, `searching`, `trial`, `tally`, `judge`, `bench`, `after`, `found`.

mod after;
mod bench;
mod calibration;
mod figures;
pub mod fit;
pub mod forecast;
mod found;
mod goals;
mod judge;
mod kept;
mod playing;
mod prepared;
mod progress;
mod report;
mod report_file;
pub mod routes;
mod searching;
mod tally;
#[cfg(test)]
mod tests;
mod trial;
mod typed;

pub use figures::{FactorRange, PerMinute, PerOne};
pub use typed::{Fact, GoalText, RateText, ShareText};

use super::arguments::{CapacityArguments, CapacityVerb, GlobalArguments};
use super::exit_code::{ExitCode, Failure};
use super::terminal::Terminal;

/// Runs the verb.
pub fn run(
    arguments: &CapacityArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    match &arguments.verb {
        Some(CapacityVerb::Fit(verb)) => fit::run(verb, global, terminal),
        Some(CapacityVerb::Forecast(verb)) => forecast::run(verb, global, terminal),
        Some(CapacityVerb::Routes(verb)) => routes::run(verb, global, terminal),
        None => searching::run(arguments, global, terminal),
    }
}
