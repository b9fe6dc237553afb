//! A shop in memory: workers, queues and service times, on a clock of its own that nobody waits for.
//!
//! In: pools of workers and the journeys that use them. Out: the highest rate that it sustains, by
//! arithmetic, and trials, as a [`Measurer`](crate::capacity::search::Measurer) makes them. With it the
//! search is proven against a truth that is known, and a search is played before anything is sent. It
//! can be noisy, grow or shrink half-way, refuse to recover, and be driven by a generator that is too
//! slow.

mod bench;
mod pool;
mod shop;

pub use bench::{ModelBench, ModelGoal, ModelTrouble};
pub use pool::Pool;
pub use shop::{ModelJourney, ModelShop, ModelStep};

#[cfg(test)]
mod tests;
