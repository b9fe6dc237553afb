//! What a calibration looks at: contacts, exposure and SLIs on one grid of windows.
//!
//! In: nothing; whoever has the tickets and the lake fills these. Out: plain data. No text of a
//! ticket and no identifier of a shopper is in here.

use jiff::tz::TimeZone;

/// Weeks of one shop, cut into windows of one length.
#[derive(Debug, Clone)]
pub struct CalibrationInput {
    /// Length of a window, µs; from 1 minute to 1 hour, a whole fraction of a day.
    pub window_us: i64,
    /// Start of the first window, UTC µs since 1970.
    pub start_us: i64,
    /// Zone of days and hours of the week: support and shoppers live in it.
    pub time_zone: TimeZone,
    /// What exposure is counted in; a level per session is none per request.
    pub exposure: ExposureUnit,
    /// One per window, oldest first, no gaps.
    pub windows: Vec<WindowCounts>,
    /// The SLIs to learn from.
    pub slis: Vec<SliInput>,
    /// Sessions with their own experience and whether they called; `None` where tickets carry no key
    /// that is in the lake.
    pub linked: Option<LinkedSessions>,
    /// What else is known to make people call: campaigns, a late shipment, a holiday.
    pub drivers: Vec<KnownDriver>,
    /// Hash of the whole SLI set, hex; written into the threshold file.
    pub sli_set_sha256: String,
    /// What was found wrong with the ticket export by its reader; each refuses or weakens the result.
    pub export_faults: Vec<ExportFault>,
}

impl CalibrationInput {
    /// Start of a window, UTC µs.
    pub(super) fn window_start_us(&self, index: usize) -> i64 {
        self.start_us + self.window_us * i64::try_from(index).unwrap_or(i64::MAX)
    }

    /// Whether a driver is on in some windows and off in others; else it says nothing.
    pub(super) fn has_both(&self, driver: &KnownDriver) -> bool {
        let mut windows = (0..self.windows.len()).map(|index| self.window_start_us(index));
        let on = windows.clone().any(|start_us| driver.covers(start_us));
        on && windows.any(|start_us| !driver.covers(start_us))
    }
}

/// Exposure and contacts of one window.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WindowCounts {
    /// Sessions that were attempted, whether or not they succeeded.
    pub sessions: Exposure,
    /// Contacts, one per order or shopper within 24 h.
    pub net_contacts: u64,
    /// Contacts as they came.
    pub gross_contacts: u64,
    /// Whether the ticket export covers the whole window.
    pub is_covered: bool,
}

/// What stands for an attempt to use the shop.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ExposureUnit {
    /// Sessions of shoppers.
    #[default]
    Sessions,
    /// Requests of the first step of the funnel, where no shopper is known.
    Requests,
}

impl ExposureUnit {
    /// As in the threshold file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Requests => "requests",
        }
    }
}

/// How many sessions were attempted.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Exposure {
    /// Counted.
    Counted(f64),
    /// Not counted, because they fall in an outage: what is expected at that time of the week.
    Expected(f64),
    /// Nobody knows; contacts of the window and of those that it reaches are not used.
    #[default]
    Unknown,
}

impl Exposure {
    /// The number, where there is one.
    #[must_use]
    pub fn sessions(self) -> Option<f64> {
        match self {
            Exposure::Counted(sessions) | Exposure::Expected(sessions) => Some(sessions),
            Exposure::Unknown => None,
        }
    }
}

/// One SLI in every window.
#[derive(Debug, Clone)]
pub struct SliInput {
    /// Identifier in the SLI set.
    pub name: String,
    /// In the business's words.
    pub title: String,
    /// Hash of what this one SLI means, hex: `SliPlan::meaning_sha256`.
    pub definition_sha256: String,
    /// Unit of its values, as `firedrill sli --json` has it: `share`, `microseconds`, `per_minute`,
    /// `per_second`.
    pub unit: String,
    /// Which way it gets worse.
    pub direction: Direction,
    /// Journey or event that it looks at; SLIs of one journey are told apart by name only.
    pub journey: String,
    /// Whether it should have nothing to do with contacts: a negative control. It gets no level, and
    /// an effect of it refuses the others.
    pub is_negative_control: bool,
    /// Contacts of the reason that this SLI is about, net, one per window; `None` takes all contacts.
    pub own_contacts: Option<Vec<u64>>,
    /// One per window; `None` where there was not enough data.
    pub values: Vec<Option<f64>>,
    /// Requests behind each value of a share; without them values are taken as if chance had no part
    /// in them, which pulls the onset towards harmless.
    pub requests: Option<Vec<u64>>,
}

/// Which way an SLI gets worse.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Latencies, error shares.
    HigherIsWorse,
    /// Success shares, orders per minute.
    LowerIsWorse,
}

/// Something with a name that makes people call for a while, whatever the SLIs show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownDriver {
    /// Its name, e.g. `spring campaign`.
    pub name: String,
    /// Half-open stretches, UTC µs since 1970.
    pub stretches_us: Vec<(i64, i64)>,
}

impl KnownDriver {
    /// Whether it is on at a time.
    #[must_use]
    pub fn covers(&self, ts_us: i64) -> bool {
        let mut stretches = self.stretches_us.iter();
        stretches.any(|(from_us, to_us)| (*from_us..*to_us).contains(&ts_us))
    }
}

/// The linked tier: sessions one by one.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkedSessions {
    /// The time within which a contact belongs to a session, µs; usually 24 h.
    pub horizon_us: i64,
    /// End of the ticket export, UTC µs: contacts after it are not known.
    pub export_end_us: i64,
    /// Names of the measures, in the order of [`LinkedSession::worst`], each the name of an SLI whose
    /// definition, unit and direction it shares.
    pub measures: Vec<String>,
    /// One per session, in any order.
    pub sessions: Vec<LinkedSession>,
    /// Share of the tickets in scope that were found in the lake, from 0 to 1.
    pub linked_share: f64,
}

/// One session.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkedSession {
    /// Its start, UTC µs.
    pub start_us: i64,
    /// Its own worst experience per measure; `None` where it never came to it.
    pub worst: Vec<Option<f64>>,
    /// How long after its start it made contact, µs; `None` if it did not within the horizon or
    /// before the end of the export.
    pub contact_delay_us: Option<i64>,
}

/// What is wrong with a ticket export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportFault {
    /// What, as a sentence fragment: "no ticket on 3 of 56 days".
    pub reason: String,
    /// What the user can do.
    pub cure: String,
    /// Whether no threshold may be learned from it.
    pub refuses: bool,
}
