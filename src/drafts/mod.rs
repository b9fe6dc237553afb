//! Scenarios that a program writes and a person reads on: of a browser's recording, of the lake's rows.
//!
//! In: what somebody did, or what all did. Out: the text of a strict scenario file, with comments that
//! say where each number is from, and a list of what could not be known. No file is opened here, and
//! nothing is sent. Reading order: [`Flow`], [`ScenarioLines`], then [`har`] and [`learned`]. Documented in
//! `docs/learn.md`.

mod flow;
mod lines;

pub mod har;
pub mod learned;

pub use flow::Flow;
pub use lines::{ScenarioLines, duration_text, share_text};

/// What the files of a page are called, where nothing else tells.
const FILE_ENDINGS: [&str; 20] = [
    "css",
    "js",
    "mjs",
    "map",
    "png",
    "jpg",
    "jpeg",
    "gif",
    "webp",
    "avif",
    "svg",
    "ico",
    "woff",
    "woff2",
    "ttf",
    "otf",
    "mp4",
    "webm",
    "mp3",
    "webmanifest",
];
