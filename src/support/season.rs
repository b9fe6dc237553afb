//! How the quiet rate goes over the week: harmonics of the day and of the week, in local time.
//!
//! In: a time. Out: the terms of a log-linear model, or the factor of a fitted one.

use std::f64::consts::TAU;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// Sines and cosines of the day: with periods of 24, 12 and 8 hours.
const DAILY: usize = 3;
/// Those of the week: with periods of 7 and 3½ days.
const WEEKLY: usize = 2;
/// Terms of a season.
pub(super) const TERMS: usize = 2 * (DAILY + WEEKLY);

/// A fitted season: its factor is 1 on the average of the sessions learned from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Season {
    /// Log of the factor apart from the harmonics.
    pub constant: f64,
    /// Sine and cosine of 24, 12 and 8 hours, 7 and 3½ days from Monday midnight; empty where the
    /// quiet rate is the same at all hours.
    #[schemars(length(max = 10))]
    pub harmonics: Vec<f64>,
}

impl Season {
    /// The same rate at all hours.
    #[must_use]
    pub fn flat() -> Self {
        Self {
            constant: 0.0,
            harmonics: Vec::new(),
        }
    }

    /// The quiet rate at a time, as a multiple of its mean.
    #[must_use]
    pub fn factor(&self, ts_us: i64, zone: &TimeZone) -> f64 {
        let terms = terms(ts_us, zone);
        let log: f64 = self
            .harmonics
            .iter()
            .zip(terms)
            .map(|(of, term)| of * term)
            .sum();
        (self.constant + log).exp()
    }
}

/// The local day of a time.
pub(super) fn date(ts_us: i64, zone: &TimeZone) -> jiff::civil::Date {
    let timestamp = Timestamp::from_microsecond(ts_us).unwrap_or(Timestamp::UNIX_EPOCH);
    timestamp.to_zoned(zone.clone()).date()
}

/// The terms at a time.
pub(super) fn terms(ts_us: i64, zone: &TimeZone) -> [f64; TERMS] {
    let local = Timestamp::from_microsecond(ts_us)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_zoned(zone.clone());
    let hour = f64::from(local.hour()) + f64::from(local.minute()) / 60.0;
    let day = f64::from(local.weekday().to_monday_zero_offset()) + hour / 24.0;
    let mut terms = [0.0; TERMS];
    let angles = (1..=DAILY)
        .map(|k| k as f64 * hour / 24.0)
        .chain((1..=WEEKLY).map(|k| k as f64 * day / 7.0));
    for (index, turns) in angles.enumerate() {
        let angle = TAU * turns;
        terms[2 * index] = angle.sin();
        terms[2 * index + 1] = angle.cos();
    }
    terms
}
