//! One thread that listens on loopback and serves a router until it is told to stop.
//!
//! In: a port and a router. Out: the address that was bound. It has its own tokio runtime, so it
//! can be started from a plain program and from inside another runtime alike, and the load
//! tester's tasks never delay the shop's timers.

use super::ShopError;
use axum::Router;
use axum::serve::ListenerExt;
use std::future::IntoFuture;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

/// Connections that may wait to be accepted; the system may allow fewer (`net.core.somaxconn`).
const BACKLOG_COUNT: u32 = 8_192;
/// How long requests under way may take to finish once the server is told to stop.
const STOP_GRACE: Duration = Duration::from_millis(250);
/// How long the runtime may take to drop what is left.
const STOP_REST: Duration = Duration::from_millis(100);

/// A server that runs; dropping it stops it.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    /// Dropping the sender is the signal to stop.
    stop: Option<watch::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Binds `127.0.0.1:port` (0: any free port) and serves.
    ///
    /// # Errors
    /// The port is in use or may not be bound, or there is no thread to be had.
    pub fn start(port: u16, router: Router) -> Result<Self, ShopError> {
        let (stop, stopped) = watch::channel(());
        let (bound_sender, bound) = mpsc::sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("shop".to_owned())
            .spawn(move || run(port, router, stopped, &bound_sender))
            .map_err(ShopError::Runtime)?;
        match bound.recv() {
            Ok(Ok(address)) => Ok(Self {
                address,
                stop: Some(stop),
                thread: Some(thread),
            }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(ShopError::Runtime(io::Error::other(
                "the shop's thread ended",
            ))),
        }
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, lets requests under way finish for 250 ms, drops the rest.
    pub fn stop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // An error is a panic of the thread, which has been printed; there is no more to stop.
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

type Bound = mpsc::SyncSender<Result<SocketAddr, ShopError>>;

fn run(port: u16, router: Router, stopped: watch::Receiver<()>, bound: &Bound) {
    // One thread for everything: a separate worker thread was measured to cost about 20 % more
    // processor time per request (28 to 33 µs against 23 to 27 µs), all of it hand-overs.
    let started = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ShopError::Runtime);
    let listening = started.and_then(|runtime| {
        let (listener, address) = listen(&runtime, port)?;
        Ok((runtime, listener, address))
    });
    match listening {
        Ok((runtime, listener, address)) => {
            // The receiver waits in `start`; if it is gone, so is the sender of `stopped`.
            let _ = bound.send(Ok(address));
            runtime.block_on(serve(listener, router, stopped));
            runtime.shutdown_timeout(STOP_REST);
        }
        Err(error) => {
            let _ = bound.send(Err(error));
        }
    }
}

fn listen(runtime: &Runtime, port: u16) -> Result<(TcpListener, SocketAddr), ShopError> {
    let _inside = runtime.enter();
    let listener = bind(port).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => ShopError::PortInUse { port },
        _ => ShopError::Bind { port, error },
    })?;
    let address = listener
        .local_addr()
        .map_err(|error| ShopError::Bind { port, error })?;
    Ok((listener, address))
}

fn bind(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // Without this, a port is refused for a minute after the last shop on it has closed.
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    socket.listen(BACKLOG_COUNT)
}

async fn serve(listener: TcpListener, router: Router, stopped: watch::Receiver<()>) {
    let listener = listener.tap_io(|stream| {
        // An error means that the connection is gone already, which reading will tell.
        let _ = stream.set_nodelay(true);
    });
    let signal = stop_signal(stopped.clone());
    let served = axum::serve(listener, router)
        .with_graceful_shutdown(signal)
        .into_future();
    let grace = async {
        stop_signal(stopped).await;
        tokio::time::sleep(STOP_GRACE).await;
    };
    tokio::select! {
        _ = served => {}
        () = grace => {}
    }
}

/// Returns when the sender is dropped.
async fn stop_signal(mut stopped: watch::Receiver<()>) {
    while stopped.changed().await.is_ok() {}
}
