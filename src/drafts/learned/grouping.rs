//! Pauses before a page: one for all who come to it, and others for those who come from a page after
//! which it differs.

use super::chain::Chain;
use crate::latency_buckets::LatencyHistogram;

/// Pauses on one way from which on they are looked at apart.
const WAY_PAUSES_MIN: u64 = 50;
/// Pauses that tell a median and a p95.
pub const PAUSES_MIN: u64 = 20;
/// How many times as long or as short a median is to be one of its own.
const MEDIAN_RATIO: f64 = 1.5;

/// Ways to one page with the same pause.
#[derive(Debug)]
pub struct Entrance {
    /// From which page, where only from there; `None` for all others.
    pub from: Option<usize>,
    /// How often.
    pub count: u64,
    /// How often by a browser.
    pub at_once: u64,
    /// The pauses.
    pub pauses: LatencyHistogram,
}

/// The ways to `page`: first that of all who have none of their own, if anybody is left.
pub fn entrances(chain: &Chain, page: usize) -> Vec<Entrance> {
    let ways: Vec<_> = chain
        .ways
        .iter()
        .filter(|((_, to), _)| *to == page)
        .collect();
    let mut all = LatencyHistogram::new();
    ways.iter().for_each(|(_, way)| all.add(&way.pauses));
    let median_us = all.quantile_us(0.5);
    let differs = |pauses: &LatencyHistogram| {
        let (Some(all_us), Some(own_us)) = (median_us, pauses.quantile_us(0.5)) else {
            return false;
        };
        let ratio = number(own_us.max(1)) / number(all_us.max(1));
        pauses.count() >= WAY_PAUSES_MIN && !(1.0 / MEDIAN_RATIO..=MEDIAN_RATIO).contains(&ratio)
    };
    let mut rest = Entrance {
        from: None,
        count: 0,
        at_once: 0,
        pauses: LatencyHistogram::new(),
    };
    let mut apart = Vec::new();
    for ((from, _), way) in ways {
        if differs(&way.pauses) {
            apart.push(Entrance {
                from: Some(*from),
                count: way.count,
                at_once: way.at_once,
                pauses: way.pauses.clone(),
            });
        } else {
            rest.count += way.count;
            rest.at_once += way.at_once;
            rest.pauses.add(&way.pauses);
        }
    }
    let mut found = Vec::new();
    if rest.count > 0 {
        found.push(rest);
    }
    found.extend(apart);
    found
}

#[expect(clippy::cast_precision_loss, reason = "pauses are below 2^53 µs")]
fn number(us: u64) -> f64 {
    us as f64
}
