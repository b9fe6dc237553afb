//! Which routes slow down first as traffic rises: a warning from ordinary weeks, before any test.
//!
//! In: per route and window how many requests there were and how long they took, and the traffic of all
//! routes at that time. Out: [`RouteTrend`]s, those that slow down first at the front. Percentiles are
//! those of pooled requests, never averages of windows. It says that latency rises *with* traffic, not
//! because of it: what else rises at busy hours, it cannot know.

mod slope;
mod trend;

pub use slope::{Slope, theil_sen};
pub use trend::{
    REQUESTS_MIN, RouteTrend, RouteWindows, SLOWER, Traffic, TrafficStep, TrendPlan, TrendState,
    WindowLatencies, trends,
};

#[cfg(test)]
mod tests;
