//! One block of lines becomes log lines and rejected lines.

use super::blocks::LineBlock;
use super::clock::END_OF_TIME_US;
use super::line::{LineContext, LogLine};
use super::{LINE_BYTES_MAX, LogFormat};

/// Bytes that some editors and servers put before the first line of a UTF-8 file.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Where the lines of a block go.
pub trait LineSink {
    /// What stops the reading.
    type Error;

    /// A line that was understood, with the offset of its first byte in the source; says whether
    /// it was taken, or is a repetition of one that is there already.
    ///
    /// # Errors
    /// Whatever stops the reading.
    fn line(&mut self, line: &LogLine<'_>, offset: u64) -> Result<Taken, Self::Error>;

    /// A line that was not, with its number in the block, counted from 0.
    fn reject(&mut self, reason: &str, offset: u64, line_index: u64, text: &[u8]);
}

/// What became of a line that was understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is a record.
    Record,
    /// Its row key is there already.
    Duplicate,
}

/// What became of the lines of a block: lines = records + rejected + blank + duplicates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BlockCounts {
    /// Lines.
    pub lines: u64,
    /// Lines that were understood.
    pub records: u64,
    /// Lines that were not.
    pub rejected: u64,
    /// Lines that hold no request: empty ones, headers, comments, other metrics.
    pub blank: u64,
    /// Lines whose row key was there already.
    pub duplicates: u64,
}

impl BlockCounts {
    /// Adds what another block counted.
    pub fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.records += other.records;
        self.rejected += other.rejected;
        self.blank += other.blank;
        self.duplicates += other.duplicates;
    }

    /// Whether lines = records + rejected + blank + duplicates.
    #[must_use]
    pub fn is_conserved(&self) -> bool {
        self.lines == self.records + self.rejected + self.blank + self.duplicates
    }
}

/// Parses every line of `block` into `sink`. The header in force is already in `context`, see
/// [`replay_header`].
///
/// # Errors
/// Only what the sink returns.
pub fn parse_block<S: LineSink>(
    block: &LineBlock,
    format: &LogFormat,
    context: &mut LineContext,
    sink: &mut S,
) -> Result<BlockCounts, S::Error> {
    let mut counts = BlockCounts::default();
    if let Some(bytes) = block.oversized_bytes {
        let reason = format!("line of {bytes} bytes is longer than {LINE_BYTES_MAX}");
        sink.reject(&reason, block.offset, 0, &block.bytes);
        counts.lines = 1;
        counts.rejected = 1;
        return Ok(counts);
    }
    // Which of the readers it is, is the same for all lines.
    let bare = format.bare();
    for (offset, line) in block.lines() {
        let line_index = counts.lines;
        counts.lines += 1;
        let line = without_mark(line, offset);
        if is_blank(line) {
            counts.blank += 1;
            continue;
        }
        // Where it was written: a log line is too large to be moved about.
        let parsed = if line.len() > LINE_BYTES_MAX {
            Err(TOO_LONG)
        } else {
            match bare {
                Some(parse) => parse(line, context),
                None => format.parse(line, context),
            }
        };
        let reason = match &parsed {
            Ok(Some(request)) if !began_in_time(request) => NOT_IN_TIME,
            Ok(Some(request)) => {
                match sink.line(request, offset)? {
                    Taken::Record => counts.records += 1,
                    Taken::Duplicate => counts.duplicates += 1,
                }
                continue;
            }
            Ok(None) => {
                counts.blank += 1;
                continue;
            }
            Err(reason) => reason,
        };
        counts.rejected += 1;
        sink.reject(reason, offset, line_index, line);
    }
    Ok(counts)
}

/// Why a line is not looked at.
const TOO_LONG: &str = "line is too long";
/// Why a request is not taken.
const NOT_IN_TIME: &str = "the request did not begin in the years 1970 to 9998";

/// Offsets and durations are taken off after a time is read. What comes after the lines counts minutes
/// in 32 bits, and looks some hours back and ahead.
fn began_in_time(request: &LogLine<'_>) -> bool {
    (0..END_OF_TIME_US).contains(&request.ts_us)
}

/// Puts the header that is in force before a block into `context`. Only the mark at the very beginning of a
/// source is none of its text: [`LogFormat::header_after`] takes it away, and another one stays.
pub fn replay_header(header: &[u8], format: &LogFormat, context: &mut LineContext) {
    format.replay(header, context);
}

/// Whether a line without an end says the same whatever more of it is written: a number at its
/// end may still get digits, a closed quote may be followed by a field that matters.
#[must_use]
pub fn is_settled(line: &[u8], format: &LogFormat, context: &LineContext) -> bool {
    let parsed = |line: &[u8]| {
        let parsed = parse_line(line, format, &mut context.clone());
        parsed.map(|parsed| parsed.map(LogLine::into_owned))
    };
    let Ok(Some(alone)) = parsed(line) else {
        return false;
    };
    [&b"9"[..], b" \"9\" 9"].iter().all(|more| {
        let longer = parsed(&[line, more].concat());
        // What is no line of the format any more cannot be what is being written.
        longer.is_err() || longer == Ok(Some(alone.clone()))
    })
}

/// One line in one format: a request, nothing, or why it is neither.
pub fn parse_line<'a>(
    line: &'a [u8],
    format: &LogFormat,
    context: &mut LineContext,
) -> super::line::LineResult<'a> {
    if line.len() > LINE_BYTES_MAX {
        return Err(TOO_LONG);
    }
    match format.parse(line, context) {
        Ok(Some(request)) if !began_in_time(&request) => Err(NOT_IN_TIME),
        parsed => parsed,
    }
}

/// Whether a line says nothing.
pub fn is_blank(line: &[u8]) -> bool {
    line.first().is_none_or(u8::is_ascii_whitespace) && line.iter().all(u8::is_ascii_whitespace)
}

/// The first line of a source may begin with a mark of its encoding.
pub fn without_mark(line: &[u8], offset: u64) -> &[u8] {
    if offset == 0 {
        line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line)
    } else {
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_of_a_mark_alone_is_the_same_header_for_the_blocks_after_it() {
        let format = LogFormat::from_text("k6-csv").unwrap();
        let text = "\n\u{feff}\nmetric_name,timestamp\n";
        let block = |from: usize, to: usize| LineBlock {
            offset: from as u64,
            bytes: text.as_bytes()[from..to].to_vec(),
            oversized_bytes: None,
        };
        let outcome_of_last = |cut: usize| {
            let header = format.header_after(&block(0, cut), b"").into_owned();
            let mut context = LineContext::default();
            replay_header(&header, &format, &mut context);
            let line = &text.as_bytes()[5..text.len() - 1];
            format.parse(line, &mut context).map(|line| line.is_some())
        };
        let mut whole = LineContext::default();
        let parsed = text.lines().filter(|line| !line.is_empty());
        let last = parsed
            .map(|line| {
                format
                    .parse(line.as_bytes(), &mut whole)
                    .map(|line| line.is_some())
            })
            .last();
        assert_eq!(last, Some(outcome_of_last(5)));
    }

    #[test]
    fn a_request_that_began_before_1970_or_after_9998_is_no_record() {
        let line = |time: &str, tail: &str| {
            format!(r#"203.0.113.9 - - [{time}] "GET / HTTP/1.1" 200 5 "-" "-" {tail}"#)
        };
        let begun = |name: &str, line: &str| {
            let format = LogFormat::from_text(name).unwrap();
            let parsed = parse_line(line.as_bytes(), &format, &mut LineContext::default());
            parsed.map(|line| line.unwrap().ts_us)
        };
        let never = Err("the request did not begin in the years 1970 to 9998");
        for (name, time, tail, expected) in [
            ("combined", "01/Jan/1970:00:00:00 +0000", "", Ok(0)),
            ("combined", "01/Jan/1970:00:00:00 +0001", "", never),
            (
                "combined",
                "31/Dec/9998:23:59:59 +0000",
                "",
                Ok(END_OF_TIME_US - 1_000_000),
            ),
            ("combined", "31/Dec/9998:23:59:59 -0001", "", never),
            (
                "nginx-request-time",
                "01/Jan/1970:00:00:01 +0000",
                "1.000",
                Ok(0),
            ),
            (
                "nginx-request-time",
                "01/Jan/1970:00:00:01 +0000",
                "1.001",
                never,
            ),
            (
                "nginx-request-time",
                "27/Nov/2026:08:00:01 +0000",
                "9223372036854.775",
                never,
            ),
        ] {
            let found = begun(name, &line(time, tail));
            assert_eq!(found, expected, "{name} {time} {tail}");
        }
    }

    #[test]
    fn a_line_is_settled_when_more_bytes_cannot_change_its_record() {
        let common = r#"203.0.113.9 - - [27/Nov/2026:08:00:01 +0000] "GET / HTTP/1.1" 200 512"#;
        let combined = format!(r#"{common} "-" "Mozilla/5.0""#);
        let json = r#"{"time":"2026-11-27T08:00:01Z","method":"GET","uri":"/","status":200,"request_time":0.1}"#;
        for (line, format, expected) in [
            (common.to_owned(), "common", false),
            (combined.clone(), "combined", true),
            (combined[..combined.len() - 1].to_owned(), "combined", false),
            (format!("{combined} 0.12"), "nginx-request-time", false),
            (
                format!("{combined} 15000"),
                "apache-combined-duration",
                false,
            ),
            (json.to_owned(), "nginx-json", true),
            (json[..json.len() - 1].to_owned(), "nginx-json", false),
        ] {
            let format = LogFormat::from_text(format).unwrap();
            let settled = is_settled(line.as_bytes(), &format, &LineContext::default());
            assert_eq!(settled, expected, "{line}");
        }
    }
}
