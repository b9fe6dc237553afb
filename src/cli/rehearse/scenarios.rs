//! The scenario of a rehearsal, or several that run at once.

use serde::{Deserialize, Serialize};

use crate::cli::arguments::RehearseArguments;
use crate::cli::definitions;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::learn::fill_learned_traffic;
use crate::cli::terminal::Terminal;
use crate::lake::LakeAddress;
use crate::scenario::{Arrivals, DrillPlan, SCENARIO_NUMBERS, join};
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

/// Counts of each scenario; empty where there is one alone. `recorded` has requests and shoppers,
/// `completed` the shoppers who came to the end of their journey.
pub fn scenario_facts(
    plan: &DrillPlan,
    until_us: i64,
    recorded: &[(u64, u64)],
    completed: &[u64],
) -> Vec<ScenarioFacts> {
    let mut offered = vec![0_u64; plan.joined.len()];
    for arrival in Arrivals::new(plan).take_while(|arrival| arrival.due_us < until_us) {
        let index = usize::try_from(arrival.number / SCENARIO_NUMBERS).unwrap_or(usize::MAX);
        if let Some(count) = offered.get_mut(index) {
            *count += 1;
        }
    }
    let counted = plan.joined.iter().zip(offered).zip(recorded).zip(completed);
    let facts = counted.map(
        |(((joined, offered_arrivals), (requests, started)), completed)| ScenarioFacts {
            name: joined.name.clone(),
            offered_arrivals,
            started: *started,
            completed: *completed,
            requests: *requests,
        },
    );
    facts.collect()
}
