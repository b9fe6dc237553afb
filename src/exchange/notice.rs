//! What could not be said in the other tool's words, or was said differently.

use std::fmt;

/// Something that was dropped or translated, and where. `Display` prints `place: message`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Where: `file.yaml:12:5` for a file that was read, the SLI's name for one that is written.
    pub place: String,
    /// What happened to it, and what to do: a lowercase fragment without a full stop.
    pub message: String,
}

impl Notice {
    /// A notice at a place.
    pub(super) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.message)
    }
}
