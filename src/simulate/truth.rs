//! What is known to be in the simulated logs: the counts that any reader of them must find.
//!
//! In: every request at the moment its line is written. Out: a [`Truth`], which is `truth.json`.
//! It counts what was written, never what was planned, so it is right by construction.

use super::endpoint::{ENDPOINTS_COUNT, Endpoint};
use super::incident::{Incident, IncidentKind};
use super::plan::SimulationPlan;
use super::session::Session;
use super::ticket_draw::ContactTruth;
use super::visitor::Visitor;
use crate::time_window::rfc3339;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The limit of [`TruthCounts::checkouts_slower_than_1_s`], in ms, exclusive.
const SLOW_CHECKOUT_MS: u32 = 1_000;

/// The known truth of a simulation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Truth {
    /// What was asked for.
    pub parameters: TruthParameters,
    /// The counts of all files together.
    pub total: TruthCounts,
    /// One row per file, in order of time.
    pub days: Vec<DayTruth>,
    /// The planted incidents, in order of time; with contacts their episodes.
    pub incidents: Vec<IncidentTruth>,
    /// The law of the contacts, and what came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contacts: Option<ContactTruth>,
}

/// The plan of a simulation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TruthParameters {
    /// The first day, such as `2026-11-20`, UTC.
    pub start_day: String,
    /// How many days.
    pub days: u32,
    /// Shoppers of an ordinary day.
    pub shoppers_per_day: u64,
    /// The seed.
    pub seed: u64,
}

/// One day, which is one file: the lines of requests that *end* on it. A request that begins before
/// midnight and ends after it belongs to the day of its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayTruth {
    /// Such as `2026-11-20`, UTC.
    pub day: String,
    /// The name of the file, without its folder.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// What is in it.
    pub counts: TruthCounts,
}

/// What a stretch of log holds. Every line is one of `human_requests`, `bot_requests` and
/// `malformed_lines`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TruthCounts {
    /// Lines.
    pub lines: u64,
    /// Lines of shoppers.
    pub human_requests: u64,
    /// Lines of robots.
    pub bot_requests: u64,
    /// Lines whose request is none: TLS on the port for plain text, and `-`.
    pub malformed_lines: u64,
    /// Shoppers with at least one line. Who shops across midnight counts on both days, and once in
    /// the total.
    pub shoppers: u64,
    /// `POST /checkout` answered 200.
    pub orders: u64,
    /// `POST /cart` answered 200.
    pub cart_adds: u64,
    /// Lines with status 500 to 599.
    pub errors_5xx: u64,
    /// `POST /checkout` with a request time above 1.000 s, whatever the status.
    pub checkouts_slower_than_1_s: u64,
    /// Lines per method and path template, such as `GET /product/{id}`; the malformed ones are
    /// `- /{malformed}`. The sum is `lines`.
    pub requests: BTreeMap<String, u64>,
    /// Lines per status. The sum is `lines`.
    pub statuses: BTreeMap<u16, u64>,
}

/// A planted incident and what it did to the lines that were written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentTruth {
    /// What was wrong.
    pub kind: IncidentKind,
    /// RFC 3339, inclusive. Requests that start from here on meet it.
    pub start: String,
    /// RFC 3339, exclusive.
    pub end: String,
    /// The share of the requests it touches that it makes fail; of slow pages, take longer than 5 s.
    pub error_share: f64,
    /// How many times longer the requests it touches take.
    pub latency_factor: f64,
    /// Requests it touched.
    pub requests: u64,
    /// How many of them were answered with status 500 to 599.
    pub errors_5xx: u64,
    /// How many of them took longer than 1.000 s.
    pub slower_than_1_s: u64,
    /// Shoppers with at least one request it touched.
    pub shoppers: u64,
}

/// Counts lines while they are written.
#[derive(Debug)]
pub struct TruthWriter {
    total: Tally,
    day: Tally,
    day_index: u16,
    days: Vec<DayTruth>,
    incidents: Vec<IncidentTruth>,
}

impl TruthWriter {
    /// Nothing counted yet; `incidents` are those of the plan, by index.
    pub fn new(incidents: &[Incident]) -> Self {
        Self {
            total: Tally::default(),
            day: Tally::default(),
            day_index: 0,
            days: Vec::new(),
            incidents: incidents.iter().map(untouched).collect(),
        }
    }

    /// Counts the session's request, whose line is written now.
    pub fn count(&mut self, session: &mut Session) {
        self.count_shopper(session);
        self.day.count(session);
        let Some(index) = session.request.answer.incident else {
            return;
        };
        let Some(incident) = self.incidents.get_mut(usize::from(index)) else {
            return;
        };
        incident.requests += 1;
        incident.errors_5xx += u64::from(is_5xx(session.request.answer.status));
        incident.slower_than_1_s += u64::from(session.request.answer.latency_ms > SLOW_CHECKOUT_MS);
        let is_new = session.counted_incident != Some(index);
        incident.shoppers += u64::from(is_new && session.client.visitor == Visitor::Shopper);
        session.counted_incident = Some(index);
    }

    fn count_shopper(&mut self, session: &mut Session) {
        if session.client.visitor != Visitor::Shopper {
            return;
        }
        self.total.shoppers += u64::from(session.counted_day.is_none());
        self.day.shoppers += u64::from(session.counted_day != Some(self.day_index));
        session.counted_day = Some(self.day_index);
    }

    /// Ends a day whose file, `file`, is complete.
    pub fn finish_day(&mut self, day: String, file: String, bytes: u64) {
        let tally = std::mem::take(&mut self.day);
        self.total.add_lines(&tally);
        self.days.push(DayTruth {
            day,
            file,
            bytes,
            counts: tally.counts(),
        });
        self.day_index += 1;
    }

    /// The truth of the days that were finished.
    pub fn finish(self, plan: &SimulationPlan, contacts: Option<ContactTruth>) -> Truth {
        Truth {
            parameters: TruthParameters {
                start_day: plan.start_day.to_string(),
                days: plan.days,
                shoppers_per_day: plan.shoppers_per_day,
                seed: plan.seed,
            },
            total: self.total.counts(),
            days: self.days,
            incidents: self.incidents,
            contacts,
        }
    }
}

fn untouched(incident: &Incident) -> IncidentTruth {
    IncidentTruth {
        kind: incident.kind,
        start: rfc3339(incident.window.start_us),
        end: rfc3339(incident.window.end_us),
        error_share: incident.error_share,
        latency_factor: incident.latency_factor,
        requests: 0,
        errors_5xx: 0,
        slower_than_1_s: 0,
        shoppers: 0,
    }
}

/// Counts in the shape in which they are quick to add to.
#[derive(Debug, Default)]
struct Tally {
    human_requests: u64,
    bot_requests: u64,
    shoppers: u64,
    orders: u64,
    cart_adds: u64,
    slow_checkouts: u64,
    requests: [u64; ENDPOINTS_COUNT],
    statuses: BTreeMap<u16, u64>,
}

impl Tally {
    /// Counts a line, but not its shopper.
    fn count(&mut self, session: &Session) {
        let answer = session.request.answer;
        let endpoint = session.request.target.endpoint;
        match session.client.visitor {
            Visitor::Shopper => self.human_requests += 1,
            Visitor::Robot(_) => self.bot_requests += 1,
            Visitor::TlsStray | Visitor::SilentStray => {}
        }
        let is_checkout = endpoint == Endpoint::Checkout;
        let is_ok = answer.status == 200;
        self.orders += u64::from(is_checkout && is_ok);
        self.cart_adds += u64::from(endpoint == Endpoint::CartAdd && is_ok);
        self.slow_checkouts += u64::from(is_checkout && answer.latency_ms > SLOW_CHECKOUT_MS);
        self.requests[endpoint.index()] += 1;
        *self.statuses.entry(answer.status).or_default() += 1;
    }

    /// Adds everything but the shoppers, who may be the same on two days.
    fn add_lines(&mut self, other: &Self) {
        self.human_requests += other.human_requests;
        self.bot_requests += other.bot_requests;
        self.orders += other.orders;
        self.cart_adds += other.cart_adds;
        self.slow_checkouts += other.slow_checkouts;
        for (sum, count) in self.requests.iter_mut().zip(other.requests) {
            *sum += count;
        }
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
    }

    fn counts(&self) -> TruthCounts {
        let mut requests = BTreeMap::new();
        let mut malformed_lines = 0;
        for (endpoint, count) in Endpoint::ALL.into_iter().zip(self.requests) {
            let profile = endpoint.profile();
            if count > 0 {
                let name = format!("{} {}", profile.method, profile.template);
                *requests.entry(name).or_default() += count;
            }
            malformed_lines += if endpoint.is_malformed() { count } else { 0 };
        }
        let errors = self.statuses.iter().filter(|(status, _)| is_5xx(**status));
        TruthCounts {
            lines: self.requests.iter().sum(),
            human_requests: self.human_requests,
            bot_requests: self.bot_requests,
            malformed_lines,
            shoppers: self.shoppers,
            orders: self.orders,
            cart_adds: self.cart_adds,
            errors_5xx: errors.map(|(_, count)| count).sum(),
            checkouts_slower_than_1_s: self.slow_checkouts,
            requests,
            statuses: self.statuses.clone(),
        }
    }
}

fn is_5xx(status: u16) -> bool {
    (500..600).contains(&status)
}
