//! What was done to the shop, and each SLI before and after it.
//!
//! In: annotations, oldest first. Out: one table. It never says that one thing caused another.

use maud::{Markup, html};

use super::super::page::{AnnotationChange, AnnotationRow};
use super::super::{text, words};
use super::clock::Clock;
use super::{figure, left_out};

/// Most annotations in the table.
const ROWS_MAX: usize = 40;

/// Most SLIs per annotation.
const CHANGES_MAX: usize = 8;

/// Writes the section; nothing where nothing was annotated.
pub fn annotation_section(annotations: &[AnnotationRow], clock: &Clock) -> Markup {
    html! {
        @if !annotations.is_empty() {
            section aria-labelledby="annotations" {
                h2 #annotations { "Before and after" }
                @for row in annotations.iter().take(ROWS_MAX) { (annotation(row, clock)) }
                (left_out(annotations.len(), ROWS_MAX, "later annotations"))
                p.small { "A difference after an event need not come from it." }
            }
        }
    }
}

fn annotation(row: &AnnotationRow, clock: &Clock) -> Markup {
    html! {
        div.annotation {
            h3 {
                (clock.show_stretch(row.at_us, row.until_us))
                " " span.kind { (row.kind) } " " (row.label)
            }
            @if row.changes.is_empty() {
                p.small { "No SLI has enough data on both sides (" (row.compared) ")." }
            } @else {
                table.cards.changes {
                    caption { (row.compared) }
                    thead { tr {
                        th scope="col" { "SLI" }
                        th.number scope="col" { "Before" }
                        th.number scope="col" { "After" }
                        th scope="col" { "Difference" }
                    } }
                    tbody { @for change in row.changes.iter().take(CHANGES_MAX) { (change_row(change)) } }
                }
                (left_out(row.changes.len(), CHANGES_MAX, "SLIs"))
            }
        }
    }
}

fn change_row(change: &AnnotationChange) -> Markup {
    let value = |value: Option<f64>| {
        html! {
            @match value {
                Some(value) => (figure(value, change.unit)),
                None => (text::NO_VALUE),
            }
        }
    };
    html! {
        tr {
            th scope="row" { (change.sli) }
            td.number data-label="Before" { (value(change.before)) }
            td.number data-label="After" { (value(change.after)) }
            td data-label="Difference" {
                @if change.is_outside_noise == Some(true) { strong { (words::noise(change.is_outside_noise)) } }
                @else { span.small { (words::noise(change.is_outside_noise)) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    #[test]
    fn an_annotation_without_data_on_both_sides_says_so() {
        let page = sample::week::week();
        let clock = Clock::of(&page.timeline);
        let mut row = page
            .engineers
            .expect("a weekly page has it")
            .annotations
            .remove(0);
        assert!(
            annotation(&row, &clock)
                .into_string()
                .contains("beyond noise")
        );
        row.changes.clear();
        let html = annotation(&row, &clock).into_string();
        assert!(html.contains("No SLI has enough data on both sides"));
    }
}
