//! How error budgets ran down, as a chart on the axis of all others.

use super::number;
use crate::cli::range::Judged;
use crate::report::{Chart, Scale, Series, SeriesStyle, Unit, text};

/// Lines of the chart at most; the rest stand in the table of the SLIs.
const LINES_MAX: usize = 4;

/// What is left of each budget of a week or longer; `None` where no objective has one.
pub fn chart(judged: &Judged, starts_us: &[i64]) -> Option<Chart> {
    let mut lines = Vec::new();
    let mut lowest: Option<f64> = None;
    for series in &judged.series {
        let outcomes = judged.objectives.get(&series.name).into_iter().flatten();
        // The first objective of an SLI is the one that its owner thinks of.
        let Some(outcome) = outcomes.take(1).find(|outcome| !outcome.series.is_empty()) else {
            continue;
        };
        let mut points = outcome.series.iter().peekable();
        let mut last = None;
        let values = starts_us.iter().map(|start_us| {
            while let Some(point) = points.next_if(|point| point.at_us <= *start_us) {
                last = point.remaining;
            }
            last
        });
        let values: Vec<Option<f64>> = values.collect();
        for value in values.iter().flatten() {
            lowest = Some(lowest.map_or(*value, |lowest| lowest.min(*value)));
        }
        lines.push(Series {
            name: series.title.clone(),
            style: SeriesStyle::Line,
            values,
        });
    }
    let lowest = lowest?;
    let more = lines.len().saturating_sub(LINES_MAX);
    lines.truncate(LINES_MAX);
    let more = match more {
        0 => String::new(),
        more => format!(" {} more are in the table.", number(more as u64)),
    };
    Some(Chart {
        title: "Error budget that is left".to_owned(),
        unit: Unit::Share,
        scale: Scale::Linear,
        series: lines,
        limits: Vec::new(),
        message: format!(
            "At the lowest, {} of a budget were left.{more}",
            text::quantity(lowest, Unit::Share)
        ),
    })
}
