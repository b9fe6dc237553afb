//! The bullet graph of one SLI: a bar with its thresholds, its value and its worst window.
//!
//! In: one SLI row. Out: an inline SVG with a text alternative, coloured by classes only. It
//! never holds text from the page except in its text alternative.

use maud::{Markup, html};

use super::super::page::{BadSide, LevelRow, SliRow, Unit};
use super::super::{text, words};
use super::chart_data::level_class;

const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 26.0;
const BAR_TOP: f64 = 8.0;
const BAR_HEIGHT: f64 = 10.0;

/// Draws the bullet graph, with the ends of its scale in small print.
pub fn bullet(sli: &SliRow) -> Markup {
    let scale = Scale::of(sli);
    html! {
        svg.bullet viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(message(sli)) {
            rect.track x="0" y=(BAR_TOP) width=(WIDTH) height=(BAR_HEIGHT) {}
            @for level in &sli.levels { (bad_zone(level, &scale)) }
            @for level in &sli.levels { (level_mark(level, &scale)) }
            @if let Some([low, high]) = sli.interval { (interval_mark(low, high, &scale)) }
            @if let Some(worst) = sli.worst { (worst_mark(worst.value, &scale)) }
            @if let Some(value) = sli.value { (value_mark(value, &scale)) }
        }
        div.ends aria-hidden="true" {
            span { (text::quantity(scale.low, sli.unit)) }
            span { (text::quantity(scale.high, sli.unit)) }
        }
    }
}

fn bad_zone(level: &LevelRow, scale: &Scale) -> Markup {
    let at = scale.x(level.value);
    let (from, to) = match level.bad {
        BadSide::Above => (at, WIDTH),
        BadSide::Below => (0.0, at),
    };
    let class = format!("zone {}", level_class(&level.level));
    html! {
        rect class=(class) x=(short(from)) y=(BAR_TOP) width=(short(to - from))
            height=(BAR_HEIGHT) {}
    }
}

fn level_mark(level: &LevelRow, scale: &Scale) -> Markup {
    let class = format!("level {}", level_class(&level.level));
    let left = (scale.x(level.value) - 1.0).clamp(0.0, WIDTH - 2.0);
    html! { rect class=(class) x=(short(left)) y="4" width="2" height="18" {} }
}

fn interval_mark(low: f64, high: f64, scale: &Scale) -> Markup {
    let (from, to) = (scale.x(low), scale.x(high));
    html! { rect.interval x=(short(from)) y="12" width=(short(to - from)) height="2" {} }
}

fn worst_mark(value: f64, scale: &Scale) -> Markup {
    let x = scale.x(value).clamp(5.0, WIDTH - 5.0);
    let path = format!("M{} 8 l5 5 l-5 5 l-5 -5 z", short(x));
    html! { path.worst d=(path) {} }
}

fn value_mark(value: f64, scale: &Scale) -> Markup {
    let left = (scale.x(value) - 2.0).clamp(0.0, WIDTH - 4.0);
    html! { rect.value x=(short(left)) y="1" width="4" height="24" {} }
}

/// The graph in words.
fn message(sli: &SliRow) -> String {
    let show = |value: f64| text::quantity(value, sli.unit);
    let mut parts = vec![match sli.value {
        Some(value) => format!("value {}", show(value)),
        None => "no value".to_owned(),
    }];
    for level in &sli.levels {
        let side = words::side(level.bad);
        parts.push(format!("{} {side} {}", level.level, show(level.value)));
    }
    if let Some(worst) = sli.worst {
        parts.push(format!("worst window {}", show(worst.value)));
    }
    parts.join("; ")
}

/// One decimal is a tenth of a pixel.
fn short(pixels: f64) -> f64 {
    (pixels * 10.0).round() / 10.0
}

/// From values to pixels.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// From zero, except where only the last percents before 100 % matter.
    fn of(sli: &SliRow) -> Self {
        let shown: Vec<f64> = [sli.value, sli.worst.map(|worst| worst.value)]
            .into_iter()
            .flatten()
            .chain(sli.interval.into_iter().flatten())
            .chain(sli.levels.iter().map(|level| level.value))
            .filter(|value| value.is_finite())
            .collect();
        let smallest = shown.iter().copied().fold(f64::INFINITY, f64::min);
        let largest = shown.iter().copied().fold(0.0, f64::max);
        if sli.unit == Unit::Share && smallest > 0.5 && smallest < 1.0 {
            return Self {
                low: below(1.0 - (1.0 - smallest) * 1.1),
                high: 1.0,
            };
        }
        let ceiling = if sli.unit == Unit::Share {
            1.0
        } else {
            f64::INFINITY
        };
        let high = (largest * 1.1).min(ceiling);
        Self {
            low: smallest.min(0.0),
            high: if high > 0.0 { high } else { 1.0 },
        }
    }

    fn x(&self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        if share.is_finite() {
            share.clamp(0.0, 1.0) * WIDTH
        } else {
            0.0
        }
    }
}

/// The next smaller share with few digits, so that the scale's end reads well.
fn below(share: f64) -> f64 {
    let missing = 1.0 - share;
    let step = 10f64.powf(missing.log10().floor());
    (1.0 - (missing / step).ceil() * step).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    #[test]
    fn marks_stay_inside_the_bar_for_any_value() {
        let mut sli = sample::black_friday().slis.remove(0);
        for value in [f64::NAN, f64::INFINITY, -5.0, 0.0, 1e300] {
            sli.value = Some(value);
            let scale = Scale::of(&sli);
            assert!((0.0..=WIDTH).contains(&scale.x(value)), "{value}");
            assert!(!bullet(&sli).into_string().contains("NaN"), "{value}");
        }
    }

    #[test]
    fn shares_near_one_use_the_whole_bar() {
        let sli = sample::black_friday().slis.remove(1);
        let scale = Scale::of(&sli);
        assert_eq!(scale.high, 1.0);
        assert!((scale.low - 0.9).abs() < 1e-9, "{}", scale.low);
    }

    #[test]
    fn the_graph_says_in_words_what_it_shows() {
        let sli = sample::black_friday().slis.remove(0);
        let expected = "value 4.81 s; warn above 1 s; contact above 4 s; worst window 7.64 s";
        assert_eq!(message(&sli), expected);
    }
}
