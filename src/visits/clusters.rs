//! Customers affected by the same problem, so that support sees one problem and not fifty tickets.
//!
//! A problem is a status on a route, or slowness on a route, and a stretch of time: requests with
//! it that are less than the gap apart belong together. Stretches are exact, not rounded to
//! windows, and include requests that no shopper is known for.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::pass::{Question, VisitRow};
use super::plan::Predicate;
use super::problem_minutes::{ProblemMinutes, Stretch};
use super::series_labels::Label;
use super::sorted_visits::Visit;
use crate::time_window::TimeWindow;

/// What is asked.
#[derive(Debug, Clone)]
pub struct ClusterPlan {
    /// Which requests failed. Those that did not, but are marked slow, are problems of their own.
    pub failing: Predicate,
    /// Requests with the same problem that are less than this apart belong together, µs, at
    /// least 1.
    pub gap_us: i64,
    /// Problems of fewer shoppers are only counted.
    pub shoppers_min: u64,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// Requests failed with this status; 0 is no answer.
    Status(u16),
    /// Requests were answered, but above the limit of slow ones.
    Slow,
}

/// Problems; additive. One that reaches over the edge of two ranges becomes one, with its shoppers
/// counted once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clusters {
    /// Requests with the same problem that are less than this apart belong together, µs.
    pub gap_us: i64,
    /// Problems of fewer shoppers are only counted.
    pub shoppers_min: u64,
    /// By problem, route and time, ascending; also small ones that may yet be joined.
    pub clusters: Vec<Cluster>,
    /// How many small ones were left out.
    pub small_clusters: u64,
    /// Their requests.
    pub small_requests: u64,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// What is wrong.
    pub problem: Problem,
    /// Path template.
    pub route: String,
    /// Its first request, UTC µs.
    pub first_us: i64,
    /// Its last request, UTC µs.
    pub last_us: i64,
    /// Different shoppers with at least one of its requests.
    pub shoppers: u64,
    /// Its requests.
    pub requests: u64,
    /// Requests of these that no shopper is known for.
    pub unattributed_requests: u64,
    /// Its requests by HTTP method.
    pub methods: BTreeMap<String, u64>,
    /// Its requests by channel; the empty text where there is none.
    pub channels: BTreeMap<String, u64>,
    /// Its requests by client class; the empty text where there is none.
    pub client_classes: BTreeMap<String, u64>,
    /// Its requests by service; the empty text where there is none.
    pub services: BTreeMap<String, u64>,
    /// Its shoppers' keyed hashes, ascending, where it is so near to an edge of a range that it may
    /// go on in the next; `None` elsewhere. For merging only: it belongs in no report.
    pub edge_shoppers: Option<BTreeSet<i64>>,
}

impl Cluster {
    /// The name with the most requests and their number, e.g. `top(&cluster.channels)`; of equals
    /// the first by name, `None` for an empty table.
    #[must_use]
    pub fn top(counts: &BTreeMap<String, u64>) -> Option<(&str, u64)> {
        let names = counts.iter().map(|(name, count)| (name.as_str(), *count));
        names.min_by_key(|(name, count)| (Reverse(*count), *name))
    }

    fn is_before(&self, next: &Self, gap_us: i64) -> bool {
        let is_same = (self.problem, &self.route) == (next.problem, &next.route);
        is_same && next.first_us.saturating_sub(self.last_us) < gap_us
    }

    fn join(&mut self, next: Self) {
        self.last_us = self.last_us.max(next.last_us);
        self.requests += next.requests;
        self.unattributed_requests += next.unattributed_requests;
        let tables = [
            (&mut self.methods, next.methods),
            (&mut self.channels, next.channels),
            (&mut self.client_classes, next.client_classes),
            (&mut self.services, next.services),
        ];
        for (own, other) in tables {
            for (name, count) in other {
                *own.entry(name).or_default() += count;
            }
        }
        self.shoppers += next.shoppers;
        if let (Some(own), Some(other)) = (&mut self.edge_shoppers, next.edge_shoppers) {
            own.extend(other);
            self.shoppers = own.len() as u64;
        }
    }
}

impl Clusters {
    /// Problems of enough shoppers, those of most shoppers first, then most requests, then oldest.
    pub fn ranked(&self) -> impl Iterator<Item = &Cluster> {
        let enough = self
            .clusters
            .iter()
            .filter(|cluster| !self.is_small(cluster));
        let mut ranked: Vec<&Cluster> = enough.collect();
        ranked.sort_by_key(|cluster| {
            (
                Reverse((cluster.shoppers, cluster.requests)),
                cluster.first_us,
            )
        });
        ranked.into_iter()
    }

    /// How many problems of fewer shoppers there are, and their requests.
    #[must_use]
    pub fn small(&self) -> (u64, u64) {
        let small = self
            .clusters
            .iter()
            .filter(|cluster| self.is_small(cluster));
        let left_out = (self.small_clusters, self.small_requests);
        small.fold(left_out, |(clusters, requests), cluster| {
            (clusters + 1, requests + cluster.requests)
        })
    }

    fn is_small(&self, cluster: &Cluster) -> bool {
        cluster.shoppers < self.shoppers_min
    }

    /// Adds another range, which must not overlap.
    pub fn merge(&mut self, other: &Self) {
        self.small_clusters += other.small_clusters;
        self.small_requests += other.small_requests;
        let mut all = std::mem::take(&mut self.clusters);
        all.extend(other.clusters.iter().cloned());
        all.sort_by(|one, next| one.place().cmp(&next.place()));
        for cluster in all {
            match self.clusters.last_mut() {
                Some(last) if last.is_before(&cluster, self.gap_us) => last.join(cluster),
                Some(_) | None => self.clusters.push(cluster),
            }
        }
    }
}

impl Cluster {
    fn place(&self) -> (Problem, &str, i64) {
        (self.problem, &self.route, self.first_us)
    }
}

/// Counts rows as they come, then shoppers one by one.
pub struct ClusterWalk {
    plan: ClusterPlan,
    range: TimeWindow,
    /// By label.
    problems: Vec<Option<Problem>>,
    minutes: ProblemMinutes,
    /// By label: number of its problem and route.
    subjects: Vec<Option<usize>>,
    /// By number of problem and route: stretches, oldest first.
    found: Vec<Vec<Found>>,
    shopper_count: u64,
}

#[derive(Debug)]
struct Found {
    cluster: Cluster,
    /// Number of the last shopper who was counted, from 1.
    last_shopper: u64,
}

impl ClusterWalk {
    /// Nothing yet.
    pub fn new(plan: &ClusterPlan, range: TimeWindow) -> Self {
        Self {
            plan: plan.clone(),
            range,
            problems: Vec::new(),
            minutes: ProblemMinutes::new(plan.gap_us),
            subjects: Vec::new(),
            found: Vec::new(),
            shopper_count: 0,
        }
    }

    /// Told of every label in order, before its first row.
    pub fn see(&mut self, label: &Label) {
        self.problems.push(self.problem_of(label));
    }

    /// Counts a row of the range once, whoever's it is.
    pub fn count(&mut self, label: u32, row: &VisitRow) {
        if self.problems[label as usize].is_some() {
            self.minutes.count(label, row);
        }
    }

    fn problem_of(&self, label: &Label) -> Option<Problem> {
        if self.plan.failing.covers(&label.key) {
            return Some(Problem::Status(label.key.status));
        }
        label.is_slow.then_some(Problem::Slow)
    }

    fn cluster(&self, problem: Problem, stretch: &Stretch, labels: &[Label]) -> Found {
        let starts_open = stretch.first_us - self.range.start_us < self.plan.gap_us;
        let ends_open = self.range.end_us - stretch.last_us < self.plan.gap_us;
        let mut cluster = Cluster {
            problem,
            route: String::new(),
            first_us: stretch.first_us,
            last_us: stretch.last_us,
            shoppers: 0,
            requests: stretch.requests,
            unattributed_requests: stretch.unattributed_requests,
            methods: BTreeMap::new(),
            channels: BTreeMap::new(),
            client_classes: BTreeMap::new(),
            services: BTreeMap::new(),
            edge_shoppers: (starts_open || ends_open).then(BTreeSet::new),
        };
        for (label, requests) in &stretch.labels {
            let key = &labels[*label as usize].key;
            cluster.route.clone_from(&key.route);
            let tables = [
                (&mut cluster.methods, &key.method),
                (&mut cluster.channels, &key.channel),
                (&mut cluster.client_classes, &key.client_class),
                (&mut cluster.services, &key.service),
            ];
            for (table, name) in tables {
                *table.entry(name.clone()).or_default() += requests;
            }
        }
        Found {
            cluster,
            last_shopper: 0,
        }
    }

    /// What came out.
    pub fn finish(self) -> Clusters {
        let found = self.found.into_iter().flatten().map(|found| found.cluster);
        let (mut small_clusters, mut small_requests) = (0, 0);
        let mut clusters: Vec<Cluster> = Vec::new();
        for cluster in found {
            if cluster.edge_shoppers.is_none() && cluster.shoppers < self.plan.shoppers_min {
                small_clusters += 1;
                small_requests += cluster.requests;
            } else {
                clusters.push(cluster);
            }
        }
        clusters.sort_by(|one, next| one.place().cmp(&next.place()));
        Clusters {
            gap_us: self.plan.gap_us,
            shoppers_min: self.plan.shoppers_min,
            clusters,
            small_clusters,
            small_requests,
        }
    }
}

impl Question for ClusterWalk {
    fn needs(&self, label: &Label) -> bool {
        self.problem_of(label).is_some()
    }

    fn learn(&mut self, labels: &[Label]) {
        let mut numbers: HashMap<(Problem, &str), usize> = HashMap::new();
        let mut problems: Vec<Problem> = Vec::new();
        for (label, problem) in labels.iter().zip(&self.problems) {
            self.subjects.push(problem.map(|problem| {
                *numbers
                    .entry((problem, &label.key.route))
                    .or_insert_with(|| {
                        problems.push(problem);
                        problems.len() - 1
                    })
            }));
        }
        let minutes = std::mem::replace(&mut self.minutes, ProblemMinutes::new(self.plan.gap_us));
        let stretches = minutes.stretches(&self.subjects, problems.len());
        self.found = problems
            .iter()
            .zip(&stretches)
            .map(|(problem, stretches)| {
                let stretches = stretches.iter();
                stretches
                    .map(|stretch| self.cluster(*problem, stretch, labels))
                    .collect()
            })
            .collect();
    }

    fn walk(&mut self, shopper: i64, visits: &[Visit]) {
        self.shopper_count += 1;
        for visit in visits {
            let Some(subject) = self.subjects[visit.label as usize] else {
                continue;
            };
            if !self.range.contains(visit.ts_us) {
                continue;
            }
            let found = &mut self.found[subject];
            let later = found.partition_point(|found| found.cluster.first_us <= visit.ts_us);
            // A row that was not there when stretches were made lies before the first or in a gap.
            let Some(found) = later.checked_sub(1).and_then(|index| found.get_mut(index)) else {
                continue;
            };
            if found.last_shopper != self.shopper_count {
                found.last_shopper = self.shopper_count;
                found.cluster.shoppers += 1;
                if let Some(shoppers) = &mut found.cluster.edge_shoppers {
                    shoppers.insert(shopper);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
