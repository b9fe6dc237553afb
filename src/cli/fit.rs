//! Whether windows fit a range: none may hold requests from outside of what was asked for.

use super::exit_code::Failure;
use crate::report::text;
use crate::time_window::{US_PER_S, rfc3339, seconds};

const MINUTE_US: i64 = 60 * US_PER_S;
const HOUR_US: i64 = 60 * MINUTE_US;
/// Windows that people choose, longest first, s.
const FITTING_S: [i64; 12] = [
    86_400, 43_200, 21_600, 10_800, 7_200, 3_600, 1_800, 900, 600, 300, 60, 1,
];

/// Refuses windows of which one would hold requests from outside of a range with these bounds.
pub fn check_fit(bounds_us: &[i64], window_us: i64) -> Result<(), Failure> {
    let does_fit = |window_us: i64| bounds_us.iter().all(|ts_us| ts_us % window_us == 0);
    if does_fit(window_us) {
        return Ok(());
    }
    let shorter = FITTING_S.iter().map(|window_s| window_s * US_PER_S);
    let fitting_us = shorter
        .filter(|shorter_us| *shorter_us < window_us)
        .find(|shorter_us| does_fit(*shorter_us));
    let bounds: Vec<String> = bounds_us.iter().map(|ts_us| rfc3339(*ts_us)).collect();
    Err(Failure::usage(format!(
        "windows of {} begin at whole multiples of their length in UTC, which does not fit {} (hint: {})",
        text::duration(seconds(window_us)),
        bounds.join(" to "),
        match fitting_us {
            Some(us) if us >= HOUR_US => format!("--window {}h", us / HOUR_US),
            Some(us) if us >= MINUTE_US => format!("--window {}m", us / MINUTE_US),
            Some(us) => format!("--window {}s", us / US_PER_S),
            None => "name times in whole seconds".to_owned(),
        }
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_sticks_out_of_the_range_is_refused_with_one_that_does_not() {
        // Monday of week 48 of 2026 in UTC, and as it begins in Berlin and in Kolkata.
        let utc_us = 1_795_392_000 * US_PER_S;
        let (berlin_us, kolkata_us) = (utc_us - HOUR_US, utc_us - HOUR_US * 11 / 2);
        let cure = |start_us: i64, window_us| {
            let refused = check_fit(&[start_us, start_us + 168 * HOUR_US], window_us);
            refused.err().map(|failure| failure.message)
        };
        assert_eq!(cure(utc_us, 24 * HOUR_US), None);
        assert_eq!(cure(berlin_us, HOUR_US), None);
        for (start_us, window_us, hint) in [
            (berlin_us, 24 * HOUR_US, "--window 1h"),
            (kolkata_us, HOUR_US, "--window 30m"),
            (utc_us, 400 * 24 * HOUR_US, "--window 24h"),
            (utc_us, 420 * US_PER_S, "--window 5m"),
            (utc_us + 1, 60 * US_PER_S, "whole seconds"),
        ] {
            let said = cure(start_us, window_us).unwrap();
            assert!(said.contains(hint), "{said}");
        }
    }
}
