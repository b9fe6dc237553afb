//! The curve of windowed user-uptime: the worst stretch of each length, on a log axis of lengths.
//!
//! In: points. Out: a still drawing whose points have their values as tooltips, and a table
//! behind a disclosure. It never interpolates.

use maud::{Markup, html};

use super::super::page::{Unit, UptimeCurve, UptimePoint};
use super::super::text;
use super::clock::Clock;
use super::figure;

const WIDTH: f64 = 700.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 30.0;

/// Most points of one curve.
const POINTS_MAX: usize = 60;

/// Lengths that have a label, µs.
const TICKS_US: [(i64, &str); 7] = [
    (60_000_000, "1 min"),
    (300_000_000, "5 min"),
    (900_000_000, "15 min"),
    (3_600_000_000, "1 h"),
    (21_600_000_000, "6 h"),
    (86_400_000_000, "1 day"),
    (604_800_000_000, "7 days"),
];

/// Writes the section; nothing where there is no curve.
pub fn uptime_section(curves: &[UptimeCurve], clock: &Clock) -> Markup {
    html! {
        @if !curves.is_empty() {
            section aria-labelledby="uptime" {
                h2 #uptime { "User-uptime of the worst stretch" }
                @for curve in curves { (curve_figure(curve, clock)) }
            }
        }
    }
}

fn curve_figure(curve: &UptimeCurve, clock: &Clock) -> Markup {
    let points: Vec<&UptimePoint> = curve
        .points
        .iter()
        .filter(|point| point.length_us > 0 && point.uptime.is_finite())
        .take(POINTS_MAX)
        .collect();
    html! {
        figure.curve {
            figcaption {
                h3 { (curve.title) span.unit { ", log scale of lengths" } }
                p.message { (curve.message) }
            }
            @if points.len() > 1 { (drawing(curve, &points)) }
            details.numbers {
                summary { "Numbers" span.unseen { " of " (curve.title) } }
                (numbers(curve, &points, clock))
            }
        }
    }
}

fn drawing(curve: &UptimeCurve, points: &[&UptimePoint]) -> Markup {
    let axes = Axes::of(points);
    let line: Vec<String> = points
        .iter()
        .map(|point| format!("{},{}", axes.x(point.length_us), axes.y(point.uptime)))
        .collect();
    html! {
        svg.uptime viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img"
            aria-label={ (curve.title) ". " (curve.message) } {
            @for share in axes.shares() {
                line.grid x1=(LEFT) x2=(WIDTH - RIGHT) y1=(axes.y(share)) y2=(axes.y(share)) {}
                text.tick x=(LEFT - 8.0) y=(axes.y(share) + 4.0) text-anchor="end" {
                    (text::quantity(share, Unit::Share))
                }
            }
            @for (length_us, name) in TICKS_US.iter().filter(|tick| axes.has(tick.0)) {
                line.grid x1=(axes.x(*length_us)) x2=(axes.x(*length_us)) y1=(TOP) y2=(HEIGHT - BOTTOM) {}
                text.tick x=(axes.x(*length_us)) y=(HEIGHT - 10.0) text-anchor="middle" { (name) }
            }
            polyline.curve points=(line.join(" ")) {}
            @for point in points {
                circle cx=(axes.x(point.length_us)) cy=(axes.y(point.uptime)) r="4" {
                    title { (length(point.length_us)) ": " (text::quantity(point.uptime, Unit::Share)) }
                }
            }
        }
    }
}

fn numbers(curve: &UptimeCurve, points: &[&UptimePoint], clock: &Clock) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "Numbers of " (curve.title) } {
            table {
                thead { tr {
                    th scope="col" { "Length" }
                    th.number scope="col" { "Lowest user-uptime" }
                    th scope="col" { "From" }
                } }
                tbody {
                    @for point in points {
                        tr {
                            th scope="row" { (length(point.length_us)) }
                            td { (figure(point.uptime, Unit::Share)) }
                            td {
                                @match point.start_us {
                                    Some(start_us) => (clock.show(start_us)),
                                    None => (text::NO_VALUE),
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn length(us: i64) -> String {
    // Exact below 2^53 µs, 285 years.
    text::duration(us as f64 / 1e6)
}

/// From lengths and shares to pixels.
struct Axes {
    shortest: f64,
    longest: f64,
    lowest: f64,
    highest: f64,
}

impl Axes {
    fn of(points: &[&UptimePoint]) -> Self {
        let lengths = || points.iter().map(|point| (point.length_us as f64).ln());
        let uptimes = || points.iter().map(|point| point.uptime);
        let lowest = uptimes().fold(f64::INFINITY, f64::min);
        let missing = (1.0 - lowest).max(1e-6);
        // A round share below the lowest point, so that the labels are short.
        let step = 10f64.powf(missing.log10().floor());
        Self {
            shortest: lengths().fold(f64::INFINITY, f64::min),
            longest: lengths().fold(f64::NEG_INFINITY, f64::max),
            lowest: 1.0 - (missing / step).ceil() * step,
            highest: uptimes().fold(1.0, f64::max),
        }
    }

    fn shares(&self) -> [f64; 3] {
        let middle = f64::midpoint(self.lowest, self.highest);
        [self.lowest, middle, self.highest]
    }

    fn has(&self, length_us: i64) -> bool {
        let length = (length_us as f64).ln();
        length >= self.shortest - 1e-9 && length <= self.longest + 1e-9
    }

    fn x(&self, length_us: i64) -> f64 {
        let wide = (self.longest - self.shortest).max(1e-9);
        let share = ((length_us as f64).ln() - self.shortest) / wide;
        tenth(LEFT + share * (WIDTH - LEFT - RIGHT))
    }

    fn y(&self, uptime: f64) -> f64 {
        let high = (self.highest - self.lowest).max(1e-9);
        tenth(TOP + (self.highest - uptime) / high * (HEIGHT - TOP - BOTTOM))
    }
}

fn tenth(pixels: f64) -> f64 {
    (pixels * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    fn curve() -> (UptimeCurve, Clock) {
        let page = sample::week::week();
        let clock = Clock::of(&page.timeline);
        let part = page.analysts.expect("a weekly page has it");
        (part.uptime_curves[0].clone(), clock)
    }

    #[test]
    fn every_point_stays_inside_the_drawing_and_has_its_value() {
        let (curve, clock) = curve();
        let html = curve_figure(&curve, &clock).into_string();
        assert_eq!(html.matches("<circle").count(), curve.points.len());
        assert!(
            html.contains("<title>1 h: 93.1 %</title>")
                || html.contains("<title>60 min: 93.1 %</title>"),
            "{html}"
        );
        let points: Vec<&UptimePoint> = curve.points.iter().collect();
        let axes = Axes::of(&points);
        for point in points {
            assert!((LEFT..=WIDTH - RIGHT).contains(&axes.x(point.length_us)));
            assert!((TOP..=HEIGHT - BOTTOM).contains(&axes.y(point.uptime)));
        }
    }

    #[test]
    fn a_single_point_and_perfect_uptime_draw_nothing_that_is_not_a_number() {
        let (mut curve, clock) = curve();
        for point in &mut curve.points {
            point.uptime = 1.0;
        }
        assert!(!curve_figure(&curve, &clock).into_string().contains("NaN"));
        curve.points.truncate(1);
        let html = curve_figure(&curve, &clock).into_string();
        assert!(!html.contains("<svg") && html.contains("<table"));
    }
}
