//! The one row type of the product: a request, whoever made it.
//!
//! In: parsed log lines, and requests made by a drill. Out: rows of the lake. Production logs,
//! rehearsals and probes all become this, so that one SLI definition judges all three.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// Who made a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// A real customer, read from a production log.
    Customer,
    /// A simulated shopper of a rehearsal.
    Drill,
    /// A probe of a partner or of our own shop.
    Probe,
}

impl Origin {
    /// Every origin, in the order of the declaration.
    pub const ALL: [Origin; 3] = [Origin::Customer, Origin::Drill, Origin::Probe];

    /// The name under which it is stored: `customer`, `drill` or `probe`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::Customer => "customer",
            Origin::Drill => "drill",
            Origin::Probe => "probe",
        }
    }

    /// The origin with the stored name `text`, if there is one.
    #[must_use]
    pub fn from_name(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.as_str() == text)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A text of a record, and what its address says: rows by the million share a few routes, methods
/// and classes, and whoever collects rows need not read such a text again for every row.
#[derive(Debug, Clone, Copy)]
pub enum Text<'a> {
    /// Of the program: other bytes are never at its address.
    Fixed(&'static str),
    /// Whoever keeps a clone knows it by its address.
    Shared(&'a Arc<str>),
    /// Anywhere: what is at its address for the next row may be another text.
    Passing(&'a str),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Text::Fixed(text) | Text::Passing(text) => text,
            Text::Shared(text) => text,
        }
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Text<'_> {}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Text::Passing(text)
    }
}

impl<'a> From<&'a Arc<str>> for Text<'a> {
    fn from(text: &'a Arc<str>) -> Self {
        Text::Shared(text)
    }
}

/// Status of a request that got no HTTP answer at all (refused, reset, timed out).
pub const NO_ANSWER: u16 = 0;

/// Whether a request without an answer says nothing about who should have answered it: it was cut off
/// at the end of a run, could not be made, or the machine that made it had no port or file descriptor left.
#[must_use]
pub fn is_own_error(error: &str) -> bool {
    matches!(error, "cancelled" | "request" | "ports" | "descriptors")
}

/// One request. Texts are borrowed: a row lives only while it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestRecord<'a> {
    /// When the request should have begun, UTC µs since 1970: the arrival for logs, the due time
    /// of the schedule for drills.
    pub ts_us: i64,
    /// Who made it.
    pub origin: Origin,
    /// Identifier of the rehearsal it belongs to; `None` for production logs.
    pub run_id: Option<Text<'a>>,
    /// The service that answered.
    pub service: Text<'a>,
    /// HTTP method in capitals.
    pub method: Text<'a>,
    /// Path template, e.g. `/product/{id}`.
    pub route: Text<'a>,
    /// HTTP status, 100–599, or [`NO_ANSWER`].
    pub status: u16,
    /// Response time in µs, from when the request should have begun to the last byte of the body;
    /// `None` where the log carries no duration.
    pub latency_us: Option<u64>,
    /// Service time in µs, from when the request was really sent to the last byte of the body;
    /// `None` where only one duration is known.
    pub service_us: Option<u64>,
    /// Time to the first byte in µs, from when the request was really sent until the head of its
    /// answer was there; `None` where nobody measured it, as in logs, or nothing came.
    pub first_byte_us: Option<u64>,
    /// Bytes of the request, where known.
    pub bytes_in: Option<u64>,
    /// Bytes of the response, where known.
    pub bytes_out: Option<u64>,
    /// Keyed hash of whoever made the request; equal values are one shopper.
    pub shopper: Option<i64>,
    /// Why there was no answer: `timeout`, `connect`, `reset`, `cancelled`.
    pub error: Option<Text<'a>>,
    /// Position in the source: byte offset of the line, or sequence number of the drill request.
    pub position: u64,
    /// What kind of client made it, e.g. `human`, `bot`, `monitor`; `None` where it is not known.
    pub client_class: Option<Text<'a>>,
    /// Name of the client where it has one, e.g. `Googlebot`.
    pub client_name: Option<Text<'a>>,
    /// What sent the shopper: advertiser, partner, search; `None` where nothing says it.
    pub channel: Option<Text<'a>>,
    /// What is kept of the query string; `None` for nothing.
    pub query: Option<Text<'a>>,
    /// How many servers behind the proxy were tried, at least 1; `None` where the log lacks it.
    pub upstream_tries: Option<u32>,
    /// How many requests the row stands for, at least 1; more than 1 where the log is sampled.
    pub weight: u32,
    /// Hash of the identifier that an exporter gave the row, by which a row that was delivered
    /// twice is known; `None` where there is none.
    pub row_key: Option<i64>,
}
