//! What a rehearsal was watched by: its thresholds, and the generator's own health.

use super::sli_unit;
use crate::cli::facts::RunFacts;
use crate::cli::thresholds::ThresholdFacts;
use crate::drill::{GeneratorHealth, Spread};
use crate::report::{GeneratorRow, State, ThresholdRow, Unit, WatchPart, text};
use crate::sli::WatchState;
use crate::time_window::seconds;

pub fn part(run: &RunFacts) -> WatchPart {
    let thresholds = run.thresholds.iter();
    WatchPart {
        thresholds: thresholds.map(|facts| threshold(run, facts)).collect(),
        generator: run.generator.as_ref().map(generator).unwrap_or_default(),
    }
}

fn threshold(run: &RunFacts, facts: &ThresholdFacts) -> ThresholdRow {
    ThresholdRow {
        demand: facts.demand.clone(),
        state: match facts.state {
            WatchState::Held => State::Met,
            WatchState::Broken => State::Missed,
            WatchState::NoData => State::NotEnoughData,
        },
        aborts: facts.aborts,
        unit: sli_unit(facts.unit),
        worst: facts.worst,
        first_broken_us: facts.first_broken_us.map(|at_us| run.started_us + at_us),
        broken_s: seconds(facts.broken_us),
        values: facts.values,
        count: facts.count,
    }
}

/// Who stopped a run, where it was a threshold.
pub fn by_whom(run: &RunFacts) -> String {
    run.guard.as_ref().map_or_else(String::new, |guard| {
        format!(
            "by a guard ({}, broken since {}) ",
            guard.demand,
            text::offset(guard.broken_since_us, 0)
        )
    })
}

/// Which thresholds did not hold, the first to break by name; empty when all held.
pub fn broken_words(run: &RunFacts) -> String {
    let broken = run.thresholds.iter();
    let mut broken: Vec<&ThresholdFacts> = broken
        .filter(|facts| facts.state == WatchState::Broken)
        .collect();
    broken.sort_by_key(|facts| facts.first_broken_us);
    let mut words = String::new();
    if let Some((first, others)) = broken.split_first() {
        let worst = first.worst.map_or_else(String::new, |worst| {
            let worst = text::quantity_apart(worst, sli_unit(first.unit), &[first.limit]);
            format!(", at worst {worst}")
        });
        words += &format!(
            "A threshold was broken: {}, from {} on, {} in all{worst}. ",
            first.demand,
            text::offset(first.first_broken_us.unwrap_or(0), 0),
            text::duration(seconds(first.broken_us))
        );
        words += &match others.len() {
            0 => String::new(),
            1 => "One more was broken. ".to_owned(),
            others => format!("{others} more were broken. "),
        };
    }
    let without_data = run.thresholds.iter();
    let without_data: Vec<&str> = without_data
        .filter(|facts| facts.state == WatchState::NoData)
        .map(|facts| facts.demand.as_str())
        .collect();
    if let Some(first) = without_data.first() {
        words += &match without_data.len() - 1 {
            0 => format!("A threshold never had data, so it did not hold: {first}. "),
            others => format!(
                "Thresholds never had data, so they did not hold: {first}, and {others} more. "
            ),
        };
    }
    words
}

fn generator(health: &GeneratorHealth) -> Vec<GeneratorRow> {
    let share = |value: f64| text::quantity(value, Unit::Share);
    let time = |value: f64| text::quantity(value, Unit::Microseconds);
    let count = |value: f64| text::quantity(value, Unit::Count);
    let megabytes = |value: f64| format!("{:.0} MB", value / 1e6);
    let limit = |limit: Option<u64>| limit.map_or_else(String::new, text::count);
    let rows = [
        row(
            &format!("CPU, share of {} cores", health.cores),
            health.cpu_share,
            share,
            String::new(),
        ),
        row(
            "CPU of the whole machine",
            health.machine_cpu_share,
            share,
            String::new(),
        ),
        row(
            "Latest request of a second, after it was due",
            health.schedule_lag_us,
            time,
            String::new(),
        ),
        row(
            "Latest timer of a second (event loop)",
            health.loop_lag_us,
            time,
            String::new(),
        ),
        row(
            "Ports in use towards the target",
            health.ports,
            count,
            limit(health.ports_limit),
        ),
        row(
            "Files open",
            health.descriptors,
            count,
            text::count(health.descriptors_limit),
        ),
        row(
            "Memory in RAM",
            health.resident_bytes,
            megabytes,
            String::new(),
        ),
    ];
    rows.into_iter().flatten().collect()
}

fn row(
    name: &str,
    spread: Option<Spread>,
    show: impl Fn(f64) -> String,
    limit: String,
) -> Option<GeneratorRow> {
    let spread = spread?;
    Some(GeneratorRow {
        name: name.to_owned(),
        lowest: show(spread.min),
        median: show(spread.median),
        highest: show(spread.max),
        limit,
    })
}
