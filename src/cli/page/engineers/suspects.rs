//! Routes and query parameters where errors and slow answers gather.

use std::collections::{BTreeMap, BTreeSet};

use super::ROWS_MAX;
use crate::cli::page::{is_customer, is_error, number};
use crate::cli::range::Judged;
use crate::latency_buckets::LatencyHistogram;
use crate::report::SuspectRow;
use crate::sli::interval;
use crate::visits::ParameterCounts;

/// A suspect's p95 or share of errors is so many times that of the others.
const TIMES: f64 = 2.0;
/// Fewer requests, on either side, make no suspect.
const REQUESTS_MIN: u64 = 100;
/// The percentile that is compared.
const QUANTILE: f64 = 0.95;

/// Requests that are compared with others.
#[derive(Debug, Clone, Default)]
struct Sum {
    requests: u64,
    errors: u64,
    latencies: BTreeMap<i32, u64>,
}

impl Sum {
    fn add(&mut self, requests: u64, errors: u64, latencies: &[(i32, u64)]) {
        self.requests += requests;
        self.errors += errors;
        for (bucket, count) in latencies {
            *self.latencies.entry(*bucket).or_default() += count;
        }
    }

    /// This without `part`, which is part of it.
    fn without(&self, part: &Self) -> Self {
        let latencies = self.latencies.iter().map(|(bucket, count)| {
            let taken = part.latencies.get(bucket).copied().unwrap_or(0);
            (*bucket, count.saturating_sub(taken))
        });
        Self {
            requests: self.requests.saturating_sub(part.requests),
            errors: self.errors.saturating_sub(part.errors),
            latencies: latencies.filter(|(_, count)| *count > 0).collect(),
        }
    }

    fn histogram(&self) -> LatencyHistogram {
        let mut histogram = LatencyHistogram::new();
        for (bucket, count) in &self.latencies {
            histogram.record_bucket(*bucket, *count);
        }
        histogram
    }

    fn errors_share(&self) -> Option<f64> {
        (self.requests > 0).then(|| number(self.errors) / number(self.requests))
    }
}

/// The most suspicious first.
pub fn suspects(judged: &Judged) -> Vec<SuspectRow> {
    let routes = routes(judged);
    let mut all = Sum::default();
    for route in routes.values() {
        let latencies: Vec<(i32, u64)> = route.latencies.clone().into_iter().collect();
        all.add(route.requests, route.errors, &latencies);
    }
    let mut rows: Vec<(f64, SuspectRow)> = Vec::new();
    for ((method, route), own) in &routes {
        rows.extend(suspect((method, route, None), own, &all.without(own)));
    }
    for counts in told_apart(&judged.followed.parameters.counts) {
        let place = (counts.method.as_str(), counts.route.as_str());
        let own = Sum {
            requests: counts.requests,
            errors: counts.errors,
            latencies: counts.latencies.clone(),
        };
        if let Some(route) = routes.get(&place) {
            let name = (place.0, place.1, Some(counts.parameter.as_str()));
            let others = route.without(&own);
            rows.extend(suspect(name, &own, &others).filter(|_| others.requests >= REQUESTS_MIN));
        }
    }
    // Of two that are as bad the narrower one tells more.
    rows.sort_by(|one, other| {
        let worse = other.0.total_cmp(&one.0);
        worse.then_with(|| one.1.requests.cmp(&other.1.requests))
    });
    rows.truncate(ROWS_MAX);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Customers' requests by method and route.
fn routes(judged: &Judged) -> BTreeMap<(&str, &str), Sum> {
    let totals = judged.rollup.totals();
    let mut routes: BTreeMap<(&str, &str), Sum> = BTreeMap::new();
    for (index, key) in judged.rollup.series().iter().enumerate() {
        if is_customer(key) {
            let requests = totals.counts[index];
            let errors = if is_error(key) { requests } else { 0 };
            let place = (key.method.as_str(), key.route.as_str());
            let route = routes.entry(place).or_default();
            route.add(requests, errors, &totals.latencies[index]);
        }
    }
    routes
}

/// A name that only ever had one value says the same as name and value, and is left out.
fn told_apart(counts: &[ParameterCounts]) -> impl Iterator<Item = &ParameterCounts> {
    let name = |counts: &ParameterCounts| {
        let pair = counts.parameter.split_once('=')?;
        Some((
            counts.method.clone(),
            counts.route.clone(),
            pair.0.to_owned(),
            counts.requests,
        ))
    };
    let with_value: BTreeSet<_> = counts.iter().filter_map(name).collect();
    counts.iter().filter(move |counts| {
        let own = (
            counts.method.clone(),
            counts.route.clone(),
            counts.parameter.clone(),
            counts.requests,
        );
        !with_value.contains(&own)
    })
}

/// Whether latency or errors are so many times those of the others, and chance does not explain it:
/// then the lower end of the 95 % interval is above the others' value, too.
fn suspect(
    (method, route, parameter): (&str, &str, Option<&str>),
    own: &Sum,
    others: &Sum,
) -> Option<(f64, SuspectRow)> {
    if own.requests < REQUESTS_MIN {
        return None;
    }
    let (latencies, other_latencies) = (own.histogram(), others.histogram());
    let p95_us = latencies.quantile_us(QUANTILE);
    let other_p95_us = other_latencies.quantile_us(QUANTILE);
    let lowest_us = interval::quantile_ranks(latencies.count(), QUANTILE)
        .and_then(|[low, _]| latencies.at_rank_us(low));
    let slower = match (p95_us, lowest_us, other_p95_us) {
        (Some(own), Some(lowest), Some(other)) if lowest > other => {
            number(own) / number(other.max(1))
        }
        _ => 0.0,
    };
    let share = own.errors_share()?;
    let other_share = others.errors_share().unwrap_or(0.0);
    let least = interval::share(own.errors, own.requests).map_or(0.0, |[low, _]| low);
    let worse = match (least > other_share, other_share > 0.0) {
        (false, _) => 0.0,
        (true, true) => share / other_share,
        (true, false) => f64::MAX,
    };
    let suspicion = slower.max(worse);
    let row = SuspectRow {
        method: method.to_owned(),
        route: route.to_owned(),
        parameter: parameter.map(str::to_owned),
        requests: own.requests,
        p95_us,
        p95_elsewhere_us: other_p95_us,
        errors_share: Some(share),
        errors_share_elsewhere: others.errors_share(),
    };
    (suspicion >= TIMES).then_some((suspicion, row))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(requests: u64, errors: u64, slow: u64) -> Sum {
        let mut sum = Sum::default();
        sum.add(requests, errors, &[(100, requests - slow), (900, slow)]);
        sum
    }

    #[test]
    fn a_suspect_is_twice_as_bad_and_not_by_chance() {
        let others = sum(10_000, 20, 100);
        for (own, is_suspect) in [
            (sum(1_000, 2, 10), false),
            (sum(1_000, 2, 200), true),
            (sum(1_000, 30, 10), true),
            (sum(99, 99, 99), false),
            // One error of a hundred and six slow ones are what chance does.
            (sum(100, 1, 6), false),
        ] {
            let found = suspect(("GET", "/search", Some("sort=price")), &own, &others);
            assert_eq!(found.is_some(), is_suspect, "{own:?}");
        }
    }

    #[test]
    fn what_is_left_of_a_sum_is_the_others() {
        let mut all = sum(1_000, 7, 30);
        all.add(10, 3, &[(900, 10)]);
        let rest = all.without(&sum(1_000, 7, 30));
        assert_eq!((rest.requests, rest.errors), (10, 3));
        assert_eq!(rest.latencies, BTreeMap::from([(900, 10)]));
    }

    #[test]
    fn a_name_with_one_value_is_told_once() {
        let of = |parameter: &str, requests| ParameterCounts {
            parameter: parameter.to_owned(),
            requests,
            ..ParameterCounts::default()
        };
        let counts = [of("page", 5), of("page=2", 5), of("q", 9), of("q=tv", 4)];
        let told: Vec<&str> = told_apart(&counts)
            .map(|it| it.parameter.as_str())
            .collect();
        assert_eq!(told, ["page=2", "q", "q=tv"]);
    }
}
