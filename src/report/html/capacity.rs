//! The page of a capacity as one HTML file, offline and printable.
//!
//! In: a [`CapacityPage`]. Out: the text of the file. It holds no script.

use maud::{DOCTYPE, Markup, html};

use super::super::capacity::{BadgeKind, CapacityPage, PlainTable, RangeBars, RangeRow};
use super::super::text;
use super::picture::{nice_top, picture_figure};
use super::{facts_strip, head_of, left_out, method_section, unknown_section};

/// Most rows of one table.
const ROWS_MAX: usize = 200;
/// Width of a bar in units of its drawing.
const BAR_WIDTH: f64 = 1_000.0;

/// Writes `page` as a self-contained HTML document.
#[must_use]
pub fn write_capacity_html(page: &CapacityPage) -> String {
    let page = &page.cleaned();
    let title = text::harmless(&page.title);
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            (head_of(&title, &page.badge.word))
            body {
                header #top {
                    h1 {
                        span class={ "verdict " (badge_class(page.badge.kind)) } { (page.badge.word) }
                        " " (title)
                    }
                    p.sentence { (text::harmless_lines(&page.sentence)) }
                    (facts_strip(&page.facts))
                }
                main {
                    @if !page.quote.is_empty() {
                        section aria-labelledby="quote" {
                            h2 #quote { "To quote" }
                            blockquote.hypothesis { (text::harmless_lines(&page.quote)) }
                        }
                    }
                    @for bars in &page.bars { (bars_section(bars)) }
                    @for picture in &page.pictures { section { (picture_figure(picture)) } }
                    @for table in &page.tables { (table_section(table)) }
                    (unknown_section(&page.unknowns))
                    (method_section(&page.method))
                }
            }
        }
    };
    markup.into_string()
}

fn badge_class(kind: BadgeKind) -> &'static str {
    match kind {
        BadgeKind::Good => "pass",
        BadgeKind::Bad => "fail",
        BadgeKind::Invalid => "invalid",
        BadgeKind::Open => "open",
    }
}

fn bars_section(bars: &RangeBars) -> Markup {
    let ends = bars
        .rows
        .iter()
        .flat_map(|row| [row.low, row.high])
        .flatten();
    let top = nice_top(ends.filter(|end| end.is_finite()).fold(0.0, f64::max));
    html! {
        section {
            h2 { (text::harmless(&bars.title)) span.unit.small { ", " (bars.unit) } }
            p { (text::harmless(&bars.message)) }
            table.cards.ranges {
                thead { tr {
                    th scope="col" { span.unseen { "What" } }
                    th scope="col" { span.unseen { "As a bar from 0 to " (top) } }
                    th.number scope="col" { (bars.unit) }
                } }
                tbody { @for row in bars.rows.iter().take(ROWS_MAX) { (range_row(row, top)) } }
            }
        }
    }
}

fn range_row(row: &RangeRow, top: f64) -> Markup {
    let at = |value: f64| (value / top).clamp(0.0, 1.0) * BAR_WIDTH;
    let solid = at(row.low.unwrap_or(0.0));
    let end = row.high.map_or(solid, at);
    html! {
        tr {
            th scope="row" { (text::harmless(&row.name)) }
            td.graph {
                svg.bar viewBox={ "0 0 " (BAR_WIDTH) " 16" } preserveAspectRatio="none" role="img"
                    aria-label={ (text::harmless(&row.name)) ": " (text::harmless(&row.shown)) } {
                    rect.track x="0" y="0" width=(BAR_WIDTH) height="16" {}
                    rect class=(if row.is_expected { "fill over" } else { "fill" }) x="0" y="0"
                        width=(format!("{solid:.1}")) height="16" {}
                    @if end > solid {
                        rect class="zone contact" x=(format!("{solid:.1}")) y="0"
                            width=(format!("{:.1}", end - solid)) height="16" {}
                    }
                }
            }
            td.number data-label="" { (text::harmless(&row.shown)) }
        }
    }
}

fn table_section(table: &PlainTable) -> Markup {
    html! {
        section {
            h2 { (text::harmless(&table.title)) }
            @if !table.message.is_empty() { p { (text::harmless(&table.message)) } }
            table.cards {
                thead { tr {
                    @for column in &table.columns {
                        th.number[column.is_number] scope="col" { (text::harmless(&column.title)) }
                    }
                } }
                tbody { @for row in table.rows.iter().take(ROWS_MAX) { (plain_row(table, row)) } }
            }
            (left_out(table.rows.len(), ROWS_MAX, "rows"))
        }
    }
}

fn plain_row(table: &PlainTable, row: &[String]) -> Markup {
    html! {
        tr {
            @for (index, (column, cell)) in table.columns.iter().zip(row).enumerate() {
                @if index == 0 {
                    th scope="row" { (text::harmless(cell)) }
                } @else {
                    td.number[column.is_number] data-label=(text::harmless(&column.title)) {
                        (text::harmless(cell))
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::capacity;
    use super::*;

    #[test]
    fn every_part_of_the_page_is_in_the_file() {
        let page = capacity::search();
        let html = write_capacity_html(&page);
        let sections = 1 + page.bars.len() + page.pictures.len() + page.tables.len() + 2;
        assert_eq!(html.matches("<section").count(), sections);
        assert_eq!(
            html.matches("<svg class=\"picture\"").count(),
            page.pictures.len()
        );
        for text in [
            "To quote",
            "holds at 57, fails at 60",
            "Whether the staging shop",
        ] {
            assert!(html.contains(text), "{text}");
        }
        assert!(!html.contains("NaN") && !html.contains("<script"));
    }

    #[test]
    fn hostile_texts_are_shown_and_do_nothing() {
        let mut page = capacity::forecast();
        let hostile = "<script>alert(1)</script>\u{202e}";
        page.title = hostile.to_owned();
        page.quote = hostile.to_owned();
        page.facts.push(super::super::super::page::Fact {
            name: hostile.to_owned(),
            value: hostile.to_owned(),
        });
        page.facts[0].value = hostile.to_owned();
        page.unknowns[0] = hostile.to_owned();
        page.method[0].text = hostile.to_owned();
        page.badge.word = hostile.to_owned();
        page.bars[0].rows[0].name = hostile.to_owned();
        page.tables[0].rows[0][0] = hostile.to_owned();
        page.pictures[0].title = hostile.to_owned();
        page.pictures[0].series[0].name = hostile.to_owned();
        let html = write_capacity_html(&page);
        assert!(!html.contains("<script") && !html.contains('\u{202e}'));
    }

    #[test]
    fn the_samples_can_be_written_for_a_browser() {
        let pages = [capacity::search(), capacity::fit(), capacity::forecast()];
        let names = ["capacity", "capacity-fit", "capacity-forecast"];
        for (page, name) in pages.iter().zip(names) {
            let html = write_capacity_html(page);
            assert!(html.len() < 1_000_000, "{name}");
            if let Some(folder) = std::env::var_os("FIREDRILL_SAMPLES") {
                let path = std::path::Path::new(&folder).join(format!("{name}.html"));
                std::fs::write(path, html).expect("the folder can be written to");
            }
        }
    }
}
