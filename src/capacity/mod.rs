//! How much a shop can take: the highest sustained rate at which every goal holds, and what follows
//! from it.
//!
//! In: outcomes of trials, points of concurrency and throughput, peaks and their growth. Out:
//! bounds, laws and headroom, as plain values. Nothing in here sends a request, reads the lake or
//! has a clock: trials, time and points are passed in.

pub mod forecast;
pub mod law;
pub mod routes;
pub mod search;

pub mod model;

pub mod finding;
