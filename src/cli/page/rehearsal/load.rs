//! Offered against achieved, in numbers.

use super::super::{Judged, number};
use crate::cli::facts::RunFacts;
use crate::report::{LoadRow, text};
use crate::request_record::{NO_ANSWER, is_own_error};

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
    if run.closed_shoppers > 0 {
        rows.push(LoadRow {
            share: None,
            note: Some("in a closed model; each of their visits is offered".to_owned()),
            ..row("at once", run.closed_shoppers)
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
    let mut ends = [0; ENDS.len()];
    let totals = judged.rollup.totals();
    for (series, count) in judged.rollup.series().iter().zip(&totals.counts) {
        ends[end_of(&series.error, series.status)] += count;
    }
    let mut rows = Vec::new();
    rows.extend(run.planned_requests.map(|planned| LoadRow {
        name: "planned".to_owned(),
        count: planned.round(),
        share: None,
        note: Some(match run.is_stopped {
            true => "until the stop, if everybody came through and answers took no time; without retries and assets of pages".to_owned(),
            false => "if everybody comes through; without retries and assets of pages".to_owned(),
        }),
    }));
    let repeated = run.seconds.repeated_count();
    rows.extend([LoadRow {
        note: (repeated > 0)
            .then(|| format!("{} of them retries or reloads", text::count(repeated))),
        ..row("made", run.requests)
    }]);
    let ends = ENDS.iter().zip(ends);
    // What a run rarely has, a row of zero would say of every run.
    let told = ends.filter(|((_, is_always_told), count)| *is_always_told || *count > 0);
    rows.extend(told.map(|((name, _), count)| row(name, count)));
    if run.records_lost > 0 {
        rows.push(row("not recorded", run.records_lost));
    }
    rows
}

/// How a request ends, each in exactly one way, and whether that is told also where none did.
const ENDS: [(&str, bool); 6] = [
    ("answered well", true),
    ("refused (429, 503)", true),
    ("other errors", true),
    ("no answer", true),
    ("cut off at the end", false),
    ("never sent", false),
];

/// The index in [`ENDS`] of how a request ended.
fn end_of(error: &str, status: u16) -> usize {
    match (error, status) {
        ("cancelled", _) => 4,
        (error, _) if is_own_error(error) => 5,
        (_, NO_ANSWER) => 3,
        (_, 429 | 503) => 1,
        ("", ..400) => 0,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_ends_in_one_way() {
        for (error, status, end) in [
            ("", 200, "answered well"),
            ("", 302, "answered well"),
            ("", 404, "other errors"),
            ("", 500, "other errors"),
            ("check", 200, "other errors"),
            ("", 429, "refused (429, 503)"),
            ("", 503, "refused (429, 503)"),
            ("timeout", NO_ANSWER, "no answer"),
            ("reset", 200, "other errors"),
            ("cancelled", NO_ANSWER, "cut off at the end"),
            ("cancelled", 200, "cut off at the end"),
            ("ports", NO_ANSWER, "never sent"),
            ("descriptors", NO_ANSWER, "never sent"),
        ] {
            assert_eq!(ENDS[end_of(error, status)].0, end, "{error} {status}");
        }
    }
}
