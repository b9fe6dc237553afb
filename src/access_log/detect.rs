//! Which format a log has, judged by its first lines.
//!
//! A wrong guess is worse than none: below [`SHARE_MIN`] of the lines it asks, and shows what it
//! tried.

use thiserror::Error;

use super::LogFormat;
use super::blocks::LineBlock;
use super::clock::Clock;
use super::parse::parse_line;

/// Lines that are looked at.
const SAMPLE_LINES: usize = 1_000;
/// The least share of them that the format must understand.
const SHARE_MIN: f64 = 0.5;
/// A later, less telling format is taken only when it understands so many times more lines.
const BETTER_FACTOR: f64 = 1.1;
/// Whole numbers that all stay below this may be seconds (`%T`) or milliseconds, not µs (`%D`).
const DURATION_US_PLAUSIBLE: u64 = 1_000;

/// Why the format could not be told.
#[derive(Debug, Error, PartialEq)]
pub enum DetectError {
    /// There is no line.
    #[error("it is empty")]
    Empty,
    /// There are NUL bytes.
    #[error("it is a binary file, not a log (NUL byte at offset {0})")]
    Binary(usize),
    /// No format understands enough lines.
    #[error(
        "its format is not known: {tried}; the first line is `{first_line}` (hint: name the format with --format)"
    )]
    Unknown {
        /// Each format with the share of lines it understood.
        tried: String,
        /// The beginning of the first line.
        first_line: String,
    },
    /// The last number may be µs, ms or s.
    #[error(
        "the number after {after} may be µs (`%D`) or s (`%T`): the largest is {largest} (hint: --format {format} if it is µs, --format {without} to ignore it)"
    )]
    AmbiguousDuration {
        /// What the number follows.
        after: &'static str,
        /// The largest of the first lines.
        largest: u64,
        /// The format in which it is µs.
        format: LogFormat,
        /// The format that ignores it.
        without: LogFormat,
    },
}

/// The format of the log that begins with `block`.
///
/// # Errors
/// When the block is empty or binary, or no format is likely enough.
pub fn detect(block: &LineBlock) -> Result<LogFormat, DetectError> {
    let lines: Vec<&[u8]> = block
        .lines()
        .map(|(_, line)| line)
        .filter(|line| !line.trim_ascii().is_empty())
        .take(SAMPLE_LINES)
        .collect();
    let Some(first) = lines.first() else {
        return Err(DetectError::Empty);
    };
    let head = &block.bytes[..block.bytes.len().min(65_536)];
    let understood = LogFormat::ALL.map(|format| (format, count(&lines, format)));
    let (best, best_count) = most_telling(understood);
    if share(best_count, lines.len()) < SHARE_MIN {
        if let Some(nul) = memchr::memchr(0, head) {
            return Err(DetectError::Binary(nul));
        }
        return Err(unknown(first, &understood, lines.len()));
    }
    check_duration(&lines, best)?;
    Ok(best)
}

fn count(lines: &[&[u8]], format: LogFormat) -> usize {
    let mut clock = Clock::default();
    lines
        .iter()
        .filter(|line| parse_line(line, format, &mut clock).is_ok())
        .count()
}

fn most_telling(understood: [(LogFormat, usize); 6]) -> (LogFormat, usize) {
    let mut best = understood[0];
    for candidate in &understood[1..] {
        if share(candidate.1, 1) > share(best.1, 1) * BETTER_FACTOR {
            best = *candidate;
        }
    }
    best
}

#[expect(clippy::cast_precision_loss, reason = "at most a thousand lines")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

fn check_duration(lines: &[&[u8]], format: LogFormat) -> Result<(), DetectError> {
    let (after, without) = match format {
        LogFormat::ApacheCombinedDuration => ("the user agent", LogFormat::Combined),
        LogFormat::ApacheCommonDuration => ("the bytes", LogFormat::ApacheCommon),
        LogFormat::AwsElb
        | LogFormat::NginxRequestTime
        | LogFormat::Combined
        | LogFormat::ApacheCommon => return Ok(()),
    };
    let mut clock = Clock::default();
    let largest = lines
        .iter()
        .filter_map(|line| parse_line(line, format, &mut clock).ok()?.latency_us)
        .max()
        .unwrap_or(0);
    if largest < DURATION_US_PLAUSIBLE {
        return Err(DetectError::AmbiguousDuration {
            after,
            largest,
            format,
            without,
        });
    }
    Ok(())
}

fn unknown(first: &[u8], understood: &[(LogFormat, usize)], line_count: usize) -> DetectError {
    let tried: Vec<_> = understood
        .iter()
        .map(|(format, count)| format!("{format} understands {count} of {line_count} lines"))
        .collect();
    let beginning: String = String::from_utf8_lossy(&first[..first.len().min(200)])
        .chars()
        .map(|character| {
            if character.is_control() {
                '�'
            } else {
                character
            }
        })
        .collect();
    DetectError::Unknown {
        tried: tried.join(", "),
        first_line: beginning,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMON: &str =
        r#"203.0.113.9 - - [27/Nov/2026:08:00:01 +0000] "GET /cart HTTP/1.1" 200 512"#;

    fn detected(text: &str) -> Result<LogFormat, DetectError> {
        detect(&LineBlock {
            offset: 0,
            bytes: text.as_bytes().to_vec(),
            oversized_bytes: None,
        })
    }

    #[test]
    fn each_format_is_told_from_its_lines() {
        let combined = format!(r#"{COMMON} "-" "Mozilla/5.0""#);
        for (text, expected) in [
            (COMMON.to_owned(), LogFormat::ApacheCommon),
            (format!("{COMMON} 15000"), LogFormat::ApacheCommonDuration),
            (combined.clone(), LogFormat::Combined),
            (format!(r#"{combined} "-""#), LogFormat::Combined),
            (format!("{combined} 15000"), LogFormat::ApacheCombinedDuration),
            (format!("{combined} 0.015"), LogFormat::NginxRequestTime),
            (
                r#"2026-11-27T08:00:00.019143Z elb 203.0.113.9:1 10.0.6.158:80 0.000022 0.026109 0.00002 200 200 12 699 "GET http://x/ HTTP/1.1""#.to_owned(),
                LogFormat::AwsElb,
            ),
        ] {
            assert_eq!(detected(&text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn some_bad_lines_do_not_hide_the_format() {
        let text = format!("{COMMON}\n\nnonsense\n{COMMON}\n");
        assert_eq!(detected(&text), Ok(LogFormat::ApacheCommon));
    }

    #[test]
    fn whole_numbers_that_may_be_seconds_are_asked_about() {
        let message = detected(&format!("{COMMON} 3")).unwrap_err().to_string();
        assert!(
            message.contains("--format apache-common-duration"),
            "{message}"
        );
    }

    #[test]
    fn what_is_no_log_is_named() {
        assert_eq!(detected(""), Err(DetectError::Empty));
        assert_eq!(detected("\n\n"), Err(DetectError::Empty));
        assert_eq!(detected("\u{7f}ELF\0\0"), Err(DetectError::Binary(4)));
        let message = detected("{\"a\":1}\n").unwrap_err().to_string();
        assert!(
            message.contains("aws-elb understands 0 of 1 lines"),
            "{message}"
        );
        assert!(message.contains("--format"), "{message}");
    }
}
