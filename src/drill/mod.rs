//! The drill: a plan's shoppers, driven at a target. The only module that knows Goose and Hyper.
//!
//! In: a [`DrillPlan`](crate::scenario::DrillPlan). Out: a [`DrillRecord`] for every request, in
//! batches on a bounded channel, and a [`DrillOutcome`] that says whether the generator kept its
//! schedule. It marks no exam: what the records are worth is judged elsewhere.
//!
//! ```text
//! pacer thread ──due arrivals and steps, in ticks──▶ worker threads, one runtime each
//!      ▲                                              visit: ask, follow, look, take, load
//!      └────────shoppers who think─────────────────────────┘          └─▶ records
//! ```
//!
//! It is an *open* model: shoppers arrive on schedule whether or not the target is slow, a shopper
//! who thinks is only some bytes, and every request knows when it was due. The *closed* model runs
//! the same visits as users of a Goose attack, which has a fixed number of users and no arrivals.

mod call;
mod closed;
mod health;
mod http;
mod inspection;
mod jar;
mod json_text;
mod outcome;
mod pacer;
mod preflight;
mod prober;
mod record;
mod request;
mod responder;
mod run;
mod server_date;
mod shopper;
mod visit;
mod worker;

pub use call::{Call, CallAnswer};
pub use health::{GeneratorHealth, HealthSample, Machine, Spread};
pub use http::ConnectorError;
pub use outcome::{DrillOutcome, ScenarioOutcome, Validity};
pub use preflight::{PreflightError, preflight};
pub use prober::{Attempt, Prober};
pub use record::{DrillRecord, StepPart};
pub use responder::Responder;
pub use run::{DrillError, DrillSettings, Progress, run};
pub use server_date::{ServerDate, ServerDates};
