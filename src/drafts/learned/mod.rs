//! What customers do, learned from their requests: a scenario in which as many come, and do the same.
//!
//! In: requests by shopper, method, route and time. Out: [`Learned`]: when sessions begin, from which
//! page to which, after which pause; and the text of a scenario file. Sessions are a Markov chain of
//! first order over routes, whose shares are the counted ones: the expected number of requests per
//! session and route is the counted number. What failed says nothing of what shoppers want: no
//! transition from a failed request is counted.
//!
//! Reading order: [`Requests`], [`Learned`], [`arrival_points`], [`learned_scenario`].

mod arrivals;
mod chain;
mod facts;
mod grouping;
mod products;
mod requests;
mod roles;
mod scenario;
mod sessions;
#[cfg(test)]
mod tests;

pub use arrivals::{CURVE_POINTS_MAX, CurveRequest, arrival_points};
pub use facts::LearnedFacts;
pub use products::{ProductCounts, Skew};
pub use requests::{LearnedPlan, Request, RequestSeries, Requests};
pub use scenario::{Donor, DonorStep, LearnedScenario, ScenarioRequest, learned_scenario};
pub use sessions::{Learned, learn};
