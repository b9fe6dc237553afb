//! Thresholds of a rehearsal: what its scenario demands of the SLIs of a set, and what became of it.
//!
//! In: the thresholds of a plan, an SLI set, and rollups. Out: [`ThresholdFacts`], from the code that
//! judges logs. Requests of one journey, channel or kind of shopper are counted in a small rollup of
//! their own, so that the rollup of the run has no more cells for them.

mod live;

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::exit_code::Failure;
use super::page::sli_unit;
use crate::declared_files::{self, DeclaredFileError, DurationText, Problem, choices_hint};
use crate::drill::DrillRecord;
use crate::report::text;
use crate::rollup::Rollup;
use crate::scenario::{BadLimit, DrillPlan, LimitText, ThresholdPlan, ThresholdScope};
use crate::sli::{
    self, Alignment, BadSide, FunnelUnit, Measure, Outside, Scope, SliPlan, SliSetPlan, Unit,
    WatchOutcome, WatchPlan, WatchState, WatchValues, evaluate_some, watch,
};
use crate::time_window::{TimeWindow, seconds};

pub use live::{Guard, LiveThresholds, LookState, ThresholdLook};

/// What every run has, whatever its SLI set: shares and percentiles of all requests.
const BUILT_IN: &str = "\
name: built-in
window: 1m
rehearsal_window: 5s
events:
  request: {title: Any request}
slis:
  - {kind: ratio, name: errors, title: Errors, event: request, bad_status: [4xx, 5xx, none], min_count: 1}
  - {kind: rate, name: requests, title: Requests, event: request, per: second}
  - {kind: latency, name: response_p50, title: 'Response, p50', event: request, percentile: 50}
  - {kind: latency, name: response_p95, title: 'Response, p95', event: request, percentile: 95}
  - {kind: latency, name: response_p99, title: 'Response, p99', event: request, percentile: 99}
";
/// The one of them that is shown by its bad share.
const ERRORS: &str = "errors";
const SECOND_US: i64 = 1_000_000;

/// What became of one threshold; kept with the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ThresholdFacts {
    /// The demand in words.
    pub demand: String,
    /// Name of the SLI.
    pub sli: String,
    /// Unit of `limit` and `worst`.
    pub unit: Unit,
    /// The bad side.
    pub bad: BadSide,
    /// The limit.
    pub limit: f64,
    /// How long it must last, µs.
    pub for_us: i64,
    /// Whether it stops a run.
    pub aborts: bool,
    /// Whether it held.
    pub state: WatchState,
    /// Beginning of the first time that it was broken, µs since the start of the run.
    pub first_broken_us: Option<i64>,
    /// How long it was broken in all, µs.
    pub broken_us: i64,
    /// The worst value.
    pub worst: Option<f64>,
    /// How many values it was judged by.
    pub values: u64,
    /// Requests behind them.
    pub count: u64,
}

/// All thresholds of a run.
#[derive(Debug)]
pub struct RunThresholds {
    list: Vec<RunThreshold>,
    /// Whose requests are counted apart.
    scopes: Vec<ThresholdScope>,
}

/// One of them, with what it means under the SLI set.
#[derive(Debug)]
struct RunThreshold {
    plan: ThresholdPlan,
    demand: String,
    /// The set, in the windows of this threshold.
    set: SliSetPlan,
    /// Index of its SLI there.
    sli: usize,
    window_us: i64,
    watch: WatchPlan,
    unit: Unit,
    /// Index of its scope; `None` for all requests.
    scope: Option<usize>,
    /// The whole seconds that it looks at, µs since the start of the run.
    from_us: i64,
    to_us: i64,
}

impl RunThresholds {
    /// What the thresholds of `plan` mean under `set`.
    ///
    /// # Errors
    /// Every SLI that is unknown or cannot be judged while a run goes on, and every limit in a wrong
    /// unit, with its place.
    pub fn new(plan: &DrillPlan, set: &SliSetPlan) -> Result<Self, Failure> {
        let built_in = built_in()?;
        let (mut list, mut scopes, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        for threshold in &plan.thresholds {
            match RunThreshold::new(plan, threshold, [set, &built_in]) {
                Ok(mut threshold) => {
                    threshold.scope = scope_index(&mut scopes, &threshold.plan.scope);
                    list.push(threshold);
                }
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            Ok(Self { list, scopes })
        } else {
            Err(DeclaredFileError::from(problems).into())
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many rollups of their own there are.
    pub fn scope_count(&self) -> usize {
        self.scopes.len()
    }

    /// The rollups that a record belongs to.
    pub fn scopes_of(&self, record: &DrillRecord) -> impl Iterator<Item = usize> {
        self.scopes_of_shopper(record.journey, record.channel, record.kind)
    }

    /// The rollups that records of a shopper on this journey, of this channel and kind belong to.
    pub fn scopes_of_shopper(
        &self,
        journey: u16,
        channel: u16,
        kind: u16,
    ) -> impl Iterator<Item = usize> {
        let is = |wanted: Option<u16>, found: u16| wanted.is_none_or(|wanted| wanted == found);
        let scopes = self.scopes.iter().enumerate();
        let found = scopes.filter(move |(_, scope)| {
            is(scope.journey, journey) && is(scope.channel, channel) && is(scope.kind, kind)
        });
        found.map(|(index, _)| index)
    }

    /// Judges a run that is over: `all` has every request, `scoped` those of each scope.
    ///
    /// # Errors
    /// When the windows of an SLI do not fit into those of the rollup.
    pub fn judge(
        &self,
        all: &Rollup,
        scoped: &[Rollup],
        started_us: i64,
        judged_us: i64,
    ) -> Result<Vec<ThresholdFacts>, Failure> {
        let judged = self.list.iter().map(|threshold| {
            let rollup = threshold.scope.map_or(all, |index| &scoped[index]);
            let to_us = threshold.to_us.min(judged_us);
            let outcome = threshold.outcome(rollup, started_us, threshold.from_us, to_us)?;
            Ok(threshold.facts(&outcome, started_us))
        });
        judged.collect()
    }
}

impl RunThreshold {
    fn new(
        plan: &DrillPlan,
        threshold: &ThresholdPlan,
        sets: [&SliSetPlan; 2],
    ) -> Result<Self, Problem> {
        let find = |set: &SliSetPlan| set.slis.iter().position(|sli| sli.name == threshold.sli);
        let found = sets.iter().find_map(|set| Some((*set, find(set)?)));
        let Some((set, index)) = found else {
            return Err(unknown_sli(threshold, sets));
        };
        let is_bad_share = std::ptr::eq(set, sets[1]) && threshold.sli == ERRORS;
        let sli = &set.slis[index];
        if let Some(why) = why_not_live(sli) {
            let hint =
                "thresholds are judged by the requests of a run; see docs/live.md".to_owned();
            return Err(problem(&threshold.sli_place, why, Some(hint)));
        }
        let (bad, text) = match threshold.bad {
            BadLimit::Above(text) => (BadSide::Above, text),
            BadLimit::Below(text) => (BadSide::Below, text),
        };
        let unit = sli.unit();
        let limit = limit_in(text, unit).ok_or_else(|| {
            let message = format!("the limit has not the unit of `{}`", sli.name);
            let hint = format!("write {}", example(unit));
            problem(&threshold.limit_place, message, Some(hint))
        })?;
        let mut demand = demand(plan, threshold, sli, bad, limit);
        let mut limit = limit;
        if !plan.shard.is_whole() && matches!(unit, Unit::PerMinute | Unit::PerSecond) {
            // While it runs, a shard sees its own requests only.
            limit *= plan.shard.fraction();
            demand += &format!(", of which this is one of {} shards", plan.shard.count());
        }
        let mut own = set.clone();
        own.count_attempts();
        if let Some(window_us) = threshold.window_us {
            own.ask_windows(window_us);
        }
        let (from_us, to_us) = match &threshold.phase {
            Some(phase) => (phase.from_us, phase.to_us),
            None => (0, whole_us(plan.traffic.curve.length_s())),
        };
        let values = match is_bad_share {
            true => WatchValues::BadShare,
            false => WatchValues::of(&sli.measure),
        };
        Ok(Self {
            demand,
            plan: threshold.clone(),
            window_us: own.slis[index].rehearsal_window_us,
            set: own,
            sli: index,
            watch: WatchPlan {
                bad,
                limit,
                for_us: threshold.for_us,
                values,
            },
            unit,
            scope: None,
            from_us: (from_us + threshold.grace_us + SECOND_US - 1) / SECOND_US * SECOND_US,
            to_us: to_us / SECOND_US * SECOND_US,
        })
    }

    /// What became of it from `from_us` to `to_us` since the start, as far as whole windows go.
    fn outcome(
        &self,
        rollup: &Rollup,
        started_us: i64,
        from_us: i64,
        to_us: i64,
    ) -> Result<WatchOutcome, Failure> {
        let windows = (to_us - from_us).max(0) / self.window_us;
        let range = TimeWindow {
            start_us: started_us + from_us,
            end_us: started_us + from_us + windows * self.window_us,
        };
        if windows == 0 {
            return Ok(watch(&self.watch, &[], self.window_us));
        }
        let scope = Scope {
            range,
            covered: range,
            window_us: self.window_us,
            alignment: Alignment::Start,
        };
        let sli = &self.set.slis[self.sli];
        let is_it = |other: &SliPlan| other.name == sli.name;
        let series = evaluate_some(&self.set, rollup, scope, &Outside::default(), is_it)?;
        Ok(watch(
            &self.watch,
            &series[self.sli].windows,
            self.window_us,
        ))
    }

    fn facts(&self, outcome: &WatchOutcome, started_us: i64) -> ThresholdFacts {
        let stretches = outcome.broken_us.iter();
        ThresholdFacts {
            demand: self.demand.clone(),
            sli: self.plan.sli.clone(),
            unit: self.unit,
            bad: self.watch.bad,
            limit: self.watch.limit,
            for_us: self.watch.for_us,
            aborts: self.plan.aborts,
            state: outcome.state,
            first_broken_us: outcome
                .broken_us
                .first()
                .map(|[from_us, _]| from_us - started_us),
            broken_us: stretches.map(|[from, to]| to - from).sum(),
            worst: outcome.worst,
            values: outcome.values.iter().flatten().count() as u64,
            count: outcome.count,
        }
    }
}

fn built_in() -> Result<SliSetPlan, Failure> {
    let nothing = |_: &str| None;
    let declared = declared_files::parse(Path::new("built-in"), BUILT_IN.as_bytes(), &nothing)?;
    Ok(sli::resolve(&declared)?)
}

fn scope_index(scopes: &mut Vec<ThresholdScope>, scope: &ThresholdScope) -> Option<usize> {
    if scope.is_all() {
        return None;
    }
    let found = scopes.iter().position(|known| known == scope);
    Some(found.unwrap_or_else(|| {
        scopes.push(scope.clone());
        scopes.len() - 1
    }))
}

fn problem(place: &Problem, message: impl Into<String>, hint: Option<String>) -> Problem {
    let mut problem = place.clone();
    problem.message = message.into();
    problem.hint = hint;
    problem
}

fn unknown_sli(threshold: &ThresholdPlan, sets: [&SliSetPlan; 2]) -> Problem {
    let slis = sets.iter().flat_map(|set| &set.slis);
    let names: Vec<&str> = slis.map(|sli| sli.name.as_str()).collect();
    let label = format!("SLIs of `{}` and of every run", sets[0].name);
    let hint = choices_hint(&threshold.sli, &names, &label);
    let message = format!("unknown SLI `{}`", threshold.sli);
    problem(&threshold.sli_place, message, Some(hint))
}

/// Why an SLI has no value before a run is over.
fn why_not_live(sli: &SliPlan) -> Option<String> {
    let is_by_shopper = matches!(
        sli.measure,
        Measure::UserUptime { .. }
            | Measure::Funnel {
                unit: FunnelUnit::Shoppers,
                ..
            }
    );
    is_by_shopper.then(|| {
        format!(
            "`{}` is counted by shopper, after the run; a threshold cannot have it",
            sli.name
        )
    })
}

/// The limit in the unit of the SLI; `None` where it has another.
pub fn limit_in(text: LimitText, unit: Unit) -> Option<f64> {
    match (text, unit) {
        (LimitText::Duration(us), Unit::Microseconds) => Some(us),
        (LimitText::Share(share), Unit::Share) => Some(share),
        (LimitText::Number(share), Unit::Share) if share <= 1.0 => Some(share),
        (LimitText::PerMinute(rate), Unit::PerMinute) => Some(rate),
        (LimitText::PerMinute(rate), Unit::PerSecond) => Some(rate / 60.0),
        (LimitText::PerSecond(rate), Unit::PerSecond) => Some(rate),
        (LimitText::PerSecond(rate), Unit::PerMinute) => Some(rate * 60.0),
        (LimitText::Number(rate), Unit::PerMinute | Unit::PerSecond) => Some(rate),
        _ => None,
    }
}

/// How a level in this unit is written.
pub fn example(unit: Unit) -> &'static str {
    match unit {
        Unit::Microseconds => "a response time such as `2s`",
        Unit::Share => "a share such as `5%` or `0.05`",
        Unit::PerMinute => "a rate such as `20/min`",
        Unit::PerSecond => "a rate such as `5/s`",
    }
}

fn demand(
    plan: &DrillPlan,
    threshold: &ThresholdPlan,
    sli: &SliPlan,
    bad: BadSide,
    limit: f64,
) -> String {
    let side = match bad {
        BadSide::Above => "above",
        BadSide::Below => "below",
    };
    let mut words = format!(
        "{} {side} {} for {}",
        sli.title,
        text::quantity(limit, sli_unit(sli.unit())),
        text::duration(seconds(threshold.for_us))
    );
    let scope = &threshold.scope;
    let named = |index: u16| usize::from(index);
    if let Some(index) = scope.journey {
        words += &format!(", journey {}", plan.journeys[named(index)].name);
    }
    if let Some(index) = scope.channel {
        words += &format!(", channel {}", plan.channels[named(index)].name);
    }
    if let Some(index) = scope.kind {
        words += &format!(", shoppers {}", plan.kinds[named(index)].name);
    }
    if let Some(phase) = &threshold.phase {
        words += &format!(", phase {}", phase.name);
    }
    if let Some(window_us) = threshold.window_us
        && let Some(window) = DurationText::from_us(window_us.unsigned_abs())
    {
        words += &format!(", windows of {window}");
    }
    words
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a curve is at most 36,500 days long"
)]
fn whole_us(seconds: f64) -> i64 {
    (seconds * 1e6) as i64
}

#[cfg(test)]
mod tests;
