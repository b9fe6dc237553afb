//! The drill timeline and the pre-mortem matrix as Markdown.

use super::super::clean;
use super::super::clock::Clock;
use super::super::page::{DrillPart, DrillRow, PremortemPart, PremortemRow};
use super::super::{text, words};
use super::contacts::contacts;
use super::escape::{code, plain};
use super::table;

/// Writes the pre-mortem matrix as Markdown of its own.
pub fn write_premortem_markdown(part: &PremortemPart) -> String {
    let part = clean::cleaned_premortem(part);
    let mut blocks = vec![format!("# Pre-mortem of {}", plain(&part.name))];
    blocks.extend(premortem_blocks(&part));
    let mut markdown = blocks.join("\n\n");
    markdown.push('\n');
    markdown
}

/// The blocks of the drill timeline.
pub fn drill_blocks(part: &DrillPart, clock: &Clock) -> Vec<String> {
    let head = [
        "Drill",
        "When",
        "Seen first by",
        "Warn",
        "Contact",
        "Not seen by",
        "Recovered",
        "Shoppers",
        "Failed requests",
        "Calls",
        "Expected",
    ];
    let mut blocks = vec!["## Drills".to_owned()];
    blocks.push(table(
        &head,
        part.rows.iter().map(|row| drill_row(row, clock)),
    ));
    let notes = part.rows.iter().flat_map(|row| {
        let notes = row.relief.iter().chain(&row.problems);
        notes.map(move |note| format!("- {}: {}", code(&row.id), plain(note)))
    });
    let notes: Vec<String> = notes.collect();
    if !notes.is_empty() {
        blocks.push(notes.join("\n"));
    }
    blocks
}

fn drill_row(row: &DrillRow, clock: &Clock) -> [String; 11] {
    let until = row
        .until_us
        .map_or_else(String::new, |us| format!(" to {}", clock.plain(us)));
    let none = || text::NO_VALUE.to_owned();
    let expectations = row.expectations.iter().map(|it| {
        format!(
            "{}: {} ({})",
            words::state(it.state),
            plain(&it.what),
            plain(&it.found)
        )
    });
    let expectations: Vec<String> = expectations.collect();
    [
        format!("{} ({})", plain(&row.title), code(&row.id)),
        format!("{}{until}", clock.plain(row.at_us)),
        plain(&row.seen_words()),
        row.warn_after_s.map_or_else(none, text::duration),
        row.contact_after_s.map_or_else(none, text::duration),
        plain(&row.not_seen_by.join(", ")),
        plain(&row.recovery),
        row.shoppers.map_or_else(none, text::count),
        row.requests_failed.map_or_else(none, text::count),
        contacts(row.predicted_contacts),
        expectations.join("; "),
    ]
}

/// The blocks of the pre-mortem matrix.
pub fn premortem_blocks(part: &PremortemPart) -> Vec<String> {
    let head = [
        "What happens",
        "Kind",
        "Should be seen by",
        "Reaction",
        "Owner",
        "Last drill",
        "Seen",
        "Recovered",
        "Open",
    ];
    let mut blocks = vec!["## How it can break".to_owned()];
    blocks.push(table(&head, part.rows.iter().map(premortem_row)));
    if !part.kinds_without_row.is_empty() {
        let kinds = plain(&part.kinds_without_row.join(", "));
        blocks.push(format!("Not thought of: {kinds}."));
    }
    blocks
}

fn premortem_row(row: &PremortemRow) -> [String; 9] {
    let list = |items: &[String], if_none: &str| match items.is_empty() {
        true => if_none.to_owned(),
        false => plain(&items.join(", ")),
    };
    let drilled = row.drilled.as_ref();
    [
        plain(&row.title),
        plain(&row.kind),
        list(&row.seen_by, "**no SLI**"),
        plain(row.react.as_deref().unwrap_or("not stated")),
        plain(row.owner.as_deref().unwrap_or("nobody")),
        drilled.map_or_else(
            || "**never**".to_owned(),
            |drilled| format!("{}, {}", plain(&drilled.date), code(&drilled.run_id)),
        ),
        drilled.map_or_else(String::new, |drilled| list(&drilled.sights, "")),
        drilled.map_or_else(String::new, |drilled| plain(&drilled.recovery)),
        list(&row.findings, "nothing"),
    ]
}
