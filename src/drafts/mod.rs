//! Scenarios that a program writes and a person reads on: of a browser's recording, of the lake's rows.
//!
//! In: what somebody did, or what all did. Out: the text of a strict scenario file, with comments that
//! say where each number is from, and a list of what could not be known. No file is opened here, and
//! nothing is sent. Reading order: [`Flow`], [`ScenarioLines`], then [`har`] and [`learned`]. Documented in
//! `docs/learn.md`.

mod file_endings;
mod flow;
mod lines;

pub mod har;
pub mod learned;

use file_endings::FILE_ENDINGS;

pub use flow::Flow;
pub use lines::{ScenarioLines, duration_text, share_text};
