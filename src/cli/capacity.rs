//! `capacity`: the highest sustained rate at which every goal holds, and what follows from it.
//!
//! The search itself is in `crate::capacity::search`; here trials are driven, recorded and judged.

mod fit;
mod forecast;
mod routes;

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
        None => Err(Failure::new(ExitCode::Internal, "not built yet")),
    }
}
