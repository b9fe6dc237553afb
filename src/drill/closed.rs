//! The closed model: a fixed number of shoppers on a Goose attack, each of whom comes again when its
//! journey is over.
//!
//! In: a plan with [`ClosedPlan`](crate::scenario::ClosedPlan). Out: the same records and outcome as
//! the open model. A slow target is asked less often, so what it does to those who would have come
//! meanwhile is not measured: a request is due when the one before was answered, plus the think time.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use goose::GooseAttack;
use goose::config::GooseConfiguration;
use goose::goose::{Scenario, Transaction, TransactionFunction};
use tokio::sync::watch;
use url::Url;

use super::http::{Answer, Client, Connections, Connector, Outgoing, Reason};
use super::outcome::{DrillOutcome, Leave, WorkerOutcome};
use super::pacer::PacerOutcome;
use super::record::DrillRecord;
use super::run::{DrillError, DrillSettings, Progress};
use super::shopper::Shopper;
use super::visit::{self, After, Wire};
use crate::scenario::{Arrivals, ClosedPlan, ConnectionPolicy, DrillPlan, RouteFinder};

/// How often it is looked whether the run is to be stopped.
const STOP_INTERVAL: Duration = Duration::from_millis(50);
/// Goose's own end of the run, which is never reached, is this much later than ours.
const MORE_SECONDS: i64 = 3_600;
/// Records that are handed on at once.
const BATCH_RECORDS: usize = 256;

/// Runs the plan's closed model, and blocks until it is over.
pub fn run(
    plan: &Arc<DrillPlan>,
    closed: ClosedPlan,
    settings: &DrillSettings,
    records: &SyncSender<Vec<DrillRecord>>,
    progress: &Arc<Progress>,
) -> Result<DrillOutcome, DrillError> {
    let connector = Connector::new(&settings.base_url, &plan.transport)?;
    let (stop, stopped) = watch::channel(false);
    let first_byte_timeout = plan.transport.first_byte_timeout_us;
    let shop = Arc::new(Shop {
        plan: Arc::clone(plan),
        base_url: settings.base_url.clone(),
        client: Client::new(
            connector,
            first_byte_timeout.map(|us| Duration::from_micros(us.unsigned_abs())),
            settings.origin,
        ),
        origin: settings.origin,
        pooled: Connections::default(),
        stopped,
        next_number: AtomicU64::new(u64::from(plan.shard.index())),
        routes: Mutex::new(plan.routes.clone()),
        counted: Mutex::default(),
        records: records.clone(),
        progress: Arc::clone(progress),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(settings.workers)
        .enable_all()
        .build()?;
    let is_stopped = runtime.block_on(attack(&shop, closed, stop))?;
    let mut counted = shop.counted.lock().unwrap_or_else(PoisonError::into_inner);
    shop.hand_on(&mut counted);
    counted.shoppers.is_stopped = is_stopped;
    let (shoppers, requests) = (
        std::mem::take(&mut counted.shoppers),
        std::mem::take(&mut counted.requests),
    );
    Ok(super::run::outcome(
        shoppers,
        requests,
        settings.origin.elapsed(),
    ))
}

/// Says whether somebody stopped it before its end.
async fn attack(
    shop: &Arc<Shop>,
    closed: ClosedPlan,
    stop: watch::Sender<bool>,
) -> Result<bool, DrillError> {
    let for_users = Arc::clone(shop);
    let visits: TransactionFunction = Arc::new(move |_| {
        let shop = Arc::clone(&for_users);
        Box::pin(async move {
            shop.visits().await;
            // Goose begins the transaction again until it has heard of the end itself.
            tokio::time::sleep(STOP_INTERVAL).await;
            Ok(())
        })
    });
    let scenario = Scenario::new("shop").register_transaction(Transaction::new(visits));
    let attack = GooseAttack::initialize_with_config(configuration(shop, closed))?;
    let watcher = tokio::spawn(watch_for_the_end(Arc::clone(shop), closed, stop));
    attack.register_scenario(scenario).execute().await?;
    Ok(watcher.await.unwrap_or(true))
}

/// Goose keeps no metrics of its own and prints nothing: the lake does. With a number of iterations it
/// would print how many users it launched, so it gets a time instead, which is longer than ours.
fn configuration(shop: &Shop, closed: ClosedPlan) -> GooseConfiguration {
    let mut configuration = GooseConfiguration::default();
    configuration.host = Some(shop.base_url.to_string());
    configuration.users = Some(closed.shoppers);
    configuration.increase_rate = Some(closed.shoppers.to_string());
    configuration.run_time = Some((closed.length_us / 1_000_000 + MORE_SECONDS).to_string());
    configuration.no_metrics = true;
    configuration.no_print_metrics = true;
    configuration.no_telnet = true;
    configuration.quiet = 2;
    configuration
}

async fn watch_for_the_end(shop: Arc<Shop>, closed: ClosedPlan, stop: watch::Sender<bool>) -> bool {
    let is_stopped = loop {
        if shop.progress.stop.load(Relaxed) {
            break true;
        }
        if shop.now_us() >= closed.length_us {
            break false;
        }
        let due = tokio::time::Instant::now() + STOP_INTERVAL;
        tokio::time::sleep_until(due).await;
        shop.progress.feel_timer(due.elapsed());
    };
    // Nobody hears it when all are gone already.
    let _ = stop.send(true);
    goose::trigger_killswitch("the rehearsal is over");
    is_stopped
}

/// What all shoppers share.
struct Shop {
    plan: Arc<DrillPlan>,
    base_url: Url,
    client: Client,
    origin: Instant,
    pooled: Connections,
    stopped: watch::Receiver<bool>,
    next_number: AtomicU64,
    routes: Mutex<RouteFinder>,
    counted: Mutex<Counted>,
    records: SyncSender<Vec<DrillRecord>>,
    progress: Arc<Progress>,
}

#[derive(Default)]
struct Counted {
    shoppers: PacerOutcome,
    requests: WorkerOutcome,
    buffer: Vec<DrillRecord>,
}

impl Shop {
    /// One Goose user: shopper after shopper until the end.
    async fn visits(&self) {
        while !self.is_over() {
            // Of several shards each has numbers of its own, the first of all of them being 0, 1, 2 …
            let step = u64::from(self.plan.shard.count());
            let number = self.next_number.fetch_add(step, Relaxed);
            let arrival = Arrivals::whoever_comes(&self.plan, number, self.now_us());
            self.count(|shoppers| shoppers.offered += 1);
            let wire = OneShopper {
                shop: self,
                own: Connections::default(),
            };
            let leave = match Shopper::new(&self.plan, arrival) {
                Some(shopper) => wire.visit(Box::new(shopper)).await,
                None => Leave::Completed,
            };
            self.count(|shoppers| shoppers.left(number, leave));
            // A journey of nothing must not keep the others waiting.
            tokio::task::yield_now().await;
        }
    }

    fn is_over(&self) -> bool {
        *self.stopped.borrow()
    }

    /// Waits until the run is over.
    async fn over(&self) {
        let mut stopped = self.stopped.clone();
        // An error means that whoever could say so is gone.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    }

    fn now_us(&self) -> i64 {
        i64::try_from(self.origin.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    fn count(&self, count: impl FnOnce(&mut PacerOutcome)) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        count(&mut counted.shoppers);
        self.progress
            .offered
            .store(counted.shoppers.offered, Relaxed);
        self.progress
            .completed
            .store(counted.shoppers.completed, Relaxed);
    }

    /// Hands the records on; never waits: if the recorder is too slow they are lost and counted.
    fn hand_on(&self, counted: &mut Counted) {
        let batch = std::mem::take(&mut counted.buffer);
        if batch.is_empty() {
            return;
        }
        if let Err(TrySendError::Full(batch) | TrySendError::Disconnected(batch)) =
            self.records.try_send(batch)
        {
            counted.requests.records_lost += batch.len() as u64;
        }
    }
}

/// A shopper and its connections.
struct OneShopper<'a> {
    shop: &'a Shop,
    own: Connections,
}

impl OneShopper<'_> {
    async fn visit(&self, mut shopper: Box<Shopper>) -> Leave {
        loop {
            let due = tokio::time::Instant::from_std(self.moment(shopper.due_us));
            tokio::select! {
                biased;
                () = self.shop.over() => return Leave::Cut,
                () = tokio::time::sleep_until(due) => {}
            }
            // The timer wakes a little late; that is not the target's time.
            shopper.due_us = shopper.due_us.max(self.now_us());
            match visit::step(self, shopper).await {
                After::Thinks(thinking) => shopper = thinking,
                After::Left(leave) => return leave,
            }
        }
    }
}

impl Wire for OneShopper<'_> {
    fn plan(&self) -> &Arc<DrillPlan> {
        &self.shop.plan
    }

    fn base_url(&self) -> &Url {
        &self.shop.base_url
    }

    fn now_us(&self) -> i64 {
        self.shop.now_us()
    }

    fn moment(&self, at_us: i64) -> Instant {
        let since = Duration::from_micros(u64::try_from(at_us).unwrap_or(0));
        self.shop
            .origin
            .checked_add(since)
            .unwrap_or(self.shop.origin)
    }

    async fn send(&self, outgoing: &mut Outgoing, _: u64, is_fresh: bool) -> Answer {
        let connections = match self.shop.plan.transport.connections {
            ConnectionPolicy::Pooled => &self.shop.pooled,
            ConnectionPolicy::PerShopper => &self.own,
        };
        tokio::select! {
            biased;
            answer = self.shop.client.send(outgoing, connections, is_fresh) => answer,
            () = self.shop.over() => outgoing.unanswered(Reason::Cancelled),
        }
    }

    fn record(&self, record: DrillRecord) {
        let shop = self.shop;
        shop.progress.requests.fetch_add(1, Relaxed);
        shop.progress.feel(&record, &shop.plan.limits);
        if record.is_first() {
            shop.progress.started.fetch_add(1, Relaxed);
        }
        let mut counted = shop.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.requests.count(&record, shop.plan.limits.drain_us);
        counted.buffer.push(record);
        if counted.buffer.len() >= BATCH_RECORDS {
            shop.hand_on(&mut counted);
        }
    }

    fn route_of(&self, path: &str) -> Arc<str> {
        let mut routes = self
            .shop
            .routes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        routes.route_of(path)
    }
}
