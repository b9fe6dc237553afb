//! What is known of a run that is over, or of a shard of it, besides its requests.

use std::path::PathBuf;

use super::{Done, Rehearsal};
use crate::cli::arguments::RehearseArguments;
use crate::cli::exit_code::Failure;
use crate::cli::facts::{LagFacts, LatencyFacts, RunFacts};
use crate::cli::recorder::Recorded;
use crate::cli::thresholds::RunThresholds;
use crate::drill::{DrillOutcome, Validity};
use crate::game_day::DrilledEntry;
use crate::scenario::{
    Arrivals, DrillAction, DrillPlan, PlanPrint, Shard, forecast, requests_before,
};

/// What is known of a run that is over, besides its requests.
pub fn facts(
    rehearsal: &Rehearsal,
    done: &Done,
    arguments: &RehearseArguments,
) -> Result<RunFacts, Failure> {
    let driven = Driven {
        run_id: &rehearsal.run_id,
        target: done.target.clone(),
        print: rehearsal.print(),
        started_us: done.started_us,
        outcome: &done.outcome,
        recorded: &done.recorded,
        drills: &done.drills,
        command: match &rehearsal.replayed {
            Some(replayed) => replayed.command.clone(),
            None => command(arguments),
        },
    };
    let facts = driven_facts(&rehearsal.plan, &rehearsal.thresholds()?, &driven)?;
    let replayed = rehearsal.replayed.as_ref();
    Ok(RunFacts {
        not_judged: replayed.map_or_else(Vec::new, |it| it.facts.not_judged.clone()),
        ..facts
    })
}

/// A run that is over, as far as its facts go.
pub struct Driven<'a> {
    /// Its name.
    pub run_id: &'a str,
    /// What was driven.
    pub target: String,
    /// What its plan means.
    pub print: PlanPrint,
    /// Time zero, UTC µs.
    pub started_us: i64,
    /// The drill.
    pub outcome: &'a DrillOutcome,
    /// What the recorder counted.
    pub recorded: &'a Recorded,
    /// The drill timeline, as it went.
    pub drills: &'a [DrilledEntry],
    /// The command that repeats it.
    pub command: String,
}

/// The facts of any run that is over.
pub fn driven_facts(
    plan: &DrillPlan,
    thresholds: &RunThresholds,
    driven: &Driven<'_>,
) -> Result<RunFacts, Failure> {
    let outcome = driven.outcome;
    let recorded = driven.recorded;
    let curve_us = whole_us(plan.traffic.curve.length_s());
    // Shoppers arrive until the curve ends, or the run is stopped in the middle of a second.
    let arriving_us = match outcome.is_stopped {
        true => outcome.length_us.min(curve_us),
        false => curve_us,
    };
    let judged_us = match outcome.is_stopped {
        true => arriving_us / 1_000_000 * 1_000_000,
        false => arriving_us,
    };
    let thresholds = thresholds.judge(
        &recorded.rollup,
        &recorded.scoped,
        driven.started_us,
        judged_us,
    )?;
    Ok(RunFacts {
        run_id: driven.run_id.to_owned(),
        scenario: plan.name.clone(),
        scenario_sha256: plan.sha256.clone(),
        scenario_text: plan.text.clone(),
        hypothesis: plan.hypothesis.clone(),
        criteria: plan.criteria.clone(),
        has_own_criteria: plan.has_own_criteria,
        print: Some(driven.print.clone()),
        target: driven.target.clone(),
        seed: plan.seed,
        started_us: driven.started_us,
        judged_us,
        length_us: outcome.length_us,
        peak_shoppers_per_s: plan.traffic.curve.peak_per_s(),
        labels: plan.traffic.labels.clone(),
        offered_arrivals: outcome.offered,
        started: outcome.started(),
        completed: outcome.completed,
        gave_up: outcome.gave_up,
        lost_patience: outcome.lost_patience,
        withheld: outcome.withheld,
        retry_amplification: outcome.retry_amplification(),
        dropped: outcome.dropped,
        cut: outcome.cut,
        requests: outcome.requests,
        connections: outcome.connections,
        // Every request that is not in the lake is lost, whoever did not take it.
        records_lost: match recorded.failure {
            Some(_) => outcome.requests.saturating_sub(recorded.committed),
            None => outcome.records_lost,
        },
        schedule_lag_us: LagFacts::of(outcome),
        response_us: LatencyFacts::of(&outcome.response),
        service_us: LatencyFacts::of(&outcome.service),
        first_byte_us: LatencyFacts::of_some(&outcome.first_byte),
        answered_per_s: recorded.answered_per_s.clone(),
        arrivals_per_s: arrivals_per_s(plan, arriving_us),
        planned_per_s: planned_per_s(plan, arriving_us),
        closed_shoppers: plan
            .traffic
            .closed
            .map_or(0, |closed| closed.shoppers as u64),
        planned_requests: planned_requests(plan, outcome),
        seconds: recorded.seconds.clone(),
        invalid_because: match outcome.validity(&plan.limits) {
            Validity::Valid => Vec::new(),
            Validity::Invalid(reasons) => reasons,
        },
        is_stopped: outcome.is_stopped,
        guard: recorded.guard.clone(),
        thresholds,
        generator: Some(outcome.health.clone()),
        drills: with_withheld(plan, driven.drills, arriving_us),
        shards: Vec::new(),
        not_judged: Vec::new(),
        judgement: None,
        command: driven.command.clone(),
    })
}

/// Requests that the whole plan asks for, also where this process drives a part of it: of a run that was
/// stopped, those until then. A closed model plans none.
fn planned_requests(plan: &DrillPlan, outcome: &DrillOutcome) -> Option<f64> {
    if plan.traffic.closed.is_some() {
        return None;
    }
    let whole = DrillPlan {
        shard: Shard::WHOLE,
        ..plan.clone()
    };
    Some(match outcome.is_stopped {
        true => requests_before(&whole, crate::time_window::seconds(outcome.length_us)),
        false => forecast(&whole, 0.0).requests,
    })
}

/// The entries of the timeline, those that turned off a channel with how many shoppers of the whole run it
/// kept away before `until_us`.
fn with_withheld(plan: &DrillPlan, drilled: &[DrilledEntry], until_us: i64) -> Vec<DrilledEntry> {
    let mut drilled = drilled.to_vec();
    let planned = plan.drills.entries.iter().zip(&mut drilled);
    let mut off: Vec<(usize, i64, i64, &mut u64)> = Vec::new();
    for (entry, drilled) in planned {
        let DrillAction::ChannelOff(channel) = entry.action else {
            continue;
        };
        let to_us = entry.until_us.unwrap_or(i64::MAX);
        let withheld = drilled.shoppers_withheld.insert(0);
        off.push((channel, entry.at_us, to_us, withheld));
    }
    if off.is_empty() {
        return drilled;
    }
    // Whoever would come if no channel were off.
    let mut all = DrillPlan {
        shard: Shard::WHOLE,
        ..plan.clone()
    };
    all.channels
        .iter_mut()
        .for_each(|channel| channel.off.clear());
    for arrival in Arrivals::new(&all).take_while(|arrival| arrival.due_us < until_us) {
        for (channel, from_us, to_us, withheld) in &mut off {
            let is_withheld = (*from_us..*to_us).contains(&arrival.due_us);
            if is_withheld && arrival.channel == Some(*channel) {
                **withheld += 1;
            }
        }
    }
    drilled
}

fn arrivals_per_s(plan: &DrillPlan, until_us: i64) -> Vec<u64> {
    let mut seconds = Vec::new();
    for arrival in Arrivals::new(plan).take_while(|arrival| arrival.due_us < until_us) {
        let second = usize::try_from(arrival.due_us / 1_000_000).unwrap_or(0);
        if seconds.len() <= second {
            seconds.resize(second + 1, 0);
        }
        seconds[second] += 1;
    }
    seconds
}

/// The area under the curve in each second, the last of which may be a part of one; to a thousandth.
fn planned_per_s(plan: &DrillPlan, until_us: i64) -> Vec<f64> {
    if !plan.has_arrivals() {
        return Vec::new();
    }
    let curve = &plan.traffic.curve;
    let seconds = (0..).take_while(|second| second * 1_000_000 < until_us);
    let planned = seconds.map(|second: i64| {
        let from_us = second * 1_000_000;
        let to_us = until_us.min(from_us + 1_000_000);
        let before = |us: i64| curve.arrivals_before(crate::time_window::seconds(us));
        before(to_us) - before(from_us)
    });
    planned
        .map(|planned| (planned * 1_000.0).round() / 1_000.0)
        .collect()
}

fn command(arguments: &RehearseArguments) -> String {
    let mut words = vec!["firedrill rehearse".to_owned()];
    words.extend(
        arguments
            .scenario
            .as_ref()
            .map(|path| path.display().to_string()),
    );
    words.extend(
        arguments
            .also
            .iter()
            .map(|path| format!("--also {}", path.display())),
    );
    words.extend(arguments.host.as_ref().map(|host| format!("--host {host}")));
    words.extend(arguments.seed.map(|seed| format!("--seed {seed}")));
    let path = |option: &str, path: &PathBuf| format!("{option} {}", path.display());
    words.extend(
        arguments
            .sli_defs
            .as_ref()
            .map(|file| path("--sli-defs", file)),
    );
    words.extend(
        arguments
            .thresholds
            .as_ref()
            .map(|file| path("--thresholds", file)),
    );
    words.extend(arguments.allow_exec.then(|| "--allow-exec".to_owned()));
    words.extend(
        arguments
            .confirm_dir
            .as_ref()
            .map(|folder| path("--confirm-dir", folder)),
    );
    words.join(" ")
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a curve is at most 36,500 days long"
)]
fn whole_us(seconds: f64) -> i64 {
    (seconds * 1e6) as i64
}
