//! The facts of several shards as those of one run.
//!
//! Counts add up, and so do counts per second and per latency bucket; percentiles are taken from the sums.
//! What is of the plan is alike in all. The generator is shown by its worst shard in each second.

use crate::cli::facts::{LagFacts, LatencyFacts, RunFacts};
use crate::cli::recorder::{RouteSeconds, RunSeconds};
use crate::cli::rehearse::scenarios::ScenarioFacts;
use crate::drill::GeneratorHealth;
use crate::latency_buckets::LatencyHistogram;

use super::kept::{Buckets, ShardFacts};

/// The facts of the run that all of `shards` make; `None` without any. Nothing is judged yet.
pub fn merged(shards: &[ShardFacts]) -> Option<RunFacts> {
    let first = shards.first()?;
    let runs = || shards.iter().map(|shard| &shard.run);
    let sum = |count: fn(&RunFacts) -> u64| runs().map(count).sum::<u64>();
    let stopped = runs().filter(|run| run.is_stopped);
    let lag = histogram(shards, |shard| &shard.lag);
    let steps: u64 = shards.iter().map(|shard| shard.step_requests).sum();
    let attempts: u64 = shards.iter().map(|shard| shard.first_attempts).sum();
    let guards = runs().filter_map(|run| run.guard.clone());
    let health: Vec<&GeneratorHealth> = runs().filter_map(|run| run.generator.as_ref()).collect();
    Some(RunFacts {
        // What was seen by some of the shards only is no part of the run.
        judged_us: stopped
            .map(|run| run.judged_us)
            .min()
            .unwrap_or(first.run.judged_us),
        length_us: runs().map(|run| run.length_us).max().unwrap_or(0),
        offered_arrivals: sum(|run| run.offered_arrivals),
        started: sum(|run| run.started),
        completed: sum(|run| run.completed),
        gave_up: sum(|run| run.gave_up),
        lost_patience: sum(|run| run.lost_patience),
        withheld: sum(|run| run.withheld),
        dropped: sum(|run| run.dropped),
        cut: sum(|run| run.cut),
        requests: sum(|run| run.requests),
        connections: sum(|run| run.connections),
        records_lost: sum(|run| run.records_lost),
        retry_amplification: (attempts > 0).then(|| share(steps, attempts)),
        schedule_lag_us: LagFacts::of_histogram(&lag),
        response_us: LatencyFacts::of(&histogram(shards, |shard| &shard.response)),
        service_us: LatencyFacts::of(&histogram(shards, |shard| &shard.service)),
        first_byte_us: LatencyFacts::of_some(&histogram(shards, |shard| &shard.first_byte)),
        answered_per_s: added(runs().map(|run| run.answered_per_s.as_slice())),
        closed_shoppers: sum(|run| run.closed_shoppers),
        arrivals_per_s: added(runs().map(|run| run.arrivals_per_s.as_slice())),
        seconds: seconds(shards),
        invalid_because: Vec::new(),
        is_stopped: runs().any(|run| run.is_stopped),
        guard: guards.min_by_key(|guard| guard.at_us),
        thresholds: Vec::new(),
        generator: (!health.is_empty()).then(|| GeneratorHealth::of_several(&health)),
        drills: runs().flat_map(|run| run.drills.iter().cloned()).collect(),
        judgement: None,
        ..first.run.clone()
    })
}

/// Counts of each of several scenarios.
pub fn merged_scenarios(shards: &[ShardFacts]) -> Vec<ScenarioFacts> {
    let mut scenarios = shards.iter().map(|shard| &shard.scenarios);
    let Some(mut sums) = scenarios.next().cloned() else {
        return Vec::new();
    };
    for others in scenarios {
        sums.iter_mut()
            .zip(others)
            .for_each(|(sum, other)| sum.add(other));
    }
    sums
}

fn histogram(shards: &[ShardFacts], buckets: fn(&ShardFacts) -> &Buckets) -> LatencyHistogram {
    let mut sum = LatencyHistogram::new();
    for shard in shards {
        buckets(shard).add_to(&mut sum);
    }
    sum
}

/// Counts per second, added up; a list that ends early has no more.
fn added<'a>(lists: impl Iterator<Item = &'a [u64]>) -> Vec<u64> {
    let mut sum: Vec<u64> = Vec::new();
    for list in lists {
        if sum.len() < list.len() {
            sum.resize(list.len(), 0);
        }
        sum.iter_mut()
            .zip(list)
            .for_each(|(sum, count)| *sum += count);
    }
    sum
}

fn seconds(shards: &[ShardFacts]) -> RunSeconds {
    let all = || shards.iter().map(|shard| &shard.run.seconds);
    let mut good: Vec<RouteSeconds> = Vec::new();
    for route in all().flat_map(|seconds| &seconds.good) {
        let known = good
            .iter_mut()
            .find(|known| known.method == route.method && known.route == route.route);
        match known {
            Some(known) => {
                known.per_s = added([known.per_s.as_slice(), route.per_s.as_slice()].into_iter());
                known.wanted =
                    added([known.wanted.as_slice(), route.wanted.as_slice()].into_iter());
            }
            None => good.push(route.clone()),
        }
    }
    RunSeconds {
        started: added(all().map(|seconds| seconds.started.as_slice())),
        wanted: added(all().map(|seconds| seconds.wanted.as_slice())),
        repeated: added(all().map(|seconds| seconds.repeated.as_slice())),
        good,
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_lists_of_any_length_add_up() {
        let lists = [&[1, 2, 3][..], &[], &[10], &[0, 0, 0, 4]];
        assert_eq!(added(lists.into_iter()), [11, 2, 3, 4]);
        assert_eq!(added([].into_iter()), [0_u64; 0]);
    }
}
