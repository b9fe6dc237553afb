//! The drills of a page as a table for the terminal.

use comfy_table::Cell;

use crate::cli::page::contact_words;
use crate::cli::terminal::Terminal;
use crate::report::{ContactFigure, DrillPart, DrillRow, ExpectationRow, ReportPage, State, text};

/// The table, and below it what went wrong; `None` where nothing was drilled.
pub fn table(page: &ReportPage, terminal: &Terminal) -> Option<String> {
    let part = page.drills.as_ref()?;
    let start_us = page.timeline.starts_us.first().copied();
    let has_calls = part.rows.iter().any(|row| row.predicted_contacts.is_some());
    let mut head = vec![
        "drill",
        "at",
        "seen first by",
        "warn",
        "contact",
        "recovered",
        "shoppers",
        "failed",
    ];
    head.extend(has_calls.then_some("calls"));
    head.push("expected");
    let mut table = terminal.table(&head);
    for row in &part.rows {
        let at = text::moment(
            row.at_us,
            start_us.unwrap_or(row.at_us),
            page.timeline.relative,
        );
        let seconds = |after_s: Option<f64>| after_s.map_or_else(none, text::duration);
        let mut cells = vec![
            Cell::new(text::harmless(&row.title)),
            Cell::new(at),
            Cell::new(text::harmless(&row.seen_words())),
            Cell::new(seconds(row.warn_after_s)),
            Cell::new(seconds(row.contact_after_s)),
            Cell::new(text::harmless(&row.recovery)),
            Cell::new(row.shoppers.map_or_else(none, text::count)),
            Cell::new(row.requests_failed.map_or_else(none, text::count)),
        ];
        let calls = |found: ContactFigure| contact_words(found.value, found.interval);
        cells.extend(has_calls.then(|| Cell::new(row.predicted_contacts.map_or_else(none, calls))));
        cells.push(Cell::new(expected(row)));
        table.add_row(cells);
    }
    Some(format!("{}{}", table.trim_fmt(), below(part)))
}

fn none() -> String {
    text::NO_VALUE.to_owned()
}

fn expected(row: &DrillRow) -> &'static str {
    let has = |state| row.expectations.iter().any(|it| it.state == state);
    match (
        has(State::Missed),
        has(State::NotEnoughData),
        has(State::Met),
    ) {
        (true, _, _) => "MISSED",
        (false, true, _) => "not enough data",
        (false, false, true) => "met",
        (false, false, false) => text::NO_VALUE,
    }
}

/// One line per expectation that was not met, per channel that was turned off, and per thing that went
/// wrong.
fn below(part: &DrillPart) -> String {
    let mut lines = String::new();
    for row in &part.rows {
        let unmet = row.expectations.iter().filter(|it| it.state != State::Met);
        for ExpectationRow { what, found, state } in unmet {
            let word = match state {
                State::Missed => "expected",
                State::NotEnoughData | State::Met => "not known whether",
            };
            lines.push('\n');
            lines.push_str(&text::harmless(&format!(
                " ✕ {}: {word} {what}: {found}",
                row.id
            )));
        }
        if let Some(relief) = &row.relief {
            lines.push_str(&format!("\n · {}: {relief}", text::harmless(&row.id)));
        }
        for problem in &row.problems {
            lines.push('\n');
            lines.push_str(&text::harmless(&format!(" ✕ {}: {problem}", row.id)));
        }
    }
    lines
}
