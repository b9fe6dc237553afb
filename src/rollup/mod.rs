//! The rollup: rows become counts per window × route × method × status × latency bucket × origin.
//!
//! In: Arrow batches of the lake, or single records of a running drill. Out: a [`Rollup`], whose
//! cells add up: the rollup of two halves, added, is the rollup of the whole. Counting does not
//! know what is good: latency limits reach it as plain numbers, the *cuts*, and are counted
//! exactly. Reading order: [`RollupBuilder`], [`Rollup`], [`Selection`].

mod batch;
mod builder;
mod cells;
mod selection;

pub use batch::{COLUMNS, RollupError, count_by_origin, extent_of_origin};
pub use builder::RollupBuilder;
pub use cells::{Rollup, RollupPlan, SeriesKey};
pub use selection::{Selection, WindowCount};

#[cfg(test)]
mod weight_tests;
