//! Requests by query parameter, of the few parameters that are kept, so that a slow search is found
//! and not only a slow route.
//!
//! In: rows with their kept query, `name=value&name=value`. Out: counts by route and parameter, once
//! for `name=value` and once for `name` whatever its value; additive.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};

use crate::rollup::SeriesKey;

/// The most parameters that are counted apart in one range.
pub const PARAMETERS_MAX: usize = 5_000;

/// Counts by method, route and parameter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameters {
    /// By method, route and parameter, ascending.
    pub counts: Vec<ParameterCounts>,
    /// Requests with a parameter that was not counted because there were too many.
    pub left_out_requests: u64,
}

/// Requests with one parameter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterCounts {
    /// HTTP method.
    pub method: String,
    /// Path template.
    pub route: String,
    /// `name=value`, or `name` for any value.
    pub parameter: String,
    /// Requests.
    pub requests: u64,
    /// Requests of these that failed.
    pub errors: u64,
    /// Requests by latency bucket, of those that have a latency.
    pub latencies: BTreeMap<i32, u64>,
}

impl ParameterCounts {
    fn place(&self) -> (&str, &str, &str) {
        (&self.method, &self.route, &self.parameter)
    }

    fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        for (bucket, count) in &other.latencies {
            *self.latencies.entry(*bucket).or_default() += count;
        }
    }
}

impl Parameters {
    /// Adds another range.
    pub fn merge(&mut self, other: &Self) {
        self.left_out_requests += other.left_out_requests;
        for counts in &other.counts {
            let place = counts.place();
            match self.counts.binary_search_by(|own| own.place().cmp(&place)) {
                Ok(index) => self.counts[index].add(counts),
                Err(index) => self.counts.insert(index, counts.clone()),
            }
        }
    }
}

/// One request with a kept query.
#[derive(Debug, Clone, Copy)]
pub struct ParameterRow {
    /// How many requests it stands for, at least 1.
    pub weight: u64,
    /// Whether it failed.
    pub is_failure: bool,
    /// Its latency bucket.
    pub bucket: Option<i32>,
}

/// Counts rows.
#[derive(Debug, Default)]
pub struct ParameterCounter {
    counts: Vec<ParameterCounts>,
    numbers: HashMap<(String, String, String), usize, FixedState>,
    left_out_requests: u64,
}

impl ParameterCounter {
    /// Where rows of this series and query are counted; `None` for a parameter past the limit.
    pub fn places(&mut self, series: &SeriesKey, query: &str) -> Vec<Option<usize>> {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        // A parameter that comes twice is one parameter of the request.
        let names: BTreeSet<&str> = pairs
            .flat_map(|pair| [pair.split_once('=').map_or(pair, |(name, _)| name), pair])
            .collect();
        let places = names.into_iter().map(|name| self.place(series, name));
        places.collect()
    }

    fn place(&mut self, series: &SeriesKey, parameter: &str) -> Option<usize> {
        let name = (
            series.method.clone(),
            series.route.clone(),
            parameter.to_owned(),
        );
        if let Some(number) = self.numbers.get(&name) {
            return Some(*number);
        }
        if self.counts.len() == PARAMETERS_MAX {
            return None;
        }
        self.counts.push(ParameterCounts {
            method: name.0.clone(),
            route: name.1.clone(),
            parameter: name.2.clone(),
            ..ParameterCounts::default()
        });
        self.numbers.insert(name, self.counts.len() - 1);
        Some(self.counts.len() - 1)
    }

    /// Counts a row at each of its places.
    pub fn count(&mut self, places: &[Option<usize>], row: ParameterRow) {
        for place in places {
            let Some(counts) = place.map(|place| &mut self.counts[place]) else {
                self.left_out_requests += row.weight;
                continue;
            };
            counts.requests += row.weight;
            counts.errors += if row.is_failure { row.weight } else { 0 };
            if let Some(bucket) = row.bucket {
                *counts.latencies.entry(bucket).or_default() += row.weight;
            }
        }
    }

    /// What came out.
    pub fn finish(mut self) -> Parameters {
        self.counts
            .sort_by(|one, other| one.place().cmp(&other.place()));
        self.counts.retain(|counts| counts.requests > 0);
        Parameters {
            counts: self.counts,
            left_out_requests: self.left_out_requests,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::visits::sample;

    fn counted(rows: &[(&str, bool, Option<i32>)]) -> Parameters {
        let mut counter = ParameterCounter::default();
        for (query, is_failure, bucket) in rows {
            let places = counter.places(&sample::series()[0], query);
            let row = ParameterRow {
                weight: 2,
                is_failure: *is_failure,
                bucket: *bucket,
            };
            counter.count(&places, row);
        }
        counter.finish()
    }

    #[test]
    fn a_request_counts_for_each_of_its_parameters_with_and_without_the_value() {
        let found = counted(&[
            ("q=tv&sort=price", true, Some(7)),
            ("q=pan", false, None),
            ("q=tv&q=tv", false, Some(7)),
        ]);
        let rows = found.counts.iter();
        let rows = rows.map(|row| (row.parameter.as_str(), row.requests, row.errors));
        let expected = [
            ("q", 6, 2),
            ("q=pan", 2, 0),
            ("q=tv", 4, 2),
            ("sort", 2, 2),
            ("sort=price", 2, 2),
        ];
        assert_eq!(rows.collect::<Vec<_>>(), expected);
        assert_eq!(found.counts[2].latencies, BTreeMap::from([(7, 4)]));
    }

    #[test]
    fn past_the_limit_parameters_are_counted_as_left_out() {
        let queries: Vec<String> = (0..PARAMETERS_MAX).map(|at| format!("q={at}")).collect();
        let rows: Vec<_> = queries
            .iter()
            .map(|query| (query.as_str(), false, None))
            .collect();
        let found = counted(&rows);
        // `q` itself is one of them.
        assert_eq!(found.counts.len(), PARAMETERS_MAX);
        assert_eq!(found.left_out_requests, 2);
        assert_eq!(counted(&rows[1..]).left_out_requests, 0);
    }

    #[test]
    fn ranges_add_up() {
        let rows = [
            ("q=tv", true, Some(7)),
            ("sort=price&q=tv", false, Some(9)),
            ("page=2", true, None),
        ];
        let mut merged = counted(&rows[2..]);
        merged.merge(&counted(&rows[..2]));
        assert_eq!(merged, counted(&rows));
    }
}
