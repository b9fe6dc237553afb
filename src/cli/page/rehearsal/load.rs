//! Offered against achieved, in numbers.

use super::super::{Judged, is_counted, number};
use crate::cli::facts::RunFacts;
use crate::report::{LoadRow, text};
use crate::rollup::SeriesKey;

pub fn shoppers(run: &RunFacts) -> Vec<LoadRow> {
    let share = |count: u64| {
        (run.offered_arrivals > 0).then(|| number(count) / number(run.offered_arrivals))
    };
    let row = |name: &str, count: u64| LoadRow {
        name: name.to_owned(),
        count: number(count),
        share: share(count),
        note: None,
    };
    let mut rows = Vec::new();
    if !run.planned_per_s.is_empty() {
        rows.push(LoadRow {
            name: "planned by the curve".to_owned(),
            count: run.planned_per_s.iter().sum(),
            share: None,
            note: Some("expected; arrivals scatter around it".to_owned()),
        });
    }
    if run.withheld > 0 {
        rows.push(LoadRow {
            note: Some("did not come: their channel was turned off".to_owned()),
            share: None,
            ..row("withheld", run.withheld)
        });
    }
    rows.extend([
        row("offered", run.offered_arrivals),
        LoadRow {
            note: Some("turned away by the load generator".to_owned()).filter(|_| run.dropped > 0),
            ..row("dropped", run.dropped)
        },
        row("started", run.started),
        row("completed", run.completed),
        row("gave up after an error", run.gave_up),
        row("lost patience", run.lost_patience),
        row("cut off at the end", run.cut),
    ]);
    rows
}

pub fn requests(judged: &Judged, run: &RunFacts) -> Vec<LoadRow> {
    let share = |count: u64| (run.requests > 0).then(|| number(count) / number(run.requests));
    let row = |name: &str, count: u64| LoadRow {
        name: name.to_owned(),
        count: number(count),
        share: share(count),
        note: None,
    };
    let count = |is_wanted: &dyn Fn(&SeriesKey) -> bool| {
        judged
            .rollup
            .select(|series| is_counted(series) && is_wanted(series))
            .count()
    };
    let is_well = |series: &SeriesKey| series.error.is_empty() && series.status < 400;
    let mut rows = Vec::new();
    rows.extend(run.planned_requests.map(|planned| LoadRow {
        name: "planned".to_owned(),
        count: planned.round(),
        share: None,
        note: Some("if everybody comes through; without retries and assets of pages".to_owned()),
    }));
    let repeated = run.seconds.repeated_count();
    rows.extend([
        LoadRow {
            note: (repeated > 0)
                .then(|| format!("{} of them retries or reloads", text::count(repeated))),
            ..row("made", run.requests)
        },
        row("answered well", count(&is_well)),
        row(
            "refused (429, 503)",
            count(&|series| matches!(series.status, 429 | 503)),
        ),
        row(
            "other errors",
            count(&|series| {
                series.status != 0 && !is_well(series) && !matches!(series.status, 429 | 503)
            }),
        ),
        row("no answer", count(&|series| series.status == 0)),
    ]);
    rows
}
