//! What the law of contacts looks at: sessions and failures per window, and some of the shoppers.
//!
//! In: every request at the moment its line is written. Out: counts per window of 15 minutes, and at most
//! [`KEYS_COUNT_MAX`] shoppers of each kind, drawn evenly, whose keys tickets may carry. Its size grows with the
//! days, not with the shoppers.

use super::contacts::{JOURNEYS, JourneyKind, WINDOW_US};
use super::endpoint::Endpoint;
use super::incident::{Incident, IncidentKind};
use super::random::RandomStream;
use super::session::Session;
use super::visitor::Visitor;

/// The most shoppers of one window that are kept, of each kind.
pub const KEYS_COUNT_MAX: usize = 64;
/// The share of requests to a quiet shop that go wrong, roughly; thresholds are far above it.
const QUIET_FAILURE_SHARE: f64 = 0.0006;

/// A shopper whose keys a ticket may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShopperKey {
    /// What makes the keys of the visit its own.
    pub click_id: u64,
    /// When the shopper came, or met a failure, UTC µs.
    pub at_us: i64,
    /// Whether the shopper has an order number.
    pub has_order: bool,
}

/// One window of 15 minutes.
#[derive(Debug, Clone, Default)]
pub struct WindowTally {
    /// Sessions of shoppers that began in it.
    pub sessions: u64,
    /// Requests of shoppers that began in it, by journey.
    pub requests: [u64; JOURNEYS],
    /// How many of them go wrong on the mean.
    pub failures: [f64; JOURNEYS],
    /// Some who came.
    pub came: Kept,
    /// Some who met a failure, by journey.
    pub hurt: [Kept; JOURNEYS],
}

/// An even draw of what came by, by reservoir sampling (Vitter, ACM TOMS 11(1), 1985, algorithm R).
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// Those drawn.
    pub keys: Vec<ShopperKey>,
    seen: u64,
}

impl Kept {
    fn offer(&mut self, key: ShopperKey, random: &mut RandomStream) {
        self.seen += 1;
        if self.keys.len() < KEYS_COUNT_MAX {
            self.keys.push(key);
            return;
        }
        let place = usize::try_from(random.below(self.seen)).unwrap_or(usize::MAX);
        if let Some(kept) = self.keys.get_mut(place) {
            *kept = key;
        }
    }
}

impl WindowTally {
    /// The share of each journey's requests that goes wrong on the mean; `None` where nobody asked.
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 requests")]
    pub fn shares(&self) -> [Option<f64>; JOURNEYS] {
        JourneyKind::ALL.map(|journey| {
            let requests = self.requests[journey.index()];
            let failures = self.failures[journey.index()];
            (requests > 0).then(|| failures / requests as f64)
        })
    }
}

/// Counts while lines are written.
#[derive(Debug)]
pub struct ContactCounts {
    start_us: i64,
    /// By incident: what it is, and the share of the requests it touches that go wrong.
    incidents: Vec<(IncidentKind, f64)>,
    random: RandomStream,
    /// One per window of the days.
    pub windows: Vec<WindowTally>,
}

impl ContactCounts {
    /// Nothing yet, of days from `start_us` to `end_us` with these `incidents`.
    pub fn new(start_us: i64, end_us: i64, incidents: &[Incident], random: RandomStream) -> Self {
        let count = usize::try_from((end_us - start_us) / WINDOW_US).unwrap_or(0);
        Self {
            start_us,
            incidents: incidents
                .iter()
                .map(|incident| (incident.kind, incident.error_share))
                .collect(),
            random,
            windows: vec![WindowTally::default(); count],
        }
    }

    /// Counts a line; the first of a session before anything else has counted it.
    pub fn count(&mut self, session: &mut Session) {
        if session.client.visitor != Visitor::Shopper {
            return;
        }
        let request = session.request;
        session.has_order |= request.target.endpoint == Endpoint::Checkout;
        let key = ShopperKey {
            click_id: session.client.click_id,
            at_us: request.start_us,
            has_order: session.has_order,
        };
        let index = usize::try_from((request.start_us - self.start_us) / WINDOW_US);
        let Some(window) = index.ok().and_then(|index| self.windows.get_mut(index)) else {
            return;
        };
        let incident = request.answer.incident.map(usize::from);
        let incident = incident
            .and_then(|index| self.incidents.get(index))
            .copied();
        let quiet = match request.target.endpoint.is_dynamic() {
            true => QUIET_FAILURE_SHARE,
            false => 0.0,
        };
        // What is slow does not fail of it, and what fails is not slow.
        let wrong = |journey: JourneyKind| match (journey, incident) {
            (JourneyKind::Slow, Some((IncidentKind::SlowPages, share))) => share,
            (JourneyKind::Slow, _) => 0.0,
            (_, None | Some((IncidentKind::SlowPages, _))) => quiet,
            (_, Some((_, share))) => share,
        };
        if session.counted_day.is_none() {
            window.sessions += 1;
            window.came.offer(key, &mut self.random);
        }
        for journey in JourneyKind::ALL {
            if journey.covers(request.target.endpoint) {
                window.requests[journey.index()] += 1;
                window.failures[journey.index()] += wrong(journey);
                if journey.is_bad(request.answer.status, request.answer.latency_ms) {
                    window.hurt[journey.index()].offer(key, &mut self.random);
                }
            }
        }
    }
}
