//! The end of a shard: its facts go to the lake; it is not judged.

use std::path::Path;

use serde::Serialize;

use super::Claimed;
use super::clock::ClockFacts;
use super::kept::{Ending, ShardFacts};
use crate::cli::arguments::RehearseArguments;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::facts::{LagFacts, LatencyFacts};
use crate::cli::live::{End, Ui};
use crate::cli::rehearse::run_facts::facts as run_facts;
use crate::cli::rehearse::scenarios::{ScenarioFacts, scenario_facts};
use crate::cli::rehearse::{Done, Rehearsal};
use crate::cli::terminal::Terminal;
use crate::cli::thresholds::Guard;
use crate::lake::Lake;
use crate::report::text;
use crate::scenario::Shard;
use crate::time_window::rfc3339;

/// What `--json` prints of a shard.
#[derive(Serialize)]
struct ShardJson<'a> {
    run_id: &'a str,
    shard: u32,
    shards: u32,
    state: ShardState,
    start: String,
    clock: &'a ClockFacts,
    offered_arrivals: u64,
    started: u64,
    completed: u64,
    gave_up: u64,
    lost_patience: u64,
    withheld: u64,
    dropped: u64,
    cut: u64,
    requests: u64,
    records_lost: u64,
    schedule_lag_us: LagFacts,
    response_us: LatencyFacts,
    service_us: LatencyFacts,
    first_byte_us: Option<LatencyFacts>,
    invalid_because: &'a [String],
    stopped_by: Option<&'a Guard>,
    scenarios: &'a [ScenarioFacts],
    lake: String,
}

/// How a shard ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum ShardState {
    Valid,
    Invalid,
    Stopped,
}

/// Keeps what a shard did, says it, and chooses the exit code.
pub fn conclude(
    rehearsal: &Rehearsal,
    done: Done,
    claimed: &Claimed,
    lake: &Lake,
    arguments: &RehearseArguments,
    ui: Option<Ui>,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let run = run_facts(rehearsal, &done, arguments)?;
    let ending = Ending {
        shard: claimed.shard,
        claim: claimed.claim.clone(),
        clock: claimed.clock.clone(),
        committed: done.recorded.committed,
        outcome: &done.outcome,
        scenarios: scenario_facts(
            &rehearsal.plan,
            &done.recorded.requests_by_scenario,
            &done.outcome.by_scenario,
        ),
    };
    let facts = ShardFacts::new(run, ending);
    if let Some(error) = done.recorded.failure {
        return Err(Failure::new(
            ExitCode::Input,
            format!(
                "{error}; {} was stopped, {} of its requests are in the lake",
                facts.shard, facts.committed
            ),
        ));
    }
    facts.keep(lake)?;
    let state = state(&facts);
    print(&facts, state, lake.root(), terminal)?;
    if let Some(ui) = ui {
        let verdict = serde_json::to_value(state)?;
        let end = End {
            verdict: verdict.as_str().unwrap_or_default().to_owned(),
            sentence: sentence(&facts),
            report: String::new(),
        };
        ui.finish(
            end,
            "text/plain; charset=utf-8",
            sentence(&facts).into_bytes(),
        );
    }
    Ok(match state {
        ShardState::Valid => ExitCode::Ok,
        ShardState::Invalid => ExitCode::InvalidRun,
        ShardState::Stopped => ExitCode::Stopped,
    })
}

fn state(facts: &ShardFacts) -> ShardState {
    match (facts.run.is_stopped, facts.run.invalid_because.is_empty()) {
        (true, _) => ShardState::Stopped,
        (false, false) => ShardState::Invalid,
        (false, true) => ShardState::Valid,
    }
}

fn sentence(facts: &ShardFacts) -> String {
    format!(
        "{} of run {} is over; firedrill rehearse --judge {} judges all of them",
        facts.shard, facts.run.run_id, facts.run.run_id
    )
}

fn print(
    facts: &ShardFacts,
    state: ShardState,
    lake: &Path,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let run = &facts.run;
    if terminal.is_json {
        let shard: Shard = facts.shard;
        return terminal.json(&ShardJson {
            run_id: &run.run_id,
            shard: shard.number(),
            shards: shard.count(),
            state,
            start: rfc3339(run.started_us),
            clock: &facts.clock,
            offered_arrivals: run.offered_arrivals,
            started: run.started,
            completed: run.completed,
            gave_up: run.gave_up,
            lost_patience: run.lost_patience,
            withheld: run.withheld,
            dropped: run.dropped,
            cut: run.cut,
            requests: run.requests,
            records_lost: run.records_lost,
            schedule_lag_us: run.schedule_lag_us,
            response_us: run.response_us,
            service_us: run.service_us,
            first_byte_us: run.first_byte_us,
            invalid_because: &run.invalid_because,
            stopped_by: run.guard.as_ref(),
            scenarios: &facts.scenarios,
            lake: lake.display().to_string(),
        });
    }
    if terminal.is_quiet {
        return Ok(());
    }
    let why: String = run
        .invalid_because
        .iter()
        .map(|reason| format!("\ninvalid   {reason}"))
        .collect();
    let stopped = match (&run.guard, run.is_stopped) {
        (Some(guard), _) => format!("\nstopped   by {}", guard.demand),
        (None, true) => "\nstopped   before its end".to_owned(),
        (None, false) => String::new(),
    };
    terminal.result(&format!(
        "\n{}\nshoppers  {} came, {} completed, {} gave up, {} dropped\nrequests  {}, schedule lag p99 {} µs{why}{stopped}\nlake      {}",
        sentence(facts),
        text::count(run.offered_arrivals),
        text::count(run.completed),
        text::count(run.gave_up + run.lost_patience),
        text::count(run.dropped),
        text::count(run.requests),
        text::count(run.schedule_lag_us.p99),
        lake.display()
    ))
}
