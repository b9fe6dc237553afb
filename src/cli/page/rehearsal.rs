//! The top of a rehearsal's report: conditions, offered against achieved, both latencies.

mod comparison;
mod conditions;
mod limit;
mod load;
mod postmortem;

use jiff::tz::TimeZone;

use super::Judged;
use crate::cli::exit_code::Failure;
use crate::cli::facts::{LatencyFacts, RunFacts};
use crate::cli::range::run_scope;
use crate::report::{CriterionRow, LatencyRow, LimitPart, RehearsalPart, State};
use crate::rollup::Rollup;
use crate::sli::{Outside, Scope, SliSeries, SliSetPlan, evaluate};
use crate::visits::VisitResults;

/// What a run is judged from; two of them are compared.
pub struct RunView<'a> {
    pub set: &'a SliSetPlan,
    pub series: &'a [SliSeries],
    pub rollup: &'a Rollup,
    pub scope: Scope,
    pub zone: &'a TimeZone,
    /// What only a pass over shoppers tells, where that was made.
    pub visits: Option<&'a VisitResults>,
}

/// What happened past the limit in a run that is no rehearsal: a trial of a search.
pub fn past_limit(
    set: &SliSetPlan,
    rollup: &Rollup,
    run: &RunFacts,
    zone: &TimeZone,
) -> Result<Option<LimitPart>, Failure> {
    let scope = run_scope(run, set)?;
    let series = evaluate(set, rollup, scope, &Outside::default())?;
    let view = RunView {
        set,
        series: &series,
        rollup,
        scope,
        zone,
        visits: None,
    };
    Ok(limit::limit(&view, run))
}

/// What only a rehearsal has; `None` for a week.
pub fn part(judged: &Judged) -> Result<Option<RehearsalPart>, Failure> {
    let Some(run) = &judged.run else {
        return Ok(None);
    };
    let view = RunView {
        set: &judged.set,
        series: &judged.series,
        rollup: &judged.rollup,
        scope: judged.scope,
        zone: &judged.zone,
        visits: Some(&judged.followed.visits),
    };
    let latency = |name: &str, of: fn(&LatencyFacts) -> u64| LatencyRow {
        name: name.to_owned(),
        response_us: of(&run.response_us),
        service_us: of(&run.service_us),
        first_byte_us: run.first_byte_us.as_ref().map(of),
    };
    let criteria = conditions::rows(&view, run)?;
    let limit = limit::limit(&view, run);
    let postmortem = postmortem::postmortem(judged, run, &criteria, limit.as_ref());
    Ok(Some(RehearsalPart {
        hypothesis: run.hypothesis.clone(),
        has_own_criteria: run.has_own_criteria,
        criteria,
        shoppers: load::shoppers(run),
        requests: load::requests(judged, run),
        latencies: vec![
            latency("p50", |latency| latency.p50),
            latency("p95", |latency| latency.p95),
            latency("p99", |latency| latency.p99),
            latency("max", |latency| latency.max),
        ],
        limit,
        comparison: comparison::comparison(judged, run)?,
        postmortem: Some(postmortem),
    }))
}

/// Whether the run missed one of its conditions, or has too little data for one that its scenario names.
pub fn is_missed(part: &RehearsalPart) -> bool {
    are_missed(&part.criteria, part.has_own_criteria)
}

fn are_missed(criteria: &[CriterionRow], has_own_criteria: bool) -> bool {
    criteria.iter().any(|row| match row.state {
        State::Missed => true,
        State::NotEnoughData => has_own_criteria,
        State::Met => false,
    })
}
