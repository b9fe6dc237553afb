//! The search for the highest sustained rate, by the rules of RFC 9971 (MLRsearch).
//!
//! In: goals, what trials are run with, a budget. Out: a lower and an upper bound per goal, or the
//! named reason why there is none. It never decides whether a journey was good: outcomes of trials
//! come as counts.
