//! Levels that mean trouble: their limits, and on which side of them it is bad.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::super::definition::LevelName;

/// One threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelPlan {
    /// Which level.
    pub level: Level,
    /// Its bad side.
    pub bad: BadSide,
    /// The limit.
    pub limit: LimitPlan,
    /// How long it must last to count, µs.
    pub for_us: i64,
    /// Who is told.
    pub tell: Vec<String>,
    /// What they do.
    pub react: Option<String>,
}

/// A limit that does not change, or one relative to what is expected at the time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LimitPlan {
    /// In the SLI's unit.
    Absolute(f64),
    /// So many times what is expected of the SLI at that time.
    OfExpected(f64),
}

/// On which side of a limit it is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BadSide {
    /// Above it.
    Above,
    /// Below it.
    Below,
}

impl BadSide {
    /// Whether `value` is on the bad side of `limit`; the limit itself is good.
    #[must_use]
    pub fn is_bad(self, value: f64, limit: f64) -> bool {
        match self {
            BadSide::Above => value > limit,
            BadSide::Below => value < limit,
        }
    }
}

/// A level that means trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Somebody should look.
    Warn,
    /// Customers call support.
    Contact,
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Level::Warn => "warn",
            Level::Contact => "contact",
        })
    }
}

impl From<LevelName> for Level {
    fn from(name: LevelName) -> Self {
        match name {
            LevelName::Warn => Level::Warn,
            LevelName::Contact => Level::Contact,
        }
    }
}
