//! Logs to read: simulated ones with a known truth, hand-made ones, and an independent reader.

use jiff::Timestamp;
use serde_json::Value;

use super::program::{run, text};
use super::temp_folder::TempFolder;

/// A simulated log, the text of one file.
pub struct SimulatedLog {
    /// Every line, with its end.
    pub text: String,
    /// What `truth.json` says of it.
    pub truth: Value,
}

impl SimulatedLog {
    /// A day of about `shoppers` shoppers.
    pub fn of(shoppers: u32) -> Self {
        let folder = TempFolder::new();
        let words = format!("simulate --days 1 --shoppers-per-day {shoppers} --seed 1 -o logs -q");
        run(&folder, &words).exits(0);
        let truth: Value =
            serde_json::from_str(&folder.read("logs/truth.json")).expect("the truth is JSON");
        let file = text(&truth, "/days/0/file");
        Self {
            text: folder.read(&format!("logs/{file}")),
            truth,
        }
    }

    /// Its first lines.
    pub fn first_lines(&self, count: usize) -> String {
        self.text.split_inclusive('\n').take(count).collect()
    }
}

/// `count` hand-made lines, one per second from 08:00, of several routes, statuses and times.
pub fn plain_lines(count: u32) -> String {
    let requests = [
        "GET /",
        "GET /search?q=hat",
        "GET /product/7",
        "POST /cart",
        "POST /checkout",
    ];
    let lines = (0..count).map(|index| {
        let request = requests[index as usize % requests.len()];
        let status = if index % 17 == 0 { 500 } else { 200 };
        line(index, request, status, f64::from(index % 40) / 10.0)
    });
    lines.collect()
}

/// One line of nginx' combined format with the request time, `second` seconds after 08:00.
pub fn line(second: u32, request: &str, status: u16, request_time_s: f64) -> String {
    let (hours, minutes, seconds) = (8 + second / 3_600, second / 60 % 60, second % 60);
    format!(
        "192.0.2.{} - - [27/Nov/2026:{hours:02}:{minutes:02}:{seconds:02} +0000] \"{request} HTTP/1.1\" {status} 512 \"-\" \"Mozilla/5.0\" {request_time_s:.3}\n",
        second % 250
    )
}

/// One request, as the tests read it; written without a look at the parser.
#[derive(Debug, Clone, PartialEq)]
pub struct OracleLine {
    /// Its start, UTC µs since 1970.
    pub start_us: i64,
    /// Its method; empty when the request line is none.
    pub method: String,
    /// Its path without query; empty when the request line is none.
    pub path: String,
    /// Its status.
    pub status: u16,
    /// Its duration, µs.
    pub latency_us: u64,
    /// Whether its user agent says that no person made it.
    pub is_robot: bool,
}

/// What the simulated robots call themselves.
const ROBOTS: [&str; 4] = ["bot", "UptimeRobot", "python-requests", "CensysInspect"];

/// Reads nginx lines with a request time and no escaped quotes.
pub fn oracle(log: &str) -> Vec<OracleLine> {
    log.lines().map(oracle_line).collect()
}

fn oracle_line(line: &str) -> OracleLine {
    let pieces: Vec<&str> = line.split('"').collect();
    let [before, request, answer, _, _, agent, time] = pieces.as_slice() else {
        panic!("the oracle cannot read {line}");
    };
    let end_text = before
        .split(['[', ']'])
        .nth(1)
        .expect("the time is in brackets");
    let end = Timestamp::strptime("%d/%b/%Y:%H:%M:%S %z", end_text).expect("the time is one");
    let latency_ms: u64 = time
        .trim()
        .replace('.', "")
        .parse()
        .expect("seconds have 3 decimals");
    let latency_us = latency_ms * 1_000;
    let words: Vec<&str> = request.split(' ').collect();
    let (method, path) = match words.as_slice() {
        [method, target, _] => (*method, target.split('?').next().unwrap_or_default()),
        _ => ("", ""),
    };
    OracleLine {
        start_us: end.as_microsecond() - i64::try_from(latency_us).expect("it is short"),
        method: method.to_owned(),
        path: path.to_owned(),
        status: answer
            .split_whitespace()
            .next()
            .and_then(|status| status.parse().ok())
            .expect("the status is a number"),
        latency_us,
        is_robot: ROBOTS.iter().any(|name| agent.contains(name)),
    }
}

#[test]
fn the_oracle_reads_a_line_by_hand() {
    let read = oracle(&line(61, "GET /search?q=hat", 404, 1.25));
    let expected = OracleLine {
        start_us: 1_795_766_461_000_000 - 1_250_000,
        method: "GET".to_owned(),
        path: "/search".to_owned(),
        status: 404,
        latency_us: 1_250_000,
        is_robot: false,
    };
    assert_eq!(read, [expected]);
}
