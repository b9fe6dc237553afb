//! The stretch of time of an objective as an OpenSLO `timeWindow`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{OpenSloVersion, shorthand};
use crate::exchange::burn::{self, Over};
use crate::sli::definition::{SliDefinition, SliSetDefinition};
use crate::time_window;

/// A Monday that is also the first of a month and a year: days, weeks and months begin there.
const CALENDAR_START: &str = "2024-01-01 00:00:00";

/// A time window, its length, and what other tools will understand differently.
pub(super) struct Window {
    /// The one item of `timeWindow`.
    pub(super) value: Value,
    /// Its length, µs.
    pub(super) length_us: u64,
    /// What is said differently.
    pub(super) notice: Option<String>,
}

/// The zone of days, weeks and months of an SLI: its own, that of the SLI whose windows it counts, or
/// the set's.
pub(super) fn zone_of<'s>(sli: &'s SliDefinition, set: &'s SliSetDefinition) -> &'s str {
    let of = match sli {
        SliDefinition::WindowsGood(sli) => set.slis.iter().find(|of| of.name() == sli.of),
        SliDefinition::Rate(_)
        | SliDefinition::Ratio(_)
        | SliDefinition::Latency(_)
        | SliDefinition::LatencyCut(_)
        | SliDefinition::Apdex(_)
        | SliDefinition::UserUptime(_)
        | SliDefinition::Funnel(_)
        | SliDefinition::Composite(_) => None,
    };
    let of_other = || of.and_then(|of| of.own().time_zone);
    let zone = sli.own().time_zone.or_else(of_other);
    zone.or(set.time_zone.as_deref()).unwrap_or("UTC")
}

/// The window of `over` in days of `zone`; `None` for a period that cannot be read.
pub(super) fn of(
    over: &str,
    zone: &str,
    set: &SliSetDefinition,
    version: OpenSloVersion,
) -> Option<Window> {
    let parsed = Over::of(over, set);
    let length_us = parsed.length_us()?;
    let calendar = |duration: &str, start: &str| {
        json!({
            "duration": duration,
            "isRolling": false,
            "calendar": {"startTime": start, "timeZone": zone},
        })
    };
    let rolling = json!({"duration": shorthand::written(length_us), "isRolling": true});
    let (value, notice) = match parsed {
        Over::Rolling(_) => (rolling, None),
        Over::Day => (calendar("1d", CALENDAR_START), None),
        Over::Week => (calendar("1w", CALENDAR_START), None),
        Over::Month if version == OpenSloVersion::V1 => (calendar("1M", CALENDAR_START), None),
        Over::Month => {
            let notice = "this version has no months: 30 rolling days for `month`";
            (rolling, Some(notice.to_owned()))
        }
        Over::Period(_) => {
            let start = start_of(over, set, zone)?;
            let notice = format!("others repeat the period `{over}` after its end");
            (
                calendar(&shorthand::written(length_us), &start),
                Some(notice),
            )
        }
    };
    Some(Window {
        value,
        length_us,
        notice,
    })
}

/// The first moment of a period as local time without a zone.
fn start_of(period: &str, set: &SliSetDefinition, zone: &str) -> Option<String> {
    let window = burn::period(period, set)?;
    let start = Timestamp::from_microsecond(window.start_us).ok()?;
    let local = start.to_zoned(time_window::zone(zone).ok()?);
    Some(local.strftime("%Y-%m-%d %H:%M:%S").to_string())
}
