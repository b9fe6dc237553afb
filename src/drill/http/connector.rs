//! From a target to an open connection: name, address, TCP, proxy, TLS, HTTP.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper::header::HeaderValue;
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use url::Url;

use super::answer::Reason;
use super::connection::Connection;
use super::{proxy, tls};
use crate::scenario::{HttpVersion, ProxyPlan, TransportPlan};

/// How long the addresses of a name are used before they are asked for again.
const ADDRESSES_KEPT: Duration = Duration::from_secs(30);

/// Why no connector could be made.
#[derive(Debug, Error)]
pub enum ConnectorError {
    /// The base URL has no host, or its host is no text for a header.
    #[error("`{0}` has no usable host")]
    Host(Url),
    /// The TLS settings do not fit together.
    #[error("TLS: {0}")]
    Tls(String),
}

/// The target of requests.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// Host and port, as URLs have them.
    pub authority: String,
    /// The same for the `Host` header.
    pub host_header: HeaderValue,
    /// Name or address, without brackets.
    pub host: String,
    pub port: u16,
}

impl Endpoint {
    fn new(base_url: &Url) -> Option<Self> {
        let host = base_url.host_str()?;
        let authority = match base_url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        Some(Self {
            scheme: if base_url.scheme() == "https" {
                "https"
            } else {
                "http"
            },
            host_header: HeaderValue::from_str(&authority).ok()?,
            authority,
            host: host
                .trim_start_matches('[')
                .trim_end_matches(']')
                .to_owned(),
            port: base_url.port_or_known_default()?,
        })
    }
}

/// Makes connections to one target.
#[derive(Debug)]
pub struct Connector {
    endpoint: Endpoint,
    version: HttpVersion,
    timeout: Duration,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    proxy: Option<ProxyPlan>,
    /// Where the name is said to be, instead of asking for it.
    resolved: Option<SocketAddr>,
    source_addresses: Vec<IpAddr>,
    /// Connections made so far: they take turns over addresses.
    made: AtomicUsize,
    known: Mutex<Option<(Instant, Vec<SocketAddr>)>>,
}

impl Connector {
    /// Makes connections to `base_url` as `transport` says.
    ///
    /// # Errors
    /// When the URL has no host, or certificates cannot be read.
    pub fn new(base_url: &Url, transport: &TransportPlan) -> Result<Self, ConnectorError> {
        let endpoint =
            Endpoint::new(base_url).ok_or_else(|| ConnectorError::Host(base_url.clone()))?;
        let tls = match endpoint.scheme {
            "https" => Some(tls::settings(&endpoint, transport)?),
            _ => None,
        };
        let mut overrides = transport.resolve.iter();
        let resolved = overrides
            .find(|known| known.host == endpoint.host && known.port == endpoint.port)
            .map(|known| known.address);
        Ok(Self {
            endpoint,
            version: transport.version,
            timeout: Duration::from_micros(transport.connect_timeout_us.unsigned_abs()),
            tls,
            proxy: transport.proxy.clone(),
            resolved,
            source_addresses: transport.source_addresses.clone(),
            made: AtomicUsize::new(0),
            known: Mutex::default(),
        })
    }

    /// What is connected to.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Whether requests go to a proxy that must be told the host.
    pub fn names_host_to_proxy(&self) -> bool {
        self.proxy.is_some() && self.tls.is_none()
    }

    /// A new connection.
    pub async fn connect(&self) -> Result<Connection, Reason> {
        let made = tokio::time::timeout(self.timeout, self.open()).await;
        made.unwrap_or(Err(Reason::Connect))
    }

    async fn open(&self) -> Result<Connection, Reason> {
        let turn = self.made.fetch_add(1, Relaxed);
        let mut stream = self.tcp(turn).await?;
        if let (Some(proxy), Some(_)) = (&self.proxy, &self.tls) {
            stream = proxy::tunnel(stream, proxy, &self.endpoint).await?;
        }
        let Some((settings, name)) = &self.tls else {
            return match self.version {
                HttpVersion::Two => Connection::two(TokioIo::new(stream)).await,
                HttpVersion::Auto | HttpVersion::One => Connection::one(TokioIo::new(stream)).await,
            };
        };
        let tls = TlsConnector::from(Arc::clone(settings));
        let stream = tls
            .connect(name.clone(), stream)
            .await
            .map_err(|_| Reason::Tls)?;
        let is_two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        match (self.version, is_two) {
            (HttpVersion::Two, false) => Err(Reason::Tls),
            (_, true) => Connection::two(TokioIo::new(stream)).await,
            (_, false) => Connection::one(TokioIo::new(stream)).await,
        }
    }

    async fn tcp(&self, turn: usize) -> Result<TcpStream, Reason> {
        let address = self.address(turn).await?;
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        };
        let socket = socket.map_err(|error| Reason::of_system(&error))?;
        if !self.source_addresses.is_empty() {
            let source = self.source_addresses[turn % self.source_addresses.len()];
            // The kernel chooses the port when it knows the other side, so that one address can have
            // as many connections as there are ports to every server.
            socket
                .bind(SocketAddr::new(source, 0))
                .map_err(|error| Reason::of_system(&error))?;
        }
        let stream = socket.connect(address).await;
        let stream = stream.map_err(|error| Reason::of_system(&error))?;
        // A request is written at once; waiting for more would be measured as the target's time.
        stream.set_nodelay(true).map_err(|_| Reason::Connect)?;
        Ok(stream)
    }

    async fn address(&self, turn: usize) -> Result<SocketAddr, Reason> {
        if let (Some(address), None) = (self.resolved, &self.proxy) {
            return Ok(address);
        }
        if let Some(address) = self.known_address(turn) {
            return Ok(address);
        }
        let (host, port) = match &self.proxy {
            Some(proxy) => (proxy.host.as_str(), proxy.port),
            None => (self.endpoint.host.as_str(), self.endpoint.port),
        };
        let found = tokio::net::lookup_host((host, port)).await;
        let addresses: Vec<SocketAddr> = found.map_err(|_| Reason::Dns)?.collect();
        let address = *addresses
            .get(turn % addresses.len().max(1))
            .ok_or(Reason::Dns)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((Instant::now(), addresses));
        Ok(address)
    }

    fn known_address(&self, turn: usize) -> Option<SocketAddr> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, addresses) = known.as_ref()?;
        (since.elapsed() < ADDRESSES_KEPT).then(|| addresses[turn % addresses.len()])
    }
}
