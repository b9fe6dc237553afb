//! Support contacts: what is predicted of a run or a range, and whom a problem hit who has not called.
//!
//! In: the parts of a page. Out: a section each; `contacts/calibration.rs` writes the page of a
//! calibration. It never predicts.

mod axis;
mod calibration;
mod dose_response;
mod lag;
#[cfg(test)]
mod tests;

use maud::{Markup, html};

use super::super::page::{ContactFigure, ContactPart, ContactSliRow, DeskPart, DeskRow, Unit};
use super::super::{text, words};
use super::clock::Clock;
use super::{figure, left_out};

pub use calibration::write_calibration_html;

const WIDTH: f64 = 700.0;
const HEIGHT: f64 = 280.0;
const RIGHT: f64 = 20.0;
/// Most rows of one table.
const ROWS_MAX: usize = 40;

/// Writes what is predicted.
pub fn contact_section(part: &ContactPart) -> Markup {
    html! {
        section aria-labelledby="contacts" {
            h2 #contacts { "Support contacts" }
            p { (part.sentence) }
            @if !part.by_sli.is_empty() {
                table.cards aria-labelledby="contacts" {
                    thead { tr {
                        th scope="col" { "SLI" }
                        th.number scope="col" { "Contacts that go with it" }
                        th.number scope="col" { "Worst window" }
                        th.number scope="col" { "Customers call" }
                        th scope="col" { "Remark" }
                    } }
                    tbody { @for row in part.by_sli.iter().take(ROWS_MAX) { (contact_row(row)) } }
                }
                (left_out(part.by_sli.len(), ROWS_MAX, "SLIs with fewer contacts"))
            }
            @if !part.assumptions.is_empty() {
                ul.small { @for line in &part.assumptions { li { (line) } } }
            }
        }
    }
}

fn contact_row(row: &ContactSliRow) -> Markup {
    html! {
        tr {
            th scope="row" { (row.title) }
            td.number data-label="Contacts that go with it" { div { (contact_figure(row.predicted)) } }
            td.number data-label="Worst window" { (value(row.worst, row.unit)) }
            td.number data-label="Customers call" {
                @match row.level {
                    Some(level) => { (words::side(row.bad)) " " (figure(level, row.unit)) }
                    None => (text::NO_VALUE),
                }
            }
            td.text data-label="Remark" { (row.remark.as_deref().unwrap_or(text::NO_VALUE)) }
        }
    }
}

/// A number of contacts with its interval, or a dash.
pub fn contact_figure(found: Option<ContactFigure>) -> Markup {
    html! {
        @match found {
            None => (text::NO_VALUE),
            Some(found) => {
                strong { (words::contacts(found.value)) }
                @if let Some([low, high]) = found.interval {
                    div.small { (words::contact_interval([low, high])) }
                }
            }
        }
    }
}

fn value(value: Option<f64>, unit: Unit) -> Markup {
    value.map_or_else(|| html! { (text::NO_VALUE) }, |value| figure(value, unit))
}

/// Writes the problems for those who answer the phone.
pub fn desk_section(part: &DeskPart, clock: &Clock) -> Markup {
    let has_calls = part.rows.iter().any(|row| row.called.is_some());
    html! {
        section aria-labelledby="clusters" {
            h2 #clusters { "For the support desk: customers affected by the same problem" }
            p { (part.sentence) }
            @if !part.rows.is_empty() {
                table.cards aria-labelledby="clusters" {
                    thead { tr {
                        th.number scope="col" { "No." }
                        th scope="col" { "Problem" }
                        th scope="col" { "When" }
                        th.number scope="col" { "Customers" }
                        @if has_calls {
                            th.number scope="col" { "Called" }
                            th.number scope="col" { "Not yet" }
                        }
                        th.number scope="col" { "Requests" }
                    } }
                    tbody { @for row in &part.rows { (desk_row(row, has_calls, clock)) } }
                }
            }
            @if part.left_out > 0 {
                p.small { (text::count(part.left_out)) " smaller problems are not shown here." }
            }
            @for remark in &part.remarks { p.small { (remark) } }
        }
    }
}

fn desk_row(row: &DeskRow, has_calls: bool, clock: &Clock) -> Markup {
    let calls = |count: Option<u64>| count.map_or_else(|| "not known".to_owned(), text::count);
    html! {
        tr {
            td.number data-label="No." { (row.number) }
            th scope="row" { strong { (row.status) } " on " code { (format!("{} {}", row.method, row.route).trim_start()) } }
            td data-label="When" { (clock.show_stretch(row.from_us, Some(row.to_us))) }
            td.number data-label="Customers" { strong { (text::count(row.shoppers)) } }
            @if has_calls {
                td.number data-label="Called" { (calls(row.called)) }
                td.number data-label="Not yet" { strong { (calls(row.not_called)) } }
            }
            td.number data-label="Requests" { (text::count(row.requests)) }
        }
    }
}
