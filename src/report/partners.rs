//! The summary of partners and their SLAs: plain data, for the partner to read.
//!
//! In: nothing; the caller fills it in. Out: what the writers of HTML, Markdown and CSV show, and the same
//! as JSON. Sentences are finished here; numbers stand beside them for whoever counts.

use jiff::tz::TimeZone;
use serde::Serialize;

use super::page::{Fact, State, Verdict};

/// One or more partners over a range.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartnersPage {
    /// What it is about.
    pub title: String,
    /// Whether every partner kept what it promised.
    pub verdict: Verdict,
    /// The same in words.
    pub sentence: String,
    /// First moment, UTC µs.
    pub from_us: i64,
    /// First moment after it, UTC µs.
    pub to_us: i64,
    /// Zone of days and times.
    pub zone: String,
    /// What it was made from and when.
    pub facts: Vec<Fact>,
    /// The partners, in the order of their file.
    pub partners: Vec<PartnerPart>,
    /// How it was computed.
    pub method: Vec<String>,
}

/// One partner.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartnerPart {
    /// Its name.
    pub name: String,
    /// Where it was probed.
    pub base_url: String,
    /// Where its promise is written.
    pub contract: Option<String>,
    /// The worst of its objectives; `None` where it promised nothing.
    pub state: Option<State>,
    /// The same in words.
    pub sentence: String,
    /// Probes and time.
    pub facts: Vec<Fact>,
    /// Each objective over each stretch.
    pub objectives: Vec<PromiseRow>,
    /// When it was down, oldest first.
    pub incidents: Vec<IncidentRow>,
    /// Support contacts of customers that are predicted of that time, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicted_contacts: Option<PartnerContacts>,
    /// What counts neither as up nor as down, oldest first.
    pub excluded: Vec<ExcludedRow>,
    /// Stretches by what is known of them, oldest first, for the strip.
    pub strip: Vec<StripSpan>,
    /// What is not known.
    pub unknowns: Vec<String>,
    /// Probes and time as numbers.
    pub totals: PartnerTotals,
}

/// Support contacts of customers while a partner was down.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartnerContacts {
    /// Beyond those that come anyway; `None` where it is not known.
    pub value: Option<f64>,
    /// 90 % interval of `value`.
    pub interval: Option<[f64; 2]>,
    /// The same in words.
    pub sentence: String,
}

/// Probes and time of a partner as numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PartnerTotals {
    /// All probes, and the good ones.
    pub probes: u64,
    /// Good ones among all.
    pub good: u64,
    /// Probes that count.
    pub counted: u64,
    /// Good ones among them.
    pub counted_good: u64,
    /// Probes in what the contract leaves out.
    pub excluded: u64,
    /// Probes in a loss of our own network.
    pub own_network: u64,
    /// Seconds since the first probe ever.
    pub elapsed_s: f64,
    /// Seconds that the contract leaves out.
    pub excluded_s: f64,
    /// Seconds that were measured.
    pub measured_s: f64,
    /// Seconds that were lost with our own network.
    pub own_network_s: f64,
    /// Seconds down, of those that were measured.
    pub down_s: f64,
    /// Share of the time that counts which was measured.
    pub measured_share: Option<f64>,
}

/// One objective over one stretch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PromiseRow {
    /// What was promised.
    pub promise: String,
    /// `availability`, `downtime`, `latency_share` or `latency_percentile`.
    pub kind: &'static str,
    /// Over what, as the file has it.
    pub over: String,
    /// First moment, UTC µs.
    pub from_us: i64,
    /// First moment after it, UTC µs.
    pub to_us: i64,
    /// Whether it is over.
    pub is_over: bool,
    /// Met, missed or not known.
    pub state: State,
    /// The value as the promise is written.
    pub shown: String,
    /// Its 95 % interval.
    pub shown_interval: Option<String>,
    /// The arithmetic.
    pub arithmetic: Vec<String>,
    /// The least share.
    pub target: f64,
    /// The limit of a latency, µs.
    pub limit_us: Option<u64>,
    /// The share that is judged.
    pub value: Option<f64>,
    /// Good ones.
    pub good: u64,
    /// Those that count.
    pub n: u64,
    /// 95 % interval of good by n.
    pub interval: Option<[f64; 2]>,
    /// The fewest with which flawless ones prove the target.
    pub n_min: u64,
    /// How many would prove it at this share of failures.
    pub n_to_prove: Option<u64>,
    /// The percentile, µs.
    pub percentile_us: Option<u64>,
    /// Its 95 % interval, µs.
    pub percentile_interval_us: Option<[u64; 2]>,
    /// Seconds down in the stretch.
    pub down_s: f64,
    /// Seconds that it may be down in the whole stretch.
    pub allowed_s: Option<f64>,
    /// Share of the time that counts which was measured.
    pub measured_share: Option<f64>,
    /// The same share with everything that was left out, as both are shown.
    pub value_with_all: Option<f64>,
}

/// A stretch in which a partner was down.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IncidentRow {
    /// First failed probe, UTC µs.
    pub from_us: i64,
    /// First good one, or where the measuring ended, UTC µs.
    pub to_us: i64,
    /// `recovered`, `not_measured` or `open`.
    pub end: &'static str,
    /// Failed probes.
    pub probes: usize,
    /// Why they failed.
    pub kinds: Vec<String>,
    /// Its length, seconds.
    pub length_s: f64,
    /// How much of it counts, seconds.
    pub counted_s: f64,
}

/// A stretch that counts neither as up nor as down.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExcludedRow {
    /// First moment, UTC µs.
    pub from_us: i64,
    /// First moment after it, UTC µs.
    pub to_us: i64,
    /// `contract`, `own_network` or `not_measured`.
    pub kind: &'static str,
    /// Why.
    pub reason: String,
}

/// A stretch of the strip.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StripSpan {
    /// First moment, UTC µs.
    pub from_us: i64,
    /// First moment after it, UTC µs.
    pub to_us: i64,
    /// What is known of it.
    pub kind: StripKind,
}

/// What is known of a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StripKind {
    /// Measured, and not down.
    Up,
    /// Down.
    Down,
    /// Left out by the contract.
    Excluded,
    /// Our own network was lost.
    OwnNetwork,
}

impl PartnersPage {
    /// The zone of its times; UTC where this machine does not know it.
    pub(super) fn time_zone(&self) -> TimeZone {
        TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC)
    }
}
