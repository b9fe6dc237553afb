//! Retries counted once, how much they amplify, and what shoppers do after an answer.
//!
//! An attempt is *superseded* when it went wrong and the same shopper repeats method and route
//! within the time of the plan, itself included. What is not superseded is an *intent*: it counts
//! once, at the time, with the outcome and in the part of its last attempt. Amplification is requests ÷
//! intents.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};

use super::pass::Question;
use super::plan::Predicate;
use super::reactions::{Reaction, ReactionCounts};
use super::retry_routes::{Attempts, RouteCounts, RouteRetries, merge_routes};
use super::series_labels::Label;
use super::sorted_visits::Visit;
use crate::time_window::TimeWindow;

/// What is asked.
#[derive(Debug, Clone)]
pub struct RetryPlan {
    /// Its name, for whoever reads the result.
    pub name: String,
    /// Which requests are counted, and which are repeats.
    pub valid: Predicate,
    /// Which of these went wrong.
    pub bad: Predicate,
    /// How long after the one that went wrong a repeat may come, µs.
    pub within_us: i64,
    /// A shopper who asks nothing at all for longer has left, µs.
    pub leave_us: i64,
    /// Length of a window, µs, at least 1; windows begin at multiples of it.
    pub window_us: i64,
    /// A route fails in a window when more than this share of its intents went wrong, 0 to 1.
    pub failing_share: f64,
    /// Parts that are counted apart as well, by name, any number. A request is in the first that
    /// covers it, or in none; what supersedes it may be in another.
    pub parts: Vec<(String, Predicate)>,
}

/// Attempts and intents; additive, also where a shopper repeats across the edge of two ranges.
/// Where a window is cut by the edge, whether it was failing is decided for both parts alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retries {
    /// Name of the plan.
    pub name: String,
    /// Length of a window, µs.
    pub window_us: i64,
    /// Oldest first; windows without requests are left out.
    pub windows: Vec<RetryWindow>,
    /// By method and route, ascending.
    pub routes: Vec<RouteRetries>,
    /// By class of status, ascending.
    pub reactions: Vec<Reaction>,
    /// In the order of the plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartRetries>,
}

/// Attempts and intents of one part. An intent is in the part of its last attempt, whose time and
/// outcome it has: so parts add up to the whole, window by window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRetries {
    /// Its name.
    pub name: String,
    /// Oldest first; windows without requests are left out.
    pub windows: Vec<RetryWindow>,
}

/// One window over all routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryWindow {
    /// Its first µs, UTC.
    pub start_us: i64,
    /// What was asked and what was meant.
    pub attempts: Attempts,
}

impl Retries {
    /// Requests and intents over all windows.
    #[must_use]
    pub fn all(&self) -> Attempts {
        let windows = self.windows.iter().map(|window| window.attempts);
        windows.fold(Attempts::default(), Attempts::plus)
    }

    /// Requests and intents of the windows of routes in which these were failing.
    #[must_use]
    pub fn failing(&self) -> Attempts {
        let routes = self.routes.iter().map(|route| route.failing);
        routes.fold(Attempts::default(), Attempts::plus)
    }

    /// Adds another range.
    pub fn merge(&mut self, other: &Self) {
        self.windows = sum_of(&self.windows, &other.windows);
        for (own, other) in self.parts.iter_mut().zip(&other.parts) {
            own.windows = sum_of(&own.windows, &other.windows);
        }
        merge_routes(&mut self.routes, &other.routes);
        for (own, other) in self.reactions.iter_mut().zip(&other.reactions) {
            own.merge(other);
        }
    }

    /// Its own name, and those of its parts.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let parts = self.parts.iter().map(|part| part.name.as_str());
        std::iter::once(self.name.as_str()).chain(parts)
    }
}

fn sum_of(one: &[RetryWindow], other: &[RetryWindow]) -> Vec<RetryWindow> {
    let mut windows: BTreeMap<i64, Attempts> = BTreeMap::new();
    for window in one.iter().chain(other) {
        let sum = windows.entry(window.start_us).or_default();
        *sum = sum.plus(window.attempts);
    }
    in_order(windows)
}

fn in_order(windows: BTreeMap<i64, Attempts>) -> Vec<RetryWindow> {
    let windows = windows.into_iter();
    windows
        .map(|(start_us, attempts)| RetryWindow { start_us, attempts })
        .collect()
}

/// What a label means here.
#[derive(Debug, Clone, Copy)]
struct Meaning {
    /// Number of method and route.
    route: u32,
    /// Number of the part, if it is in one.
    part: Option<usize>,
    is_valid: bool,
    is_bad: bool,
    class: usize,
    weight: u64,
}

/// Adds up shopper by shopper.
pub struct RetryWalk {
    plan: RetryPlan,
    range: TimeWindow,
    /// By label.
    meanings: Vec<Meaning>,
    routes: RouteCounts,
    reactions: ReactionCounts,
    /// By part, then by the first µs of the window.
    parts: Vec<BTreeMap<i64, Attempts>>,
    /// By route: when the shopper at hand asks for it next.
    next_us: Vec<Option<i64>>,
}

impl RetryWalk {
    /// Nothing yet.
    pub fn new(plan: &RetryPlan, range: TimeWindow) -> Self {
        Self {
            plan: plan.clone(),
            range,
            meanings: Vec::new(),
            routes: RouteCounts::new(range, plan.window_us),
            reactions: ReactionCounts::default(),
            parts: vec![BTreeMap::new(); plan.parts.len()],
            next_us: Vec::new(),
        }
    }

    /// Counts one request, of which is known when the shopper repeats it and asks anything next.
    fn count(
        &mut self,
        ts_us: i64,
        meaning: Meaning,
        repeat_us: Option<i64>,
        next_us: Option<i64>,
    ) {
        let within = |later: Option<i64>, limit_us| {
            later
                .map(|later_us| later_us - ts_us)
                .filter(|after_us| *after_us <= limit_us)
        };
        let repeat_after_us = within(repeat_us, self.plan.within_us);
        let has_left = within(next_us, self.plan.leave_us).is_none();
        self.reactions
            .count(meaning.class, meaning.weight, repeat_after_us, has_left);
        let is_superseded = meaning.is_bad && repeat_after_us.is_some();
        let attempts = Attempts {
            requests: meaning.weight,
            intents: if is_superseded { 0 } else { meaning.weight },
            good_intents: if meaning.is_bad { 0 } else { meaning.weight },
        };
        self.routes.count(ts_us, meaning.route, attempts);
        if let Some(part) = meaning.part {
            let window_us = self.plan.window_us;
            let start_us = ts_us.div_euclid(window_us) * window_us;
            let sum = self.parts[part].entry(start_us).or_default();
            *sum = sum.plus(attempts);
        }
    }

    /// What came out.
    pub fn finish(self) -> Retries {
        let window_us = self.plan.window_us;
        let (windows, routes) = self.routes.finish(self.plan.failing_share);
        let names = self.plan.parts.into_iter().map(|(name, _)| name);
        let parts = names.zip(self.parts).map(|(name, windows)| PartRetries {
            name,
            windows: in_order(windows),
        });
        Retries {
            name: self.plan.name,
            window_us,
            windows: in_order(windows),
            routes,
            reactions: self.reactions.finish(),
            parts: parts.collect(),
        }
    }
}

impl Question for RetryWalk {
    /// Whether a shopper has left is seen in every request.
    fn needs(&self, _label: &Label) -> bool {
        true
    }

    fn learn(&mut self, labels: &[Label]) {
        let mut numbers: HashMap<(&str, &str), u32, FixedState> = HashMap::default();
        for label in labels {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            let name = (label.key.method.as_str(), label.key.route.as_str());
            let route = *numbers.entry(name).or_insert(next);
            if route == next {
                self.routes.name(name);
                self.next_us.push(None);
            }
            let is_valid = self.plan.valid.covers(&label.key);
            let mut parts = self.plan.parts.iter();
            self.meanings.push(Meaning {
                route,
                part: parts.position(|(_, is_in)| is_in.covers(&label.key)),
                is_valid,
                is_bad: is_valid && self.plan.bad.covers(&label.key),
                class: ReactionCounts::class_of(label.key.status),
                weight: label.weight,
            });
        }
    }

    fn walk(&mut self, _shopper: i64, visits: &[Visit]) {
        let mut next_us = None;
        for visit in visits.iter().rev() {
            let meaning = self.meanings[visit.label as usize];
            if meaning.is_valid {
                let route = meaning.route as usize;
                let repeat_us = self.next_us[route].replace(visit.ts_us);
                if self.range.contains(visit.ts_us) {
                    self.count(visit.ts_us, meaning, repeat_us, next_us);
                }
            }
            next_us = Some(visit.ts_us);
        }
        for visit in visits {
            let route = self.meanings[visit.label as usize].route as usize;
            self.next_us[route] = None;
        }
    }
}

#[cfg(test)]
mod tests;
