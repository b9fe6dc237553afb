//! Planted incidents: when something is wrong on purpose, and what it does to a request.
//!
//! In: incidents of a plan. Out: the incident that a request meets, if any. Incidents never
//! overlap, so that everything unusual in the log has one cause.

use super::endpoint::Endpoint;
use super::random::{Purpose, RandomStream, whole};
use super::traffic::{DAY_US, Traffic};
use crate::time_window::TimeWindow;
use serde::{Deserialize, Serialize};

/// Pages of a slow backend take longer than this, ms; those of a quiet shop hardly ever do.
pub(super) const SLOW_LIMIT_MS: u32 = 5_000;
/// By up to so much, ms: none is so slow that its shopper leaves.
pub(super) const SLOW_BEYOND_MS: u64 = 10_000;

/// The most incidents of a plan.
pub const INCIDENTS_COUNT_MAX: usize = 1_000;

/// Days from one planted incident to the next, beside the payment outage.
const DAYS_BETWEEN: usize = 3;
const MINUTE_US: i64 = 60_000_000;
/// The payment outage begins at 20:10, when the evening is busiest.
const OUTAGE_START_US: i64 = (20 * 60 + 10) * MINUTE_US;
const OUTAGE_LENGTH_US: i64 = 20 * MINUTE_US;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IncidentKind {
    /// The payment provider fails: checkouts answer 502.
    PaymentOutage,
    /// The search index is overloaded: searches are slow and some answer 504.
    SlowSearch,
    /// A bad release: every page fails now and then with 500.
    BadRelease,
    /// A slow backend: every page takes longer than 5 s now and then, and none fails of it.
    SlowPages,
}

impl IncidentKind {
    /// Whether it touches requests for `endpoint`.
    #[must_use]
    pub(super) fn touches(self, endpoint: Endpoint) -> bool {
        match self {
            Self::PaymentOutage => endpoint == Endpoint::Checkout,
            Self::SlowSearch => endpoint == Endpoint::Search,
            Self::BadRelease | Self::SlowPages => endpoint.is_dynamic(),
        }
    }

    /// The status of the requests that fail; `None` where they are slow instead.
    #[must_use]
    pub(super) fn status(self) -> Option<u16> {
        match self {
            Self::PaymentOutage => Some(502),
            Self::SlowSearch => Some(504),
            Self::BadRelease => Some(500),
            Self::SlowPages => None,
        }
    }
}

/// Something that is wrong on purpose for a while.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Incident {
    /// What is wrong.
    pub kind: IncidentKind,
    /// Requests that start in here meet it.
    pub window: TimeWindow,
    /// The share of the requests it touches that fail, or are slow, 0 to 1.
    pub error_share: f64,
    /// How many times longer the requests it touches take, 1 to 100.
    pub latency_factor: f64,
}

/// The incident that touches a request for `endpoint` that starts at `ts_us`, by its index.
/// `incidents` are in order of time and do not overlap.
pub(super) fn incident_at(incidents: &[Incident], endpoint: Endpoint, ts_us: i64) -> Option<usize> {
    let begun = incidents.partition_point(|incident| incident.window.start_us <= ts_us);
    let index = begun.checked_sub(1)?;
    let incident = &incidents[index];
    (incident.window.contains(ts_us) && incident.kind.touches(endpoint)).then_some(index)
}

/// The incidents of a plan that does not name its own, in order of time: a payment outage of 20
/// minutes on the evening of the busiest day (the first, if several are), and an incident of changing
/// kind and strength in the daytime of every third other day, beginning with the second.
pub(super) fn planted(traffic: &Traffic, seed: u64) -> Vec<Incident> {
    let mut random = RandomStream::new(seed, Purpose::Incidents);
    let days = traffic.day_index(traffic.end_us());
    let busiest = (0..days).rev().max_by(|left, right| {
        let mean_per_s = |day: &usize| traffic.day_mean_per_s(traffic.midnight_us(*day));
        mean_per_s(left).total_cmp(&mean_per_s(right))
    });
    let mut incidents = Vec::new();
    for day in 0..days {
        let midnight_us = traffic.midnight_us(day);
        if Some(day) == busiest {
            incidents.push(payment_outage(midnight_us));
        } else if day % DAYS_BETWEEN == 1 {
            incidents.push(smaller(midnight_us, day / DAYS_BETWEEN, &mut random));
        }
    }
    incidents
}

fn payment_outage(midnight_us: i64) -> Incident {
    Incident {
        kind: IncidentKind::PaymentOutage,
        window: window(midnight_us + OUTAGE_START_US, OUTAGE_LENGTH_US),
        error_share: 0.95,
        latency_factor: 10.0,
    }
}

/// From 10 to 45 minutes between 9 and 22 h, failing from 1 to 40 % of what it touches: strengths
/// spread evenly over the orders of magnitude, since a threshold is sought among them.
fn smaller(midnight_us: i64, count: usize, random: &mut RandomStream) -> Incident {
    const KINDS: [IncidentKind; 3] = [
        IncidentKind::SlowSearch,
        IncidentKind::PaymentOutage,
        IncidentKind::BadRelease,
    ];
    let minute = |random: &mut RandomStream, from: u64, to: u64| {
        MINUTE_US * i64::try_from(from + random.below(to - from)).unwrap_or(0)
    };
    let start_us = midnight_us + minute(random, 9 * 60, 22 * 60);
    let length_us = minute(random, 10, 46);
    let percent_share = 0.01 * libm::exp(random.unit() * libm::log(40.0));
    Incident {
        kind: KINDS[count % KINDS.len()],
        window: window(start_us, length_us),
        error_share: thousandths(percent_share),
        latency_factor: thousandths(1.5 + 6.5 * random.unit()),
    }
}

/// Rounded, so that the truth shows a number that a person can read.
fn thousandths(value: f64) -> f64 {
    f64::from(u32::try_from(whole(value * 1_000.0)).unwrap_or(u32::MAX)) / 1_000.0
}

fn window(start_us: i64, length_us: i64) -> TimeWindow {
    debug_assert!((1..DAY_US).contains(&length_us));
    TimeWindow {
        start_us,
        end_us: start_us + length_us,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;
    use jiff::civil::date;

    fn planted_for(days: i64) -> (Traffic, Vec<Incident>) {
        let dates: Vec<_> = (0..days)
            .map(|day| date(2026, 11, 20).saturating_add(day.days()))
            .collect();
        let traffic = Traffic::new(0, &dates, 1_000);
        let incidents = planted(&traffic, 5);
        (traffic, incidents)
    }

    #[test]
    fn the_payment_outage_is_on_the_evening_of_the_busiest_day() {
        for (days, outage_day) in [(1, 0), (6, 3), (8, 7), (14, 7)] {
            let (_, incidents) = planted_for(days);
            let outage = payment_outage(outage_day * DAY_US);
            assert!(incidents.contains(&outage), "{days} days: {incidents:?}");
        }
    }

    #[test]
    fn incidents_are_in_order_and_never_overlap() {
        let (traffic, incidents) = planted_for(400);
        assert!(incidents.len() > 100);
        assert!(incidents.is_sorted_by(|a, b| a.window.end_us <= b.window.start_us));
        assert!(
            incidents
                .iter()
                .all(|incident| incident.window.end_us <= traffic.end_us())
        );
    }

    #[test]
    fn a_request_meets_an_incident_from_its_start_to_just_before_its_end() {
        let incidents = [payment_outage(0), payment_outage(DAY_US)];
        let TimeWindow { start_us, end_us } = incidents[1].window;
        for (endpoint, ts_us, met) in [
            (Endpoint::Checkout, start_us - 1, None),
            (Endpoint::Checkout, start_us, Some(1)),
            (Endpoint::Checkout, end_us - 1, Some(1)),
            (Endpoint::Checkout, end_us, None),
            (Endpoint::Cart, start_us, None),
            (Endpoint::Checkout, OUTAGE_START_US, Some(0)),
            (Endpoint::Checkout, 0, None),
        ] {
            assert_eq!(
                incident_at(&incidents, endpoint, ts_us),
                met,
                "{endpoint:?} {ts_us}"
            );
        }
    }
}
