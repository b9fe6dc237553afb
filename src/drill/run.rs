//! Starting the threads of a drill, and waiting for them.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::mpsc::{SyncSender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use thiserror::Error;
use url::Url;

use super::closed;
use super::health::{GeneratorHealth, HealthSample, Sampler};
use super::http::{Connector, ConnectorError};
use super::outcome::{DrillOutcome, Leave, WorkerOutcome};
use super::pacer::{Pacer, PacerOutcome};
use super::record::DrillRecord;
use super::worker::{self, WorkerSettings};
use crate::scenario::{DrillLimits, DrillPlan};

/// Why a drill could not run.
#[derive(Debug, Error)]
pub enum DrillError {
    /// Nothing can be connected to the target as the scenario wants it.
    #[error(transparent)]
    Connector(#[from] ConnectorError),
    /// Goose refused to begin.
    #[error("Goose: {0}")]
    Goose(#[from] goose::GooseError),
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
    /// A thread ended by a panic.
    #[error("the {0} thread panicked (hint: please report it with the scenario)")]
    Panicked(&'static str),
}

/// What a drill needs besides its plan.
#[derive(Debug, Clone)]
pub struct DrillSettings {
    /// Where the target is.
    pub base_url: Url,
    /// Worker threads.
    pub workers: usize,
    /// Time zero of the schedule.
    pub origin: Instant,
}

/// Counters that a live view may look at, and the switch to stop.
#[derive(Debug, Default)]
pub struct Progress {
    /// Shoppers whose arrival was due.
    pub offered: AtomicU64,
    /// Shoppers whose first request was answered or failed.
    pub started: AtomicU64,
    /// Shoppers who reached the end of their journey.
    pub completed: AtomicU64,
    /// Shoppers who were turned away.
    pub dropped: AtomicU64,
    /// Shoppers in the shop, thinking or waiting.
    pub present: AtomicU64,
    /// Requests under way.
    pub in_flight: AtomicU64,
    /// Requests made.
    pub requests: AtomicU64,
    /// Set to stop at once.
    pub stop: AtomicBool,
    /// Requests that left later than a run may be.
    pub late: AtomicU64,
    /// The latest that a request left after it was due, µs; whoever samples it begins again at 0.
    pub schedule_lag_us: AtomicU64,
    /// The latest that a timer of a worker fired, µs; as above.
    pub loop_lag_us: AtomicU64,
    /// The last second of the generator.
    pub health: Mutex<Option<HealthSample>>,
}

impl Progress {
    /// Notes how late a request left.
    pub(super) fn feel(&self, record: &DrillRecord, limits: &DrillLimits) {
        let lag_us = record.sent_us - record.due_us;
        if lag_us > limits.schedule_lag_p99_us {
            self.late.fetch_add(1, Relaxed);
        }
        note_highest(&self.schedule_lag_us, u64::try_from(lag_us).unwrap_or(0));
    }

    /// Notes that the arrival of a shopper was due.
    pub(super) fn came(&self) {
        self.offered.fetch_add(1, Relaxed);
        self.present.fetch_add(1, Relaxed);
    }

    /// Notes how a shopper left.
    pub(super) fn left(&self, leave: Leave) {
        self.present.fetch_sub(1, Relaxed);
        match leave {
            Leave::Completed => self.completed.fetch_add(1, Relaxed),
            Leave::Dropped => self.dropped.fetch_add(1, Relaxed),
            Leave::GaveUp | Leave::LostPatience | Leave::Cut | Leave::Lost => 0,
        };
    }

    /// Notes how late a timer fired.
    pub(super) fn feel_timer(&self, late: Duration) {
        let late_us = u64::try_from(late.as_micros()).unwrap_or(u64::MAX);
        note_highest(&self.loop_lag_us, late_us);
    }
}

/// Most values are not the highest, and then nothing is written that other cores read.
fn note_highest(highest: &AtomicU64, value: u64) {
    if value > highest.load(Relaxed) {
        highest.fetch_max(value, Relaxed);
    }
}

/// Drives `plan` and blocks until it is over; records go to `records` in batches, and never wait.
///
/// # Errors
/// When no client or thread could be made, or a thread panicked.
pub fn run(
    plan: &Arc<DrillPlan>,
    settings: &DrillSettings,
    records: &SyncSender<Vec<DrillRecord>>,
    progress: &Arc<Progress>,
) -> Result<DrillOutcome, DrillError> {
    let sampler = Sampler::start(plan, settings, progress)?;
    let driven = driven(plan, settings, records, progress);
    let health = sampler.finish();
    let (shoppers, requests) = driven?;
    let length = settings.origin.elapsed();
    Ok(DrillOutcome {
        health,
        ..outcome(shoppers, requests, length)
    })
}

/// The open model, the closed one, or both at once.
fn driven(
    plan: &Arc<DrillPlan>,
    settings: &DrillSettings,
    records: &SyncSender<Vec<DrillRecord>>,
    progress: &Arc<Progress>,
) -> Result<(PacerOutcome, WorkerOutcome), DrillError> {
    if plan.traffic.closed.is_none() {
        return open(plan, settings, records, progress);
    }
    if !plan.has_arrivals() {
        return closed::run(plan, settings, records, progress);
    }
    thread::scope(|scope| {
        // Neither goes on without the other.
        let stop_on_error = |driven: Result<_, DrillError>| {
            driven.inspect_err(|_| progress.stop.store(true, Relaxed))
        };
        let closed = thread::Builder::new()
            .name("closed-model".to_owned())
            .spawn_scoped(scope, move || {
                stop_on_error(closed::run(plan, settings, records, progress))
            })?;
        let open = stop_on_error(open(plan, settings, records, progress));
        let closed = closed
            .join()
            .map_err(|_| DrillError::Panicked("closed-model"));
        let (mut shoppers, mut requests) = open?;
        let (other_shoppers, other_requests) = closed??;
        shoppers.add(&other_shoppers);
        requests.add(&other_requests);
        Ok((shoppers, requests))
    })
}

fn open(
    plan: &Arc<DrillPlan>,
    settings: &DrillSettings,
    records: &SyncSender<Vec<DrillRecord>>,
    progress: &Arc<Progress>,
) -> Result<(PacerOutcome, WorkerOutcome), DrillError> {
    let (news_sender, news) = channel();
    let mut orders = Vec::new();
    let mut workers = Vec::new();
    for index in 0..settings.workers {
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        orders.push(sender);
        let worker = WorkerSettings {
            plan: Arc::clone(plan),
            base_url: settings.base_url.clone(),
            connector: Connector::new(&settings.base_url, &plan.transport)?,
            origin: settings.origin,
            in_flight_max: plan.limits.in_flight.div_ceil(settings.workers),
            orders: receiver,
            news: news_sender.clone(),
            records: records.clone(),
            progress: Arc::clone(progress),
        };
        let thread = thread::Builder::new()
            .name(format!("shoppers-{index}"))
            .spawn(move || worker::run(worker))?;
        workers.push(thread);
    }
    drop(news_sender);
    let pacer = Pacer {
        plan,
        origin: settings.origin,
        workers: orders,
        news,
        progress,
    };
    let paced = thread::scope(|scope| {
        let pacer = thread::Builder::new()
            .name("pacer".to_owned())
            .spawn_scoped(scope, move || pacer.run())?;
        pacer.join().map_err(|_| DrillError::Panicked("pacer"))
    })?;
    let mut counted = WorkerOutcome::default();
    for worker in workers {
        let outcome = worker
            .join()
            .map_err(|_| DrillError::Panicked("shoppers"))?;
        counted.add(&outcome?);
    }
    Ok((paced, counted))
}

fn outcome(paced: PacerOutcome, counted: WorkerOutcome, length: Duration) -> DrillOutcome {
    DrillOutcome {
        offered: paced.offered,
        completed: paced.completed,
        by_scenario: paced.by_scenario,
        gave_up: paced.gave_up,
        lost_patience: paced.lost_patience,
        withheld: paced.withheld,
        dropped: paced.dropped,
        cut: paced.cut,
        lost: paced.lost,
        requests: counted.requests,
        step_requests: counted.step_requests,
        first_attempts: counted.first_attempts,
        connections: counted.connections,
        without_port: counted.without_port,
        without_descriptor: counted.without_descriptor,
        unmade: counted.unmade,
        records_lost: counted.records_lost,
        lag: counted.lag,
        response: counted.response,
        service: counted.service,
        first_byte: counted.first_byte,
        length_us: i64::try_from(length.as_micros()).unwrap_or(i64::MAX),
        is_stopped: paced.is_stopped,
        health: GeneratorHealth::default(),
    }
}
