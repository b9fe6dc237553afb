//! A target that does nothing: it answers 200 to whatever comes, at once.
//!
//! What the generator can offer is measured against it before anything is said of a real target.

use std::io;
use std::net::Ipv4Addr;
use std::thread::JoinHandle;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpSocket;
use tokio::sync::watch;
use url::Url;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 8_192;
/// What it answers: small, and not empty.
const ANSWER: &str = "{\"ok\":true}";

/// A responder that runs; dropping it stops it.
#[derive(Debug)]
pub struct Responder {
    base_url: Url,
    /// Dropped to stop it.
    stop: Option<watch::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Responder {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When there is no port or no thread to be had.
    pub fn start() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener = {
            let _inside = runtime.enter();
            let socket = TcpSocket::new_v4()?;
            socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
            socket.listen(BACKLOG)?
        };
        let address = listener.local_addr()?;
        let base_url = Url::parse(&format!("http://{address}")).map_err(io::Error::other)?;
        let (stop, mut stopped) = watch::channel(());
        let thread = std::thread::Builder::new()
            .name("responder".to_owned())
            .spawn(move || {
                let listener = listener.tap_io(|stream| {
                    // A connection that is gone says so when it is read.
                    let _ = stream.set_nodelay(true);
                });
                let router = Router::new().fallback(|| async { ANSWER });
                runtime.block_on(async move {
                    tokio::select! {
                        _ = axum::serve(listener, router) => {}
                        _ = stopped.changed() => {}
                    }
                });
                runtime.shutdown_background();
            })?;
        Ok(Self {
            base_url,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn base_url(&self) -> &Url {
        &self.base_url
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed; there is no more to stop.
            let _ = thread.join();
        }
    }
}
