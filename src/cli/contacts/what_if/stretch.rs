//! When trouble begins that somebody imagines, how long it lasts, and how many sessions come.
//!
//! In: arguments, and what is usual in the lake. Out: [`Traffic`], and its windows.

use jiff::tz::TimeZone;

use super::HOUR_US;
use crate::cli::arguments::{ContactsArguments, GlobalArguments};
use crate::cli::contacts::traffic::{WEEKS, WeekHour, WeekTraffic};
use crate::cli::exit_code::Failure;
use crate::lake::Lake;
use crate::sli::SliSetPlan;
use crate::support::{ContactModel, ExposureUnit, PredictionWindow};
use crate::time_window::{parse_time, seconds};

/// The longest stretch that is imagined, µs.
const LASTING_US_MAX: i64 = 28 * 24 * HOUR_US;

/// When, for how long, and how many sessions come.
pub struct Traffic {
    /// The hour of the week in which it begins.
    pub hour: WeekHour,
    /// When it begins, UTC µs.
    pub start_us: i64,
    /// How long it lasts, µs.
    pub lasting_us: i64,
    /// What the levels were learned per: sessions, or requests that stand for them.
    pub unit: ExposureUnit,
    /// Sessions in the first hour.
    pub per_hour: f64,
    /// What is usual then, where the lake knows.
    pub usual_per_hour: Option<f64>,
    /// How many times as much that is.
    pub factor: f64,
    /// Sessions by hour from `start_us` on.
    by_hour: Vec<f64>,
}

impl Traffic {
    /// As the arguments and the lake say.
    pub fn new(
        arguments: &ContactsArguments,
        global: &GlobalArguments,
        set: &SliSetPlan,
        (zone, now_us): (&TimeZone, i64),
        unit: ExposureUnit,
    ) -> Result<Self, Failure> {
        if unit == ExposureUnit::Requests && arguments.sessions_per_hour.is_none() {
            return Err(Failure::usage(
                "the levels were learned per request of the first step, since no shopper was known: usual sessions \
                 say nothing of them (hint: --sessions-per-hour N with so many of these requests)",
            ));
        }
        let factor = factor(&arguments.traffic)?;
        let lasting_us = i64::try_from(arguments.lasting.as_us()).unwrap_or(i64::MAX);
        if lasting_us <= 0 || lasting_us > LASTING_US_MAX {
            return Err(Failure::usage(format!(
                "--for: `{}` is not from 1 s to 28 d",
                arguments.lasting
            )));
        }
        let usual = match Lake::open(&global.lake) {
            // What is usual are sessions, which say nothing of requests.
            _ if unit == ExposureUnit::Requests => None,
            Ok(lake) => WeekTraffic::of_lake(&lake, set, zone)?,
            // Without a lake somebody must say how many sessions come.
            Err(_) if arguments.sessions_per_hour.is_some() => None,
            Err(error) => return Err(error.into()),
        };
        let (hour, start_us) = when(arguments.at.as_deref(), usual.as_ref(), zone, now_us)?;
        let hours = (lasting_us + HOUR_US - 1) / HOUR_US;
        let at = |index: i64| WeekHour::at(start_us + index * HOUR_US, zone);
        let usual_at = |index: i64| usual.as_ref().and_then(|usual| usual.at(at(index)));
        let by_hour = (0..hours).map(|index| match arguments.sessions_per_hour {
            Some(sessions) => Ok(sessions),
            None => usual_at(index).map(|usual| usual * factor).ok_or_else(|| {
                Failure::usage(format!(
                    "the lake has no sessions of a {} in its last {WEEKS} weeks (hint: --sessions-per-hour N)",
                    at(index).words()
                ))
            }),
        });
        let by_hour = by_hour.collect::<Result<Vec<f64>, Failure>>()?;
        Ok(Self {
            hour,
            start_us,
            lasting_us,
            unit,
            per_hour: by_hour.first().copied().unwrap_or(0.0),
            usual_per_hour: usual_at(0),
            factor,
            by_hour,
        })
    }

    /// The stretch in windows of the model.
    pub fn windows(&self, model: &ContactModel, values: &[Option<f64>]) -> Vec<PredictionWindow> {
        let mut windows = Vec::new();
        let mut from_us = 0;
        while from_us < self.lasting_us {
            // No window reaches over an hour, whose sessions are known.
            let hour = from_us / HOUR_US;
            let end_us = (from_us + model.window_us)
                .min((hour + 1) * HOUR_US)
                .min(self.lasting_us);
            let length_us = end_us - from_us;
            let per_hour = usize::try_from(hour)
                .ok()
                .and_then(|hour| self.by_hour.get(hour));
            windows.push(PredictionWindow {
                start_us: self.start_us + from_us,
                length_us,
                sessions: per_hour.map(|per_hour| per_hour * seconds(length_us) / 3_600.0),
                values: values.to_vec(),
            });
            from_us = end_us;
        }
        windows
    }
}

/// `3x` or `3`.
fn factor(text: &str) -> Result<f64, Failure> {
    let number = text.strip_suffix(['x', '×']).unwrap_or(text).trim();
    match number.parse::<f64>() {
        Ok(factor) if factor.is_finite() && factor > 0.0 => Ok(factor),
        _ => Err(Failure::usage(format!(
            "--traffic: `{text}` is no factor (hint: write `3x` for three times the usual sessions)"
        ))),
    }
}

/// The hour that was asked for, or the busiest; and its next start.
fn when(
    at: Option<&str>,
    usual: Option<&WeekTraffic>,
    zone: &TimeZone,
    now_us: i64,
) -> Result<(WeekHour, i64), Failure> {
    let hour = match at {
        None => usual.map_or_else(|| WeekHour::at(now_us, zone), WeekTraffic::busiest),
        Some(text) => match WeekHour::parse(text) {
            Some(hour) => hour,
            None => {
                let start_us = parse_time(text, zone, now_us).map_err(|_| {
                    Failure::usage(format!(
                        "--at: `{text}` is no time (hint: write `friday-20:00` or `2026-11-27T20:00`)"
                    ))
                })?;
                return Ok((WeekHour::at(start_us, zone), start_us));
            }
        },
    };
    Ok((hour, hour.next_after(now_us, zone)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_is_written_with_or_without_its_sign() {
        for (text, expected) in [("3x", Some(3.0)), ("1.5", Some(1.5)), ("2×", Some(2.0))] {
            assert_eq!(factor(text).ok(), expected, "{text}");
        }
        for text in ["0x", "-1", "x", "", "inf", "3y"] {
            assert!(factor(text).is_err(), "{text}");
        }
    }
}
