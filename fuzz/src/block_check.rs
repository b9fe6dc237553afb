//! The properties that every format must have on any bytes.
//!
//! In: bytes and a format. Out: nothing, or a panic that says which property does not hold:
//! lines = records + rejected + blank; every record keeps what [`LogLine`] promises; and a log that
//! is cut at any line end, each part read with the header that was in force before it, says the same
//! as the whole. The last one is what parallel reading stands on.

use std::convert::Infallible;
use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::fast::FixedState;

use crate::access_log::{
    BlockCounts, LineBlock, LineContext, LineSink, LogFormat, LogLine, Taken,
    is_settled, parse_block, replay_header,
};

/// 9999-01-01T00:00:00Z, µs since 1970.
const END_OF_TIME_US: i64 = 253_370_764_800_000_000;

/// Checks every property; the number of lines that were understood.
pub fn check(bytes: &[u8], format: &LogFormat) -> u64 {
    let whole = block(0, bytes);
    let mut context = LineContext::default();
    let mut seen = Seen::default();
    let counts = parsed(&whole, format, &mut context, &mut seen);
    assert!(counts.is_conserved(), "{counts:?}");
    assert_eq!(counts.lines, line_count(bytes), "lines");

    let mut seen_in_parts = Seen::default();
    let counts_in_parts = parsed_in_parts(bytes, format, &mut seen_in_parts);
    assert_eq!(counts_in_parts, counts, "read in parts and whole");
    assert_eq!(seen_in_parts, seen, "read in parts and whole");

    let unfinished = block(0, bytes).split_unfinished();
    if !unfinished.is_empty() {
        let _ = is_settled(&unfinished, format, &context);
    }
    counts.records + counts.duplicates
}

/// A block that is no part of an oversized line.
pub fn block(offset: u64, bytes: &[u8]) -> LineBlock {
    LineBlock {
        offset,
        bytes: bytes.to_vec(),
        oversized_bytes: None,
    }
}

fn parsed(
    block: &LineBlock,
    format: &LogFormat,
    context: &mut LineContext,
    seen: &mut Seen,
) -> BlockCounts {
    match parse_block(block, format, context, seen) {
        Ok(counts) => counts,
        Err(never) => match never {},
    }
}

/// As blocks are read in parallel: each alone, after the header in force before it.
fn parsed_in_parts(bytes: &[u8], format: &LogFormat, seen: &mut Seen) -> BlockCounts {
    let mut counts = BlockCounts::default();
    let mut header: Vec<u8> = Vec::new();
    let mut start = 0;
    for end in part_ends(bytes) {
        let part = block(start as u64, &bytes[start..end]);
        let mut context = LineContext::default();
        replay_header(&header, format, &mut context);
        counts.add(parsed(&part, format, &mut context, seen));
        header = format.header_after(&part, &header).into_owned();
        start = end;
    }
    counts
}

/// Where the parts end: after every line, or after one line and at the end. Which, the length says.
fn part_ends(bytes: &[u8]) -> Vec<usize> {
    let mut ends: Vec<usize> = memchr::memchr_iter(b'\n', bytes)
        .map(|found| found + 1)
        .filter(|end| *end < bytes.len())
        .collect();
    if bytes.len().is_multiple_of(2) && !ends.is_empty() {
        ends = vec![ends[bytes.len() / 2 % ends.len()]];
    }
    ends.push(bytes.len());
    ends
}

fn line_count(bytes: &[u8]) -> u64 {
    let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
    let is_unfinished = bytes.last().is_some_and(|byte| *byte != b'\n');
    ends as u64 + u64::from(is_unfinished)
}

/// What was made of the lines, each as a hash of all that it says.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    records: Vec<u64>,
    rejects: Vec<u64>,
}

impl LineSink for Seen {
    type Error = Infallible;

    fn line(&mut self, line: &LogLine<'_>, offset: u64) -> Result<Taken, Self::Error> {
        assert_promises(line);
        let hash = line_hash(line, offset);
        self.records.push(hash);
        Ok(if line.row_key.is_empty() || hash.is_multiple_of(2) {
            Taken::Record
        } else {
            Taken::Duplicate
        })
    }

    fn reject(&mut self, reason: &str, offset: u64, _line_index: u64, text: &[u8]) {
        assert!(!reason.is_empty() && !text.is_empty());
        self.rejects
            .push(FixedState::default().hash_one((reason, offset, text)));
    }
}

fn assert_promises(line: &LogLine<'_>) {
    assert!((0..END_OF_TIME_US).contains(&line.ts_us), "time: {line:?}");
    let is_status = line.status == 0 || (100..1_000).contains(&line.status);
    assert!(is_status, "status: {line:?}");
    assert!(line.weight >= 1, "weight: {line:?}");
    assert!(!line.method.is_empty(), "method: {line:?}");
    assert!(!line.target.is_empty(), "target: {line:?}");
    assert_ne!(line.upstream_tries, Some(0), "upstream tries: {line:?}");
    for text in [
        &line.user_agent,
        &line.referrer,
        &line.cookie,
        &line.session,
    ] {
        assert_ne!(**text, *b"-", "a dash is nothing: {line:?}");
    }
}

fn line_hash(line: &LogLine<'_>, offset: u64) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    offset.hash(&mut hasher);
    for text in [&line.client, &line.user_agent, &line.referrer] {
        text.hash(&mut hasher);
    }
    for text in [&line.cookie, &line.session, &line.row_key] {
        text.hash(&mut hasher);
    }
    for text in [&line.method, &line.target, &line.query] {
        text.hash(&mut hasher);
    }
    for text in [&line.host, &line.service] {
        text.hash(&mut hasher);
    }
    (line.ts_us, line.status, line.latency_us, line.weight).hash(&mut hasher);
    (line.bytes_in, line.bytes_out, line.upstream_tries).hash(&mut hasher);
    hasher.finish()
}
