//! What people see while probes run: a line when a partner's state changes, counts, and the final document.

use std::collections::BTreeMap;

use serde::Serialize;

use super::recorder::probed;
use super::rounds::Found;
use crate::latency_buckets::LatencyHistogram;
use crate::probe::{Attempt, FailureKind, NetworkWatch, ProbePlan, Reach};
use crate::report::text;
use crate::time_window::{rfc3339, seconds};

/// Counts of everybody who is probed, and whether they are up.
pub struct Watch<'a> {
    plan: &'a ProbePlan,
    probed: Vec<Counts>,
    network: NetworkWatch,
}

/// What is counted of one.
#[derive(Debug, Default)]
struct Counts {
    probes: u64,
    good: u64,
    own_network: u64,
    /// Failed ones since somebody was reached, of which it is not known yet whether they say something.
    in_doubt: u64,
    failures: BTreeMap<FailureKind, u64>,
    took: LatencyHistogram,
    /// Since when it has failed, and how often.
    down: Option<Down>,
    last: Option<Result<u64, FailureKind>>,
}

#[derive(Debug, Clone, Copy)]
struct Down {
    since_us: i64,
    probes: u64,
    kind: FailureKind,
}

/// One that is probed, in the final document.
#[derive(Debug, Serialize)]
pub struct ProbedJson {
    name: String,
    role: &'static str,
    probes: u64,
    good: u64,
    failed: u64,
    /// Failed ones that say nothing, because our own network was lost.
    own_network: u64,
    failures: BTreeMap<String, u64>,
    took_us: TookJson,
    is_up: Option<bool>,
}

/// Percentiles of good probes, µs.
#[derive(Debug, Serialize)]
struct TookJson {
    p50: Option<u64>,
    p95: Option<u64>,
    p99: Option<u64>,
    max: Option<u64>,
}

impl<'a> Watch<'a> {
    pub fn new(plan: &'a ProbePlan) -> Self {
        Self {
            plan,
            probed: plan.probed().map(|_| Counts::default()).collect(),
            network: NetworkWatch::new(plan),
        }
    }

    /// Counts a probe; returns the lines that people should see.
    pub fn take(&mut self, found: &Found) -> Vec<String> {
        let attempt = Attempt {
            probed: found.probed,
            prober: 0,
            start_us: found.start_us(),
            end_us: found.end_us(),
            took_us: found.took_us(),
            failure: found.failure(),
        };
        let changed = self.changed(&attempt);
        let network = self.network_changed(&attempt);
        changed.into_iter().chain(network).collect()
    }

    /// A line when it went down, fails for another reason, or is up again.
    fn changed(&mut self, attempt: &Attempt) -> Option<String> {
        let name = text::harmless(&probed(self.plan, attempt.probed).name).into_owned();
        let counts = &mut self.probed[attempt.probed];
        let at = clock(attempt.start_us);
        let took = duration(attempt.took_us);
        counts.probes += 1;
        let Some(kind) = attempt.failure else {
            counts.good += 1;
            counts.took.record(attempt.took_us);
            counts.last = Some(Ok(attempt.took_us));
            let down = counts.down.take()?;
            let length = text::duration(seconds(attempt.start_us - down.since_us));
            let failed = text::count(down.probes);
            return Some(format!(
                "{at}  {name}  up again after {took}; it failed for {length}, {failed} probes"
            ));
        };
        *counts.failures.entry(kind).or_default() += 1;
        counts.last = Some(Err(kind));
        let known = counts.down;
        counts.down = Some(Down {
            since_us: known.map_or(attempt.start_us, |down| down.since_us),
            probes: known.map_or(1, |down| down.probes + 1),
            kind,
        });
        match known {
            Some(down) if down.kind == kind => None,
            Some(_) => Some(format!("{at}  {name}  still fails: {kind} after {took}")),
            None => Some(format!("{at}  {name}  FAILS: {kind} after {took}")),
        }
    }

    fn network_changed(&mut self, attempt: &Attempt) -> Option<String> {
        if attempt.failure.is_some_and(FailureKind::is_own) {
            self.probed[attempt.probed].own_network += 1;
            return None;
        }
        let at = clock(attempt.start_us);
        let was_lost = self.network.is_lost();
        match self.network.take(attempt) {
            Reach::Nobody => {
                self.probed[attempt.probed].in_doubt += 1;
                (!was_lost && self.network.is_lost()).then(|| {
                    format!("{at}  our own network seems lost: nobody can be reached, which says nothing of a partner")
                })
            }
            Reach::Somebody => {
                self.settle(false);
                None
            }
            Reach::SomebodyAfterLoss => {
                let lost = text::count(self.settle(true));
                Some(format!(
                    "{at}  our own network is back; {lost} probes say nothing"
                ))
            }
        }
    }

    /// Says of the probes in doubt whether our own network was lost; returns how many there were.
    fn settle(&mut self, was_lost: bool) -> u64 {
        let mut settled = 0;
        for counts in &mut self.probed {
            let in_doubt = std::mem::take(&mut counts.in_doubt);
            settled += in_doubt;
            if was_lost {
                counts.own_network += in_doubt;
            }
        }
        settled
    }

    /// The end: a loss that goes on is one, too.
    pub fn finish(&mut self) {
        self.settle(self.network.is_lost());
    }

    /// Whether a probe of a partner failed that says something.
    pub fn has_failed(&self) -> bool {
        let partners = &self.probed[..self.plan.partners.len()];
        partners
            .iter()
            .any(|counts| counts.probes > counts.good + counts.own_network)
    }

    /// Everybody on one line.
    pub fn line(&self) -> String {
        let each = self.plan.probed().zip(&self.probed);
        let each = each.map(|(probed, counts)| {
            let state = match counts.last {
                None => "–".to_owned(),
                Some(Ok(took_us)) => duration(took_us),
                Some(Err(kind)) => format!("FAILS ({kind})"),
            };
            let name = text::harmless(&probed.name);
            format!("{name} {}/{} {state}", counts.good, counts.probes)
        });
        each.collect::<Vec<_>>().join(" · ")
    }

    /// Everybody in the final document.
    pub fn json(&self) -> Vec<ProbedJson> {
        let each = self.plan.probed().zip(&self.probed).enumerate();
        let each = each.map(|(index, (probed, counts))| ProbedJson {
            name: probed.name.clone(),
            role: if index < self.plan.partners.len() {
                "partner"
            } else {
                "reference"
            },
            probes: counts.probes,
            good: counts.good,
            failed: counts.probes - counts.good,
            own_network: counts.own_network,
            failures: counts
                .failures
                .iter()
                .map(|(kind, count)| (kind.to_string(), *count))
                .collect(),
            took_us: TookJson {
                p50: counts.took.quantile_us(0.5),
                p95: counts.took.quantile_us(0.95),
                p99: counts.took.quantile_us(0.99),
                max: counts.took.quantile_us(1.0),
            },
            is_up: counts.last.map(|last| last.is_ok()),
        });
        each.collect()
    }

    /// A table of everybody, one line each, for people.
    pub fn rows(&self) -> Vec<[String; 7]> {
        let each = self.json().into_iter();
        let each = each.map(|row| {
            let time = |us: Option<u64>| us.map_or_else(|| text::NO_VALUE.to_owned(), duration);
            let failures = row.failures.iter();
            let failures: Vec<String> = failures
                .map(|(kind, count)| format!("{} {kind}", text::count(*count)))
                .collect();
            [
                text::harmless(&row.name).into_owned(),
                text::count(row.probes),
                text::count(row.good),
                text::count(row.own_network),
                time(row.took_us.p50),
                time(row.took_us.p99),
                failures.join(", "),
            ]
        });
        each.collect()
    }
}

/// A moment to the second, UTC.
fn clock(us: i64) -> String {
    rfc3339(us.div_euclid(1_000_000) * 1_000_000)
}

#[expect(clippy::cast_precision_loss, reason = "shorter than 2^53 µs")]
fn duration(us: u64) -> String {
    text::quantity(us as f64, crate::report::Unit::Microseconds)
}
