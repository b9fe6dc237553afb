//! What an SLI set means: every reference resolved, every number in one unit.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::definition::{LevelName, StatusText};
use crate::rollup::SeriesKey;
use crate::route::RouteTemplate;

/// An SLI set, ready to be evaluated.
#[derive(Debug, Clone)]
pub struct SliSetPlan {
    /// Its name.
    pub name: String,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// The file letter by letter.
    pub text: String,
    /// Path templates, in the order in which they are tried.
    pub routes: Vec<RouteTemplate>,
    /// Length of a window on production logs, µs.
    pub window_us: i64,
    /// Length of a window on a rehearsal, µs.
    pub rehearsal_window_us: i64,
    /// From the first page to the order.
    pub funnel: Vec<FunnelStepPlan>,
    /// The SLIs, in the order of the file.
    pub slis: Vec<SliPlan>,
}

impl SliSetPlan {
    /// The latency limits that must be counted exactly, µs.
    #[must_use]
    pub fn cuts_us(&self) -> Vec<u64> {
        let cuts = self.slis.iter().filter_map(|sli| match sli.measure {
            Measure::LatencyCut { limit_us } => Some(limit_us),
            Measure::Rate { .. } | Measure::Ratio { .. } | Measure::Latency { .. } => None,
        });
        cuts.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// One step of the funnel.
#[derive(Debug, Clone)]
pub struct FunnelStepPlan {
    /// In the business's words.
    pub title: String,
    /// Which requests reach it.
    pub event: EventPlan,
}

/// One SLI, ready to be evaluated.
#[derive(Debug, Clone)]
pub struct SliPlan {
    /// Identifier.
    pub name: String,
    /// In the business's words.
    pub title: String,
    /// Which requests are valid.
    pub event: EventPlan,
    /// What is measured of them.
    pub measure: Measure,
    /// Windows and ranges with fewer requests are not judged; 0 judges all.
    pub count_min: u64,
    /// What must hold over the whole range: the limit and its bad side.
    pub objective: Option<(BadSide, f64)>,
    /// Thresholds, mildest first.
    pub levels: Vec<LevelPlan>,
}

impl SliPlan {
    /// Unit of its values, limits and intervals.
    #[must_use]
    pub fn unit(&self) -> Unit {
        match &self.measure {
            Measure::Rate { per_us: 1_000_000 } => Unit::PerSecond,
            Measure::Rate { .. } => Unit::PerMinute,
            Measure::Ratio { .. } | Measure::LatencyCut { .. } => Unit::Share,
            Measure::Latency { .. } => Unit::Microseconds,
        }
    }
}

/// What is measured.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    /// Events per `per_us`.
    Rate {
        /// Time that the rate is given for, µs.
        per_us: i64,
    },
    /// Share of requests whose status is none of these.
    Ratio {
        /// Bad statuses.
        bad: Vec<StatusPattern>,
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
}

impl Measure {
    /// The kind as the file writes it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Measure::Rate { .. } => "rate",
            Measure::Ratio { .. } => "ratio",
            Measure::Latency { .. } => "latency",
            Measure::LatencyCut { .. } => "latency_cut",
        }
    }
}

/// Unit of an SLI's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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

/// On which side of a limit it is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BadSide {
    /// Above it.
    Above,
    /// Below it.
    Below,
}

impl BadSide {
    /// Whether `value` is on the bad side of `limit`; the limit itself is good.
    #[must_use]
    pub fn is_bad(self, value: f64, limit: f64) -> bool {
        match self {
            BadSide::Above => value > limit,
            BadSide::Below => value < limit,
        }
    }
}

/// A level that means trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Somebody should look.
    Warn,
    /// Customers call support.
    Contact,
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Level::Warn => "warn",
            Level::Contact => "contact",
        })
    }
}

impl From<LevelName> for Level {
    fn from(name: LevelName) -> Self {
        match name {
            LevelName::Warn => Level::Warn,
            LevelName::Contact => Level::Contact,
        }
    }
}

/// One threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelPlan {
    /// Which level.
    pub level: Level,
    /// Its bad side.
    pub bad: BadSide,
    /// The limit, in the SLI's unit.
    pub value: f64,
    /// How long it must last to count, µs.
    pub for_us: i64,
}

/// A status, a class of statuses, or no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusPattern {
    /// One status.
    Exactly(u16),
    /// All of one hundred: 5 is 500 to 599.
    Class(u16),
    /// No answer at all.
    NoAnswer,
}

impl StatusPattern {
    pub(super) fn from_text(text: &StatusText) -> Self {
        match text.0.as_str() {
            "none" => StatusPattern::NoAnswer,
            text => match text.strip_suffix("xx") {
                Some(class) => StatusPattern::Class(class.parse().unwrap_or(0)),
                None => StatusPattern::Exactly(text.parse().unwrap_or(0)),
            },
        }
    }

    /// Whether it covers `status`, where 0 is no answer.
    #[must_use]
    pub fn covers(self, status: u16) -> bool {
        match self {
            StatusPattern::Exactly(exactly) => status == exactly,
            StatusPattern::Class(class) => status / 100 == class,
            StatusPattern::NoAnswer => status == 0,
        }
    }
}

/// A predicate over requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventPlan {
    pub(super) method: Option<String>,
    pub(super) route: Option<String>,
    pub(super) service: Option<String>,
    pub(super) status: Vec<StatusPattern>,
}

impl EventPlan {
    /// Whether requests of this series are such events. Requests that were cut off at the end of
    /// a rehearsal are none: nobody knows how they would have ended.
    #[must_use]
    pub fn covers(&self, series: &SeriesKey) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        series.error != "cancelled"
            && is(&self.method, &series.method)
            && is(&self.route, &series.route)
            && is(&self.service, &series.service)
            && (self.status.is_empty()
                || self
                    .status
                    .iter()
                    .any(|pattern| pattern.covers(series.status)))
    }
}
