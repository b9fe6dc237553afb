//! Intervals from draws that have noise of their own.
//!
//! In: normal distributions, equally likely. Out: the 5 % and 95 % points of their mixture.

use statrs::distribution::{ContinuousCDF, Normal as Standard};

use super::calibration::Interval;

/// Halvings of the bracket; 2⁻⁶⁰ of it is below what a number can tell.
const HALVINGS: u32 = 60;

/// One draw with its noise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Normal {
    pub mean: f64,
    pub variance: f64,
}

/// The estimate with the 90 % interval of the mixture, which has the estimate inside and no bound
/// below 0. Without draws, that of the noise alone.
pub(super) fn interval90(point: Normal, draws: &[Normal]) -> Interval {
    let draws = if draws.is_empty() {
        &[point][..]
    } else {
        draws
    };
    let low = quantile(draws, 0.05).max(0.0);
    let high = quantile(draws, 0.95).max(0.0);
    Interval {
        value: point.mean,
        ci90: [low.min(point.mean), high.max(point.mean)],
    }
}

fn quantile(draws: &[Normal], share: f64) -> f64 {
    let reach = |draw: &Normal| 8.0 * draw.variance.max(0.0).sqrt();
    let mut low = draws
        .iter()
        .map(|draw| draw.mean - reach(draw))
        .fold(f64::INFINITY, f64::min);
    let mut high = draws
        .iter()
        .map(|draw| draw.mean + reach(draw))
        .fold(f64::NEG_INFINITY, f64::max);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if below(draws, middle) < share {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The share of the mixture at or below `value`.
fn below(draws: &[Normal], value: f64) -> f64 {
    let standard = Standard::standard();
    let sum: f64 = draws
        .iter()
        .map(|draw| {
            if draw.variance > 0.0 {
                standard.cdf((value - draw.mean) / draw.variance.sqrt())
            } else if draw.mean <= value {
                1.0
            } else {
                0.0
            }
        })
        .sum();
    sum / draws.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_normal_has_the_quantiles_of_the_tables() {
        let point = Normal {
            mean: 100.0,
            variance: 25.0,
        };
        let interval = interval90(point, &[]);
        assert!((interval.ci90[0] - (100.0 - 1.644_853_6 * 5.0)).abs() < 1e-5);
        assert!((interval.ci90[1] - (100.0 + 1.644_853_6 * 5.0)).abs() < 1e-5);
    }

    #[test]
    fn draws_without_noise_give_their_own_quantiles() {
        let draws: Vec<Normal> = (1..=100)
            .map(|mean| Normal {
                mean: f64::from(mean),
                variance: 0.0,
            })
            .collect();
        let interval = interval90(draws[49], &draws);
        assert!((interval.ci90[0] - 5.0).abs() < 1e-9, "{interval:?}");
        assert!((interval.ci90[1] - 95.0).abs() < 1e-9, "{interval:?}");
    }
}
