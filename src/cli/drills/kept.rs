//! What is kept of the judgement of a run, so that the pre-mortem matrix need not judge it again.

use serde::{Deserialize, Serialize};

use crate::cli::exit_code::Failure;
use crate::cli::facts::RunFacts;
use crate::game_day::{DrillScore, KeptRun, Rehearsed, SliCrossing};
use crate::lake::Lake;
use crate::report::{Verdict, verdict_word};
use crate::scenario::PlanPrint;
use crate::sli::SliSeries;

/// How a run was judged when it was over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// SHA-256 of the SLI set, hex.
    pub sli_set_sha256: String,
    /// What it was judged to be.
    pub verdict: Verdict,
    /// When each SLI with levels crossed one of them.
    pub crossings: Vec<SliCrossing>,
    /// The scores of the entries of its timeline.
    pub drills: Vec<DrillScore>,
}

impl Judgement {
    /// What is kept of `series`; `started_us` is the start of the run in UTC µs.
    pub fn new(
        sli_set_sha256: &str,
        verdict: Verdict,
        series: &[SliSeries],
        started_us: i64,
        drills: &[DrillScore],
    ) -> Self {
        let with_levels = series.iter().filter(|series| !series.levels.is_empty());
        let crossings = with_levels.map(|series| {
            let crossed = series.levels.iter().flat_map(|level| &level.crossed_us);
            let mut crossed_us: Vec<[i64; 2]> = crossed
                .map(|[from_us, to_us]| [from_us - started_us, to_us - started_us])
                .collect();
            crossed_us.sort_unstable();
            SliCrossing {
                sli: series.name.clone(),
                is_judged: series.worst_window().is_some(),
                crossed_us,
            }
        });
        Self {
            sli_set_sha256: sli_set_sha256.to_owned(),
            verdict,
            crossings: crossings.collect(),
            drills: drills.to_vec(),
        }
    }
}

/// Every run of the lake that was judged, but for those in which the load generator did not keep its
/// schedule.
pub fn kept_runs(lake: &Lake) -> Result<Vec<KeptRun>, Failure> {
    let mut runs = Vec::new();
    for run_id in lake.run_ids()? {
        let Some(json) = lake.read_run(&run_id)? else {
            continue;
        };
        let facts: RunFacts = serde_json::from_str(&json)?;
        let Some(judgement) = facts.judgement.filter(|_| facts.invalid_because.is_empty()) else {
            continue;
        };
        runs.push(KeptRun {
            run_id,
            scenario: facts.scenario,
            rehearsed: rehearsed(facts.scenario_sha256, facts.print.as_ref()),
            started_us: facts.started_us,
            verdict: verdict_word(judgement.verdict).to_owned(),
            is_complete: !facts.is_stopped,
            crossings: judgement.crossings,
            judged_us: facts.judged_us,
            drills: judgement.drills,
        });
    }
    Ok(runs)
}

/// What a scenario is, for the matrix to know it again; `print` is what it means.
pub fn rehearsed(sha256: String, print: Option<&PlanPrint>) -> Rehearsed {
    Rehearsed {
        sha256,
        mix: print.map(|print| print.mix().map(|(_, hash)| hash).concat()),
    }
}
