//! Latencies per window as an HdrHistogram interval log V2, for other HdrHistogram tools.
//!
//! In: one [`HlogInterval`] per window and tag, with counts per latency bucket. Out: the text of
//! an `.hlog` file of log format 1.3. Recorded values are whole µs; the column of the longest
//! value is in ms, as every port writes it. `BaseTime` and `StartTime` are always written, because
//! readers guess where one is missing. Intervals are written in the order in which they come.

use std::cell::RefCell;
use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;
use hdrhistogram::serialization::interval_log::{
    IntervalLogWriterBuilder, IntervalLogWriterError, Tag,
};
use hdrhistogram::serialization::{V2DeflateSerializeError, V2DeflateSerializer};
use thiserror::Error;

use crate::latency_buckets::{LATENCY_US_MAX, highest_of};

/// The line that names the columns; readers of other ports skip it by its first letters.
const LEGEND: &str =
    "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n";
/// µs per ms, for the column of the longest value.
const MAX_VALUE_DIVISOR: f64 = 1_000.0;

/// The latencies of one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HlogInterval {
    /// Whose they are, e.g. the name of an SLI; spaces, commas and control characters become `_`.
    pub tag: String,
    /// Start of the window, UTC µs since 1970; not before `base_us` of the log.
    pub start_us: i64,
    /// Its length, µs.
    pub length_us: u64,
    /// Requests per latency bucket, as in [`latency_buckets`](crate::latency_buckets).
    pub counts: Vec<(i32, u64)>,
}

/// Why a log was not written.
#[derive(Debug, Error)]
pub enum HlogError {
    /// The writer refused it.
    #[error("failed to write the histogram log: {0}")]
    Write(#[from] io::Error),
    /// A window begins before the log.
    #[error("the window at {start_us} µs begins before the log's base time {base_us} µs")]
    BeforeBase {
        /// Start of the window, UTC µs.
        start_us: i64,
        /// Base time of the log, UTC µs.
        base_us: i64,
    },
    /// A histogram could not be encoded.
    #[error("failed to encode the histogram of `{tag}`: {message}")]
    Encode {
        /// Whose it is.
        tag: String,
        /// What the library said.
        message: String,
    },
}

/// Writes a log whose times count from `base_us` (UTC µs since 1970, not before that; usually the
/// start of the range), with ms precision as the format has it.
///
/// # Errors
/// When `writer` fails, or a window begins before `base_us`.
pub fn write_hlog(
    writer: impl Write,
    base_us: i64,
    intervals: impl IntoIterator<Item = HlogInterval>,
) -> Result<(), HlogError> {
    let since_epoch_us = u64::try_from(base_us).unwrap_or(0);
    let base_us = base_us.max(0);
    let base = SystemTime::UNIX_EPOCH + Duration::from_micros(since_epoch_us);
    // The library keeps the writer and knows no legend; it stands between headers and intervals.
    let writer = RefCell::new(writer);
    let mut library_writer = Shared(&writer);
    let mut serializer = V2DeflateSerializer::new();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("[Histogram log format version 1.3]")
        .add_comment("[Values are whole microseconds; the interval max is in milliseconds]")
        .with_start_time(base)
        .with_base_time(base)
        .with_max_value_divisor(MAX_VALUE_DIVISOR)
        .begin_log_with(&mut library_writer, &mut serializer)?;
    writer.borrow_mut().write_all(LEGEND.as_bytes())?;
    let mut histogram = Histogram::<u64>::new_with_bounds(1, LATENCY_US_MAX, 3)
        .expect("1 µs to 1 h at three digits are valid bounds");
    for interval in intervals {
        let since_base = since_base(&interval, base_us)?;
        histogram.reset();
        for (bucket, count) in &interval.counts {
            histogram.saturating_record_n(highest_of(*bucket), *count);
        }
        let length = Duration::from_micros(interval.length_us);
        let tag = tag_text(&interval.tag);
        log.write_histogram(&histogram, since_base, length, Tag::new(&tag))
            .map_err(|error| write_error(&tag, error))?;
    }
    Ok(writer.borrow_mut().flush()?)
}

/// A writer that two can write to, one after the other.
struct Shared<'w, W>(&'w RefCell<W>);

impl<W: Write> Write for Shared<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.borrow_mut().flush()
    }
}

fn since_base(interval: &HlogInterval, base_us: i64) -> Result<Duration, HlogError> {
    let since_us = interval.start_us.checked_sub(base_us);
    match since_us.and_then(|us| u64::try_from(us).ok()) {
        Some(since_us) => Ok(Duration::from_micros(since_us)),
        None => Err(HlogError::BeforeBase {
            start_us: interval.start_us,
            base_us,
        }),
    }
}

/// The tag without what would end it.
fn tag_text(tag: &str) -> String {
    let allowed = |c: char| {
        if c == ',' || c.is_whitespace() || c.is_control() {
            '_'
        } else {
            c
        }
    };
    tag.chars().map(allowed).collect()
}

fn write_error(tag: &str, error: IntervalLogWriterError<V2DeflateSerializeError>) -> HlogError {
    match error {
        IntervalLogWriterError::IoError(error) => HlogError::Write(error),
        IntervalLogWriterError::SerializeError(error) => HlogError::Encode {
            tag: tag.to_owned(),
            message: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latency_buckets::bucket_of;
    use base64::Engine as _;
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;
    use std::collections::BTreeMap;

    const BASE_US: i64 = 1_795_780_800_000_000;

    fn interval(tag: &str, start_us: i64, latencies_us: &[u64]) -> HlogInterval {
        let mut counts = BTreeMap::new();
        for latency_us in latencies_us {
            *counts.entry(bucket_of(*latency_us)).or_insert(0) += 1;
        }
        HlogInterval {
            tag: tag.to_owned(),
            start_us,
            length_us: 60_000_000,
            counts: counts.into_iter().collect(),
        }
    }

    fn written(intervals: Vec<HlogInterval>) -> String {
        let mut bytes = Vec::new();
        write_hlog(&mut bytes, BASE_US, intervals).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// Tag, start after the base in ms, longest in ms, and counts of each interval.
    type ReadBack = (String, u128, f64, Vec<(i32, u64)>);

    fn read_back(text: &str) -> Vec<ReadBack> {
        let mut found = Vec::new();
        for entry in IntervalLogIterator::new(text.as_bytes()) {
            match entry.unwrap() {
                LogEntry::StartTime(at) | LogEntry::BaseTime(at) => {
                    assert_eq!(i64::try_from(at.as_micros()).unwrap(), BASE_US);
                }
                LogEntry::Interval(interval) => {
                    let engine = base64::engine::general_purpose::STANDARD;
                    let bytes = engine.decode(interval.encoded_histogram()).unwrap();
                    let histogram: Histogram<u64> = Deserializer::new()
                        .deserialize(&mut bytes.as_slice())
                        .unwrap();
                    let counts = histogram
                        .iter_recorded()
                        .map(|step| (bucket_of(step.value_iterated_to()), step.count_at_value()));
                    let tag = interval.tag().map(|tag| tag.as_str().to_owned());
                    found.push((
                        tag.unwrap_or_default(),
                        interval.start_timestamp().as_millis(),
                        interval.max(),
                        counts.collect(),
                    ));
                }
            }
        }
        found
    }

    #[test]
    fn a_log_has_version_times_and_legend_before_its_intervals() {
        let text = written(vec![interval(
            "a b,c",
            BASE_US + 60_000_000,
            &[1_500, 2_769_000],
        )]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "#[Histogram log format version 1.3]");
        assert_eq!(
            lines[2],
            "#[StartTime: 1795780800.000 (seconds since epoch)]"
        );
        assert_eq!(
            lines[3],
            "#[BaseTime: 1795780800.000 (seconds since epoch)]"
        );
        assert_eq!(lines[4], "#[MaxValueDivisor: 1000.000]");
        assert_eq!(format!("{}\n", lines[5]), LEGEND);
        // 2,770,943 µs is the highest value of the bucket of 2.769 s.
        assert!(
            lines[6].starts_with("Tag=a_b_c,60.000,60.000,2770.943,"),
            "{}",
            lines[6]
        );
        assert!(lines[6].contains(",HISTFAAA"), "{}", lines[6]);
        assert_eq!(lines.len(), 7);
    }

    #[test]
    fn a_log_without_intervals_is_a_log() {
        assert_eq!(read_back(&written(Vec::new())), Vec::new());
    }

    #[test]
    fn a_window_before_the_base_time_is_refused() {
        let result = write_hlog(io::sink(), BASE_US, [interval("a", BASE_US - 1, &[1])]);
        assert!(matches!(result, Err(HlogError::BeforeBase { .. })));
    }

    #[test]
    fn nothing_that_ends_a_tag_is_left_in_it() {
        for tag in ["a b", "a,b", "a\rb", "a\nb", "a\u{85}b", "", "ä"] {
            assert!(Tag::new(&tag_text(tag)).is_some(), "{tag:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

        #[test]
        fn every_count_is_read_back_from_its_bucket(
            windows in prop::collection::vec(prop::collection::vec(1..LATENCY_US_MAX, 0..40), 0..6),
        ) {
            let window = |(index, latencies): (usize, &Vec<u64>)| {
                let start_us = BASE_US + i64::try_from(index).unwrap() * 60_000_000;
                interval("checkout", start_us, latencies)
            };
            let intervals: Vec<_> = windows.iter().enumerate().map(window).collect();
            let found = read_back(&written(intervals.clone()));
            prop_assert_eq!(found.len(), intervals.len());
            for ((tag, start_ms, max_ms, counts), expected) in found.into_iter().zip(intervals) {
                prop_assert_eq!(tag, expected.tag);
                prop_assert_eq!(start_ms, u128::try_from((expected.start_us - BASE_US) / 1_000).unwrap());
                let highest = expected.counts.last().map_or(0, |(bucket, _)| highest_of(*bucket));
                prop_assert!((max_ms * 1_000.0 - highest as f64).abs() <= 1.0);
                prop_assert_eq!(counts, expected.counts);
            }
        }
    }
}
