//! Pauses before a page: one for all who come to it, others for those who come from a page after which it
//! differs, and none for those whom a page redirects to it.

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

impl Entrance {
    /// Whether most who come this way are redirected.
    pub fn is_by_browser(&self) -> bool {
        is_most(self.at_once, self.count)
    }
}

/// The ways to `page`: first that of all who have none of their own, if anybody is left.
pub fn entrances(chain: &Chain, page: usize) -> Vec<Entrance> {
    let ways: Vec<_> = chain
        .ways
        .iter()
        .filter(|((_, to), _)| *to == page)
        .collect();
    let mut all = LatencyHistogram::new();
    let by_people = ways
        .iter()
        .filter(|(_, way)| !is_most(way.at_once, way.count));
    by_people.for_each(|(_, way)| all.add(&way.pauses));
    let is_visited = all.count() >= PAUSES_MIN;
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
        // Where people come, too, whoever is redirected does not hide how long they wait.
        let is_apart = match is_most(way.at_once, way.count) {
            true => is_visited && way.count >= PAUSES_MIN,
            false => differs(&way.pauses),
        };
        if is_apart {
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

fn is_most(part: u64, count: u64) -> bool {
    part * 2 > count
}

#[expect(clippy::cast_precision_loss, reason = "pauses are below 2^53 µs")]
fn number(us: u64) -> f64 {
    us as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drafts::learned::chain::Way;

    fn way(count: u64, at_once: u64) -> Way {
        let mut pauses = LatencyHistogram::new();
        (at_once..count).for_each(|_| pauses.record(4_000_000));
        Way {
            count,
            at_once,
            pauses,
        }
    }

    #[test]
    fn those_who_are_redirected_do_not_hide_how_long_others_wait() {
        // Count, at once and pauses of each, with the page before it.
        let found = |clicks: u64, redirects: u64| -> Vec<_> {
            let mut chain = Chain::new(3);
            chain.ways.insert((0, 2), way(clicks, 0));
            chain.ways.insert((1, 2), way(redirects, redirects));
            let found = entrances(&chain, 2).into_iter();
            found
                .map(|one| (one.from, one.count, one.at_once, one.pauses.count()))
                .collect()
        };
        assert_eq!(found(30, 60), [(None, 30, 0, 30), (Some(1), 60, 60, 0)]);
        assert_eq!(found(90, 60), [(None, 90, 0, 90), (Some(1), 60, 60, 0)]);
        // Too few of either tell nothing.
        assert_eq!(found(19, 60), [(None, 79, 60, 19)]);
        assert_eq!(found(90, 19), [(None, 109, 19, 90)]);
    }
}
