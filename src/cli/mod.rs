//! The command line: one file per verb, and the only module that knows two neighbouring stages.
//!
//! In: arguments. Out: text or JSON on standard output, messages on standard error, and an
//! [`ExitCode`] from the table that people script against. Arguments are only checked here for
//! what can be checked without doing anything; the verbs do the work.

mod arguments;
mod calibrate;
mod capacity;
mod changes;
mod check;
mod completions;
mod contacts;
mod csv;
mod customers;
mod definitions;
mod drills;
mod exchange;
mod exit_code;
mod facts;
mod fit;
mod har;
mod ingest;
mod lake;
mod learn;
mod live;
mod maintenance;
mod objectives;
mod outside;
mod page;
mod partners;
mod past;
mod premortem;
mod probe;
mod range;
mod recorder;
mod rehearse;
mod replay;
mod report;
mod rollup;
mod schema;
mod shop;
mod shoppers;
mod simulate;
mod sli;
mod terminal;
mod thresholds;
mod what_if;

use clap::Parser;

pub use arguments::Arguments;
pub use exit_code::{ExitCode, Failure};

use arguments::Verb;
use terminal::Terminal;

/// Parses the arguments of the process, does what they say, and returns the exit code.
///
/// Every error is printed once, here, on standard error.
#[must_use]
pub fn run() -> std::process::ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors; clap prints them on standard output.
            let code = if error.use_stderr() {
                ExitCode::Usage
            } else {
                ExitCode::Ok
            };
            let error = arguments::without_password(error);
            // When even standard error is closed there is nobody left to tell.
            let _ = error.print();
            return code.into();
        }
    };
    let terminal = Terminal::new(&arguments.global);
    match execute(&arguments, &terminal) {
        Ok(code) => code.into(),
        Err(failure) if failure.is_broken_pipe() => ExitCode::Ok.into(),
        Err(failure) => {
            terminal.error(&failure.message);
            failure.code.into()
        }
    }
}

fn execute(arguments: &Arguments, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let global = &arguments.global;
    match &arguments.verb {
        Verb::Rehearse(verb) => rehearse::run(verb, global, terminal),
        Verb::Ingest(verb) => ingest::run(verb, global, terminal),
        Verb::Sli(verb) => sli::run(verb, global, terminal),
        Verb::Rollup(verb) => rollup::run(verb, global, terminal),
        Verb::Report(verb) => report::run(verb, global, terminal),
        Verb::Contacts(verb) => contacts::run(verb, global, terminal),
        Verb::WhatIf(verb) => what_if::run(verb, global, terminal),
        Verb::Export(verb) => exchange::export(verb, global, terminal),
        Verb::Import(verb) => exchange::import(verb, terminal),
        Verb::Probe(verb) => probe::run(verb, global, terminal),
        Verb::Calibrate(verb) => calibrate::run(verb, global, terminal),
        Verb::Premortem(verb) => premortem::run(verb, global, terminal),
        Verb::Replay(verb) => replay::run(verb, global, terminal),
        Verb::Capacity(verb) => capacity::run(verb, global, terminal),
        Verb::Learn(verb) => learn::run(verb, global, terminal),
        Verb::Check(verb) => check::run(verb, terminal),
        Verb::Shop(verb) => shop::run(verb, terminal),
        Verb::Simulate(verb) => simulate::run(verb, terminal),
        Verb::Lake(verb) => lake::run(verb, global, terminal),
        Verb::Schema(verb) => schema::run(verb, terminal),
        Verb::Completions(verb) => completions::run(verb, terminal),
    }
}
