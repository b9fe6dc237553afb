//! The charts of a page, on one axis of time.

mod expected;
mod generator;
mod rehearsal;

use std::collections::BTreeSet;

use super::{is_counted, is_customer, is_error, limit_of, number, sli_unit, status_name, total};
use expected::ExpectedBand;

use crate::cli::range::Judged;
use crate::report::{
    Chart, Limit, Mark, RehearsalPart, Scale, Series, SeriesStyle, Timeline, Unit, text,
};
use crate::rollup::{Rollup, SeriesKey};
use crate::sli::{self, SliSeries};
use crate::time_window::seconds;

/// A latency chart needs a log scale when its values span more than this factor.
const LOG_SCALE_FACTOR: f64 = 50.0;

pub fn timeline(judged: &Judged, rehearsal: Option<&RehearsalPart>) -> Timeline {
    let grid = Grid::new(judged);
    let mut charts: Vec<Chart> = rehearsal::shopper_chart(judged, &grid)
        .into_iter()
        .collect();
    charts.push(load_chart(judged, &grid));
    // An SLI without data has no chart; the page says so under what is not known.
    let known = judged
        .series
        .iter()
        .filter(|series| series.worst_window().is_some());
    charts.extend(known.map(|series| sli_chart(judged, series, &grid)));
    charts.extend(rehearsal.and_then(|part| rehearsal::goodput_chart(judged, part, &grid)));
    charts.push(percentile_chart(judged, &grid));
    match &judged.run {
        Some(run) => {
            charts.push(rehearsal::error_chart(judged, &grid));
            charts.extend(rehearsal::retry_chart(run, &grid));
        }
        None => charts.push(error_chart(judged, &grid)),
    }
    charts.extend(generator::chart(judged, &grid.starts_us()));
    charts.extend(super::budgets::chart(judged, &grid.starts_us()));
    let marks = judged.run.iter().flat_map(|run| {
        run.labels.iter().map(|(at_us, label)| Mark {
            at_us: run.started_us + at_us,
            until_us: None,
            label: label.clone(),
        })
    });
    let inside = judged
        .annotations
        .iter()
        .filter(|annotation| judged.scope.range.contains(annotation.at_us));
    let annotated = inside.map(|annotation| Mark {
        at_us: annotation.at_us,
        until_us: annotation.until_us,
        label: annotation.label.clone(),
    });
    Timeline {
        starts_us: grid.starts_us(),
        zone: judged.zone.iana_name().unwrap_or("UTC").to_owned(),
        relative: judged.run.is_some(),
        charts,
        marks: marks
            .chain(super::drills::marks(judged))
            .chain(annotated)
            .collect(),
    }
}

/// The windows of the charts: those of the rollup, so a rehearsal shows seconds.
struct Grid {
    start_us: i64,
    window_us: i64,
    count: usize,
}

impl Grid {
    fn new(judged: &Judged) -> Self {
        let window_us = judged.rollup.plan().window_us;
        let length_us = judged.scope.range.end_us - judged.scope.range.start_us;
        Self {
            start_us: judged.scope.range.start_us,
            window_us,
            count: usize::try_from((length_us + window_us - 1) / window_us).unwrap_or(0),
        }
    }

    fn starts_us(&self) -> Vec<i64> {
        let starts = (0..).map(|index| self.start_us + index * self.window_us);
        starts.take(self.count).collect()
    }

    fn index(&self, start_us: i64) -> Option<usize> {
        let index = (start_us - self.start_us).div_euclid(self.window_us);
        usize::try_from(index)
            .ok()
            .filter(|index| *index < self.count)
    }

    fn per_second(&self, count: u64) -> f64 {
        number(count) / seconds(self.window_us)
    }

    /// Values of windows that may be longer than those of the charts; each stands until the next.
    fn spread<V: Copy>(&self, windows: impl Iterator<Item = (i64, Option<V>)>) -> Vec<Option<V>> {
        let mut values = vec![None; self.count];
        let mut windows = windows.peekable();
        while let Some((start_us, value)) = windows.next() {
            let next_us = windows.peek().map_or(i64::MAX, |(next_us, _)| *next_us);
            // The first window may begin before the range.
            let first = self
                .index(start_us.max(self.start_us))
                .unwrap_or(self.count);
            // Looked for only where it is: a year of minutes has half a million windows on both sides.
            let end = match next_us.saturating_sub(self.start_us) {
                ..=0 => 0,
                until_us => (until_us - 1) / self.window_us + 1,
            };
            let end = usize::try_from(end).unwrap_or(self.count).min(self.count);
            if let Some(own) = values.get_mut(first..end) {
                own.fill(value);
            }
        }
        values
    }

    /// Counts of each second since the start, none past their end.
    fn of_seconds(&self, counts: &[u64]) -> Vec<Option<f64>> {
        let padded = counts.iter().copied().chain(std::iter::repeat(0));
        let padded = padded.take(self.count);
        padded.map(|count| Some(number(count))).collect()
    }

    /// Counts of the series that `is_wanted` picks, per window.
    fn counts(&self, rollup: &Rollup, is_wanted: impl Fn(&SeriesKey) -> bool) -> Vec<u64> {
        let mut counts = vec![0; self.count];
        for window in rollup.select(is_wanted).counts() {
            if let Some(index) = self.index(window.start_us) {
                counts[index] += window.count;
            }
        }
        counts
    }
}

fn line(name: &str, values: Vec<Option<f64>>) -> Series {
    Series {
        name: name.to_owned(),
        style: SeriesStyle::Line,
        values,
    }
}

fn load_chart(judged: &Judged, grid: &Grid) -> Chart {
    let due = grid.counts(&judged.rollup, |_| true);
    let rates: Vec<_> = due
        .iter()
        .map(|count| Some(grid.per_second(*count)))
        .collect();
    let peak = due.iter().copied().max().unwrap_or(0);
    let mut series = Vec::new();
    if let Some(run) = &judged.run {
        series.push(Series {
            name: "requests answered".to_owned(),
            style: SeriesStyle::Area,
            values: grid.of_seconds(&run.answered_per_s),
        });
        series.push(line("requests due", rates));
    } else {
        series.push(Series {
            name: "requests".to_owned(),
            style: SeriesStyle::Area,
            values: rates,
        });
    }
    Chart {
        title: match judged.run {
            Some(_) => "Requests".to_owned(),
            None => "Load".to_owned(),
        },
        unit: Unit::PerSecond,
        scale: Scale::Linear,
        series,
        limits: Vec::new(),
        message: format!(
            "{} requests in all, at most {}.",
            text::count(total(&judged.rollup)),
            text::quantity(grid.per_second(peak), Unit::PerSecond)
        ),
    }
}

fn sli_chart(judged: &Judged, series: &SliSeries, grid: &Grid) -> Chart {
    let windows = series.windows.iter();
    let values = grid.spread(windows.map(|window| (window.start_us, window.value)));
    let unit = sli_unit(series.unit);
    // A share close to 1 is a flat line; what is missing from 1 can be seen.
    let is_share = series.unit == sli::Unit::Share;
    let shown = |value: f64| if is_share { 1.0 - value } else { value };
    let values: Vec<Option<f64>> = values.into_iter().map(|value| value.map(shown)).collect();
    let limits = series.levels.iter().filter_map(|level| {
        let limit = limit_of(series, level)?;
        Some(Limit {
            label: format!("{} {}", level.level, text::quantity(shown(limit), unit)),
            level: level.level.to_string(),
            value: shown(limit),
            crossed_us: level.crossed_us.clone(),
        })
    });
    let title = if is_share {
        format!("{}: failed share", series.title)
    } else {
        series.title.clone()
    };
    let expected = ExpectedBand::of(judged, series);
    let mut message = sli_message(series);
    if let Some(words) = expected.as_ref().and_then(|band| band.words(series)) {
        message.push(' ');
        message.push_str(&words);
    }
    let scale = scale(series.unit, &values);
    let mut lines = vec![line(&title, values)];
    lines.extend(expected.iter().flat_map(|band| band.series(grid)));
    Chart {
        scale,
        series: lines,
        title,
        unit,
        limits: limits.collect(),
        message,
    }
}

fn sli_message(series: &SliSeries) -> String {
    let crossed = series
        .levels
        .iter()
        .rfind(|level| !level.crossed_us.is_empty());
    match (crossed, series.value) {
        (Some(level), _) => format!(
            "{} crossed its {} level for {}.",
            series.title,
            level.level,
            text::duration(seconds(level.total_us()))
        ),
        (None, Some(value)) => {
            format!(
                "{}: {} over the whole range, no level crossed.",
                series.title,
                text::quantity(value, sli_unit(series.unit))
            )
        }
        (None, None) => format!("{}: not enough data.", series.title),
    }
}

fn scale(unit: sli::Unit, values: &[Option<f64>]) -> Scale {
    let known = values
        .iter()
        .flatten()
        .copied()
        .filter(|value| *value > 0.0);
    let low = known.clone().fold(f64::INFINITY, f64::min);
    let high = known.fold(0.0, f64::max);
    if unit == sli::Unit::Microseconds && high > low * LOG_SCALE_FACTOR {
        Scale::Log
    } else {
        Scale::Linear
    }
}

fn percentile_chart(judged: &Judged, grid: &Grid) -> Chart {
    const QUANTILES: [(f64, &str); 3] = [(0.5, "p50"), (0.95, "p95"), (0.99, "p99")];
    let mut values = QUANTILES.map(|_| vec![None; grid.count]);
    let found = judged.rollup.select(is_counted).fold_windows(
        |start_us| grid.index(start_us),
        |found: &mut Vec<_>, index, latencies| {
            let quantiles = QUANTILES.map(|(quantile, _)| latencies.quantile_us(quantile));
            found.push((index, quantiles));
        },
    );
    for (index, quantiles) in found.into_iter().flatten() {
        for (values, quantile_us) in values.iter_mut().zip(quantiles) {
            values[index] = quantile_us.map(number);
        }
    }
    let scale = scale(sli::Unit::Microseconds, &values.concat());
    let is_known = values[0].iter().any(Option::is_some);
    let series = values.into_iter().zip(QUANTILES);
    Chart {
        title: "Response time of all requests".to_owned(),
        unit: Unit::Microseconds,
        scale,
        series: series
            .map(|(values, (_, name))| line(name, values))
            .collect(),
        limits: Vec::new(),
        message: if is_known {
            "Median, 95th and 99th percentile of the response time of all requests.".to_owned()
        } else {
            "These logs carry no durations.".to_owned()
        },
    }
}

fn error_chart(judged: &Judged, grid: &Grid) -> Chart {
    let all = grid.counts(&judged.rollup, is_customer);
    let statuses: BTreeSet<u16> = judged
        .rollup
        .series()
        .iter()
        .filter(|series| is_error(series))
        .map(|series| series.status)
        .collect();
    let mut lines = Vec::new();
    let mut error_count = 0;
    for status in statuses {
        let errors = grid.counts(&judged.rollup, |series| {
            is_error(series) && series.status == status
        });
        error_count += errors.iter().sum::<u64>();
        let shares = errors.iter().zip(&all);
        let shares = shares.map(|(errors, all)| (*all > 0).then(|| number(*errors) / number(*all)));
        lines.push(line(&status_name(status), shares.collect()));
    }
    if lines.is_empty() {
        let none = all.iter().map(|all| (*all > 0).then_some(0.0)).collect();
        lines.push(line("errors", none));
    }
    Chart {
        title: "Errors: 5xx, 429 and no answer".to_owned(),
        unit: Unit::Share,
        scale: Scale::Linear,
        series: lines,
        limits: Vec::new(),
        message: format!("{} requests ended in an error.", text::count(error_count)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_value_stands_until_the_next_window_begins(
            start in -3..3_i64,
            count in 0..12_usize,
            windows in prop::collection::btree_map(-5..15_i64, prop::option::of(0..9_u8), 0..8),
        ) {
            let grid = Grid { start_us: start * 10, window_us: 10, count };
            let found = grid.spread(windows.iter().map(|(start, value)| (start * 10, *value)));
            let expected = (0..).take(count).map(|index| {
                let last = windows.range(..=start + index).next_back();
                last.and_then(|(_, value)| *value)
            });
            prop_assert_eq!(found, expected.collect::<Vec<_>>());
        }
    }
}
