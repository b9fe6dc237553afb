//! What engineers read: failures, problems by customers, repeats, the faucets, suspects, annotations.

mod suspects;

use std::collections::BTreeMap;

use super::{is_customer, is_error, number, sli_unit, status_name};
use crate::annotations::{BeforeAfterSettings, before_after};
use crate::cli::changes::{Independent, Side, changes};
use crate::cli::range::Judged;
use crate::cli::shoppers::{CAME, WHOLE};
use crate::report::{
    AfterAnswerRow, AnnotationChange, AnnotationRow, ClusterRow, EngineerPart, FailureRow,
    FaucetRow, RetryPart, WorstWindow, text,
};
use crate::rollup::WindowCount;
use crate::sli::Measure;
use crate::time_window::{TimeWindow, seconds};
use crate::visits::{Channels, Cluster, DistinctShoppers, Problem, Reaction, StatusClass};

/// Rows of a table at most.
const ROWS_MAX: usize = 15;
/// How long each side of an annotation is if nothing cuts it, µs.
const COMPARED_US: i64 = 3_600_000_000;
/// Windows with fewer intents say nothing of repeating.
const RETRY_INTENTS_MIN: u64 = 100;

pub fn engineers(judged: &Judged) -> EngineerPart {
    EngineerPart {
        failures: failures(judged),
        clusters: clusters(judged),
        retries: retries(judged),
        faucets: faucets(judged),
        suspects: suspects::suspects(judged),
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
            let affected = judged.followed.visits.affected.iter();
            let shoppers = affected
                .filter_map(|affected| affected.of(method, route, status))
                .next();
            FailureRow {
                method: method.to_owned(),
                route: route.to_owned(),
                status: status_name(status),
                requests,
                share_of_route: number(requests) / number(of_route.max(1)),
                share_of_failures: number(requests) / number(all.max(1)),
                shoppers: shoppers.map(DistinctShoppers::count),
                are_shoppers_exact: shoppers.is_none_or(DistinctShoppers::is_exact),
            }
        });
    let mut rows: Vec<FailureRow> = rows.collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.requests));
    rows.truncate(ROWS_MAX);
    rows
}

fn clusters(judged: &Judged) -> Vec<ClusterRow> {
    let clusters = judged.followed.visits.clusters.iter();
    let ranked = clusters.flat_map(|clusters| clusters.ranked());
    let rows = ranked.take(ROWS_MAX).map(|cluster| ClusterRow {
        method: most(&cluster.methods, cluster.requests).unwrap_or_default(),
        route: cluster.route.clone(),
        status: problem_name(cluster.problem),
        from_us: cluster.first_us,
        to_us: cluster.last_us,
        shoppers: Some(cluster.shoppers),
        requests: cluster.requests,
        channel: most(&cluster.channels, cluster.requests),
        client: most(&cluster.client_classes, cluster.requests),
    });
    rows.collect()
}

/// What is wrong, in a word.
pub fn problem_name(problem: Problem) -> String {
    match problem {
        Problem::Status(status) => status_name(status),
        Problem::Slow => "slow".to_owned(),
    }
}

/// The name that more than half of the requests have.
pub fn most(counts: &BTreeMap<String, u64>, requests: u64) -> Option<String> {
    let (name, count) = Cluster::top(counts)?;
    (count * 2 > requests && !name.is_empty()).then(|| name.to_owned())
}

fn retries(judged: &Judged) -> Option<RetryPart> {
    let found = judged.followed.visits.retries.iter();
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

/// Requests of customers by the channel that brought them.
fn faucets(judged: &Judged) -> Vec<FaucetRow> {
    let Some(channels) = &judged.followed.visits.channels else {
        return Vec::new();
    };
    let windows = by_channel(channels);
    let busiest = peak(&judged.rollup.select(is_customer).counts());
    let requests = windows.iter().map(|(name, counts)| {
        let requests: u64 = counts.iter().map(|window| window.count).sum();
        (*name, requests)
    });
    let mut largest: Vec<(&str, u64)> = requests.collect();
    let all: u64 = largest.iter().map(|(_, requests)| requests).sum();
    let mut funnels = judged.followed.visits.funnels.iter();
    let came = funnels.find(|funnel| funnel.name == CAME);
    let orders = came.map(|funnel| funnel.by_channel()).unwrap_or_default();
    let orders = |name: &str| orders.get(name).and_then(|steps| steps.last().copied());
    let all_orders: u64 = came
        .and_then(|funnel| funnel.totals().last().copied())
        .unwrap_or(0);
    largest.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    largest.truncate(ROWS_MAX);
    let rows = largest.into_iter().map(|(name, requests)| {
        let counts = &windows[name];
        let own_peak = peak(counts);
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

/// Requests per window by channel, windows ascending.
fn by_channel(channels: &Channels) -> BTreeMap<&str, Vec<WindowCount>> {
    let mut windows: BTreeMap<&str, Vec<WindowCount>> = BTreeMap::new();
    for (start_us, channel, count) in &channels.windows {
        windows.entry(channel).or_default().push(WindowCount {
            start_us: *start_us,
            count: *count,
        });
    }
    windows
}

fn peak(counts: &[WindowCount]) -> Option<WindowCount> {
    counts
        .iter()
        .copied()
        .max_by_key(|window| (window.count, -window.start_us))
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
                    Independent::Requests,
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
