//! What the generator itself can do, measured against a responder that does nothing.
//!
//! In: the scenario, and the highest rate that is wanted. Out: [`GeneratorFacts`]. The same requests are
//! made, without think times and without looking at answers: more per second than in any trial at that
//! rate of arrivals. Nothing of it goes to the lake.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Instant;

use url::Url;

use super::trial::{StopSwitch, number};
use crate::capacity::finding::GeneratorFacts;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::recorder::QUEUE_BATCHES;
use crate::drill::{self, DrillOutcome, DrillRecord, DrillSettings, Machine, Responder};
use crate::latency_buckets::LatencyHistogram;
use crate::scenario::{CheckPlan, DrillPlan, DurationDraw, forecast};

/// Length of one calibration run, seconds.
const RUN_S: f64 = 1.0;
/// Runs at most.
const RUNS_MAX: u32 = 14;
/// A rate that nobody asks for, per second: the end of a climb.
const RATE_MAX: f64 = 50_000.0;
/// From this share of its cores on it has none left.
const CPU_SHARE_FULL: f64 = 0.95;
/// What must be made of the requests that are due.
const MADE_SHARE_MIN: f64 = 0.9;
/// How long answers may take after the end, µs.
const DRAIN_US: i64 = 1_000_000;

/// Finds out whether the generator reaches `wanted` shoppers per second, or without that how far it
/// comes from `start` on.
pub fn calibrate(
    plan: &DrillPlan,
    start: f64,
    wanted: Option<f64>,
    switch: &StopSwitch,
) -> Result<GeneratorFacts, Failure> {
    let responder = Responder::start()
        .map_err(|error| Failure::new(ExitCode::Internal, format!("the responder: {error}")))?;
    let plan = bare(plan);
    let requests_each =
        forecast(&plan, 0.0).peak_requests_per_s / plan.traffic.curve.peak_per_s().max(1e-9);
    let mut rate = wanted.unwrap_or(start * 4.0);
    let mut facts = GeneratorFacts {
        cores: Machine::this().cores,
        ..GeneratorFacts::default()
    };
    for _ in 0..RUNS_MAX {
        if switch.is_stopped() {
            break;
        }
        let reasons = run(&plan, responder.base_url(), rate, requests_each, switch)?;
        if reasons.is_empty() {
            facts.reached_per_s = rate;
            // Climbing down ends at the first rate that it keeps; climbing up at what is enough.
            if wanted.is_some() || facts.is_limit || rate >= RATE_MAX {
                break;
            }
            rate = (rate * 2.0).min(RATE_MAX);
        } else {
            facts.limited_by = reasons;
            facts.is_limit = true;
            // Below the first rate of the search it is not worth knowing.
            if facts.reached_per_s > 0.0 || rate <= start {
                break;
            }
            rate = (rate / 2.0).max(start);
        }
    }
    facts.reached_requests_per_s = facts.reached_per_s * requests_each;
    Ok(facts)
}

/// The scenario without think times, and without a look at answers.
fn bare(plan: &DrillPlan) -> DrillPlan {
    let mut plan = plan.clone();
    for step in plan
        .journeys
        .iter_mut()
        .flat_map(|journey| &mut journey.steps)
    {
        step.think = DurationDraw::NONE;
        step.takes.clear();
        step.check = CheckPlan::default();
        step.has_page_assets = false;
        step.goes_on = true;
    }
    plan.limits.drain_us = DRAIN_US;
    plan
}

/// Why the generator did not keep this rate; empty when it did.
fn run(
    plan: &DrillPlan,
    target: &Url,
    rate: f64,
    requests_each: f64,
    switch: &StopSwitch,
) -> Result<Vec<String>, Failure> {
    let mut plan = plan.clone();
    plan.limits.shoppers_per_s_max = None;
    plan.set_trial(&[(0.0, rate), (RUN_S, rate)], plan.seed)
        .map_err(Failure::usage)?;
    let limits = plan.limits;
    let (outcome, _) = drive_unrecorded(plan, target, switch)?;
    let mut reasons = outcome.generator_reasons(&limits);
    let due = number(outcome.offered) * requests_each;
    if number(outcome.requests) < due * MADE_SHARE_MIN {
        reasons.push(format!(
            "{} of about {due:.0} requests were made in time",
            outcome.requests
        ));
    }
    let cpu = outcome.health.cpu_share.map_or(0.0, |spread| spread.max);
    if cpu >= CPU_SHARE_FULL {
        reasons.push(format!("it took {:.0} % of its cores", cpu * 100.0));
    }
    Ok(reasons)
}

/// Drives a plan whose records nobody keeps; the outcome, and response times of what was answered.
pub fn drive_unrecorded(
    plan: DrillPlan,
    target: &Url,
    switch: &StopSwitch,
) -> Result<(DrillOutcome, Answers), Failure> {
    let plan = Arc::new(plan);
    let settings = DrillSettings {
        base_url: target.clone(),
        workers: thread::available_parallelism().map_or(1, usize::from),
        origin: Instant::now(),
    };
    let progress = switch.progress();
    let (records, batches) = sync_channel::<Vec<DrillRecord>>(QUEUE_BATCHES);
    thread::scope(|scope| {
        let counting = scope.spawn(move || {
            let mut answers = Answers::default();
            for record in batches.into_iter().flatten() {
                let is_bad = record.error.is_some() || record.status == 429 || record.status >= 500;
                answers.bad += u64::from(is_bad);
                answers.good += u64::from(!is_bad);
                if !is_bad {
                    answers.response.record(record.response_us());
                }
            }
            answers
        });
        let outcome = drill::run(&plan, &settings, &records, &progress);
        drop(records);
        let answers = counting
            .join()
            .map_err(|_| Failure::new(ExitCode::Internal, "the counter panicked"))?;
        Ok((outcome?, answers))
    })
}

/// What came back.
#[derive(Debug, Default)]
pub struct Answers {
    /// Good answers.
    pub good: u64,
    /// Failed, refused or cut.
    pub bad: u64,
    /// Response times of the good ones.
    pub response: LatencyHistogram,
}
