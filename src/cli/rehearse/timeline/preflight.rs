//! Before the first shopper: may the timeline do what it says, and can it?

use std::path::{Path, PathBuf};

use super::{Confirmations, FaultSwitch, hook_words};
use crate::cli::arguments::RehearseArguments;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::terminal::Terminal;
use crate::scenario::{DrillAction, DrillPlan, HookPlan};

/// Refuses commands that the user did not agree to, programs that are not there, faults of what is no
/// demo shop, and confirmations that are there before anything was announced. Says which commands will
/// be run.
pub fn preflight(
    plan: &DrillPlan,
    arguments: &RehearseArguments,
    faults: FaultSwitch<'_>,
    confirmations: &Confirmations,
    terminal: &Terminal,
) -> Result<(), Failure> {
    check_commands(plan, arguments, terminal)?;
    check_confirmations(
        plan,
        arguments.confirm_dir.as_deref(),
        confirmations,
        terminal,
    )?;
    if plan.drills.has_faults() {
        check_faults(plan, faults)?;
    }
    Ok(())
}

fn check_commands(
    plan: &DrillPlan,
    arguments: &RehearseArguments,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let words = plan.drills.commands().map(|(id, exec)| {
        let words = hook_words(&HookPlan::Exec(exec.clone()));
        format!("  {id}: {}", plan.drills.redactor.shown(&words))
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() {
        return Ok(());
    }
    let words = words.join("\n");
    if !arguments.allow_exec {
        return Err(Failure::usage(format!(
            "the scenario runs commands on this machine (hint: read them; if you agree, --allow-exec)\n{words}"
        )));
    }
    for (id, exec) in plan.drills.commands() {
        let program = exec.argv.first().map(String::as_str).unwrap_or_default();
        if !is_there(program) {
            return Err(Failure::new(
                ExitCode::Input,
                format!(
                    "entry `{id}`: there is no program `{program}` (hint: install it, or check the spelling)"
                ),
            ));
        }
    }
    terminal.note(&format!("commands that will be run:\n{words}"));
    Ok(())
}

/// Whether the system would find the program.
fn is_there(program: &str) -> bool {
    if program.contains('/') {
        return Path::new(program).is_file();
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut files = std::env::split_paths(&folders).map(|folder: PathBuf| folder.join(program));
    files.any(|file| file.is_file() || file.with_extension("exe").is_file())
}

fn check_confirmations(
    plan: &DrillPlan,
    folder: Option<&Path>,
    confirmations: &Confirmations,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let Some(folder) = folder else {
        return Ok(());
    };
    let is_new = !folder.is_dir();
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::io("create", &folder.display().to_string(), &error))?;
    for entry in &plan.drills.entries {
        if matches!(entry.action, DrillAction::Announce(_))
            && let Some(file) = confirmations.file(&entry.id)
            && file.exists()
        {
            return Err(Failure::usage(format!(
                "`{}` is there already, so `{}` would be confirmed before it is announced (hint: remove it, or name an empty --confirm-dir)",
                file.display(),
                entry.id
            )));
        }
    }
    terminal.note(&format!(
        "confirmations: a file named after the `id` in `{}`{}",
        folder.display(),
        match is_new {
            true => ", a folder that was not there and is made now",
            false => "",
        }
    ));
    Ok(())
}

fn check_faults(plan: &DrillPlan, faults: FaultSwitch<'_>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(
                ExitCode::Internal,
                format!("cannot start a runtime: {error}"),
            )
        })?;
    runtime
        .block_on(faults.check(&plan.transport))
        .map_err(|why| {
            Failure::new(
                ExitCode::Input,
                format!("the target has no fault switches: {why} (hint: a `fault` is one of the demo shop; break other targets with `http` or `exec` hooks)"),
            )
        })
}
