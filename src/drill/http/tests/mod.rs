//! The client against real servers on loopback: HTTP/1.1, HTTP/2, TLS, proxies, and servers that
//! misbehave.

mod tls;

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use self::tls::{Authority, SHOP, tls_server};
use super::{Answer, Client, Connections, Connector, Outgoing, Reason};
use crate::scenario::{ConnectionPolicy, HttpVersion, ProxyPlan, TlsPlan, TransportPlan};

fn transport() -> TransportPlan {
    TransportPlan {
        version: HttpVersion::Auto,
        is_compressed: false,
        connections: ConnectionPolicy::Pooled,
        new_connections: 0.0,
        connect_timeout_us: 5_000_000,
        first_byte_timeout_us: None,
        resolve: Vec::new(),
        proxy: None,
        source_addresses: Vec::new(),
        tls: TlsPlan::default(),
    }
}

fn client(url: &str, transport: &TransportPlan, first_byte: Option<Duration>) -> Client {
    let url = Url::parse(url).unwrap();
    Client::new(
        Connector::new(&url, transport).unwrap(),
        first_byte,
        Instant::now(),
    )
}

fn get(path: &str) -> Outgoing {
    Outgoing {
        method: Method::GET,
        path: path.to_owned(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        wants_body: true,
        deadline: Instant::now() + Duration::from_secs(10),
        made_connection: false,
    }
}

async fn ask(url: &str, transport: &TransportPlan) -> Answer {
    let client = client(url, transport, None);
    client
        .send(&mut get("/a?b=c"), &Connections::default(), false)
        .await
}

/// A server that gives each connection to `serve`, with its number.
async fn server<F, S>(serve: F) -> SocketAddr
where
    F: Fn(TcpStream, usize) -> S + Send + 'static,
    S: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for number in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream, number));
        }
    });
    address
}

/// Reads one request without a body.
async fn request_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).await.ok()? == 0 {
            return None;
        }
        head.extend_from_slice(&byte);
    }
    String::from_utf8(head).ok()
}

/// A server that answers every request on a connection with these bytes; after them it closes if told.
async fn bytes_server(answer: &'static [u8], closes: bool) -> (String, Arc<AtomicUsize>) {
    let requests = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&requests);
    let address = server(move |mut stream, _| {
        let seen = Arc::clone(&seen);
        async move {
            while request_head(&mut stream).await.is_some() {
                seen.fetch_add(1, Relaxed);
                stream.write_all(answer).await.unwrap();
                if closes {
                    return;
                }
            }
        }
    })
    .await;
    (format!("http://{address}"), requests)
}

const HELLO: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

#[tokio::test]
async fn a_connection_is_used_again_unless_a_fresh_one_is_asked_for() {
    let (url, requests) = bytes_server(HELLO, false).await;
    let client = client(&url, &transport(), None);
    let connections = Connections::default();
    let mut new = Vec::new();
    for is_fresh in [false, false, false, true, false] {
        let answer = client.send(&mut get("/"), &connections, is_fresh).await;
        assert_eq!((answer.status, answer.bytes_out), (200, 5));
        assert_eq!(answer.body, b"hello");
        assert!(answer.first_byte_us.is_some());
        new.push(answer.is_new_connection);
        // The connection hears of the end of the answer a moment later.
        tokio::task::yield_now().await;
    }
    assert_eq!(new, [true, false, false, true, false]);
    assert_eq!(requests.load(Relaxed), 5);
}

/// A server that answers everything, and the heads of the requests that came.
async fn heads_server() -> (String, Arc<Mutex<Vec<String>>>) {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    let address = server(move |mut stream, _| {
        let seen = Arc::clone(&seen);
        async move {
            while let Some(head) = request_head(&mut stream).await {
                seen.lock().unwrap().push(head);
                stream.write_all(HELLO).await.unwrap();
            }
        }
    })
    .await;
    (format!("http://{address}"), heads)
}

#[tokio::test]
async fn methods_that_mean_a_body_say_that_there_is_none() {
    let (url, heads) = heads_server().await;
    let client = client(&url, &transport(), None);
    for (method, says_so) in [
        (Method::POST, true),
        (Method::PUT, true),
        (Method::PATCH, true),
        (Method::GET, false),
        (Method::DELETE, false),
    ] {
        let mut outgoing = Outgoing {
            method: method.clone(),
            ..get("/")
        };
        let connections = Connections::default();
        client.send(&mut outgoing, &connections, true).await;
        let head = heads.lock().unwrap().pop().unwrap();
        assert!(head.starts_with(method.as_str()), "{head}");
        let lengths = head.matches("content-length: 0\r\n").count();
        assert_eq!(lengths, usize::from(says_so), "{head}");
    }
}

#[tokio::test]
async fn a_connection_that_closed_while_idle_costs_no_request() {
    let (url, requests) = bytes_server(HELLO, true).await;
    let client = client(&url, &transport(), None);
    let connections = Connections::default();
    for sent in 1..=3 {
        let answer = client.send(&mut get("/"), &connections, false).await;
        assert_eq!((answer.status, answer.error), (200, None));
        assert_eq!(requests.load(Relaxed), sent);
        // The end of the stream arrives while nobody asks for anything.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_answer_that_is_none_says_why() {
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhalf";
    let (half, _) = bytes_server(half, true).await;
    let (garbage, _) = bytes_server(b"SSH-2.0-server\r\n\r\n", true).await;
    let (nothing, _) = bytes_server(b"", true).await;
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = format!("http://{}", unused.local_addr().unwrap());
    drop(unused);
    for (url, expected) in [
        (half.as_str(), Reason::Reset),
        (&garbage, Reason::Protocol),
        (&nothing, Reason::Reset),
        (&closed, Reason::Refused),
        ("http://nowhere.invalid", Reason::Dns),
    ] {
        let answer = ask(url, &transport()).await;
        assert_eq!((answer.status, answer.error), (0, Some(expected)), "{url}");
    }
}

#[tokio::test]
async fn an_answer_may_take_only_so_long() {
    let silent = server(|mut stream, _| async move {
        request_head(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let slow = server(|mut stream, _| async move {
        request_head(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nslow")
            .await
            .unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let limit = Duration::from_millis(50);
    for (address, first_byte, deadline) in [
        (silent, Some(limit), Duration::from_secs(10)),
        (silent, None, limit),
        (slow, None, limit),
    ] {
        let client = client(&format!("http://{address}"), &transport(), first_byte);
        let mut outgoing = Outgoing {
            deadline: Instant::now() + deadline,
            ..get("/")
        };
        let answer = client
            .send(&mut outgoing, &Connections::default(), false)
            .await;
        assert_eq!((answer.status, answer.error), (0, Some(Reason::Timeout)));
        assert!(answer.is_new_connection, "it was made, if for nothing");
    }
}

#[tokio::test]
async fn a_compressed_body_is_counted_as_it_came_and_shown_as_it_was() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all("hello ".repeat(50).as_bytes()).unwrap();
    let body = encoder.finish().unwrap();
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(&body);
    let (url, _) = bytes_server(answer.leak(), false).await;
    let answer = ask(&url, &transport()).await;
    assert_eq!(answer.bytes_out, body.len() as u64);
    assert_eq!(answer.body.len(), 300);
    assert!(answer.body.starts_with(b"hello hello"));
}

async fn says_how_it_was_asked(
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, std::convert::Infallible> {
    let host = request
        .headers()
        .get("host")
        .and_then(|host| host.to_str().ok());
    let text = format!(
        "{:?} {} host {}",
        request.version(),
        request.uri(),
        host.unwrap_or("-")
    );
    Ok(Response::new(Full::new(text.into())))
}

#[tokio::test]
async fn one_connection_of_http_2_carries_many_requests_at_once() {
    let connections_made = Arc::new(AtomicUsize::new(0));
    let made = Arc::clone(&connections_made);
    let address = server(move |stream, _| {
        made.fetch_add(1, Relaxed);
        async move {
            let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service_fn(says_how_it_was_asked))
                .await;
        }
    })
    .await;
    let transport = TransportPlan {
        version: HttpVersion::Two,
        ..transport()
    };
    let client = client(&format!("http://{address}"), &transport, None);
    let connections = Connections::default();
    client.send(&mut get("/first"), &connections, false).await;
    let mut paths: Vec<Outgoing> = (0..40).map(|number| get(&format!("/{number}"))).collect();
    let sent = paths
        .iter_mut()
        .map(|outgoing| client.send(outgoing, &connections, false));
    let answers = futures_util::future::join_all(sent).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(connections_made.load(Relaxed), 1);
}

#[tokio::test]
async fn a_proxy_is_told_the_whole_url_or_asked_for_a_tunnel() {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let authority = Authority::new();
    let target = tls_server(&authority, None, &["http/1.1"]).await;
    let seen = Arc::clone(&heads);
    let proxy = server(move |mut stream, _| {
        let seen = Arc::clone(&seen);
        async move {
            let head = request_head(&mut stream).await.unwrap();
            let is_tunnel = head.starts_with("CONNECT");
            seen.lock().unwrap().push(head);
            if !is_tunnel {
                stream.write_all(HELLO).await.unwrap();
                return;
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let mut target = TcpStream::connect(target).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut stream, &mut target).await;
        }
    })
    .await;
    let transport = TransportPlan {
        proxy: Some(ProxyPlan {
            host: proxy.ip().to_string(),
            port: proxy.port(),
            authorization: Some("Basic eDp5".to_owned()),
        }),
        tls: TlsPlan {
            authority_pem: Some(authority.pem()),
            ..TlsPlan::default()
        },
        ..transport()
    };
    assert_eq!(
        ask("http://shop.example:81", &transport).await.body,
        b"hello"
    );
    assert_eq!(ask(SHOP, &transport).await.status, 200);
    let heads = heads.lock().unwrap();
    assert!(
        heads[0].starts_with("GET http://shop.example:81/a?b=c HTTP/1.1"),
        "{heads:?}"
    );
    assert!(
        heads[0].contains("proxy-authorization: Basic eDp5"),
        "{heads:?}"
    );
    assert!(
        heads[1].starts_with("CONNECT shop.example:443 HTTP/1.1"),
        "{heads:?}"
    );
    assert!(
        heads[1].contains("proxy-authorization: Basic eDp5"),
        "{heads:?}"
    );
}

#[tokio::test]
async fn connections_come_from_the_given_addresses_in_turn() {
    let sources = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&sources);
    let address = server(move |mut stream, _| {
        seen.lock()
            .unwrap()
            .push(stream.peer_addr().unwrap().ip().to_string());
        async move {
            request_head(&mut stream).await;
            stream.write_all(HELLO).await.unwrap();
        }
    })
    .await;
    let addresses = ["127.0.0.2", "127.0.0.3"];
    let transport = TransportPlan {
        source_addresses: addresses
            .map(|text| text.parse::<IpAddr>().unwrap())
            .to_vec(),
        ..transport()
    };
    let client = client(&format!("http://{address}"), &transport, None);
    for _ in 0..4 {
        let answer = client
            .send(&mut get("/"), &Connections::default(), true)
            .await;
        assert_eq!(answer.status, 200);
    }
    let [second, third] = addresses;
    assert_eq!(*sources.lock().unwrap(), [second, third, second, third]);
}
