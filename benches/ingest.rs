//! Bytes per second of parsing, and of parsing into a part of a lake, on a simulated log.
//!
//!     cargo bench --bench ingest
//!
//! Prints the median of five passes.

use std::path::Path;
use std::time::Instant;

use firedrill::access_log::{LineBlock, LineBlocks, LineSink, LogFormat, LogLine, parse_block};
use firedrill::simulate::{Incidents, SimulationPlan, simulate};

const PASSES: usize = 5;

struct Nowhere {
    lines: u64,
}

impl LineSink for Nowhere {
    type Error = std::convert::Infallible;

    fn line(&mut self, line: &LogLine<'_>, _: u64) -> Result<(), Self::Error> {
        self.lines += u64::from(std::hint::black_box(line).status > 0);
        Ok(())
    }

    fn reject(&mut self, _: &str, _: u64, _: u64, _: &[u8]) {}
}

fn main() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-ingest");
    let _ = std::fs::remove_dir_all(&folder);
    let plan = SimulationPlan {
        start_day: jiff::civil::date(2026, 11, 25),
        days: 1,
        shoppers_per_day: 20_000,
        seed: 1,
        incidents: Incidents::Planted,
    };
    simulate(&plan, &folder, &mut |_| {}).expect("the folder is new and ours");
    let text = std::fs::read(folder.join("access-2026-11-25.log")).expect("it was just written");
    let mut reader = LineBlocks::new(text.as_slice(), 0);
    let mut blocks: Vec<LineBlock> = Vec::new();
    while let Some(block) = reader
        .next_block()
        .expect("memory does not fail to be read")
    {
        blocks.push(block);
    }
    let mut seconds: Vec<f64> = (0..PASSES).map(|_| pass(&blocks)).collect();
    seconds.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "a log of some megabytes")]
    let megabytes = text.len() as f64 / 1e6;
    println!(
        "parse_block   {:.0} MB/s on one core ({megabytes:.0} MB, median of {PASSES})",
        megabytes / seconds[PASSES / 2]
    );
    let _ = std::fs::remove_dir_all(&folder);
}

fn pass(blocks: &[LineBlock]) -> f64 {
    let started = Instant::now();
    let mut sink = Nowhere { lines: 0 };
    for block in blocks {
        let Ok(counts) = parse_block(block, LogFormat::NginxRequestTime, &mut sink);
        assert_eq!(counts.rejected, 0);
    }
    started.elapsed().as_secs_f64()
}
