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

    /// What requests say to a proxy that reads them. One that makes a tunnel was told when it was asked for it.
    pub fn proxy_authorization(&self) -> Option<&str> {
        let proxy = self.proxy.as_ref().filter(|_| self.tls.is_none())?;
        proxy.authorization.as_deref()
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

    /// A connection to the first of the target's addresses that takes one, beginning with another one each
    /// time: whoever has no way to one of them, as without IPv6, comes by the others (RFC 8305). Nothing is
    /// written before.
    async fn tcp(&self, turn: usize) -> Result<TcpStream, Reason> {
        let addresses = self.addresses(turn).await?;
        if let [only] = addresses[..] {
            return self.tcp_to(only, turn).await;
        }
        // One that does not answer leaves time for the others.
        let shares = u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
        let mut why = Reason::Dns;
        for address in addresses {
            let made = tokio::time::timeout(self.timeout / shares, self.tcp_to(address, turn));
            match made.await.unwrap_or(Err(Reason::Connect)) {
                Ok(stream) => return Ok(stream),
                // Whoever refuses was reached, whatever became of the other addresses.
                Err(_) if why == Reason::Refused => {}
                Err(reason) => why = reason,
            }
        }
        Err(why)
    }

    async fn tcp_to(&self, address: SocketAddr, turn: usize) -> Result<TcpStream, Reason> {
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
        let stream = stream.map_err(|error| match Reason::of_system(&error) {
            // A proxy that refuses says nothing of the target.
            Reason::Refused if self.proxy.is_some() => Reason::Connect,
            reason => reason,
        })?;
        // A request is written at once; waiting for more would be measured as the target's time.
        stream.set_nodelay(true).map_err(|_| Reason::Connect)?;
        Ok(stream)
    }

    /// Where the target is, beginning with another address each time; none is never returned.
    async fn addresses(&self, turn: usize) -> Result<Vec<SocketAddr>, Reason> {
        if let (Some(address), None) = (self.resolved, &self.proxy) {
            return Ok(vec![address]);
        }
        if let Some(addresses) = self.known_addresses(turn) {
            return Ok(addresses);
        }
        let (host, port) = match &self.proxy {
            Some(proxy) => (proxy.host.as_str(), proxy.port),
            None => (self.endpoint.host.as_str(), self.endpoint.port),
        };
        let found = tokio::net::lookup_host((host, port)).await;
        let addresses: Vec<SocketAddr> = found.map_err(|_| Reason::Dns)?.collect();
        if addresses.is_empty() {
            return Err(Reason::Dns);
        }
        let in_turn = rotated(&addresses, turn);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((Instant::now(), addresses));
        Ok(in_turn)
    }

    fn known_addresses(&self, turn: usize) -> Option<Vec<SocketAddr>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, addresses) = known.as_ref()?;
        (since.elapsed() < ADDRESSES_KEPT).then(|| rotated(addresses, turn))
    }
}

/// The same addresses, beginning with that at `turn`; there is at least one.
fn rotated(addresses: &[SocketAddr], turn: usize) -> Vec<SocketAddr> {
    let (last, first) = addresses.split_at(turn % addresses.len());
    [first, last].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ConnectionPolicy, TlsPlan};

    #[tokio::test]
    async fn an_address_that_takes_no_connection_is_passed_over() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addresses = vec![gone.local_addr().unwrap(), listener.local_addr().unwrap()];
        drop(gone);
        let transport = TransportPlan {
            version: HttpVersion::Auto,
            is_compressed: false,
            connections: ConnectionPolicy::Pooled,
            new_connections: 0.0,
            connect_timeout_us: 20_000_000,
            first_byte_timeout_us: None,
            resolve: Vec::new(),
            proxy: None,
            source_addresses: Vec::new(),
            tls: TlsPlan::default(),
        };
        let url = Url::parse("http://shop.example").unwrap();
        let connector = Connector::new(&url, &transport).unwrap();
        for turn in 0..4 {
            *connector.known.lock().unwrap() = Some((Instant::now(), addresses.clone()));
            let stream = connector.tcp(turn).await.unwrap();
            assert_eq!(stream.peer_addr().unwrap(), addresses[1]);
        }
        *connector.known.lock().unwrap() = Some((Instant::now(), vec![addresses[0]; 2]));
        assert_eq!(connector.tcp(0).await.unwrap_err(), Reason::Refused);
    }

    #[test]
    fn addresses_take_turns() {
        let addresses: Vec<SocketAddr> = (1..=3)
            .map(|port| SocketAddr::from(([127, 0, 0, 1], port)))
            .collect();
        let ports = |turn: usize| -> Vec<u16> {
            let rotated = rotated(&addresses, turn);
            rotated.iter().map(SocketAddr::port).collect()
        };
        assert_eq!(ports(0), [1, 2, 3]);
        assert_eq!(ports(2), [3, 1, 2]);
        assert_eq!(ports(4), [2, 3, 1]);
    }
}
