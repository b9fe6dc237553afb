//! One worker thread: a runtime, its connections, and the requests that are under way.
//!
//! In: shoppers whose request is due, in batches from the pacer. Out: records, and shoppers who
//! think. Everything of a worker stays on its thread, so nothing here is locked.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Sender, SyncSender, TrySendError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::LocalSet;
use url::Url;

use super::http::{Answer, Client, Connections, Connector, Outgoing, Reason};
use super::outcome::{Leave, WorkerOutcome};
use super::record::DrillRecord;
use super::run::Progress;
use super::shopper::Shopper;
use super::visit::{self, After, Wire};
use crate::scenario::{ConnectionPolicy, DrillPlan, RouteFinder};

/// Records that are handed on at once.
const BATCH_RECORDS: usize = 1_024;
/// Records are handed on at least this often.
const FLUSH_INTERVAL: Duration = Duration::from_millis(100);
/// Tasks of a worker that wait for shoppers; after a rush, more of them end.
const IDLE_MAX: usize = 1_024;

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
    /// The shopper of this number is gone.
    Left(u64, Leave),
}

/// Everything a worker needs.
pub struct WorkerSettings {
    pub plan: Arc<DrillPlan>,
    pub base_url: Url,
    pub connector: Connector,
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
    client: Client,
    routes: RefCell<RouteFinder>,
    origin: Instant,
    /// Connections of all, or of shoppers who have none of their own yet.
    pooled: Rc<Connections>,
    /// Connections by the number of the shopper whose own they are.
    own: RefCell<HashMap<u64, Rc<Connections>>>,
    in_flight: Cell<usize>,
    /// Tasks that wait for their next shopper; the last one is warm.
    idle: RefCell<Vec<Rc<Seat>>>,
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
    let in_flight_max = settings.in_flight_max;
    let transport = &settings.plan.transport;
    let first_byte_timeout = transport
        .first_byte_timeout_us
        .map(|us| Duration::from_micros(us.unsigned_abs()));
    let worker = Rc::new(Worker {
        client: Client::new(settings.connector, first_byte_timeout, settings.origin),
        routes: RefCell::new(settings.plan.routes.clone()),
        plan: settings.plan,
        base_url: settings.base_url,
        origin: settings.origin,
        pooled: Rc::default(),
        own: RefCell::default(),
        in_flight: Cell::new(0),
        idle: RefCell::default(),
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
                        Worker::begin(&worker, shopper, in_flight_max);
                    }
                }
                Some(Order::Stop) | None => break,
            },
            due = flush.tick() => {
                worker.progress.feel_timer(due.elapsed());
                worker.flush();
            }
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

impl Worker {
    fn begin(self: &Rc<Self>, shopper: Box<Shopper>, in_flight_max: usize) {
        if self.in_flight.get() >= in_flight_max {
            return self.leave(shopper.number, Leave::Dropped);
        }
        self.in_flight.set(self.in_flight.get() + 1);
        self.progress.in_flight.fetch_add(1, Relaxed);
        let seat = self.idle.borrow_mut().pop();
        match seat {
            Some(seat) => seat.give(shopper),
            None => drop(tokio::task::spawn_local(serve(Rc::clone(self), shopper))),
        }
    }

    /// Keeps a task for a later shopper, unless enough of them wait already.
    fn takes_back(&self, seat: &Rc<Seat>) -> bool {
        let mut idle = self.idle.borrow_mut();
        let has_room = idle.len() < IDLE_MAX;
        if has_room {
            idle.push(Rc::clone(seat));
        }
        has_room
    }

    /// Waits until the run is stopped.
    async fn stopped(&self) {
        // Registered before the look at the flag, so no stop is missed.
        let stop = self.stop.notified();
        if !self.is_stopping.get() {
            stop.await;
        }
    }

    /// The connections that a shopper uses.
    fn connections(&self, number: u64) -> Rc<Connections> {
        match self.plan.transport.connections {
            ConnectionPolicy::Pooled => Rc::clone(&self.pooled),
            ConnectionPolicy::PerShopper => {
                let mut own = self.own.borrow_mut();
                Rc::clone(own.entry(number).or_default())
            }
        }
    }

    fn leave(&self, number: u64, leave: Leave) {
        if self.plan.transport.connections == ConnectionPolicy::PerShopper {
            self.own.borrow_mut().remove(&number);
        }
        // As for those who think.
        let _ = self.news.send(News::Left(number, leave));
    }

    /// Hands the records on; never waits: if the recorder is too slow they are lost and counted.
    fn flush(&self) {
        let records = self.buffer.borrow().len();
        if records == 0 {
            return;
        }
        // The next batch is likely to be as long.
        let batch = self.buffer.replace(Vec::with_capacity(records));
        if let Err(TrySendError::Full(batch) | TrySendError::Disconnected(batch)) =
            self.records.try_send(batch)
        {
            self.outcome.borrow_mut().records_lost += batch.len() as u64;
        }
    }
}

impl Wire for Worker {
    fn plan(&self) -> &Arc<DrillPlan> {
        &self.plan
    }

    fn base_url(&self) -> &Url {
        &self.base_url
    }

    fn now_us(&self) -> i64 {
        i64::try_from(self.origin.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    fn moment(&self, at_us: i64) -> Instant {
        let since = Duration::from_micros(u64::try_from(at_us).unwrap_or(0));
        self.origin.checked_add(since).unwrap_or(self.origin)
    }

    async fn send(&self, outgoing: &mut Outgoing, shopper: u64, is_fresh: bool) -> Answer {
        let connections = self.connections(shopper);
        tokio::select! {
            biased;
            answer = self.client.send(outgoing, &connections, is_fresh) => answer,
            () = self.stopped() => outgoing.unanswered(Reason::Cancelled),
        }
    }

    fn record(&self, record: DrillRecord) {
        let drain_us = self.plan.limits.drain_us;
        self.outcome.borrow_mut().count(&record, drain_us);
        self.progress.requests.fetch_add(1, Relaxed);
        self.progress.feel(&record, &self.plan.limits);
        if record.is_first() {
            self.progress.started.fetch_add(1, Relaxed);
        }
        let mut buffer = self.buffer.borrow_mut();
        buffer.push(record);
        let is_full = buffer.len() >= BATCH_RECORDS;
        drop(buffer);
        if is_full {
            self.flush();
        }
    }

    fn route_of(&self, path: &str) -> Arc<str> {
        self.routes.borrow_mut().route_of(path)
    }
}

/// Takes one step of one shopper after the other. A task for every step would be made and thrown away
/// with some kilobytes each time, which costs more than the wire does.
async fn serve(worker: Rc<Worker>, shopper: Box<Shopper>) {
    let seat = Rc::new(Seat::default());
    let mut next = shopper;
    loop {
        serve_one(&worker, next).await;
        if !worker.takes_back(&seat) {
            return;
        }
        next = poll_fn(|context| seat.poll_next(context)).await;
    }
}

async fn serve_one(worker: &Rc<Worker>, shopper: Box<Shopper>) {
    // The guard speaks for the shopper if this task panics.
    let mut guard = InFlight {
        worker,
        number: shopper.number,
        leave: Some(Leave::Lost),
    };
    guard.leave = match visit::step(&**worker, shopper).await {
        After::Left(leave) => Some(leave),
        After::Thinks(shopper) => {
            // The pacer outlives the workers; if it is gone the run is over anyway.
            let _ = worker.news.send(News::Thinks(shopper));
            None
        }
    };
}

/// Where a task waits for a shopper.
#[derive(Default)]
struct Seat {
    shopper: RefCell<Option<Box<Shopper>>>,
    waker: RefCell<Option<Waker>>,
}

impl Seat {
    fn give(&self, shopper: Box<Shopper>) {
        *self.shopper.borrow_mut() = Some(shopper);
        if let Some(waker) = self.waker.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }

    fn poll_next(&self, context: &Context<'_>) -> Poll<Box<Shopper>> {
        if let Some(shopper) = self.shopper.borrow_mut().take() {
            return Poll::Ready(shopper);
        }
        match &mut *self.waker.borrow_mut() {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}

/// A step under way; when it ends, however it ends, the worker and the pacer get to know.
struct InFlight<'a> {
    worker: &'a Worker,
    number: u64,
    leave: Option<Leave>,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let worker = self.worker;
        worker.in_flight.set(worker.in_flight.get() - 1);
        worker.progress.in_flight.fetch_sub(1, Relaxed);
        if let Some(leave) = self.leave.take() {
            worker.leave(self.number, leave);
        }
        if worker.is_stopping.get() && worker.in_flight.get() == 0 {
            worker.all_done.notify_one();
        }
    }
}
