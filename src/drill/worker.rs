//! One worker thread: a runtime, its idle GooseUsers, and the requests that are under way.
//!
//! In: shoppers whose request is due, in batches from the pacer. Out: records, and shoppers who
//! think. A request takes an idle user from a stack, so as many users exist as requests were ever
//! under way at once.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Sender, SyncSender, TrySendError};
use std::time::{Duration, Instant};

use goose::config::GooseConfiguration;
use goose::goose::GooseUser;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::LocalSet;

use super::outcome::{Leave, WorkerOutcome};
use super::record::DrillRecord;
use super::request::{Answer, prepare, send};
use super::run::Progress;
use super::shopper::Shopper;
use crate::scenario::DrillPlan;
use url::Url;

/// Records that are handed on at once.
const BATCH_RECORDS: usize = 1_024;
/// Records are handed on at least this often.
const FLUSH_INTERVAL: Duration = Duration::from_millis(100);

/// What the pacer sends.
pub enum Order {
    /// These shoppers' requests are due.
    #[expect(
        clippy::vec_box,
        reason = "a shopper goes from heap to batch to task and back without being copied"
    )]
    Due(Vec<Box<Shopper>>),
    /// Cut off whatever is under way, and end.
    Stop,
}

/// What the worker sends back.
pub enum News {
    /// A shopper thinks until its `due_us`.
    Thinks(Box<Shopper>),
    /// A shopper is gone.
    Left(Leave),
}

/// Everything a worker needs.
pub struct WorkerSettings {
    pub plan: Arc<DrillPlan>,
    pub base_url: Url,
    pub client: reqwest::Client,
    pub origin: Instant,
    pub in_flight_max: usize,
    pub orders: UnboundedReceiver<Order>,
    pub news: Sender<News>,
    pub records: SyncSender<Vec<DrillRecord>>,
    pub progress: Arc<Progress>,
}

/// Runs a worker until it is told to stop; blocks its thread.
pub fn run(settings: WorkerSettings) -> std::io::Result<WorkerOutcome> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = LocalSet::new();
    Ok(local.block_on(&runtime, work(settings)))
}

struct Worker {
    plan: Arc<DrillPlan>,
    base_url: Url,
    client: reqwest::Client,
    configuration: GooseConfiguration,
    origin: Instant,
    idle: RefCell<Vec<GooseUser>>,
    in_flight: Cell<usize>,
    is_stopping: Cell<bool>,
    stop: Notify,
    all_done: Notify,
    buffer: RefCell<Vec<DrillRecord>>,
    outcome: RefCell<WorkerOutcome>,
    news: Sender<News>,
    records: SyncSender<Vec<DrillRecord>>,
    progress: Arc<Progress>,
}

async fn work(settings: WorkerSettings) -> WorkerOutcome {
    let mut orders = settings.orders;
    let worker = Rc::new(Worker {
        plan: settings.plan,
        base_url: settings.base_url,
        client: settings.client,
        configuration: configuration(),
        origin: settings.origin,
        idle: RefCell::default(),
        in_flight: Cell::new(0),
        is_stopping: Cell::new(false),
        stop: Notify::new(),
        all_done: Notify::new(),
        buffer: RefCell::default(),
        outcome: RefCell::default(),
        news: settings.news,
        records: settings.records,
        progress: settings.progress,
    });
    let mut flush = tokio::time::interval(FLUSH_INTERVAL);
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(Order::Due(shoppers)) => {
                    for shopper in shoppers {
                        Worker::begin(&worker, shopper, settings.in_flight_max);
                    }
                }
                Some(Order::Stop) | None => break,
            },
            _ = flush.tick() => worker.flush(),
        }
    }
    worker.is_stopping.set(true);
    worker.stop.notify_waiters();
    while worker.in_flight.get() > 0 {
        worker.all_done.notified().await;
    }
    worker.flush();
    worker.outcome.take()
}

/// Goose keeps no metrics of its own and prints nothing: the lake does.
fn configuration() -> GooseConfiguration {
    let mut configuration = GooseConfiguration::default();
    configuration.no_metrics = true;
    configuration.no_print_metrics = true;
    configuration.no_telnet = true;
    configuration
}

impl Worker {
    fn now_us(&self) -> i64 {
        i64::try_from(self.origin.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    fn begin(self: &Rc<Self>, shopper: Box<Shopper>, in_flight_max: usize) {
        let idle = self.idle.borrow_mut().pop();
        let user = match idle {
            Some(user) => Some(user),
            None if self.in_flight.get() < in_flight_max => self.new_user(),
            None => None,
        };
        let Some(user) = user else {
            return self.leave(Leave::Dropped);
        };
        self.in_flight.set(self.in_flight.get() + 1);
        self.progress.in_flight.fetch_add(1, Relaxed);
        let worker = Rc::clone(self);
        tokio::task::spawn_local(async move {
            // The guard speaks for the shopper if this task panics.
            let mut guard = InFlight {
                worker: &worker,
                leave: Some(Leave::Lost),
            };
            worker.step(user, shopper, &mut guard).await;
        });
    }

    fn new_user(&self) -> Option<GooseUser> {
        GooseUser::new(
            0,
            "pool".into(),
            self.base_url.clone(),
            &self.configuration,
            0,
            Some(self.client.clone()),
        )
        .ok()
    }

    async fn step(&self, mut user: GooseUser, mut shopper: Box<Shopper>, guard: &mut InFlight<'_>) {
        let plan = Arc::clone(&self.plan);
        let step = &plan.journeys[usize::from(shopper.journey)].steps[usize::from(shopper.step)];
        let prepared = prepare(&user, step, &shopper);
        let sent_us = self.now_us();
        let answer = match prepared {
            Err(answer) => answer,
            Ok(request) => {
                // Registered before the look at the flag, so no stop is missed.
                let stop = self.stop.notified();
                if self.is_stopping.get() {
                    Answer::none("cancelled")
                } else {
                    tokio::select! {
                        biased;
                        answer = send(&mut user, request, &mut shopper) => answer,
                        () = stop => Answer::none("cancelled"),
                    }
                }
            }
        };
        let record = DrillRecord {
            journey: shopper.journey,
            step: shopper.step,
            status: answer.status,
            error: answer.error,
            due_us: shopper.due_us,
            sent_us,
            done_us: self.now_us(),
            bytes_out: answer.bytes_out,
            shopper: shopper.number,
        };
        self.idle.borrow_mut().push(user);
        self.record(record);
        guard.leave = self.what_next(answer, shopper, record.done_us);
    }

    /// Sends the shopper on, or says how it left.
    fn what_next(&self, answer: Answer, mut shopper: Box<Shopper>, done_us: i64) -> Option<Leave> {
        if answer.error == Some("cancelled") {
            return Some(Leave::Cut);
        }
        if !(200..400).contains(&answer.status) {
            return Some(Leave::GaveUp);
        }
        if !shopper.advance(&self.plan, done_us) {
            return Some(Leave::Completed);
        }
        // The pacer outlives the workers; if it is gone the run is over anyway.
        let _ = self.news.send(News::Thinks(shopper));
        None
    }

    fn leave(&self, leave: Leave) {
        // As above.
        let _ = self.news.send(News::Left(leave));
    }

    fn record(&self, record: DrillRecord) {
        let mut outcome = self.outcome.borrow_mut();
        outcome.count(&record);
        self.progress.requests.fetch_add(1, Relaxed);
        if record.step == 0 {
            self.progress.started.fetch_add(1, Relaxed);
        }
        let mut buffer = self.buffer.borrow_mut();
        buffer.push(record);
        let is_full = buffer.len() >= BATCH_RECORDS;
        drop((buffer, outcome));
        if is_full {
            self.flush();
        }
    }

    /// Hands the records on; never waits: if the recorder is too slow they are lost and counted.
    fn flush(&self) {
        let batch = self.buffer.take();
        if batch.is_empty() {
            return;
        }
        if let Err(TrySendError::Full(batch) | TrySendError::Disconnected(batch)) =
            self.records.try_send(batch)
        {
            self.outcome.borrow_mut().records_lost += batch.len() as u64;
        }
    }
}

/// A request under way; when it ends, however it ends, the worker and the pacer get to know.
struct InFlight<'a> {
    worker: &'a Worker,
    leave: Option<Leave>,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let worker = self.worker;
        worker.in_flight.set(worker.in_flight.get() - 1);
        worker.progress.in_flight.fetch_sub(1, Relaxed);
        if let Some(leave) = self.leave.take() {
            worker.leave(leave);
        }
        if worker.is_stopping.get() && worker.in_flight.get() == 0 {
            worker.all_done.notify_one();
        }
    }
}
