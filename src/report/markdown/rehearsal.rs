//! The top of a rehearsal's report as Markdown.

use super::super::clock::Clock;
use super::super::page::{CriterionRow, LimitPart, LoadRow, RehearsalPart, Unit};
use super::super::{text, words};
use super::escape::{code, plain};
use super::{response_time, share, table};

/// Hypothesis, conditions, offered against achieved, both latencies.
pub fn rehearsal_blocks(part: &RehearsalPart, clock: &Clock) -> Vec<String> {
    let mut blocks = vec!["## Hypothesis and conditions".to_owned()];
    blocks.push(match &part.hypothesis {
        Some(hypothesis) => plain(hypothesis),
        None => "The scenario states no hypothesis.".to_owned(),
    });
    blocks.push(match part.criteria.is_empty() {
        true => "No condition could be judged.".to_owned(),
        false => conditions(&part.criteria, clock),
    });
    if !part.has_own_criteria {
        let words = "The scenario names no conditions, so these are those of every rehearsal.";
        blocks.push(words.to_owned());
    }
    blocks.push("## Offered and achieved".to_owned());
    blocks.push(load("Shoppers", "Of those offered", &part.shoppers));
    blocks.push(load("Requests", "Of those made", &part.requests));
    let rows = part.latencies.iter().map(|row| {
        [
            plain(&row.name),
            response_time(Some(row.response_us)),
            response_time(Some(row.service_us)),
            response_time(row.first_byte_us),
        ]
    });
    blocks.push(table(
        &[
            "All requests",
            "Response time",
            "Service time",
            "First byte",
        ],
        rows,
    ));
    blocks.push(words::LATENCIES.to_owned());
    blocks
}

/// What happened past the limit.
pub fn limit_blocks(part: &LimitPart, clock: &Clock) -> Vec<String> {
    let rate = |rate: Option<f64>| {
        rate.map_or_else(
            || text::NO_VALUE.to_owned(),
            |rate| text::quantity(rate, Unit::PerSecond),
        )
    };
    let rows = part.rows.iter().map(|row| {
        [
            code(&words::route(&row.method, &row.route)),
            plain(&words::limit_outcome(row)),
            row.knee_us
                .map_or_else(|| text::NO_VALUE.to_owned(), |us| clock.plain(us)),
            rate(row.peak_per_s),
            rate(row.best_good_per_s),
            share(row.refused_share),
            share(row.failed_share),
            response_time(row.calm_median_us),
            response_time(row.worst_median_us),
            match row.recovery.is_empty() {
                true => text::NO_VALUE.to_owned(),
                false => plain(&row.recovery),
            },
        ]
    });
    let head = [
        "Route",
        "Behaviour",
        "Since",
        "Due at most",
        "Good at most",
        "Refused",
        "Failed",
        "Median, calm",
        "Median, worst",
        "Recovery",
    ];
    vec![
        "## Behaviour past the limit".to_owned(),
        plain(&part.sentence),
        plain(&part.shoppers),
        table(&head, rows),
    ]
}

fn conditions(rows: &[CriterionRow], clock: &Clock) -> String {
    let head = [
        "Condition",
        "State",
        "Value",
        "Limit",
        "n",
        "First missed",
        "What decided",
    ];
    let value = |row: &CriterionRow, value: Option<f64>| match (value, row.unit) {
        (Some(value), Some(unit)) => {
            let others: Vec<f64> = [row.value, row.limit].into_iter().flatten().collect();
            text::quantity_apart(value, unit, &others)
        }
        _ => text::NO_VALUE.to_owned(),
    };
    let rows = rows.iter().map(|row| {
        [
            plain(&row.title),
            words::state(row.state).to_owned(),
            value(row, row.value),
            value(row, row.limit),
            match row.count {
                0 => text::NO_VALUE.to_owned(),
                count => format!("{} {}", text::count(count), plain(&row.counted)),
            },
            row.first_missed_us
                .map_or_else(|| text::NO_VALUE.to_owned(), |us| clock.plain(us)),
            plain(&row.explanation),
        ]
    });
    table(&head, rows)
}

fn load(title: &str, of: &str, rows: &[LoadRow]) -> String {
    let rows = rows.iter().map(|row| {
        let note = row.note.as_ref();
        let note = note.map_or_else(String::new, |note| format!(" ({})", plain(note)));
        [
            format!("{}{note}", plain(&row.name)),
            text::quantity(row.count.round(), Unit::Count),
            share(row.share),
        ]
    });
    table(&[title, "Count", of], rows)
}
