//! The traffic split by channel, route, client class and service, as Markdown tables.

use super::super::page::{AnalystPart, Breakdown, BreakdownRow, Unit};
use super::super::{text, words};
use super::escape::{code, plain};
use super::{share, table};

/// The blocks of every breakdown; none where there is none.
pub fn breakdown_blocks(part: &AnalystPart) -> Vec<String> {
    let mut blocks = Vec::new();
    if !part.breakdowns.is_empty() {
        blocks.push("## Breakdowns".to_owned());
    }
    for breakdown in &part.breakdowns {
        blocks.push(format!("### By {}", plain(&breakdown.by)));
        blocks.push(breakdown_table(breakdown));
    }
    blocks
}

fn breakdown_table(breakdown: &Breakdown) -> String {
    let mut head = vec![
        plain(&words::capitalised(&breakdown.by)),
        "Requests".to_owned(),
        "Share".to_owned(),
        "Errors".to_owned(),
    ];
    if breakdown.has_latency() {
        head.push("p95".to_owned());
    }
    head.extend(breakdown.slis.iter().map(|column| plain(&column.title)));
    let rows = breakdown.rows.iter().map(|row| cells(breakdown, row));
    table(&head, rows)
}

fn cells(breakdown: &Breakdown, row: &BreakdownRow) -> Vec<String> {
    let name = match row.name.is_empty() {
        true => "(none)".to_owned(),
        false => code(&row.name),
    };
    let mut cells = vec![
        name,
        text::count(row.requests),
        text::quantity(row.share, Unit::Share),
        share(row.errors_share),
    ];
    if breakdown.has_latency() {
        cells.push(super::response_time(row.p95_us));
    }
    cells.extend(breakdown.slis.iter().enumerate().map(|(at, column)| {
        let cell = row.slis.get(at);
        let found = cell.and_then(|cell| Some((cell.value?, cell.interval)));
        found.map_or_else(
            || text::NO_VALUE.to_owned(),
            |(value, interval)| text::quantity_within(value, column.unit, interval, &[]),
        )
    }));
    cells
}
