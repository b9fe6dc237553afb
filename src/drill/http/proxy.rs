//! A tunnel through an HTTP proxy: `CONNECT`, RFC 9110, section 9.3.6.

use bytes::Bytes;
use http_body_util::Empty;
use hyper::header::{HOST, PROXY_AUTHORIZATION};
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::answer::Reason;
use super::connector::Endpoint;
use crate::scenario::ProxyPlan;

/// Asks the proxy at the other end of `stream` for a tunnel to `endpoint`.
pub async fn tunnel(
    stream: TcpStream,
    proxy: &ProxyPlan,
    endpoint: &Endpoint,
) -> Result<TcpStream, Reason> {
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| Reason::of(&error))?;
    let (parts_sender, parts) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        if let Ok(parts) = connection.without_shutdown().await {
            // Nobody waits when the proxy refused.
            let _ = parts_sender.send(parts);
        }
    });
    let request = request(proxy, endpoint).map_err(|_| Reason::Request)?;
    let answer = sender.send_request(request).await;
    let answer = answer.map_err(|error| Reason::of(&error))?;
    if !answer.status().is_success() {
        return Err(Reason::Connect);
    }
    drop((answer, sender));
    let parts = parts.await.map_err(|_| Reason::Connect)?;
    Ok(parts.io.into_inner())
}

fn request(
    proxy: &ProxyPlan,
    endpoint: &Endpoint,
) -> Result<Request<Empty<Bytes>>, hyper::http::Error> {
    let authority = if endpoint.host.contains(':') {
        format!("[{}]:{}", endpoint.host, endpoint.port)
    } else {
        format!("{}:{}", endpoint.host, endpoint.port)
    };
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .uri(Uri::try_from(authority.as_str())?)
        .header(HOST, authority);
    if let Some(authorization) = &proxy.authorization {
        request = request.header(PROXY_AUTHORIZATION, authorization);
    }
    request.body(Empty::new())
}
