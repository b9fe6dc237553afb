//! Requests and intents per route, in all and while the route was failing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time_window::TimeWindow;

/// What was asked and what was meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    /// Requests.
    pub requests: u64,
    /// Intents: requests that no repeat superseded. The valid of a ratio with retries collapsed.
    pub intents: u64,
    /// Intents that went well in the end. The good of a ratio with retries collapsed.
    pub good_intents: u64,
}

impl Attempts {
    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            intents: self.intents + other.intents,
            good_intents: self.good_intents + other.good_intents,
        }
    }

    /// Requests ÷ intents, at least 1 over a whole range; `None` without intents. In a single
    /// window it may be off: an intent counts in the window of its last attempt.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
    pub fn amplification(self) -> Option<f64> {
        (self.intents > 0).then(|| self.requests as f64 / self.intents as f64)
    }

    /// Whether more than `share` of the intents went wrong; not without intents.
    #[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
    fn is_failing(self, share: f64) -> bool {
        (self.intents - self.good_intents) as f64 > share * self.intents as f64
    }
}

/// One route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteRetries {
    /// HTTP method.
    pub method: String,
    /// Path template.
    pub route: String,
    /// In all.
    pub all: Attempts,
    /// In the windows in which it was failing.
    pub failing: Attempts,
    /// How many windows these are.
    pub failing_windows: u64,
}

/// Adds the routes of another range.
pub fn merge_routes(own: &mut Vec<RouteRetries>, others: &[RouteRetries]) {
    for other in others {
        let name = (&other.method, &other.route);
        match own.binary_search_by_key(&name, |own| (&own.method, &own.route)) {
            Ok(index) => {
                let own = &mut own[index];
                own.all = own.all.plus(other.all);
                own.failing = own.failing.plus(other.failing);
                own.failing_windows += other.failing_windows;
            }
            Err(index) => own.insert(index, other.clone()),
        }
    }
}

/// Counts per window and route.
#[derive(Debug)]
pub struct RouteCounts {
    names: Vec<(String, String)>,
    window_us: i64,
    /// First µs of the first window.
    first_us: i64,
    /// By window, then by route; empty for a window without requests.
    windows: Vec<Vec<Attempts>>,
}

impl RouteCounts {
    /// Nothing yet, in windows of `window_us`, at least 1, that begin at multiples of it.
    pub fn new(range: TimeWindow, window_us: i64) -> Self {
        assert!(window_us > 0, "a window is at least 1 µs long");
        let first_us = range.start_us.div_euclid(window_us) * window_us;
        let count = (range.end_us - first_us).div_euclid(window_us) + 1;
        Self {
            names: Vec::new(),
            window_us,
            first_us,
            windows: vec![Vec::new(); usize::try_from(count).unwrap_or(0)],
        }
    }

    /// Gives the next number to a method and route.
    pub fn name(&mut self, (method, route): (&str, &str)) {
        self.names.push((method.to_owned(), route.to_owned()));
    }

    /// Counts at a time of the range, for a route.
    pub fn count(&mut self, ts_us: i64, route: u32, attempts: Attempts) {
        let index = (ts_us - self.first_us).unsigned_abs() / self.window_us.unsigned_abs();
        let window = &mut self.windows[usize::try_from(index).unwrap_or(usize::MAX)];
        if window.is_empty() {
            window.resize(self.names.len(), Attempts::default());
        }
        let cell = &mut window[route as usize];
        *cell = cell.plus(attempts);
    }

    /// Windows with requests by their first µs, and routes with requests by name. In a window a
    /// route is failing when more than `failing_share` of its intents went wrong.
    pub fn finish(self, failing_share: f64) -> (BTreeMap<i64, Attempts>, Vec<RouteRetries>) {
        let mut windows: BTreeMap<i64, Attempts> = BTreeMap::new();
        let mut routes: Vec<RouteRetries> = self.names.into_iter().map(RouteRetries::new).collect();
        let starts = (0_i64..).map(|index| self.first_us + index * self.window_us);
        for (start_us, window) in starts.zip(&self.windows) {
            let all = window
                .iter()
                .copied()
                .fold(Attempts::default(), Attempts::plus);
            if all.requests > 0 {
                windows.insert(start_us, all);
            }
            for (route, attempts) in routes.iter_mut().zip(window) {
                route.add(*attempts, failing_share);
            }
        }
        routes.retain(|route| route.all.requests > 0);
        routes.sort_by(|one, next| (&one.method, &one.route).cmp(&(&next.method, &next.route)));
        (windows, routes)
    }
}

impl RouteRetries {
    fn new((method, route): (String, String)) -> Self {
        Self {
            method,
            route,
            all: Attempts::default(),
            failing: Attempts::default(),
            failing_windows: 0,
        }
    }

    fn add(&mut self, window: Attempts, failing_share: f64) {
        self.all = self.all.plus(window);
        if window.is_failing(failing_share) {
            self.failing = self.failing.plus(window);
            self.failing_windows += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amplification_needs_intents() {
        assert_eq!(Attempts::default().amplification(), None);
        let attempts = Attempts {
            requests: 6,
            intents: 4,
            good_intents: 1,
        };
        assert_eq!(attempts.amplification(), Some(1.5));
        assert!(attempts.is_failing(0.74) && !attempts.is_failing(0.75));
        assert!(!Attempts::default().is_failing(0.0));
    }

    #[test]
    fn a_route_is_counted_as_failing_in_the_windows_in_which_it_was() {
        let range = TimeWindow {
            start_us: 100,
            end_us: 130,
        };
        let mut counts = RouteCounts::new(range, 10);
        counts.name(("POST", "/order"));
        counts.name(("GET", "/"));
        let good = Attempts {
            requests: 10,
            intents: 10,
            good_intents: 10,
        };
        let bad = Attempts {
            requests: 30,
            intents: 10,
            good_intents: 5,
        };
        counts.count(100, 0, good);
        counts.count(119, 0, bad);
        counts.count(110, 1, good);
        let (windows, routes) = counts.finish(0.1);
        assert_eq!(windows[&110].requests, 40);
        assert_eq!(
            (routes[0].route.as_str(), routes[0].failing_windows),
            ("/", 0)
        );
        assert_eq!((routes[1].failing, routes[1].all.requests), (bad, 40));
    }
}
