//! Few episodes scatter more than their resamples do.
//!
//! In: draws and the effective number of episodes behind them. Out: draws that are as far from the estimate as a
//! t distribution asks for. A bootstrap over `n` clusters has the variance of a sample without Bessel's
//! correction and the tails of a normal distribution; the usual cure is √(n/(n−1)) and the quantiles of
//! t with n−1 degrees of freedom (Cameron and Miller 2015, *J. Hum. Resour.* 50, section VI).

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use super::bootstrap::Draw;
use super::hinge::Hinge;

/// With fewer clusters the factor is that of so many; such a fit is refused anyway.
const CLUSTERS_MIN: f64 = 3.0;

/// How much further from the estimate draws over so many clusters must be; above 1, and near it for
/// many.
pub(super) fn factor(clusters: f64) -> f64 {
    let count = clusters.max(CLUSTERS_MIN);
    let t = StudentsT::new(0.0, 1.0, count - 1.0)
        .expect("at least two degrees of freedom are a distribution")
        .inverse_cdf(0.95);
    let normal = Normal::standard().inverse_cdf(0.95);
    (count / (count - 1.0)).sqrt() * t / normal
}

/// The draw, further from the estimate: the onset on its own scale and within the grid, the slope on
/// that of logarithms, so that it stays above 0.
pub(super) fn widened(draw: Draw, estimate: &Hinge, factor: f64, [first, last]: [f64; 2]) -> Draw {
    let onset = estimate.onset + factor * (draw.onset - estimate.onset);
    let slope = if estimate.slope > 0.0 {
        estimate.slope * (draw.slope / estimate.slope).powf(factor)
    } else {
        draw.slope
    };
    Draw {
        onset: onset.clamp(first, last),
        slope,
        ..draw
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_those_of_the_tables() {
        // t(0.95, 5) = 2.015, t(0.95, 16) = 1.746.
        assert!((factor(6.0) - (1.2_f64).sqrt() * 2.015 / 1.645).abs() < 1e-3);
        assert!((factor(17.0) - (17.0_f64 / 16.0).sqrt() * 1.746 / 1.645).abs() < 1e-3);
        assert!((factor(10_000.0) - 1.0).abs() < 1e-3);
        assert_eq!(factor(0.0), factor(3.0));
    }

    #[test]
    fn a_draw_moves_away_and_stays_possible() {
        let estimate = Hinge {
            onset: 0.02,
            slope: 50.0,
            log_scale: 0.0,
            log_likelihood: 0.0,
        };
        let draw = |onset, slope| Draw {
            onset,
            slope,
            quiet_rate: 0.02,
            delay_windows: None,
        };
        let moved = widened(draw(0.03, 25.0), &estimate, 1.5, [0.0, 0.1]);
        assert!((moved.onset - 0.035).abs() < 1e-12);
        assert!(moved.slope < 25.0 && moved.slope > 0.0);
        assert_eq!(
            widened(draw(0.001, 50.0), &estimate, 2.0, [0.0, 0.1]).onset,
            0.0
        );
        assert_eq!(
            widened(draw(0.02, 0.0), &estimate, 1.5, [0.0, 0.1]).slope,
            0.0
        );
    }
}
