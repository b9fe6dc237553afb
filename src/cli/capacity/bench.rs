//! The measurer of a search over HTTP: settles the target, makes trials, keeps each, tells how it goes.

use std::time::{Duration, Instant};

use super::calibration::{Answers, drive_unrecorded};
use super::kept::{KeptSearch, as_trial};
use super::progress;
use super::trial::{TrialContext, TrialDone, TrialRun, make};
use crate::capacity::finding::TrialKind;
use crate::capacity::search::{Measurer, Purpose, SearchProgress, Settled, Trial, TrialOrder};
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::facts::RunFacts;
use crate::cli::rehearse::{self, Driven};
use crate::cli::terminal::Terminal;

/// A look at the target lasts so long, seconds.
const LOOK_S: f64 = 1.0;
/// Requests of a look at least: below, more shoppers come.
const LOOK_REQUESTS: f64 = 12.0;
/// The median may be so many times the baseline's, and so much longer, µs.
const BASELINE_TIMES: f64 = 1.5;
const BASELINE_US: f64 = 10_000.0;
/// Share of the answers of a look that may be bad.
const LOOK_BAD_SHARE: f64 = 0.1;
/// Before each look.
const PAUSE: Duration = Duration::from_millis(500);

/// Makes the trials of a search.
pub struct Bench<'a> {
    /// What all trials share.
    pub context: TrialContext<'a>,
    /// The search as it is kept.
    pub kept: KeptSearch,
    /// The rate of looks, arrivals per second.
    pub look_per_s: f64,
    /// Requests of one shopper.
    pub requests_each: f64,
    /// Lead-in of trials, whole seconds.
    pub lead_in_s: u32,
    /// The longest cool-down, seconds.
    pub cool_down_s: f64,
    /// Time zero of the clock of the search.
    pub origin: Instant,
    /// The command that repeats the search.
    pub command: String,
    /// Where messages go.
    pub terminal: &'a Terminal,
    /// Whether anything was sent since the target was last seen settled.
    pub is_settled: bool,
}

/// What a look found.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Median response time of the good answers, µs.
    pub p50_us: u64,
    /// Whether nearly all answers were good.
    pub is_good: bool,
}

impl Bench<'_> {
    /// Sends a few shoppers, whose requests are not kept, and looks how they fare.
    pub fn look(&self, number: u64) -> Result<Look, Failure> {
        let rate = self.look_per_s.max(LOOK_REQUESTS / self.requests_each.max(1.0) / LOOK_S);
        let mut plan = self.context.plan.clone();
        plan.limits.shoppers_per_s_max = None;
        plan.limits.drain_us = self.context.drain_us.min(plan.limits.drain_us).max(1_000_000);
        let seed = plan.seed.wrapping_add(number).rotate_left(17);
        plan.set_trial(&[(0.0, rate), (LOOK_S, rate)], seed)
            .map_err(Failure::usage)?;
        let (_, answers) = drive_unrecorded(plan, self.context.base_url, self.context.switch)?;
        Ok(Look::of(&answers))
    }

    /// Makes a trial with its number, and keeps it; `None` when it was stopped.
    pub fn make(
        &mut self,
        kind: TrialKind,
        points: Vec<(f64, f64)>,
        judged_s: (u32, u32),
        (rate_per_s, duration_s): (f64, f64),
    ) -> Result<Option<TrialDone>, Failure> {
        let number = self.kept.begun + 1;
        self.kept.begun = number;
        // Kept before it begins: a trial that was interrupted has rows, and its name is used up.
        self.kept.write(self.context.lake)?;
        let run = TrialRun {
            number,
            run_id: self.kept.run_id(number),
            kind,
            points,
            judged_s,
            rate_per_s,
            duration_s,
            seed: seed(self.kept.identity.seed, number),
        };
        self.is_settled = false;
        let done = make(&self.context, &run)?;
        if let Some(done) = &done {
            let facts = self.run_facts(done)?;
            let json = serde_json::to_string_pretty(&facts)?;
            self.context.lake.write_run(&done.facts.run_id, &json)?;
            self.kept.trials.push(done.facts.clone());
            self.kept.write(self.context.lake)?;
            self.terminal.note(&progress::trial_line(&done.facts));
        }
        Ok(done)
    }

    /// A trial as the run that it is.
    pub fn run_facts(&self, done: &TrialDone) -> Result<RunFacts, Failure> {
        let driven = Driven {
            run_id: &done.facts.run_id,
            target: self.context.base_url.to_string(),
            print: done.plan.print.clone(),
            started_us: done.facts.started_us,
            outcome: &done.outcome,
            recorded: &done.recorded,
            drills: &[],
            command: self.command.clone(),
        };
        rehearse::trial_facts(&done.plan, self.context.set, driven)
    }

    /// Waits until the target is as it was before the first trial.
    pub fn wait(&mut self) -> Result<Settled, Failure> {
        if self.is_settled {
            return Ok(Settled::Ready);
        }
        let begun = Instant::now();
        let baseline_us = self.kept.baseline_p50_us.unwrap_or(u64::MAX);
        let limit_us = (number(baseline_us) * BASELINE_TIMES).max(number(baseline_us) + BASELINE_US);
        for look in 0.. {
            if self.context.switch.is_stopped() {
                return Ok(Settled::Stopped);
            }
            std::thread::sleep(PAUSE);
            let found = self.look(look)?;
            if self.context.switch.is_stopped() {
                return Ok(Settled::Stopped);
            }
            if found.is_good && number(found.p50_us) <= limit_us {
                self.is_settled = true;
                return Ok(Settled::Ready);
            }
            let waited_s = begun.elapsed().as_secs_f64();
            if waited_s >= self.cool_down_s {
                return Ok(Settled::NotRecovered { waited_s });
            }
            self.terminal.detail(&format!(
                "cooling down: the median is {} µs, at the beginning it was {baseline_us} µs",
                found.p50_us
            ));
        }
        Ok(Settled::Stopped)
    }
}

impl Look {
    fn of(answers: &Answers) -> Self {
        let all = answers.good + answers.bad;
        Self {
            p50_us: answers.response.quantile_us(0.5).unwrap_or(u64::MAX),
            is_good: all > 0 && number(answers.bad) <= number(all) * LOOK_BAD_SHARE,
        }
    }
}

impl Measurer for Bench<'_> {
    type Error = Failure;

    fn now_s(&mut self) -> f64 {
        self.origin.elapsed().as_secs_f64()
    }

    fn settle(&mut self) -> Result<Settled, Failure> {
        self.wait()
    }

    fn trial(&mut self, order: &TrialOrder, purpose: Purpose) -> Result<Option<Trial>, Failure> {
        let kind = match purpose {
            Purpose::Search => TrialKind::Search,
            Purpose::Checkpoint => TrialKind::Checkpoint,
        };
        let from_s = self.lead_in_s;
        let to_s = from_s + whole_seconds(order.duration_s);
        let rate = order.rate_per_s;
        let points = vec![(0.0, rate), (f64::from(to_s), rate)];
        let wanted = (rate, order.duration_s);
        let Some(done) = self.make(kind, points, (from_s, to_s), wanted)? else {
            return Ok(None);
        };
        let trial = as_trial(&done.facts);
        let missing = || Failure::new(ExitCode::Internal, "a trial of a search is none");
        trial.map(Some).ok_or_else(missing)
    }

    fn progress(&mut self, state: &SearchProgress<'_>) {
        self.terminal.note(&progress::line(state));
    }
}

/// A length in whole seconds, rounded up.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a length is positive, and a cast saturates"
)]
pub fn whole_seconds(length_s: f64) -> u32 {
    (length_s.ceil() as u32).max(1)
}

/// Every trial has arrivals of its own.
fn seed(seed: u64, number: u32) -> u64 {
    // SplitMix64's increment: neighbours differ in all bits once the generator has mixed them.
    seed.wrapping_add(u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

#[expect(clippy::cast_precision_loss, reason = "µs of a day stay below 2^53")]
fn number(us: u64) -> f64 {
    us as f64
}
