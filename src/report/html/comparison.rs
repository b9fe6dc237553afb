//! A rehearsal beside an earlier one.
//!
//! In: the comparison. Out: one section. That two mixes differ stands first and loud.

use maud::{Markup, html};

use super::super::page::{ComparedLatency, ComparedSli, MixComparison, RunComparison, Unit};
use super::super::{text, words};
use super::clock::Clock;
use super::sli_table::state;
use super::{figure, left_out, response_time};

/// Most SLIs and changes.
const ROWS_MAX: usize = 60;

/// Writes the section.
pub fn comparison_section(part: &RunComparison, clock: &Clock) -> Markup {
    let is_loud = matches!(part.mix, MixComparison::Different | MixComparison::NotKnown);
    html! {
        section aria-labelledby="comparison" {
            h2 #comparison { "Against " (part.against) }
            @if is_loud { p.note { strong { (part.sentence) } } } @else { p { (part.sentence) } }
            p { (part.validity) " Its verdict was " strong { (words::verdict(part.verdict_before)) } "; it began at " (clock.in_full(part.started_us)) "." }
            @if !is_loud { (changes(&part.changes)) }
            (sli_table(&part.slis))
            (latency_table(&part.latencies))
            table.load {
                thead { tr {
                    th scope="col" { "Count" }
                    th.number scope="col" { "Before" }
                    th.number scope="col" { "Now" }
                } }
                tbody { @for row in &part.loads {
                    tr {
                        th scope="row" { (row.name) }
                        td.number { (text::count(row.before)) }
                        td.number { (text::count(row.after)) }
                    }
                } }
            }
            p.small { (words::COMPARISON) }
        }
    }
}

fn changes(changes: &[String]) -> Markup {
    html! {
        @if changes.is_empty() {
            p { "Nothing changed beyond noise." }
        } @else {
            ul { @for change in changes.iter().take(ROWS_MAX) { li { (change) } } }
            (left_out(changes.len(), ROWS_MAX, "changes"))
        }
    }
}

fn sli_table(slis: &[ComparedSli]) -> Markup {
    html! {
        table.cards.compared {
            thead { tr {
                th scope="col" { "SLI" }
                th.number scope="col" { "Before" }
                th.number scope="col" { "Now" }
                th scope="col" { "Difference" }
                th scope="col" { "State before" }
                th scope="col" { "State now" }
            } }
            tbody { @for sli in slis.iter().take(ROWS_MAX) {
                tr {
                    th scope="row" { (sli.title) }
                    td.number data-label="Before" { (value(sli.before, sli.after, sli.unit)) }
                    td.number data-label="Now" { (value(sli.after, sli.before, sli.unit)) }
                    td data-label="Difference" { (noise(sli.is_outside_noise)) }
                    td data-label="State before" { (state(sli.state_before)) }
                    td data-label="State now" { (state(sli.state_after)) }
                }
            } }
        }
        (left_out(slis.len(), ROWS_MAX, "SLIs"))
    }
}

fn latency_table(rows: &[ComparedLatency]) -> Markup {
    html! {
        table.cards.compared {
            thead { tr {
                th scope="col" { "All requests" }
                th.number scope="col" { "Response before" }
                th.number scope="col" { "Response now" }
                th scope="col" { "Difference" }
                th.number scope="col" { "Service before" }
                th.number scope="col" { "Service now" }
            } }
            tbody { @for row in rows {
                tr {
                    th scope="row" { (row.name) }
                    td.number data-label="Response before" { (response_time(row.response_before_us)) }
                    td.number data-label="Response now" { (response_time(row.response_after_us)) }
                    td data-label="Difference" { (noise(row.is_outside_noise)) }
                    td.number data-label="Service before" { (response_time(row.service_before_us)) }
                    td.number data-label="Service now" { (response_time(row.service_after_us)) }
                }
            } }
        }
    }
}

fn value(value: Option<f64>, other: Option<f64>, unit: Unit) -> Markup {
    html! {
        @match value {
            Some(value) if other.is_none() => (figure(value, unit)),
            Some(value) => {
                @let others: Vec<f64> = other.into_iter().collect();
                span title=(text::quantity_in_full(value, unit)) {
                    (text::quantity_apart(value, unit, &others).replace(' ', "\u{a0}"))
                }
            },
            None => (text::NO_VALUE),
        }
    }
}

fn noise(is_outside_noise: Option<bool>) -> Markup {
    let word = words::noise(is_outside_noise);
    html! { @if is_outside_noise == Some(true) { strong { (word) } } @else { span.small { (word) } } }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    #[test]
    fn different_mixes_are_said_loudly_and_nothing_is_called_a_change() {
        let page = sample::black_friday();
        let clock = Clock::of(&page.timeline);
        let part = page.rehearsal.and_then(|part| part.comparison);
        let mut part = part.expect("the example has one");
        let html = comparison_section(&part, &clock).into_string();
        assert!(html.contains("<li>Time to check out rose") && !html.contains("class=\"note\""));
        part.mix = MixComparison::Different;
        part.sentence = "NOT THE SAME REHEARSAL".into();
        let html = comparison_section(&part, &clock).into_string();
        assert!(html.contains("<p class=\"note\"><strong>NOT THE SAME REHEARSAL"));
        assert!(!html.contains("<li>"), "{html}");
    }
}
