//! `capacity fit`: to be filled in.

use super::super::arguments::{CapacityFitArguments, GlobalArguments};
use super::super::exit_code::{ExitCode, Failure};
use super::super::terminal::Terminal;

/// Runs the verb.
pub fn run(
    _arguments: &CapacityFitArguments,
    _global: &GlobalArguments,
    _terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    Err(Failure::new(ExitCode::Internal, "not built yet"))
}
