//! A still drawing of one thing over another: points, lines, a band, marks.
//!
//! In: a [`Picture`]. Out: a figure with its message, a legend, and its numbers behind a disclosure. It has
//! linear axes from 0, and never interpolates but by straight lines between what it is given.

use maud::{Markup, html};

use super::super::capacity::{Picture, PictureMark, PictureSeries, PictureStyle};
use super::super::text;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 342.0;
const LEFT: f64 = 74.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 46.0;
/// Most points of one series; of more, every second or third.
const POINTS_MAX: usize = 600;
/// Most rows of numbers.
const ROWS_MAX: usize = 200;
/// Colours of the style sheet.
const COLOURS: usize = 6;

/// Writes the figure.
pub fn picture_figure(picture: &Picture) -> Markup {
    let axes = Axes::of(picture);
    html! {
        figure.curve {
            figcaption {
                h2 { (text::harmless(&picture.title)) }
                p.message { (text::harmless(&picture.message)) }
                ul.legend {
                    @for (index, series) in picture.series.iter().enumerate() {
                        li { span class=(swatch(series.style, index)) {} (text::harmless(&series.name)) }
                    }
                }
            }
            @if axes.is_drawable() { (drawing(picture, &axes)) }
            details.numbers {
                summary { "Numbers" span.unseen { " of " (text::harmless(&picture.title)) } }
                @for series in &picture.series { (numbers(picture, series)) }
            }
        }
    }
}

fn swatch(style: PictureStyle, index: usize) -> String {
    match style {
        PictureStyle::Band => "swatch band".to_owned(),
        PictureStyle::Points | PictureStyle::Line | PictureStyle::Dashed => {
            format!("swatch s{}", index % COLOURS)
        }
    }
}

fn drawing(picture: &Picture, axes: &Axes) -> Markup {
    let label = format!(
        "{}. {}",
        text::harmless(&picture.title),
        text::harmless(&picture.message)
    );
    html! {
        svg.picture viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(label) {
            @for value in ticks(axes.top) {
                line.grid x1=(LEFT) x2=(WIDTH - RIGHT) y1=(axes.y(value)) y2=(axes.y(value)) {}
                text.tick x=(LEFT - 8.0) y=(axes.y(value) + 4.0) text-anchor="end" { (short(value)) }
            }
            @for (value, name) in axes.x_ticks(picture) {
                line.grid x1=(axes.x(value)) x2=(axes.x(value)) y1=(TOP) y2=(HEIGHT - BOTTOM) {}
                text.tick x=(axes.x(value)) y=(HEIGHT - BOTTOM + 18.0) text-anchor="middle" { (name) }
            }
            text.tick x=(WIDTH - RIGHT) y=(HEIGHT - 8.0) text-anchor="end" { (text::harmless(&picture.x)) }
            text.tick x="4" y="18" { (text::harmless(&picture.y)) }
            @for (index, series) in picture.series.iter().enumerate() { (drawn(series, index, axes)) }
            @for (index, mark) in picture.marks.iter().enumerate() {
                // Of two marks the first has its label to the left, so that they stay apart.
                @let is_first = index + 1 < picture.marks.len();
                (drawn_mark(mark, is_first, axes))
            }
        }
    }
}

fn drawn(series: &PictureSeries, index: usize, axes: &Axes) -> Markup {
    let colour = index % COLOURS;
    let points: Vec<&Vec<f64>> = thinned(series).collect();
    let line = |at: usize| -> Vec<String> {
        let pairs = points
            .iter()
            .map(|point| format!("{},{}", axes.x(point[0]), axes.y(point[at])));
        pairs.collect()
    };
    html! {
        @match series.style {
            PictureStyle::Band => {
                @let back = line(2).into_iter().rev();
                polygon.confidence points=(line(1).into_iter().chain(back).collect::<Vec<_>>().join(" ")) {}
            },
            PictureStyle::Line => { polyline class={ "line l" (colour) } points=(line(1).join(" ")) {} },
            PictureStyle::Dashed => { polyline class={ "line dashed l" (colour) } points=(line(1).join(" ")) {} },
            PictureStyle::Points => {
                @for point in &points {
                    circle class={ "p" (colour) } cx=(axes.x(point[0])) cy=(axes.y(point[1])) r="4.5" {
                        title { (short(point[0])) ": " (short(point[1])) }
                    }
                }
            },
        }
    }
}

fn drawn_mark(mark: &PictureMark, is_first: bool, axes: &Axes) -> Markup {
    html! {
        @if mark.value.is_finite() {
            @if mark.is_vertical && mark.value <= axes.right {
                @let is_late = mark.value > axes.right * if is_first { 0.2 } else { 0.7 };
                line.mark x1=(axes.x(mark.value)) x2=(axes.x(mark.value)) y1=(TOP) y2=(HEIGHT - BOTTOM) {}
                text.tick x=(axes.x(mark.value) + if is_late { -6.0 } else { 6.0 }) y=(HEIGHT - BOTTOM - 8.0)
                    text-anchor=(if is_late { "end" } else { "start" }) { (text::harmless(&mark.label)) }
            }
            @if !mark.is_vertical && mark.value <= axes.top {
                line.mark x1=(LEFT) x2=(WIDTH - RIGHT) y1=(axes.y(mark.value)) y2=(axes.y(mark.value)) {}
                text.tick x=(LEFT + 6.0) y=(axes.y(mark.value) - 6.0) text-anchor="start" { (text::harmless(&mark.label)) }
            }
        }
    }
}

fn numbers(picture: &Picture, series: &PictureSeries) -> Markup {
    let is_band = series.style == PictureStyle::Band;
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "Numbers of " (text::harmless(&series.name)) } {
            table {
                caption { (text::harmless(&series.name)) }
                thead { tr {
                    th scope="col" { (text::harmless(&picture.x)) }
                    th scope="col" { (text::harmless(&picture.y)) @if is_band { ", low" } }
                    @if is_band { th scope="col" { "High" } }
                } }
                tbody {
                    @for point in thinned(series).take(ROWS_MAX) {
                        tr {
                            th scope="row" { (named(picture, point[0])) }
                            @for value in &point[1..] { td { (short(*value)) } }
                        }
                    }
                }
            }
        }
    }
}

fn named(picture: &Picture, x: f64) -> String {
    let label = picture
        .x_labels
        .iter()
        .find(|(at, _)| (at - x).abs() < 1e-9);
    label.map_or_else(|| short(x), |(_, label)| label.clone())
}

/// Points that can be drawn, few enough of them.
fn thinned(series: &PictureSeries) -> impl Iterator<Item = &Vec<f64>> {
    let columns = if series.style == PictureStyle::Band {
        3
    } else {
        2
    };
    let step = series.points.len().div_ceil(POINTS_MAX).max(1);
    let points = series.points.iter().step_by(step);
    points.filter(move |point| point.len() == columns && point.iter().all(|it| it.is_finite()))
}

/// From numbers to pixels.
struct Axes {
    has_points: bool,
    left: f64,
    right: f64,
    top: f64,
}

impl Axes {
    fn of(picture: &Picture) -> Self {
        let points = || picture.series.iter().flat_map(|series| &series.points);
        let xs = || {
            points()
                .filter_map(|point| point.first().copied())
                .filter(|x| x.is_finite())
        };
        let ys = points().flat_map(|point| point.iter().skip(1).copied());
        // A mark far above everything would flatten the rest; it is left out instead.
        let top = ys.filter(|y| y.is_finite()).fold(0.0, f64::max);
        let marks = picture
            .marks
            .iter()
            .filter(|mark| !mark.is_vertical && mark.value.is_finite());
        let marked = marks
            .map(|mark| mark.value)
            .filter(|value| *value <= 2.0 * top);
        let right = xs().fold(0.0, f64::max);
        let has_labels = !picture.x_labels.is_empty();
        Self {
            has_points: picture
                .series
                .iter()
                .any(|series| thinned(series).next().is_some()),
            left: if has_labels {
                xs().fold(f64::INFINITY, f64::min).min(right)
            } else {
                0.0
            },
            right: if has_labels { right } else { nice_top(right) },
            top: nice_top(marked.fold(top, f64::max)),
        }
    }

    fn is_drawable(&self) -> bool {
        self.has_points && self.right > self.left && self.top > 0.0
    }

    fn x(&self, value: f64) -> f64 {
        let share = ((value - self.left) / (self.right - self.left)).clamp(0.0, 1.0);
        tenth(LEFT + share * (WIDTH - LEFT - RIGHT))
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value / self.top).clamp(0.0, 1.0);
        tenth(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM))
    }

    fn x_ticks(&self, picture: &Picture) -> Vec<(f64, String)> {
        match picture.x_labels.is_empty() {
            true => ticks(self.right)
                .into_iter()
                .map(|value| (value, short(value)))
                .collect(),
            false => picture.x_labels.clone(),
        }
    }
}

/// The end of an axis that holds `value`: 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten.
pub fn nice_top(value: f64) -> f64 {
    if !(value > 0.0 && value.is_finite()) {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    let found = steps
        .into_iter()
        .find(|step| step * power >= value * (1.0 - 1e-9));
    found.unwrap_or(10.0) * power
}

/// Values of an axis that have a label.
fn ticks(top: f64) -> Vec<f64> {
    let power = 10_f64.powf(top.log10().floor());
    let first = (top / power * 1e6).round() / 1e6;
    // As many steps as make round labels: 1.5 in three, 2 in four, 2.5 in five, 3 in six.
    let count = match first {
        first if first < 1.1 => 5,
        first if first < 1.4 => 6,
        first if first < 1.6 => 3,
        first if first < 2.4 => 4,
        first if first < 2.6 => 5,
        first if first < 3.5 => 6,
        first if first < 4.5 => 4,
        first if first < 5.5 => 5,
        first if first < 7.0 => 6,
        first if first < 9.0 => 4,
        _ => 5,
    };
    (0..=count)
        .map(|index| top * f64::from(index) / f64::from(count))
        .collect()
}

/// Three digits or so, thousands apart.
fn short(value: f64) -> String {
    let digits = |decimals: usize| {
        let shown = format!("{value:.decimals$}");
        match shown.contains('.') {
            true => shown.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => shown,
        }
    };
    match value.abs() {
        0.0 => "0".to_owned(),
        size if !(1e-4..1e15).contains(&size) => format!("{value:.2e}"),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "below 10^15"
        )]
        size if size >= 1_000.0 => {
            let whole = text::count(size.round() as u64);
            if value < 0.0 {
                format!("−{whole}")
            } else {
                whole
            }
        }
        size if size >= 100.0 => digits(0),
        size if size >= 1.0 => digits(2),
        _ => digits(4),
    }
}

fn tenth(pixels: f64) -> f64 {
    (pixels * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::capacity;
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_number_that_holds_everything() {
        let table = [
            (0.0, 1.0),
            (0.9, 1.0),
            (1.0, 1.0),
            (1.01, 1.2),
            (216.0, 250.0),
            (1_853.0, 2_000.0),
            (9e9, 1e10),
        ];
        for (value, expected) in table {
            assert!(
                (nice_top(value) - expected).abs() < 1e-6 * expected,
                "{value}: {}",
                nice_top(value)
            );
        }
        assert_eq!(ticks(250.0), [0.0, 50.0, 100.0, 150.0, 200.0, 250.0]);
        assert_eq!(ticks(2_000.0), [0.0, 500.0, 1_000.0, 1_500.0, 2_000.0]);
        assert_eq!(ticks(3.0).len(), 7);
        assert_eq!(short(1_853.2), "1\u{2009}853");
        assert_eq!(
            (
                short(0.05).as_str(),
                short(2.5).as_str(),
                short(0.0).as_str()
            ),
            ("0.05", "2.5", "0")
        );
    }

    #[test]
    fn everything_stays_inside_of_the_drawing() {
        for page in [capacity::search(), capacity::fit(), capacity::forecast()] {
            for picture in &page.pictures {
                let axes = Axes::of(picture);
                for point in picture.series.iter().flat_map(|series| &series.points) {
                    assert!((LEFT..=WIDTH - RIGHT).contains(&axes.x(point[0])));
                    for y in &point[1..] {
                        assert!(*y <= axes.top && (TOP..=HEIGHT - BOTTOM).contains(&axes.y(*y)));
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_and_what_is_no_number_draws_nothing() {
        let mut picture = capacity::fit().pictures[0].clone();
        picture
            .series
            .iter_mut()
            .for_each(|series| series.points = vec![vec![f64::NAN, f64::NAN], vec![]]);
        let html = picture_figure(&picture).into_string();
        assert!(!html.contains("<svg") && !html.contains("NaN"), "{html}");
    }
}
