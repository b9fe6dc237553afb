//! What happened past the limit of the target.
//!
//! In: the part that only a rehearsal has. Out: one section. It never judges.

use maud::{Markup, html};

use super::super::page::{LimitOutcome, LimitPart, LimitRow, Unit};
use super::super::{text, words};
use super::clock::Clock;
use super::{figure, left_out, response_time};

/// Most routes.
const ROWS_MAX: usize = 20;

/// Writes the section.
pub fn limit_section(part: &LimitPart, clock: &Clock) -> Markup {
    let has_limit = part
        .rows
        .iter()
        .any(|row| matches!(row.outcome, LimitOutcome::Past | LimitOutcome::NotTheLoad));
    html! {
        section aria-labelledby="limit" {
            h2 #limit { "Behaviour past the limit" }
            p { (part.sentence) }
            p { (part.shoppers) }
            @if has_limit {
                table.cards.limits {
                    thead { tr {
                        th scope="col" { "Route" }
                        th scope="col" { "Behaviour" }
                        th scope="col" { "Since" }
                        th.number scope="col" { "Due at most" }
                        th.number scope="col" { "Good answers at most" }
                        th.number scope="col" { "Median, calm" }
                        th.number scope="col" { "Median, worst" }
                        th scope="col" { "Recovery" }
                    } }
                    tbody { @for row in part.rows.iter().take(ROWS_MAX) { (limit_row(row, clock)) } }
                }
                (left_out(part.rows.len(), ROWS_MAX, "routes"))
                p.small { (words::LIMITS) }
            }
        }
    }
}

fn limit_row(row: &LimitRow, clock: &Clock) -> Markup {
    html! {
        tr {
            th scope="row" { (words::route(&row.method, &row.route)) }
            td data-label="Behaviour" { div { (words::limit_outcome(row)) (shares(row)) } }
            td data-label="Since" {
                div {
                    @match row.knee_us {
                        Some(us) => {
                            (clock.show(us))
                            @if let Some(rate) = row.knee_per_s { div.small { "at " (figure(rate, Unit::PerSecond)) } }
                        },
                        None => (text::NO_VALUE),
                    }
                }
            }
            td.number data-label="Due at most" { (rate(row.peak_per_s)) }
            td.number data-label="Good answers at most" {
                div {
                    (rate(row.best_good_per_s))
                    @if let Some(offered) = row.offered_at_best_per_s {
                        div.small { "of " (figure(offered, Unit::PerSecond)) " due" }
                    }
                }
            }
            td.number data-label="Median, calm" { (response_time(row.calm_median_us)) }
            td.number data-label="Median, worst" { (response_time(row.worst_median_us)) }
            td data-label="Recovery" {
                div {
                    @if row.recovery.is_empty() { (text::NO_VALUE) } @else { (row.recovery) }
                    @if let Some(back_s) = row.slis_back_s {
                        div.small { "every SLI within its levels after " (text::duration(back_s)) }
                    }
                }
            }
        }
    }
}

fn shares(row: &LimitRow) -> Markup {
    html! {
        @for (share, word) in [(row.refused_share, "refused"), (row.failed_share, "failed")] {
            @if let Some(share) = share.filter(|share| *share > 0.0) {
                div.small { (figure(share, Unit::Share)) " " (word) }
            }
        }
    }
}

fn rate(rate: Option<f64>) -> Markup {
    html! {
        @match rate {
            Some(rate) => (figure(rate, Unit::PerSecond)),
            None => (text::NO_VALUE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    #[test]
    fn a_limit_that_was_not_reached_has_a_sentence_and_no_table() {
        let page = sample::black_friday();
        let clock = Clock::of(&page.timeline);
        let mut part = page
            .rehearsal
            .and_then(|part| part.limit)
            .expect("it has one");
        let html = limit_section(&part, &clock).into_string();
        assert!(
            html.contains("<table") && html.contains("POST /checkout"),
            "{html}"
        );
        part.rows
            .retain(|row| row.outcome == LimitOutcome::NotReached);
        assert!(
            !limit_section(&part, &clock)
                .into_string()
                .contains("<table")
        );
    }
}
