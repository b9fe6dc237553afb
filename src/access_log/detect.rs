//! Which format a log has, judged by its first lines.
//!
//! A wrong guess is worse than none: below [`SHARE_MIN`] of the lines it asks, and shows what it
//! tried.

use std::borrow::Cow;

use thiserror::Error;

use super::blocks::LineBlock;
use super::delimited::w3c::OTHER_SOFTWARE;
use super::format::KnownFormat;
use super::line::{HeaderRule, LineContext};
use super::log_format::Envelope;
use super::no_log::{json_document, no_text, without_line_ends};
use super::parse::{parse_line, without_mark};
use super::{LINE_BYTES_MAX, LogFormat};

/// Lines that are looked at.
const SAMPLE_LINES: usize = 1_000;
/// The least share of them that the format must understand.
pub const SHARE_MIN: f64 = 0.5;
/// A later, less telling format is taken only when it understands so many times more lines.
const BETTER_FACTOR: f64 = 1.1;
/// Whole numbers of which half stay below this may be seconds (`%T`) or milliseconds (`%{ms}T`), not
/// µs (`%D`): few requests are answered within a millisecond.
const DURATION_US_PLAUSIBLE: u64 = 1_000;
/// Formats that a message shows, the most promising first.
const TRIED_SHOWN: usize = 5;

/// Why the format could not be told.
#[derive(Debug, Error, PartialEq)]
pub enum DetectError {
    /// There is no line.
    #[error("it is empty")]
    Empty,
    /// There are NUL bytes.
    #[error("it is a binary file, not a log (NUL byte at offset {0})")]
    Binary(usize),
    /// It is something that holds a log.
    #[error("it is {what} (hint: {})", command(.cure))]
    NoLog {
        /// What it is.
        what: &'static str,
        /// A command, or what else to do.
        cure: &'static str,
    },
    /// There are header lines only, or lines that hold no request.
    #[error("its {lines} lines hold no request yet")]
    NoRequest {
        /// Lines that were looked at.
        lines: usize,
    },
    /// No format understands enough lines.
    #[error(
        "its format is not known: {tried}; the first line is `{first_line}` (hint: name the format with --format, paste its nginx `log_format` or Apache `LogFormat` there, or write a mapping file, see docs/example-mapping.yaml)"
    )]
    Unknown {
        /// The most promising formats with the share of lines each understood.
        tried: String,
        /// The beginning of the first line.
        first_line: String,
    },
    /// The last number may be µs, ms or s.
    #[error(
        "the number at the end of its lines may be µs (`%D`), ms (`%{{ms}}T`) or s (`%T`): half of them are {median} or less (hint: --format {microseconds} if it is µs, --format {seconds} if it is s, the pasted `LogFormat` of the server if it is ms, --format {without} to ignore it)"
    )]
    AmbiguousDuration {
        /// The median of the first lines.
        median: u64,
        /// The format in which it is µs.
        microseconds: &'static str,
        /// The format in which it is s.
        seconds: &'static str,
        /// The format that ignores it.
        without: &'static str,
    },
}

/// What a format makes of the first lines.
#[derive(Debug, Clone, Copy)]
struct Score {
    envelope: Envelope,
    known: &'static KnownFormat,
    /// Lines that are requests.
    requests: usize,
    /// Lines that hold none by this format.
    nothing: usize,
    /// Why the first other line after a header is none.
    reason: Option<&'static str>,
}

/// The format of the log that begins with `block`; `context` says how times without an offset are
/// read.
///
/// # Errors
/// When the block is empty or binary, or no format is likely enough.
pub fn detect(block: &LineBlock, context: &LineContext) -> Result<LogFormat, DetectError> {
    let lines: Vec<&[u8]> = block
        .lines()
        .map(|(offset, line)| without_mark(line, offset))
        .filter(|line| !line.trim_ascii().is_empty() && line.len() <= LINE_BYTES_MAX)
        .take(SAMPLE_LINES)
        .collect();
    let Some(first) = lines.first() else {
        return Err(DetectError::Empty);
    };
    if let Some((what, cure)) = no_text(&block.bytes).or_else(|| without_line_ends(&block.bytes)) {
        return Err(DetectError::NoLog { what, cure });
    }
    let mut tried = Vec::new();
    for envelope in Envelope::ALL {
        let inside: Vec<_> = lines.iter().map(|line| envelope.open(line)).collect();
        // Where no line is in this envelope, all formats would say what they said without it.
        let is_around = |(inside, line): (&Option<Cow<'_, [u8]>>, &&[u8])| {
            inside
                .as_ref()
                .is_some_and(|inside| inside.len() < line.len())
        };
        if envelope != Envelope::Bare && !inside.iter().zip(&lines).any(is_around) {
            continue;
        }
        let scores = LogFormat::known().map(|known| score(&inside, envelope, known, context));
        let scores: Vec<Score> = scores.collect();
        if let Some(best) = most_telling(&scores, lines.len()) {
            let format = LogFormat::new(best.envelope, best.known);
            check_duration(&lines, best.known, &format, context)?;
            return Ok(format);
        }
        tried.extend(scores);
    }
    if let Some((what, cure)) = json_document(&block.bytes) {
        return Err(DetectError::NoLog { what, cure });
    }
    let head = &block.bytes[..block.bytes.len().min(65_536)];
    if let Some(nul) = memchr::memchr(0, head) {
        return Err(DetectError::Binary(nul));
    }
    if tried.iter().any(|score| is_header_only(score, lines.len())) {
        return Err(DetectError::NoRequest { lines: lines.len() });
    }
    Err(unknown(first, tried, lines.len()))
}

/// What `known` makes of lines that were taken out of their envelope; `None` for one that was not in it.
fn score(
    lines: &[Option<Cow<'_, [u8]>>],
    envelope: Envelope,
    known: &'static KnownFormat,
    context: &LineContext,
) -> Score {
    let format = LogFormat::new(Envelope::Bare, known);
    let mut context = context.clone();
    let mut score = Score {
        envelope,
        known,
        requests: 0,
        nothing: 0,
        reason: None,
    };
    for (index, line) in lines.iter().enumerate() {
        let parsed = match line {
            Some(line) => parse_line(line, &format, &mut context),
            None => Err("it is not in the envelope"),
        };
        match parsed {
            Ok(Some(_)) => score.requests += 1,
            Ok(None) => score.nothing += 1,
            Err(reason) if score.nothing > 0 && known.header != HeaderRule::None => {
                score.reason = score.reason.or(Some(reason));
            }
            Err(_) => {}
        }
        // Most formats are none of this log; that shows soon.
        if index == 100 && score.requests + score.nothing == 0 {
            break;
        }
    }
    score
}

/// The most telling format that understands enough of the lines that hold a request.
fn most_telling(scores: &[Score], line_count: usize) -> Option<Score> {
    let mut best: Option<Score> = None;
    for score in scores.iter().filter(|score| score.requests > 0) {
        let wanted = line_count - score.nothing;
        if share(score.requests, wanted) < SHARE_MIN {
            continue;
        }
        let is_better = best.is_none_or(|best| {
            let (now, before) = (score.requests + score.nothing, best.requests + best.nothing);
            share(now, 1) > share(before, 1) * BETTER_FACTOR
        });
        if is_better {
            best = Some(*score);
        }
    }
    best
}

/// A command in the quotes of one.
fn command(cure: &str) -> String {
    if cure.contains("firedrill ingest") {
        format!("`{cure}`")
    } else {
        cure.to_owned()
    }
}

fn is_header_only(score: &Score, line_count: usize) -> bool {
    score.known.header != HeaderRule::None && score.nothing == line_count
}

#[expect(clippy::cast_precision_loss, reason = "at most a thousand lines")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

/// `(µs, s, without)` of formats that differ in the unit of a number at the end only.
const UNITS: [(&str, &str, &str); 4] = [
    (
        "apache-combined-duration",
        "apache-combined-seconds",
        "combined",
    ),
    ("apache-common-duration", "apache-common-seconds", "common"),
    (
        "apache-combined-vhost-duration",
        "apache-combined-seconds",
        "combined-vhost",
    ),
    (
        "apache-common-vhost-duration",
        "apache-common-seconds",
        "common-vhost",
    ),
];

fn check_duration(
    lines: &[&[u8]],
    known: &KnownFormat,
    format: &LogFormat,
    context: &LineContext,
) -> Result<(), DetectError> {
    let found = UNITS
        .iter()
        .find(|(microseconds, ..)| known.name == *microseconds);
    let Some((microseconds, seconds, without)) = found else {
        return Ok(());
    };
    let mut context = context.clone();
    let latencies = lines
        .iter()
        .filter_map(|line| parse_line(line, format, &mut context).ok()??.latency_us);
    let mut latencies: Vec<u64> = latencies.collect();
    latencies.sort_unstable();
    let median = latencies.get(latencies.len() / 2).copied().unwrap_or(0);
    if median < DURATION_US_PLAUSIBLE {
        return Err(DetectError::AmbiguousDuration {
            median,
            microseconds,
            seconds,
            without,
        });
    }
    Ok(())
}

fn unknown(first: &[u8], mut tried: Vec<Score>, line_count: usize) -> DetectError {
    tried.sort_by_key(|score| std::cmp::Reverse(score.requests));
    let shown = tried.iter().take(TRIED_SHOWN).map(|score| {
        let format = LogFormat::new(score.envelope, score.known);
        format!(
            "{format} understands {} of {line_count} lines",
            score.requests
        )
    });
    let headed = tried
        .iter()
        .filter_map(|score| Some((score.known.name, score.reason?)))
        .min_by_key(|(_, reason)| *reason == OTHER_SOFTWARE);
    let shown: Vec<String> = if let Some((name, reason)) = headed {
        vec![format!("its header is that of {name}, but {reason}")]
    } else if tried.first().is_some_and(|score| score.requests > 0) {
        shown.collect()
    } else {
        let names: Vec<_> = LogFormat::known().map(|known| known.name).collect();
        vec![format!(
            "none of {} understands a line of it",
            names.join(", ")
        )]
    };
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
        tried: shown.join(", "),
        first_line: beginning,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMON: &str =
        r#"203.0.113.9 - - [27/Nov/2026:08:00:01 +0000] "GET /cart HTTP/1.1" 200 512"#;

    fn detected(text: &str) -> Result<String, DetectError> {
        let block = LineBlock {
            offset: 0,
            bytes: text.as_bytes().to_vec(),
            oversized_bytes: None,
        };
        detect(&block, &LineContext::default()).map(|format| format.to_string())
    }

    #[test]
    fn each_format_is_told_from_its_lines() {
        let combined = format!(r#"{COMMON} "-" "Mozilla/5.0""#);
        for (text, expected) in [
            (COMMON.to_owned(), "common"),
            (format!("{COMMON} 15000"), "apache-common-duration"),
            (combined.clone(), "combined"),
            (format!(r#"{combined} "-""#), "combined"),
            (format!("{combined} 15000"), "apache-combined-duration"),
            (format!("{combined} 0.015"), "nginx-request-time"),
            (format!("\u{feff}{combined} 0.015"), "nginx-request-time"),
            (
                r#"2026-11-27T08:00:00.125000Z elb 203.0.113.9:1 198.51.100.7:80 0.00001 0.02 0.00003 200 200 12 500 "GET http://x/ HTTP/1.1""#.to_owned(),
                "aws-elb",
            ),
            (
                format!("2026-11-27T08:00:01.5Z stdout F {combined} 0.015"),
                "prefixed/nginx-request-time",
            ),
            (
                format!(r#"{{"log":"{}\n","stream":"stdout","time":"2026-11-27T08:00:01Z"}}"#, COMMON.replace('"', "\\\"")),
                "docker/common",
            ),
        ] {
            assert_eq!(detected(&text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn some_bad_lines_do_not_hide_the_format() {
        let text = format!("{COMMON}\n\nnonsense\n{COMMON}\n");
        assert_eq!(detected(&text).as_deref(), Ok("common"));
    }

    #[test]
    fn whole_numbers_that_may_be_seconds_are_asked_about() {
        let message = detected(&format!("{COMMON} 3")).unwrap_err().to_string();
        assert!(
            message.contains("--format apache-common-duration"),
            "{message}"
        );
        assert!(
            message.contains("--format apache-common-seconds"),
            "{message}"
        );
    }

    #[test]
    fn what_is_no_log_is_named() {
        assert_eq!(detected(""), Err(DetectError::Empty));
        assert_eq!(detected("\n\n"), Err(DetectError::Empty));
        assert_eq!(detected("\u{7f}ELF\0\0"), Err(DetectError::Binary(4)));
        let header =
            "#Software: IIS\n#Fields: date time cs-method cs-uri-stem sc-status time-taken\n";
        assert_eq!(detected(header), Err(DetectError::NoRequest { lines: 2 }));
        let message = detected("dear diary\n").unwrap_err().to_string();
        assert!(message.contains("none of aws-elb, "), "{message}");
        assert!(message.contains("--format"), "{message}");
        let goose = "elapsed,scenario_index,scenario_name,transaction_index,transaction_name,raw,name,final_url,redirected,response_time,status_code,success,update,user,error,coordinated_omission_elapsed,user_cadence\n12,0,a,0,b,c,d,e,f,1,200,true,false,0,,0,0\n";
        let message = detected(goose).unwrap_err().to_string();
        assert!(message.contains("no wall clock"), "{message}");
        let time_only =
            "#Software: IIS\n#Fields: time cs-method cs-uri-stem sc-status\n08:00:01 GET / 200\n";
        let message = detected(time_only).unwrap_err().to_string();
        assert!(
            message.contains("that of iis, but #Fields has no date"),
            "{message}"
        );
        let dated = time_only.replacen("#Fields", "#Date: 2026-11-27 08:00:00\n#Fields", 1);
        assert_eq!(detected(&dated).as_deref(), Ok("iis"));
        let message = detected(&COMMON.replace('T', "T\r"))
            .unwrap_err()
            .to_string();
        assert!(message.contains("`tr "), "{message}");
        let message = detected("[{\"a\":1},\n{\"a\":2}]\n")
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("`jq -c '.[]' FILE | firedrill"),
            "{message}"
        );
        let half = format!("{COMMON}\none\ntwo\nthree\n");
        let message = detected(&half).unwrap_err().to_string();
        assert!(message.contains("understands 1 of 4 lines"), "{message}");
    }
}
