//! The HTTP client of shoppers: every connection and every byte of it is ours to time and to count.
//!
//! In: an [`Outgoing`] request and the connections that it may use. Out: an [`Answer`] with the moment
//! of the first byte, read to its last. Nothing is hidden: no redirect is followed, no request is sent
//! twice, and a connection that closed while it was idle is noticed before anything is written to it.
//! Built on hyper's connections instead of a pooling client, which retries by itself on a stale
//! connection and cannot say when the first byte came.

mod answer;
mod client;
mod connection;
mod connector;
mod proxy;
mod target;
#[cfg(test)]
mod tests;
mod tls;

pub use answer::{Answer, Reason};
pub use client::{Client, Connections, Outgoing};
pub use connector::{Connector, ConnectorError};
