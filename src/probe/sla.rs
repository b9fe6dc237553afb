//! Whether a partner kept what it promised.
//!
//! In: its probes, and which of them say nothing. Out: per objective and stretch of time a share with n
//! and interval, and whether it is met, missed or not known. What the contract leaves out and what our own
//! network lost is counted apart, never as good. Intervals and least counts are those of the SLIs.

use jiff::tz::TimeZone;

use super::attempt::Attempt;
use super::downtime::Incident;
use super::plan::{AvailabilityBasis, AvailabilityPlan, LatencyAim, LatencyPlan, PartnerPlan};
use super::times::Times;
use super::totals::Totals;
use crate::latency_buckets::nearest_rank;
use crate::sli::exclusion::{ExcludedWindow, ExclusionError, excluded_windows};
use crate::sli::interval::{self, number, quantile_count_min, quantile_ranks};
use crate::sli::objective::stretches;
use crate::sli::{Over, SliState};
use crate::time_window::TimeWindow;

/// More probes than this are not worth naming: one a second for 30 years.
const PROBES_MAX: u64 = 1_000_000_000;

/// What is known of one partner.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// Its probes, sorted by time.
    pub attempts: &'a [Attempt],
    /// Which of them say nothing, because our own network was lost.
    pub own: &'a [bool],
    /// Its first probe ever; before that nothing is missing.
    pub since_us: i64,
    /// What is judged; it never ends in the future.
    pub range: TimeWindow,
}

/// Everything that came out for one partner.
#[derive(Debug, Clone)]
pub struct PartnerOutcome {
    /// One per objective and stretch, in the order of the file.
    pub objectives: Vec<ObjectiveOutcome>,
    /// When it was down in the range, oldest first.
    pub incidents: Vec<Incident>,
    /// What the contract leaves out of the range.
    pub excluded: Vec<ExcludedWindow>,
    /// When our own network was lost in the range.
    pub own_network: Vec<TimeWindow>,
    /// When it was measured in the range.
    pub measured: Vec<TimeWindow>,
    /// When nobody measured since the first probe ever, for no such reason.
    pub missing: Vec<TimeWindow>,
    /// The whole range.
    pub totals: Totals,
}

/// One objective over one kind of stretch.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectiveOutcome {
    /// What was promised.
    pub promise: Promise,
    /// The least share.
    pub target: f64,
    /// Over what, as the file has it.
    pub over: String,
    /// Each stretch that overlaps the range, oldest first; of a rolling one that which ends with it.
    pub windows: Vec<WindowOutcome>,
}

/// What was promised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Promise {
    /// That it is available.
    Available(AvailabilityBasis),
    /// That answers are within a limit.
    Fast {
        /// The limit, µs.
        limit_us: u64,
        /// How many of them.
        aim: LatencyAim,
    },
}

/// One objective over one stretch.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowOutcome {
    /// The stretch, uncut.
    pub window: TimeWindow,
    /// Whether it is over.
    pub is_over: bool,
    /// Met, missed or not enough data, as far as it is known.
    pub state: SliState,
    /// The share that is judged; `None` where nothing was counted.
    pub value: Option<f64>,
    /// Good probes, or answers within the limit.
    pub good: u64,
    /// Probes that count, or answers.
    pub valid: u64,
    /// 95 % interval of good by valid.
    pub interval: Option<[f64; 2]>,
    /// The fewest with which flawless ones prove the target.
    pub count_min: u64,
    /// How many more or less would prove it, if so many of them fail as did.
    pub to_prove: Option<u64>,
    /// The percentile of a latency, µs, and its 95 % interval where there are enough answers.
    pub percentile_us: Option<(u64, Option<[u64; 2]>)>,
    /// How many may be bad in the whole stretch, if it is probed to its end.
    pub allowed_bad: u64,
    /// The time that it may be down in the whole stretch, µs.
    pub allowed_us: Option<i64>,
    /// Probes and time.
    pub totals: Totals,
}

/// The first moment that must be known to judge `partner` over `range`.
#[must_use]
pub fn first_needed_us(partner: &PartnerPlan, range: TimeWindow, zone: &TimeZone) -> i64 {
    let sla = &partner.sla;
    let latency = sla.latency.iter().flat_map(|latency| &latency.over);
    let availability = sla.availability.iter().flat_map(|plan| &plan.over);
    let windows = latency
        .chain(availability)
        .flat_map(|(_, over)| windows(over, range, zone));
    let first = windows.map(|window| window.start_us).min();
    first.map_or(range.start_us, |first| first.min(range.start_us))
}

/// Judges one partner.
///
/// # Errors
/// When a rule of its exclusions recurs too often.
pub fn judge(
    partner: &PartnerPlan,
    evidence: Evidence<'_>,
    zone: &TimeZone,
) -> Result<PartnerOutcome, ExclusionError> {
    let from_us = first_needed_us(partner, evidence.range, zone);
    let known = TimeWindow {
        start_us: from_us,
        end_us: evidence.range.end_us,
    };
    let excluded = excluded_windows(&partner.sla.exclusions, "", zone, known)?;
    let times = Times::new(partner, evidence, &excluded);
    let judgement = Judgement {
        partner,
        evidence,
        times: &times,
        zone,
    };
    let mut objectives = Vec::new();
    if let Some(plan) = &partner.sla.availability {
        objectives.extend(judgement.availability(plan));
    }
    for plan in &partner.sla.latency {
        objectives.extend(judgement.latency(plan));
    }
    let overlaps = |start_us: i64, end_us: i64| {
        start_us < evidence.range.end_us && evidence.range.start_us <= end_us
    };
    Ok(PartnerOutcome {
        objectives,
        incidents: times
            .incidents
            .iter()
            .filter(|incident| overlaps(incident.start_us, incident.end_us))
            .cloned()
            .collect(),
        own_network: times.own.within(evidence.range).iter().collect(),
        measured: times.measured.within(evidence.range).iter().collect(),
        missing: times.missing(evidence).iter().collect(),
        totals: judgement.totals(evidence.range),
        excluded: excluded
            .into_iter()
            .filter(|found| overlaps(found.window.start_us, found.window.end_us))
            .collect(),
    })
}

/// How many probes prove `target`, if as many of them fail as did; `None` where more fail than may.
///
/// The least n whose Clopper–Pearson interval at that share of good ones lies above the target.
#[must_use]
pub fn probes_to_prove(target: f64, good: u64, valid: u64) -> Option<u64> {
    let bad_share = match valid {
        0 => 0.0,
        _ => number(valid - good) / number(valid),
    };
    if 1.0 - bad_share <= target {
        return None;
    }
    let proves = |count: u64| {
        let good = count - rounded_up(bad_share * number(count));
        interval::share(good, count).is_some_and(|[low, _]| low >= target)
    };
    let mut high = 1;
    while !proves(high) {
        high *= 2;
        if high > PROBES_MAX {
            return None;
        }
    }
    let mut low = high / 2;
    while high - low > 1 {
        let middle = low.midpoint(high);
        if proves(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high)
}

struct Judgement<'a> {
    partner: &'a PartnerPlan,
    evidence: Evidence<'a>,
    times: &'a Times,
    zone: &'a TimeZone,
}

impl Judgement<'_> {
    fn availability(&self, plan: &AvailabilityPlan) -> Vec<ObjectiveOutcome> {
        let each = plan.over.iter().map(|(text, over)| ObjectiveOutcome {
            promise: Promise::Available(plan.basis),
            target: plan.target,
            over: text.clone(),
            windows: windows(over, self.evidence.range, self.zone)
                .into_iter()
                .map(|window| self.available(plan, window))
                .collect(),
        });
        each.collect()
    }

    fn available(&self, plan: &AvailabilityPlan, window: TimeWindow) -> WindowOutcome {
        let totals = self.totals(window);
        let (good, valid) = (totals.counted_good, totals.counted);
        let value = match plan.basis {
            AvailabilityBasis::Probes => (valid > 0).then(|| number(good) / number(valid)),
            AvailabilityBasis::Downtime => totals.up_share().filter(|_| valid > 0),
        };
        let mut outcome = self.outcome(plan.target, window, totals, (good, valid), value);
        let length_us = window.end_us - window.start_us - outcome.totals.excluded_us;
        let allowed_us = part_of(length_us, 1.0 - plan.target);
        outcome.allowed_us = Some(allowed_us);
        if plan.basis == AvailabilityBasis::Downtime {
            let is_used_up = outcome.totals.down_us > allowed_us;
            outcome.state = match (is_used_up, outcome.is_over) {
                // What was used up does not come back, however little else is known.
                (true, _) => SliState::Missed,
                (false, true) => outcome.state,
                (false, false) if outcome.state == SliState::Missed => SliState::NotEnoughData,
                (false, false) => outcome.state,
            };
        }
        outcome
    }

    fn latency(&self, plan: &LatencyPlan) -> Vec<ObjectiveOutcome> {
        let each = plan.over.iter().map(|(text, over)| ObjectiveOutcome {
            promise: Promise::Fast {
                limit_us: plan.limit_us,
                aim: plan.aim,
            },
            target: plan.aim.target(),
            over: text.clone(),
            windows: windows(over, self.evidence.range, self.zone)
                .into_iter()
                .map(|window| self.fast(plan, window))
                .collect(),
        });
        each.collect()
    }

    fn fast(&self, plan: &LatencyPlan, window: TimeWindow) -> WindowOutcome {
        let answers = self
            .attempts_in(window)
            .filter(|(attempt, is_own)| self.counts(attempt, *is_own) && attempt.failure.is_none());
        let mut took_us: Vec<u64> = answers.map(|(attempt, _)| attempt.took_us).collect();
        took_us.sort_unstable();
        let good = took_us.partition_point(|took_us| *took_us <= plan.limit_us) as u64;
        let valid = took_us.len() as u64;
        let value = (valid > 0).then(|| number(good) / number(valid));
        let totals = self.totals(window);
        let target = plan.aim.target();
        let mut outcome = self.outcome(target, window, totals, (good, valid), value);
        outcome.percentile_us = match plan.aim {
            LatencyAim::Share(_) => None,
            LatencyAim::Quantile(quantile) => percentile(&took_us, quantile),
        };
        outcome
    }

    fn outcome(
        &self,
        target: f64,
        window: TimeWindow,
        totals: Totals,
        (good, valid): (u64, u64),
        value: Option<f64>,
    ) -> WindowOutcome {
        let interval = interval::share(good, valid);
        let count_min = quantile_count_min(target);
        let is_enough = valid >= count_min;
        let is_measured = totals
            .measured_share()
            .is_some_and(|share| share >= self.partner.sla.measured_min);
        let is_surely_below = interval.is_some_and(|[_, high]| high < target);
        let is_over = window.end_us <= self.evidence.range.end_us;
        let allowed_bad = self.allowed_bad(target, window, valid);
        // A stretch that is not over is missed when it can no longer be met.
        let is_decided = is_over || valid - good > allowed_bad;
        let state = match value {
            Some(value) if value < target && (is_enough || is_surely_below) && is_decided => {
                SliState::Missed
            }
            Some(value) if value >= target && is_enough && is_measured => SliState::Met,
            Some(_) | None => SliState::NotEnoughData,
        };
        WindowOutcome {
            window,
            is_over,
            state,
            value,
            good,
            valid,
            interval,
            count_min,
            to_prove: probes_to_prove(target, good, valid),
            percentile_us: None,
            allowed_bad,
            allowed_us: None,
            totals,
        }
    }

    /// How many of all that the whole stretch will have may be bad.
    fn allowed_bad(&self, target: f64, window: TimeWindow, valid: u64) -> u64 {
        let rest_us = (window.end_us - self.evidence.range.end_us).max(0);
        let rest = rest_us / self.partner.probed.every_us.max(1);
        let whole = valid + u64::try_from(rest).unwrap_or(0);
        whole - rounded_up(number(whole) * target).min(whole)
    }

    fn totals(&self, window: TimeWindow) -> Totals {
        let mut totals = Totals::default();
        for (attempt, is_own) in self.attempts_in(window) {
            let is_good = attempt.failure.is_none();
            totals.probes += 1;
            totals.good += u64::from(is_good);
            if self.times.excluded.contains(attempt.start_us) {
                totals.excluded += 1;
            } else if is_own {
                totals.own_network += 1;
            } else {
                totals.counted += 1;
                totals.counted_good += u64::from(is_good);
                if let Some(kind) = attempt.failure {
                    *totals.failures.entry(kind).or_default() += 1;
                }
            }
        }
        let elapsed = TimeWindow {
            start_us: window.start_us.max(self.evidence.since_us),
            end_us: window.end_us.min(self.evidence.range.end_us),
        };
        if elapsed.start_us < elapsed.end_us {
            totals.elapsed_us = elapsed.end_us - elapsed.start_us;
            totals.excluded_us = self.times.excluded.within(elapsed).length_us();
            totals.measured_us = self.times.measured.within(elapsed).length_us();
            totals.own_network_us = self.times.own.within(elapsed).length_us();
            totals.down_us = self.times.down.within(elapsed).length_us();
        }
        totals
    }

    fn counts(&self, attempt: &Attempt, is_own: bool) -> bool {
        !is_own && !self.times.excluded.contains(attempt.start_us)
    }

    /// Those that began in `window`, and whether our own network was lost.
    fn attempts_in(&self, window: TimeWindow) -> impl Iterator<Item = (&Attempt, bool)> {
        let attempts = self.evidence.attempts;
        let end_us = window.end_us.min(self.evidence.range.end_us);
        let from = attempts.partition_point(|attempt| attempt.start_us < window.start_us);
        let to = attempts.partition_point(|attempt| attempt.start_us < end_us);
        let own = self.evidence.own.iter().copied();
        attempts.iter().zip(own).take(to.max(from)).skip(from)
    }
}

/// The stretches of an objective that are judged, uncut, oldest first.
fn windows(over: &Over, range: TimeWindow, zone: &TimeZone) -> Vec<TimeWindow> {
    match over {
        Over::Rolling(length_us) => vec![TimeWindow {
            start_us: range.end_us.saturating_sub(*length_us),
            end_us: range.end_us,
        }],
        Over::Day | Over::Week | Over::Month | Over::Period(_) => stretches(over, range, zone),
    }
}

/// The nearest-rank quantile of sorted values, and its interval.
fn percentile(sorted_us: &[u64], quantile: f64) -> Option<(u64, Option<[u64; 2]>)> {
    let count = sorted_us.len() as u64;
    let at = |rank: u64| {
        let index = usize::try_from(rank.saturating_sub(1)).ok()?;
        sorted_us.get(index).copied()
    };
    let value = at(nearest_rank(count, quantile))?;
    let interval = quantile_ranks(count, quantile)
        .and_then(|[low, high]| Some([at(low)?, at(high)?]))
        .filter(|_| count >= quantile_count_min(quantile));
    Some((value, interval))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a share of a stretch of time, which is shorter than 2^53 µs"
)]
fn part_of(length_us: i64, share: f64) -> i64 {
    (length_us.max(0) as f64 * share).round() as i64
}

/// The least whole number that is not below `value`, but for the noise of binary fractions.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positive, and below 2^53"
)]
fn rounded_up(value: f64) -> u64 {
    (value - 1e-9).ceil().max(0.0) as u64
}
