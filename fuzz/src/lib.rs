//! The readers of firedrill, compiled for fuzzing, and the properties that they must have.
//!
//! The modules are those of the main package. They are included by path, because the whole of it,
//! with its tables and its load generator, takes far too long to instrument.
#![allow(
    missing_docs,
    dead_code,
    reason = "the main package checks both; here much of the modules has no user"
)]

#[path = "../../src/access_log/mod.rs"]
pub mod access_log;
#[path = "../../src/declared_files/mod.rs"]
pub mod declared_files;
pub mod drafts;
#[path = "../../src/enrichment/mod.rs"]
pub mod enrichment;
#[path = "../../src/memo.rs"]
pub mod memo;
#[path = "../../src/route/mod.rs"]
pub mod route;
pub mod support;
#[path = "../../src/time_window.rs"]
pub mod time_window;

// Once more and public: `access_log` keeps both to itself.
#[allow(clippy::duplicate_mod, reason = "see above")]
#[path = "../../src/access_log/clock.rs"]
pub mod clock;
#[allow(clippy::duplicate_mod, reason = "see above")]
#[path = "../../src/access_log/unit.rs"]
pub mod unit;

pub mod block_check;
