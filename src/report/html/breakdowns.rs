//! The traffic split by channel, route, client class and service; and the weeks in which contacts
//! and budgets disagree.
//!
//! In: rows, most requests first. Out: one table per split. It never sorts.

use maud::{Markup, html};

use super::super::page::{AnalystPart, Breakdown, BreakdownRow, Unit};
use super::super::{text, words};
use super::{figure, figure_within, left_out, name_or_none, response_time, share};

/// Most rows of one split.
const ROWS_MAX: usize = 30;

/// Most SLIs that have a column; more do not fit the width.
const COLUMNS_MAX: usize = 6;

/// Writes the sections that have something to show.
pub fn breakdown_sections(part: &AnalystPart) -> Markup {
    html! {
        @if !part.breakdowns.is_empty() {
            section aria-labelledby="breakdowns" {
                h2 #breakdowns { "Breakdowns" }
                @for (index, breakdown) in part.breakdowns.iter().enumerate() {
                    (breakdown_table(breakdown, index))
                }
            }
        }
    }
}

fn breakdown_table(breakdown: &Breakdown, index: usize) -> Markup {
    let id = format!("breakdown-{index}");
    html! {
        h3 id=(id) { "By " (breakdown.by) }
        table.cards.breakdown aria-labelledby=(id) {
            thead { tr {
                th scope="col" { (words::capitalised(&breakdown.by)) }
                th.number scope="col" { "Requests" }
                th.number scope="col" { "Share" }
                th.number scope="col" { "Errors" }
                @if breakdown.has_latency() { th.number scope="col" { "p95" } }
                @for column in breakdown.slis.iter().take(COLUMNS_MAX) { th.number.sli scope="col" { (column.title) } }
            } }
            tbody {
                @for row in breakdown.rows.iter().take(ROWS_MAX) { (breakdown_row(breakdown, row)) }
            }
        }
        (left_out(breakdown.rows.len(), ROWS_MAX, "least busy rows"))
        (left_out(breakdown.slis.len(), COLUMNS_MAX, "SLIs"))
    }
}

fn breakdown_row(breakdown: &Breakdown, row: &BreakdownRow) -> Markup {
    html! {
        tr {
            th scope="row" { (name_or_none(&row.name)) }
            td.number data-label="Requests" { (text::count(row.requests)) }
            td.number data-label="Share" { (figure(row.share, Unit::Share)) }
            td.number data-label="Errors" { (share(row.errors_share)) }
            @if breakdown.has_latency() { td.number data-label="p95" { (response_time(row.p95_us)) } }
            @for (column, at) in breakdown.slis.iter().zip(0..COLUMNS_MAX) {
                @let cell = row.slis.get(at);
                td.number data-label=(column.title) {
                    @match cell.and_then(|cell| Some((cell.value?, cell.interval))) {
                        Some((value, interval)) => (figure_within(value, column.unit, interval)),
                        None => (text::NO_VALUE),
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    #[test]
    fn a_row_with_too_few_cells_is_filled_with_dashes() {
        let mut part = sample::week::week().analysts.expect("a weekly page has it");
        part.breakdowns[0].rows[0].slis.clear();
        let html = breakdown_sections(&part).into_string();
        assert!(html.contains(">–</td>"));
    }

    #[test]
    fn traffic_without_a_name_is_named_so() {
        let part = sample::week::week().analysts.expect("a weekly page has it");
        assert!(breakdown_sections(&part).into_string().contains("(none)"));
    }
}
