//! What must hold while the run goes on.

use super::super::definition::LimitText;
use super::PhasePlan;
use crate::declared_files::Problem;

/// A demand on an SLI while the run goes on. Which SLI its name means is known once there is an SLI
/// set; what is wrong with it then is said at `sli_place` and `limit_place`.
#[derive(Debug, Clone)]
pub struct ThresholdPlan {
    /// Name of the SLI.
    pub sli: String,
    /// On which side of the limit it is broken.
    pub bad: BadLimit,
    /// How long it must last, µs.
    pub for_us: i64,
    /// Length of a window, µs; `None` for that of the SLI.
    pub window_us: Option<i64>,
    /// Not judged so long after the start of what it looks at, µs.
    pub grace_us: i64,
    /// Whose requests it looks at.
    pub scope: ThresholdScope,
    /// The stretch of time that it looks at.
    pub phase: Option<PhasePlan>,
    /// Whether the run is stopped when it is broken.
    pub aborts: bool,
    /// Where the file names the SLI; without a message.
    pub sli_place: Problem,
    /// Where the file names the limit; without a message.
    pub limit_place: Problem,
}

/// A limit and its bad side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BadLimit {
    /// Above it.
    Above(LimitText),
    /// Below it.
    Below(LimitText),
}

/// Whose requests a threshold looks at; nothing given means all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ThresholdScope {
    /// Index of the journey.
    pub journey: Option<u16>,
    /// Index of the channel.
    pub channel: Option<u16>,
    /// Index of the kind of shopper.
    pub kind: Option<u16>,
}

impl ThresholdScope {
    /// Whether it looks at every request.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }
}
