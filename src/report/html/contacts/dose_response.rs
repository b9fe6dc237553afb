//! The dose–response picture: contacts per 1,000 sessions at each value of an SLI.
//!
//! In: curve, band, observed bins and the level. Out: a still drawing whose points have their values as
//! tooltips, and a table behind a disclosure. It never fits.

use maud::{Markup, html};

use super::super::super::page::{BadSide, CalibratedSli, DoseResponse, Unit};
use super::super::super::text::{self, number as rate};
use super::super::figure;
use super::axis::Axis;
use super::{HEIGHT, RIGHT, WIDTH};

const LEFT: f64 = 60.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 44.0;
/// Most points of the curve, and most bins.
const POINTS_MAX: usize = 200;
/// The radius of the bin with the most contacts.
const RADIUS_MAX: f64 = 8.0;

/// Writes the picture with its table.
pub fn dose_figure(sli: &CalibratedSli, dose: &DoseResponse) -> Markup {
    html! {
        figure.curve {
            figcaption {
                h3 { "Contacts per 1,000 sessions by " (sli.title) }
                p.message { (dose.message) }
            }
            @if dose.curve.len() > 1 { (drawing(sli, dose)) }
            (key(dose))
            details.numbers {
                summary { "Numbers" span.unseen { " of contacts by " (sli.title) } }
                (numbers(sli, dose))
            }
        }
    }
}

fn drawing(sli: &CalibratedSli, dose: &DoseResponse) -> Markup {
    let curve = || {
        dose.curve
            .iter()
            .take(POINTS_MAX)
            .filter(|point| is_number(point.rate))
    };
    let bins = || {
        dose.bins
            .iter()
            .take(POINTS_MAX)
            .filter(|bin| is_number(bin.rate))
    };
    let values = curve()
        .map(|point| point.value)
        .chain(bins().map(|bin| bin.value));
    let ends = [LEFT, WIDTH - RIGHT];
    // The better end stands at the left, whichever way the SLI is read.
    let ends = match sli.bad {
        BadSide::Above => ends,
        BadSide::Below => [ends[1], ends[0]],
    };
    let across = Axis::over(values.chain(dose.level), ends);
    let rates = curve().map(|point| point.band.map_or(point.rate, |[_, high]| high));
    let bin_rates = bins().map(|bin| bin.interval.map_or(bin.rate, |[_, high]| high));
    let rates = rates.chain(bin_rates).chain([0.0, dose.quiet_rate]);
    let up = Axis::over(rates, [HEIGHT - BOTTOM, TOP]);
    let line: Vec<String> = curve()
        .map(|point| format!("{},{}", across.px(point.value), up.px(point.rate)))
        .collect();
    html! {
        svg.uptime.dose viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img"
            aria-label={ "Contacts per 1,000 sessions by " (sli.title) ". " (dose.message) } {
            (grid(sli.unit, &across, &up))
            (level(sli, dose, &across))
            (band(dose, &across, &up))
            line.quiet x1=(LEFT) x2=(WIDTH - RIGHT) y1=(up.px(dose.quiet_rate)) y2=(up.px(dose.quiet_rate)) {}
            polyline.curve points=(line.join(" ")) {}
            @for bin in bins() {
                @if let Some([low, high]) = bin.interval {
                    line.whisker x1=(across.px(bin.value)) x2=(across.px(bin.value)) y1=(up.px(low)) y2=(up.px(high)) {}
                }
                circle.bin cx=(across.px(bin.value)) cy=(up.px(bin.rate)) r=(radius(bin.contacts, dose)) {
                    title {
                        (text::quantity(bin.value, sli.unit)) ": " (rate(bin.rate)) " per 1,000 sessions, "
                        (text::count(bin.contacts)) " contacts in " (text::count(bin.windows)) " windows"
                    }
                }
            }
            text.tick x=(WIDTH - RIGHT) y=(HEIGHT - 6.0) text-anchor="end" { (sli.title) " →" }
        }
    }
}

fn is_number(rate: f64) -> bool {
    rate.is_finite()
}

fn grid(unit: Unit, across: &Axis, up: &Axis) -> Markup {
    html! {
        @for tick in up.ticks() {
            line.grid x1=(LEFT) x2=(WIDTH - RIGHT) y1=(up.px(tick)) y2=(up.px(tick)) {}
            text.tick x=(LEFT - 8.0) y=(up.px(tick) + 4.0) text-anchor="end" { (rate(tick)) }
        }
        @for tick in across.ticks() {
            text.tick x=(across.px(tick)) y=(HEIGHT - 25.0) text-anchor="middle" {
                (text::quantity(tick, unit))
            }
        }
    }
}

/// The level with its interval.
fn level(sli: &CalibratedSli, dose: &DoseResponse, across: &Axis) -> Markup {
    html! {
        @if let Some([low, high]) = dose.level_interval {
            @let (left, right) = ordered(across.px(low), across.px(high));
            rect.level-interval x=(left) width=(tenth(right - left).max(1.0)) y=(TOP) height=(HEIGHT - BOTTOM - TOP) {}
        }
        @if let Some(level) = dose.level {
            line.level x1=(across.px(level)) x2=(across.px(level)) y1=(TOP) y2=(HEIGHT - BOTTOM) {}
            text.name x=(across.px(level)) y=(TOP - 8.0) text-anchor=(anchor(across.px(level))) {
                "customers call: " (text::quantity_within(level, sli.unit, dose.level_interval, &[]))
            }
        }
    }
}

/// Where a text at this place stays inside of the drawing.
fn anchor(px: f64) -> &'static str {
    if px < WIDTH * 0.3 {
        "start"
    } else if px > WIDTH * 0.7 {
        "end"
    } else {
        "middle"
    }
}

fn band(dose: &DoseResponse, across: &Axis, up: &Axis) -> Markup {
    let points = || {
        dose.curve
            .iter()
            .take(POINTS_MAX)
            .filter(|point| is_number(point.rate))
    };
    let edges = points().filter_map(|point| Some((point.value, point.band?)));
    let high = edges.clone().map(|(value, [_, high])| (value, high));
    let low = edges.rev().map(|(value, [low, _])| (value, low));
    let outline = high
        .chain(low)
        .map(|(value, rate)| format!("{},{}", across.px(value), up.px(rate)));
    let outline: Vec<String> = outline.collect();
    html! { @if outline.len() > 3 { polygon.band points=(outline.join(" ")) {} } }
}

/// The area of a circle is as its contacts.
fn radius(contacts: u64, dose: &DoseResponse) -> f64 {
    let most = dose
        .bins
        .iter()
        .map(|bin| bin.contacts)
        .max()
        .unwrap_or(1)
        .max(1);
    // Exact below 2^53 contacts.
    tenth((RADIUS_MAX * (contacts as f64 / most as f64).sqrt()).max(2.0))
}

fn key(dose: &DoseResponse) -> Markup {
    html! {
        p.small.dose-key {
            span.key-line {} "fitted"
            @if dose.curve.iter().any(|point| point.band.is_some()) { span.key-band {} "90 % band" }
            @if !dose.bins.is_empty() { span.key-bin {} "observed; larger for more contacts" }
            span.key-quiet {} "quiet: " (rate(dose.quiet_rate)) " per 1,000 sessions"
            @if dose.level.is_some() { span.key-level {} "the level, with its 90 % interval" }
        }
    }
}

fn numbers(sli: &CalibratedSli, dose: &DoseResponse) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "Numbers of contacts by " (sli.title) } {
            table {
                caption { "Observed" }
                thead { tr {
                    th scope="col" { (sli.title) }
                    th.number scope="col" { "Contacts per 1,000 sessions" }
                    th.number scope="col" { "90 % interval" }
                    th.number scope="col" { "Contacts" }
                    th.number scope="col" { "Windows" }
                } }
                tbody { @for bin in dose.bins.iter().take(POINTS_MAX) { tr {
                    th scope="row" { (figure(bin.value, sli.unit)) }
                    td { (rate(bin.rate)) }
                    td { (bounds(bin.interval)) }
                    td { (text::count(bin.contacts)) }
                    td { (text::count(bin.windows)) }
                } } }
            }
            table {
                caption { "Fitted" }
                thead { tr {
                    th scope="col" { (sli.title) }
                    th.number scope="col" { "Contacts per 1,000 sessions" }
                    th.number scope="col" { "90 % band" }
                } }
                tbody { @for point in dose.curve.iter().take(POINTS_MAX) { tr {
                    th scope="row" { (figure(point.value, sli.unit)) }
                    td { (rate(point.rate)) }
                    td { (bounds(point.band)) }
                } } }
            }
        }
    }
}

fn bounds(bounds: Option<[f64; 2]>) -> String {
    bounds.map_or_else(
        || text::NO_VALUE.to_owned(),
        |[low, high]| format!("{} to {}", rate(low), rate(high)),
    )
}

fn ordered(one: f64, other: f64) -> (f64, f64) {
    (one.min(other), one.max(other))
}

fn tenth(pixels: f64) -> f64 {
    (pixels * 10.0).round() / 10.0
}
