//! The plan of a run that was driven in shards, for whoever judges it.
//!
//! In: the scenario that is named, or the text of it that the lake keeps. Out: the plan, if it is the one
//! that the shards drove. Only thresholds need it: which of several kinds a shopper was is in no row.

use std::path::Path;

use crate::cli::arguments::RehearseArguments;
use crate::cli::definitions;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::facts::RunFacts;
use crate::cli::rehearse::scenarios::scenarios;
use crate::cli::terminal::Terminal;
use crate::lake::LakeAddress;
use crate::scenario::DrillPlan;
use crate::sli::SliSetPlan;

/// The plan of `run`; `None` where nobody needs it and no file is named.
pub fn plan_of(
    run: &RunFacts,
    arguments: &RehearseArguments,
    set: &SliSetPlan,
    lake: &LakeAddress,
    terminal: &Terminal,
) -> Result<Option<DrillPlan>, Failure> {
    if arguments.scenario.is_none() && run.thresholds.is_empty() {
        return Ok(None);
    }
    let run_id = &run.run_id;
    let mut plan = match &arguments.scenario {
        Some(_) => scenarios(arguments, set, lake, terminal)?,
        None => kept(run, set)?,
    };
    let is_same_file = plan.sha256 == run.scenario_sha256;
    let differing = run.print.as_ref().map(|print| plan.print.differing(print));
    let differing = differing.unwrap_or_default();
    if !is_same_file || !differing.is_empty() {
        let named = arguments
            .scenario
            .as_ref()
            .map(|path| path.display().to_string());
        let parts = match differing.is_empty() {
            true => "its text".to_owned(),
            false => differing.join(", "),
        };
        return Err(Failure::new(
            ExitCode::DeclaredFile,
            format!(
                "`{}` is not the scenario that the shards of run `{run_id}` drove: another is {parts} (hint: name the files that they had)",
                named.unwrap_or_else(|| run.scenario.clone())
            ),
        ));
    }
    plan.seed = run.seed;
    if let Some(first) = plan.joined.first_mut() {
        first.seed = run.seed;
    }
    Ok(Some(plan))
}

/// The plan of the text in the lake.
fn kept(run: &RunFacts, set: &SliSetPlan) -> Result<DrillPlan, Failure> {
    let name = format!("scenario of {}", run.run_id);
    definitions::scenario_text(Path::new(&name), &run.scenario_text, set).map_err(|failure| {
        Failure::new(
            failure.code,
            format!(
                "the scenario has thresholds, and cannot be read from the lake: {} (hint: name its file: `firedrill rehearse SCENARIO --judge {}`)",
                failure.message, run.run_id
            ),
        )
    })
}
