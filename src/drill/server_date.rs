//! What time a web server has, as far as its `Date` header says: whole seconds.
//!
//! In: a URL. Out: the header of one answer after the other, on one connection that is kept. It computes
//! nothing: what the headers say of two clocks is worked out by whoever asks.

use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::header::{AGE, DATE};
use hyper::{HeaderMap, Method};
use url::Url;

use super::http::{Client, Connections, Connector, ConnectorError, Outgoing};
use crate::scenario::TransportPlan;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Asks one server for its time.
#[derive(Debug)]
pub struct ServerDates {
    client: Client,
    connections: Connections,
    path: String,
}

/// What one answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerDate {
    /// The `Date` header; `None` where there is none.
    pub date: Option<String>,
    /// Whether a cache gave the answer, whose date is then that of another moment.
    pub is_cached: bool,
}

impl ServerDates {
    /// Of the server at `url`, asked as shoppers ask.
    ///
    /// # Errors
    /// When nothing can be connected to it at all.
    pub fn new(url: &Url, transport: &TransportPlan) -> Result<Self, ConnectorError> {
        let connector = Connector::new(url, transport)?;
        Ok(Self {
            client: Client::new(connector, None, Instant::now()),
            connections: Connections::default(),
            path: url[url::Position::BeforePath..url::Position::AfterQuery].to_owned(),
        })
    }

    /// One `HEAD` request.
    ///
    /// # Errors
    /// Why there was no answer, in a word.
    pub async fn ask(&self) -> Result<ServerDate, &'static str> {
        let mut outgoing = Outgoing {
            method: Method::HEAD,
            path: self.path.clone(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            wants_body: false,
            deadline: Instant::now() + TIMEOUT,
            made_connection: false,
        };
        let answer = self
            .client
            .send(&mut outgoing, &self.connections, false)
            .await;
        if let Some(reason) = answer.error {
            return Err(reason.as_str());
        }
        let date = answer.headers.get(DATE).and_then(|date| date.to_str().ok());
        let age = answer.headers.get(AGE).and_then(|age| age.to_str().ok());
        Ok(ServerDate {
            date: date.map(ToOwned::to_owned),
            is_cached: age.is_some_and(|age| age.trim() != "0"),
        })
    }
}
