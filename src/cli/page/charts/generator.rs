//! The chart of the load generator's own CPU.

use crate::cli::range::Judged;
use crate::drill::HealthSample;
use crate::report::{Chart, Scale, Series, SeriesStyle, Unit, text};

/// CPU of the generator and of its machine; `None` where nothing is known of it.
pub fn chart(judged: &Judged, starts_us: &[i64]) -> Option<Chart> {
    let run = judged.run.as_ref()?;
    let health = run.generator.as_ref()?;
    let highest = health.cpu_share?;
    let values = |value: &dyn Fn(&HealthSample) -> Option<f64>| {
        let mut values = vec![None; starts_us.len()];
        for sample in &health.timeline {
            // A sample is of the second before it.
            let after = starts_us.partition_point(|start| *start < run.started_us + sample.at_us);
            if let Some(slot) = after.checked_sub(1).and_then(|at| values.get_mut(at)) {
                *slot = value(sample);
            }
        }
        values
    };
    let series = |name: &str, value: &dyn Fn(&HealthSample) -> Option<f64>| Series {
        name: name.to_owned(),
        style: SeriesStyle::Line,
        values: values(value),
    };
    let message = format!(
        "The load generator took at most {} of its {} cores.",
        text::quantity(highest.max, Unit::Share),
        health.cores
    );
    Some(Chart {
        title: "CPU of the load generator".to_owned(),
        unit: Unit::Share,
        scale: Scale::Linear,
        series: vec![
            series("load generator", &|sample| sample.cpu_share),
            series("whole machine", &|sample| sample.machine_cpu_share),
        ],
        limits: Vec::new(),
        message,
    })
}
