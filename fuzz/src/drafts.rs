//! Of drafts those of recordings: the others read what the lake has.

#[path = "../../src/drafts/file_endings.rs"]
mod file_endings;
#[path = "../../src/drafts/flow.rs"]
mod flow;
#[path = "../../src/drafts/har/mod.rs"]
pub mod har;
#[path = "../../src/drafts/lines.rs"]
mod lines;

use file_endings::FILE_ENDINGS;

pub use flow::Flow;
pub use lines::{ScenarioLines, duration_text};
