//! When sessions begin, as the points of a traffic curve.
//!
//! In: the moments. Out: `(seconds, sessions per second)`, linear between them, through the middle of
//! each stretch, so that the area is the number of sessions.

use crate::time_window::{TimeWindow, seconds};

/// The most points of a learned curve.
pub const CURVE_POINTS_MAX: usize = 400;
/// Lengths of a stretch, s.
const STRETCHES_S: [i64; 8] = [10, 60, 300, 900, 3_600, 21_600, 86_400, 604_800];
/// Sessions per stretch that are wanted: a Poisson count of 25 has a spread of 20 %.
const SESSIONS_WANTED: usize = 25;
/// Stretches that are kept even where sessions are few.
const STRETCHES_MIN: i64 = 8;

/// How the curve shall be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurveRequest {
    /// The range of the moments.
    pub range: TimeWindow,
    /// How many times the rates.
    pub scale: f64,
    /// How many times as fast it goes by; rates stay.
    pub speed: f64,
}

/// The points, and the length of the stretches in seconds. `starts_us` are ascending.
#[must_use]
pub fn arrival_points(starts_us: &[i64], request: CurveRequest) -> (Vec<(f64, f64)>, i64) {
    let range = request.range;
    let length_s = (range.end_us - range.start_us).div_euclid(1_000_000).max(1);
    let stretch_s = stretch_s(length_s, starts_us.len());
    let stretch_us = stretch_s * 1_000_000;
    let mut points = Vec::new();
    let mut from_us = range.start_us;
    while from_us < range.end_us {
        let to_us = (from_us + stretch_us).min(range.end_us);
        let before = |ts_us: i64| starts_us.partition_point(|start_us| *start_us < ts_us);
        let sessions = before(to_us) - before(from_us);
        let rate = number(sessions) / seconds(to_us - from_us) * request.scale;
        let at = |ts_us: i64| seconds(ts_us - range.start_us) / request.speed;
        if points.is_empty() {
            points.push((0.0, rate));
        }
        points.push((at(from_us + (to_us - from_us) / 2), rate));
        if to_us == range.end_us {
            points.push((at(to_us), rate));
        }
        from_us = to_us;
    }
    (points, stretch_s)
}

/// The shortest stretch of which there are not too many, and most have enough sessions.
fn stretch_s(length_s: i64, sessions: usize) -> i64 {
    let fits = |stretch_s: &i64| {
        let stretches = length_s.div_euclid(*stretch_s) + 1;
        let is_told =
            sessions >= usize::try_from(stretches).unwrap_or(usize::MAX) * SESSIONS_WANTED;
        let is_few =
            usize::try_from(stretches).is_ok_and(|stretches| stretches + 2 <= CURVE_POINTS_MAX);
        is_few && (is_told || length_s.div_euclid(*stretch_s) <= STRETCHES_MIN)
    };
    let found = STRETCHES_S.iter().find(|stretch_s| fits(stretch_s));
    found.copied().unwrap_or_else(|| (length_s / 200).max(1))
}

#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(points: &[(f64, f64)]) -> f64 {
        points
            .windows(2)
            .map(|pair| (pair[1].0 - pair[0].0) * f64::midpoint(pair[0].1, pair[1].1))
            .sum()
    }

    #[test]
    fn the_area_is_the_number_of_sessions_times_scale_by_speed() {
        let day = TimeWindow {
            start_us: 0,
            end_us: 86_400_000_000,
        };
        let starts: Vec<i64> = (0..40_000)
            .map(|index: i64| index * index % 86_400 * 1_000_000)
            .collect();
        let mut starts = starts;
        starts.sort_unstable();
        for (scale, speed) in [(1.0, 1.0), (3.0, 1.0), (3.0, 60.0)] {
            let (points, stretch_s) = arrival_points(
                &starts,
                CurveRequest {
                    range: day,
                    scale,
                    speed,
                },
            );
            assert_eq!(stretch_s, 300);
            assert!(
                (area(&points) - 40_000.0 * scale / speed).abs() < 1e-3 * area(&points),
                "{scale} {speed}"
            );
            assert!((points[points.len() - 1].0 - 86_400.0 / speed).abs() < 1e-6);
        }
    }

    #[test]
    fn few_sessions_have_long_stretches_and_many_have_short_ones() {
        assert_eq!(stretch_s(3_600, 10_000), 10);
        assert_eq!(stretch_s(3_600, 1_600), 60);
        assert_eq!(stretch_s(86_400, 100), 21_600);
        assert_eq!(stretch_s(7 * 86_400, 100_000), 3_600);
        assert_eq!(stretch_s(60, 0), 10);
    }
}
