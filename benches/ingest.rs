//! Bytes per second of parsing, on simulated logs of three formats.
//!
//!     cargo bench --bench ingest
//!
//! Prints the median of five passes.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use firedrill::access_log::{
    LineBlock, LineBlocks, LineContext, LineSink, LogFormat, LogLine, Taken, parse_block,
};
use firedrill::simulate::{Incidents, SimulationPlan, simulate};

const PASSES: usize = 5;

struct Nowhere {
    lines: u64,
}

impl LineSink for Nowhere {
    type Error = std::convert::Infallible;

    fn line(&mut self, line: &LogLine<'_>, _: u64) -> Result<Taken, Self::Error> {
        self.lines += u64::from(std::hint::black_box(line).status > 0);
        Ok(Taken::Record)
    }

    fn reject(&mut self, _: &str, _: u64, _: u64, _: &[u8]) {}
}

/// An AWS ELB log of the same size.
fn elb_log(bytes: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes + 512);
    for number in 0_u64.. {
        if text.len() >= bytes {
            break;
        }
        let (client, product, us) = (
            number % 250,
            number * 7_919 % 5_000,
            number * 104_729 % 1_000_000,
        );
        writeln!(
            text,
            r#"2026-11-27T09:{:02}:{:02}.{us:06}Z shop 203.0.113.{client}:40123 198.51.100.7:80 0.00002 0.{us:06} 0.00003 200 200 0 5120 "GET https://shop.example:443/product/{product}?page=2 HTTP/1.1" "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2"#,
            number / 10_000 / 60 % 60,
            number / 10_000 % 60,
        )
        .expect("a vector takes any text");
    }
    text
}

fn nginx_log() -> Vec<u8> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-ingest");
    let _ = std::fs::remove_dir_all(&folder);
    let plan = SimulationPlan {
        start_day: jiff::civil::date(2026, 11, 25),
        days: 1,
        shoppers_per_day: 20_000,
        seed: 1,
        incidents: Incidents::Planted,
        contacts: None,
    };
    simulate(&plan, &folder, &mut |_| {}).expect("the folder is new and ours");
    let text = std::fs::read(folder.join("access-2026-11-25.log")).expect("it was just written");
    let _ = std::fs::remove_dir_all(&folder);
    text
}

fn json_log(nginx: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    for line in nginx
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        let line = String::from_utf8_lossy(line);
        let quoted: Vec<&str> = line.split('"').collect();
        let request: Vec<&str> = quoted[1].split(' ').collect();
        // A few planted lines are of clients that send no request.
        if request.len() < 2 {
            continue;
        }
        writeln!(
            text,
            r#"{{"time":"2026-11-27T09:00:00+00:00","remote_addr":"203.0.113.9","method":"{}","uri":"{}","status":200,"body_bytes_sent":5120,"request_time":{},"http_user_agent":"{}"}}"#,
            request[0], request[1], quoted[6].trim(), quoted[5]
        )
        .expect("a vector takes any text");
    }
    text
}

fn main() {
    let nginx = nginx_log();
    let json = json_log(&nginx);
    let elb = elb_log(nginx.len());
    for (format, text) in [
        ("nginx-request-time", nginx),
        ("aws-elb", elb),
        ("nginx-json", json),
    ] {
        measure(format, &text);
    }
}

fn measure(name: &str, text: &[u8]) {
    let format = LogFormat::from_text(name).expect("it is a known format");
    let mut reader = LineBlocks::new(text, 0);
    let mut blocks: Vec<LineBlock> = Vec::new();
    while let Some(block) = reader
        .next_block()
        .expect("memory does not fail to be read")
    {
        blocks.push(block);
    }
    let mut seconds: Vec<f64> = (0..PASSES).map(|_| pass(&blocks, &format)).collect();
    seconds.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "a log of some megabytes")]
    let megabytes = text.len() as f64 / 1e6;
    println!(
        "parse_block {name:20} {:6.0} MB/s on one core ({megabytes:.0} MB, median of {PASSES})",
        megabytes / seconds[PASSES / 2]
    );
}

fn pass(blocks: &[LineBlock], format: &LogFormat) -> f64 {
    let started = Instant::now();
    let mut sink = Nowhere { lines: 0 };
    for block in blocks {
        let Ok(counts) = parse_block(block, format, &mut LineContext::default(), &mut sink);
        assert_eq!(counts.rejected, 0);
    }
    started.elapsed().as_secs_f64()
}
