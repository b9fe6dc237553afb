//! The report as one HTML file: offline, printable, readable on a phone, safe with hostile text.
//!
//! In: a [`ReportPage`]. Out: the text of the file. It asks for nothing outside itself, and its
//! content security policy forbids it to. Every text is escaped where it is written; the data of
//! the charts travels as a JSON block.

mod annotations;
mod breakdowns;
mod budgets;
mod bullet;
mod capacity;
mod chart_data;
mod comparison;
mod contacts;
mod directors;
mod drills;
mod faucets;
mod funnel;
mod inline;
mod limit;
mod partners;
mod picture;
mod premortem;
mod problems;
mod rehearsal;
mod route_table;
mod sli_table;
#[cfg(test)]
mod tests;
mod timeline;
mod uptime_curve;
mod watch;
mod week;

use maud::{DOCTYPE, Markup, html};

use super::clean;
use super::clock::{self, Clock};
use super::page::{Fact, MethodNote, ReportPage, Unit, Verdict};
use super::{text, words};
pub use inline::{CHART_LIBRARY, CHART_LICENCE, CHART_STYLE, hash_source as script_source};

use chart_data::ChartData;

pub use capacity::write_capacity_html;
pub use contacts::write_calibration_html;
pub use partners::write_partners_html;
pub use premortem::write_premortem_html;

/// Writes `page` as a self-contained HTML document.
///
/// The same page always gives the same text. Long tables and timelines are thinned, and say so,
/// so that the file stays under 1 MB.
pub fn write_html(page: &ReportPage) -> String {
    let page = clean::cleaned(page);
    let clock = Clock::of(&page.timeline);
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            (head(title(&page), page.verdict))
            body {
                @if week::is_week(&page) { (week::contents()) }
                (verdict_header(&page))
                main {
                    @if week::is_week(&page) { (week::parts(&page, &clock)) }
                    @else { (rehearsal_sections(&page, &clock)) }
                    @if let Some(part) = &page.premortem { (premortem::premortem_section(part)) }
                    (unknown_section(&page.unknowns))
                    (method_section(&page.method))
                }
                @if !page.timeline.starts_us.is_empty() && !page.timeline.charts.is_empty() {
                    (inline::scripts(&ChartData::new(&page.timeline, &clock)))
                }
            }
        }
    };
    markup.into_string()
}

fn rehearsal_sections(page: &ReportPage, clock: &Clock) -> Markup {
    html! {
        @if let Some(part) = &page.rehearsal {
            (rehearsal::condition_section(part, clock))
            (rehearsal::achieved_section(part))
        }
        (sli_table::sli_section(&page.slis, clock))
        @if let Some(part) = &page.watch { (watch::threshold_section(part, clock)) }
        @if let Some(part) = &page.drills { (drills::drill_section(part, clock)) }
        @if let Some(part) = page.rehearsal.as_ref().and_then(|part| part.limit.as_ref()) {
            (limit::limit_section(part, clock))
        }
        @if let Some(part) = page.rehearsal.as_ref().and_then(|part| part.comparison.as_ref()) {
            (comparison::comparison_section(part, clock))
        }
        @if let Some(part) = &page.contacts { (contacts::contact_section(part)) }
        (timeline::timeline_section(&page.timeline, clock))
        @if !page.funnel.is_empty() { (funnel::funnel_section(&page.funnel)) }
        (route_table::route_section(&page.routes))
        @if let Some(part) = &page.watch { (watch::generator_section(&part.generator)) }
    }
}

fn head(title: &str, verdict: Verdict) -> Markup {
    head_of(title, words::verdict(verdict))
}

fn head_of(title: &str, verdict: &str) -> Markup {
    plain_head(&format!("{title}: {verdict}"))
}

/// What stands before every page.
fn plain_head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            (inline::policy())
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="referrer" content="no-referrer";
            // Without an icon of its own, a browser would ask for one.
            link rel="icon" href="data:,";
            title { (title) }
            (inline::style())
        }
    }
}

fn verdict_header(page: &ReportPage) -> Markup {
    html! {
        header #top {
            h1 {
                span class={ "verdict " (verdict_class(page.verdict)) } {
                    (words::verdict(page.verdict))
                }
                " " (title(page))
            }
            @if !page.sentence.is_empty() { p.sentence { (page.sentence) } }
            // Directors have no use for it; a weekly page shows it to analysts.
            @if !week::is_week(page) { (facts_strip(&page.facts)) }
        }
    }
}

fn title(page: &ReportPage) -> &str {
    if page.title.is_empty() {
        "Report"
    } else {
        &page.title
    }
}

fn verdict_class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Invalid => "invalid",
        Verdict::Stopped | Verdict::NotEnoughData => "open",
    }
}

fn facts_strip(facts: &[Fact]) -> Markup {
    html! {
        @if !facts.is_empty() {
            dl.facts {
                @for fact in facts { div { dt { (fact.name) } dd { (fact.value) } } }
            }
        }
    }
}

fn unknown_section(unknowns: &[String]) -> Markup {
    html! {
        section aria-labelledby="unknowns" {
            h2 #unknowns { "What is not known" }
            @if unknowns.is_empty() {
                p { "Nothing known to be missing." }
            } @else {
                ul { @for unknown in unknowns { li { (unknown) } } }
            }
        }
    }
}

fn method_section(notes: &[MethodNote]) -> Markup {
    html! {
        section.method aria-labelledby="method" {
            h2 #method { "How it was computed" }
            @if notes.is_empty() { p { "Not stated." } }
            @for note in notes {
                @if note.verbatim {
                    details { summary { (note.title) } pre { (note.text) } }
                } @else {
                    h3 { (note.title) }
                    @for line in note.text.lines() { p { (line) } }
                }
            }
        }
    }
}

/// How many rows of a table did not fit; nothing where all did.
fn left_out(count: usize, shown_max: usize, what: &str) -> Markup {
    html! {
        @if count > shown_max {
            p.small { (text::count((count - shown_max) as u64)) " " (what) " are not shown here." }
        }
    }
}

/// A response time in µs, or a dash where none was logged.
fn response_time(us: Option<u64>) -> Markup {
    // Exact below 2^53 µs, 285 years.
    us.map_or_else(
        || html! { (text::NO_VALUE) },
        |us| figure(us as f64, Unit::Microseconds),
    )
}

/// A share in percent, or a dash where it is not known.
fn share(share: Option<f64>) -> Markup {
    share.map_or_else(
        || html! { (text::NO_VALUE) },
        |share| figure(share, Unit::Share),
    )
}

/// A name from a log, or that the log has none.
fn name_or_none(name: &str) -> Markup {
    html! { @if name.is_empty() { span.small { "(none)" } } @else { (name) } }
}

/// A number with the digits that its interval carries, in full in the tooltip.
fn figure_within(value: f64, unit: Unit, interval: Option<[f64; 2]>) -> Markup {
    let short = text::quantity_within(value, unit, interval, &[]).replace(' ', "\u{a0}");
    html! { span title=(text::quantity_in_full(value, unit)) { (short) } }
}

/// A number in short, with all its digits in the tooltip where it has more; no line ends between
/// the number and its unit.
fn figure(value: f64, unit: Unit) -> Markup {
    let short = text::quantity(value, unit);
    let full = text::quantity_in_full(value, unit);
    let unbroken = short.replace(' ', "\u{a0}");
    html! {
        @if short == full { (unbroken) } @else { span title=(full) { (unbroken) } }
    }
}
