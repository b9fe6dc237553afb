//! Negative controls: what should have no effect, looked at with the same eyes.
//!
//! In: a fitted SLI. Out: controls with their likelihood ratios and whether they passed. The SLI of
//! later windows, given that of now; the SLI of other weeks at the same hours.

use super::calibration::{Control, ControlKind};
use super::fit::{Fitted, Source, of_design};
use super::quiet::FitError;

/// What chance alone gives to the best of all onsets in about 1 of 300 cases.
const BY_CHANCE: f64 = 12.0;
/// A later SLI may take so much of the real one's ratio: an episode's end looks like its beginning.
const FUTURE_SHARE: f64 = 0.10;
/// Another week's SLI fits as well as the real one where it has so much of its ratio.
const SHUFFLED_SHARE: f64 = 0.5;
/// At most so many other weeks are looked at.
const TURNS_MAX: usize = 8;
const WEEK_US: i64 = 7 * 86_400_000_000;

/// Both controls of a fitted SLI; `rate` is the share of other weeks that may fit by chance.
pub(super) fn controls(
    source: &Source<'_>,
    fitted: &Fitted,
    lags: usize,
    rate: f64,
) -> Result<Vec<Control>, FitError> {
    let mut controls = vec![future(source, fitted, lags)?];
    controls.extend(shuffled(source, rate)?);
    Ok(controls)
}

/// The SLI of as many windows later as contacts may be late, given the effect of now.
fn future(source: &Source<'_>, fitted: &Fitted, lags: usize) -> Result<Control, FitError> {
    let mut background = vec![0.0; source.harm.values.len()];
    for (row, window) in fitted.design.window.iter().enumerate() {
        background[*window] = fitted.lift(row) - 1.0;
    }
    let harm = source.harm.later(lags);
    let later = Source {
        harm: &harm,
        background: &background,
        ..*source
    };
    let ratio = of_design(later.design(&fitted.kernel), None)?.likelihood_ratio;
    let limit = BY_CHANCE.max(FUTURE_SHARE * fitted.likelihood_ratio);
    let hours = lags as f64 * source.input.window_us as f64 / 3.6e9;
    Ok(Control {
        kind: ControlKind::FutureSli,
        finding: format!("the SLI of {hours:.0} h later adds {ratio:.1} to what that of now says"),
        likelihood_ratio: ratio,
        limit,
        passed: ratio <= limit,
    })
}

/// The SLI of other weeks; `None` below two weeks.
fn shuffled(source: &Source<'_>, rate: f64) -> Result<Option<Control>, FitError> {
    let week = (WEEK_US / source.input.window_us) as usize;
    let weeks = source.harm.values.len() / week;
    if weeks < 2 {
        return Ok(None);
    }
    let kernel = source.first_kernel();
    let real = of_design(source.design(&kernel), None)?.likelihood_ratio;
    let mut ratios = Vec::new();
    for turn in 1..weeks.min(TURNS_MAX + 1) {
        let harm = source.harm.turned(turn * week);
        let turned = Source {
            harm: &harm,
            ..*source
        };
        ratios.push(of_design(turned.design(&kernel), None)?.likelihood_ratio);
    }
    let limit = BY_CHANCE.max(SHUFFLED_SHARE * real);
    let largest = ratios.iter().copied().fold(0.0, f64::max);
    let alike = ratios.iter().filter(|ratio| **ratio > limit).count();
    Ok(Some(Control {
        kind: ControlKind::ShuffledWeeks,
        finding: format!(
            "of {} other weeks {alike} fit half as well as the real ones; the best has {largest:.1} of {real:.1}",
            ratios.len()
        ),
        likelihood_ratio: largest,
        limit,
        passed: alike as f64 <= rate * ratios.len() as f64,
    }))
}
