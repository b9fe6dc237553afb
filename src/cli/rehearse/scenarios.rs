//! The scenario of a rehearsal, or several that run at once.

use serde::{Deserialize, Serialize};

use crate::cli::arguments::RehearseArguments;
use crate::cli::definitions;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::learn::fill_learned_traffic;
use crate::cli::terminal::Terminal;
use crate::drill::ScenarioOutcome;
use crate::lake::LakeAddress;
use crate::scenario::{DrillPlan, join};
use crate::sli::SliSetPlan;

/// What `--json` prints of each of several scenarios.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ScenarioFacts {
    name: String,
    offered_arrivals: u64,
    started: u64,
    completed: u64,
    requests: u64,
}

impl ScenarioFacts {
    /// Adds what another shard counted of the same scenario.
    pub fn add(&mut self, other: &Self) {
        self.offered_arrivals += other.offered_arrivals;
        self.started += other.started;
        self.completed += other.completed;
        self.requests += other.requests;
    }
}

/// The plan of all scenarios that the arguments name.
pub fn scenarios(
    arguments: &RehearseArguments,
    set: &SliSetPlan,
    lake: &LakeAddress,
    terminal: &Terminal,
) -> Result<DrillPlan, Failure> {
    let mut plans = Vec::new();
    let also = arguments.also.iter().map(|path| Some(path.as_path()));
    for path in std::iter::once(arguments.scenario.as_deref()).chain(also) {
        let plan = definitions::scenario(path, set)?;
        definitions::check_criteria(path, &plan, set)?;
        plans.push(plan);
    }
    for plan in &mut plans {
        if let Some(said) = fill_learned_traffic(plan, lake)? {
            terminal.note(&said);
        }
    }
    match plans.pop() {
        Some(only) if plans.is_empty() => Ok(only),
        last => {
            plans.extend(last);
            join(plans, arguments.host.is_some())
                .map_err(|why| Failure::new(ExitCode::DeclaredFile, why))
        }
    }
}

/// Counts of each scenario; empty where there is one alone.
pub fn scenario_facts(
    plan: &DrillPlan,
    requests: &[u64],
    outcomes: &[ScenarioOutcome],
) -> Vec<ScenarioFacts> {
    let counted = plan.joined.iter().zip(requests).zip(outcomes);
    let facts = counted.map(|((joined, requests), outcome)| ScenarioFacts {
        name: joined.name.clone(),
        offered_arrivals: outcome.offered,
        started: outcome.offered - outcome.dropped,
        completed: outcome.completed,
        requests: *requests,
    });
    facts.collect()
}
