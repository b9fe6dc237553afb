//! What needs to know which requests were one shopper's: user-uptime, funnels, retries, problems by
//! shoppers affected, sessions.
//!
//! In: rows of shopper, time and series, in any order and in any batches. Out: plain counts that
//! can be kept as JSON, one per closed day, and added. Everything that can be counted request by
//! request is counted by `rollup`; this module never reads the lake and knows no statistics but
//! how many draws a user-uptime is worth.
//!
//! A day is exact on its own: [`VisitPlan::scan`] says how much before and after the range must be
//! read as well, so that a shopper who is there at midnight is seen whole. Each thing is counted in
//! the range in which it happened, and only there:
//!
//! | counted | belongs to the range of | added days = one pass |
//! |---|---|---|
//! | uptime and downtime | each µs | exact |
//! | spread of user-uptime | shopper and local day | exact where ranges end at local midnight |
//! | funnels | local day; who browses before and orders after midnight starts anew | exact, as above |
//! | intents, repeats, leaving | the request itself | exact |
//! | problems | joined across the edge, their shoppers counted once | exact |
//! | sessions | their first request | exact |
//! | shoppers of a day | local day | exact where ranges end at local midnight |
//! | shoppers of a failure, channels, parameters | the request itself | exact |

mod plan;
pub use plan::{Predicate, RANGE_US_MAX, VisitError, VisitPlan};

mod pass;
pub use pass::{VisitPass, VisitResults, VisitRow, answer};

mod series_labels;
mod sorted_visits;

mod local_days;
pub use local_days::days_of;

mod user_uptime;
pub use user_uptime::{UptimePlan, UptimeWindow, UserUptime};

mod uptime_curve;
pub use uptime_curve::CurvePoint;

mod funnel;
pub use funnel::{Funnel, FunnelDay, FunnelPlan};

mod retries;
pub use retries::{PartRetries, Retries, RetryPlan, RetryWindow};

mod retry_routes;
pub use retry_routes::{Attempts, RouteRetries};

mod reactions;
pub use reactions::{Reaction, StatusClass};

mod clusters;
pub use clusters::{Cluster, ClusterPlan, Clusters, Problem};

mod problem_minutes;

mod distinct;
pub use distinct::{DistinctShoppers, EXACT_MAX};

mod affected;
pub use affected::{Affected, AffectedPlan, AffectedShoppers};

mod channels;
pub use channels::{ChannelPlan, Channels};

mod parameters;
pub use parameters::{ParameterCounter, ParameterCounts, ParameterRow, Parameters};

mod sessions;
pub use sessions::{SessionDay, SessionHour, SessionPlan, Sessions};

#[cfg(test)]
mod sample;
