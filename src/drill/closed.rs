//! The closed model: a fixed number of shoppers on a Goose attack, each of whom comes again when its
//! journey is over.
//!
//! In: a plan with [`ClosedPlan`](crate::scenario::ClosedPlan), or several of them at once. Out: the same
//! records and outcome as the open model, beside which it may run. A slow target is asked less often, so what
//! it does to those who would have come meanwhile is not measured: a request is due when the one before was
//! answered, plus the think time.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use goose::GooseAttack;
use goose::config::GooseConfiguration;
use goose::goose::{Scenario, Transaction, TransactionFunction};
use tokio::sync::watch;
use url::Url;

use super::http::{Answer, Client, Connections, Connector, Outgoing, Reason};
use super::outcome::{Leave, WorkerOutcome};
use super::pacer::PacerOutcome;
use super::record::DrillRecord;
use super::run::{DrillError, DrillSettings, Progress};
use super::shopper::Shopper;
use super::visit::{self, After, Wire};
use crate::scenario::{Arrivals, ClosedPlan, ConnectionPolicy, DrillPlan, RouteFinder};

/// How often records are handed on at the latest, and it is looked whether the run is to be stopped.
const STOP_INTERVAL: Duration = Duration::from_millis(50);
/// Goose's own end of the run, which is never reached, is this much later than ours.
const MORE_SECONDS: i64 = 3_600;
/// Records that are handed on at once.
const BATCH_RECORDS: usize = 256;

/// Runs the plan's closed model, and blocks until it is over.
pub fn run(
    plan: &Arc<DrillPlan>,
    settings: &DrillSettings,
    records: &SyncSender<Vec<DrillRecord>>,
    progress: &Arc<Progress>,
) -> Result<(PacerOutcome, WorkerOutcome), DrillError> {
    let connector = Connector::new(&settings.base_url, &plan.transport)?;
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
        crowds: Crowd::all_of(plan),
        next_user: AtomicUsize::new(0),
        routes: Mutex::new(plan.routes.clone()),
        counted: Mutex::new(Counted {
            shoppers: PacerOutcome::of(plan),
            ..Counted::default()
        }),
        records: records.clone(),
        progress: Arc::clone(progress),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(settings.workers)
        .enable_all()
        .build()?;
    let is_stopped = runtime.block_on(attack(&shop))?;
    let mut counted = shop.counted();
    shop.hand_on(&mut counted);
    counted.shoppers.is_stopped = is_stopped;
    Ok((
        std::mem::take(&mut counted.shoppers),
        std::mem::take(&mut counted.requests),
    ))
}

/// Says whether somebody stopped it before its end.
async fn attack(shop: &Arc<Shop>) -> Result<bool, DrillError> {
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
    let attack = GooseAttack::initialize_with_config(configuration(shop))?;
    let watcher = tokio::spawn(watch_for_the_end(Arc::clone(shop)));
    attack.register_scenario(scenario).execute().await?;
    Ok(watcher.await.unwrap_or(true))
}

/// Goose keeps no metrics of its own and prints nothing: the lake does. With a number of iterations it
/// would print how many users it launched, so it gets a time instead, which is longer than ours.
fn configuration(shop: &Shop) -> GooseConfiguration {
    let closed = shop.crowds.iter().map(|crowd| crowd.closed);
    let ClosedPlan {
        shoppers,
        length_us,
    } = closed.reduce(ClosedPlan::with).unwrap_or(ClosedPlan {
        shoppers: 0,
        length_us: 0,
    });
    let mut configuration = GooseConfiguration::default();
    configuration.host = Some(shop.base_url.to_string());
    configuration.users = Some(shoppers);
    configuration.increase_rate = Some(shoppers.to_string());
    configuration.run_time = Some((length_us / 1_000_000 + MORE_SECONDS).to_string());
    // Each user has a client of Goose's that is never used: so it does not read the certificates of the
    // machine, which takes some 9 ms each, before the first user begins.
    configuration.accept_invalid_certs = true;
    configuration.no_metrics = true;
    configuration.no_print_metrics = true;
    configuration.no_telnet = true;
    configuration.quiet = 2;
    configuration
}

async fn watch_for_the_end(shop: Arc<Shop>) -> bool {
    let is_stopped = loop {
        if shop.progress.stop.load(Relaxed) {
            break true;
        }
        // What happens is seen by the live view and by thresholds as it happens.
        shop.hand_on(&mut shop.counted());
        let now_us = shop.now_us();
        let (over, going_on): (Vec<&Crowd>, Vec<&Crowd>) = shop
            .crowds
            .iter()
            .partition(|crowd| now_us >= crowd.closed.length_us);
        over.into_iter().for_each(Crowd::end);
        if going_on.is_empty() {
            break false;
        }
        let due = tokio::time::Instant::now() + STOP_INTERVAL;
        tokio::time::sleep_until(due).await;
        shop.progress.feel_timer(due.elapsed());
    };
    shop.crowds.iter().for_each(Crowd::end);
    goose::trigger_killswitch("the rehearsal is over");
    is_stopped
}

/// The shoppers of one closed model.
struct Crowd {
    closed: ClosedPlan,
    next_number: AtomicU64,
    is_over: watch::Sender<bool>,
}

impl Crowd {
    fn all_of(plan: &DrillPlan) -> Vec<Self> {
        let models = plan.closed_models().into_iter();
        let crowds = models.map(|(first, closed)| Self {
            closed,
            // Of several shards each has numbers of its own, the first of all of them being 0, 1, 2 …
            next_number: AtomicU64::new(first + u64::from(plan.shard.index())),
            is_over: watch::Sender::new(false),
        });
        crowds.collect()
    }

    fn end(&self) {
        self.is_over.send_replace(true);
    }

    fn is_over(&self) -> bool {
        *self.is_over.borrow()
    }

    /// Waits until it is over.
    async fn over(&self) {
        let mut is_over = self.is_over.subscribe();
        // An error means that whoever could say so is gone.
        let _ = is_over.wait_for(|is_over| *is_over).await;
    }
}

/// What all shoppers share.
struct Shop {
    plan: Arc<DrillPlan>,
    base_url: Url,
    client: Client,
    origin: Instant,
    pooled: Connections,
    crowds: Vec<Crowd>,
    next_user: AtomicUsize,
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
    /// One Goose user: shopper after shopper until its crowd is at its end; then it waits for the others.
    async fn visits(&self) {
        let user = self.next_user.fetch_add(1, Relaxed);
        let mut up_to = 0;
        let own = self.crowds.iter().find(|crowd| {
            up_to += crowd.closed.shoppers;
            user < up_to
        });
        if let Some(crowd) = own {
            self.visits_of(crowd).await;
        }
        for crowd in &self.crowds {
            crowd.over().await;
        }
    }

    async fn visits_of(&self, crowd: &Crowd) {
        while !crowd.is_over() {
            let step = u64::from(self.plan.shard.count());
            let number = crowd.next_number.fetch_add(step, Relaxed);
            let arrival = Arrivals::whoever_comes(&self.plan, number, self.now_us());
            self.progress.came();
            self.counted().shoppers.came(number);
            let wire = OneShopper {
                shop: self,
                crowd,
                own: Connections::default(),
            };
            let leave = match Shopper::new(&self.plan, arrival) {
                // A bug that ends one visit leaves its Goose user to the next shopper.
                Some(shopper) => AssertUnwindSafe(wire.visit(Box::new(shopper)))
                    .catch_unwind()
                    .await
                    .unwrap_or(Leave::Lost),
                None => Leave::Completed,
            };
            self.progress.left(leave);
            self.counted().shoppers.left(number, leave);
            // A journey of nothing must not keep the others waiting.
            tokio::task::yield_now().await;
        }
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_us(&self) -> i64 {
        i64::try_from(self.origin.elapsed().as_micros()).unwrap_or(i64::MAX)
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
    crowd: &'a Crowd,
    own: Connections,
}

impl OneShopper<'_> {
    async fn visit(&self, mut shopper: Box<Shopper>) -> Leave {
        loop {
            let due = tokio::time::Instant::from_std(self.moment(shopper.due_us));
            tokio::select! {
                biased;
                () = self.crowd.over() => return Leave::Cut,
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
        let _under_way = UnderWay::new(&self.shop.progress);
        tokio::select! {
            biased;
            answer = self.shop.client.send(outgoing, connections, is_fresh) => answer,
            () = self.crowd.over() => outgoing.unanswered(Reason::Cancelled),
        }
    }

    fn record(&self, record: DrillRecord) {
        let shop = self.shop;
        shop.progress.requests.fetch_add(1, Relaxed);
        shop.progress.feel(&record, &shop.plan.limits);
        if record.is_first() {
            shop.progress.started.fetch_add(1, Relaxed);
        }
        let mut counted = shop.counted();
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

/// A request under way, as a live view counts it.
struct UnderWay<'a>(&'a Progress);

impl<'a> UnderWay<'a> {
    fn new(progress: &'a Progress) -> Self {
        progress.in_flight.fetch_add(1, Relaxed);
        Self(progress)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}
