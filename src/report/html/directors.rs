//! The directors' page: what was met, what it cost, what changed, and who knows.
//!
//! In: the directors' part of a page. Out: one section that fits a screen and a sheet of paper.
//! It never compares numbers; whether a change is noise was decided before.

use maud::{Markup, html};

use super::super::page::{
    Comparison, ContactEstimate, DirectorPart, JourneyRow, KeyFigure, LevelSource, ReactionRow,
    Unit, WorstHour,
};
use super::super::{text, words};
use super::clock::Clock;
use super::sli_table::state;
use super::{figure_within, left_out};

/// Most journeys, and most rows of everything else; more do not fit the sheet.
const JOURNEYS_MAX: usize = 8;
const ROWS_MAX: usize = 4;

/// Writes the section.
pub fn director_section(part: &DirectorPart, clock: &Clock) -> Markup {
    html! {
        section.directors #directors aria-label="For directors" {
            (journeys(&part.journeys))
            div.columns {
                (contacts(part.contacts.as_ref()))
                (worst_hour(part.worst_hour.as_ref(), clock))
                (changes(part.changes.as_deref()))
            }
            @if !part.key_figures.is_empty() { (key_figures(&part.key_figures)) }
            (reactions(&part.reactions, clock))
        }
    }
}

fn journeys(journeys: &[JourneyRow]) -> Markup {
    html! {
        h2 #journeys { "Journeys" }
        @if journeys.is_empty() {
            p { "No journey was defined." }
        } @else {
            table.cards.journeys aria-labelledby="journeys" {
                thead.unseen { tr {
                    th scope="col" { "Journey" }
                    th scope="col" { "State" }
                    th scope="col" { "Why" }
                } }
                tbody {
                    @for journey in journeys.iter().take(JOURNEYS_MAX) {
                        tr {
                            th scope="row" { (journey.title) }
                            td data-label="State" { (state(journey.state)) }
                            td.text { (unbroken(&journey.sentence)) }
                        }
                    }
                }
            }
            (left_out(journeys.len(), JOURNEYS_MAX, "journeys"))
        }
    }
}

fn contacts(contacts: Option<&ContactEstimate>) -> Markup {
    html! {
        div {
            h2 { "Customer contacts" }
            @match contacts {
                None => p { "No level of the SLI set speaks of contacts, so none are predicted." },
                Some(contacts) => (estimate(contacts)),
            }
        }
    }
}

fn estimate(contacts: &ContactEstimate) -> Markup {
    let number = match contacts.levels_from {
        LevelSource::Calibration => contacts.value,
        LevelSource::SliSet => None,
    };
    html! {
        @match number {
            Some(value) => p.headline {
                "about " strong title=(text::quantity_in_full(value, Unit::Count)) {
                    (text::quantity_within(value, Unit::Count, contacts.interval, &[]))
                }
                @if let Some(bounds) = contacts.interval {
                    span.small { " " (text::interval(bounds, Unit::Count)) " (90 %)" }
                }
            },
            None => {
                p.headline {
                    strong { (words::crossings(contacts.crossings.len())) }
                }
                @if contacts.levels_from == LevelSource::SliSet {
                    p.small { "The levels stand in the SLI set and were never compared with real contacts, so there is no number of calls." }
                }
            },
        }
        @if !contacts.crossings.is_empty() {
            ul.tight { @for crossing in contacts.crossings.iter().take(ROWS_MAX) { li { (unbroken(crossing)) } } }
            (left_out(contacts.crossings.len(), ROWS_MAX, "crossings"))
        }
        @if !contacts.basis.is_empty() { p.small { (unbroken(&contacts.basis)) } }
    }
}

fn worst_hour(hour: Option<&WorstHour>, clock: &Clock) -> Markup {
    html! {
        div {
            h2 { "Worst hour" }
            @match hour {
                None => p { "No hour stands out." },
                Some(hour) => {
                    p.headline { strong { (clock.show_weekday(hour.start_us)) } }
                    p { (unbroken(&hour.sentence)) }
                },
            }
        }
    }
}

fn changes(changes: Option<&[String]>) -> Markup {
    html! {
        div {
            h2 { "What changed beyond noise" }
            @match changes {
                None => p { "There is nothing to compare with, so no change can be named." },
                Some([]) => p { "Nothing: every difference is within noise." },
                Some(changes) => {
                    ul.tight { @for change in changes.iter().take(ROWS_MAX) { li { (unbroken(change)) } } }
                    (left_out(changes.len(), ROWS_MAX, "changes"))
                },
            }
        }
    }
}

fn key_figures(figures: &[KeyFigure]) -> Markup {
    let against = words::compared_with(figures);
    html! {
        h2 #figures { "Key figures" }
        table.cards.figures aria-labelledby="figures" {
            thead { tr {
                th scope="col" { "Figure" }
                th.number scope="col" { "This week" }
                @for name in &against { th.number scope="col" { (words::capitalised(name)) } }
            } }
            tbody {
                @for figure in figures.iter().take(ROWS_MAX) {
                    tr {
                        th scope="row" { (figure.title) }
                        td.number data-label="This week" { div { (this_week(figure)) } }
                        @for name in &against {
                            @let found = figure.comparisons.iter().find(|it| it.against == *name);
                            td.number data-label=(words::capitalised(name)) {
                                div { @if let Some(it) = found { (comparison(it, figure.unit)) } @else { (text::NO_VALUE) } }
                            }
                        }
                    }
                }
            }
        }
        (left_out(figures.len(), ROWS_MAX, "figures"))
    }
}

fn this_week(figure: &KeyFigure) -> Markup {
    html! {
        @match figure.value {
            None => span { "no data" },
            Some(value) => {
                strong.value { (figure_within(value, figure.unit, figure.interval)) }
                @if let Some(bounds) = figure.interval {
                    div.small { (text::interval(bounds, figure.unit)) }
                }
                @if let Some(count) = figure.count { div.small { (text::count(count)) " in all" } }
            },
        }
    }
}

fn comparison(comparison: &Comparison, unit: Unit) -> Markup {
    html! {
        @match (comparison.value, &comparison.missing_reason) {
            (Some(value), _) => {
                (super::figure(value, unit))
                @if let Some(share) = comparison.change_share {
                    div { (change(share, comparison.is_outside_noise)) }
                }
            },
            (None, Some(reason)) => span.small.reason { "not known: " (reason) },
            (None, None) => span.small { "not known" },
        }
    }
}

/// A change with the word that says whether it counts; within noise it is grey.
fn change(share: f64, is_outside_noise: Option<bool>) -> Markup {
    let words = text::change(share).replace(' ', "\u{a0}");
    html! {
        @if is_outside_noise == Some(true) {
            strong { (words) }
        } @else {
            span.small { (words) ", " (words::noise(is_outside_noise)) }
        }
    }
}

fn reactions(reactions: &[ReactionRow], clock: &Clock) -> Markup {
    html! {
        h2 #reactions { "Who is to be told" }
        @if reactions.is_empty() {
            p { "No level was crossed, so nobody had to be told." }
        } @else {
            table.cards.reactions aria-labelledby="reactions" {
                thead { tr {
                    th scope="col" { "Level" }
                    th scope="col" { "When" }
                    th scope="col" { "Told" }
                    th scope="col" { "Reaction" }
                } }
                tbody { @for row in reactions.iter().take(ROWS_MAX) { (reaction_row(row, clock)) } }
            }
            (left_out(reactions.len(), ROWS_MAX, "crossings"))
        }
    }
}

fn reaction_row(row: &ReactionRow, clock: &Clock) -> Markup {
    html! {
        tr {
            th scope="row" { (row.sli) span.small { ", " (row.level) } }
            td data-label="When" {
                span { (clock.show_weekday(row.from_us)) span.small { " for " (text::duration(row.lasted_s).replace(' ', "\u{a0}")) } }
            }
            td data-label="Told" { (words::told(&row.told)) }
            td.text data-label="Reaction" { (row.reaction.as_deref().unwrap_or("not stated")) }
        }
    }
}

/// A sentence whose percent signs stay with their numbers.
fn unbroken(sentence: &str) -> String {
    sentence.replace(" %", "\u{a0}%")
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    fn week() -> (DirectorPart, Clock) {
        let page = sample::week::week();
        let clock = Clock::of(&page.timeline);
        (page.directors.expect("a weekly page has it"), clock)
    }

    #[test]
    fn levels_of_the_sli_set_name_crossings_and_never_a_number() {
        let (mut part, clock) = week();
        let contacts = part
            .contacts
            .as_mut()
            .expect("the example predicts contacts");
        assert_eq!(contacts.levels_from, LevelSource::Calibration);
        assert!(
            director_section(&part, &clock)
                .into_string()
                .contains("1\u{2009}200")
        );
        let contacts = part
            .contacts
            .as_mut()
            .expect("the example predicts contacts");
        contacts.levels_from = LevelSource::SliSet;
        let html = director_section(&part, &clock).into_string();
        assert!(!html.contains("1\u{2009}200"), "{html}");
        assert!(html.contains("2 contact levels crossed"));
        assert!(html.contains("never compared with real contacts"));
    }

    #[test]
    fn no_comparison_is_not_the_same_as_no_change() {
        let (mut part, clock) = week();
        part.changes = None;
        let html = director_section(&part, &clock).into_string();
        assert!(html.contains("no change can be named"));
        part.changes = Some(Vec::new());
        let html = director_section(&part, &clock).into_string();
        assert!(html.contains("every difference is within noise"));
    }

    #[test]
    fn a_missing_comparison_says_why() {
        let (part, clock) = week();
        let html = director_section(&part, &clock).into_string();
        assert!(html.contains("not known: the lake begins on 2026-03-02"));
    }

    #[test]
    fn a_figure_without_a_comparison_that_others_have_shows_a_dash() {
        let (part, _) = week();
        let mut figures = part.key_figures;
        figures[1].comparisons.remove(0);
        assert!(key_figures(&figures).into_string().contains("<div>–</div>"));
    }
}
