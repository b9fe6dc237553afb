//! What engineers read: failures, problems by customers, repeats, the faucets, suspects, annotations.

use std::collections::BTreeMap;

use super::{is_customer, is_error, number, sli_unit, status_name};
use crate::annotations::{BeforeAfterSettings, before_after};
use crate::cli::changes::{Side, changes};
use crate::cli::range::Judged;
use crate::cli::shoppers::{CAME, WHOLE};
use crate::latency_buckets::LatencyHistogram;
use crate::report::{
    AfterAnswerRow, AnnotationChange, AnnotationRow, ClusterRow, EngineerPart, FailureRow,
    FaucetRow, RetryPart, SuspectRow, WorstWindow, text,
};
use crate::rollup::{SeriesKey, WindowCount};
use crate::sli::Measure;
use crate::time_window::{TimeWindow, seconds};
use crate::visits::{Cluster, Problem, Reaction, StatusClass};

/// Rows of a table at most.
const ROWS_MAX: usize = 15;
/// How long each side of an annotation is if nothing cuts it, µs.
const COMPARED_US: i64 = 3_600_000_000;
/// A route is a suspect when its p95 or its share of errors is so many times that of the others.
const SUSPECT_TIMES: f64 = 2.0;
/// Fewer requests make no suspect.
const SUSPECT_REQUESTS_MIN: u64 = 100;
/// Windows with fewer intents say nothing of repeating.
const RETRY_INTENTS_MIN: u64 = 100;

pub fn engineers(judged: &Judged) -> EngineerPart {
    EngineerPart {
        failures: failures(judged),
        clusters: clusters(judged),
        retries: retries(judged),
        faucets: faucets(judged),
        suspects: suspects(judged),
        annotations: annotations(judged),
    }
}

fn failures(judged: &Judged) -> Vec<FailureRow> {
    let totals = judged.rollup.totals();
    let mut routes: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut failed: BTreeMap<(&str, &str, u16), u64> = BTreeMap::new();
    for (key, count) in judged.rollup.series().iter().zip(&totals.counts) {
        if is_customer(key) {
            *routes.entry((&key.method, &key.route)).or_default() += count;
        }
        if is_error(key) {
            *failed
                .entry((&key.method, &key.route, key.status))
                .or_default() += count;
        }
    }
    let all: u64 = failed.values().sum();
    let rows = failed
        .into_iter()
        .map(|((method, route, status), requests)| {
            let of_route = routes.get(&(method, route)).copied().unwrap_or(requests);
            FailureRow {
                method: method.to_owned(),
                route: route.to_owned(),
                status: status_name(status),
                requests,
                share_of_route: number(requests) / number(of_route.max(1)),
                share_of_failures: number(requests) / number(all.max(1)),
                shoppers: None,
            }
        });
    let mut rows: Vec<FailureRow> = rows.collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.requests));
    rows.truncate(ROWS_MAX);
    rows
}

fn clusters(judged: &Judged) -> Vec<ClusterRow> {
    let clusters = judged.shoppers.clusters.iter();
    let ranked = clusters.flat_map(|clusters| clusters.ranked());
    let rows = ranked.take(ROWS_MAX).map(|cluster| ClusterRow {
        method: most(&cluster.methods, cluster.requests).unwrap_or_default(),
        route: cluster.route.clone(),
        status: match cluster.problem {
            Problem::Status(status) => status_name(status),
            Problem::Slow => "slow".to_owned(),
        },
        from_us: cluster.first_us,
        to_us: cluster.last_us,
        shoppers: Some(cluster.shoppers),
        requests: cluster.requests,
        channel: most(&cluster.channels, cluster.requests),
        client: most(&cluster.client_classes, cluster.requests),
    });
    rows.collect()
}

/// The name that more than half of the requests have.
fn most(counts: &BTreeMap<String, u64>, requests: u64) -> Option<String> {
    let (name, count) = Cluster::top(counts)?;
    (count * 2 > requests && !name.is_empty()).then(|| name.to_owned())
}

fn retries(judged: &Judged) -> Option<RetryPart> {
    let found = judged.shoppers.retries.iter();
    let retries = found.into_iter().find(|retries| retries.name == WHOLE)?;
    let amplification = retries.all().amplification()?;
    let windows = retries.windows.iter();
    let busy = windows.filter(|window| window.attempts.intents >= RETRY_INTENTS_MIN);
    let worst = busy
        .filter_map(|window| {
            Some(WorstWindow {
                start_us: window.start_us,
                value: window.attempts.amplification()?,
            })
        })
        .reduce(|worst, window| match window.value > worst.value {
            true => window,
            false => worst,
        });
    Some(RetryPart {
        amplification: Some(amplification),
        worst,
        after: retries.reactions.iter().filter_map(after_answer).collect(),
    })
}

fn after_answer(reaction: &Reaction) -> Option<AfterAnswerRow> {
    let repeated = reaction.share_repeated()?;
    let left = reaction.share_left()?;
    Some(AfterAnswerRow {
        answer: match reaction.class {
            StatusClass::NoAnswer => "no answer",
            StatusClass::Success => "2xx",
            StatusClass::Redirect => "3xx",
            StatusClass::ClientError => "4xx",
            StatusClass::ServerError => "5xx",
        }
        .to_owned(),
        answers: reaction.requests,
        repeated_share: repeated,
        went_on_share: (1.0 - repeated - left).max(0.0),
        left_share: left,
        median_wait_s: reaction.median_delay_us().map(|us| number(us) / 1e6),
    })
}

fn faucets(judged: &Judged) -> Vec<FaucetRow> {
    let totals = judged.rollup.totals();
    let series = judged.rollup.series();
    let busiest = peak(&judged.rollup.select(is_customer).counts());
    let mut requests: BTreeMap<&str, u64> = BTreeMap::new();
    for (key, count) in series.iter().zip(&totals.counts) {
        if is_customer(key) {
            *requests.entry(&key.channel).or_default() += count;
        }
    }
    let all: u64 = requests.values().sum();
    // A log names the channel on the first page alone; the order is the same shopper's.
    let mut funnels = judged.shoppers.funnels.iter();
    let came = funnels.find(|funnel| funnel.name == CAME);
    let orders = came.map(|funnel| funnel.by_channel()).unwrap_or_default();
    let orders = |name: &str| orders.get(name).and_then(|steps| steps.last().copied());
    let all_orders: u64 = came
        .and_then(|funnel| funnel.totals().last().copied())
        .unwrap_or(0);
    let mut largest: Vec<(&str, u64)> = requests.into_iter().collect();
    largest.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    largest.truncate(ROWS_MAX);
    let rows = largest.into_iter().map(|(name, requests)| {
        let counts = judged
            .rollup
            .select(|key| is_customer(key) && key.channel == name)
            .counts();
        let own_peak = peak(&counts);
        let at_busiest = busiest.and_then(|busiest| {
            let at = counts.binary_search_by_key(&busiest.start_us, |window| window.start_us);
            let count = at.map_or(0, |at| counts[at].count);
            Some(number(count) / number(busiest.count)).filter(|_| busiest.count > 0)
        });
        let own_orders = came.map(|_| orders(name).unwrap_or(0));
        FaucetRow {
            name: name.to_owned(),
            requests,
            share: number(requests) / number(all.max(1)),
            peak_rate_per_s: own_peak.map_or(0.0, |peak| {
                number(peak.count) / seconds(judged.scope.window_us)
            }),
            peak_at_us: own_peak.map(|peak| peak.start_us),
            share_of_peak: at_busiest,
            orders: own_orders,
            orders_share: own_orders.map(|orders| number(orders) / number(all_orders.max(1))),
        }
    });
    rows.collect()
}

fn peak(counts: &[WindowCount]) -> Option<WindowCount> {
    counts
        .iter()
        .copied()
        .max_by_key(|window| (window.count, -window.start_us))
}

/// Routes whose latency or errors stand out against all others.
fn suspects(judged: &Judged) -> Vec<SuspectRow> {
    let totals = judged.rollup.totals();
    let series = judged.rollup.series();
    let sum = |is_wanted: &dyn Fn(&SeriesKey) -> bool| {
        let mut latencies = LatencyHistogram::new();
        let (mut requests, mut errors) = (0, 0);
        for (index, key) in series.iter().enumerate() {
            if !is_customer(key) || !is_wanted(key) {
                continue;
            }
            requests += totals.counts[index];
            errors += if is_error(key) {
                totals.counts[index]
            } else {
                0
            };
            for (bucket, count) in &totals.latencies[index] {
                latencies.record_bucket(*bucket, *count);
            }
        }
        (requests, errors, latencies.quantile_us(0.95))
    };
    let mut names: Vec<(&str, &str)> = series
        .iter()
        .map(|key| (key.method.as_str(), key.route.as_str()))
        .collect();
    names.sort_unstable();
    names.dedup();
    let mut rows: Vec<(f64, SuspectRow)> = Vec::new();
    for (method, route) in names {
        let is_own = |key: &SeriesKey| key.method == method && key.route == route;
        let (requests, errors, p95_us) = sum(&is_own);
        if requests < SUSPECT_REQUESTS_MIN {
            continue;
        }
        let (other_requests, other_errors, other_p95_us) = sum(&|key| !is_own(key));
        let share = number(errors) / number(requests);
        let other_share = number(other_errors) / number(other_requests.max(1));
        let slower = p95_us
            .zip(other_p95_us)
            .map_or(0.0, |(own, other)| number(own) / number(other.max(1)));
        let worse = match (errors, other_share > 0.0) {
            (0, _) => 0.0,
            (_, true) => share / other_share,
            (_, false) => f64::MAX,
        };
        let suspicion = slower.max(worse);
        if suspicion >= SUSPECT_TIMES {
            rows.push((
                suspicion,
                SuspectRow {
                    method: method.to_owned(),
                    route: route.to_owned(),
                    parameter: None,
                    requests,
                    p95_us,
                    p95_elsewhere_us: other_p95_us,
                    errors_share: Some(share),
                    errors_share_elsewhere: (other_requests > 0).then_some(other_share),
                },
            ));
        }
    }
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    rows.truncate(ROWS_MAX);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn annotations(judged: &Judged) -> Vec<AnnotationRow> {
    let settings = BeforeAfterSettings {
        length_us: COMPARED_US,
        window_us: judged.scope.window_us,
        zone: judged.zone.clone(),
        data: TimeWindow {
            start_us: judged
                .scope
                .range
                .start_us
                .max(judged.scope.covered.start_us),
            end_us: judged.scope.range.end_us.min(judged.scope.covered.end_us),
        },
    };
    let planned = before_after(&judged.annotations, judged.scope.range, &settings);
    let rows = planned.into_iter().map(|planned| {
        let annotation = &judged.annotations[planned.annotation];
        let (compared, found) = match planned.stretches {
            Ok(stretches) => (
                format!(
                    "{} before and after",
                    text::duration(stretches.after.length_s())
                ),
                changes(
                    &judged.set,
                    Side::of(judged, stretches.before),
                    Side::of(judged, stretches.after),
                ),
            ),
            Err(reason) => (reason.to_string(), Vec::new()),
        };
        let is_latency =
            |index: usize| matches!(judged.set.slis[index].measure, Measure::Latency { .. });
        let known = found.into_iter().filter(|change| {
            (change.before.is_some() || change.after.is_some())
                && (change.is_outside_noise().is_some() || !is_latency(change.index))
        });
        AnnotationRow {
            at_us: annotation.at_us,
            until_us: annotation.until_us,
            kind: annotation.kind.name().to_owned(),
            label: annotation.label.clone(),
            compared,
            changes: known
                .map(|change| AnnotationChange {
                    is_outside_noise: change.is_outside_noise(),
                    sli: change.title,
                    unit: sli_unit(change.unit),
                    before: change.before,
                    after: change.after,
                })
                .collect(),
        }
    });
    rows.collect()
}
