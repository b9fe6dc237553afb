//! What happened in each second of a rehearsal, as far as no rollup knows it.
//!
//! In: drill records. Out: [`RunSeconds`]: who really came, what was repeated, and good answers by the time
//! at which they *came* — a rollup counts them when they were due. Kept with the run's facts.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::drill::{DrillRecord, StepPart};
use crate::scenario::DrillPlan;

/// Routes whose good answers are counted apart; those of all others are one.
const ROUTES_MAX: usize = 50;

/// Counts per second since the start; a list ends with its last count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSeconds {
    /// Shoppers whose first request was sent.
    #[serde(default)]
    pub started: Vec<u64>,
    /// Requests that steps name and that were due, without retries and reloads.
    #[serde(default)]
    pub wanted: Vec<u64>,
    /// Retries and reloads that were due.
    #[serde(default)]
    pub repeated: Vec<u64>,
    /// Good answers by route, in the order in which routes were first asked for.
    #[serde(default)]
    pub good: Vec<RouteSeconds>,
}

/// Good answers of one route, and what was wanted of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteSeconds {
    /// HTTP method; empty for all routes that are not counted apart.
    pub method: String,
    /// Path template.
    pub route: String,
    /// Answers but 4xx and 5xx that passed their checks, by when their last byte came.
    pub per_s: Vec<u64>,
    /// Requests that shoppers wanted, without retries and reloads, by when they were due; empty in a run of
    /// an older version.
    #[serde(default)]
    pub wanted: Vec<u64>,
}

impl RunSeconds {
    /// How often retries and reloads were made in all.
    pub fn repeated_count(&self) -> u64 {
        self.repeated.iter().sum()
    }
}

/// Counts records.
#[derive(Debug, Default)]
pub struct SecondsCounter {
    seconds: RunSeconds,
    /// By journey and step: the route of what the step names, once it is known.
    steps: HashMap<(u16, u16), usize>,
    routes: HashMap<(&'static str, Arc<str>), usize>,
}

impl SecondsCounter {
    pub fn count(&mut self, plan: &DrillPlan, record: &DrillRecord) {
        if record.is_first() {
            add(&mut self.seconds.started, record.sent_us);
        }
        if record.part == StepPart::Itself {
            let attempts = match record.attempt {
                0 => &mut self.seconds.wanted,
                _ => &mut self.seconds.repeated,
            };
            add(attempts, record.due_us);
        }
        let route = self.route(plan, record);
        let route = &mut self.seconds.good[route];
        if record.error.is_none() && (1..400).contains(&record.status) {
            add(&mut route.per_s, record.done_us);
        }
        if record.attempt == 0 {
            add(&mut route.wanted, record.due_us);
        }
    }

    pub fn finish(self) -> RunSeconds {
        self.seconds
    }

    fn route(&mut self, plan: &DrillPlan, record: &DrillRecord) -> usize {
        let key = (record.journey, record.step);
        if record.part == StepPart::Itself
            && let Some(route) = self.steps.get(&key)
        {
            return *route;
        }
        let step = &plan.journeys[usize::from(record.journey)].steps[usize::from(record.step)];
        let (method, route) = match &record.part {
            StepPart::Itself => (step.method, &step.route),
            StepPart::Asset(index) => ("GET", &step.assets[usize::from(*index)].1),
            StepPart::Found(route) => ("GET", route),
        };
        let index = self.index(method, route);
        if record.part == StepPart::Itself {
            self.steps.insert(key, index);
        }
        index
    }

    fn index(&mut self, method: &'static str, route: &Arc<str>) -> usize {
        if let Some(index) = self.routes.get(&(method, Arc::clone(route))) {
            return *index;
        }
        let good = &mut self.seconds.good;
        if good.len() == ROUTES_MAX {
            good.push(RouteSeconds::default());
        }
        if good.len() > ROUTES_MAX {
            return ROUTES_MAX;
        }
        good.push(RouteSeconds {
            method: method.to_owned(),
            route: route.to_string(),
            ..RouteSeconds::default()
        });
        self.routes
            .insert((method, Arc::clone(route)), good.len() - 1);
        good.len() - 1
    }
}

fn add(seconds: &mut Vec<u64>, at_us: i64) {
    let second = usize::try_from(at_us / 1_000_000).unwrap_or(0);
    if seconds.len() <= second {
        seconds.resize(second + 1, 0);
    }
    seconds[second] += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_past_the_limit_are_counted_as_one() {
        let mut counter = SecondsCounter::default();
        let index = |counter: &mut SecondsCounter, number: usize| {
            counter.index("GET", &format!("/{number}").into())
        };
        for number in 0..ROUTES_MAX {
            assert_eq!(index(&mut counter, number), number);
        }
        assert_eq!(index(&mut counter, 7), 7);
        for number in [ROUTES_MAX, ROUTES_MAX + 1] {
            assert_eq!(index(&mut counter, number), ROUTES_MAX);
        }
        assert_eq!(counter.finish().good.len(), ROUTES_MAX + 1);
    }
}
