//! `capacity routes`: to be filled in.

use super::super::arguments::{CapacityRoutesArguments, GlobalArguments};
use super::super::exit_code::{ExitCode, Failure};
use super::super::terminal::Terminal;

/// Runs the verb.
pub fn run(
    _arguments: &CapacityRoutesArguments,
    _global: &GlobalArguments,
    _terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    Err(Failure::new(ExitCode::Internal, "not built yet"))
}
