//! The timeline: small multiples under one shared time axis, and the numbers behind them.
//!
//! In: the timeline. Out: one figure per chart with its message, an empty place that the script
//! draws into, and a table of evenly spaced windows. It never draws.

use maud::{Markup, html};

use super::super::page::{Chart, Mark, Scale, Series, SeriesStyle, Timeline, Unit};
use super::super::text;
use super::chart_data::{MARKS_MAX, window_s, windows_per_group};
use super::clock::Clock;

/// Most rows in the table of one chart.
const ROWS_MAX: usize = 60;

/// Colours of series before they repeat; the style sheet has as many.
const COLOURS: usize = 6;

/// Writes the section.
pub fn timeline_section(timeline: &Timeline, clock: &Clock) -> Markup {
    html! {
        section aria-labelledby="timeline" {
            h2 #timeline { "Timeline" }
            @if timeline.starts_us.is_empty() {
                p { "No time window was recorded, so there is no timeline to show." }
            } @else if timeline.charts.is_empty() {
                p { "No chart was asked for." }
            } @else {
                (preface(timeline, clock))
                (marks(&timeline.marks, clock))
                (chart_stack(timeline, clock))
            }
        }
    }
}

fn preface(timeline: &Timeline, clock: &Clock) -> Markup {
    let group = windows_per_group(timeline);
    html! {
        p.small.preface {
            @if let (true, Some(&start_us)) = (clock.is_relative(), timeline.starts_us.first()) {
                "Times count from the start, " (clock.in_full(start_us)) "."
            } @else {
                "Times are in " (clock.zone_name()) "."
            }
            " Each value stands for " (text::duration(window_s(timeline))) "."
            @if group > 1 {
                " Of each " (text::count(group as u64))
                " values in a row, the charts show the lowest and the highest."
            }
            span.hint hidden {
                " Drag to zoom, double-click or press Esc to see all again. Click to pin the values, move with the "
                "arrow keys, let go with Esc."
            }
        }
        noscript {
            p.note { "The charts need JavaScript, which is off. The numbers are in the table under each title." }
        }
    }
}

fn chart_stack(timeline: &Timeline, clock: &Clock) -> Markup {
    html! {
        div #charts tabindex="0" role="group"
            aria-label="Charts on one time axis. Arrow keys move through time, Escape lets go." {
            button #unzoom type="button" hidden { "Show the whole time" }
            @for chart in &timeline.charts { (chart_figure(chart, timeline, clock)) }
            div #readout hidden {}
            div #spoken.unseen aria-live="polite" {}
        }
    }
}

fn chart_figure(chart: &Chart, timeline: &Timeline, clock: &Clock) -> Markup {
    html! {
        figure.chart {
            figcaption {
                div.heading {
                    h3 { (chart.title) span.unit { (unit_words(chart)) } }
                    ul.legend {
                        @for (index, series) in chart.series.iter().enumerate() {
                            @if let Some(name) = chart.legend_name(index) {
                                li { (swatch(index, series)) (name) }
                            }
                        }
                    }
                }
                p.message { (chart.message) }
            }
            div.plot {}
            details.numbers {
                summary { "Numbers" span.unseen { " of " (chart.title) } }
                (numbers(chart, timeline, clock))
            }
        }
    }
}

/// What the axis does not say itself; a title that ends in its unit does not get it again.
fn unit_words(chart: &Chart) -> String {
    let unit = match chart.unit {
        Unit::PerMinute if !chart.title.ends_with("per minute") => ", per minute",
        Unit::PerSecond if !chart.title.ends_with("per second") => ", per second",
        Unit::PerMinute
        | Unit::PerSecond
        | Unit::Share
        | Unit::Microseconds
        | Unit::Count
        | Unit::Times => "",
    };
    let scale = match chart.scale {
        Scale::Linear => "",
        Scale::Log => ", log scale",
    };
    format!("{unit}{scale}")
}

fn swatch(index: usize, series: &Series) -> Markup {
    let colour = index % COLOURS;
    let class = match series.style {
        SeriesStyle::Line => format!("swatch line s{colour}"),
        SeriesStyle::Area | SeriesStyle::Stacked => format!("swatch area s{colour}"),
        SeriesStyle::Band => "swatch band".to_owned(),
    };
    html! { span class=(class) aria-hidden="true" {} }
}

/// At most [`ROWS_MAX`] evenly spaced windows, then the extremes of all windows, so that thinning
/// cannot hide the worst moment.
fn numbers(chart: &Chart, timeline: &Timeline, clock: &Clock) -> Markup {
    let windows = timeline.starts_us.len();
    let step = windows.div_ceil(ROWS_MAX).max(1);
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "Numbers of " (chart.title) } {
            table {
                caption { (thinning(step, windows)) }
                thead { tr {
                    th scope="col" { "Time" }
                    @for series in &chart.series { th.number scope="col" { (series.name) } }
                } }
                tbody {
                    @for (index, &start_us) in timeline.starts_us.iter().enumerate().step_by(step) {
                        tr {
                            th scope="row" { (clock.plain(start_us)) }
                            @for series in &chart.series {
                                td { (cell(series.values.get(index).copied().flatten(), chart.unit)) }
                            }
                        }
                    }
                }
                tfoot {
                    (extreme_row("Lowest", chart, f64::min))
                    (extreme_row("Highest", chart, f64::max))
                }
            }
        }
    }
}

fn thinning(step: usize, windows: usize) -> String {
    let all = text::count(windows as u64);
    match step {
        1 if windows == 1 => "The only window".to_owned(),
        1 => format!("All {all} windows"),
        _ => format!(
            "1 in {} of all {all} windows, evenly spaced; the last two rows are over all of them",
            text::count(step as u64)
        ),
    }
}

fn extreme_row(name: &str, chart: &Chart, better: fn(f64, f64) -> f64) -> Markup {
    html! {
        tr {
            th scope="row" { (name) }
            @for series in &chart.series {
                td { (cell(series.values.iter().flatten().copied().reduce(better), chart.unit)) }
            }
        }
    }
}

fn cell(value: Option<f64>, unit: Unit) -> String {
    value.map_or_else(
        || text::NO_VALUE.to_owned(),
        |value| text::quantity(value, unit),
    )
}

fn marks(marks: &[Mark], clock: &Clock) -> Markup {
    html! {
        @if !marks.is_empty() {
            p.small.marks {
                "Marks: "
                @for (index, mark) in marks.iter().take(MARKS_MAX).enumerate() {
                    @if index > 0 { "; " }
                    (clock.show_stretch(mark.at_us, mark.until_us))
                    " " (mark.label)
                }
                @if marks.len() > MARKS_MAX {
                    "; and " (text::count((marks.len() - MARKS_MAX) as u64)) " more, not shown"
                }
                "."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    #[test]
    fn a_long_table_is_thinned_and_says_so() {
        for (windows, rows, said) in [
            (60, 60, "All 60 windows"),
            (61, 31, "1 in 2 of all 61 windows"),
            (3_600, 60, "1 in 60 of all 3\u{2009}600 windows"),
        ] {
            let timeline = sample::large(windows, 1).timeline;
            let clock = Clock::of(&timeline);
            let html = numbers(&timeline.charts[0], &timeline, &clock).into_string();
            assert!(html.contains(said), "{said}");
            assert_eq!(html.matches("<tr>").count(), rows + 3, "{windows}");
        }
    }

    #[test]
    fn a_log_scale_is_named_in_the_title() {
        let timeline = sample::black_friday().timeline;
        let html = timeline_section(&timeline, &Clock::of(&timeline)).into_string();
        assert!(html.contains("Response time of checkout<span class=\"unit\">, log scale</span>"));
        assert!(html.contains("Load<span class=\"unit\">, per second</span>"));
    }
}
