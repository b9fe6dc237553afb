//! The page of a calibration as one HTML file: offline, printable, read in a minute.
//!
//! In: a [`CalibrationPage`]. Out: the text of the file. First the paragraph for the support manager, then
//! each SLI with its picture, then what the numbers are worth.

use maud::{DOCTYPE, Markup, html};

use super::super::super::page::{
    CalibratedLevel, CalibratedSli, CalibrationGroup, CalibrationOutcome, CalibrationPage,
    ControlRow, RefusalRow,
};
use super::super::super::{clean, text, words};
use super::super::chart_data::ChartData;
use super::super::clock::Clock;
use super::super::sli_table::state;
use super::super::{
    facts_strip, figure, inline, left_out, method_section, plain_head, timeline, unknown_section,
};
use super::dose_response::dose_figure;
use super::lag::lag_figure;

/// Most rows of one table, and most SLIs with pictures.
const ROWS_MAX: usize = 100;
const PICTURES_MAX: usize = 30;

/// Writes `page` as a self-contained HTML document; the same page always gives the same text.
#[must_use]
pub fn write_calibration_html(page: &CalibrationPage) -> String {
    let page = clean::cleaned_calibration(page);
    let clock = Clock::of(&page.timeline);
    let has_charts = !page.timeline.starts_us.is_empty() && !page.timeline.charts.is_empty();
    let outcome = words::calibration(page.outcome);
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            (plain_head(&format!("{}: {outcome}", page.title)))
            body {
                header #top {
                    h1 {
                        span class={ "verdict " (class(page.outcome)) } { (outcome) }
                        " " (page.title)
                    }
                    p.sentence { (page.sentence) }
                    (facts_strip(&page.facts))
                }
                main {
                    @if !page.refusals.is_empty() { (refusal_section(&page.refusals)) }
                    @if !page.slis.is_empty() { (level_section(&page.slis)) }
                    @for sli in page.slis.iter().take(PICTURES_MAX) { (sli_section(sli)) }
                    (left_out(page.slis.len(), PICTURES_MAX, "SLIs"))
                    @if has_charts { (timeline::timeline_section(&page.timeline, &clock)) }
                    @if !page.held_out.is_empty() { (held_out_section(&page)) }
                    @if !page.controls.is_empty() { (control_section(&page.controls)) }
                    @if !page.groups.is_empty() { (group_section(&page.groups)) }
                    @if !page.tickets.is_empty() { (ticket_section(&page)) }
                    (unknown_section(&page.unknowns))
                    (method_section(&page.method))
                }
                @if has_charts { (inline::scripts(&ChartData::new(&page.timeline, &clock))) }
            }
        }
    };
    markup.into_string()
}

fn class(outcome: CalibrationOutcome) -> &'static str {
    match outcome {
        CalibrationOutcome::Firm => "pass",
        CalibrationOutcome::Provisional => "open",
        CalibrationOutcome::Refused => "invalid",
    }
}

fn refusal_section(rows: &[RefusalRow]) -> Markup {
    html! {
        section aria-labelledby="refusals" {
            h2 #refusals { "What stands against it, and what would cure it" }
            table.cards aria-labelledby="refusals" {
                thead { tr {
                    th scope="col" { "What" }
                    th scope="col" { "Reason" }
                    th scope="col" { "Cure" }
                } }
                tbody { @for row in rows.iter().take(ROWS_MAX) { tr {
                    th scope="row" { @if row.what.is_empty() { "Everything" } @else { (row.what) } }
                    td.text data-label="Reason" { (row.reason) }
                    td.text data-label="Cure" { (row.cure) }
                } } }
            }
            (left_out(rows.len(), ROWS_MAX, "reasons"))
        }
    }
}

fn level_section(slis: &[CalibratedSli]) -> Markup {
    html! {
        section aria-labelledby="levels" {
            h2 #levels { "Levels" }
            table.cards.learned aria-labelledby="levels" {
                thead { tr {
                    th scope="col" { "SLI" }
                    th scope="col" { "State" }
                    th scope="col" { "Level" }
                    th.number scope="col" { "Bad" }
                    th.number scope="col" { "90 % interval" }
                    th scope="col" { "Rule" }
                } }
                tbody { @for sli in slis.iter().take(ROWS_MAX) {
                    @if sli.levels.is_empty() { (no_level(sli)) }
                    @for (index, level) in sli.levels.iter().enumerate() { (level_row(sli, level, index == 0)) }
                } }
            }
            (left_out(slis.len(), ROWS_MAX, "SLIs"))
        }
    }
}

fn no_level(sli: &CalibratedSli) -> Markup {
    html! {
        tr {
            th scope="row" { (sli.title) }
            td data-label="State" { (words::calibration(sli.outcome)) }
            td data-label="Level" { (text::NO_VALUE) }
            td.number data-label="Bad" { (text::NO_VALUE) }
            td.number data-label="90 % interval" { (text::NO_VALUE) }
            td data-label="Rule" { (text::NO_VALUE) }
        }
    }
}

fn level_row(sli: &CalibratedSli, level: &CalibratedLevel, is_first: bool) -> Markup {
    html! {
        tr {
            th scope="row" { @if is_first { (sli.title) } @else { span.unseen { (sli.title) } } }
            td data-label="State" { (words::calibration(sli.outcome)) }
            td data-label="Level" { (level.level) }
            td.number data-label="Bad" {
                @match level.value {
                    Some(value) => div { (words::side(sli.bad)) " " strong { (figure(value, sli.unit)) } },
                    None => "none in the data",
                }
            }
            td.number data-label="90 % interval" {
                (level.interval.map_or_else(|| text::NO_VALUE.to_owned(), |bounds| text::interval(bounds, sli.unit)))
            }
            td.text data-label="Rule" { (level.rule) }
        }
    }
}

fn sli_section(sli: &CalibratedSli) -> Markup {
    html! {
        section.calibrated aria-label=(sli.title) {
            h2 { (sli.title) " " span.kind { (words::calibration(sli.outcome)) } }
            p { (sli.sentence) }
            (facts_strip(&sli.evidence))
            @if let Some(dose) = &sli.dose { (dose_figure(sli, dose)) }
            @if let Some(lag) = &sli.lag { (lag_figure(&sli.title, lag)) }
        }
    }
}

fn held_out_section(page: &CalibrationPage) -> Markup {
    html! {
        section aria-labelledby="held-out" {
            h2 #held-out { "What it is worth on weeks that the fit had not seen" }
            (facts_strip(&page.held_out))
        }
    }
}

fn control_section(rows: &[ControlRow]) -> Markup {
    html! {
        section aria-labelledby="controls" {
            h2 #controls { "Checks that must find nothing" }
            table.cards aria-labelledby="controls" {
                thead { tr {
                    th scope="col" { "Check" }
                    th scope="col" { "State" }
                    th scope="col" { "Found" }
                } }
                tbody { @for row in rows.iter().take(ROWS_MAX) { tr {
                    th scope="row" { (row.title) }
                    td data-label="State" { (state(row.state)) }
                    td.text data-label="Found" { (row.found) }
                } } }
            }
            (left_out(rows.len(), ROWS_MAX, "checks"))
        }
    }
}

fn group_section(groups: &[CalibrationGroup]) -> Markup {
    html! {
        section aria-labelledby="groups" {
            h2 #groups { "SLIs that move together" }
            p.small {
                "No data can tell which of them customers call about: they were fitted as one, and none is ranked "
                "before another."
            }
            ul { @for group in groups.iter().take(ROWS_MAX) {
                li { (group.titles.join(", ")) ": " (group.proxy) " stands for them. " (group.reason) }
            } }
        }
    }
}

fn ticket_section(page: &CalibrationPage) -> Markup {
    html! {
        section aria-labelledby="tickets" {
            h2 #tickets { "The ticket export" }
            (facts_strip(&page.tickets))
        }
    }
}
