//! From judged SLIs and counts to the page of a report; the report itself computes nothing.

mod analysts;
mod budgets;
pub mod capacity;
mod charts;
mod contacts;
mod directors;
mod drills;
mod engineers;
mod notes;
pub mod rehearsal;
mod sentence;
mod shards;
mod watch;

use std::collections::BTreeMap;

pub use contacts::{
    CalibrationSource, calibration_page, check_calibration_kind, contact_words, write_calibration,
};
pub use drills::recovery_words;
pub use engineers::{most, problem_name};
pub use rehearsal::past_limit;

use super::customers;
use super::exit_code::Failure;
use super::range::Judged;
use super::shoppers::WHOLE;
use crate::latency_buckets::LatencyHistogram;
use crate::report::{
    BadSide, DirectorPart, FunnelStep, LevelRow, OBJECTIVE, ReportPage, RouteRow, SliRow, State,
    Unit, WorstWindow, text,
};
use crate::request_record::is_own_error;
use crate::rollup::{Rollup, SeriesKey};
use crate::sli::{self, LevelOutcome, Scope, SliSeries, SliState};
use crate::time_window::seconds;

/// The page of what was judged.
pub fn page(judged: &Judged) -> Result<ReportPage, Failure> {
    let rehearsal = rehearsal::part(judged)?;
    let verdict = sentence::verdict(judged, rehearsal.as_ref());
    let is_week = judged.run.is_none();
    let slis = judged.set.slis.iter().zip(&judged.series);
    let mut slis: Vec<SliRow> = slis
        .map(|(sli, series)| SliRow {
            detail: is_week.then(|| analysts::detail(judged, sli, series)),
            ..sli_row(judged, series)
        })
        .collect();
    slis.sort_by_key(|sli| sli.state);
    Ok(ReportPage {
        title: judged.title.clone(),
        verdict,
        sentence: sentence::sentence(judged, verdict, rehearsal.as_ref()),
        directors: directors(judged),
        facts: notes::facts(judged),
        slis,
        watch: judged.run.as_ref().map(watch::part),
        analysts: is_week.then(|| analysts::analysts(judged)).transpose()?,
        timeline: charts::timeline(judged, rehearsal.as_ref()),
        drills: drills::drills(judged),
        premortem: None,
        contacts: contacts::part(judged),
        desk: None,
        rehearsal,
        engineers: is_week.then(|| engineers::engineers(judged)),
        funnel: funnel(judged),
        routes: routes(judged),
        unknowns: notes::unknowns(judged),
        method: notes::method(judged),
    })
}

/// The directors' page of a week.
fn directors(judged: &Judged) -> Option<DirectorPart> {
    match &judged.run {
        None => Some(directors::directors(judged)),
        Some(_) => None,
    }
}

/// The unit of a page that an SLI's unit becomes.
pub fn sli_unit(unit: sli::Unit) -> Unit {
    match unit {
        sli::Unit::PerMinute => Unit::PerMinute,
        sli::Unit::PerSecond => Unit::PerSecond,
        sli::Unit::Share => Unit::Share,
        sli::Unit::Microseconds => Unit::Microseconds,
    }
}

fn state_of(state: SliState) -> State {
    match state {
        SliState::Met => State::Met,
        SliState::Missed => State::Missed,
        SliState::NotEnoughData => State::NotEnoughData,
    }
}

/// The limit of a level in the SLI's unit; one relative to what is expected is that of the mean, and
/// `None` where nothing is expected.
fn limit_of(series: &SliSeries, outcome: &LevelOutcome) -> Option<f64> {
    match outcome.is_of_expected {
        true => series.expected.map(|expected| expected * outcome.value),
        false => Some(outcome.value),
    }
}

fn bad_side(bad: sli::BadSide) -> BadSide {
    match bad {
        sli::BadSide::Above => BadSide::Above,
        sli::BadSide::Below => BadSide::Below,
    }
}

fn sli_row(judged: &Judged, series: &SliSeries) -> SliRow {
    let is_own_window = series.window_us != judged.scope.window_us;
    let levels = series.levels.iter();
    let mut levels: Vec<LevelRow> = levels
        .filter_map(|outcome| Some(level_row(series, outcome, limit_of(series, outcome)?)))
        .collect();
    levels.extend(objective_row(judged, series));
    SliRow {
        name: series.name.clone(),
        title: series.title.clone(),
        kind: series.kind.to_owned(),
        own_window_s: is_own_window.then(|| seconds(series.window_us)),
        own_time_zone: series.time_zone.clone(),
        unit: sli_unit(series.unit),
        value: series.value,
        worst: series.worst_window().and_then(|window| {
            Some(WorstWindow {
                start_us: window.start_us,
                value: window.value?,
            })
        }),
        state: state_of(series.state),
        levels,
        interval: series.interval,
        count: series.count,
        detail: None,
    }
}

/// The objective as a level that is judged once, over all that was judged.
fn objective_row(judged: &Judged, series: &SliSeries) -> Option<LevelRow> {
    let limit = series.objective?;
    let is_missed = is_objective_missed(series);
    let Scope { range, covered, .. } = judged.scope;
    let length_us = range.end_us.min(covered.end_us) - range.start_us.max(covered.start_us);
    Some(LevelRow {
        level: OBJECTIVE.to_owned(),
        bad: bad_side(objective_side(series)),
        value: limit,
        for_s: 0.0,
        first_crossed_us: None,
        crossed_s: if is_missed { seconds(length_us) } else { 0.0 },
        is_value_beyond: is_missed,
    })
}

/// On which side of the objective of an SLI its value is bad.
fn objective_side(series: &SliSeries) -> sli::BadSide {
    match series.unit {
        sli::Unit::Microseconds => sli::BadSide::Above,
        sli::Unit::PerMinute | sli::Unit::PerSecond | sli::Unit::Share => sli::BadSide::Below,
    }
}

/// Whether the value over all that was judged is beyond the SLI's own objective of the whole range.
fn is_objective_missed(series: &SliSeries) -> bool {
    let known = series.value.zip(series.objective);
    known.is_some_and(|(value, limit)| objective_side(series).is_bad(value, limit))
}

fn level_row(series: &SliSeries, outcome: &LevelOutcome, limit: f64) -> LevelRow {
    LevelRow {
        level: outcome.level.to_string(),
        bad: bad_side(outcome.bad),
        value: limit,
        for_s: seconds(outcome.for_us),
        first_crossed_us: outcome.first_crossed_us(),
        crossed_s: seconds(outcome.total_us()),
        is_value_beyond: series
            .value
            .is_some_and(|value| outcome.bad.is_bad(value, limit)),
    }
}

/// The funnel by shoppers, or by requests where no shopper is known.
fn funnel(judged: &Judged) -> Vec<FunnelStep> {
    let mut funnels = judged.followed.visits.funnels.iter();
    let by_shopper = funnels.find(|funnel| funnel.name == WHOLE);
    let by_shopper = by_shopper.map(|funnel| funnel.totals()).unwrap_or_default();
    let has_shoppers = by_shopper.first().is_some_and(|count| *count > 0);
    let steps = judged.set.funnel.iter().enumerate().map(|(index, step)| {
        let requests = || {
            judged
                .rollup
                .select(|series| step.event.covers(series))
                .count()
        };
        FunnelStep {
            name: step.title.clone(),
            count: match has_shoppers {
                true => by_shopper[index],
                false => requests(),
            },
            unit: match has_shoppers {
                true => "shoppers",
                false => "requests",
            }
            .to_owned(),
            expected_share: None,
        }
    });
    steps.collect()
}

fn routes(judged: &Judged) -> Vec<RouteRow> {
    let totals = judged.rollup.totals();
    let mut routes: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (index, key) in judged.rollup.series().iter().enumerate() {
        if is_counted(key) {
            routes
                .entry((&key.method, &key.route))
                .or_default()
                .push(index);
        }
    }
    let length_s = due_s(judged);
    let rows = routes.into_iter().map(|((method, route), own)| {
        let mut latencies = LatencyHistogram::new();
        let mut errors: BTreeMap<u16, u64> = BTreeMap::new();
        let mut requests = 0;
        for index in own {
            let key = &judged.rollup.series()[index];
            requests += totals.counts[index];
            if is_failure(key) {
                *errors.entry(key.status).or_default() += totals.counts[index];
            }
            for (bucket, count) in &totals.latencies[index] {
                latencies.record_bucket(*bucket, *count);
            }
        }
        RouteRow {
            method: method.to_owned(),
            route: route.to_owned(),
            requests,
            rate_per_s: number(requests) / length_s,
            p50_us: latencies.quantile_us(0.5),
            p95_us: latencies.quantile_us(0.95),
            p99_us: latencies.quantile_us(0.99),
            errors: errors.values().sum(),
            errors_by_status: errors_by_status(errors),
        }
    });
    let mut rows: Vec<RouteRow> = rows.collect();
    rows.sort_by(|a, b| {
        b.requests
            .cmp(&a.requests)
            .then_with(|| a.route.cmp(&b.route))
    });
    rows
}

/// The time in which the counted requests were due, seconds. Those of a rehearsal are due also when nobody
/// arrives any more, or until it was stopped.
fn due_s(judged: &Judged) -> f64 {
    let Some(run) = &judged.run else {
        return judged.scope.range.length_s();
    };
    let counts = judged.rollup.select(is_counted).counts();
    let last_us = counts.last().map_or(run.started_us, |last| last.start_us);
    let end_us = last_us + judged.rollup.plan().window_us - run.started_us;
    seconds(end_us.min(run.length_us).max(run.judged_us))
}

fn errors_by_status(errors: BTreeMap<u16, u64>) -> String {
    let mut errors: Vec<(u16, u64)> = errors.into_iter().collect();
    errors.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let words = errors
        .into_iter()
        .map(|(status, count)| format!("{} × {}", status_name(status), text::count(count)));
    words.collect::<Vec<_>>().join(", ")
}

fn status_name(status: u16) -> String {
    match status {
        0 => "no answer".to_owned(),
        status => status.to_string(),
    }
}

/// A request of a person, or of whom nothing is known: robots call nobody.
pub fn is_customer(series: &SeriesKey) -> bool {
    is_counted(series) && customers::is_person(series)
}

/// An answer that customers are unhappy with.
fn is_failure(series: &SeriesKey) -> bool {
    is_counted(series) && customers::is_failure(series)
}

/// A customer's request that failed.
fn is_error(series: &SeriesKey) -> bool {
    is_customer(series) && is_failure(series)
}

/// Requests cut off at the end of a rehearsal, or never sent, say nothing about the target.
fn is_counted(series: &SeriesKey) -> bool {
    !is_own_error(&series.error)
}

fn total(rollup: &Rollup) -> u64 {
    rollup.select(|_| true).count()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and latencies stay below 2^53"
)]
fn number(count: u64) -> f64 {
    count as f64
}
