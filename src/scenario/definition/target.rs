//! What is driven, and how requests travel there.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::steps::AuthDefinition;
use crate::declared_files::DurationText;

/// What is driven: exactly one of `shop` and `base_url`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetDefinition {
    /// The shop inside the binary, started for the run.
    #[serde(default)]
    pub shop: Option<EmbeddedShopDefinition>,
    /// A shop elsewhere, e.g. `https://staging.shop.example`.
    #[serde(default)]
    pub base_url: Option<String>,
    /// Hosts that may be driven besides this machine itself.
    #[serde(default)]
    pub hosts_allowed: Vec<String>,
    /// The service name of its requests in the lake.
    #[serde(default)]
    pub service: Option<String>,
    /// Headers of every request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How every request says who it is.
    #[serde(default)]
    pub auth: Option<AuthDefinition>,
    /// How requests travel.
    #[serde(default)]
    pub http: HttpDefinition,
}

/// Limits of the shop inside the binary.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmbeddedShopDefinition {
    /// Checkouts per second that its payment service completes.
    #[schemars(range(min = 1, max = 10_000))]
    pub checkouts_per_s: f64,
    /// How long one payment takes.
    #[serde(default)]
    pub payment_time: Option<DurationText>,
    /// Checkouts that may wait for payment; more are refused.
    #[serde(default)]
    #[schemars(range(min = 1, max = 100_000))]
    pub payment_queue: Option<u32>,
}

/// How requests travel.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpDefinition {
    /// `auto` (HTTP/2 where TLS agrees on it, else HTTP/1.1), `1.1` or `2`.
    #[serde(default)]
    pub version: HttpVersionText,
    /// Whether answers may come compressed (gzip, zstd).
    #[serde(default)]
    pub compression: bool,
    /// Who keeps connections open.
    #[serde(default)]
    pub connections: ConnectionsName,
    /// Share of requests that open a connection of their own, as first-time visitors do.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub new_connections: Option<f64>,
    /// How long a connection may take, from the name to the end of the TLS handshake; without it 5 s.
    #[serde(default)]
    pub connect_timeout: Option<DurationText>,
    /// How long the first byte of an answer may take; without it as long as the step.
    #[serde(default)]
    pub first_byte_timeout: Option<DurationText>,
    /// Addresses of hosts, by `host:port`, instead of asking for them: `shop.example:443: 127.0.0.1:8443`.
    #[serde(default)]
    pub resolve: BTreeMap<String, String>,
    /// A proxy for every request.
    #[serde(default)]
    pub proxy: Option<ProxyDefinition>,
    /// Addresses of this machine that connections come from, in turn.
    #[serde(default)]
    pub source_addresses: Vec<String>,
    /// Certificates.
    #[serde(default)]
    pub tls: TlsDefinition,
}

/// A version of HTTP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum HttpVersionText {
    /// HTTP/2 where TLS agrees on it, else HTTP/1.1.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// HTTP/1.1.
    #[serde(rename = "1.1")]
    One,
    /// HTTP/2; without TLS with prior knowledge.
    #[serde(rename = "2")]
    Two,
}

/// Who keeps connections open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionsName {
    /// All shoppers share open connections: as many as requests are under way.
    #[default]
    Pooled,
    /// Each shopper has its own, as a browser does: as many as shoppers are in the shop.
    PerShopper,
}

/// An HTTP proxy.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProxyDefinition {
    /// Where it is: `http://127.0.0.1:3128`.
    pub url: String,
    /// How requests say to it who they are.
    #[serde(default)]
    pub auth: Option<AuthDefinition>,
}

/// Certificates, as PEM files beside the scenario file.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsDefinition {
    /// The authorities that may have signed the target's certificate, instead of those that this
    /// machine trusts.
    #[serde(default)]
    pub authority: Option<String>,
    /// The client's own certificate, with its chain; needs `key`.
    #[serde(default)]
    pub certificate: Option<String>,
    /// The key of `certificate`.
    #[serde(default)]
    pub key: Option<String>,
    /// The name that the target's certificate must have (SNI), where it is not the host's.
    #[serde(default)]
    pub server_name: Option<String>,
    /// Whether the target's certificate is looked at; without it, it is.
    #[serde(default)]
    pub verify: Option<bool>,
}
