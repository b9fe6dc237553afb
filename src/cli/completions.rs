//! `completions`: a completion script for a shell.

use clap::CommandFactory;

use super::arguments::{Arguments, CompletionsArguments};
use super::exit_code::{ExitCode, Failure};
use super::terminal::Terminal;

/// Runs the verb.
pub fn run(arguments: &CompletionsArguments, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Arguments::command(),
        "firedrill",
        &mut script,
    );
    terminal.result(String::from_utf8_lossy(&script).trim_end())?;
    Ok(ExitCode::Ok)
}
