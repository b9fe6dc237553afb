//! firedrill rehearses a surge and judges it by the levels at which customers call support.
//!
//! ```text
//! log bytes ─ access_log ─ route, enrichment ─┐
//!                                             ├─ RequestRecord ─ lake ─ rollup ─ sli ─ report
//!                    scenario ─ drill(Goose) ─┘
//! ```
//!
//! Production logs and rehearsals end in the same [`lake`] as the same row type, and the same
//! [`sli`] code judges both. The modules below stand in reading order; `ARCHITECTURE.md` says which
//! may import which.

// Files that unit tests share with `tests/it/` name this crate as those do.
#[cfg(test)]
extern crate self as firedrill;

mod memo;

pub mod route;
pub mod time_window;

pub mod latency_buckets;

pub mod request_record;

pub mod declared_files;

pub mod status_pattern;

pub mod access_log;

pub mod enrichment;

pub mod lake;

pub mod rollup;

pub mod visits;

pub mod sli;

pub mod support;

pub mod annotations;

pub mod game_day;

pub mod exchange;

pub mod report;

pub mod scenario;

pub mod drafts;

pub mod shop;

pub mod drill;

pub mod probe;

pub mod rehearsal;

pub mod capacity;

pub mod simulate;

pub mod cli;
