//! One probe as it is judged, and why it failed.

use std::fmt;

/// One probe: all requests of a journey that was taken once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// Who was probed: index of the partner, or of the reference after all partners.
    pub probed: usize,
    /// Who probed, where several did: probers have networks of their own.
    pub prober: usize,
    /// When it began, UTC µs.
    pub start_us: i64,
    /// When its last answer was there, or was given up, UTC µs.
    pub end_us: i64,
    /// From sending to the last byte, over all its requests, µs; thinking is left out.
    pub took_us: u64,
    /// Why it failed; `None` for a good one.
    pub failure: Option<FailureKind>,
}

/// Why a probe failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureKind {
    /// The name of the host has no address.
    Dns,
    /// No connection was made.
    Connect,
    /// The host was reached, and nobody listens there.
    Refused,
    /// No common TLS, or the certificate was refused.
    Tls,
    /// No answer in time.
    Timeout,
    /// The connection was closed before the answer was complete.
    Reset,
    /// What came back was no HTTP.
    Protocol,
    /// The request could not be made.
    Request,
    /// The prober's own machine had no port left.
    Ports,
    /// The prober's own process may have no more files open.
    Descriptors,
    /// The answer was not as its step wants it.
    Check,
    /// The status was not one that the step wants.
    Status(u16),
    /// Something that this version does not know.
    Other,
}

impl FailureKind {
    /// What a row of the lake says.
    #[must_use]
    pub fn of_row(error: &str, status: u16) -> Self {
        match error {
            "dns" => Self::Dns,
            "connect" => Self::Connect,
            "refused" => Self::Refused,
            "tls" => Self::Tls,
            "timeout" => Self::Timeout,
            "reset" => Self::Reset,
            "protocol" => Self::Protocol,
            "request" => Self::Request,
            "ports" => Self::Ports,
            "descriptors" => Self::Descriptors,
            "check" => Self::Check,
            "status" => Self::Status(status),
            _ => Self::Other,
        }
    }

    /// Whether it can be that nobody at all was reached. Whoever refuses a connection or a certificate, or
    /// answers with anything, was reached.
    #[must_use]
    pub fn is_unreached(self) -> bool {
        match self {
            Self::Dns | Self::Connect | Self::Timeout | Self::Reset => true,
            Self::Refused
            | Self::Tls
            | Self::Protocol
            | Self::Request
            | Self::Ports
            | Self::Descriptors
            | Self::Check
            | Self::Status(_)
            | Self::Other => false,
        }
    }

    /// Whether it was the prober that failed: nothing was sent.
    #[must_use]
    pub fn is_own(self) -> bool {
        matches!(self, Self::Request | Self::Ports | Self::Descriptors)
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Refused => "refused",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::Protocol => "protocol",
            Self::Request => "request",
            Self::Ports => "ports",
            Self::Descriptors => "descriptors",
            Self::Check => "check",
            Self::Status(status) => return write!(formatter, "status {status}"),
            Self::Other => "other",
        };
        formatter.write_str(word)
    }
}
