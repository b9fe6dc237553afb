//! The top of a rehearsal's report: the hypothesis, its conditions, offered against achieved.
//!
//! In: the part that only a rehearsal has. Out: two sections. It never judges: the states are given.

use maud::{Markup, html};

use super::super::page::{CriterionRow, LatencyRow, LoadRow, RehearsalPart, Unit};
use super::super::{text, words};
use super::clock::Clock;
use super::sli_table::state;
use super::{figure, left_out};

/// Most conditions; a scenario has at most a hundred.
const ROWS_MAX: usize = 100;

/// Writes what was expected, and whether it happened.
pub fn condition_section(part: &RehearsalPart, clock: &Clock) -> Markup {
    html! {
        section aria-labelledby="conditions" {
            h2 #conditions { "Hypothesis and conditions" }
            @match &part.hypothesis {
                Some(hypothesis) => p.hypothesis { (hypothesis) },
                None => p.small { "The scenario states no hypothesis: what was expected to happen was not written before the run." },
            }
            @if part.criteria.is_empty() {
                p { "No condition could be judged." }
            } @else {
                table.cards.conditions {
                    thead { tr {
                        th scope="col" { "Condition" }
                        th scope="col" { "State" }
                        th.number scope="col" { "Value" }
                        th.number scope="col" { "Limit" }
                        th.number scope="col" { "n" }
                        th scope="col" { "First missed" }
                        th scope="col" { "What decided" }
                    } }
                    tbody { @for row in part.criteria.iter().take(ROWS_MAX) { (condition_row(row, clock)) } }
                }
                (left_out(part.criteria.len(), ROWS_MAX, "conditions"))
            }
            @if !part.has_own_criteria {
                p.small { "The scenario names no conditions, so these are those of every rehearsal." }
            }
        }
    }
}

fn condition_row(row: &CriterionRow, clock: &Clock) -> Markup {
    html! {
        tr {
            th scope="row" { (row.title) }
            td data-label="State" { (state(row.state)) }
            td.number data-label="Value" { span { (value(row, row.value)) } }
            td.number data-label="Limit" { span { (value(row, row.limit)) } }
            td.number data-label="n" {
                @if row.count > 0 { span { (text::count(row.count)) " " span.small { (row.counted) } } }
                @else { (text::NO_VALUE) }
            }
            td data-label="First missed" {
                @match row.first_missed_us {
                    Some(us) => (clock.show(us)),
                    None => (text::NO_VALUE),
                }
            }
            td.text data-label="What decided" { (row.explanation) }
        }
    }
}

fn value(row: &CriterionRow, value: Option<f64>) -> Markup {
    match (value, row.unit) {
        (Some(value), Some(unit)) => {
            let other = [row.value, row.limit].into_iter().flatten();
            let others: Vec<f64> = other.collect();
            let short = text::quantity_apart(value, unit, &others).replace(' ', "\u{a0}");
            html! { span title=(text::quantity_in_full(value, unit)) { (short) } }
        }
        _ => html! { (text::NO_VALUE) },
    }
}

/// Writes what was planned beside what came of it, and both latencies.
pub fn achieved_section(part: &RehearsalPart) -> Markup {
    html! {
        section aria-labelledby="achieved" {
            h2 #achieved { "Offered and achieved" }
            div.columns {
                (load_table("Shoppers", "Of those offered", &part.shoppers))
                (load_table("Requests", "Of those made", &part.requests))
                (latency_table(&part.latencies))
            }
        }
    }
}

fn load_table(title: &str, share: &str, rows: &[LoadRow]) -> Markup {
    html! {
        table.load {
            thead { tr {
                th scope="col" { (title) }
                th.number scope="col" { "Count" }
                th.number scope="col" { (share) }
            } }
            tbody {
                @for row in rows {
                    tr {
                        th scope="row" { (row.name) @if let Some(note) = &row.note { div.small { (note) } } }
                        td.number { (figure(row.count.round(), Unit::Count)) }
                        td.number { (super::share(row.share)) }
                    }
                }
            }
        }
    }
}

fn latency_table(rows: &[LatencyRow]) -> Markup {
    html! {
        div {
            table.load {
                thead { tr {
                    th scope="col" { "All requests" }
                    th.number scope="col" { "Response" }
                    th.number scope="col" { "Service" }
                    th.number scope="col" { "First byte" }
                } }
                tbody {
                    @for row in rows {
                        tr {
                            th scope="row" { (row.name) }
                            td.number { (super::response_time(Some(row.response_us))) }
                            td.number { (super::response_time(Some(row.service_us))) }
                            td.number { (super::response_time(row.first_byte_us)) }
                        }
                    }
                }
            }
            p.small { (words::LATENCIES) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    fn part() -> (RehearsalPart, Clock) {
        let page = sample::black_friday();
        let clock = Clock::of(&page.timeline);
        (page.rehearsal.expect("a rehearsal has it"), clock)
    }

    #[test]
    fn a_condition_shows_value_limit_count_and_the_first_moment() {
        let (part, clock) = part();
        let html = condition_section(&part, &clock).into_string();
        for text in [
            "Checkout queues for less than 30 s",
            "4.81\u{a0}s",
            "4\u{a0}s",
            "00:41",
            "not enough data",
        ] {
            assert!(html.contains(text), "{text}: {html}");
        }
        assert!(!html.contains("names no conditions"));
    }

    #[test]
    fn what_nobody_wrote_before_the_run_is_said_to_be_missing() {
        let (mut part, clock) = part();
        part.hypothesis = None;
        part.has_own_criteria = false;
        part.criteria.clear();
        let html = condition_section(&part, &clock).into_string();
        for text in [
            "states no hypothesis",
            "No condition could be judged",
            "names no conditions",
        ] {
            assert!(html.contains(text), "{text}");
        }
    }
}
