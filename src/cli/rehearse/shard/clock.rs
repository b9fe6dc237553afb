//! How far this machine's clock is off, measured against one that all shards can ask.
//!
//! In: a reference, and the most that the clock may be off. Out: [`ClockFacts`], or why this shard must not
//! begin. Two ways to ask: SNTP, as good as half of the way there and back; and the `Date` header of any web
//! server, which says whole seconds only: each answer bounds the offset from both sides, and the next
//! request is sent so that the server's second turns in the middle of what is left, which halves it. The
//! clock is never corrected: a system's own time service knows better than a header.

mod date;
mod offset;
mod sntp;

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::cli::exit_code::{ExitCode, Failure};
use crate::declared_files::DurationText;
use crate::scenario::TransportPlan;
use crate::time_window::{in_words, seconds};
use offset::OffsetRange;

/// The most that a clock may be off without `--clock-offset-max`: what a machine with a time service keeps
/// by far, and a tenth of the shortest window of an SLI.
pub const OFFSET_US_MAX_DEFAULT: i64 = 100_000;
/// Questions to one reference.
const QUESTIONS_MAX: u32 = 14;

/// What the clock is compared with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ClockChoice {
    /// The `Date` header of the target.
    #[default]
    Target,
    /// The `Date` header of another web server.
    Web(Url),
    /// A time server, host and port.
    Sntp(String),
    /// Nothing: then nobody knows.
    Unknown,
}

impl FromStr for ClockChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "target" => return Ok(Self::Target),
            "none" => return Ok(Self::Unknown),
            _ => {}
        }
        let refused = || {
            format!(
                "`{text}` is no clock (hint: `target`, `https://HOST/`, `ntp://HOST` or `none`)"
            )
        };
        let url = Url::parse(text).map_err(|_| refused())?;
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(refused)?;
        match url.scheme() {
            "http" | "https" => Ok(Self::Web(url)),
            "ntp" => Ok(Self::Sntp(format!("{host}:{}", url.port().unwrap_or(123)))),
            _ => Err(refused()),
        }
    }
}

/// What is known of a clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockFacts {
    /// What it was compared with; `none` for nothing.
    pub reference: String,
    /// How far it is behind the reference, µs; negative when it is ahead. The middle of what it can be.
    pub offset_us: Option<i64>,
    /// It is that to within so much, µs.
    pub uncertainty_us: Option<i64>,
}

/// Measures the clock; refuses one that is off by more than `offset_us_max`, or may be.
pub fn measure(
    choice: &ClockChoice,
    target: &Url,
    transport: &TransportPlan,
    offset_us_max: i64,
) -> Result<ClockFacts, Failure> {
    let (reference, measured) = match choice {
        ClockChoice::Unknown => {
            return Ok(ClockFacts {
                reference: "none".to_owned(),
                offset_us: None,
                uncertainty_us: None,
            });
        }
        ClockChoice::Target => (
            target.to_string(),
            date::measure(target, transport, offset_us_max),
        ),
        ClockChoice::Web(url) => (
            url.to_string(),
            date::measure(url, transport, offset_us_max),
        ),
        ClockChoice::Sntp(host) => (format!("ntp://{host}"), sntp::measure(host)),
    };
    let measured = measured.map_err(|why| {
        refusal(format!(
            "the clock cannot be compared with {reference}: {why} (hint: name another --clock, such as `ntp://HOST`, or `none` if you know that all clocks agree)"
        ))
    })?;
    judge(measured, offset_us_max).map_err(|why| {
        refusal(format!(
            "{why} that of {reference}, the limit is {} (hint: start the time service of this machine, or raise --clock-offset-max)",
            limit_words(offset_us_max)
        ))
    })?;
    Ok(ClockFacts {
        reference,
        offset_us: Some(measured.middle_us()),
        uncertainty_us: Some(measured.half_us()),
    })
}

/// Whether the clock is known to be within the limit.
fn judge(range: OffsetRange, offset_us_max: i64) -> Result<(), String> {
    if range.lies_within(offset_us_max) {
        return Ok(());
    }
    let (middle_us, half_us) = (range.middle_us(), range.half_us());
    if range.is_beyond(offset_us_max) {
        let side = if middle_us > 0 { "behind" } else { "ahead of" };
        return Err(format!(
            "the clock of this machine is {} {side}",
            spoken(middle_us.abs())
        ));
    }
    Err(format!(
        "the clock of this machine is between {} and {} off, which is not known well enough, compared with",
        signed(middle_us - half_us),
        signed(middle_us + half_us)
    ))
}

fn refusal(message: String) -> Failure {
    Failure::new(ExitCode::InvalidRun, message)
}

fn limit_words(us: i64) -> String {
    let text = DurationText::from_us(us.unsigned_abs());
    text.map_or_else(|| in_words(us), |text| text.to_string())
}

fn spoken(us: i64) -> String {
    match us {
        10_000_000.. => in_words(us),
        _ => format!("{:.3} s", seconds(us)),
    }
}

fn signed(us: i64) -> String {
    format!("{:+.3} s", seconds(us))
}

impl ClockFacts {
    /// In words: `+0.003 s ± 0.012 s, by http://shop/`.
    pub fn words(&self) -> String {
        match (self.offset_us, self.uncertainty_us) {
            (Some(offset_us), Some(uncertainty_us)) => {
                format!("{} ± {:.3} s", signed(offset_us), seconds(uncertainty_us))
            }
            _ => "not measured".to_owned(),
        }
    }
}

/// The limit that the arguments name, µs.
pub fn offset_us_max(asked: Option<DurationText>) -> i64 {
    let asked = asked.and_then(|asked| i64::try_from(asked.as_us()).ok());
    asked.unwrap_or(OFFSET_US_MAX_DEFAULT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_a_url_or_a_word() {
        assert_eq!("target".parse(), Ok(ClockChoice::Target));
        assert_eq!("none".parse(), Ok(ClockChoice::Unknown));
        assert_eq!(
            "ntp://time.local".parse(),
            Ok(ClockChoice::Sntp("time.local:123".to_owned()))
        );
        assert_eq!(
            "ntp://[::1]:9".parse(),
            Ok(ClockChoice::Sntp("[::1]:9".to_owned()))
        );
        assert!(matches!(
            "https://time.local/x".parse(),
            Ok(ClockChoice::Web(_))
        ));
        for text in ["", "time.local", "ftp://time.local", "ntp:///x"] {
            assert!(text.parse::<ClockChoice>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_clock_is_good_only_if_all_that_it_can_be_is_within_the_limit() {
        let judged = |low_us, high_us| judge(OffsetRange { low_us, high_us }, 100_000);
        assert_eq!(judged(-99_000, 100_000), Ok(()));
        let off = judged(299_000_000, 300_000_000).unwrap_err();
        assert_eq!(off, "the clock of this machine is 4m 59s behind");
        let off = judged(-1_500_000, -1_400_000).unwrap_err();
        assert_eq!(off, "the clock of this machine is 1.450 s ahead of");
        let unknown = judged(-50_000, 150_000).unwrap_err();
        assert!(
            unknown.contains("between -0.050 s and +0.150 s off"),
            "{unknown}"
        );
    }
}
