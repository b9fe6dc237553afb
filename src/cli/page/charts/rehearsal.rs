//! Charts that only a rehearsal has: the curve, goodput of what broke, errors by status, retries.

use std::collections::BTreeMap;

use super::super::{is_counted, number, status_name};
use super::{Grid, line};
use crate::cli::facts::RunFacts;
use crate::cli::range::Judged;
use crate::report::{
    Chart, LimitOutcome, LimitRow, RehearsalPart, Scale, Series, SeriesStyle, Unit, text,
};
use crate::rollup::SeriesKey;

/// Statuses that have an area of their own; the page has as many colours.
const STATUSES_MAX: usize = 5;

/// The curve against those who really came; `None` for a week.
pub fn shopper_chart(judged: &Judged, grid: &Grid) -> Option<Chart> {
    let run = judged.run.as_ref()?;
    let planned = run.planned_per_s.iter().map(|planned| Some(*planned));
    let padded = planned.chain(std::iter::repeat(None)).take(grid.count);
    // A run of an older version does not know when its shoppers really came.
    let started = match run.seconds.started.is_empty() {
        true => ("shoppers due", &run.arrivals_per_s),
        false => ("shoppers who came", &run.seconds.started),
    };
    let mut series = vec![Series {
        name: started.0.to_owned(),
        style: SeriesStyle::Area,
        values: grid.of_seconds(started.1),
    }];
    if !run.planned_per_s.is_empty() {
        series.push(line("planned by the curve", padded.collect()));
    }
    let planned: f64 = run.planned_per_s.iter().sum();
    let plan = match run.planned_per_s.is_empty() {
        true => String::new(),
        false => format!("{} were planned, ", text::count(whole(planned))),
    };
    Some(Chart {
        title: "Shoppers".to_owned(),
        unit: Unit::PerSecond,
        scale: Scale::Linear,
        series,
        limits: Vec::new(),
        message: format!(
            "{plan}{} were due, {} came, {} were dropped.",
            text::count(run.offered_arrivals),
            text::count(run.started),
            text::count(run.dropped)
        ),
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a sum of arrival rates is not negative and far below 2^53"
)]
fn whole(planned: f64) -> u64 {
    planned.round() as u64
}

/// What was due of the route that broke first, against its good answers when they came.
pub fn goodput_chart(judged: &Judged, part: &RehearsalPart, grid: &Grid) -> Option<Chart> {
    let run = judged.run.as_ref()?;
    let rows = part.limit.as_ref()?.rows.iter();
    let mut past = rows.filter(|row| row.outcome == LimitOutcome::Past && !row.route.is_empty());
    let row: &LimitRow = past.next()?;
    let is_own = |series: &SeriesKey| {
        is_counted(series) && series.method == row.method && series.route == row.route
    };
    let due = grid.counts(&judged.rollup, is_own);
    let mut good = run.seconds.good.iter();
    let good = good.find(|good| good.method == row.method && good.route == row.route)?;
    let best = row.best_good_per_s.unwrap_or(0.0);
    Some(Chart {
        title: format!("{} {}: due and answered well", row.method, row.route),
        unit: Unit::PerSecond,
        scale: Scale::Linear,
        series: vec![
            Series {
                name: "good answers, when they came".to_owned(),
                style: SeriesStyle::Area,
                values: grid.of_seconds(&good.per_s),
            },
            line("requests due", grid.of_seconds(&due)),
        ],
        limits: Vec::new(),
        message: format!(
            "At most {} good answers, over a few seconds; {}.",
            text::quantity(best, Unit::PerSecond),
            match row.recovery.is_empty() {
                true => "no recovery was seen".to_owned(),
                false => format!("recovery: {}", row.recovery),
            }
        ),
    })
}

/// Answers that were none, a 4xx or a 5xx, by status, one on top of the other.
pub fn error_chart(judged: &Judged, grid: &Grid) -> Chart {
    let is_bad = |series: &SeriesKey| {
        is_counted(series)
            && (series.status == 0 || series.status >= 400 || !series.error.is_empty())
    };
    let mut totals: BTreeMap<u16, u64> = BTreeMap::new();
    let counted = judged
        .rollup
        .series()
        .iter()
        .zip(&judged.rollup.totals().counts);
    for (series, count) in counted.filter(|(series, _)| is_bad(series)) {
        *totals.entry(series.status).or_default() += count;
    }
    let mut statuses: Vec<(u16, u64)> = totals.into_iter().collect();
    statuses.sort_by_key(|(status, count)| (std::cmp::Reverse(*count), *status));
    let all: u64 = statuses.iter().map(|(_, count)| count).sum();
    let named: Vec<u16> = statuses
        .iter()
        .take(STATUSES_MAX)
        .map(|(status, _)| *status)
        .collect();
    let area = |name: String, is_wanted: &dyn Fn(u16) -> bool| {
        let is_own = |series: &SeriesKey| is_bad(series) && is_wanted(series.status);
        let counts = grid.counts(&judged.rollup, is_own);
        Series {
            name,
            style: SeriesStyle::Stacked,
            values: counts
                .iter()
                .map(|count| Some(grid.per_second(*count)))
                .collect(),
        }
    };
    let mut series: Vec<Series> = named
        .iter()
        .map(|named| area(bad_name(*named), &|status| status == *named))
        .collect();
    if statuses.len() > STATUSES_MAX {
        series.push(area("others".to_owned(), &|status| {
            !named.contains(&status)
        }));
    }
    if series.is_empty() {
        series.push(area("errors".to_owned(), &|_| true));
    }
    Chart {
        title: "Errors by status".to_owned(),
        unit: Unit::PerSecond,
        scale: Scale::Linear,
        series,
        limits: Vec::new(),
        message: match all {
            0 => "No request ended in an error.".to_owned(),
            all => format!(
                "{} requests ended in an error, at the time at which they were due.",
                text::count(all)
            ),
        },
    }
}

/// A good status with an error is an answer that failed its check.
fn bad_name(status: u16) -> String {
    match status {
        1..400 => format!("{status}, not as it must be"),
        status => status_name(status),
    }
}

/// Attempts per request that was wanted; `None` where nobody tried again.
pub fn retry_chart(run: &RunFacts, grid: &Grid) -> Option<Chart> {
    let repeated = run.seconds.repeated_count();
    if repeated == 0 {
        return None;
    }
    let none = || std::iter::repeat(0);
    let wanted = run.seconds.wanted.iter().copied().chain(none());
    let repeats = run.seconds.repeated.iter().copied().chain(none());
    let values = wanted.zip(repeats).take(grid.count);
    let values = values
        .map(|(wanted, repeated)| (wanted > 0).then(|| number(wanted + repeated) / number(wanted)));
    let values: Vec<Option<f64>> = values.collect();
    let worst = values.iter().flatten().copied().fold(1.0, f64::max);
    Some(Chart {
        title: "Attempts per request that was wanted".to_owned(),
        unit: Unit::Times,
        scale: Scale::Linear,
        series: vec![line("retry amplification", values)],
        limits: Vec::new(),
        message: format!(
            "Shoppers tried {} times again; at worst they made {} as many requests as they wanted in that second.",
            text::count(repeated),
            text::quantity(worst, Unit::Times)
        ),
    })
}
