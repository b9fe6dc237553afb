//! Thresholds of a rehearsal, and the health of its load generator.
//!
//! In: rows in their order. Out: two tables that become cards on a narrow screen; nothing where there
//! are no rows. It never judges.

use maud::{Markup, html};

use super::super::page::{GeneratorRow, ThresholdRow, WatchPart};
use super::super::text;
use super::clock::Clock;
use super::figure;
use super::sli_table::state;

/// Writes the section of thresholds.
pub fn threshold_section(part: &WatchPart, clock: &Clock) -> Markup {
    html! {
        @if !part.thresholds.is_empty() {
            section aria-labelledby="thresholds" {
                h2 #thresholds { "Thresholds" }
                table.cards {
                    thead { tr {
                        th scope="col" { "Demand: bad is" }
                        th scope="col" { "State" }
                        th scope="col" { "First broken" }
                        th.number scope="col" { "Broken for" }
                        th.number scope="col" { "Worst" }
                        th.number scope="col" { "Requests" }
                    } }
                    tbody { @for row in &part.thresholds { (threshold_row(row, clock)) } }
                }
            }
        }
    }
}

fn threshold_row(row: &ThresholdRow, clock: &Clock) -> Markup {
    html! {
        tr {
            th scope="row" {
                (row.demand)
                @if row.aborts { div.small { "stops the run" } }
            }
            td data-label="State" { (state(row.state)) }
            td data-label="First broken" {
                @match row.first_broken_us {
                    Some(at_us) => (clock.show(at_us)),
                    None => (text::NO_VALUE),
                }
            }
            td.number data-label="Broken for" {
                @if row.broken_s > 0.0 { (text::duration(row.broken_s)) } @else { (text::NO_VALUE) }
            }
            td.number data-label="Worst" {
                @match row.worst {
                    Some(worst) => (figure(worst, row.unit)),
                    None => (text::NO_VALUE),
                }
            }
            td.number data-label="Requests" { (text::count(row.count)) }
        }
    }
}

/// Writes the section of the load generator.
pub fn generator_section(rows: &[GeneratorRow]) -> Markup {
    html! {
        @if !rows.is_empty() {
            section aria-labelledby="generator" {
                h2 #generator { "The load generator" }
                p { "What it took of its own machine, second by second. Where it was at its end, the run is invalid, and nothing of it is the target's fault." }
                table.cards {
                    thead { tr {
                        th scope="col" { "What" }
                        th.number scope="col" { "Lowest" }
                        th.number scope="col" { "Median" }
                        th.number scope="col" { "Highest" }
                        th.number scope="col" { "Limit" }
                    } }
                    tbody { @for row in rows { (generator_row(row)) } }
                }
            }
        }
    }
}

fn generator_row(row: &GeneratorRow) -> Markup {
    html! {
        tr {
            th scope="row" { (row.name) }
            td.number data-label="Lowest" { (row.lowest) }
            td.number data-label="Median" { (row.median) }
            td.number data-label="Highest" { (row.highest) }
            td.number data-label="Limit" {
                @if row.limit.is_empty() { (text::NO_VALUE) } @else { (row.limit) }
            }
        }
    }
}
