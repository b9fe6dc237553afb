//! What is driven, and how requests travel there.

use std::net::{IpAddr, SocketAddr};

use url::Url;

/// What is driven.
#[derive(Debug, Clone, PartialEq)]
pub enum TargetPlan {
    /// The shop inside the binary.
    EmbeddedShop(EmbeddedShop),
    /// A shop elsewhere.
    Url(Url),
}

/// Limits of the shop inside the binary; what is `None` is the shop's own default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EmbeddedShop {
    /// Checkouts per second that its payment service completes.
    pub checkouts_per_s: f64,
    /// How long one payment takes.
    pub payment_time: Option<std::time::Duration>,
    /// Checkouts that may wait for payment.
    pub payment_queue: Option<usize>,
    /// Number of products, so that every `{product}` exists.
    pub products: u32,
}

/// How requests travel.
#[derive(Debug, Clone, PartialEq)]
pub struct TransportPlan {
    /// Which HTTP.
    pub version: HttpVersion,
    /// Whether answers may come compressed.
    pub is_compressed: bool,
    /// Who keeps connections open.
    pub connections: ConnectionPolicy,
    /// Share of requests that open a connection of their own.
    pub new_connections: f64,
    /// How long a connection may take to be made, µs.
    pub connect_timeout_us: i64,
    /// How long the head of an answer may take, µs; `None` for as long as the whole.
    pub first_byte_timeout_us: Option<i64>,
    /// Addresses of hosts that are not asked for.
    pub resolve: Vec<ResolvedHost>,
    /// A proxy for every request.
    pub proxy: Option<ProxyPlan>,
    /// Addresses that connections come from, in turn; empty leaves it to the system.
    pub source_addresses: Vec<IpAddr>,
    /// Certificates.
    pub tls: TlsPlan,
}

/// A version of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpVersion {
    /// HTTP/2 where TLS agrees on it, else HTTP/1.1.
    Auto,
    /// HTTP/1.1.
    One,
    /// HTTP/2.
    Two,
}

/// Who keeps connections open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionPolicy {
    /// All shoppers of a worker share them.
    Pooled,
    /// Each shopper has its own.
    PerShopper,
}

/// Where a host is said to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedHost {
    /// The host, as in the base URL.
    pub host: String,
    /// The port, as in the base URL.
    pub port: u16,
    /// The address and the port to connect to.
    pub address: SocketAddr,
}

/// An HTTP proxy.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyPlan {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Value of `Proxy-Authorization`.
    pub authorization: Option<String>,
}

impl std::fmt::Debug for ProxyPlan {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the secret.
        write!(formatter, "ProxyPlan({}:{})", self.host, self.port)
    }
}

/// Certificates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsPlan {
    /// Who may have signed the target's certificate, PEM; `None` for whom this machine trusts.
    pub authority_pem: Option<Vec<u8>>,
    /// What the client shows.
    pub certificate: Option<OwnCertificate>,
    /// The name that the target's certificate must have; `None` for the host.
    pub server_name: Option<String>,
    /// Whether anything goes.
    pub is_unverified: bool,
}

/// The client's own certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnCertificate {
    /// The certificate and its chain, PEM.
    pub certificate_pem: Vec<u8>,
    /// Its key, PEM.
    pub key_pem: Vec<u8>,
}

impl std::fmt::Debug for OwnCertificate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the key.
        formatter.write_str("OwnCertificate")
    }
}

/// Whether a base URL says more than where the target is: a path or a query, which no request would have.
#[must_use]
pub fn is_more_than_host(url: &Url) -> bool {
    url.path() != "/" || url.query().is_some() || url.fragment().is_some()
}

/// Whether a host is this machine itself.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
