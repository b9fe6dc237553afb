//! What is measured of requests, and in which unit.

use serde::{Deserialize, Serialize};

use super::super::definition::{Combination, FunnelUnit};
use super::{EventPlan, Level};
use crate::rollup::SeriesKey;
use crate::status_pattern::StatusPattern;

/// What is measured.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    /// Events per `per_us`.
    Rate {
        /// Time that the rate is given for, µs.
        per_us: i64,
    },
    /// Share of requests that are good.
    Ratio {
        /// Which are.
        good: GoodPlan,
    },
    /// Quantile of the response time.
    Latency {
        /// Between 0 and 1.
        quantile: f64,
    },
    /// Share of requests within a limit.
    LatencyCut {
        /// The longest good response time, µs.
        limit_us: u64,
    },
    /// Share of windows in which another SLI was within one of its levels.
    WindowsGood {
        /// Index of the other SLI in the set.
        of: usize,
        /// The level beyond which a window is bad.
        level: Level,
    },
    /// (satisfied + tolerating / 2) / all.
    Apdex {
        /// The longest satisfying response time, µs.
        satisfied_us: u64,
        /// The longest tolerable one, µs.
        tolerated_us: u64,
        /// Statuses that frustrate however fast.
        bad: Vec<StatusPattern>,
    },
    /// Share of the time shoppers used the shop in which it worked.
    UserUptime {
        /// Statuses that mean that it did not.
        bad: Vec<StatusPattern>,
        /// A shopper who made no request for longer was not there, µs.
        cutoff_us: i64,
    },
    /// Share of those at the first step that came to the last.
    Funnel {
        /// At least two, first to last.
        steps: Vec<FunnelStepPlan>,
        /// What is counted.
        unit: FunnelUnit,
    },
    /// Several SLIs as one.
    Composite {
        /// Index of each part in the set, and its weight.
        parts: Vec<(usize, f64)>,
        /// How they become one value.
        combine: Combination,
    },
}

impl Measure {
    /// Indexes of the SLIs that it is made of, which are evaluated before it.
    #[must_use]
    pub fn made_of(&self) -> Vec<usize> {
        match self {
            Measure::WindowsGood { of, .. } => vec![*of],
            Measure::Composite { parts, .. } => parts.iter().map(|(part, _)| *part).collect(),
            Measure::Rate { .. }
            | Measure::Ratio { .. }
            | Measure::Latency { .. }
            | Measure::LatencyCut { .. }
            | Measure::Apdex { .. }
            | Measure::UserUptime { .. }
            | Measure::Funnel { .. } => Vec::new(),
        }
    }

    /// The kind as the file writes it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Measure::Rate { .. } => "rate",
            Measure::Ratio { .. } => "ratio",
            Measure::Latency { .. } => "latency",
            Measure::LatencyCut { .. } => "latency_cut",
            Measure::WindowsGood { .. } => "windows_good",
            Measure::Apdex { .. } => "apdex",
            Measure::UserUptime { .. } => "user_uptime",
            Measure::Funnel { .. } => "funnel",
            Measure::Composite { .. } => "composite",
        }
    }
}

/// Which of the valid requests are good.
#[derive(Debug, Clone, PartialEq)]
pub enum GoodPlan {
    /// Those whose status is none of these.
    StatusNot(Vec<StatusPattern>),
    /// Those that are also this event.
    Event(EventPlan),
}

impl GoodPlan {
    /// Whether requests of this series, which are valid, are good.
    #[must_use]
    pub fn covers(&self, series: &SeriesKey) -> bool {
        match self {
            // A shopper of a rehearsal says by an error that the answer was not as it must be.
            GoodPlan::StatusNot(bad) => {
                series.error.is_empty() && !bad.iter().any(|bad| bad.covers(series.status))
            }
            GoodPlan::Event(event) => event.covers(series),
        }
    }
}

/// One step of the funnel.
#[derive(Debug, Clone, PartialEq)]
pub struct FunnelStepPlan {
    /// In the business's words.
    pub title: String,
    /// Which requests reach it.
    pub event: EventPlan,
}

/// Unit of an SLI's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Events per minute.
    PerMinute,
    /// Events per second.
    PerSecond,
    /// A share from 0 to 1.
    Share,
    /// Microseconds.
    #[serde(rename = "us")]
    Microseconds,
}
