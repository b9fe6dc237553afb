//! What was asked of a fit: throughput at a concurrency, and its inverses.
//!
//! In: numbers from the command line. Out: N, X and R of each, which satisfy Little's law. What lies
//! farther from the points than a prediction may is refused unless it was asked for.

use serde::Serialize;

use crate::capacity::law::{Interval, LawFit};
use crate::cli::arguments::CapacityFitArguments;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::declared_files::DurationText;
use crate::report::text;

/// An answer: `concurrency = throughput × response`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Predicted {
    /// `concurrency`, `throughput` or `response`: what was given.
    pub given: &'static str,
    /// Concurrency.
    pub concurrency: f64,
    /// Throughput.
    pub throughput: f64,
    /// 95 % interval of the curve there.
    pub throughput_interval: Option<[Option<f64>; 2]>,
    /// Time in the system, in the time unit of the throughput.
    pub response: f64,
    /// Whether it is farther than 1.5 times the largest concurrency measured.
    pub is_extrapolated: bool,
    /// Whether it is past the peak, where more concurrency means less throughput.
    pub is_past_peak: bool,
}

/// Answers in the order of concurrencies, throughputs and times.
pub fn answers(arguments: &CapacityFitArguments, fit: &LawFit) -> Result<Vec<Predicted>, Failure> {
    let mut found = Vec::new();
    for n in &arguments.predict {
        check("--predict", *n)?;
        found.push(answer("concurrency", *n, arguments, fit)?);
    }
    for x in &arguments.throughput {
        check("--throughput", *x)?;
        let n = fit
            .law
            .concurrency_at_throughput(*x)
            .ok_or_else(|| unreached(*x, fit))?;
        found.push(answer("throughput", n, arguments, fit)?);
    }
    for text in &arguments.response {
        let r = response(text)?;
        let n = fit.law.concurrency_at_response(r).ok_or_else(|| {
            let alone = fit.law.response(1.0).unwrap_or(f64::NAN);
            Failure::new(
                ExitCode::Input,
                format!("--response: by this law no concurrency has a time of {text} (hint: a single request takes {})", digits(alone)),
            )
        })?;
        found.push(answer("response", n, arguments, fit)?);
    }
    Ok(found)
}

fn check(option: &str, value: f64) -> Result<(), Failure> {
    match value.is_finite() && value > 0.0 {
        true => Ok(()),
        false => Err(Failure::usage(format!(
            "{option}: `{value}` is not above 0 (hint: e.g. 96)"
        ))),
    }
}

/// A number in the time unit of the throughput, or a duration where that is a second.
fn response(text: &str) -> Result<f64, Failure> {
    let number = text.trim().parse::<f64>().ok();
    #[expect(clippy::cast_precision_loss, reason = "durations are below 2^53 µs")]
    let duration = || {
        text.parse::<DurationText>()
            .ok()
            .map(|it| it.as_us() as f64 / 1e6)
    };
    let found = number
        .or_else(duration)
        .filter(|it| it.is_finite() && *it > 0.0);
    found.ok_or_else(|| {
        Failure::usage(format!(
            "--response: `{text}` is no time above 0 (hint: 0.25, or 250ms)"
        ))
    })
}

fn unreached(x: f64, fit: &LawFit) -> Failure {
    let highest = fit.law.highest_throughput();
    let most = highest.map_or_else(String::new, |highest| {
        let word = if fit.law.kappa > 0.0 { "peak" } else { "limit" };
        format!(" (hint: its {word} is {})", digits(highest))
    });
    Failure::new(
        ExitCode::Input,
        format!("--throughput: by this law a throughput of {x} is never reached{most}"),
    )
}

fn answer(
    given: &'static str,
    n: f64,
    arguments: &CapacityFitArguments,
    fit: &LawFit,
) -> Result<Predicted, Failure> {
    let is_extrapolated = fit.is_extrapolated(n);
    if is_extrapolated && !arguments.extrapolate {
        return Err(Failure::usage(format!(
            "a concurrency of {} is farther than 1.5 times the largest measured, {}: the points say nothing of it (hint: measure there, or --extrapolate)",
            digits(n),
            digits(fit.largest())
        )));
    }
    let (throughput, interval) = fit.predict(n).ok_or_else(|| {
        Failure::new(
            ExitCode::Input,
            format!("the law has no throughput at a concurrency of {n}"),
        )
    })?;
    Ok(Predicted {
        given,
        concurrency: n,
        throughput,
        throughput_interval: interval.map(|Interval { low, high }| [low, high]),
        response: n / throughput,
        is_extrapolated,
        is_past_peak: fit
            .law
            .peak_concurrency()
            .is_some_and(|peak| n > peak * (1.0 + 1e-9)),
    })
}

/// Four significant digits.
pub fn digits(value: f64) -> String {
    if !value.is_finite() {
        return text::NO_VALUE.to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let exponent = value.abs().log10().floor();
    if !(-4.0..15.0).contains(&exponent) {
        return format!("{value:.3e}");
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to 7"
    )]
    let decimals = (3.0 - exponent).clamp(0.0, 7.0) as usize;
    let shown = format!("{value:.decimals$}");
    match shown.contains('.') {
        true => shown.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_digits_are_shown_and_no_trailing_zeros() {
        let table = [
            (0.0, "0"),
            (1884.123, "1884"),
            (96.5196, "96.52"),
            (0.0277285, "0.02773"),
            (0.0001044, "0.0001044"),
            (1.0, "1"),
            (0.5, "0.5"),
            (-2.5, "-2.5"),
            (1e-9, "1.000e-9"),
            (f64::NAN, "–"),
        ];
        for (value, expected) in table {
            assert_eq!(digits(value), expected, "{value}");
        }
    }

    #[test]
    fn a_time_is_a_number_or_a_duration() {
        let read = |text| response(text).ok();
        assert_eq!(read("0.25"), Some(0.25));
        assert_eq!(read("250ms"), Some(0.25));
        assert_eq!(read("2m"), Some(120.0));
        assert_eq!(
            (read("0"), read("-1"), read("fast"), read("nan")),
            (None, None, None, None)
        );
    }
}
