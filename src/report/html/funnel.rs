//! The funnel from the first page to the order, beside what was expected.
//!
//! In: steps with counts. Out: one table with bars. It divides counts for the shares it shows
//! and computes nothing else.

use maud::{Markup, html};

use super::super::page::{FunnelStep, Unit};
use super::super::text;

const BAR_WIDTH: f64 = 200.0;

/// Writes the section.
pub fn funnel_section(steps: &[FunnelStep]) -> Markup {
    let first_count = steps.first().map_or(0, |step| step.count);
    html! {
        section aria-labelledby="funnel" {
            h2 #funnel { "Funnel" }
            table.cards.funnel {
                thead { tr {
                    th scope="col" { "Step" }
                    th scope="col" { "Reached" }
                    th.number scope="col" { "Count" }
                    th.number scope="col" { "Of the first step" }
                    th.number scope="col" { "Expected" }
                    th.number scope="col" { "Of the step before" }
                } }
                tbody {
                    @for (index, step) in steps.iter().enumerate() {
                        @let before = index.checked_sub(1).and_then(|at| steps.get(at));
                        (funnel_row(step, first_count, before))
                    }
                }
            }
            p.small { "Bar: share of the first step. Upright line: the expected share." }
        }
    }
}

fn funnel_row(step: &FunnelStep, first_count: u64, before: Option<&FunnelStep>) -> Markup {
    let of_first = share(step.count, first_count);
    html! {
        tr {
            th scope="row" { (step.name) }
            td data-label="Reached" { (bar(of_first, step.expected_share)) }
            td.number data-label="Count" { span { (text::count(step.count)) " " (step.unit) } }
            td.number data-label="Of the first step" { (percent(of_first)) }
            td.number data-label="Expected" { (percent(step.expected_share)) }
            td.number data-label="Of the step before" {
                (percent(before.and_then(|before| share(step.count, before.count))))
            }
        }
    }
}

fn bar(reached: Option<f64>, expected: Option<f64>) -> Markup {
    let pixels = |share: f64| {
        let share = if share.is_finite() {
            share.clamp(0.0, 1.0)
        } else {
            0.0
        };
        (share * BAR_WIDTH * 10.0).round() / 10.0
    };
    html! {
        svg.bar viewBox={ "0 0 " (BAR_WIDTH) " 16" } preserveAspectRatio="none" aria-hidden="true" {
            rect.track x="0" y="3" width=(BAR_WIDTH) height="10" {}
            @if let Some(reached) = reached {
                rect.fill x="0" y="3" width=(pixels(reached)) height="10" {}
            }
            @if let Some(expected) = expected {
                rect.expected x=(pixels(expected).min(BAR_WIDTH - 2.0)) y="0" width="2" height="16" {}
            }
        }
    }
}

/// `part` of `whole`; `None` where there is no whole.
fn share(part: u64, whole: u64) -> Option<f64> {
    // Counts below 2^53 are exact.
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(
        || text::NO_VALUE.to_owned(),
        |share| text::quantity(share, Unit::Share),
    )
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    #[test]
    fn shares_are_of_the_first_step_and_of_the_step_before() {
        let page = sample::black_friday();
        let html = funnel_section(&page.funnel).into_string();
        for text in [
            "9\u{2009}214 shoppers",
            "85.8 %",
            "12.6 %",
            "59.2 %",
            "21 %",
        ] {
            assert!(html.contains(text), "{text}");
        }
    }

    #[test]
    fn a_first_step_without_shoppers_has_no_shares() {
        let mut steps = sample::black_friday().funnel;
        steps.iter_mut().for_each(|step| step.count = 0);
        let html = funnel_section(&steps).into_string();
        assert!(!html.contains("NaN"));
        assert!(html.contains(text::NO_VALUE));
    }
}
