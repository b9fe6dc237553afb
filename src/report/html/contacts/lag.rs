//! How long after a bad moment customers call: bars over time.
//!
//! In: shares by stretch of time. Out: a still drawing and a table behind a disclosure.

use maud::{Markup, html};

use super::super::super::page::{LagKernel, LagPoint, Unit};
use super::super::super::text;
use super::super::figure;
use super::axis::Axis;
use super::{RIGHT, WIDTH};

const HEIGHT: f64 = 160.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 30.0;
/// Most bars.
const POINTS_MAX: usize = 120;

/// Writes the picture with its table.
pub fn lag_figure(title: &str, lag: &LagKernel) -> Markup {
    html! {
        figure.curve {
            figcaption {
                h3 { "How soon they call: " (title) }
                p.message { (lag.message) }
            }
            @if lag.points.len() > 1 { (drawing(lag)) }
            details.numbers {
                summary { "Numbers" span.unseen { " of how soon they call: " (title) } }
                (numbers(title, lag))
            }
        }
    }
}

fn drawing(lag: &LagKernel) -> Markup {
    let points: Vec<&LagPoint> = lag.points.iter().take(POINTS_MAX).collect();
    let width_min = width_min(&points);
    // In hours, whose ticks are round.
    let ends = points
        .iter()
        .map(|point| (point.after_min + width_min) / 60.0);
    let across = Axis::over(ends.chain([0.0]), [LEFT, WIDTH - RIGHT]);
    let shares = points.iter().map(|point| point.share);
    let up = Axis::over(shares.chain([0.0]), [HEIGHT - BOTTOM, TOP]);
    let base = up.px(0.0);
    html! {
        svg.uptime.lag viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img"
            aria-label={ "How soon customers call. " (lag.message) } {
            @for tick in up.ticks() {
                line.grid x1=(LEFT) x2=(WIDTH - RIGHT) y1=(up.px(tick)) y2=(up.px(tick)) {}
                text.tick x=(LEFT - 8.0) y=(up.px(tick) + 4.0) text-anchor="end" {
                    (text::quantity(tick, Unit::Share))
                }
            }
            @for tick in across.ticks() {
                text.tick x=(across.px(tick)) y=(HEIGHT - 10.0) text-anchor=(anchor(across.px(tick))) { (time(tick * 60.0)) }
            }
            @for point in &points {
                @let left = across.px(point.after_min / 60.0);
                rect.fill x=(left) width=((across.px((point.after_min + width_min) / 60.0) - left - 1.0).max(1.0))
                    y=(up.px(point.share)) height=((base - up.px(point.share)).max(0.0)) {
                    title { "after " (time(point.after_min)) ": " (text::quantity(point.share, Unit::Share)) }
                }
            }
            line.level x1=(across.px(lag.mean_min / 60.0)) x2=(across.px(lag.mean_min / 60.0)) y1=(TOP) y2=(base) {
                title { "mean " (time(lag.mean_min)) }
            }
        }
    }
}

/// The last label of an axis stays inside of the drawing.
fn anchor(px: f64) -> &'static str {
    match px > WIDTH - 2.0 * RIGHT {
        true => "end",
        false => "middle",
    }
}

/// The stretches are equally long.
fn width_min(points: &[&LagPoint]) -> f64 {
    match points {
        [first, second, ..] => (second.after_min - first.after_min).max(f64::MIN_POSITIVE),
        _ => 1.0,
    }
}

fn time(minutes: f64) -> String {
    if minutes.abs() < 1e-9 {
        return "0".to_owned();
    }
    text::duration(minutes * 60.0)
}

fn numbers(title: &str, lag: &LagKernel) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "Numbers of how soon they call: " (title) } {
            table {
                thead { tr {
                    th scope="col" { "From" }
                    th.number scope="col" { "Share of the contacts" }
                } }
                tbody { @for point in lag.points.iter().take(POINTS_MAX) { tr {
                    th scope="row" { (time(point.after_min)) }
                    td { (figure(point.share, Unit::Share)) }
                } } }
            }
        }
    }
}
