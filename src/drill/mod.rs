//! The drill: a plan's shoppers, driven at a target on Goose. The only module that knows Goose.
//!
//! In: a [`DrillPlan`](crate::scenario::DrillPlan). Out: a [`DrillRecord`] for every request, in
//! batches on a bounded channel, and a [`DrillOutcome`] that says whether the generator kept its
//! schedule. It marks no exam: what the records are worth is judged elsewhere.
//!
//! ```text
//! pacer thread ──due arrivals and steps, in ticks──▶ worker threads, one runtime each
//!      ▲                                              idle GooseUsers ─ request ─ body
//!      └────────shoppers who think─────────────────────────┘          └─▶ records
//! ```
//!
//! It is an *open* model: shoppers arrive on schedule whether or not the target is slow, a shopper
//! who thinks holds no `GooseUser`, and every request knows when it was due. GooseUsers run on our
//! own runtimes instead of inside a `GooseAttack`: at 5,000 arrivals/s that halves the CPU per
//! request and the schedule lag (measured, see `benches/README.md`), and a run can be stopped at
//! any moment.

mod jar;
mod outcome;
mod pacer;
mod preflight;
mod record;
mod request;
mod run;
mod shopper;
mod worker;

pub use outcome::{DrillOutcome, Validity};
pub use preflight::{PreflightError, preflight};
pub use record::DrillRecord;
pub use run::{DrillError, DrillSettings, Progress, run};
