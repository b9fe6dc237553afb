//! Bounded non-linear least squares, through the library.
//!
//! In: residuals as a function of some coefficients, their bounds, and where to start. Out: the best of
//! the minima that Levenberg and Marquardt's method finds from there. The only file that speaks to
//! `rmpfit`, the Rust port of MPFIT (C. B. Markwardt, *ADASS XVIII*, 2009).

use rmpfit::{MPConfig, MPError, MPFitter, MPPar, MPResult};

/// A function from coefficients to residuals, one per point.
pub type Residuals<'a> = dyn Fn(&[f64], &mut [f64]) + 'a;

/// What is minimised.
pub struct Problem<'a> {
    /// How many residuals there are.
    pub count: usize,
    /// The least and the largest value of each coefficient; infinite where there is none.
    pub bounds: &'a [(f64, f64)],
    /// From coefficients to residuals.
    pub residuals: &'a Residuals<'a>,
}

/// Where the sum of squares is least.
#[derive(Debug, Clone, PartialEq)]
pub struct Minimum {
    /// The coefficients.
    pub coefficients: Vec<f64>,
    /// The sum of squared residuals.
    pub sum_of_squares: f64,
}

/// Relative change of sum and coefficients at which the search ends.
const TOLERANCE: f64 = 1e-14;

impl Problem<'_> {
    /// The best minimum that is found from any of `starts`.
    ///
    /// # Errors
    /// When none of them leads to one, with the library's reason.
    pub fn minimise(&self, starts: &[Vec<f64>]) -> Result<Minimum, String> {
        let mut best: Result<Minimum, String> = Err("nowhere to start".to_owned());
        for start in starts {
            let found = self.descend(start);
            let is_better = match (&best, &found) {
                (Ok(best), Ok(found)) => found.sum_of_squares < best.sum_of_squares,
                (Err(_), _) => true,
                (Ok(_), Err(_)) => false,
            };
            if is_better {
                best = found;
            }
        }
        best
    }

    /// `(JᵀJ)⁻¹` at the coefficients, row by row: times the residual variance it is their covariance.
    ///
    /// # Errors
    /// When the points do not tell the coefficients apart.
    pub fn inverse_information(&self, at: &[f64]) -> Result<Vec<f64>, String> {
        let free = vec![(f64::NEG_INFINITY, f64::INFINITY); at.len()];
        let mut fitter = Fitter::new(
            &Problem {
                bounds: &free,
                ..*self
            },
            0,
        );
        let mut coefficients = at.to_vec();
        let status = fitter
            .mpfit(&mut coefficients)
            .map_err(|error| error.to_string())?;
        let is_usable = status.covar.iter().all(|value| value.is_finite())
            && (0..at.len()).all(|index| status.covar[index * at.len() + index] > 0.0);
        match is_usable {
            true => Ok(status.covar),
            false => Err("the points do not tell the coefficients apart".to_owned()),
        }
    }

    fn descend(&self, start: &[f64]) -> Result<Minimum, String> {
        let inside = start.iter().zip(self.bounds);
        let mut coefficients: Vec<f64> = inside
            .map(|(value, (low, high))| value.clamp(*low, *high))
            .collect();
        let mut fitter = Fitter::new(self, 500);
        fitter
            .mpfit(&mut coefficients)
            .map_err(|error: MPError| error.to_string())?;
        let mut residuals = vec![0.0; self.count];
        (self.residuals)(&coefficients, &mut residuals);
        let sum_of_squares: f64 = residuals.iter().map(|residual| residual * residual).sum();
        match sum_of_squares.is_finite() && coefficients.iter().all(|value| value.is_finite()) {
            true => Ok(Minimum {
                coefficients,
                sum_of_squares,
            }),
            false => Err("the sum of squares is not finite".to_owned()),
        }
    }
}

struct Fitter<'a> {
    residuals: &'a Residuals<'a>,
    count: usize,
    parameters: Vec<MPPar>,
    config: MPConfig,
}

impl<'a> Fitter<'a> {
    fn new(problem: &Problem<'a>, max_iter: usize) -> Self {
        let parameters = problem.bounds.iter().map(|(low, high)| MPPar {
            limited_low: low.is_finite(),
            limited_up: high.is_finite(),
            limit_low: if low.is_finite() { *low } else { 0.0 },
            limit_up: if high.is_finite() { *high } else { 0.0 },
            ..MPPar::new()
        });
        Self {
            residuals: problem.residuals,
            count: problem.count,
            parameters: parameters.collect(),
            config: MPConfig {
                ftol: TOLERANCE,
                xtol: TOLERANCE,
                gtol: TOLERANCE,
                max_iter,
                ..MPConfig::new()
            },
        }
    }
}

impl MPFitter for Fitter<'_> {
    fn eval(&mut self, coefficients: &[f64], residuals: &mut [f64]) -> MPResult<()> {
        (self.residuals)(coefficients, residuals);
        Ok(())
    }

    fn number_of_points(&self) -> usize {
        self.count
    }

    fn config(&self) -> &MPConfig {
        &self.config
    }

    fn parameters(&self) -> &[MPPar] {
        &self.parameters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_holds_and_the_covariance_is_that_of_a_straight_line() {
        // y = 2x − 1 with a slope of at most 1.5; the free line has residuals of 0.
        let xs = [0.0, 1.0, 2.0, 3.0];
        let residuals = |at: &[f64], out: &mut [f64]| {
            for (out, x) in out.iter_mut().zip(xs) {
                *out = 2.0 * x - 1.0 - at[0] * x - at[1];
            }
        };
        let free = [(f64::NEG_INFINITY, f64::INFINITY); 2];
        let problem = Problem {
            count: 4,
            bounds: &free,
            residuals: &residuals,
        };
        let found = problem.minimise(&[vec![0.0, 0.0]]).expect("a line");
        assert!((found.coefficients[0] - 2.0).abs() < 1e-9, "{found:?}");
        let inverse = problem
            .inverse_information(&found.coefficients)
            .expect("two unknowns");
        // Σx = 6, Σx² = 14, n = 4: the inverse is 1/20 of (4, −6; −6, 14).
        for (own, expected) in inverse.iter().zip([0.2, -0.3, -0.3, 0.7]) {
            assert!((own - expected).abs() < 1e-6, "{inverse:?}");
        }
        let bounds = [(0.0, 1.5), (f64::NEG_INFINITY, f64::INFINITY)];
        let bounded = Problem {
            bounds: &bounds,
            ..problem
        };
        let found = bounded.minimise(&[vec![0.1, 0.0]]).expect("a line");
        assert!((found.coefficients[0] - 1.5).abs() < 1e-12, "{found:?}");
        assert!((found.coefficients[1] + 0.25).abs() < 1e-7, "{found:?}");
    }

    #[test]
    fn what_the_points_do_not_tell_apart_has_no_covariance() {
        let residuals = |at: &[f64], out: &mut [f64]| out.fill(1.0 - at[0] - at[1]);
        let free = [(f64::NEG_INFINITY, f64::INFINITY); 2];
        let problem = Problem {
            count: 3,
            bounds: &free,
            residuals: &residuals,
        };
        assert!(problem.inverse_information(&[0.5, 0.5]).is_err());
    }
}
