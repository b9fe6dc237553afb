//! A target in the test's own process: it answers every GET with `ok`, and says when.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

/// A server on loopback; dropping it closes it.
pub struct TargetServer {
    address: SocketAddr,
    is_closed: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
    answered: Receiver<()>,
}

impl TargetServer {
    /// Listens on any free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it listens");
        let is_closed = Arc::new(AtomicBool::new(false));
        let (sender, answered) = channel();
        let flag = Arc::clone(&is_closed);
        let accepting = thread::spawn(move || accept(&listener, &flag, &sender));
        Self {
            address,
            is_closed,
            accepting: Some(accepting),
            answered,
        }
    }

    /// Such as `http://127.0.0.1:8080`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Blocks until `count` more requests were answered.
    pub fn wait_for_answers(&self, count: usize) {
        let seen = self.answered.iter().take(count).count();
        assert_eq!(
            seen, count,
            "the server closed before {count} requests came"
        );
    }

    fn stop(&mut self) {
        self.is_closed.store(true, SeqCst);
        // Wakes the accepting thread; it may be gone already.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            accepting.join().expect("the server does not panic");
        }
    }
}

impl Drop for TargetServer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn accept(listener: &TcpListener, is_closed: &AtomicBool, answered: &Sender<()>) {
    for connection in listener.incoming() {
        if is_closed.load(SeqCst) {
            return;
        }
        let connection = connection.expect("loopback accepts");
        let answered = answered.clone();
        // Ends when the other side hangs up.
        thread::spawn(move || answer(&connection, &answered));
    }
}

fn answer(mut connection: &TcpStream, answered: &Sender<()>) {
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
        if line == "\r\n" {
            let written = connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
            if written.is_err() || answered.send(()).is_err() {
                return;
            }
        }
        line.clear();
    }
}
