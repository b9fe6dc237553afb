//! The pre-mortem matrix: the ways to break, who would see each, and when it was last drilled.
//!
//! In: the rows. Out: one table, as a section of a report or as a page of its own. It never judges.

use maud::{DOCTYPE, Markup, html};

use super::super::page::{PremortemDrillRow, PremortemPart, PremortemRow};
use super::super::text;
use super::{left_out, plain_head};
use crate::report::clean;

/// Most ways to break in the table.
const ROWS_MAX: usize = 200;

/// Writes the matrix as a self-contained HTML document.
pub fn write_premortem_html(part: &PremortemPart) -> String {
    let part = clean::cleaned_premortem(part);
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            (plain_head(&format!("Pre-mortem of {}", part.name)))
            body {
                header #top { h1 { "Pre-mortem of " (part.name) } p.sentence { (summary(&part)) } }
                main { (premortem_section(&part)) }
            }
        }
    };
    markup.into_string()
}

/// Writes the section.
pub fn premortem_section(part: &PremortemPart) -> Markup {
    html! {
        section aria-labelledby="premortem" {
            h2 #premortem { "How it can break" }
            table.cards.premortem {
                thead { tr {
                    th scope="col" { "What happens" }
                    th scope="col" { "Should be seen by" }
                    th scope="col" { "Reaction" }
                    th scope="col" { "Last drill" }
                    th scope="col" { "Seen" }
                    th scope="col" { "Recovered" }
                    th scope="col" { "Open" }
                } }
                tbody { @for row in part.rows.iter().take(ROWS_MAX) { (premortem_row(row)) } }
            }
            (left_out(part.rows.len(), ROWS_MAX, "ways to break"))
            @if !part.kinds_without_row.is_empty() {
                p { "Not thought of: " (part.kinds_without_row.join(", ")) "." }
            }
            p.small { "A drill is stale after " (days(part.stale_after_s)) "." }
        }
    }
}

fn premortem_row(row: &PremortemRow) -> Markup {
    html! {
        tr {
            th scope="row" { (row.title) div.small { (row.kind) " · " (row.id) } }
            td data-label="Should be seen by" {
                @if row.seen_by.is_empty() { strong { "no SLI" } } @else { (row.seen_by.join(", ")) }
            }
            td data-label="Reaction" { div {
                (row.react.as_deref().unwrap_or("not stated"))
                div.small { (row.owner.as_deref().unwrap_or("no owner")) }
            } }
            @match &row.drilled {
                Some(drilled) => (drilled_cells(drilled)),
                None => {
                    td data-label="Last drill" { strong { "never" } }
                    td data-label="Seen" { (text::NO_VALUE) }
                    td data-label="Recovered" { (text::NO_VALUE) }
                }
            }
            td data-label="Open" {
                @if row.findings.is_empty() { span.state.met { "✓\u{a0}nothing" } }
                @else { span.state.missed { "✕\u{a0}" (row.findings.join(", ")) } }
            }
        }
    }
}

fn drilled_cells(drilled: &PremortemDrillRow) -> Markup {
    html! {
        td data-label="Last drill" { div {
            (drilled.date)
            div.small { (drilled.drill) " · " (drilled.run_id) " · " (drilled.verdict) }
        } }
        td data-label="Seen" { div {
            @for sight in &drilled.sights { div { (sight) } }
            @if !drilled.seen_first_by.is_empty() {
                div.small { "first by " (drilled.seen_first_by.join(", ")) }
            }
        } }
        td data-label="Recovered" { (drilled.recovery) }
    }
}

/// Whole days as days, anything else as it is.
fn days(seconds: f64) -> String {
    let days = seconds / 86_400.0;
    match days.fract() == 0.0 && days >= 2.0 {
        true => format!("{days} days"),
        false => text::duration(seconds),
    }
}

/// The matrix in a sentence.
fn summary(part: &PremortemPart) -> String {
    let open = part.rows.iter().filter(|row| !row.findings.is_empty());
    let open = match open.count() as u64 {
        0 => "nothing is open".to_owned(),
        1 => "one has something open".to_owned(),
        count => format!("{} have something open", text::count(count)),
    };
    format!(
        "{} ways to break, {open}.",
        text::count(part.rows.len() as u64)
    )
}
