//! What an SLI may say of itself instead of the set: windows, zone, lateness, what counts, maintenance.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kinds::SliDefinition;
use crate::declared_files::DurationText;

/// What counts as a request of one SLI; what is left out is as the set's `counting` says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OwnCountingDefinition {
    /// Whether requests of bots and monitors count where an event does not name a client class.
    #[serde(default)]
    pub bots: Option<bool>,
    /// Whether an answer 429 is good; of a `ratio`, an `apdex` and a `user_uptime` that name no bad
    /// statuses.
    #[serde(default)]
    pub too_many_requests_good: Option<bool>,
    /// Within which time repeats after an error count once, of a `ratio`; `0s` where each counts.
    #[serde(default)]
    pub collapse_retries_within: Option<DurationText>,
}

/// Maintenance of one SLI, once or again and again.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OwnExclusionDefinition {
    /// Why, for the report.
    pub reason: String,
    /// First moment: RFC 3339, or a date or local time in the SLI's zone.
    pub from: String,
    /// First moment after it.
    pub to: String,
    /// How it recurs, as an RFC 5545 rule such as `FREQ=WEEKLY;BYDAY=SU`; without it once.
    #[serde(default)]
    pub repeat: Option<String>,
}

/// What an SLI says of itself; `None` and empty where it leaves that to the set, or where its kind
/// cannot say it.
#[derive(Debug, Clone, Copy)]
pub struct Own<'a> {
    /// Length of its windows on production logs.
    pub window: Option<DurationText>,
    /// Length of its windows on a rehearsal.
    pub rehearsal_window: Option<DurationText>,
    /// Zone of its days, weeks and months.
    pub time_zone: Option<&'a str>,
    /// How long its rows may be late.
    pub lateness: Option<DurationText>,
    /// What counts as a request of it.
    pub counting: OwnCountingDefinition,
    /// Maintenance of it alone.
    pub exclusions: &'a [OwnExclusionDefinition],
}

impl SliDefinition {
    /// What it says of itself instead of the set.
    #[must_use]
    pub fn own(&self) -> Own<'_> {
        macro_rules! own {
            ($sli:ident, $zone:expr, $lateness:expr, $counting:expr, $exclusions:expr) => {
                Own {
                    window: $sli.window,
                    rehearsal_window: $sli.rehearsal_window,
                    time_zone: $zone,
                    lateness: $lateness,
                    counting: $counting,
                    exclusions: $exclusions,
                }
            };
        }
        let none = OwnCountingDefinition::default();
        match self {
            SliDefinition::Rate(sli) => own!(
                sli,
                sli.time_zone.as_deref(),
                sli.lateness,
                sli.counting,
                &sli.exclusions
            ),
            SliDefinition::Ratio(sli) => own!(
                sli,
                sli.time_zone.as_deref(),
                sli.lateness,
                sli.counting,
                &sli.exclusions
            ),
            SliDefinition::Latency(sli) => own!(
                sli,
                sli.time_zone.as_deref(),
                sli.lateness,
                sli.counting,
                &sli.exclusions
            ),
            SliDefinition::LatencyCut(sli) => own!(
                sli,
                sli.time_zone.as_deref(),
                sli.lateness,
                sli.counting,
                &sli.exclusions
            ),
            SliDefinition::WindowsGood(sli) => {
                own!(sli, sli.time_zone.as_deref(), None, none, &sli.exclusions)
            }
            SliDefinition::Apdex(sli) => own!(
                sli,
                sli.time_zone.as_deref(),
                sli.lateness,
                sli.counting,
                &sli.exclusions
            ),
            SliDefinition::UserUptime(sli) => own!(
                sli,
                sli.time_zone.as_deref(),
                sli.lateness,
                sli.counting,
                &sli.exclusions
            ),
            SliDefinition::Funnel(sli) => own!(
                sli,
                sli.time_zone.as_deref(),
                sli.lateness,
                sli.counting,
                &sli.exclusions
            ),
            SliDefinition::Composite(sli) => own!(sli, None, None, none, &[]),
        }
    }
}
