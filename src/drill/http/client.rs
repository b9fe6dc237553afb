//! Requests on connections: which one is used, and when it is kept.

use std::io::Read;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, HOST, HeaderValue, PROXY_AUTHORIZATION};
use hyper::{HeaderMap, Method, Request, Response, Uri};
use tokio::time::timeout_at;

use super::answer::{Answer, Reason};
use super::connection::{Body, Connection, Unsent};
use super::connector::Connector;
use super::target;
use crate::request_record::NO_ANSWER;

/// The longest body that is kept for checks and extraction; the rest is counted only.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A request that is ready to be sent.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Its method.
    pub method: Method,
    /// Path and query; what may not stand there is sent in percent codes.
    pub path: String,
    /// Its headers but for `Host`; they are gone once it is sent.
    pub headers: HeaderMap,
    /// Its body; empty for none.
    pub body: Bytes,
    /// Whether the body of the answer is wanted, and not only counted.
    pub wants_body: bool,
    /// Until when the answer must be complete.
    pub deadline: Instant,
    /// Whether a connection was made for it, once it was sent; known even if nobody waited for the answer.
    pub made_connection: bool,
}

impl Outgoing {
    /// No answer to it.
    #[must_use]
    pub fn unanswered(&self, reason: Reason) -> Answer {
        Answer {
            is_new_connection: self.made_connection,
            ..Answer::none(reason)
        }
    }
}

/// Open connections: those of all shoppers of a worker, or of one of them.
#[derive(Debug, Default)]
pub struct Connections {
    open: Mutex<Vec<Connection>>,
}

impl Connections {
    /// One that can take a request now; those that closed are forgotten.
    fn take(&self) -> Option<Connection> {
        let mut open = self.open();
        let mut at = open.len();
        // The one that was used last is the least likely to be closed by now.
        while at > 0 {
            at -= 1;
            if open[at].is_closed() {
                open.swap_remove(at);
            } else if open[at].is_ready() {
                return open[at].shared().or_else(|| Some(open.swap_remove(at)));
            }
        }
        None
    }

    fn keep(&self, connection: Connection) {
        self.open().push(connection);
    }

    fn open(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends requests; one per worker.
#[derive(Debug)]
pub struct Client {
    connector: Connector,
    first_byte_timeout: Option<Duration>,
    origin: Instant,
}

impl Client {
    /// A client that connects with `connector`; times are given since `origin`.
    #[must_use]
    pub fn new(
        connector: Connector,
        first_byte_timeout: Option<Duration>,
        origin: Instant,
    ) -> Self {
        Self {
            connector,
            first_byte_timeout,
            origin,
        }
    }

    /// Sends `outgoing` on one of `connections`, or on a new one when none is free or `is_fresh`
    /// asks for it, and reads the answer to its last byte. `outgoing` gives its headers away.
    pub async fn send(
        &self,
        outgoing: &mut Outgoing,
        connections: &Connections,
        is_fresh: bool,
    ) -> Answer {
        let deadline = outgoing.deadline.into();
        let exchange = self.exchange(outgoing, connections, is_fresh);
        match timeout_at(deadline, exchange).await {
            Ok(answer) => answer,
            Err(_) => outgoing.unanswered(Reason::Timeout),
        }
    }

    async fn exchange(
        &self,
        outgoing: &mut Outgoing,
        connections: &Connections,
        is_fresh: bool,
    ) -> Answer {
        let mut request = None;
        loop {
            let idle = if is_fresh { None } else { connections.take() };
            let is_new = idle.is_none();
            let connection = match idle {
                Some(connection) => Ok(connection),
                // What connecting needs, TLS above all, is kilobytes: in a box of its own it is no part of
                // every request that finds a connection.
                None => Box::pin(self.connector.connect()).await,
            };
            let mut connection = match connection {
                Ok(connection) => connection,
                Err(reason) => return outgoing.unanswered(reason),
            };
            outgoing.made_connection |= is_new;
            let ready = match request.take() {
                Some(request) => Ok(request),
                None => self.request(outgoing, &connection),
            };
            let Ok(ready) = ready else {
                return outgoing.unanswered(Reason::Request);
            };
            if is_new && let Some(shared) = connection.shared() {
                connections.keep(shared);
            }
            match self.head(&mut connection, ready).await {
                Ok(response) => {
                    let answer = self.read(response, outgoing.wants_body, is_new).await;
                    if answer.error.is_none() && !connection.wants_authority() {
                        give_back(connection, connections);
                    }
                    return answer;
                }
                // It closed before anything was written: for the wire, this request never was.
                Err(unsent) if unsent.request.is_some() && !is_new => request = unsent.request,
                Err(unsent) => return outgoing.unanswered(unsent.reason),
            }
        }
    }

    async fn head(
        &self,
        connection: &mut Connection,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, Unsent> {
        let head = connection.send(request);
        match self.first_byte_timeout {
            None => head.await,
            Some(limit) => tokio::time::timeout(limit, head)
                .await
                .unwrap_or(Err(Unsent {
                    request: None,
                    reason: Reason::Timeout,
                })),
        }
    }

    fn request(
        &self,
        outgoing: &mut Outgoing,
        connection: &Connection,
    ) -> Result<Request<Body>, hyper::http::Error> {
        let endpoint = self.connector.endpoint();
        let path = target::escaped(&outgoing.path);
        let is_absolute = connection.wants_authority() || self.connector.names_host_to_proxy();
        let uri = if is_absolute {
            Uri::builder()
                .scheme(endpoint.scheme)
                .authority(endpoint.authority.as_str())
                .path_and_query(&*path)
                .build()?
        } else {
            Uri::try_from(&*path)?
        };
        let mut request = Request::new(Full::new(outgoing.body.clone()));
        *request.method_mut() = outgoing.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = std::mem::take(&mut outgoing.headers);
        if !connection.wants_authority() {
            request
                .headers_mut()
                .insert(HOST, endpoint.host_header.clone());
        }
        if let Some(authorization) = self.connector.proxy_authorization() {
            let authorization = HeaderValue::from_str(authorization)?;
            request
                .headers_mut()
                .insert(PROXY_AUTHORIZATION, authorization);
        }
        if outgoing.body.is_empty() && means_a_body(&outgoing.method) {
            let nothing = HeaderValue::from_static("0");
            request.headers_mut().insert(CONTENT_LENGTH, nothing);
        }
        Ok(request)
    }

    async fn read(&self, response: Response<Incoming>, wants_body: bool, is_new: bool) -> Answer {
        let first_byte_us = i64::try_from(self.origin.elapsed().as_micros()).ok();
        let (head, mut incoming) = response.into_parts();
        let mut answer = Answer {
            status: head.status.as_u16(),
            error: None,
            headers: head.headers,
            body: Vec::new(),
            bytes_out: 0,
            first_byte_us,
            is_new_connection: is_new,
        };
        while let Some(frame) = incoming.frame().await {
            match frame {
                Ok(frame) => {
                    let Some(data) = frame.data_ref() else {
                        continue;
                    };
                    answer.bytes_out += data.len() as u64;
                    if wants_body && answer.body.len() + data.len() <= BODY_BYTES_MAX {
                        answer.body.extend_from_slice(data);
                    }
                }
                // Half an answer is none.
                Err(error) => {
                    answer.status = NO_ANSWER;
                    answer.error = Some(Reason::of(&error));
                    return answer;
                }
            }
        }
        if wants_body {
            answer.body = decompressed(answer.body, &answer.headers);
        }
        answer
    }
}

/// Whether a request of this method says how long its body is even if it has none: RFC 9110, section 8.6.
fn means_a_body(method: &Method) -> bool {
    [Method::POST, Method::PUT, Method::PATCH].contains(method)
}

/// Keeps an HTTP/1.1 connection for the next request, as soon as it can take one.
fn give_back(connection: Connection, connections: &Connections) {
    if !connection.is_closed() {
        connections.keep(connection);
    }
}

/// The body without its compression; as it is where that is none of ours, or damaged.
fn decompressed(body: Vec<u8>, headers: &HeaderMap) -> Vec<u8> {
    let encoding = headers
        .get(CONTENT_ENCODING)
        .and_then(|value| value.to_str().ok());
    let limit = BODY_BYTES_MAX as u64;
    let mut plain = Vec::new();
    let read = match encoding {
        Some("gzip") => flate2::read::MultiGzDecoder::new(body.as_slice())
            .take(limit)
            .read_to_end(&mut plain),
        Some("zstd") => zstd::Decoder::new(body.as_slice())
            .and_then(|decoder| decoder.take(limit).read_to_end(&mut plain)),
        Some(_) | None => return body,
    };
    match read {
        Ok(_) => plain,
        Err(_) => body,
    }
}
