//! What an SLI set means: every reference resolved, every number in one unit.
//!
//! In: nothing; [`resolve`](super::resolve()) makes these from what a file says. Out: plain
//! structs, one file per part of the set. Nothing is evaluated here.

mod calendar;
mod event;
mod left_out;
mod level;
mod measure;
mod objective;

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use crate::route::RouteTemplate;

pub use calendar::{ExclusionPlan, ExpectedPlan, HolidayPlan, HolidayTraffic, NamedPeriod};
pub use event::{EventPlan, TextPattern};
pub use level::{BadSide, Level, LevelPlan, LimitPlan};
pub use measure::{FunnelStepPlan, GoodPlan, Measure, Unit};
pub use objective::{BurnRule, ObjectivePlan, Over};

/// An SLI set, ready to be evaluated.
#[derive(Debug, Clone)]
pub struct SliSetPlan {
    /// Its name.
    pub name: String,
    /// SHA-256 of `text`, hex.
    pub sha256: String,
    /// The file letter by letter, and behind it the threshold file if there is one.
    pub text: String,
    /// Path templates, in the order in which they are tried.
    pub routes: Vec<RouteTemplate>,
    /// Length of a window on production logs, µs; those of all SLIs are whole multiples of it.
    pub window_us: i64,
    /// Length of a window on a rehearsal, µs; those of all SLIs are whole multiples of it.
    pub rehearsal_window_us: i64,
    /// Zone of days, weeks and months; `None` leaves it to whoever asks.
    pub time_zone: Option<TimeZone>,
    /// Requests that a shopper repeats within this many µs after one that went wrong count once,
    /// with the last outcome; `None` where each counts. SLIs have their own.
    pub collapse_within_us: Option<i64>,
    /// Stretches of time with a name.
    pub periods: Vec<NamedPeriod>,
    /// Maintenance.
    pub exclusions: Vec<ExclusionPlan>,
    /// How much traffic is expected.
    pub expected: ExpectedPlan,
    /// From the first page to the order.
    pub funnel: Vec<FunnelStepPlan>,
    /// The SLIs, in the order of the file.
    pub slis: Vec<SliPlan>,
}

impl SliSetPlan {
    /// Cuts all SLIs into windows of this length, whatever the file says: somebody asked for it.
    pub fn ask_windows(&mut self, window_us: i64) {
        self.window_us = window_us;
        self.rehearsal_window_us = window_us;
        for sli in &mut self.slis {
            sli.window_us = window_us;
            sli.rehearsal_window_us = window_us;
        }
    }

    /// Leaves the zone of days, weeks and months to whoever asks, whatever the file says.
    pub fn ask_zone(&mut self) {
        self.time_zone = None;
        for sli in &mut self.slis {
            sli.time_zone = None;
        }
    }

    /// Counts every attempt, whatever the file says: a live view does not follow shoppers.
    pub fn count_attempts(&mut self) {
        for sli in &mut self.slis {
            sli.collapse_within_us = None;
        }
    }

    /// The latency limits that must be counted exactly, µs.
    #[must_use]
    pub fn cuts_us(&self) -> Vec<u64> {
        let cuts = self.slis.iter().flat_map(|sli| match &sli.measure {
            Measure::LatencyCut { limit_us } => vec![*limit_us],
            Measure::Apdex {
                satisfied_us,
                tolerated_us,
                ..
            } => vec![*satisfied_us, *tolerated_us],
            Measure::Rate { .. }
            | Measure::Ratio { .. }
            | Measure::Latency { .. }
            | Measure::WindowsGood { .. }
            | Measure::UserUptime { .. }
            | Measure::Funnel { .. }
            | Measure::Composite { .. } => Vec::new(),
        });
        cuts.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// One SLI, ready to be evaluated.
#[derive(Debug, Clone)]
pub struct SliPlan {
    /// Identifier.
    pub name: String,
    /// In the business's words.
    pub title: String,
    /// SHA-256 of what its values mean, hex: the same while title, levels and windows change.
    pub meaning_sha256: String,
    /// Which requests are valid; of a kind that looks at other SLIs, every request.
    pub event: EventPlan,
    /// What is measured of them.
    pub measure: Measure,
    /// Windows and ranges with fewer requests are not judged; 0 judges all.
    pub count_min: u64,
    /// Length of its windows on production logs, µs.
    pub window_us: i64,
    /// Length of its windows on a rehearsal, µs.
    pub rehearsal_window_us: i64,
    /// Zone of its days, weeks and months, where it is not that of the set.
    pub time_zone: Option<TimeZone>,
    /// How long its rows may be late, µs; windows that end less than this before the newest row are
    /// provisional.
    pub lateness_us: i64,
    /// Requests that a shopper repeats within this many µs after one that went wrong count once, with
    /// the last outcome; `None` where each counts, as in all kinds but ratios.
    pub collapse_within_us: Option<i64>,
    /// What must hold over the whole range: the limit and its bad side.
    pub objective: Option<(BadSide, f64)>,
    /// What must hold over days, weeks or months.
    pub objectives: Vec<ObjectivePlan>,
    /// Thresholds, mildest first.
    pub levels: Vec<LevelPlan>,
}

impl SliPlan {
    /// Zone of its days, weeks and months, where all else is in `zone`.
    #[must_use]
    pub fn zone<'a>(&'a self, zone: &'a TimeZone) -> &'a TimeZone {
        self.time_zone.as_ref().unwrap_or(zone)
    }

    /// Unit of its values, limits and intervals.
    #[must_use]
    pub fn unit(&self) -> Unit {
        match &self.measure {
            Measure::Rate { per_us: 1_000_000 } => Unit::PerSecond,
            Measure::Rate { .. } => Unit::PerMinute,
            Measure::Ratio { .. }
            | Measure::LatencyCut { .. }
            | Measure::WindowsGood { .. }
            | Measure::Apdex { .. }
            | Measure::UserUptime { .. }
            | Measure::Funnel { .. }
            | Measure::Composite { .. } => Unit::Share,
            Measure::Latency { .. } => Unit::Microseconds,
        }
    }
}
