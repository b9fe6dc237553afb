//! What is driven, and how requests travel there.

use std::net::{IpAddr, SocketAddr};

use base64::Engine;
use url::Url;

use super::super::definition::{
    AuthDefinition, ConnectionsName, HttpVersionText, ProxyDefinition, TlsDefinition,
};
use super::super::plan::{
    ConnectionPolicy, EmbeddedShop, HttpVersion, OwnCertificate, ProxyPlan, ResolvedHost,
    TargetPlan, TlsPlan, TransportPlan, is_loopback, is_more_than_host,
};
use super::{Resolver, us};
use crate::declared_files::{DurationText, pointer_step};

const CONNECT_TIMEOUT_US_DEFAULT: i64 = 5_000_000;
const HTTP: &str = "/target/http";

impl Resolver<'_> {
    pub(super) fn target(&mut self, products: u32) -> Option<TargetPlan> {
        let target = &self.declared.value.target;
        match (&target.shop, &target.base_url) {
            (Some(shop), None) => Some(TargetPlan::EmbeddedShop(EmbeddedShop {
                checkouts_per_s: shop.checkouts_per_s,
                payment_time: shop.payment_time.map(DurationText::as_duration),
                payment_queue: shop
                    .payment_queue
                    .and_then(|queue| usize::try_from(queue).ok()),
                products,
            })),
            (None, Some(text)) => self.base_url(text).map(TargetPlan::Url),
            _ => {
                let message = "a target has exactly one of `shop` and `base_url`";
                self.problem("/target", message, None);
                None
            }
        }
    }

    fn base_url(&mut self, text: &str) -> Option<Url> {
        let pointer = "/target/base_url";
        let url = match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => url,
            _ => {
                let hint = "write `https://staging.shop.example`";
                let message = "the base URL is not an http or https URL";
                self.problem(pointer, message, Some(hint));
                return None;
            }
        };
        if is_more_than_host(&url) {
            let message = format!("`{text}` has a path or a query, which requests would not have");
            let host = url.origin().ascii_serialization();
            let hint = format!("write `{host}` here, and whole paths at the steps");
            self.problem(pointer, message, Some(&hint));
        }
        let host = url.host_str().unwrap_or_default();
        let mut allowed = self.declared.value.target.hosts_allowed.iter();
        if !is_loopback(host) && !allowed.any(|allowed| allowed == host) {
            let message = format!("host `{host}` is not in `hosts_allowed`");
            let hint =
                format!("if you may send requests there, add `hosts_allowed: [{host}]` beside it");
            self.problem(pointer, message, Some(&hint));
        }
        Some(url)
    }

    pub(super) fn transport(&mut self) -> TransportPlan {
        let http = &self.declared.value.target.http;
        TransportPlan {
            version: match http.version {
                HttpVersionText::Auto => HttpVersion::Auto,
                HttpVersionText::One => HttpVersion::One,
                HttpVersionText::Two => HttpVersion::Two,
            },
            is_compressed: http.compression,
            connections: match http.connections {
                ConnectionsName::Pooled => ConnectionPolicy::Pooled,
                ConnectionsName::PerShopper => ConnectionPolicy::PerShopper,
            },
            new_connections: http.new_connections.unwrap_or(0.0),
            connect_timeout_us: http.connect_timeout.map_or(CONNECT_TIMEOUT_US_DEFAULT, us),
            first_byte_timeout_us: http.first_byte_timeout.map(us),
            resolve: self.resolved_hosts(),
            proxy: http.proxy.as_ref().and_then(|proxy| self.proxy(proxy)),
            source_addresses: self.source_addresses(),
            tls: self.tls(&http.tls),
        }
    }

    fn resolved_hosts(&mut self) -> Vec<ResolvedHost> {
        let mut found = Vec::new();
        for (name, address) in &self.declared.value.target.http.resolve {
            let known = name.rsplit_once(':').and_then(|(host, port)| {
                Some(ResolvedHost {
                    host: host.to_owned(),
                    port: port.parse().ok()?,
                    address: address.parse::<SocketAddr>().ok()?,
                })
            });
            match known {
                Some(known) => {
                    let pointer = format!("{HTTP}/resolve/{}", pointer_step(name));
                    self.check_leads(&known.host, &known.address.ip().to_string(), &pointer);
                    found.push(known);
                }
                None => {
                    let pointer = format!("{HTTP}/resolve/{}", pointer_step(name));
                    let message = format!("`{name}: {address}` is no host and address");
                    let hint = "write `shop.example:443: 127.0.0.1:8443`";
                    self.problem(&pointer, message, Some(hint));
                }
            }
        }
        found
    }

    /// A name of this machine must not lead to another one that nobody allowed.
    fn check_leads(&mut self, host: &str, to: &str, pointer: &str) {
        let allowed = &self.declared.value.target.hosts_allowed;
        let is_allowed = |name: &str| allowed.iter().any(|allowed| allowed == name);
        if !is_loopback(to) && !is_allowed(to) && !is_allowed(host) {
            let message = format!("`{host}` would lead to `{to}`, which is not in `hosts_allowed`");
            let hint = format!("if you may send requests there, add `hosts_allowed: [{to}]`");
            self.problem(pointer, message, Some(&hint));
        }
    }

    fn source_addresses(&mut self) -> Vec<IpAddr> {
        let texts = &self.declared.value.target.http.source_addresses;
        let mut found = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            match text.parse() {
                Ok(address) => found.push(address),
                Err(_) => {
                    let pointer = format!("{HTTP}/source_addresses/{index}");
                    self.problem(&pointer, format!("`{text}` is no IP address"), None);
                }
            }
        }
        found
    }

    fn proxy(&mut self, proxy: &ProxyDefinition) -> Option<ProxyPlan> {
        let pointer = format!("{HTTP}/proxy");
        let url = Url::parse(&proxy.url)
            .ok()
            .filter(|url| url.scheme() == "http" && url.has_host());
        let Some(url) = url else {
            let hint = "write `http://127.0.0.1:3128`";
            self.problem(
                &format!("{pointer}/url"),
                "no URL of an HTTP proxy",
                Some(hint),
            );
            return None;
        };
        let host = url.host_str().unwrap_or_default();
        self.check_leads(host, host, &format!("{pointer}/url"));
        let authorization = proxy
            .auth
            .as_ref()
            .and_then(|auth| self.authorization(auth, &format!("{pointer}/auth")));
        Some(ProxyPlan {
            host: host.to_owned(),
            port: url.port_or_known_default().unwrap_or(80),
            authorization,
        })
    }

    /// Value of an `Authorization` header.
    pub(super) fn authorization(&mut self, auth: &AuthDefinition, pointer: &str) -> Option<String> {
        match (&auth.basic, &auth.bearer) {
            (Some(basic), None) => {
                let pair = format!("{}:{}", basic.user, basic.password);
                let code = base64::engine::general_purpose::STANDARD.encode(pair);
                Some(format!("Basic {code}"))
            }
            (None, Some(token)) => Some(format!("Bearer {token}")),
            _ => {
                self.problem(pointer, "it is exactly one of `basic` and `bearer`", None);
                None
            }
        }
    }

    fn tls(&mut self, tls: &TlsDefinition) -> TlsPlan {
        let pointer = format!("{HTTP}/tls");
        let mut file = |path: &Option<String>, key: &str| {
            let path = path.as_ref()?;
            self.file(path, &format!("{pointer}/{key}"))
        };
        let authority_pem = file(&tls.authority, "authority");
        let certificate_pem = file(&tls.certificate, "certificate");
        let key_pem = file(&tls.key, "key");
        if tls.certificate.is_some() != tls.key.is_some() {
            self.problem(&pointer, "`certificate` and `key` belong together", None);
        }
        TlsPlan {
            authority_pem,
            certificate: certificate_pem
                .zip(key_pem)
                .map(|(certificate_pem, key_pem)| OwnCertificate {
                    certificate_pem,
                    key_pem,
                }),
            server_name: tls.server_name.clone(),
            is_unverified: tls.verify == Some(false),
        }
    }
}
