//! HAR files: what a browser recorded of one visit becomes a scenario.
//!
//! In: the bytes of a HAR 1.2 file, as Chrome, Firefox, Safari and proxies write them. Out: the text
//! of a scenario file, and what was left out of it with the reason. No cookie, no header that says who
//! somebody is and no password is ever copied, nothing is sent, and no file is opened. Reading order:
//! [`Archive`], [`Exchange`], [`Recording`], then the text. Documented in `docs/learn.md`.

mod address;
mod archive;
mod body;
mod exchange;
mod json_text;
mod recording;
mod scenario;
mod secrets;
mod taking;
#[cfg(test)]
mod tests;
mod variables;

pub use archive::{Archive, ENTRIES_MAX, HAR_BYTES_MAX, HarError};
pub use exchange::Exchange;
pub use recording::Recording;
pub use scenario::{HarOptions, HarScenario, import_har};
