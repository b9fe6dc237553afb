//! What came back of a request, or why nothing did.

use std::io::ErrorKind;

use hyper::HeaderMap;

use crate::request_record::NO_ANSWER;

/// This process has as many files open as it may; the standard library has no name for it.
const EMFILE: i32 = 24;
/// The whole system has.
const ENFILE: i32 = 23;

/// Why there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The name of the host has no address.
    Dns,
    /// No connection was made, or not in time.
    Connect,
    /// The host was reached, and refused the connection: nobody listens there.
    Refused,
    /// This machine had no port left for a connection.
    Ports,
    /// This process may have no more files open.
    Descriptors,
    /// The two sides found no common TLS, or a certificate was refused.
    Tls,
    /// The answer, or its first byte, took longer than it may.
    Timeout,
    /// The shopper lost patience.
    Abandoned,
    /// The connection was closed before the answer was complete.
    Reset,
    /// What came back was no HTTP.
    Protocol,
    /// The request could not be made: no URL, or an illegal header.
    Request,
    /// The run was stopped.
    Cancelled,
}

impl Reason {
    /// The name under which it is recorded.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Dns => "dns",
            Reason::Connect => "connect",
            Reason::Refused => "refused",
            Reason::Ports => "ports",
            Reason::Descriptors => "descriptors",
            Reason::Tls => "tls",
            Reason::Timeout => "timeout",
            Reason::Abandoned => "abandoned",
            Reason::Reset => "reset",
            Reason::Protocol => "protocol",
            Reason::Request => "request",
            Reason::Cancelled => "cancelled",
        }
    }

    /// Why the system made no connection: only some of its reasons are the target's.
    pub(super) fn of_system(error: &std::io::Error) -> Self {
        match (error.kind(), error.raw_os_error()) {
            (ErrorKind::AddrNotAvailable | ErrorKind::AddrInUse, _) => Reason::Ports,
            (ErrorKind::ConnectionRefused, _) => Reason::Refused,
            (_, Some(EMFILE | ENFILE)) => Reason::Descriptors,
            _ => Reason::Connect,
        }
    }

    /// What an error of hyper means for a shopper.
    pub(super) fn of(error: &hyper::Error) -> Self {
        if error.is_parse() || error.is_parse_too_large() || error.is_parse_status() {
            Reason::Protocol
        } else if error.is_timeout() {
            Reason::Timeout
        } else {
            Reason::Reset
        }
    }
}

/// What came back of one request.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status, 0 for no answer.
    pub status: u16,
    /// Why there was no answer, or only a part of one.
    pub error: Option<Reason>,
    /// Its headers; empty where there was no answer.
    pub headers: HeaderMap,
    /// The body without its compression, where somebody wants to look at it; else empty.
    pub body: Vec<u8>,
    /// Bytes of the body as they came, compressed or not.
    pub bytes_out: u64,
    /// When the head of the answer was there, µs since the start of the run.
    pub first_byte_us: Option<i64>,
    /// Whether a connection had to be made for it.
    pub is_new_connection: bool,
}

impl Answer {
    /// No answer.
    #[must_use]
    pub fn none(error: Reason) -> Self {
        Self {
            status: NO_ANSWER,
            error: Some(error),
            headers: HeaderMap::new(),
            body: Vec::new(),
            bytes_out: 0,
            first_byte_us: None,
            is_new_connection: false,
        }
    }
}
