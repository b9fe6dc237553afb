//! The dose–response picture: what contacts did at which value, beside the fitted curve.
//!
//! In: a fitted SLI and its draws. Out: points with intervals by days, and the band of the curve. Late
//! contacts are put back to the sessions that they come from, in the shares that the fit gives to each
//! delay, so that points and curve have the same abscissa.

use super::bootstrap::{Resampling, ci90};
use super::calibration::{BandPoint, DosePoint};
use super::dose_response::DoseResponse;
use super::fit::{Fitted, Source};
use super::input::Direction;

/// Ends of the bins in shares of the sessions: most sessions are well, the picture is of the others.
const SHARES: [f64; 11] = [
    0.25, 0.50, 0.75, 0.90, 0.94, 0.96, 0.975, 0.985, 0.9925, 0.997, 1.0,
];
/// Points of the band.
const BAND_POINTS: usize = 41;
/// Resamples for the intervals of points.
const RESAMPLES: u32 = 400;
/// A point has at least so many expected quiet contacts; bins with fewer join the next.
const QUIET_MIN: f64 = 3.0;

/// Contacts put back to a window.
#[derive(Debug, Clone, Copy, Default)]
struct Returned {
    contacts: f64,
    quiet: f64,
}

/// Points of the picture, mildest first.
pub(super) fn points(
    source: &Source<'_>,
    fitted: &Fitted,
    direction: Direction,
    resampling: Resampling,
) -> Vec<DosePoint> {
    let returned = returned(source, fitted);
    let bins = binned(source, &returned);
    let resampling = Resampling {
        resamples: resampling.resamples.min(RESAMPLES),
        ..resampling
    };
    let times: Vec<Vec<f64>> = (0..resampling.resamples)
        .map(|n| resampling.times(n))
        .collect();
    let points = bins.iter().map(|bin| {
        let mut days = vec![Returned::default(); resampling.days];
        let (mut sessions, mut harm) = (0.0, 0.0);
        for window in bin {
            let day = &mut days[source.calendar.day[*window]];
            day.contacts += returned[*window].contacts;
            day.quiet += returned[*window].quiet;
            sessions += source.calendar.sessions[*window];
            harm += source.calendar.sessions[*window] * source.harm.mean(*window);
        }
        let ratio = |times: &dyn Fn(usize) -> f64| {
            let sum = |of: fn(&Returned) -> f64| {
                days.iter()
                    .enumerate()
                    .map(|(day, sums)| times(day) * of(sums))
                    .sum::<f64>()
            };
            let quiet = sum(|day| day.quiet);
            (quiet > 0.0).then(|| sum(|day| day.contacts) / quiet)
        };
        let value = ratio(&|_| 1.0).unwrap_or(1.0);
        let [low, high] = ci90(times.iter().filter_map(|times| ratio(&|day| times[day])));
        DosePoint {
            value: direction.sign() * harm / sessions.max(f64::MIN_POSITIVE),
            ratio: value,
            ci90: [low.min(value), high.max(value)],
            windows: bin.len() as u64,
            contacts: days.iter().map(|day| day.contacts).sum::<f64>().round() as u64,
        }
    });
    points.collect()
}

/// Contacts and quiet contacts by the window of the sessions.
fn returned(source: &Source<'_>, fitted: &Fitted) -> Vec<Returned> {
    let mut returned = vec![Returned::default(); source.harm.values.len()];
    let onset = fitted.hinge.onset;
    for (row, window) in fitted.design.window.iter().enumerate() {
        let mean = fitted.mean(row);
        let per_session = fitted.quiet[row] / fitted.design.exposure[row];
        let others = 1.0 + fitted.design.background[row];
        for (lag, weight) in fitted.kernel.iter().enumerate().take(window + 1) {
            let from = window - lag;
            let quiet = per_session * weight * source.calendar.sessions[from];
            let beyond = source.harm.beyond(from, onset);
            let own = quiet * (others + fitted.hinge.slope * beyond);
            returned[from].contacts += fitted.design.y[row] * own / mean.max(f64::MIN_POSITIVE);
            returned[from].quiet += quiet * others;
        }
    }
    returned
}

/// Windows by value, mildest first.
fn binned(source: &Source<'_>, returned: &[Returned]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..returned.len())
        .filter(|window| source.harm.is_known[*window] && returned[*window].quiet > 0.0)
        .collect();
    order.sort_by(|one, other| source.harm.mean(*one).total_cmp(&source.harm.mean(*other)));
    let total: f64 = order
        .iter()
        .map(|window| source.calendar.sessions[*window])
        .sum();
    let mut bins: Vec<Vec<usize>> = Vec::new();
    let (mut current, mut quiet, mut below, mut next) = (Vec::new(), 0.0, 0.0, 0);
    for window in order {
        below += source.calendar.sessions[window];
        quiet += returned[window].quiet;
        current.push(window);
        let is_full = below >= SHARES[next] * total && quiet >= QUIET_MIN;
        if is_full && next + 1 < SHARES.len() {
            while next + 1 < SHARES.len() && below >= SHARES[next] * total {
                next += 1;
            }
            bins.push(std::mem::take(&mut current));
            quiet = 0.0;
        }
    }
    match bins.last_mut() {
        Some(last) if quiet < QUIET_MIN => last.extend(current),
        _ if !current.is_empty() => bins.push(current),
        _ => {}
    }
    bins
}

/// The curve with its band over values from `mildest` to `worst`, mildest first.
pub(super) fn band(
    curve: &DoseResponse,
    draws: &[Vec<f64>],
    direction: Direction,
    [mildest, worst]: [f64; 2],
) -> Vec<BandPoint> {
    let drawn: Vec<DoseResponse> = draws.iter().map(|draw| curve.with(draw)).collect();
    let points = (0..BAND_POINTS).map(|point| {
        let part = point as f64 / (BAND_POINTS - 1) as f64;
        let value = mildest + part * (worst - mildest);
        let ratio = curve.ratio(value, direction);
        let [low, high] = if drawn.is_empty() {
            [ratio; 2]
        } else {
            ci90(drawn.iter().map(|curve| curve.ratio(value, direction)))
        };
        BandPoint {
            value,
            ratio,
            ci90: [low.min(ratio), high.max(ratio)],
        }
    });
    points.collect()
}
