//! One look at a run: everything that is shown of it, as plain data.
//!
//! In: counters of the drill, what the recorder shows, and the SLI set. Out: a [`Look`], which the
//! terminal draws and the web page gets as JSON. It judges by the code that judges the run.

use std::collections::VecDeque;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use serde::Serialize;

use super::events::Event;
use super::seconds::{LiveSecond, SECONDS_KEPT};
use super::{LiveSettings, LiveState};
use crate::cli::page::sli_unit;
use crate::cli::thresholds::ThresholdLook;
use crate::drill::HealthSample;
use crate::report::Unit;
use crate::rollup::Rollup;
use crate::sli::{
    Alignment, BadSide, Level, LevelPlan, LimitPlan, Outside, Scope, SliSeries, evaluate,
};
use crate::time_window::{TimeWindow, seconds};

/// Windows of an SLI that are shown.
const WINDOWS_SHOWN: i64 = 24;
/// Kinds of errors that are shown.
const ERRORS_SHOWN: usize = 8;

/// One look at a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Look {
    /// Name of the run.
    pub run_id: String,
    /// What is driven.
    pub target: String,
    /// Where the run stands.
    pub stage: Stage,
    /// Seconds since the start.
    pub elapsed_s: f64,
    /// Length of the curve, seconds.
    pub length_s: f64,
    pub load: Load,
    /// The last two minutes, oldest first.
    pub seconds: Vec<LiveSecond>,
    /// Shoppers per second in the same seconds.
    pub arrivals: Vec<Arrived>,
    /// Errors of the last two minutes with their counts, most frequent first.
    pub errors: Vec<(String, u64)>,
    pub slis: Vec<SliLook>,
    pub thresholds: Vec<ThresholdLook>,
    /// What happened and what will, by time.
    pub events: Vec<Event>,
    /// What the operator is asked to confirm.
    pub prompt: Option<String>,
    pub generator: Generator,
    /// How it ended; only when it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Shoppers arrive.
    Running,
    /// Those who are there go on; nobody comes.
    Draining,
    /// All are gone; the run is judged.
    Judging,
    /// The report is written.
    Over,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct End {
    /// `pass`, `fail`, `invalid`, `stopped`, `not enough data`.
    pub verdict: String,
    /// The verdict in words.
    pub sentence: String,
    /// File name of the report.
    pub report: String,
}

/// What is asked of the target.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Load {
    /// Shoppers per second that the curve asks for now.
    pub planned_per_s: f64,
    pub offered: u64,
    pub started: u64,
    pub completed: u64,
    pub dropped: u64,
    pub present: u64,
    pub in_flight: u64,
    pub in_flight_max: u64,
    pub requests: u64,
    /// Requests in the lake.
    pub committed: u64,
}

/// Shoppers of one second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Arrived {
    /// Its beginning, seconds since the start.
    pub at_s: i64,
    /// As the curve says.
    pub planned: f64,
    /// Who came.
    pub offered: u64,
}

/// One SLI.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SliLook {
    pub name: String,
    pub title: String,
    pub unit: Unit,
    /// The newest value.
    pub value: Option<f64>,
    pub limits: Vec<LimitLook>,
    /// The worst level that the newest value is beyond.
    pub level: Option<Level>,
    /// Values of the newest windows, oldest first.
    pub recent: Vec<Option<f64>>,
}

/// A level of an SLI.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LimitLook {
    pub level: Level,
    pub bad: BadSide,
    pub value: f64,
}

/// The load generator.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Generator {
    pub cores: u64,
    pub descriptors_limit: u64,
    pub ports_limit: Option<u64>,
    /// Requests later than this make the run invalid, µs.
    pub lag_limit_us: u64,
    /// Share of all requests so far that left later.
    pub late_share: f64,
    /// The last seconds, oldest first.
    pub seconds: Vec<HealthSample>,
}

impl Generator {
    /// The newest second.
    pub fn newest(&self) -> Option<&HealthSample> {
        self.seconds.last()
    }
}

/// What looks remember of the ones before.
#[derive(Debug, Default)]
pub struct Memory {
    arrivals: VecDeque<Arrived>,
    offered: u64,
    health: VecDeque<HealthSample>,
}

impl Memory {
    /// Looks at the run; `is_over` when all shoppers are gone.
    pub fn look(&mut self, settings: &LiveSettings, is_over: bool) -> Look {
        let progress = &settings.progress;
        let elapsed_s = settings.origin.elapsed().as_secs_f64();
        let shown = {
            let state = settings.state.lock();
            state.unwrap_or_else(PoisonError::into_inner).clone()
        };
        let offered = progress.offered.load(Relaxed);
        self.count_arrivals(settings, elapsed_s, offered);
        let health = *progress
            .health
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.remember_health(health);
        let requests = progress.requests.load(Relaxed);
        let late = progress.late.load(Relaxed);
        let stage = match (is_over, elapsed_s > settings.length_s) {
            (true, _) => Stage::Judging,
            (false, true) => Stage::Draining,
            (false, false) => Stage::Running,
        };
        Look {
            run_id: settings.run_id.clone(),
            target: settings.target.clone(),
            stage,
            elapsed_s,
            length_s: settings.length_s,
            load: Load {
                planned_per_s: planned_per_s(settings, elapsed_s),
                offered,
                started: progress.started.load(Relaxed),
                completed: progress.completed.load(Relaxed),
                dropped: progress.dropped.load(Relaxed),
                present: progress.present.load(Relaxed),
                in_flight: progress.in_flight.load(Relaxed),
                in_flight_max: settings.in_flight_max as u64,
                requests,
                committed: shown.committed,
            },
            slis: slis(settings, &shown, elapsed_s),
            seconds: shown.seconds,
            arrivals: self.arrivals.iter().copied().collect(),
            errors: shown.errors.into_iter().take(ERRORS_SHOWN).collect(),
            thresholds: shown.thresholds,
            events: settings.events.around(whole(elapsed_s * 1e6)),
            prompt: settings.events.prompt(),
            generator: Generator {
                late_share: share(late, requests),
                seconds: self.health.iter().copied().collect(),
                ..settings.generator.clone()
            },
            end: None,
        }
    }

    /// Shoppers of the seconds that are over; of several at once each gets its part.
    fn count_arrivals(&mut self, settings: &LiveSettings, elapsed_s: f64, offered: u64) {
        let now_s = whole(elapsed_s);
        let next = self.arrivals.back().map_or(0, |last| last.at_s + 1);
        let over = u64::try_from(now_s - next).unwrap_or(0);
        if over == 0 {
            return;
        }
        let came = offered.saturating_sub(self.offered);
        self.offered = offered;
        for (at_s, index) in (next..now_s).zip(0..) {
            self.arrivals.push_back(Arrived {
                at_s,
                planned: planned_per_s(settings, seconds(at_s * 1_000_000) + 0.5),
                offered: came * (index + 1) / over - came * index / over,
            });
            if self.arrivals.len() > SECONDS_KEPT {
                self.arrivals.pop_front();
            }
        }
    }

    fn remember_health(&mut self, sample: Option<HealthSample>) {
        let Some(sample) = sample else {
            return;
        };
        if self
            .health
            .back()
            .is_some_and(|last| last.at_us == sample.at_us)
        {
            return;
        }
        self.health.push_back(sample);
        if self.health.len() > SECONDS_KEPT {
            self.health.pop_front();
        }
    }
}

/// The rate of the curve around a moment.
fn planned_per_s(settings: &LiveSettings, at_s: f64) -> f64 {
    let curve = &settings.curve;
    let planned = curve.arrivals_before(at_s + 0.5) - curve.arrivals_before((at_s - 0.5).max(0.0));
    planned * settings.curve_share
}

fn slis(settings: &LiveSettings, shown: &LiveState, elapsed_s: f64) -> Vec<SliLook> {
    let Some(recent) = &shown.recent else {
        return Vec::new();
    };
    let series = judged(settings, recent, elapsed_s);
    let plans = settings.set.slis.iter().zip(series);
    let looks = plans.map(|(plan, series)| {
        let newest = series.windows.iter().rev();
        let newest = newest.copied().find(|window| window.value.is_some());
        let value = newest.and_then(|window| window.value);
        let limits = |level: &LevelPlan| match level.limit {
            LimitPlan::Absolute(value) => Some(LimitLook {
                level: level.level,
                bad: level.bad,
                value,
            }),
            // A rehearsal has no weeks before.
            LimitPlan::OfExpected(_) => None,
        };
        let limits: Vec<LimitLook> = plan.levels.iter().filter_map(limits).collect();
        let beyond = limits
            .iter()
            .filter(|limit| value.is_some_and(|value| limit.bad.is_bad(value, limit.value)));
        SliLook {
            name: series.name,
            title: series.title,
            unit: sli_unit(series.unit),
            value,
            level: beyond.map(|limit| limit.level).max(),
            limits,
            recent: series.windows.iter().map(|window| window.value).collect(),
        }
    });
    // Those by which customers are unhappy come first; those without any value say nothing yet.
    let (with_levels, others): (Vec<_>, Vec<_>) = looks
        .filter(|look| look.value.is_some() || !look.limits.is_empty())
        .partition(|look| !look.limits.is_empty());
    with_levels.into_iter().chain(others).collect()
}

fn judged(settings: &LiveSettings, rollup: &Rollup, elapsed_s: f64) -> Vec<SliSeries> {
    let window_us = settings.set.rehearsal_window_us;
    // Records are handed on and counted within a second or two.
    let settled_us = (whole(elapsed_s) - 2).max(0) * 1_000_000;
    let count = settled_us / window_us;
    let first = (count - WINDOWS_SHOWN).max(0);
    if count <= first {
        return Vec::new();
    }
    let range = TimeWindow {
        start_us: settings.started_us + first * window_us,
        end_us: settings.started_us + count * window_us,
    };
    let scope = Scope {
        range,
        covered: range,
        window_us,
        alignment: Alignment::Start,
    };
    // A live view that cannot be computed shows nothing; the verdict reports the error.
    evaluate(&settings.set, rollup, scope, &Outside::default()).unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a run is hours long, not centuries"
)]
fn whole(number: f64) -> i64 {
    number as i64
}

#[cfg(test)]
pub mod sample;
