//! Tests of the whole of it: simulated truth, reference values of others, files.

mod acceptance;
mod linked_sessions;
mod predicting;
mod reference;
mod rows;
pub(super) mod sample;
mod simulator;
