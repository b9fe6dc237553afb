//! From judged SLIs and counts to the page of a report; the report itself computes nothing.

mod charts;
mod notes;
mod sentence;

use std::collections::{BTreeMap, BTreeSet};

use super::exit_code::Failure;
use super::range::Judged;
use crate::report::{
    BadSide, FunnelStep, LevelRow, ReportPage, RouteRow, SliRow, State, Unit, WorstWindow, text,
};
use crate::rollup::{Rollup, SeriesKey};
use crate::sli::{self, LevelOutcome, SliSeries, SliState};
use crate::time_window::seconds;

/// The page of what was judged.
pub fn page(judged: &Judged) -> Result<ReportPage, Failure> {
    let verdict = sentence::verdict(judged);
    let mut slis: Vec<SliRow> = judged.series.iter().map(sli_row).collect();
    slis.sort_by_key(|sli| sli.state);
    Ok(ReportPage {
        title: judged.title.clone(),
        verdict,
        sentence: sentence::sentence(judged, verdict),
        facts: notes::facts(judged),
        slis,
        timeline: charts::timeline(judged)?,
        funnel: funnel(judged)?,
        routes: routes(judged)?,
        unknowns: notes::unknowns(judged)?,
        method: notes::method(judged),
    })
}

fn unit(unit: sli::Unit) -> Unit {
    match unit {
        sli::Unit::PerMinute => Unit::PerMinute,
        sli::Unit::PerSecond => Unit::PerSecond,
        sli::Unit::Share => Unit::Share,
        sli::Unit::Microseconds => Unit::Microseconds,
    }
}

fn bad_side(bad: sli::BadSide) -> BadSide {
    match bad {
        sli::BadSide::Above => BadSide::Above,
        sli::BadSide::Below => BadSide::Below,
    }
}

fn sli_row(series: &SliSeries) -> SliRow {
    let mut levels: Vec<LevelRow> = series.levels.iter().map(level_row).collect();
    levels.extend(objective_row(series));
    SliRow {
        name: series.name.clone(),
        title: series.title.clone(),
        kind: series.kind.to_owned(),
        unit: unit(series.unit),
        value: series.value,
        worst: series.worst_window().and_then(|window| {
            Some(WorstWindow {
                start_us: window.start_us,
                value: window.value?,
            })
        }),
        state: match series.state {
            SliState::Met => State::Met,
            SliState::Missed => State::Missed,
            SliState::NotEnoughData => State::NotEnoughData,
        },
        levels,
        interval: series.interval,
        count: series.count,
    }
}

/// The objective of the whole range as a level; missed is missed from its start to its end.
fn objective_row(series: &SliSeries) -> Option<LevelRow> {
    let limit = series.objective?;
    let bad = match series.unit {
        sli::Unit::Microseconds => sli::BadSide::Above,
        sli::Unit::PerMinute | sli::Unit::PerSecond | sli::Unit::Share => sli::BadSide::Below,
    };
    let is_missed = series.value.is_some_and(|value| bad.is_bad(value, limit));
    let first = series.windows.first().map(|window| window.start_us);
    let last = series.windows.last().map(|window| window.start_us);
    let length_us = first.zip(last).map_or(0, |(first, last)| last - first);
    Some(LevelRow {
        level: "objective".to_owned(),
        bad: bad_side(bad),
        value: limit,
        for_s: 0.0,
        first_crossed_us: first.filter(|_| is_missed),
        crossed_s: if is_missed { seconds(length_us) } else { 0.0 },
    })
}

fn level_row(outcome: &LevelOutcome) -> LevelRow {
    LevelRow {
        level: outcome.level.to_string(),
        bad: bad_side(outcome.bad),
        value: outcome.value,
        for_s: seconds(outcome.for_us),
        first_crossed_us: outcome.first_crossed_us(),
        crossed_s: seconds(outcome.total_us()),
    }
}

fn funnel(judged: &Judged) -> Result<Vec<FunnelStep>, Failure> {
    let steps = judged.set.funnel.iter().map(|step| {
        Ok(FunnelStep {
            name: step.title.clone(),
            count: judged
                .rollup
                .select(|series| step.event.covers(series))?
                .count()?,
            unit: "requests".to_owned(),
            expected_share: None,
        })
    });
    steps.collect()
}

fn routes(judged: &Judged) -> Result<Vec<RouteRow>, Failure> {
    let names: BTreeSet<(&str, &str)> = judged
        .rollup
        .series()
        .iter()
        .map(|series| (series.method.as_str(), series.route.as_str()))
        .collect();
    let length_s = judged.scope.range.length_s();
    let mut rows = Vec::new();
    for (method, route) in names {
        let is_route = |series: &SeriesKey| {
            is_counted(series) && series.method == method && series.route == route
        };
        let selection = judged.rollup.select(is_route)?;
        let latencies = selection.latencies()?;
        let mut errors: BTreeMap<u16, u64> = BTreeMap::new();
        let statuses: BTreeSet<u16> = judged
            .rollup
            .series()
            .iter()
            .filter(|series| is_route(series) && is_error(series))
            .map(|series| series.status)
            .collect();
        for status in statuses {
            let with_status = judged
                .rollup
                .select(|series| is_route(series) && series.status == status)?;
            errors.insert(status, with_status.count()?);
        }
        let requests = selection.count()?;
        rows.push(RouteRow {
            method: method.to_owned(),
            route: route.to_owned(),
            requests,
            rate_per_s: number(requests) / length_s,
            p50_us: latencies.quantile_us(0.5),
            p95_us: latencies.quantile_us(0.95),
            p99_us: latencies.quantile_us(0.99),
            errors: errors.values().sum(),
            errors_by_status: errors_by_status(errors),
        });
    }
    rows.sort_by(|a, b| {
        b.requests
            .cmp(&a.requests)
            .then_with(|| a.route.cmp(&b.route))
    });
    Ok(rows)
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

fn is_error(series: &SeriesKey) -> bool {
    is_counted(series) && (series.status == 0 || series.status == 429 || series.status >= 500)
}

/// Requests cut off at the end of a rehearsal say nothing about the target.
fn is_counted(series: &SeriesKey) -> bool {
    series.error != "cancelled"
}

fn total(rollup: &Rollup) -> u64 {
    let all = rollup.select(|_| true);
    all.and_then(|selection| selection.count()).unwrap_or(0)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and latencies stay below 2^53"
)]
fn number(count: u64) -> f64 {
    count as f64
}
