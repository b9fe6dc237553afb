//! The search for the highest sustained rate, by the rules of RFC 9971 (MLRsearch).
//!
//! In: goals, a range of rates, what makes trials and has the clock, a budget. Out: a lower and an upper
//! bound per goal, or the named reason why there is none. It never decides whether a journey was good:
//! outcomes of trials come as counts. Reading order: [`SearchGoal`], [`Requirement`], [`Trials`],
//! [`SearchPlan`], [`search`], [`SearchOutcome`].
//!
//! RFC 9971 benchmarks forwarders of frames; here a frame is a shopper's journey, and a lost frame is a
//! journey that was not good. Its words are kept: trial, load (a rate of arrivals), goal, width, exceed
//! ratio, relevant bounds, conditional throughput.

mod goal;

mod classification;

mod bounds;

mod trials;

mod loss;

mod controller;

mod estimate;

mod checkpoint;

mod outcome;

mod run;

pub use bounds::Bounds;
pub use classification::{LoadClass, Requirement, TrialResult};
pub use controller::{RateRange, SearchPlan, TrialOrder};
pub use estimate::left_s;
pub use goal::{GOALS_MAX, GoalError, SearchGoal, WIDTH_MIN};
pub use loss::{JourneyCounts, in_flight_quarters};
pub use outcome::{Drift, DriftDirection, Ended, GoalResult, GoalState, Reason, SearchOutcome};
pub use run::{Budget, Measurer, SearchProgress, Settled, TRIALS_MAX, search};
pub use trials::{Purpose, Trial, Trials, four_digits};
