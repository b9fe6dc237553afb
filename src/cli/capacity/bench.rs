//! The measurer of a search over HTTP: settles the target, makes trials, keeps each, tells how it goes.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use super::calibration::{Answers, drive_unrecorded};
use super::kept::{KeptSearch, Look, as_trial};
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
/// The median may be so many times the baseline's, or so much longer, µs; and the 90th percentile, of so
/// few requests that it is nearly their slowest.
const P50_TIMES: f64 = 1.5;
const P50_US: f64 = 10_000.0;
const P90_TIMES: f64 = 2.0;
const P90_US: f64 = 50_000.0;
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
    /// What is drawn while a trial runs.
    pub bar: ProgressBar,
    /// Where messages go.
    pub terminal: &'a Terminal,
    /// Whether anything was sent since the target was last seen settled.
    pub is_settled: bool,
}

impl Bench<'_> {
    /// Sends a few shoppers, whose requests are not kept, and looks how they fare.
    pub fn look(&self, number: u64) -> Result<Look, Failure> {
        let rate = self
            .look_per_s
            .max(LOOK_REQUESTS / self.requests_each.max(1.0) / LOOK_S);
        let mut plan = self.context.plan.clone();
        plan.limits.shoppers_per_s_max = None;
        plan.limits.drain_us = self
            .context
            .drain_us
            .min(plan.limits.drain_us)
            .max(1_000_000);
        let seed = plan.seed.wrapping_add(number).rotate_left(17);
        plan.set_trial(&[(0.0, rate), (LOOK_S, rate)], seed)
            .map_err(Failure::usage)?;
        let (_, answers) = drive_unrecorded(plan, self.context.base_url, self.context.switch)?;
        Ok(seen(&answers))
    }

    /// How the target is before the first trial: the worst of a few looks.
    pub fn baseline(&self, looks: u64) -> Result<Look, Failure> {
        let mut worst = self.look(0)?;
        for number in 1..looks {
            let look = self.look(number)?;
            worst = Look {
                p50_us: worst.p50_us.max(look.p50_us),
                p90_us: worst.p90_us.max(look.p90_us),
                is_good: worst.is_good && look.is_good,
            };
        }
        Ok(worst)
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
            self.say(&progress::trial_line(&done.facts));
        }
        Ok(done)
    }

    /// Prints a line above what is drawn.
    pub fn say(&self, line: &str) {
        self.bar.suspend(|| self.terminal.note(line));
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
        let Some(baseline) = self.kept.baseline else {
            return Ok(Settled::Ready);
        };
        for look in 0.. {
            if self.context.switch.is_stopped() {
                return Ok(Settled::Stopped);
            }
            std::thread::sleep(PAUSE);
            let found = self.look(look)?;
            if self.context.switch.is_stopped() {
                return Ok(Settled::Stopped);
            }
            if is_back(found, baseline) {
                self.is_settled = true;
                return Ok(Settled::Ready);
            }
            let waited_s = begun.elapsed().as_secs_f64();
            if waited_s >= self.cool_down_s {
                return Ok(Settled::NotRecovered { waited_s });
            }
            self.terminal.detail(&format!(
                "cooling down: median {} µs and p90 {} µs, at the beginning {} µs and {} µs",
                found.p50_us, found.p90_us, baseline.p50_us, baseline.p90_us
            ));
        }
        Ok(Settled::Stopped)
    }
}

/// Whether the target is as it was; one that was not well at the beginning cannot get worse.
fn is_back(found: Look, baseline: Look) -> bool {
    let is_within = |found_us: u64, before_us: u64, times: f64, more_us: f64| {
        let before_us = number(before_us);
        number(found_us) <= (before_us * times).max(before_us + more_us)
    };
    !baseline.is_good
        || (found.is_good
            && is_within(found.p50_us, baseline.p50_us, P50_TIMES, P50_US)
            && is_within(found.p90_us, baseline.p90_us, P90_TIMES, P90_US))
}

fn seen(answers: &Answers) -> Look {
    let all = answers.good + answers.bad;
    let quantile = |quantile| answers.response.quantile_us(quantile).unwrap_or(u64::MAX);
    Look {
        p50_us: quantile(0.5),
        p90_us: quantile(0.9),
        is_good: all > 0 && number(answers.bad) <= number(all) * LOOK_BAD_SHARE,
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
        let line = progress::line(state);
        if self.bar.is_hidden() {
            self.say(&line);
        } else {
            self.bar.set_message(line);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_back_when_neither_its_median_nor_its_slowest_answers_are_longer() {
        let look = |p50_ms: u64, p90_ms: u64, is_good: bool| Look {
            p50_us: p50_ms * 1_000,
            p90_us: p90_ms * 1_000,
            is_good,
        };
        let baseline = look(20, 200, true);
        let table = [
            (look(20, 200, true), true),
            (look(30, 400, true), true),
            (look(31, 200, true), false),
            (look(20, 401, true), false),
            (look(20, 200, false), false),
        ];
        for (found, expected) in table {
            assert_eq!(is_back(found, baseline), expected, "{found:?}");
        }
        assert!(is_back(look(900, 9_000, false), look(900, 9_000, false)));
    }

    #[test]
    fn every_trial_has_a_seed_of_its_own() {
        let seeds: std::collections::BTreeSet<u64> =
            (1..=1_000).map(|number| seed(7, number)).collect();
        assert_eq!(seeds.len(), 1_000);
        assert_eq!(seed(7, 3), seed(7, 3));
    }
}
