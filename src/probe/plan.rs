//! What a probe file means: every partner ready to be probed and to be judged.

use std::sync::Arc;

use jiff::tz::TimeZone;
use url::Url;

use super::attempt::{Attempt, FailureKind};
use crate::scenario::DrillPlan;
use crate::sli::{ExclusionPlan, Over};

/// Partners that are probed, and what they promised.
#[derive(Debug, Clone)]
pub struct ProbePlan {
    /// The name of the file's probes in the lake.
    pub name: String,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// Zone of days, weeks and months.
    pub time_zone: TimeZone,
    /// Its name.
    pub zone_name: String,
    /// Seed of the jitter.
    pub seed: u64,
    /// Who is probed; at least one.
    pub partners: Vec<PartnerPlan>,
    /// What tells a loss of our own network from a partner's failure.
    pub references: Vec<ProbedPlan>,
}

/// A partner.
#[derive(Debug, Clone)]
pub struct PartnerPlan {
    /// How it is probed.
    pub probed: ProbedPlan,
    /// How long the references take at most to be asked when it was not reached, µs; 0 without any.
    pub asks_us: i64,
    /// What it promised.
    pub sla: SlaPlan,
}

/// Somebody who is probed, partner or reference.
#[derive(Debug, Clone)]
pub struct ProbedPlan {
    /// Its name, the service of its probes in the lake.
    pub name: String,
    /// Where it is.
    pub base_url: Url,
    /// What a probe does: one journey.
    pub drill: Arc<DrillPlan>,
    /// From the beginning of a probe to that of the next, µs.
    pub every_us: i64,
    /// How much later a probe may come, µs; less than `every_us`.
    pub jitter_us: i64,
    /// How long one answer may take, µs.
    pub timeout_us: i64,
}

impl ProbedPlan {
    /// How long a probe takes at most, µs, but for the time in which it thinks.
    #[must_use]
    pub fn longest_us(&self) -> i64 {
        let mut journeys = self.drill.journeys.iter();
        let steps = journeys.next().map_or(1, |journey| journey.steps.len());
        let steps = i64::try_from(steps).unwrap_or(1);
        self.timeout_us.saturating_mul(steps)
    }
}

impl PartnerPlan {
    /// Until when a probe stands, UTC µs, when no other follows: the next one begins at this moment at the
    /// latest, however late it comes by chance.
    ///
    /// Turns that pass while a probe waits for its answer are not made up for, so the next one may begin as
    /// late as a whole turn and the jitter after the end of a slow one.
    #[must_use]
    pub fn stands_until_us(&self, attempt: &Attempt) -> i64 {
        let is_unreached = attempt.failure.is_some_and(FailureKind::is_unreached);
        let asks_us = if is_unreached { self.asks_us } else { 0 };
        attempt
            .end_us
            .saturating_add(asks_us)
            .saturating_add(self.rest_us())
    }

    /// How long before a moment a probe that stands for it began at most, µs.
    #[must_use]
    pub fn stands_for_us_max(&self) -> i64 {
        let longest_us = self.probed.longest_us().saturating_add(self.asks_us);
        longest_us.saturating_add(self.rest_us())
    }

    /// From the end of a probe to the next one at most, µs.
    fn rest_us(&self) -> i64 {
        let every_us = self.probed.every_us;
        every_us
            .saturating_add(self.probed.jitter_us)
            // A prober on a busy machine is a little late.
            .saturating_add(every_us / 4)
    }
}

/// What a partner promised.
#[derive(Debug, Clone)]
pub struct SlaPlan {
    /// Where that is written.
    pub contract: Option<String>,
    /// How available it is, over each stretch of time.
    pub availability: Option<AvailabilityPlan>,
    /// How fast its answers are.
    pub latency: Vec<LatencyPlan>,
    /// It is down from so many failed probes in a row on.
    pub down_after: usize,
    /// Least share of the time that must have been measured to call an objective met.
    pub measured_min: f64,
    /// Time that does not count.
    pub exclusions: Vec<ExclusionPlan>,
}

/// How available a partner promised to be.
#[derive(Debug, Clone)]
pub struct AvailabilityPlan {
    /// The least share.
    pub target: f64,
    /// What it is the share of.
    pub basis: AvailabilityBasis,
    /// Over what; as the file has it, and understood.
    pub over: Vec<(String, Over)>,
}

/// What an availability is the share of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AvailabilityBasis {
    /// Good probes of all.
    Probes,
    /// Time not down, of the time that was measured.
    Downtime,
}

/// How fast a partner promised to be.
#[derive(Debug, Clone)]
pub struct LatencyPlan {
    /// The longest time to the last byte of the answer, µs.
    pub limit_us: u64,
    /// How many answers must be within it.
    pub aim: LatencyAim,
    /// Over what; as the file has it, and understood.
    pub over: Vec<(String, Over)>,
}

/// How many answers must be within a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LatencyAim {
    /// At least this share.
    Share(f64),
    /// This quantile, 0 to 1.
    Quantile(f64),
}

impl LatencyAim {
    /// The least share of answers within the limit: p95 ≤ limit is the same as 95 % within it.
    #[must_use]
    pub fn target(self) -> f64 {
        match self {
            LatencyAim::Share(share) | LatencyAim::Quantile(share) => share,
        }
    }
}

impl ProbePlan {
    /// Everybody who is probed: the partners, then the references.
    pub fn probed(&self) -> impl Iterator<Item = &ProbedPlan> {
        let partners = self.partners.iter().map(|partner| &partner.probed);
        partners.chain(&self.references)
    }
}
