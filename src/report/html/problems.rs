//! Problems: what fails, whom the same problem hit, and where errors and slow answers gather.
//!
//! In: rows, the worst first. Out: up to three tables. It never groups.

use maud::{Markup, html};

use super::super::page::{ClusterRow, FailureRow, SuspectRow, Unit};
use super::super::{text, words};
use super::clock::Clock;
use super::{figure, left_out, response_time, share};

/// Most rows of one table.
const ROWS_MAX: usize = 40;

/// "Customers affected by the same problem": one row is one problem, not one ticket.
pub fn cluster_section(clusters: &[ClusterRow], clock: &Clock) -> Markup {
    html! {
        section aria-labelledby="clusters" {
            h2 #clusters { "Customers affected by the same problem" }
            @if clusters.is_empty() {
                p { "No problem hit several customers at the same time." }
            } @else {
                table.cards aria-labelledby="clusters" {
                    thead { tr {
                        th scope="col" { "Problem" }
                        th.number scope="col" { "Customers" }
                        th.number scope="col" { "Requests" }
                        th scope="col" { "From" }
                        th scope="col" { "To" }
                        th scope="col" { "Mostly from" }
                    } }
                    tbody { @for row in clusters.iter().take(ROWS_MAX) { (cluster_row(row, clock)) } }
                }
                (left_out(clusters.len(), ROWS_MAX, "smaller problems"))
            }
        }
    }
}

fn cluster_row(row: &ClusterRow, clock: &Clock) -> Markup {
    html! {
        tr {
            th scope="row" { strong { (row.status) } " on " code { (format!("{} {}", row.method, row.route).trim_start()) } }
            td.number data-label="Customers" {
                @match row.shoppers {
                    Some(shoppers) => strong { (text::count(shoppers)) },
                    None => "not known",
                }
            }
            td.number data-label="Requests" { (text::count(row.requests)) }
            td data-label="From" { (clock.show(row.from_us)) }
            td data-label="To" { (clock.show(row.to_us)) }
            td data-label="Mostly from" { (words::mostly_from(row)) }
        }
    }
}

/// "What fails": routes and statuses.
pub fn failure_section(failures: &[FailureRow]) -> Markup {
    html! {
        section aria-labelledby="failures" {
            h2 #failures { "What fails" }
            @if failures.is_empty() {
                p { "No request failed." }
            } @else {
                table.cards aria-labelledby="failures" {
                    thead { tr {
                        th scope="col" { "Route" }
                        th scope="col" { "Status" }
                        th.number scope="col" { "Requests" }
                        th.number scope="col" { "Of the route" }
                        th.number scope="col" { "Of all failures" }
                        th.number scope="col" { "Customers" }
                    } }
                    tbody { @for row in failures.iter().take(ROWS_MAX) { (failure_row(row)) } }
                }
                (left_out(failures.len(), ROWS_MAX, "rarer failures"))
            }
        }
    }
}

fn failure_row(row: &FailureRow) -> Markup {
    html! {
        tr {
            th scope="row" { code { (row.method) " " (row.route) } }
            td data-label="Status" { (row.status) }
            td.number data-label="Requests" { (text::count(row.requests)) }
            td.number data-label="Of the route" { (figure(row.share_of_route, Unit::Share)) }
            td.number data-label="Of all failures" { (figure(row.share_of_failures, Unit::Share)) }
            td.number data-label="Customers" {
                strong { (words::customers(row)) }
            }
        }
    }
}

/// "Slow-query suspects"; nothing where there is none.
pub fn suspect_section(suspects: &[SuspectRow]) -> Markup {
    html! {
        @if !suspects.is_empty() {
            section aria-labelledby="suspects" {
                h2 #suspects { "Slow-query suspects" }
                p.small {
                    "Requests whose route or parameter goes with slow answers and errors, beside all "
                    "others. It shows where to look, not what the cause is."
                }
                table.cards aria-labelledby="suspects" {
                    thead { tr {
                        th scope="col" { "Route" }
                        th scope="col" { "Parameter" }
                        th.number scope="col" { "Requests" }
                        th.number scope="col" { "p95" }
                        th.number scope="col" { "p95 of the others" }
                        th.number scope="col" { "Errors" }
                        th.number scope="col" { "Errors of the others" }
                    } }
                    tbody { @for row in suspects.iter().take(ROWS_MAX) { (suspect_row(row)) } }
                }
                (left_out(suspects.len(), ROWS_MAX, "lesser suspects"))
            }
        }
    }
}

fn suspect_row(row: &SuspectRow) -> Markup {
    html! {
        tr {
            th scope="row" { code { (row.method) " " (row.route) } }
            td data-label="Parameter" {
                @match &row.parameter {
                    Some(parameter) => code { (parameter) },
                    None => span.small { "any" },
                }
            }
            td.number data-label="Requests" { (text::count(row.requests)) }
            td.number data-label="p95" { strong { (response_time(row.p95_us)) } }
            td.number data-label="p95 of the others" { (response_time(row.p95_elsewhere_us)) }
            td.number data-label="Errors" { strong { (share(row.errors_share)) } }
            td.number data-label="Errors of the others" { (share(row.errors_share_elsewhere)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    #[test]
    fn problems_past_the_limit_are_counted() {
        let page = sample::week::week();
        let clock = Clock::of(&page.timeline);
        let row = page
            .engineers
            .expect("a weekly page has it")
            .clusters
            .remove(0);
        let html = cluster_section(&vec![row; ROWS_MAX + 3], &clock).into_string();
        assert!(html.contains("3 smaller problems are not shown here."));
        assert_eq!(html.matches("<code>").count(), ROWS_MAX);
    }
}
