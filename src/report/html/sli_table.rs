//! The table of SLIs: what was promised, what came out, and since when it was broken.
//!
//! In: SLI rows, worst first. Out: one table that becomes cards on a narrow screen. It never
//! judges or sorts.

use maud::{Markup, html};

use super::super::page::{LevelRow, SliRow, State};
use super::super::{text, words};
use super::bullet::bullet;
use super::chart_data::level_class;
use super::clock::Clock;
use super::figure;

/// Writes the section.
pub fn sli_section(slis: &[SliRow], clock: &Clock) -> Markup {
    html! {
        section aria-labelledby="slis" {
            h2 #slis { "Service levels" }
            @if slis.is_empty() {
                p { "No SLI was defined for this report." }
            } @else {
                table.cards.slis {
                    thead { tr {
                        th scope="col" { "SLI" }
                        th scope="col" { "State" }
                        th.number scope="col" { "Value" }
                        th scope="col" { "Against its thresholds" }
                        th scope="col" { "First crossed" }
                        th.number scope="col" { "Worst window" }
                    } }
                    tbody { @for sli in slis { (sli_row(sli, clock)) } }
                }
                (key())
            }
        }
    }
}

fn sli_row(sli: &SliRow, clock: &Clock) -> Markup {
    html! {
        tr {
            th scope="row" {
                (sli.title)
                div.small { (sli.name) " · " (sli.kind) }
                @if let Some(window_s) = sli.own_window_s {
                    div.small { "windows of " (text::duration(window_s)) }
                }
                @if let Some(zone) = &sli.own_time_zone { div.small { "days of " (zone) } }
            }
            td data-label="State" { (state(sli.state)) }
            td.number data-label="Value" { div { (value(sli)) (evidence(sli)) } }
            td data-label="Thresholds" { div.graph { (bullet(sli)) (levels(sli)) } }
            td data-label="First crossed" {
                div { @for level in &sli.levels { (crossing(level, sli, clock)) } }
            }
            td.number data-label="Worst window" { div { (worst(sli, clock)) } }
        }
    }
}

/// The state as a word with a sign; the colour only repeats it.
pub fn state(state: State) -> Markup {
    let (class, sign) = match state {
        State::Missed => ("state missed", "✕"),
        State::NotEnoughData => ("state unknown", "?"),
        State::Met => ("state met", "✓"),
    };
    html! { span class=(class) { span aria-hidden="true" { (sign) "\u{a0}" } (words::state(state)) } }
}

fn value(sli: &SliRow) -> Markup {
    let limits: Vec<f64> = sli.levels.iter().map(|level| level.value).collect();
    html! {
        @match sli.value {
            Some(value) => strong.value title=(text::quantity_in_full(value, sli.unit)) {
                (text::quantity_within(value, sli.unit, sli.interval, &limits))
            },
            None => span { "no value" },
        }
    }
}

/// Interval and number of requests, in small print.
fn evidence(sli: &SliRow) -> Markup {
    html! {
        @if let Some(bounds) = sli.interval {
            div.small title={ (text::quantity_in_full(bounds[0], sli.unit)) " to " (text::quantity_in_full(bounds[1], sli.unit)) } {
                (text::interval(bounds, sli.unit)) " (95 %)"
            }
        }
        div.small { "n = " (text::count(sli.count)) }
    }
}

fn levels(sli: &SliRow) -> Markup {
    html! {
        ul.levels {
            @for level in &sli.levels {
                li {
                    span class={ "swatch " (level_class(&level.level)) } aria-hidden="true" {}
                    (level.level) " " (words::side(level.bad)) " " (figure(level.value, sli.unit))
                    @if level.for_s > 0.0 { " for " (text::duration(level.for_s).replace(' ', "\u{a0}")) }
                }
            }
        }
    }
}

fn crossing(level: &LevelRow, sli: &SliRow, clock: &Clock) -> Markup {
    html! {
        div.crossing {
            @if let Some(us) = level.first_crossed_us {
                (level.level) " at " strong { (clock.show(us)) }
                div.small { (text::duration(level.crossed_s)) " in all" }
            } @else {
                span.small { (level.level) ": " (words::not_crossed(level, sli.state)) }
            }
        }
    }
}

fn worst(sli: &SliRow, clock: &Clock) -> Markup {
    html! {
        @if let Some(worst) = sli.worst {
            (figure(worst.value, sli.unit))
            div.small { "at " (clock.show(worst.start_us)) }
        } @else {
            (text::NO_VALUE)
        }
    }
}

/// What the marks of the bullet graphs mean.
fn key() -> Markup {
    html! {
        p.small.key {
            span.key-value aria-hidden="true" {} "value over the whole range "
            span.key-interval aria-hidden="true" {} "its 95 % interval "
            span.key-worst aria-hidden="true" { "◇" } "worst window; the tinted part of a bar is beyond a threshold"
        }
    }
}
