//! One probe: a journey that is taken once, on connections of its own, by nobody but the prober.
//!
//! In: a plan with one journey, and the number of the probe. Out: an [`Attempt`] with a record of every
//! request that was on the wire. A connection is made for each probe, so that a probe sees what a new
//! customer of the partner would: name, connection, certificate, answer. It schedules nothing.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use url::Url;

use super::http::{Answer, Client, Connections, Connector, ConnectorError, Outgoing};
use super::outcome::Leave;
use super::record::{DrillRecord, StepPart};
use super::shopper::Shopper;
use super::visit::{self, After, Wire};
use crate::scenario::{Arrivals, DrillPlan, RouteFinder};

/// The error of an answer whose status is not one that its step wants.
const STATUS: &str = "status";

/// Makes probes of one target.
#[derive(Debug)]
pub struct Prober {
    plan: Arc<DrillPlan>,
    base_url: Url,
    client: Client,
    origin: Instant,
    routes: RefCell<RouteFinder>,
}

/// What one probe found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its requests in the order in which they ended; times are µs since the prober's origin. Where the
    /// probe failed, the last one says why.
    pub records: Vec<DrillRecord>,
    /// Whether every step had the answer that it wants.
    pub is_good: bool,
}

impl Prober {
    /// A prober of `base_url`; times are given since `origin`.
    ///
    /// # Errors
    /// When the URL has no host, or certificates cannot be used.
    pub fn new(
        plan: &Arc<DrillPlan>,
        base_url: &Url,
        origin: Instant,
    ) -> Result<Self, ConnectorError> {
        let connector = Connector::new(base_url, &plan.transport)?;
        let first_byte_timeout = plan.transport.first_byte_timeout_us;
        let first_byte_timeout =
            first_byte_timeout.map(|us| Duration::from_micros(us.unsigned_abs()));
        Ok(Self {
            plan: Arc::clone(plan),
            base_url: base_url.clone(),
            client: Client::new(connector, first_byte_timeout, origin),
            origin,
            routes: RefCell::new(plan.routes.clone()),
        })
    }

    /// Probe number `number`, due now. Dropping the future ends it, with nothing recorded.
    pub async fn attempt(&self, number: u64) -> Attempt {
        let wire = OneAttempt {
            prober: self,
            connections: Connections::default(),
            records: RefCell::default(),
        };
        let arrival = Arrivals::whoever_comes(&self.plan, number, wire.now_us());
        let leave = match Shopper::new(&self.plan, arrival) {
            Some(shopper) => wire.take(Box::new(shopper)).await,
            None => Leave::Completed,
        };
        let is_good = leave == Leave::Completed;
        let mut records = wire.records.into_inner();
        // A status that a step does not want is no error of a shopper's request, but it is a probe's.
        if let Some(last) = records.last_mut().filter(|_| !is_good) {
            last.error = last.error.or(Some(STATUS));
        }
        Attempt { records, is_good }
    }
}

/// A probe under way.
struct OneAttempt<'a> {
    prober: &'a Prober,
    connections: Connections,
    records: RefCell<Vec<DrillRecord>>,
}

impl OneAttempt<'_> {
    async fn take(&self, mut shopper: Box<Shopper>) -> Leave {
        loop {
            let due = self.moment(shopper.due_us);
            if due > Instant::now() {
                tokio::time::sleep_until(due.into()).await;
            }
            // The timer wakes a little late; that is not the partner's time.
            shopper.due_us = shopper.due_us.max(self.now_us());
            match visit::step(self, shopper).await {
                After::Thinks(thinking) => shopper = thinking,
                After::Left(leave) => return leave,
            }
        }
    }
}

impl Wire for OneAttempt<'_> {
    fn plan(&self) -> &Arc<DrillPlan> {
        &self.prober.plan
    }

    fn base_url(&self) -> &Url {
        &self.prober.base_url
    }

    fn now_us(&self) -> i64 {
        i64::try_from(self.prober.origin.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    fn moment(&self, at_us: i64) -> Instant {
        let since = Duration::from_micros(u64::try_from(at_us).unwrap_or(0));
        let origin = self.prober.origin;
        origin.checked_add(since).unwrap_or(origin)
    }

    async fn send(&self, outgoing: &mut Outgoing, _: u64, is_fresh: bool) -> Answer {
        let client = &self.prober.client;
        client.send(outgoing, &self.connections, is_fresh).await
    }

    fn record(&self, record: DrillRecord) {
        debug_assert!(
            !matches!(record.part, StepPart::Asset(_)),
            "a probe loads no assets"
        );
        self.records.borrow_mut().push(record);
    }

    fn route_of(&self, path: &str) -> Arc<str> {
        self.prober.routes.borrow_mut().route_of(path)
    }
}
