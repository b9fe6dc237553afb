//! The live view as a web page on this machine.
//!
//! In: looks, and the report when it is written. Out: one page without any other file, the newest look
//! as JSON, the report. It runs on a thread and a runtime of its own; a look becomes JSON once, however
//! many clients there are, and no more than [`CLIENTS_MAX`] connections are open, so that slow or many
//! clients cost the load nothing but that thread.

mod few;
mod page;

use std::fmt;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use tokio::sync::watch;

use super::LiveEvents;
use super::look::{End, Look, Stage};
use crate::cli::exit_code::{ExitCode, Failure};
use few::Few;
use page::Page;

/// Connections that are open at once; others wait.
pub const CLIENTS_MAX: usize = 32;
/// A client that asked in the last so many seconds is one that still looks.
const LOOKS_STILL: Duration = Duration::from_secs(4);
/// How long those who look may take to get the report before the program ends.
const REPORT_WAIT: Duration = Duration::from_secs(5);

/// Where the page is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UiAddress(SocketAddr);

impl FromStr for UiAddress {
    type Err = String;

    /// `127.0.0.1:8089`, or a port alone.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(port) = text.parse::<u16>() {
            return Ok(Self(SocketAddr::from(([127, 0, 0, 1], port))));
        }
        let text = text.replace("localhost:", "127.0.0.1:");
        text.parse()
            .map(Self)
            .map_err(|_| "write an address and a port, such as `127.0.0.1:8089`".to_owned())
    }
}

impl fmt::Display for UiAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

/// The newest look, for whoever asks.
#[derive(Debug, Default)]
pub struct Board {
    shown: Mutex<Shown>,
    /// Counts answers with the report.
    reports_given: AtomicU64,
}

#[derive(Debug, Default)]
struct Shown {
    look: Option<Look>,
    json: Bytes,
    report: Option<(&'static str, Bytes)>,
    asked_at: Option<Instant>,
}

impl Board {
    /// Shows a look.
    pub fn put(&self, look: Look) {
        // Plain data of ours: nothing in it can fail to be written.
        let json = serde_json::to_vec(&look).unwrap_or_default();
        let mut shown = self.shown();
        shown.json = json.into();
        shown.look = Some(look);
    }

    /// Shows what became of the timeline after the last look.
    pub fn settle(&self, events: &LiveEvents, now_us: i64) {
        let look = self.shown().look.take();
        if let Some(look) = look {
            self.put(Look {
                events: events.around(now_us),
                prompt: events.prompt(),
                ..look
            });
        }
    }

    /// Shows how it ended, with the report as it was written.
    fn end(&self, end: End, kind: &'static str, report: Vec<u8>) {
        self.shown().report = Some((kind, report.into()));
        let look = self.shown().look.take();
        if let Some(look) = look {
            self.put(Look {
                stage: Stage::Over,
                end: Some(end),
                ..look
            });
        }
    }

    fn json(&self) -> Bytes {
        let mut shown = self.shown();
        shown.asked_at = Some(Instant::now());
        shown.json.clone()
    }

    fn is_looked_at(&self) -> bool {
        let asked_at = self.shown().asked_at;
        asked_at.is_some_and(|asked_at| asked_at.elapsed() < LOOKS_STILL)
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The server of the page; dropping it ends it.
#[derive(Debug)]
pub struct Ui {
    /// What it shows.
    pub board: Arc<Board>,
    /// Where it is.
    pub url: String,
    stop: Option<watch::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What a request needs.
#[derive(Debug)]
struct Server {
    board: Arc<Board>,
    page: Page,
    /// What a browser may call this server; `None` for anything, where others may look on.
    hosts: Option<Vec<String>>,
}

impl Ui {
    /// Serves on `address`; others than this machine only where `is_open_to_others`.
    ///
    /// # Errors
    /// When the address is not of this machine alone, or cannot be had.
    pub fn open(address: UiAddress, is_open_to_others: bool) -> Result<Self, Failure> {
        let UiAddress(address) = address;
        if !address.ip().is_loopback() && !is_open_to_others {
            return Err(Failure::usage(format!(
                "--ui: whoever reaches `{address}` could look on, and there is no password (hint: `127.0.0.1:{}`, or add --ui-open-to-others)",
                address.port()
            )));
        }
        let refused = |error| {
            Failure::new(
                ExitCode::Input,
                format!(
                    "--ui: cannot listen on `{address}`: {error} (hint: another port, or 0 for any)"
                ),
            )
        };
        let listener = TcpListener::bind(address).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let bound = listener.local_addr().map_err(refused)?;
        let board = Arc::new(Board::default());
        let server = Arc::new(Server {
            board: Arc::clone(&board),
            page: Page::new(),
            hosts: address.ip().is_loopback().then(|| hosts(bound)),
        });
        let (stop, stopped) = watch::channel(());
        let thread = std::thread::Builder::new()
            .name("ui".to_owned())
            .spawn(move || serve(listener, server, stopped))
            .map_err(refused)?;
        Ok(Self {
            board,
            url: format!("http://{bound}/"),
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Shows how the run ended, and lets those who look get the report before the program ends.
    pub fn finish(self, end: End, kind: &'static str, report: Vec<u8>) {
        let is_looked_at = self.board.is_looked_at();
        self.board.end(end, kind, report);
        let began = Instant::now();
        while is_looked_at
            && began.elapsed() < REPORT_WAIT
            && self.board.reports_given.load(Relaxed) == 0
        {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Ui {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed; there is no more to stop.
            let _ = thread.join();
        }
    }
}

/// The names under which a browser of this machine reaches it. Any other name means that a page of
/// somebody else has it resolve to this machine, to read along.
fn hosts(bound: SocketAddr) -> Vec<String> {
    let port = bound.port();
    let address = match bound.ip() {
        IpAddr::V4(ip) => format!("{ip}:{port}"),
        IpAddr::V6(ip) => format!("[{ip}]:{port}"),
    };
    vec![address, format!("localhost:{port}")]
}

fn serve(listener: TcpListener, server: Arc<Server>, mut stopped: watch::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else {
        return;
    };
    runtime.block_on(async move {
        let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
            return;
        };
        let router = Router::new()
            .route("/", get(page))
            .route("/live.json", get(live))
            .route("/report", get(report))
            .with_state(server);
        let serving = axum::serve(Few::new(listener, CLIENTS_MAX), router);
        tokio::select! {
            // It only ends by an error of the listener, and then there is no page any more.
            _ = serving => {}
            // The sender is gone.
            _ = stopped.changed() => {}
        }
    });
}

async fn page(State(server): State<Arc<Server>>, headers: HeaderMap) -> Response {
    answer(&server, &headers, || {
        let kind = "text/html; charset=utf-8";
        let policy = (header::CONTENT_SECURITY_POLICY, server.page.policy.clone());
        ([policy], typed(kind, server.page.html.clone())).into_response()
    })
}

async fn live(State(server): State<Arc<Server>>, headers: HeaderMap) -> Response {
    answer(&server, &headers, || {
        typed("application/json", server.board.json())
    })
}

async fn report(State(server): State<Arc<Server>>, headers: HeaderMap) -> Response {
    answer(&server, &headers, || {
        let report = server.board.shown().report.clone();
        match report {
            Some((kind, report)) => {
                server.board.reports_given.fetch_add(1, Relaxed);
                typed(kind, report)
            }
            None => (StatusCode::NOT_FOUND, "the report is not written yet").into_response(),
        }
    })
}

fn typed(kind: &'static str, body: Bytes) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // A connection that is kept open for nothing would keep others waiting.
        (header::CONNECTION, "close"),
    ];
    (headers, body).into_response()
}

fn answer(server: &Server, headers: &HeaderMap, give: impl Fn() -> Response) -> Response {
    let host = headers.get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    match &server.hosts {
        Some(hosts) if !hosts.iter().any(|known| known == host) => {
            (StatusCode::FORBIDDEN, "this page is for this machine alone").into_response()
        }
        Some(_) | None => give(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_an_address_or_a_port() {
        for (text, expected) in [
            ("8089", Some("127.0.0.1:8089")),
            ("127.0.0.1:0", Some("127.0.0.1:0")),
            ("localhost:8089", Some("127.0.0.1:8089")),
            ("[::1]:8089", Some("[::1]:8089")),
            ("0.0.0.0:80", Some("0.0.0.0:80")),
            ("shop.example:80", None),
            ("70000", None),
            ("", None),
        ] {
            let address = UiAddress::from_str(text).ok();
            assert_eq!(
                address.map(|it| it.to_string()).as_deref(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn only_this_machine_may_look_unless_it_is_said_otherwise() {
        for text in ["0.0.0.0:0", "[::]:0"] {
            let refused = Ui::open(text.parse().unwrap(), false).unwrap_err();
            assert_eq!(refused.code, ExitCode::Usage);
            assert!(refused.message.contains("--ui-open-to-others"));
        }
        drop(Ui::open("0.0.0.0:0".parse().unwrap(), true).unwrap());
        let first = Ui::open("127.0.0.1:0".parse().unwrap(), false).unwrap();
        let taken = first
            .url
            .trim_start_matches("http://")
            .trim_end_matches('/');
        let refused = Ui::open(taken.parse().unwrap(), false).unwrap_err();
        assert_eq!(refused.code, ExitCode::Input);
    }
}
