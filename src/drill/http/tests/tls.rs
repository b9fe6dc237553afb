//! TLS: whom the client trusts, what it shows, and which HTTP comes out of it.

use std::sync::Arc;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::*;
use crate::scenario::{OwnCertificate, ResolvedHost};

/// A certificate authority, and what it signs.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self {
            issuer: CertifiedIssuer::self_signed(params, key).unwrap(),
        }
    }

    pub fn pem(&self) -> Vec<u8> {
        self.issuer.pem().into_bytes()
    }

    fn sign(&self, name: &str) -> OwnCertificate {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        OwnCertificate {
            certificate_pem: certificate.pem().into_bytes(),
            key_pem: key.serialize_pem().into_bytes(),
        }
    }
}

/// A TLS server for `shop.example` that says how it was asked; with `clients` it wants a certificate.
pub async fn tls_server(
    authority: &Authority,
    clients: Option<&Authority>,
    protocols: &[&str],
) -> SocketAddr {
    let own = authority.sign("shop.example");
    let chain = vec![CertificateDer::from_pem_slice(&own.certificate_pem).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(&own.key_pem).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let mut roots = RootCertStore::empty();
            roots
                .add(CertificateDer::from_pem_slice(&clients.pem()).unwrap())
                .unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let mut settings = builder.with_single_cert(chain, key).unwrap();
    settings.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    let acceptor = TlsAcceptor::from(Arc::new(settings));
    server(move |stream, _| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let is_two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let io = TokioIo::new(stream);
            let answer = service_fn(says_how_it_was_asked);
            // Clients go when they have what they want.
            if is_two {
                let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                    .serve_connection(io, answer)
                    .await;
            } else {
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(io, answer)
                    .await;
            }
        }
    })
    .await
}

/// The transport to a TLS server at `address` under the name of the shop.
fn to_shop(address: SocketAddr, tls: TlsPlan) -> TransportPlan {
    TransportPlan {
        resolve: vec![ResolvedHost {
            host: "shop.example".to_owned(),
            port: 443,
            address,
        }],
        tls,
        ..transport()
    }
}

pub const SHOP: &str = "https://shop.example";

#[tokio::test]
async fn tls_is_spoken_with_those_whom_the_given_authority_signed() {
    let (authority, other) = (Authority::new(), Authority::new());
    let address = tls_server(&authority, None, &["h2", "http/1.1"]).await;
    let trusting = |authority: &Authority| TlsPlan {
        authority_pem: Some(authority.pem()),
        ..TlsPlan::default()
    };
    let answer = ask(SHOP, &to_shop(address, trusting(&authority))).await;
    let text = String::from_utf8(answer.body).unwrap();
    assert_eq!(text, "HTTP/2.0 https://shop.example/a?b=c host -");
    let refused = ask(SHOP, &to_shop(address, trusting(&other))).await;
    assert_eq!(refused.error, Some(Reason::Tls));
    let anyone = TlsPlan {
        is_unverified: true,
        ..TlsPlan::default()
    };
    assert_eq!(ask(SHOP, &to_shop(address, anyone)).await.status, 200);
}

#[tokio::test]
async fn the_version_of_http_is_the_one_that_was_asked_for() {
    let authority = Authority::new();
    let both = tls_server(&authority, None, &["h2", "http/1.1"]).await;
    let old = tls_server(&authority, None, &["http/1.1"]).await;
    for (address, version, expected) in [
        (both, HttpVersion::Auto, Some("HTTP/2.0")),
        (both, HttpVersion::One, Some("HTTP/1.1")),
        (both, HttpVersion::Two, Some("HTTP/2.0")),
        (old, HttpVersion::Auto, Some("HTTP/1.1")),
        (old, HttpVersion::Two, None),
    ] {
        let tls = TlsPlan {
            authority_pem: Some(authority.pem()),
            ..TlsPlan::default()
        };
        let transport = TransportPlan {
            version,
            ..to_shop(address, tls)
        };
        let answer = ask(SHOP, &transport).await;
        let text = String::from_utf8(answer.body).unwrap();
        match expected {
            Some(expected) => assert!(text.starts_with(expected), "{text}"),
            None => assert_eq!(answer.error, Some(Reason::Tls)),
        }
    }
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_gets_it() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let address = tls_server(&authority, Some(&clients), &["http/1.1"]).await;
    let tls = |certificate| TlsPlan {
        authority_pem: Some(authority.pem()),
        certificate,
        ..TlsPlan::default()
    };
    let own = clients.sign("buyer");
    assert_eq!(
        ask(SHOP, &to_shop(address, tls(Some(own)))).await.status,
        200
    );
    let refused = ask(SHOP, &to_shop(address, tls(None))).await;
    assert_eq!(refused.status, 0);
}

#[tokio::test]
async fn the_name_in_the_certificate_may_be_another_than_the_hosts() {
    let authority = Authority::new();
    let address = tls_server(&authority, None, &["http/1.1"]).await;
    let url = format!("https://localhost:{}", address.port());
    let tls = |server_name: Option<&str>| TlsPlan {
        authority_pem: Some(authority.pem()),
        server_name: server_name.map(ToOwned::to_owned),
        ..TlsPlan::default()
    };
    let transport = |tls| TransportPlan { tls, ..transport() };
    assert_eq!(
        ask(&url, &transport(tls(None))).await.error,
        Some(Reason::Tls)
    );
    let answer = ask(&url, &transport(tls(Some("shop.example")))).await;
    assert_eq!(answer.status, 200);
}
