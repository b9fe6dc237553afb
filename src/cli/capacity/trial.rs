//! One trial over HTTP: driven, recorded to the lake, tallied by journey, judged.
//!
//! In: a curve and which stretch of it is judged. Out: [`TrialFacts`]. Records go two ways: to the tally
//! and, unchanged, to the recorder of rehearsals; a trial is a run in the lake like any other.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use url::Url;

use super::goals::Goals;
use super::judge::Judging;
use super::tally::{Tally, TallyPlan, UNANSWERED, order_of};
use crate::capacity::finding::{TrialFacts, TrialKind};
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::live::LiveState;
use crate::cli::recorder::{self, QUEUE_BATCHES, Recorded, RecorderSettings};
use crate::cli::thresholds::RunThresholds;
use crate::drill::{self, DrillOutcome, DrillRecord, DrillSettings, Progress};
use crate::lake::Lake;
use crate::rollup::RollupPlan;
use crate::scenario::{Arrivals, DrillPlan};
use crate::sli::SliSetPlan;
use crate::time_window::{now_us, seconds};

/// Windows of the rollup of a trial, µs.
const WINDOW_US: i64 = 1_000_000;
/// Drain after a trial is at least this, µs.
const DRAIN_US_MIN: i64 = 1_000_000;

/// What all trials of a search share.
pub struct TrialContext<'a> {
    /// The scenario; each trial has a curve and a seed of its own.
    pub plan: &'a DrillPlan,
    /// By what it is judged, attempts counted one by one.
    pub set: &'a SliSetPlan,
    /// The goals.
    pub goals: &'a Goals,
    /// What is driven.
    pub base_url: &'a Url,
    /// Where its requests go.
    pub lake: &'a Lake,
    /// How long requests may take after the end, µs.
    pub drain_us: i64,
    /// The switch of Ctrl-C.
    pub switch: &'a StopSwitch,
}

/// What one trial is.
pub struct TrialRun {
    /// Its number.
    pub number: u32,
    /// Its run in the lake.
    pub run_id: String,
    /// Why it is made.
    pub kind: TrialKind,
    /// Seconds and arrivals per second.
    pub points: Vec<(f64, f64)>,
    /// The judged stretch, whole seconds since the start.
    pub judged_s: (u32, u32),
    /// The rate that it is for.
    pub rate_per_s: f64,
    /// The intended length, seconds.
    pub duration_s: f64,
    /// Seed of its arrivals.
    pub seed: u64,
}

/// Everything that came of a trial.
pub struct TrialDone {
    /// What was driven, with its curve.
    pub plan: Arc<DrillPlan>,
    /// What is kept of it.
    pub facts: TrialFacts,
    /// The drill.
    pub outcome: DrillOutcome,
    /// What the recorder counted.
    pub recorded: Recorded,
    /// What the tally counted.
    pub tally: Tally,
}

/// The switch of Ctrl-C: stops the trial that runs, and keeps the next from beginning.
#[derive(Debug, Default)]
pub struct StopSwitch {
    is_stopped: std::sync::atomic::AtomicBool,
    running: Mutex<Option<Arc<Progress>>>,
}

impl StopSwitch {
    /// Stops; `false` when it was stopped already.
    pub fn stop(&self) -> bool {
        let is_first = !self.is_stopped.swap(true, Relaxed);
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(progress) = running.as_ref() {
            progress.stop.store(true, Relaxed);
        }
        is_first
    }

    /// Whether it was stopped.
    pub fn is_stopped(&self) -> bool {
        self.is_stopped.load(Relaxed)
    }

    /// Counters of a drill that this switch stops.
    pub fn progress(&self) -> Arc<Progress> {
        let progress = Arc::new(Progress::default());
        progress.stop.store(self.is_stopped(), Relaxed);
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        *running = Some(Arc::clone(&progress));
        // Between the first look and the lock it may have been stopped.
        progress.stop.store(self.is_stopped(), Relaxed);
        progress
    }
}

/// Makes a trial; `None` when it was stopped before its end.
pub fn make(context: &TrialContext<'_>, run: &TrialRun) -> Result<Option<TrialDone>, Failure> {
    let mut plan = context.plan.clone();
    plan.set_trial(&run.points, run.seed)
        .map_err(Failure::usage)?;
    plan.limits.drain_us = context
        .drain_us
        .clamp(DRAIN_US_MIN, plan.limits.drain_us.max(DRAIN_US_MIN));
    let plan = Arc::new(plan);
    let tally_plan = TallyPlan {
        plan: Arc::clone(&plan),
        marks: context.goals.marks.clone(),
        order: order_of(context.set),
        from_us: i64::from(run.judged_s.0) * 1_000_000,
        to_us: i64::from(run.judged_s.1) * 1_000_000,
    };
    let (started_us, outcome, recorded, tally) = drive(context, run, &plan, &tally_plan)?;
    if let Some(error) = &recorded.failure {
        return Err(Failure::new(
            ExitCode::Input,
            format!("{error}; the search was stopped in trial {}", run.number),
        ));
    }
    if outcome.is_stopped {
        return Ok(None);
    }
    let facts = facts(
        context,
        run,
        &plan,
        &tally_plan,
        started_us,
        &outcome,
        &recorded,
        &tally,
    )?;
    Ok(Some(TrialDone {
        plan,
        facts,
        outcome,
        recorded,
        tally,
    }))
}

fn drive(
    context: &TrialContext<'_>,
    run: &TrialRun,
    plan: &Arc<DrillPlan>,
    tally_plan: &TallyPlan,
) -> Result<(i64, DrillOutcome, Recorded, Tally), Failure> {
    let progress = context.switch.progress();
    let (started_us, origin) = next_second();
    let settings = RecorderSettings {
        plan: Arc::clone(plan),
        run_id: run.run_id.clone(),
        claim: None,
        started_us,
        rollup: RollupPlan::new(WINDOW_US, context.set.cuts_us()),
        thresholds: RunThresholds::new(plan, context.set)?,
        progress: Arc::clone(&progress),
        live: Arc::new(Mutex::new(LiveState::default())),
        is_watched: false,
    };
    let drill_settings = DrillSettings {
        base_url: context.base_url.clone(),
        workers: thread::available_parallelism().map_or(1, usize::from),
        origin,
    };
    let (records, batches) = sync_channel(QUEUE_BATCHES);
    let (onwards, recorder_batches) = sync_channel(QUEUE_BATCHES);
    thread::scope(|scope| {
        let (lake, settings) = (context.lake, &settings);
        let recording = scope.spawn(move || recorder::run(lake, settings, &recorder_batches));
        let tallying = scope.spawn(move || tally(tally_plan, &batches, &onwards));
        let outcome = drill::run(plan, &drill_settings, &records, &progress);
        drop(records);
        let panicked =
            |what: &str| Failure::new(ExitCode::Internal, format!("the {what} panicked"));
        let tally = tallying.join().map_err(|_| panicked("tally"))?;
        let recorded = recording.join().map_err(|_| panicked("recorder"))?;
        Ok((started_us, outcome?, recorded, tally))
    })
}

/// Counts every batch and hands it on.
fn tally(
    plan: &TallyPlan,
    batches: &Receiver<Vec<DrillRecord>>,
    onwards: &SyncSender<Vec<DrillRecord>>,
) -> Tally {
    let mut tally = Tally::default();
    for batch in batches {
        tally.add(plan, &batch);
        // A recorder that is gone has panicked, which is said when it is joined.
        let _ = onwards.send(batch);
    }
    tally
}

/// The next whole second, as a time and as a moment; waits for it.
fn next_second() -> (i64, Instant) {
    let started_us = (now_us() / 1_000_000 + 1) * 1_000_000;
    let wait = Duration::from_micros(u64::try_from(started_us - now_us()).unwrap_or(0));
    let origin = Instant::now() + wait;
    thread::sleep(wait);
    (started_us, origin)
}

#[expect(
    clippy::too_many_arguments,
    reason = "everything that came of one trial"
)]
fn facts(
    context: &TrialContext<'_>,
    run: &TrialRun,
    plan: &DrillPlan,
    tally_plan: &TallyPlan,
    started_us: i64,
    outcome: &DrillOutcome,
    recorded: &Recorded,
    tally: &Tally,
) -> Result<TrialFacts, Failure> {
    let length_s = seconds(tally_plan.to_us - tally_plan.from_us);
    let due = Arrivals::new(plan).map(|arrival| arrival.due_us);
    let due = due.filter(|due_us| (tally_plan.from_us..tally_plan.to_us).contains(due_us));
    let offered_per_s = number(due.count() as u64) / length_s;
    let journeys = tally.journeys() + outcome.dropped;
    let not_sent = number(outcome.dropped + tally.late) / number(journeys.max(1));
    let judging = Judging {
        set: context.set,
        goals: context.goals,
        tally,
        plan: tally_plan,
        rollup: &recorded.rollup,
        started_us,
        dropped: outcome.dropped,
        offered_per_s,
    };
    let [in_flight_mean, in_flight_first, in_flight_last] = tally.in_flight(tally_plan);
    let quantile = |quantile| tally.response.quantile_us(quantile).unwrap_or(0);
    Ok(TrialFacts {
        number: run.number,
        run_id: run.run_id.clone(),
        kind: run.kind,
        started_us,
        lead_in_s: f64::from(run.judged_s.0),
        duration_s: run.duration_s,
        effective_s: length_s,
        rate_per_s: run.rate_per_s,
        offered_per_s,
        achieved_per_s: offered_per_s * (1.0 - not_sent).max(0.0),
        journeys,
        dropped: outcome.dropped,
        late: tally.late,
        unanswered: tally.with(UNANSWERED),
        requests: tally.requests,
        answered_per_s: number(tally.answered) / length_s,
        orders_per_min: tally_plan
            .order
            .is_some()
            .then(|| number(tally.orders) / length_s * 60.0),
        in_flight_mean,
        in_flight_first,
        in_flight_last,
        waiting_route: tally.waiting_route(),
        response_p50_us: quantile(0.5),
        response_p95_us: quantile(0.95),
        response_p99_us: quantile(0.99),
        schedule_lag_p99_us: outcome.lag.quantile_us(0.99).unwrap_or(0),
        cpu_share_max: outcome.health.cpu_share.map(|spread| spread.max),
        generator_limited: outcome.generator_reasons(&plan.limits),
        goals: judging.goals()?,
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
pub fn number(count: u64) -> f64 {
    count as f64
}
