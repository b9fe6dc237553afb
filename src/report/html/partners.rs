//! The summary of partners as one HTML file, offline and printable.
//!
//! In: a [`PartnersPage`]. Out: the text of the file. It holds no script.

use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, html};

use super::super::page::State;
use super::super::partners::{
    ExcludedRow, IncidentRow, PartnerPart, PartnersPage, PromiseRow, StripKind,
};
use super::super::{text, words};
use super::{facts_strip, head, left_out, verdict_class};

/// Most rows of one table.
const ROWS_MAX: usize = 400;
/// Most stretches of one strip, the longest first.
const SPANS_MAX: usize = 2_000;
/// Width of a strip in units of its drawing.
const STRIP_WIDTH: f64 = 1_000.0;

/// Writes `page` as a self-contained HTML document.
#[must_use]
pub fn write_partners_html(page: &PartnersPage) -> String {
    let zone = page.time_zone();
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            (head(&shown(&page.title), page.verdict))
            body {
                header #top {
                    h1 {
                        span class={ "verdict " (verdict_class(page.verdict)) } {
                            (words::verdict(page.verdict))
                        }
                        " " (shown(&page.title))
                    }
                    p.sentence { (shown(&page.sentence)) }
                    (facts_strip(&page.facts))
                }
                main {
                    @for partner in &page.partners { (partner_section(partner, page, &zone)) }
                    section.method aria-labelledby="method" {
                        h2 #method { "How it was computed" }
                        @for line in &page.method { p { (line) } }
                    }
                }
            }
        }
    };
    markup.into_string()
}

fn partner_section(partner: &PartnerPart, page: &PartnersPage, zone: &TimeZone) -> Markup {
    html! {
        section.part {
            h2 {
                (shown(&partner.name)) " "
                @if let Some(state) = partner.state { (state_word(state)) }
            }
            @if let Some(contract) = &partner.contract { p.small { (shown(contract)) } }
            p { (shown(&partner.sentence)) }
            (facts_strip(&partner.facts))
            (strip(partner, page, zone))
            @if !partner.objectives.is_empty() { (objectives(&partner.objectives, zone)) }
            (incidents(&partner.incidents, zone))
            @if let Some(contacts) = &partner.predicted_contacts { p { (shown(&contacts.sentence)) } }
            @if !partner.excluded.is_empty() { (excluded(&partner.excluded, zone)) }
            h3 { "What is not known" }
            @if partner.unknowns.is_empty() { p { "Nothing known to be missing." } }
            @else { ul { @for unknown in &partner.unknowns { li { (shown(unknown)) } } } }
        }
    }
}

fn objectives(rows: &[PromiseRow], zone: &TimeZone) -> Markup {
    html! {
        h3 { "What was promised" }
        table.cards {
            thead { tr {
                th scope="col" { "Promise" }
                th scope="col" { "Over" }
                th.number scope="col" { "Measured" }
                th.number scope="col" { "n" }
                th scope="col" { "State" }
                th scope="col" { "Arithmetic" }
            } }
            tbody { @for row in rows.iter().take(ROWS_MAX) {
                tr {
                    th scope="row" { (row.promise) }
                    td data-label="Over" { (stretch(row.from_us, row.to_us, zone)) @if !row.is_over { br; span.small { "not over yet" } } }
                    td.number data-label="Measured" {
                        strong { (unbroken(&row.shown)) }
                        @if let Some(interval) = &row.shown_interval { br; span.small { (unbroken(interval)) } }
                    }
                    td.number data-label="n" { (text::count(row.n)) }
                    td data-label="State" { (state_word(row.state)) }
                    td data-label="Arithmetic" { @for line in &row.arithmetic { p.small { (line) } } }
                }
            } }
        }
        (left_out(rows.len(), ROWS_MAX, "stretches"))
    }
}

fn incidents(rows: &[IncidentRow], zone: &TimeZone) -> Markup {
    html! {
        h3 { "When it was down" }
        @if rows.is_empty() { p { "Never, as far as it was measured." } }
        @else {
            table.cards {
                thead { tr {
                    th scope="col" { "From" }
                    th scope="col" { "To" }
                    th.number scope="col" { "Length" }
                    th.number scope="col" { "Counts" }
                    th.number scope="col" { "Failed probes" }
                    th scope="col" { "Why" }
                } }
                tbody { @for row in rows.iter().take(ROWS_MAX) {
                    tr {
                        td data-label="From" { (moment(row.from_us, zone)) }
                        td data-label="To" { (moment(row.to_us, zone)) " " span.small { (words::incident_end(row.end)) } }
                        td.number data-label="Length" { (text::duration(row.length_s)) }
                        td.number data-label="Counts" { (text::duration(row.counted_s)) }
                        td.number data-label="Failed probes" { (text::count(row.probes as u64)) }
                        td data-label="Why" { (row.kinds.join(", ")) }
                    }
                } }
            }
            (left_out(rows.len(), ROWS_MAX, "later ones"))
        }
    }
}

fn excluded(rows: &[ExcludedRow], zone: &TimeZone) -> Markup {
    html! {
        h3 { "What counts neither as up nor as down" }
        table.cards {
            thead { tr {
                th scope="col" { "From" }
                th scope="col" { "To" }
                th scope="col" { "Why" }
            } }
            tbody { @for row in rows.iter().take(ROWS_MAX) {
                tr {
                    td data-label="From" { (moment(row.from_us, zone)) }
                    td data-label="To" { (moment(row.to_us, zone)) }
                    td data-label="Why" { (shown(&row.reason)) }
                }
            } }
        }
        (left_out(rows.len(), ROWS_MAX, "later ones"))
    }
}

/// The range as a strip: what is blank was not measured.
fn strip(partner: &PartnerPart, page: &PartnersPage, zone: &TimeZone) -> Markup {
    let mut spans: Vec<_> = partner.strip.iter().collect();
    spans.sort_by_key(|span| std::cmp::Reverse(span.to_us - span.from_us));
    spans.truncate(SPANS_MAX);
    // What is bad is drawn last, over what is next to it.
    spans.sort_by_key(|span| span.kind == StripKind::Down);
    html! {
        div {
            svg.bar viewBox={ "0 0 " (STRIP_WIDTH) " 16" } preserveAspectRatio="none" role="img" aria-label="The range: measured, down, left out, not measured" {
                rect.track x="0" y="0" width=(STRIP_WIDTH) height="16" {}
                @for span in spans {
                    @let x = position(span.from_us, page);
                    @let width = (position(span.to_us, page) - x).max(1.5);
                    rect class=(strip_class(span.kind)) x=(format!("{x:.2}")) y="0" width=(format!("{width:.2}")) height="16" {}
                }
            }
            div.ends { span { (moment(page.from_us, zone)) } span { (moment(page.to_us, zone)) } }
            p.small {
                span style="color:var(--s0)" { "■" } " up  "
                span style="color:var(--red)" { "■" } " down  "
                span style="color:var(--warn-zone)" { "■" } " left out by the contract  "
                span style="color:var(--objective-zone)" { "■" } " own network lost  "
                span style="color:var(--track)" { "■" } " not measured"
            }
        }
    }
}

fn strip_class(kind: StripKind) -> &'static str {
    match kind {
        StripKind::Up => "fill",
        StripKind::Down => "strip-down",
        StripKind::Excluded => "zone warn",
        StripKind::OwnNetwork => "zone objective",
    }
}

#[expect(clippy::cast_precision_loss, reason = "a place in a drawing")]
fn position(us: i64, page: &PartnersPage) -> f64 {
    let length_us = (page.to_us - page.from_us).max(1);
    let at_us = (us - page.from_us).clamp(0, length_us);
    at_us as f64 / length_us as f64 * STRIP_WIDTH
}

fn state_word(state: State) -> Markup {
    let class = match state {
        State::Met => "state met",
        State::Missed => "state missed",
        State::NotEnoughData => "state unknown",
    };
    html! { span class=(class) { (words::state(state)) } }
}

fn stretch(from_us: i64, to_us: i64, zone: &TimeZone) -> Markup {
    html! { (moment(from_us, zone)) " to " (moment(to_us, zone)) }
}

fn moment(us: i64, zone: &TimeZone) -> Markup {
    html! { time { (text::date(us.div_euclid(1_000_000) * 1_000_000, zone)) } }
}

fn unbroken(text: &str) -> String {
    text.replace(' ', "\u{a0}")
}

/// A text from a file, in which nothing hides.
fn shown(text: &str) -> std::borrow::Cow<'_, str> {
    text::harmless(text)
}
