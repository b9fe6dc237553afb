//! Curves, phases and the closed model.

use super::super::curve::TrafficCurve;
use super::super::definition::{
    ClosedDefinition, CurveFileDefinition, LearnedDefinition, PhaseDefinition,
};
use super::super::plan::{ClosedPlan, LearnedTraffic, PhasePlan, TrafficPlan};
use super::{Resolver, us};
use crate::time_window::{TimeError, TimeWindow, parse_time, parse_week, seconds, zone};

/// The most points of a curve.
const POINTS_MAX: usize = 1_000_000;

/// Points of a curve: seconds since the start, and shoppers per second.
type Points = Vec<(f64, f64)>;

impl Resolver<'_> {
    pub(super) fn traffic(&mut self) -> Option<TrafficPlan> {
        let traffic = &self.declared.value.traffic;
        let ways = [
            !traffic.curve.is_empty(),
            traffic.curve_file.is_some(),
            traffic.learned.is_some(),
            !traffic.phases.is_empty(),
            traffic.closed.is_some(),
        ];
        if ways.iter().filter(|way| **way).count() != 1 {
            let message = "traffic is said in exactly one way";
            let hint = "write one of `curve`, `curve_file`, `learned`, `phases` and `closed`";
            self.problem("/traffic", message, Some(hint));
            return None;
        }
        let mut labels = Vec::new();
        let mut phases = Vec::new();
        let mut closed = None;
        let mut learned = None;
        let points = if let Some(definition) = &traffic.closed {
            closed = Some(closed_plan(definition));
            vec![(0.0, 0.0), (seconds(us(definition.length)), 0.0)]
        } else if let Some(definition) = &traffic.learned {
            learned = Some(self.learned(definition)?);
            // Nobody arrives until the lake was asked.
            vec![(0.0, 0.0), (1.0, 0.0)]
        } else if let Some(file) = &traffic.curve_file {
            self.curve_file(file)?
        } else if traffic.curve.is_empty() {
            let (points, plans) = self.phases(&traffic.phases);
            let named = plans.iter();
            labels.extend(named.map(|phase| (phase.from_us, phase.name.clone())));
            phases = plans;
            points
        } else {
            let named = traffic.curve.iter();
            labels.extend(named.filter_map(|point| Some((us(point.at), point.label.clone()?))));
            self.curve_points()
        };
        let curve = self.curve(&points, closed.is_some() || learned.is_some())?;
        Some(TrafficPlan {
            spacing: traffic.arrivals,
            curve,
            labels,
            phases,
            closed,
            learned,
            recorded: None,
        })
    }

    fn curve(&mut self, points: &[(f64, f64)], may_be_empty: bool) -> Option<TrafficCurve> {
        let rate_max = self.declared.value.limits.shoppers_per_s;
        let highest = points.iter().map(|(_, rate)| *rate).fold(0.0, f64::max);
        if let Some(rate_max) = rate_max.filter(|rate_max| highest > *rate_max) {
            let point = self.declared.value.traffic.curve.iter();
            let above = point
                .enumerate()
                .find(|(_, point)| point.shoppers_per_s > rate_max);
            let pointer = above.map_or_else(
                || "/traffic".to_owned(),
                |(index, _)| format!("/traffic/curve/{index}/shoppers_per_s"),
            );
            let message = format!("{highest} is above `limits.shoppers_per_s` of {rate_max}");
            self.problem(&pointer, message, None);
        }
        let curve = TrafficCurve::new(points);
        let is_usable = curve
            .as_ref()
            .is_some_and(|curve| curve.arrivals() > 0.0 || may_be_empty);
        if !is_usable && self.problems.is_empty() {
            let hint = "at least two points at different times, one of them above 0";
            self.problem("/traffic", "nobody ever arrives on this curve", Some(hint));
        }
        curve
    }

    fn curve_points(&mut self) -> Points {
        let points = self.declared.value.traffic.curve.iter();
        let points: Points = points
            .map(|point| (seconds(us(point.at)), point.shoppers_per_s))
            .collect();
        for (index, pair) in points.windows(2).enumerate() {
            if pair[1].0 < pair[0].0 {
                let pointer = format!("/traffic/curve/{}/at", index + 1);
                let hint = "sort its points by `at`";
                self.problem(&pointer, "the curve goes back in time", Some(hint));
            }
        }
        points
    }

    fn phases(&mut self, definitions: &[PhaseDefinition]) -> (Points, Vec<PhasePlan>) {
        let (mut points, mut plans) = (Vec::new(), Vec::new());
        let mut from_us = 0;
        for (index, phase) in definitions.iter().enumerate() {
            let to_us = from_us + us(phase.length);
            let rate = phase.shoppers_per_s;
            points.push((seconds(from_us), phase.from.unwrap_or(rate)));
            if let Some(spikes) = &phase.spikes {
                let pointer = format!("/traffic/phases/{index}/spikes");
                let (every_us, length_us) = (us(spikes.every), us(spikes.length));
                if phase.from.is_some() || length_us >= every_us || length_us == 0 {
                    let message =
                        "spikes are shorter than the time between them, on a phase without `from`";
                    self.problem(&pointer, message, None);
                } else {
                    let mut spike_us = from_us + every_us;
                    while spike_us < to_us && points.len() < POINTS_MAX {
                        let end_us = (spike_us + length_us).min(to_us);
                        points.push((seconds(spike_us), rate));
                        points.push((seconds(spike_us), spikes.shoppers_per_s));
                        points.push((seconds(end_us), spikes.shoppers_per_s));
                        points.push((seconds(end_us), rate));
                        spike_us += every_us;
                    }
                }
            }
            points.push((seconds(to_us), rate));
            plans.push(PhasePlan {
                name: phase.name.clone(),
                from_us,
                to_us,
            });
            from_us = to_us;
        }
        (points, plans)
    }

    /// Looks at times and zone as they are written; what they are the lake says when the run begins.
    fn learned(&mut self, learned: &LearnedDefinition) -> Option<LearnedTraffic> {
        let checked = (|| -> Result<_, TimeError> {
            let zone = zone(learned.time_zone.as_deref().unwrap_or("UTC"))?;
            if let Some(week) = &learned.week {
                parse_week(week, &zone)?;
            }
            let bound = |text: &Option<String>| {
                text.as_ref()
                    .map(|text| parse_time(text, &zone, 0))
                    .transpose()
            };
            let ages = [&learned.from, &learned.to].into_iter().flatten();
            let has_age = ages.into_iter().any(|text| text.starts_with('-'));
            if let (Some(from_us), Some(to_us), false) =
                (bound(&learned.from)?, bound(&learned.to)?, has_age)
            {
                TimeWindow::new(from_us, to_us)?;
            }
            Ok(zone)
        })();
        if learned.week.is_some() && (learned.from.is_some() || learned.to.is_some()) {
            let message = "a week is a range already";
            self.problem(
                "/traffic/learned/week",
                message,
                Some("leave out `from` and `to`"),
            );
        }
        match checked {
            Ok(zone) => Some(LearnedTraffic {
                from: learned.from.clone(),
                to: learned.to.clone(),
                week: learned.week.clone(),
                zone,
                scale: learned.scale.unwrap_or(1.0),
                speed: learned.speed.unwrap_or(1.0),
                shoppers_per_s_max: self.declared.value.limits.shoppers_per_s,
            }),
            Err(error) => {
                self.problem("/traffic/learned", error.to_string(), None);
                None
            }
        }
    }

    fn curve_file(&mut self, file: &CurveFileDefinition) -> Option<Points> {
        const POINTER: &str = "/traffic/curve_file";
        let bytes = self.file(&file.path, &format!("{POINTER}/path"))?;
        let (scale, speed) = (file.scale.unwrap_or(1.0), file.speed.unwrap_or(1.0));
        let mut points: Points = Vec::new();
        let mut begins_at = None;
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(bytes.as_slice());
        let header_is_right = reader
            .headers()
            .is_ok_and(|header| header == ["time", "rate"].as_slice());
        if !header_is_right {
            let message = format!("`{}` does not begin with the header `time,rate`", file.path);
            self.problem(POINTER, message, None);
            return None;
        }
        for (index, row) in reader.records().enumerate() {
            let point = row.ok().and_then(|row| {
                let at_s = curve_time_s(row.get(0)?)?;
                let rate: f64 = row.get(1)?.parse().ok()?;
                (rate.is_finite() && rate >= 0.0).then_some((at_s, rate))
            });
            let Some((at_s, rate)) = point else {
                let message = format!("line {} of `{}` is no time and rate", index + 2, file.path);
                let hint =
                    "seconds since the start or RFC 3339, and shoppers per second of at least 0";
                self.problem(POINTER, message, Some(hint));
                return None;
            };
            let begins_s = *begins_at.get_or_insert(at_s);
            let at_s = (at_s - begins_s) / speed;
            let goes_back = points.last().is_some_and(|(last_s, _)| at_s < *last_s);
            if goes_back || points.len() >= POINTS_MAX {
                let message = format!(
                    "line {} of `{}` goes back in time, or is one of more than {POINTS_MAX}",
                    index + 2,
                    file.path
                );
                self.problem(POINTER, message, None);
                return None;
            }
            points.push((at_s, rate * scale));
        }
        Some(points)
    }
}

fn closed_plan(closed: &ClosedDefinition) -> ClosedPlan {
    ClosedPlan {
        shoppers: usize::try_from(closed.shoppers).unwrap_or(usize::MAX),
        length_us: us(closed.length),
    }
}

/// Seconds since the start, or since 1970 for a moment.
fn curve_time_s(text: &str) -> Option<f64> {
    if let Ok(at_s) = text.parse::<f64>() {
        return at_s.is_finite().then_some(at_s);
    }
    let moment: jiff::Timestamp = text.parse().ok()?;
    Some(seconds(moment.as_microsecond()))
}
