//! One connection, HTTP/1.1 or HTTP/2.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::rt::{Read, Write};
use hyper::{Request, Response};
use hyper_util::rt::TokioExecutor;

use super::answer::Reason;

/// Body of a request.
pub type Body = Full<Bytes>;

/// Requests that one HTTP/2 connection carries at once before another connection is made; servers
/// allow at least as many (RFC 9113, section 6.5.2).
const STREAMS_MAX: usize = 100;

/// One open connection.
#[derive(Debug)]
pub enum Connection {
    /// For one request at a time.
    One(http1::SendRequest<Body>),
    /// For many at a time.
    Two {
        sender: http2::SendRequest<Body>,
        /// Requests under way, over all clones.
        under_way: Arc<AtomicUsize>,
    },
}

impl Connection {
    /// Begins HTTP/1.1 on `io`.
    pub async fn one<T>(io: T) -> Result<Self, Reason>
    where
        T: Read + Write + Unpin + Send + 'static,
    {
        // One buffer per request, and the plainer system call.
        let (sender, connection) = http1::Builder::new()
            .writev(false)
            .handshake(io)
            .await
            .map_err(|error| Reason::of(&error))?;
        // Why it ended is told to whoever waits for an answer.
        tokio::spawn(connection);
        Ok(Self::One(sender))
    }

    /// Begins HTTP/2 on `io`.
    pub async fn two<T>(io: T) -> Result<Self, Reason>
    where
        T: Read + Write + Unpin + Send + 'static,
    {
        let (sender, connection) = http2::handshake(TokioExecutor::new(), io)
            .await
            .map_err(|error| Reason::of(&error))?;
        // As above.
        tokio::spawn(connection);
        Ok(Self::Two {
            sender,
            under_way: Arc::default(),
        })
    }

    /// Whether a request can be sent now.
    pub fn is_ready(&self) -> bool {
        match self {
            Self::One(sender) => sender.is_ready(),
            Self::Two { sender, under_way } => {
                sender.is_ready() && under_way.load(Relaxed) < STREAMS_MAX
            }
        }
    }

    /// Whether it is gone.
    pub fn is_closed(&self) -> bool {
        match self {
            Self::One(sender) => sender.is_closed(),
            Self::Two { sender, .. } => sender.is_closed(),
        }
    }

    /// Another handle of the same connection, where it carries many requests at once.
    pub fn shared(&self) -> Option<Self> {
        match self {
            Self::One(_) => None,
            Self::Two { sender, under_way } => Some(Self::Two {
                sender: sender.clone(),
                under_way: Arc::clone(under_way),
            }),
        }
    }

    /// Whether requests name scheme and host in their URI, as HTTP/2 wants it.
    pub fn wants_authority(&self) -> bool {
        matches!(self, Self::Two { .. })
    }

    /// Sends `request` and waits for the head of its answer. `Err` with a request means that not a
    /// byte of it was sent.
    pub async fn send(&mut self, request: Request<Body>) -> Result<Response<Incoming>, Unsent> {
        let sent = match self {
            Self::One(sender) => sender.try_send_request(request).await,
            Self::Two { sender, under_way } => {
                let _under_way = UnderWay::new(under_way);
                sender.try_send_request(request).await
            }
        };
        sent.map_err(|mut error| Unsent {
            request: error.take_message(),
            reason: Reason::of(error.error()),
        })
    }
}

/// A request without an answer.
pub struct Unsent {
    /// The request itself, when not a byte of it was sent.
    pub request: Option<Request<Body>>,
    pub reason: Reason,
}

/// Counts a request while it waits for its answer, however that ends.
struct UnderWay<'a>(&'a AtomicUsize);

impl<'a> UnderWay<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Relaxed);
        Self(count)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
