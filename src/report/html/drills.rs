//! The drill timeline: each entry with who saw it, how soon, and what was expected.
//!
//! In: the entries. Out: one table, and what went wrong below it. It never scores.

use maud::{Markup, html};

use super::super::page::{DrillPart, DrillRow};
use super::super::text;
use super::clock::Clock;
use super::contacts::contact_figure;
use super::left_out;
use super::sli_table::state;

/// Most entries in the table.
const ROWS_MAX: usize = 100;

/// Writes the section.
pub fn drill_section(part: &DrillPart, clock: &Clock) -> Markup {
    html! {
        section aria-labelledby="drills" {
            h2 #drills { "Drills" }
            table.cards.drills {
                thead { tr {
                    th scope="col" { "Drill" }
                    th scope="col" { "When" }
                    th scope="col" { "Seen first by" }
                    th.number scope="col" { "Warn" }
                    th.number scope="col" { "Contact" }
                    th scope="col" { "Not seen by" }
                    th scope="col" { "Recovered" }
                    th.number scope="col" { "Affected" }
                    @if has_contacts(part) { th.number scope="col" { "Calls" } }
                    th scope="col" { "Expected" }
                } }
                tbody { @for row in part.rows.iter().take(ROWS_MAX) { (drill_row(row, has_contacts(part), clock)) } }
            }
            (left_out(part.rows.len(), ROWS_MAX, "later drills"))
            p.small {
                "Warn and contact: how long after it began the first such level had been crossed for as long as it "
                "must last. Affected: different shoppers with a failed or slow request while it lasted, and requests "
                "that failed. "
                @if has_contacts(part) {
                    "Calls: how often customers would have called about what they met meanwhile, by what was learned "
                    "from support tickets; drills that overlap count the same calls."
                } @else {
                    "How often they would have called is not known until levels are learned from support tickets."
                }
            }
            @for row in &part.rows { (troubles(row)) }
        }
    }
}

fn drill_row(row: &DrillRow, has_contacts: bool, clock: &Clock) -> Markup {
    html! {
        tr {
            th scope="row" {
                (row.title)
                div.small { (row.action) " · " (row.id) }
                @if let Some(relief) = &row.relief { div.small { (relief) "." } }
            }
            td data-label="When" { div {
                (clock.show_stretch(row.at_us, row.until_us))
                @if !row.overlaps.is_empty() { div.small { "together with " (row.overlaps.join(", ")) } }
            } }
            td data-label="Seen first by" { (row.seen_words()) }
            td.number data-label="Warn" { (after(row.warn_after_s)) }
            td.number data-label="Contact" { (after(row.contact_after_s)) }
            td data-label="Not seen by" {
                @if row.not_seen_by.is_empty() { (text::NO_VALUE) } @else { (row.not_seen_by.join(", ")) }
            }
            td data-label="Recovered" { (row.recovery) }
            td.number data-label="Affected" { div { (affected(row)) } }
            @if has_contacts {
                td.number data-label="Calls" { div { (contact_figure(row.predicted_contacts)) } }
            }
            td data-label="Expected" { div { (expectations(row)) } }
        }
    }
}

fn has_contacts(part: &DrillPart) -> bool {
    part.rows.iter().any(|row| row.predicted_contacts.is_some())
}

fn after(after_s: Option<f64>) -> String {
    after_s.map_or_else(
        || text::NO_VALUE.to_owned(),
        |after_s| text::duration(after_s).replace(' ', "\u{a0}"),
    )
}

fn affected(row: &DrillRow) -> Markup {
    html! {
        @match row.shoppers {
            Some(shoppers) => {
                @if !row.are_shoppers_exact { "about " }
                (text::count(shoppers)) " shoppers"
            }
            None => (text::NO_VALUE),
        }
        @if let Some(failed) = row.requests_failed {
            div.small { (text::count(failed)) " requests failed" }
        }
    }
}

fn expectations(row: &DrillRow) -> Markup {
    html! {
        @if row.expectations.is_empty() { span.small { "nothing" } }
        @for expectation in &row.expectations {
            div {
                (state(expectation.state)) " " (expectation.what)
                div.small { (expectation.found) }
            }
        }
    }
}

/// What went wrong in doing or undoing an entry, and what its command said.
fn troubles(row: &DrillRow) -> Markup {
    html! {
        @if !row.problems.is_empty() || row.output.is_some() {
            div.annotation {
                h3 { (row.title) }
                @for problem in &row.problems { p { strong { (problem) } } }
                p.small { (row.what) }
                @if let Some(output) = &row.output {
                    details { summary { "What it said at last" } pre { (output) } }
                }
            }
        }
    }
}
