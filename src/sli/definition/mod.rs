//! What an SLI set file says, before it is understood.
//!
//! In: YAML, through [`declared_files`](crate::declared_files). Out: plain structs, one file per
//! part of the set: events, kinds of SLIs, levels, objectives, calendar. Nothing is looked up or
//! converted here; that is [`resolve`](super::resolve())'s part.

mod by_shopper;
mod calendar;
mod event;
mod kinds;
mod levels;
mod made_of;
mod objective;
mod own;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::declared_files::DurationText;

pub use by_shopper::{FunnelDefinition, FunnelUnit, UserUptimeDefinition};
pub use calendar::{
    ExclusionDefinition, ExpectedDefinition, HolidayDefinition, NamedPeriodDefinition,
};
pub use event::{AttemptName, EventDefinition, OriginName};
pub use kinds::{
    ApdexDefinition, LatencyCutDefinition, LatencyDefinition, RateDefinition, RatePeriod,
    RatioDefinition, SliDefinition,
};
pub use levels::{LatencyThreshold, LevelName, RateThreshold, ShareThreshold};
pub use made_of::{Combination, CompositeDefinition, CompositePart, WindowsGoodDefinition};
pub use objective::{BurnRuleDefinition, ObjectiveDefinition};
pub use own::{Own, OwnCountingDefinition, OwnExclusionDefinition};

/// A set of SLIs over one shop: routes, named events, and what is measured of them.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SliSetDefinition {
    /// The name of the set.
    pub name: String,
    /// What it is for, in a sentence.
    #[serde(default)]
    pub description: Option<String>,
    /// Length of a window on production logs, of SLIs that state none.
    #[serde(default)]
    pub window: Option<DurationText>,
    /// Length of a window on a rehearsal, which lasts minutes, of SLIs that state none.
    #[serde(default)]
    pub rehearsal_window: Option<DurationText>,
    /// Zone of days, weeks and months, and of times that name none; without it UTC.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// How long rows may be late: windows that end less than this before the newest row are
    /// provisional. Without it `0s`.
    #[serde(default)]
    pub lateness: Option<DurationText>,
    /// What counts as a request, for all SLIs of the set that do not say it themselves.
    #[serde(default)]
    pub counting: CountingDefinition,
    /// Path templates; a request gets the first that matches, else its path with ids folded.
    #[serde(default)]
    pub routes: Vec<String>,
    /// Which requests count as what, by name.
    pub events: BTreeMap<String, EventDefinition>,
    /// Events from the first page to the order, in the order in which a shopper meets them.
    #[serde(default)]
    pub funnel: Vec<String>,
    /// Stretches of time with a name, such as a four-day holiday, for objectives.
    #[serde(default)]
    pub periods: Vec<NamedPeriodDefinition>,
    /// Maintenance: what happens then is dropped, and never counted as good.
    #[serde(default)]
    pub exclusions: Vec<ExclusionDefinition>,
    /// How much traffic is expected, for floors and ceilings relative to it.
    #[serde(default)]
    pub expected: ExpectedDefinition,
    /// What is measured.
    pub slis: Vec<SliDefinition>,
}

/// What counts as a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CountingDefinition {
    /// Whether requests of bots and monitors count; without it they do not, in any SLI whose event
    /// does not name a client class.
    #[serde(default)]
    pub bots: bool,
    /// Whether an answer 429 is good; without it it is bad where an SLI names no bad statuses.
    #[serde(default)]
    pub too_many_requests_good: bool,
    /// Requests that one shopper repeats within this time after one that went wrong, on the same
    /// route, count once, with the last outcome. Without it each counts.
    #[serde(default)]
    pub collapse_retries_within: Option<DurationText>,
}
