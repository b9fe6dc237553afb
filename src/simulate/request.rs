//! One request of the simulation and the client that makes it, as small as they can be kept.
//!
//! In: nothing. Out: the types that a session fills in, an answer completes, and the log line and
//! the truth read.

use super::endpoint::Endpoint;
use super::visitor::Visitor;
use std::net::IpAddr;

/// Who makes the requests of a session.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    /// What kind of visitor it is.
    pub visitor: Visitor,
    /// Where it comes from.
    pub address: IpAddr,
    /// What it says it is; `-` for nothing.
    pub user_agent: &'static str,
    /// Tells its advertisement clicks from all others.
    pub click_id: u64,
}

/// How a visit came to the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landing {
    /// By a bookmark or by typing; also every request after the first of a visit.
    Direct,
    /// From the results of a search engine.
    OrganicSearch,
    /// From an advertisement of a search engine, with its `gclid`.
    PaidSearch,
    /// From a newsletter, with its `utm_…`.
    Newsletter,
    /// From a social network, with its `utm_…`.
    Social,
    /// From a price comparison, with its `partner` and `click_id`.
    Partner,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The kind of request.
    pub endpoint: Endpoint,
    /// Product id, number of the search text or of the picture; 0 where there is none.
    pub id: u32,
    /// What the query string says about the visit; for products and the home page only.
    pub landing: Landing,
}

/// What the browser says about the page it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Referrer {
    /// Nothing.
    None,
    /// A page outside the shop.
    Outside(Landing),
    /// A page of the shop.
    Page(Target),
}

/// A request with its answer.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// What is asked for.
    pub target: Target,
    /// Where the link was.
    pub referrer: Referrer,
    /// When it begins, UTC µs.
    pub start_us: i64,
    /// How it is answered.
    pub answer: Answer,
}

/// How a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// From the first byte of the request to the last of the answer, in whole ms, rounded down as
    /// nginx does.
    pub latency_ms: u32,
    /// Bytes of the body.
    pub body_bytes: u64,
    /// Index of the planted incident that touched it.
    pub incident: Option<u16>,
}

impl Request {
    /// When the last byte was sent, UTC µs.
    pub fn end_us(&self) -> i64 {
        self.start_us + i64::from(self.answer.latency_ms) * 1_000
    }
}

impl Answer {
    /// Whether the visitor got what was asked for, if only by a redirect or from its own copy.
    pub fn is_success(&self) -> bool {
        self.status < 400
    }
}
