//! The scalability law: what throughput follows from what concurrency.
//!
//! In: points of concurrency and throughput, measured in any way. Out: Gunther's Universal Scalability
//! Law through them, how sure it is, and its inverses. It never reads a file or a lake, and never says
//! more than the points show: a knee that they do not have is "not identified", a fit that would need
//! a negative coefficient is shown beside the bounded one. Reading order: [`ScalabilityLaw`],
//! [`LoadPoint`], [`fit_law`], [`LawFit`].

mod doubts;
mod fit;
mod fitting;
mod intervals;
mod least_squares;
mod points;
mod scalability;

pub use doubts::Doubt;
pub use fit::{FittedPoint, LawFit, LeaveOneOut, UnboundedFit, Weighting, fit_law};
pub use intervals::{Interval, LawIntervals};
pub use points::{LawError, LoadPoint, LoadPoints};
pub use scalability::ScalabilityLaw;

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod published_tests;
