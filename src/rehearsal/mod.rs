//! What a rehearsal showed: whether it met its conditions, and what happened past the limit.
//!
//! In: conditions of a scenario, the SLIs of a run, counts over time. Out: plain values. Pure functions:
//! no clock, no file, no text for people. The drill itself judges nothing.

mod behaviour;
mod bins;
mod criteria;

pub use behaviour::{
    Behaviour, BehaviourOutcome, Bin, Knee, PastLimit, Recovered, behaviour, bin_s,
};
pub use criteria::{CriterionOutcome, JudgedRun, judge, mismatch};
