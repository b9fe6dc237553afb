//! The one row type of the product: a request, whoever made it.
//!
//! In: parsed log lines, and requests made by a drill. Out: rows of the lake. Production logs,
//! rehearsals and probes all become this, so that one SLI definition judges all three.

use std::fmt;

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

/// Status of a request that got no HTTP answer at all (refused, reset, timed out).
pub const NO_ANSWER: u16 = 0;

/// One request. Texts are borrowed: a row lives only while it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestRecord<'a> {
    /// When the request should have begun, UTC µs since 1970: the arrival for logs, the due time
    /// of the schedule for drills.
    pub ts_us: i64,
    /// Who made it.
    pub origin: Origin,
    /// Identifier of the rehearsal it belongs to; `None` for production logs.
    pub run_id: Option<&'a str>,
    /// The service that answered.
    pub service: &'a str,
    /// HTTP method in capitals.
    pub method: &'a str,
    /// Path template, e.g. `/product/{id}`.
    pub route: &'a str,
    /// HTTP status, 100–599, or [`NO_ANSWER`].
    pub status: u16,
    /// Response time in µs, from when the request should have begun to the last byte of the body;
    /// `None` where the log carries no duration.
    pub latency_us: Option<u64>,
    /// Service time in µs, from when the request was really sent to the last byte of the body;
    /// `None` where only one duration is known.
    pub service_us: Option<u64>,
    /// Bytes of the request, where known.
    pub bytes_in: Option<u64>,
    /// Bytes of the response, where known.
    pub bytes_out: Option<u64>,
    /// Keyed hash of whoever made the request; equal values are one shopper.
    pub shopper: Option<i64>,
    /// Why there was no answer: `timeout`, `connect`, `reset`, `cancelled`.
    pub error: Option<&'a str>,
    /// Position in the source: byte offset of the line, or sequence number of the drill request.
    pub position: u64,
    /// What kind of client made it, e.g. `human`, `bot`, `monitor`; `None` where it is not known.
    pub client_class: Option<&'a str>,
    /// Name of the client where it has one, e.g. `Googlebot`.
    pub client_name: Option<&'a str>,
    /// What sent the shopper: advertiser, partner, search; `None` where nothing says it.
    pub channel: Option<&'a str>,
    /// What is kept of the query string; `None` for nothing.
    pub query: Option<&'a str>,
    /// How many servers behind the proxy were tried, at least 1; `None` where the log lacks it.
    pub upstream_tries: Option<u32>,
    /// How many requests the row stands for, at least 1; more than 1 where the log is sampled.
    pub weight: u32,
    /// Hash of the identifier that an exporter gave the row, by which a row that was delivered
    /// twice is known; `None` where there is none.
    pub row_key: Option<i64>,
}
