//! What is known of a format: name, duration and its unit, meaning of the time, and how to read it.

use super::line::{HeaderRule, LineContext, LineResult};

/// Reads one line; a header line changes the context and is `Ok(None)`.
pub type ParseLine = for<'a> fn(&'a [u8], &mut LineContext) -> LineResult<'a>;

/// A format that is known by name.
#[derive(Debug, Clone, Copy)]
pub struct KnownFormat {
    /// The name for `--format`.
    pub name: &'static str,
    /// What it is, with the software that writes it.
    pub about: &'static str,
    /// Field and unit of the duration, or `none`.
    pub duration: &'static str,
    /// What the time field means: `start` or `end` of the request.
    pub time: &'static str,
    /// How it says what its columns are.
    pub header: HeaderRule,
    /// Reads one line.
    pub parse: ParseLine,
}
