//! The page of a capacity as Markdown, for a mail or a ticket.
//!
//! In: a [`CapacityPage`]. Out: GitHub-flavoured Markdown in which no text can become markup. Drawings
//! become their message.

use super::super::capacity::{CapacityPage, PlainTable};
use super::super::text;
use super::escape::plain;
use super::{facts, list, table};

/// Writes `page` as Markdown.
#[must_use]
pub fn write_capacity_markdown(page: &CapacityPage) -> String {
    let page = &page.cleaned();
    let mut blocks = vec![
        format!("# {}: {}", shown(&page.title), shown(&page.badge.word)),
        shown(&page.sentence),
    ];
    if !page.quote.is_empty() {
        blocks.push(format!("> {}", shown(&page.quote)));
    }
    blocks.push(facts(&page.facts));
    for bars in &page.bars {
        blocks.push(format!("## {}", shown(&bars.title)));
        blocks.push(shown(&bars.message));
        let rows = bars
            .rows
            .iter()
            .map(|row| [shown(&row.name), shown(&row.shown)]);
        blocks.push(table(&["What", &bars.unit], rows));
    }
    for picture in &page.pictures {
        blocks.push(format!("## {}", shown(&picture.title)));
        blocks.push(shown(&picture.message));
    }
    blocks.extend(page.tables.iter().flat_map(table_blocks));
    blocks.push("## What is not known".to_owned());
    blocks.push(list(&page.unknowns, "Nothing known to be missing."));
    blocks.push("## How it was computed".to_owned());
    let notes = page
        .method
        .iter()
        .map(|note| format!("{}: {}", note.title, note.text));
    blocks.push(list(&notes.collect::<Vec<_>>(), "Not stated."));
    blocks.retain(|block| !block.is_empty());
    let mut markdown = blocks.join("\n\n");
    markdown.push('\n');
    markdown
}

fn table_blocks(plain_table: &PlainTable) -> Vec<String> {
    let heads: Vec<&str> = plain_table
        .columns
        .iter()
        .map(|column| column.title.as_str())
        .collect();
    let rows = plain_table
        .rows
        .iter()
        .map(|row| row.iter().map(|cell| shown(cell)).collect::<Vec<_>>());
    vec![
        format!("## {}", shown(&plain_table.title)),
        shown(&plain_table.message),
        table(&heads, rows),
    ]
}

fn shown(text: &str) -> String {
    plain(&text::harmless(text))
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::capacity;
    use super::*;

    #[test]
    fn the_page_is_readable_as_text() {
        let markdown = write_capacity_markdown(&capacity::forecast());
        assert!(markdown.starts_with("# Headroom"), "{markdown}");
        for text in [
            "| Channel |",
            "## What is not known",
            "## How it was computed",
        ] {
            assert!(markdown.contains(text), "{text}\n{markdown}");
        }
    }

    #[test]
    fn markup_in_texts_stays_text() {
        let mut page = capacity::forecast();
        page.tables[0].rows[0][0] = "a|b<script>".to_owned();
        let markdown = write_capacity_markdown(&page);
        assert!(markdown.contains("a\\|b&lt;script&gt;") && !markdown.contains("<script"));
    }
}
