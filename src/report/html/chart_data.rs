//! The charts as the page's script wants them: short numbers, times in seconds from the start.
//!
//! In: the timeline. Out: one serialisable value. Numbers keep four digits (near 100 %, four
//! digits of what is missing); more windows than a page can hold are joined so that the lowest
//! and the highest value of each group stay. It never decides about colours or layout.

use serde::{Serialize, Serializer};

use super::super::page::{Chart, Limit, Scale, SeriesStyle, Timeline, Unit};
use super::clock::Clock;

/// Most values in one page; at about seven bytes each they stay below half a megabyte, and full
/// tables have the other half. An hour of seconds in six charts of three series fits.
const VALUES_MAX: usize = 66_000;

/// Most shaded stretches per threshold.
const STRETCHES_MAX: usize = 500;

/// Most vertical marks.
pub const MARKS_MAX: usize = 60;

/// Significant digits of a value; the page shows three.
const DIGITS: usize = 4;

/// All charts of a page.
#[derive(Serialize)]
pub struct ChartData<'a> {
    relative: bool,
    zone: &'a str,
    start_s: Short,
    window_s: Short,
    x_s: Vec<Short>,
    charts: Vec<OneChart<'a>>,
    marks: Vec<OneMark<'a>>,
}

#[derive(Serialize)]
struct OneChart<'a> {
    title: &'a str,
    message: &'a str,
    unit: Unit,
    log: bool,
    /// What values must be multiplied with to be in the unit; keeps the text short.
    factor: f64,
    series: Vec<OneSeries<'a>>,
    limits: Vec<OneLimit<'a>>,
}

#[derive(Serialize)]
struct OneSeries<'a> {
    name: &'a str,
    area: bool,
    #[serde(skip_serializing_if = "is_no")]
    band: bool,
    #[serde(skip_serializing_if = "is_no")]
    stacked: bool,
    values: Vec<Option<Short>>,
}

#[derive(Serialize)]
struct OneLimit<'a> {
    label: &'a str,
    level: &'a str,
    value: f64,
    crossed_s: Vec<[Short; 2]>,
}

#[derive(Serialize)]
struct OneMark<'a> {
    at_s: Short,
    #[serde(skip_serializing_if = "Option::is_none")]
    until_s: Option<Short>,
    label: &'a str,
}

impl<'a> ChartData<'a> {
    /// Prepares `timeline` for the script; `clock` says how times are shown.
    pub fn new(timeline: &'a Timeline, clock: &'a Clock) -> Self {
        let start_us = timeline.starts_us.first().copied().unwrap_or(0);
        let group = windows_per_group(timeline);
        let since_start = |us: i64| Short(seconds_between(start_us, us));
        let marks = timeline.marks.iter().take(MARKS_MAX);
        Self {
            relative: clock.is_relative(),
            zone: clock.zone_name(),
            start_s: Short(start_us as f64 / 1e6),
            window_s: Short(window_s(timeline)),
            x_s: group_starts(&timeline.starts_us, group)
                .into_iter()
                .map(since_start)
                .collect(),
            charts: timeline
                .charts
                .iter()
                .map(|it| one_chart(it, timeline, group))
                .collect(),
            marks: marks
                .map(|mark| OneMark {
                    at_s: since_start(mark.at_us),
                    until_s: mark.until_us.map(since_start),
                    label: &mark.label,
                })
                .collect(),
        }
    }
}

/// How many windows share one low and one high point: 1 where every window fits the page.
pub fn windows_per_group(timeline: &Timeline) -> usize {
    let series_count: usize = timeline.charts.iter().map(|chart| chart.series.len()).sum();
    let windows = timeline.starts_us.len();
    if windows * series_count.max(1) <= VALUES_MAX {
        return 1;
    }
    // Two points per group.
    let groups = (VALUES_MAX / 2 / series_count.max(1)).max(1);
    windows.div_ceil(groups).max(2)
}

/// Length of a window in seconds, from the first two starts; 1 where there are not two.
pub fn window_s(timeline: &Timeline) -> f64 {
    match timeline.starts_us.as_slice() {
        [first, second, ..] if second > first => seconds_between(*first, *second),
        _ => 1.0,
    }
}

fn one_chart<'a>(chart: &'a Chart, timeline: &Timeline, group: usize) -> OneChart<'a> {
    let factor = match chart.unit {
        Unit::Microseconds => 1_000.0,
        Unit::PerMinute | Unit::PerSecond | Unit::Share | Unit::Count | Unit::Times => 1.0,
    };
    let windows = timeline.starts_us.len();
    let start_us = timeline.starts_us.first().copied().unwrap_or(0);
    let series = chart.series.iter().map(|series| {
        let values: Vec<Option<f64>> = (0..windows)
            .map(|index| series.values.get(index).copied().flatten())
            .collect();
        OneSeries {
            name: &series.name,
            area: matches!(series.style, SeriesStyle::Area | SeriesStyle::Stacked),
            stacked: series.style == SeriesStyle::Stacked,
            band: series.style == SeriesStyle::Band,
            values: grouped(&values, group)
                .into_iter()
                .map(|value| value.map(|value| Short(short(value, chart.unit) / factor)))
                .collect(),
        }
    });
    OneChart {
        title: &chart.title,
        message: &chart.message,
        unit: chart.unit,
        log: chart.scale == Scale::Log,
        factor,
        series: series.collect(),
        limits: chart
            .limits
            .iter()
            .map(|limit| one_limit(limit, start_us))
            .collect(),
    }
}

fn one_limit(limit: &Limit, start_us: i64) -> OneLimit<'_> {
    let stretches = limit.crossed_us.iter().take(STRETCHES_MAX);
    OneLimit {
        label: &limit.label,
        level: level_class(&limit.level),
        value: limit.value,
        crossed_s: stretches
            .map(|it| it.map(|us| Short(seconds_between(start_us, us))))
            .collect(),
    }
}

/// The style of a level: foreign names look like an objective.
pub fn level_class(level: &str) -> &'static str {
    match level {
        "warn" => "warn",
        "contact" => "contact",
        _ => "objective",
    }
}

/// First and middle start of each group, or every start where a group is one window.
fn group_starts(starts_us: &[i64], group: usize) -> Vec<i64> {
    if group == 1 {
        return starts_us.to_vec();
    }
    starts_us
        .chunks(group)
        .flat_map(|chunk| [chunk[0], chunk[chunk.len() / 2]])
        .collect()
}

/// The lowest and the highest value of each group, in the order in which they happened.
fn grouped(values: &[Option<f64>], group: usize) -> Vec<Option<f64>> {
    if group == 1 {
        return values.to_vec();
    }
    values.chunks(group).flat_map(extremes).collect()
}

fn extremes(group: &[Option<f64>]) -> [Option<f64>; 2] {
    let known = || {
        group
            .iter()
            .enumerate()
            .filter_map(|(at, value)| Some((at, (*value)?)))
    };
    let lowest = known().min_by(|one, other| one.1.total_cmp(&other.1));
    let highest = known().max_by(|one, other| one.1.total_cmp(&other.1));
    match (lowest, highest) {
        (Some(low), Some(high)) if low.0 <= high.0 => [Some(low.1), Some(high.1)],
        (Some(low), Some(high)) => [Some(high.1), Some(low.1)],
        _ => [None, None],
    }
}

fn is_no(flag: &bool) -> bool {
    !flag
}

fn seconds_between(start_us: i64, us: i64) -> f64 {
    // Exact below 2^53 µs, 285 years.
    (us.saturating_sub(start_us)) as f64 / 1e6
}

/// A value with as many digits as the page needs.
fn short(value: f64, unit: Unit) -> f64 {
    let last = DIGITS - 1;
    let parsed = |text: String| text.parse().unwrap_or(value);
    if unit == Unit::Share && value > 0.5 && value < 1.0 {
        let missing = 1.0 - value;
        let decimals = (DIGITS as f64 - 1.0 - missing.log10().floor()).clamp(0.0, 16.0);
        let near_one = parsed(format!("{value:.*}", decimals as usize));
        return if near_one < 1.0 { near_one } else { value };
    }
    parsed(format!("{value:.last$e}"))
}

/// A number that is written without `.0` where it is whole; not finite is `null`.
#[derive(Clone, Copy)]
struct Short(f64);

impl Serialize for Short {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Every whole number below 2^53 is exact in both types.
        if self.0.fract() == 0.0 && self.0.abs() < 9e15 {
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    #[test]
    fn values_keep_four_digits_and_shares_what_is_missing_to_one() {
        let table = [
            (1_234_567.0, Unit::Microseconds, 1_235_000.0),
            (0.012_345_6, Unit::Share, 0.012_35),
            (0.987_654_3, Unit::Share, 0.987_65),
            (0.999_97, Unit::Share, 0.999_97),
            (1.0, Unit::Share, 1.0),
            (0.0, Unit::Count, 0.0),
        ];
        for (value, unit, expected) in table {
            assert_eq!(short(value, unit), expected, "{value}");
        }
        let just_below = 1.0 - f64::EPSILON / 2.0;
        assert!(short(just_below, Unit::Share) < 1.0);
    }

    #[test]
    fn joined_windows_keep_their_lowest_and_highest_value_in_order() {
        let values = [
            Some(3.0),
            Some(9.0),
            Some(1.0),
            None,
            None,
            None,
            None,
            Some(5.0),
        ];
        let expected = [Some(9.0), Some(1.0), None, None, Some(5.0), Some(5.0)];
        assert_eq!(grouped(&values, 3), expected);
        assert_eq!(
            group_starts(&[0, 1, 2, 3, 4, 5, 6, 7], 3),
            [0, 1, 3, 4, 6, 7]
        );
    }

    #[test]
    fn windows_are_joined_only_past_the_limit() {
        let mut timeline = sample::large(VALUES_MAX as u32 / 3, 1).timeline;
        assert_eq!(windows_per_group(&timeline), 1);
        let again = timeline.charts[0].series[0].clone();
        timeline.charts[0].series.push(again);
        assert_eq!(windows_per_group(&timeline), 3);
        let clock = Clock::of(&timeline);
        let data = ChartData::new(&timeline, &clock);
        assert_eq!(data.x_s.len(), data.charts[0].series[0].values.len());
        assert!(data.x_s.len() * 4 <= VALUES_MAX);
    }

    #[test]
    fn a_series_that_is_too_short_is_filled_with_gaps() {
        let mut timeline = sample::black_friday().timeline;
        timeline.charts[0].series[0].values.truncate(2);
        let clock = Clock::of(&timeline);
        let data = ChartData::new(&timeline, &clock);
        assert_eq!(
            data.charts[0].series[0].values.len(),
            timeline.starts_us.len()
        );
    }

    #[test]
    fn numbers_that_are_not_finite_become_null() {
        let text = serde_json::to_string(&[Short(f64::NAN), Short(2.0), Short(0.5)]);
        assert_eq!(text.ok().as_deref(), Some("[null,2,0.5]"));
    }
}
