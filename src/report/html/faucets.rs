//! Where the load comes from: channels and partners that can be turned off, and shoppers who
//! repeat what failed.
//!
//! In: rows, most requests first. Out: up to two tables. It never divides.

use maud::{Markup, html};

use super::super::page::{AfterAnswerRow, FaucetRow, RetryPart, Unit};
use super::super::{text, words};
use super::clock::Clock;
use super::{figure, left_out, name_or_none, share};

/// Most rows of one table.
const ROWS_MAX: usize = 30;

/// The faucet table; nothing where no channel is known.
pub fn faucet_section(faucets: &[FaucetRow], clock: &Clock) -> Markup {
    html! {
        @if !faucets.is_empty() {
            section aria-labelledby="faucets" {
                h2 #faucets { "Which channel drives the load" }
                table.cards aria-labelledby="faucets" {
                    thead { tr {
                        th scope="col" { "Channel or partner" }
                        th.number scope="col" { "Requests" }
                        th.number scope="col" { "Share" }
                        th.number scope="col" { "Peak rate" }
                        th.number scope="col" { "Orders" }
                        th.number scope="col" { "Turned off, the peak loses" }
                        th.number scope="col" { "and the shop loses" }
                    } }
                    tbody { @for row in faucets.iter().take(ROWS_MAX) { (faucet_row(row, clock)) } }
                }
                (left_out(faucets.len(), ROWS_MAX, "smaller channels"))
                p.small {
                    "The peak is the window in which the whole shop had most requests; what a channel "
                    "had in it is gone when the channel is turned off, if its shoppers do not come back another way."
                }
            }
        }
    }
}

fn faucet_row(row: &FaucetRow, clock: &Clock) -> Markup {
    html! {
        tr {
            th scope="row" { (name_or_none(&row.name)) }
            td.number data-label="Requests" { (text::count(row.requests)) }
            td.number data-label="Share" { (figure(row.share, Unit::Share)) }
            td.number data-label="Peak rate" {
                div {
                    (figure(row.peak_rate_per_s, Unit::PerSecond))
                    @if let Some(at_us) = row.peak_at_us { div.small { (clock.show(at_us)) } }
                }
            }
            td.number data-label="Orders" {
                (row.orders.map_or_else(|| text::NO_VALUE.to_owned(), text::count))
            }
            td.number data-label="Turned off, the peak loses" { strong { (share(row.share_of_peak)) } }
            td.number data-label="and the shop loses" {
                @if let Some(orders_share) = row.orders_share {
                    span { (figure(orders_share, Unit::Share)) " of orders" }
                } @else { (text::NO_VALUE) }
            }
        }
    }
}

/// What shoppers do after an answer; nothing where sessions are not known.
pub fn retry_section(part: Option<&RetryPart>, clock: &Clock) -> Markup {
    html! {
        @if let Some(part) = part {
            section aria-labelledby="retries" {
                h2 #retries { "Repeated requests" }
                p { (words::amplification(part, clock)) }
                @if !part.after.is_empty() {
                    table.cards aria-labelledby="retries" {
                        thead { tr {
                            th scope="col" { "After" }
                            th.number scope="col" { "Answers" }
                            th.number scope="col" { "Repeated it" }
                            th.number scope="col" { "after (median)" }
                            th.number scope="col" { "Went on" }
                            th.number scope="col" { "Left" }
                        } }
                        tbody { @for row in part.after.iter().take(ROWS_MAX) { (after_row(row)) } }
                    }
                }
            }
        }
    }
}

fn after_row(row: &AfterAnswerRow) -> Markup {
    let wait = row
        .median_wait_s
        .map_or_else(|| text::NO_VALUE.to_owned(), text::duration);
    html! {
        tr {
            th scope="row" { (row.answer) }
            td.number data-label="Answers" { (text::count(row.answers)) }
            td.number data-label="Repeated it" { (figure(row.repeated_share, Unit::Share)) }
            td.number data-label="after (median)" { (wait) }
            td.number data-label="Went on" { (figure(row.went_on_share, Unit::Share)) }
            td.number data-label="Left" { (figure(row.left_share, Unit::Share)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    #[test]
    fn nothing_is_written_where_nothing_is_known() {
        let clock = Clock::of(&sample::black_friday().timeline);
        assert_eq!(faucet_section(&[], &clock).into_string(), "");
        assert_eq!(retry_section(None, &clock).into_string(), "");
        let words = words::amplification(&RetryPart::default(), &clock);
        assert_eq!(words, "How often shoppers repeat requests is not known.");
    }

    #[test]
    fn a_faucet_says_what_turning_it_off_takes_away() {
        let page = sample::week::week();
        let clock = Clock::of(&page.timeline);
        let part = page.engineers.expect("a weekly page has it");
        let html = faucet_section(&part.faucets, &clock).into_string();
        assert!(html.contains("41\u{a0}%"), "share of the peak");
        assert!(html.contains("6.2\u{a0}%") && html.contains(" of orders"));
    }
}
