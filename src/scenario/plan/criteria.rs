//! When a rehearsal has passed, with every moment in µs since its start.

use serde::{Deserialize, Serialize};

/// One condition of a passed rehearsal. Kept with the run, so that a later report judges it the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CriterionPlan {
    /// The load generator kept its schedule.
    Valid,
    /// A level is not crossed.
    NotCrossed {
        /// Which level.
        level: CriterionLevel,
        /// Of which SLI; `None` for every one that has the level.
        sli: Option<String>,
        /// Only while this lasts.
        during: Option<NamedStretch>,
    },
    /// The value of an SLI has a limit.
    Limit {
        /// Name of the SLI.
        sli: String,
        /// The limit.
        limit: CriterionLimit,
        /// Only while this lasts.
        during: Option<NamedStretch>,
    },
    /// SLIs are back within a level.
    Recovery {
        /// How long it may take, µs.
        within_us: i64,
        /// From when on.
        after: NamedMoment,
        /// Which level.
        level: CriterionLevel,
        /// Of which SLI; `None` for every one that has the level.
        sli: Option<String>,
    },
}

impl CriterionPlan {
    /// What holds where a scenario says nothing: no contact level is crossed, the run is valid.
    #[must_use]
    pub fn defaults() -> Vec<Self> {
        let not_crossed = CriterionPlan::NotCrossed {
            level: CriterionLevel::Contact,
            sli: None,
            during: None,
        };
        vec![not_crossed, CriterionPlan::Valid]
    }

    /// The SLI that it names.
    #[must_use]
    pub fn sli(&self) -> Option<&str> {
        match self {
            CriterionPlan::Valid => None,
            CriterionPlan::NotCrossed { sli, .. } | CriterionPlan::Recovery { sli, .. } => {
                sli.as_deref()
            }
            CriterionPlan::Limit { sli, .. } => Some(sli),
        }
    }

    /// The level that it speaks of.
    #[must_use]
    pub fn level(&self) -> Option<CriterionLevel> {
        match self {
            CriterionPlan::Valid | CriterionPlan::Limit { .. } => None,
            CriterionPlan::NotCrossed { level, .. } | CriterionPlan::Recovery { level, .. } => {
                Some(*level)
            }
        }
    }
}

/// A level of an SLI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CriterionLevel {
    /// Somebody should look.
    Warn,
    /// Customers call support.
    Contact,
}

impl CriterionLevel {
    /// As the file writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            CriterionLevel::Warn => "warn",
            CriterionLevel::Contact => "contact",
        }
    }
}

/// A limit of an SLI's value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CriterionLimit {
    /// The longest response time, µs.
    AtMostUs(f64),
    /// The least share or rate, in the SLI's unit.
    AtLeast(f64),
}

/// A stretch of the run with a name, µs since its start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedStretch {
    /// What the file calls it.
    pub name: String,
    /// Its beginning.
    pub from_us: i64,
    /// Its end.
    pub to_us: i64,
}

/// A moment of the run with a name, µs since its start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedMoment {
    /// What the file calls it.
    pub name: String,
    /// When.
    pub at_us: i64,
}
