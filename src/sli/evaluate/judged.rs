//! From numbers to states: which windows, levels and objectives are missed.

use jiff::tz::TimeZone;

use super::tally::{Frame, Measured};
use crate::sli::crossing::{Evidence, LevelOutcome, crossings};
use crate::sli::interval::number;
use crate::sli::plan::{Level, SliPlan, SliSetPlan};
use crate::sli::series::{SliSeries, SliState, SliWindow, WindowState};

/// The series of an SLI with these numbers.
pub fn judged(set: &SliSetPlan, sli: &SliPlan, measured: Measured, frame: &Frame) -> SliSeries {
    let Measured {
        mut windows,
        total,
        value_with_excluded,
        detail,
    } = measured;
    let evidence = Evidence::of(&sli.measure);
    judge_windows(sli, &mut windows, frame);
    let levels = sli.levels.iter();
    let levels: Vec<LevelOutcome> = levels
        .map(|level| crossings(level, evidence, &windows, frame.scope.window_us))
        .collect();
    let is_contact_crossed = levels
        .iter()
        .any(|level| level.level == Level::Contact && !level.crossed_us.is_empty());
    let is_beyond = |value: f64| {
        sli.objective
            .is_some_and(|(bad, limit)| bad.is_bad(value, limit))
    };
    let is_objective_missed = total.value.is_some_and(is_beyond);
    let state = match total.value {
        _ if is_contact_crossed || is_objective_missed => SliState::Missed,
        None => SliState::NotEnoughData,
        Some(_) => SliState::Met,
    };
    let is_objective_certain = match (sli.objective, total.interval) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(_), Some(ends)) => ends
            .into_iter()
            .all(|end| is_beyond(end) == is_objective_missed),
    };
    let excluded = || windows.iter().filter(|window| window.is_excluded());
    SliSeries {
        name: sli.name.clone(),
        title: sli.title.clone(),
        kind: sli.measure.kind(),
        unit: sli.unit(),
        definition_sha256: set.sha256.clone(),
        window_us: frame.scope.window_us,
        time_zone: sli
            .time_zone
            .as_ref()
            .and_then(TimeZone::iana_name)
            .map(str::to_owned),
        state,
        is_certain: is_contact_crossed || (total.value.is_some() && is_objective_certain),
        value: total.value,
        good: total.good,
        valid: total.valid,
        count: total.count,
        interval: total.interval,
        objective: sli.objective.map(|(_, limit)| limit),
        expected: expected(&windows),
        value_with_excluded,
        excluded_windows: excluded().count(),
        excluded_valid: excluded().map(|window| window.valid).sum(),
        provisional_windows: windows.iter().filter(|window| window.provisional).count(),
        detail,
        levels,
        windows,
    }
}

/// Gives the windows of the frame their states; excluded ones lose their values.
pub fn judge_windows(sli: &SliPlan, windows: &mut [SliWindow], frame: &Frame) {
    let evidence = Evidence::of(&sli.measure);
    for (window, is_excluded) in windows.iter_mut().zip(&frame.is_excluded) {
        judge_window(sli, window, evidence, *is_excluded);
    }
}

fn judge_window(sli: &SliPlan, window: &mut SliWindow, evidence: Evidence, is_excluded: bool) {
    if is_excluded {
        window.value = None;
        window.interval = None;
        window.state = WindowState::Excluded;
        return;
    }
    let mut contacts = sli
        .levels
        .iter()
        .filter(|level| level.level == Level::Contact);
    let is_missed = contacts.any(|level| level.is_beyond(window, evidence) == Some(true));
    window.state = match window.value {
        None => WindowState::NotEnoughData,
        Some(_) if is_missed => WindowState::Missed,
        Some(_) => WindowState::Met,
    };
}

/// The mean of what was expected of judged windows; `None` where nothing was.
fn expected(windows: &[SliWindow]) -> Option<f64> {
    let judged = windows.iter().filter(|window| window.value.is_some());
    let expected: Vec<f64> = judged.filter_map(|window| window.expected).collect();
    let count = number(expected.len() as u64);
    (!expected.is_empty()).then(|| expected.iter().sum::<f64>() / count)
}
