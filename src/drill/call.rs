//! One request beside the load: a hook of the drill timeline, a switch of the demo shop.
//!
//! In: a request with its URL. Out: its answer, or why there is none. It travels as the shoppers'
//! requests do, on a connection of its own, and is no part of what is recorded.

use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method};
use url::Url;

use super::http::{Client, Connections, Connector, ConnectorError, Outgoing};
use crate::scenario::{TlsPlan, TransportPlan};

/// A request beside the load.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its URL.
    pub url: &'a Url,
    /// Its headers; illegal ones are left out.
    pub headers: &'a [(String, String)],
    /// Its body; empty for none.
    pub body: &'a str,
    /// How long it may take.
    pub timeout: Duration,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct CallAnswer {
    /// HTTP status, 0 for no answer.
    pub status: u16,
    /// Why there was no answer.
    pub error: Option<&'static str>,
    /// The body of the answer.
    pub body: Vec<u8>,
}

impl Call<'_> {
    /// Sends it, and reads the answer to its last byte. The authorities that the scenario trusts are
    /// trusted here, too; its proxy, source addresses and client certificate are the shoppers' own.
    ///
    /// # Errors
    /// When nothing can be connected to its host at all.
    pub async fn send(&self, transport: &TransportPlan) -> Result<CallAnswer, ConnectorError> {
        let transport = TransportPlan {
            proxy: None,
            source_addresses: Vec::new(),
            tls: TlsPlan {
                certificate: None,
                server_name: None,
                ..transport.tls.clone()
            },
            ..transport.clone()
        };
        let connector = Connector::new(self.url, &transport)?;
        let client = Client::new(connector, None, Instant::now());
        let answer = client
            .send(&mut self.outgoing(), &Connections::default(), true)
            .await;
        Ok(CallAnswer {
            status: answer.status,
            error: answer.error.map(super::http::Reason::as_str),
            body: answer.body,
        })
    }

    fn outgoing(&self) -> Outgoing {
        let query = self.url.query().map(|query| format!("?{query}"));
        let legal = self.headers.iter().filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(value).ok()?))
        });
        Outgoing {
            method: Method::from_bytes(self.method.as_bytes()).unwrap_or(Method::POST),
            path: format!("{}{}", self.url.path(), query.unwrap_or_default()),
            headers: HeaderMap::from_iter(legal),
            body: Bytes::copy_from_slice(self.body.as_bytes()),
            wants_body: true,
            deadline: Instant::now() + self.timeout,
            made_connection: false,
        }
    }
}
