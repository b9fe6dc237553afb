//! When a run begins, and waiting for it.

use std::str::FromStr;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;

use crate::declared_files::DurationText;
use crate::drill::Progress;
use crate::time_window::{US_PER_S, now_us, parse_time};

/// How often it is looked whether the run is to be stopped, and whether the clock was set.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// The furthest start; a later one is a mistyped date.
const AHEAD_US_MAX: i64 = 7 * 24 * 3_600 * US_PER_S;

/// When the first shopper may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartAt {
    /// At this moment, UTC µs since 1970; a whole second.
    At(i64),
    /// So long after the first shard came, µs.
    After(i64),
}

impl FromStr for StartAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(after) = text.strip_prefix('+') {
            let after: DurationText = after.parse().map_err(|error| format!("{error}"))?;
            let after_us = i64::try_from(after.as_us()).unwrap_or(i64::MAX);
            return match after_us <= AHEAD_US_MAX {
                true => Ok(Self::After(after_us)),
                false => Err(too_far()),
            };
        }
        let at_us = parse_time(text, &TimeZone::UTC, now_us());
        let at_us = at_us.map_err(|_| {
            format!("`{text}` is no time (hint: write `2026-11-27T08:00:00Z`, or `+60s`)")
        })?;
        if at_us % US_PER_S != 0 {
            return Err(format!("`{text}` is not a whole second"));
        }
        if at_us - now_us() > AHEAD_US_MAX {
            return Err(too_far());
        }
        Ok(Self::At(at_us))
    }
}

fn too_far() -> String {
    "it is more than 7 days ahead (hint: check the date)".to_owned()
}

impl StartAt {
    /// The moment for whoever comes first, at `now_us`: the whole second that is not before.
    pub fn moment_us(self, now_us: i64) -> i64 {
        match self {
            Self::At(at_us) => at_us,
            Self::After(after_us) => {
                let at_us = now_us + after_us;
                (at_us + US_PER_S - 1).div_euclid(US_PER_S) * US_PER_S
            }
        }
    }
}

/// Sleeps until `start_us`, and says which instant that is. Ends early when the run is stopped.
pub fn wait_until(start_us: i64, progress: &Progress) -> Instant {
    loop {
        // Both clocks anew each time: the one of the system may be set while we wait.
        let left = Duration::from_micros(u64::try_from(start_us - now_us()).unwrap_or(0));
        let origin = Instant::now() + left;
        if left <= LOOK_INTERVAL || progress.stop.load(Relaxed) {
            if !progress.stop.load(Relaxed) {
                thread::sleep(left);
            }
            return origin;
        }
        thread::sleep(LOOK_INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_a_whole_second_or_a_length_of_time() {
        let at = "1970-01-01T00:00:05Z".parse::<StartAt>();
        assert_eq!(at, Ok(StartAt::At(5_000_000)));
        assert_eq!("+90s".parse(), Ok(StartAt::After(90_000_000)));
        for (text, expected) in [
            ("1970-01-01T00:00:05.5Z", "not a whole second"),
            ("noon", "is no time (hint: write `2026-11-27T08:00:00Z`"),
            ("+soon", "soon"),
            ("+8d", "more than 7 days ahead"),
            ("9999-01-01", "more than 7 days ahead"),
        ] {
            let refused = text.parse::<StartAt>().unwrap_err();
            assert!(refused.contains(expected), "{text}: {refused}");
        }
    }

    #[test]
    fn whoever_comes_first_sets_a_whole_second() {
        let after = StartAt::After(2_000_000);
        assert_eq!(after.moment_us(1_000_000), 3_000_000);
        assert_eq!(after.moment_us(1_000_001), 4_000_000);
        assert_eq!(StartAt::At(7_000_000).moment_us(1), 7_000_000);
    }

    #[test]
    fn a_start_that_has_passed_is_waited_for_by_nobody() {
        let begun = wait_until(now_us() - 5_000_000, &Progress::default());
        assert!(begun <= Instant::now());
    }

    #[test]
    fn a_run_that_is_stopped_waits_no_longer() {
        let progress = Progress::default();
        progress.stop.store(true, Relaxed);
        let begun = wait_until(now_us() + 3_600_000_000, &progress);
        assert!(begun > Instant::now());
    }
}
