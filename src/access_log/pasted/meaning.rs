//! What a value of a pasted format says about the request.

use crate::access_log::unit::Unit;

/// What a value says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing that is kept.
    Skipped,
    /// Nothing that is kept, as a list of nginx's upstream servers.
    SkippedList,
    /// When it was.
    Time(TimeText),
    /// Method, target and protocol.
    RequestLine,
    /// Path and query.
    Target,
    /// Path without the query.
    Path,
    /// Query, with or without `?`.
    Query,
    /// Method.
    Method,
    /// Status.
    Status,
    /// Duration of the request.
    Duration(Unit),
    /// Address of the other end of the connection.
    Client,
    /// Addresses that proxies passed on.
    ForwardedFor,
    /// User agent.
    UserAgent,
    /// Referrer.
    Referrer,
    /// The whole Cookie header.
    Cookie,
    /// One cookie that identifies a session.
    Session,
    /// Host of the request.
    Host,
    /// Service that answered.
    Service,
    /// Bytes of the request.
    BytesIn,
    /// Bytes of the response.
    BytesOut,
    /// One entry per upstream server that was tried.
    UpstreamList,
    /// Identifier of the request.
    RowKey,
}

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeText {
    /// `27/Nov/2026:08:00:01 +0000`, maybe with a fraction of the second.
    Clf,
    /// `27/Nov/2026:08:00:01`, maybe with a fraction.
    ClfLocal,
    /// `2026-11-27T08:00:01+00:00`, maybe with a fraction, maybe without the zone.
    Iso,
    /// The same with a space in place of `T`.
    IsoSpaced,
    /// A number since 1970.
    Epoch(Unit),
}

impl Meaning {
    /// Spaces inside of such a value, when it is not quoted.
    pub fn spaces_inside(self) -> usize {
        if matches!(self, Meaning::Time(TimeText::Clf | TimeText::IsoSpaced)) {
            1
        } else if self == Meaning::RequestLine {
            2
        } else {
            0
        }
    }

    /// Whether entries are separated by `, ` or ` : `.
    pub fn is_list(self) -> bool {
        matches!(
            self,
            Meaning::SkippedList | Meaning::UpstreamList | Meaning::ForwardedFor
        )
    }

    /// Whether it may hold any number of spaces.
    pub fn is_text(self) -> bool {
        matches!(self, Meaning::UserAgent | Meaning::Cookie)
    }

    /// Of two values in one format that say the same, the one with the larger number is kept, and
    /// of equal numbers the first.
    pub fn precision(self) -> u8 {
        match self {
            Meaning::Time(TimeText::Epoch(unit)) | Meaning::Duration(unit) => match unit {
                Unit::Seconds => 1,
                Unit::Milliseconds => 2,
                Unit::Microseconds | Unit::Nanoseconds => 3,
            },
            Meaning::RequestLine => 3,
            Meaning::Target => 2,
            Meaning::Path => 1,
            Meaning::Skipped
            | Meaning::SkippedList
            | Meaning::Time(
                TimeText::Clf | TimeText::ClfLocal | TimeText::Iso | TimeText::IsoSpaced,
            )
            | Meaning::Query
            | Meaning::Method
            | Meaning::Status
            | Meaning::Client
            | Meaning::ForwardedFor
            | Meaning::UserAgent
            | Meaning::Referrer
            | Meaning::Cookie
            | Meaning::Session
            | Meaning::Host
            | Meaning::Service
            | Meaning::BytesIn
            | Meaning::BytesOut
            | Meaning::UpstreamList
            | Meaning::RowKey => 0,
        }
    }

    /// Whether both say the same of the request.
    pub fn is_same_as(self, other: Meaning) -> bool {
        let is_request = |meaning| {
            matches!(
                meaning,
                Meaning::RequestLine | Meaning::Target | Meaning::Path
            )
        };
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
            || (is_request(self) && is_request(other))
    }

    /// Why a line is refused in which the text after such a value is missing.
    pub fn unended(self) -> &'static str {
        match self {
            Meaning::Skipped | Meaning::SkippedList => "the text after a skipped value is missing",
            Meaning::Time(_) => "the text after the time is missing",
            Meaning::RequestLine => "the text after the request is missing",
            Meaning::Target | Meaning::Path => "the text after the request target is missing",
            Meaning::Query => "the text after the query is missing",
            Meaning::Method => "the text after the method is missing",
            Meaning::Status => "the text after the status is missing",
            Meaning::Duration(_) => "the text after the duration is missing",
            Meaning::Client => "the text after the client is missing",
            Meaning::ForwardedFor => "the text after the forwarded addresses is missing",
            Meaning::UserAgent => "the text after the user agent is missing",
            Meaning::Referrer => "the text after the referrer is missing",
            Meaning::Cookie | Meaning::Session => "the text after the cookie is missing",
            Meaning::Host => "the text after the host is missing",
            Meaning::Service => "the text after the service is missing",
            Meaning::BytesIn | Meaning::BytesOut => "the text after the bytes is missing",
            Meaning::UpstreamList => "the text after the upstream servers is missing",
            Meaning::RowKey => "the text after the request id is missing",
        }
    }
}

/// What one cookie says: a session, when its name says so.
pub fn of_cookie(name: &str) -> Meaning {
    const SESSION_PARTS: [&str; 4] = ["sess", "sid", "visitor", "uid"];
    let name = name.to_ascii_lowercase();
    if SESSION_PARTS.iter().any(|part| name.contains(part)) {
        Meaning::Session
    } else {
        Meaning::Skipped
    }
}
