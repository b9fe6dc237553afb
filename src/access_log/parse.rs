//! One block of lines becomes log lines and rejected lines.

use super::blocks::LineBlock;
use super::clf::{self, Tail};
use super::clock::Clock;
use super::{LINE_BYTES_MAX, LogFormat, elb};

/// One request as the log has it. Texts point into the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLine<'a> {
    /// Start of the request, UTC µs since 1970.
    pub ts_us: i64,
    /// Address (or name) of the client.
    pub client: &'a [u8],
    /// User agent; empty where the log has none.
    pub user_agent: &'a [u8],
    /// Method, or `-` when the request line was none.
    pub method: &'a str,
    /// Request target: path with query, or URL.
    pub target: &'a str,
    /// HTTP status.
    pub status: u16,
    /// Duration, µs.
    pub latency_us: Option<u64>,
    /// Bytes of the request.
    pub bytes_in: Option<u64>,
    /// Bytes of the response.
    pub bytes_out: Option<u64>,
}

/// Where the lines of a block go.
pub trait LineSink {
    /// What stops the reading.
    type Error;

    /// A line that was understood, with the offset of its first byte in the source.
    ///
    /// # Errors
    /// Whatever stops the reading.
    fn line(&mut self, line: &LogLine<'_>, offset: u64) -> Result<(), Self::Error>;

    /// A line that was not, with its number in the block, counted from 0.
    fn reject(&mut self, reason: &str, offset: u64, line_index: u64, text: &[u8]);
}

/// What became of the lines of a block: lines = records + rejected + blank.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BlockCounts {
    /// Lines.
    pub lines: u64,
    /// Lines that were understood.
    pub records: u64,
    /// Lines that were not.
    pub rejected: u64,
    /// Empty lines.
    pub blank: u64,
}

impl BlockCounts {
    /// Adds what another block counted.
    pub fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.records += other.records;
        self.rejected += other.rejected;
        self.blank += other.blank;
    }
}

/// Parses every line of `block` into `sink`.
///
/// # Errors
/// Only what the sink returns.
pub fn parse_block<S: LineSink>(
    block: &LineBlock,
    format: LogFormat,
    sink: &mut S,
) -> Result<BlockCounts, S::Error> {
    let mut clock = Clock::default();
    let mut counts = BlockCounts::default();
    if let Some(bytes) = block.oversized_bytes {
        let reason = format!("line of {bytes} bytes is longer than {LINE_BYTES_MAX}");
        sink.reject(&reason, block.offset, 0, &block.bytes);
        counts.lines = 1;
        counts.rejected = 1;
        return Ok(counts);
    }
    for (offset, line) in block.lines() {
        let line_index = counts.lines;
        counts.lines += 1;
        if line.iter().all(u8::is_ascii_whitespace) {
            counts.blank += 1;
            continue;
        }
        match parse_line(line, format, &mut clock) {
            Ok(parsed) => {
                counts.records += 1;
                sink.line(&parsed, offset)?;
            }
            Err(reason) => {
                counts.rejected += 1;
                sink.reject(reason, offset, line_index, line);
            }
        }
    }
    Ok(counts)
}

/// Whether a line without an end says the same whatever more of it is written: a number at its
/// end may still get digits, a closed quote may be followed by a field that matters.
#[must_use]
pub fn is_settled(line: &[u8], format: LogFormat) -> bool {
    let Ok(alone) = parse_line(line, format, &mut Clock::default()) else {
        return false;
    };
    [&b"9"[..], b" \"9\" 9"].iter().all(|more| {
        let longer = [line, more].concat();
        parse_line(&longer, format, &mut Clock::default()).is_ok_and(|longer| longer == alone)
    })
}

/// One line in one format, or why it is none.
pub fn parse_line<'a>(
    line: &'a [u8],
    format: LogFormat,
    clock: &mut Clock,
) -> Result<LogLine<'a>, &'static str> {
    if line.len() > LINE_BYTES_MAX {
        return Err("line is too long");
    }
    match format {
        LogFormat::AwsElb => elb::parse(line, clock),
        LogFormat::NginxRequestTime => clf::parse(line, Tail::CombinedRequestTime, clock),
        LogFormat::ApacheCombinedDuration => clf::parse(line, Tail::CombinedDuration, clock),
        LogFormat::ApacheCommonDuration => clf::parse(line, Tail::CommonDuration, clock),
        LogFormat::Combined => clf::parse(line, Tail::Combined, clock),
        LogFormat::ApacheCommon => clf::parse(line, Tail::Common, clock),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_settled_when_more_bytes_cannot_change_its_record() {
        let common = r#"203.0.113.9 - - [27/Nov/2026:08:00:01 +0000] "GET / HTTP/1.1" 200 512"#;
        let combined = format!(r#"{common} "-" "Mozilla/5.0""#);
        for (line, format, expected) in [
            (common.to_owned(), LogFormat::ApacheCommon, false),
            (combined.clone(), LogFormat::Combined, true),
            (
                combined[..combined.len() - 1].to_owned(),
                LogFormat::Combined,
                false,
            ),
            (
                format!("{combined} 0.12"),
                LogFormat::NginxRequestTime,
                false,
            ),
            (
                format!("{combined} 0.123 "),
                LogFormat::NginxRequestTime,
                true,
            ),
            (
                format!("{combined} 15000"),
                LogFormat::ApacheCombinedDuration,
                false,
            ),
        ] {
            assert_eq!(is_settled(line.as_bytes(), format), expected, "{line}");
        }
    }
}
