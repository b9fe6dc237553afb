//! Thresholds of a rehearsal and its load generator, as Markdown.

use super::super::clock::Clock;
use super::super::page::WatchPart;
use super::super::{text, words};
use super::escape::plain;
use super::table;

/// The tables that have rows, with their headings.
pub fn watch_blocks(part: &WatchPart, clock: &Clock) -> Vec<String> {
    let mut blocks = Vec::new();
    if !part.thresholds.is_empty() {
        let rows = part.thresholds.iter().map(|row| {
            let or_dash =
                |value: Option<String>| value.unwrap_or_else(|| text::NO_VALUE.to_owned());
            [
                plain(&row.demand),
                words::state(row.state).to_owned(),
                or_dash(row.first_broken_us.map(|at_us| clock.plain(at_us))),
                or_dash(row.worst.map(|worst| text::quantity(worst, row.unit))),
                text::count(row.count),
            ]
        });
        let head = ["Bad is", "State", "First broken", "Worst", "Requests"];
        blocks.push("## Thresholds".to_owned());
        blocks.push(table(&head, rows));
    }
    if !part.generator.is_empty() {
        let rows = part.generator.iter().map(|row| {
            [
                &row.name,
                &row.lowest,
                &row.median,
                &row.highest,
                &row.limit,
            ]
            .map(|text| plain(text))
        });
        let head = ["The load generator", "Lowest", "Median", "Highest", "Limit"];
        blocks.push("## Load generator".to_owned());
        blocks.push(table(&head, rows));
    }
    blocks
}
