//! A target in the test's own process that answers each request as the test says, and remembers it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Method and target, e.g. `GET /cart?x=1`.
    pub line: String,
    /// The headers, each `name: value` with a lower-case name.
    pub headers: Vec<String>,
    /// The body.
    pub body: String,
}

/// What the server says.
pub enum Said {
    /// Status line without the version, headers, body.
    Answer(&'static str, &'static [&'static str], &'static str),
    /// Nothing, for as long as the other side waits.
    Nothing,
}

/// A server on loopback, for as long as the test's process lives.
pub struct ScriptedServer {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl ScriptedServer {
    /// Listens on any free port and answers by `script`.
    pub fn start(script: fn(&Asked) -> Said) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it listens");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for connection in listener.incoming() {
                let seen = Arc::clone(&seen);
                let connection = connection.expect("loopback accepts");
                // Ends when the other side hangs up.
                thread::spawn(move || serve(&connection, script, &seen));
            }
        });
        Self { address, asked }
    }

    /// Such as `http://127.0.0.1:8080`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request so far, in the order in which they came.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no holder panics").clone()
    }
}

fn serve(connection: &TcpStream, script: fn(&Asked) -> Said, seen: &Mutex<Vec<Asked>>) {
    let mut reader = BufReader::new(connection);
    while let Some(asked) = read(&mut reader) {
        seen.lock().expect("no holder panics").push(asked.clone());
        match script(&asked) {
            Said::Answer(status, headers, body) => {
                let headers: String = headers
                    .iter()
                    .map(|header| format!("{header}\r\n"))
                    .collect();
                let answer = format!(
                    "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}",
                    body.len()
                );
                let mut writer = connection;
                if writer.write_all(answer.as_bytes()).is_err() {
                    return;
                }
            }
            Said::Nothing => {
                // Until the other side hangs up, but not for ever.
                let _ = connection.set_read_timeout(Some(Duration::from_secs(60)));
                let _ = reader.read(&mut [0]);
                return;
            }
        }
    }
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Asked> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let first = lines.first()?.trim_end_matches(" HTTP/1.1").to_owned();
    let headers = lines.split_off(1);
    let length = headers
        .iter()
        .find_map(|header| header.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a length"))];
    reader.read_exact(&mut body).ok()?;
    Some(Asked {
        line: first,
        headers,
        body: String::from_utf8(body).expect("tests send text"),
    })
}
