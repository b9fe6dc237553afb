//! How the shop answers: status, latency and bytes.
//!
//! In: what is asked for, by whom, and when. Out: an [`Answer`]. Latencies are log-normal around a
//! median that rises with the load as 1/(1 − utilisation), the mean response time of an M/M/1 queue.

use super::catalogue::PRODUCTS_COUNT;
use super::endpoint::{Endpoint, Profile};
use super::incident::{IncidentKind, SLOW_BEYOND_MS, SLOW_LIMIT_MS, incident_at};
use super::random::whole;
use super::request::{Answer, Target};
use super::visitor::Visitor;
use super::world::World;

/// nginx gives up on the shop after a minute (`proxy_read_timeout`) and on a silent client too
/// (`client_header_timeout`); both defaults.
const TIMEOUT_MS: u32 = 60_000;
/// A shopper closes the page after half a minute (assumed).
const PATIENCE_MS: u32 = 30_000;

/// The share of answers that are 5xx on an idle shop; it grows with the fourth power of the load.
const ERROR_SHARE_IDLE: f64 = 0.0003;
const ERROR_GROWTH: f64 = 30.0;
const ABORT_SHARE: f64 = 0.0006;
const MOVED_SHARE: f64 = 0.004;
const UNCHANGED_SHARE: f64 = 0.12;
const LIMITED_SHARE_ROBOT: f64 = 0.01;
const LIMITED_SHARE_SHOPPER: f64 = 0.0001;
/// The pages that nginx sends with an error status of its own.
const ERROR_BODY_BYTES: u64 = 157;

/// The answer to a request for `target` that starts at `start_us`.
pub fn answer(world: &mut World, visitor: Visitor, target: Target, start_us: i64) -> Answer {
    let endpoint = target.endpoint;
    match endpoint {
        Endpoint::TlsHello => return refused(400, 0, ERROR_BODY_BYTES),
        Endpoint::Silence => return refused(408, TIMEOUT_MS, 0),
        _ => {}
    }
    let utilisation = world.traffic.utilisation(start_us);
    let incident = incident_at(&world.incidents, endpoint, start_us);
    let profile = endpoint.profile();
    let mut latency_ms = latency_ms(world, &profile, utilisation, incident);
    let hit = incident.and_then(|index| {
        let incident = &world.incidents[index];
        let is_hit = world.random.chance(incident.error_share);
        is_hit.then_some(incident.kind)
    });
    let failed_by_incident = hit.and_then(IncidentKind::status);
    if hit.is_some() && failed_by_incident.is_none() {
        let beyond_ms = world.random.below(SLOW_BEYOND_MS) + 1;
        latency_ms = SLOW_LIMIT_MS.saturating_add(u32::try_from(beyond_ms).unwrap_or(0));
    }
    let status = failed_by_incident.unwrap_or_else(|| status(world, visitor, target, utilisation));
    let asked = Answer {
        status,
        latency_ms,
        body_bytes: body_bytes(world, &profile, status),
        incident: incident.and_then(|index| u16::try_from(index).ok()),
    };
    within_patience(asked, visitor)
}

fn refused(status: u16, latency_ms: u32, body_bytes: u64) -> Answer {
    Answer {
        status,
        latency_ms,
        body_bytes,
        incident: None,
    }
}

fn latency_ms(
    world: &mut World,
    profile: &Profile,
    utilisation: f64,
    incident: Option<usize>,
) -> u32 {
    let queueing = 1.0 / (1.0 - utilisation) - 1.0;
    let factor = incident.map_or(1.0, |index| world.incidents[index].latency_factor);
    let median_ms = profile.latency_median_ms * (1.0 + profile.load_share * queueing) * factor;
    let drawn_ms = world.random.log_normal(median_ms, profile.latency_spread);
    // `whole` rounds to the nearest; nginx cuts off.
    u32::try_from(whole(drawn_ms - 0.5)).unwrap_or(u32::MAX)
}

fn status(world: &mut World, visitor: Visitor, target: Target, utilisation: f64) -> u16 {
    let endpoint = target.endpoint;
    let random = &mut world.random;
    let limited_share = match visitor {
        Visitor::Robot(_) => LIMITED_SHARE_ROBOT,
        Visitor::Shopper | Visitor::TlsStray | Visitor::SilentStray => LIMITED_SHARE_SHOPPER,
    };
    // `powi` may differ in its last digit between platforms; products do not.
    let fourth_power = utilisation * utilisation * utilisation * utilisation;
    let error_share = ERROR_SHARE_IDLE * (1.0 + ERROR_GROWTH * fourth_power);
    if matches!(endpoint, Endpoint::WpLogin | Endpoint::DotEnv) {
        404
    } else if endpoint.is_file() {
        if random.chance(UNCHANGED_SHARE) {
            304
        } else {
            200
        }
    } else if !endpoint.is_dynamic() {
        200
    } else if random.chance(error_share) {
        [500, 500, 500, 502, 503, 503, 504][usize::try_from(random.below(7)).unwrap_or(0)]
    } else if random.chance(limited_share) {
        429
    } else if endpoint == Endpoint::Product && target.id > PRODUCTS_COUNT {
        404
    } else if endpoint == Endpoint::Product && random.chance(MOVED_SHARE) {
        302
    } else if visitor == Visitor::Shopper && random.chance(ABORT_SHARE) {
        499
    } else {
        200
    }
}

fn body_bytes(world: &mut World, profile: &Profile, status: u16) -> u64 {
    match status {
        302 | 304 | 499 => 0,
        status if status >= 400 => ERROR_BODY_BYTES,
        _ if profile.body_spread > 0.0 => whole(
            world
                .random
                .log_normal(profile.body_median_bytes, profile.body_spread),
        ),
        _ => whole(profile.body_median_bytes),
    }
}

/// What takes too long ends with the patience of the shopper (499) or of the web server (504).
fn within_patience(answer: Answer, visitor: Visitor) -> Answer {
    let (limit_ms, status) = match visitor {
        Visitor::Shopper => (PATIENCE_MS, 499),
        Visitor::Robot(_) | Visitor::TlsStray | Visitor::SilentStray => (TIMEOUT_MS, 504),
    };
    if answer.latency_ms < limit_ms {
        return answer;
    }
    let body_bytes = if status == 499 { 0 } else { ERROR_BODY_BYTES };
    // Nobody closes a page on the millisecond: up to 1 s later, by what the request would have taken.
    let latency_ms = limit_ms + answer.latency_ms % 1_000;
    Answer {
        status,
        latency_ms,
        body_bytes,
        ..answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::catalogue::Catalogue;
    use crate::simulate::incident::Incident;
    use crate::simulate::random::{Purpose, RandomStream};
    use crate::simulate::request::Landing;
    use crate::simulate::traffic::Traffic;
    use crate::time_window::TimeWindow;
    use jiff::civil::date;

    const HOUR_US: i64 = 3_600_000_000;

    /// Black Friday, with a payment outage from 2 to 3 h.
    fn world() -> World {
        World {
            traffic: Traffic::new(0, &[date(2026, 11, 27)], 1_000),
            incidents: vec![Incident {
                kind: IncidentKind::PaymentOutage,
                window: TimeWindow {
                    start_us: 2 * HOUR_US,
                    end_us: 3 * HOUR_US,
                },
                error_share: 1.0,
                latency_factor: 10.0,
            }],
            catalogue: Catalogue::new(),
            random: RandomStream::new(9, Purpose::Behaviour),
        }
    }

    fn answers(endpoint: Endpoint, id: u32, start_us: i64) -> Vec<Answer> {
        let mut world = world();
        let target = Target {
            endpoint,
            id,
            landing: Landing::Direct,
        };
        (0..2_001)
            .map(|_| answer(&mut world, Visitor::Shopper, target, start_us))
            .collect()
    }

    fn median_ms(answers: &[Answer]) -> u32 {
        let mut latencies_ms: Vec<_> = answers.iter().map(|answer| answer.latency_ms).collect();
        latencies_ms.sort_unstable();
        latencies_ms[latencies_ms.len() / 2]
    }

    #[test]
    fn pages_are_slower_in_the_evening_of_black_friday_and_files_hardly() {
        let evening_us = 20 * HOUR_US + HOUR_US / 2;
        let at = |endpoint, start_us| median_ms(&answers(endpoint, 1, start_us));
        // 300 ms idle; 1 + 0.5 × (1 / (1 − 0.8) − 1) = 3 times that at the peak.
        assert!((290..330).contains(&at(Endpoint::Checkout, 4 * HOUR_US)));
        assert!((860..940).contains(&at(Endpoint::Checkout, evening_us)));
        assert!(at(Endpoint::Stylesheet, evening_us) <= 2);
    }

    #[test]
    fn an_outage_of_the_payment_fails_slow_checkouts_and_nothing_else() {
        let start_us = 2 * HOUR_US;
        let checkouts = answers(Endpoint::Checkout, 0, start_us);
        assert!(
            checkouts
                .iter()
                .all(|answer| answer.status == 502 && answer.incident == Some(0))
        );
        assert!((2_700..3_600).contains(&median_ms(&checkouts)));
        let carts = answers(Endpoint::Cart, 0, start_us);
        assert!(carts.iter().filter(|answer| answer.status == 200).count() > 1_980);
        assert!(carts.iter().all(|answer| answer.incident.is_none()));
    }

    #[test]
    fn a_product_that_is_gone_is_not_found() {
        let found = answers(Endpoint::Product, PRODUCTS_COUNT + 1, 0);
        assert!(found.iter().filter(|answer| answer.status == 404).count() > 1_980);
        let found = answers(Endpoint::Product, PRODUCTS_COUNT, 0);
        assert!(found.iter().all(|answer| answer.status != 404));
    }

    #[test]
    fn shoppers_give_up_after_half_a_minute_and_the_web_server_after_a_minute() {
        let slow = |latency_ms| Answer {
            status: 200,
            latency_ms,
            body_bytes: 9,
            incident: None,
        };
        let robot = Visitor::Robot(crate::simulate::visitor::Robot::Googlebot);
        for (visitor, latency_ms, status, ended_ms) in [
            (Visitor::Shopper, 29_999, 200, 29_999),
            (Visitor::Shopper, 30_000, 499, 30_000),
            (Visitor::Shopper, 45_678, 499, 30_678),
            (robot, 59_999, 200, 59_999),
            (robot, 60_000, 504, 60_000),
        ] {
            let ended = within_patience(slow(latency_ms), visitor);
            assert_eq!(
                (ended.status, ended.latency_ms),
                (status, ended_ms),
                "{latency_ms}"
            );
        }
    }
}
