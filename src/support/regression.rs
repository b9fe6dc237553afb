//! The library of models: steps that never fall, inflation of variance, linear systems; for tests also
//! counts with an offset.
//!
//! In: plain slices. Out: plain numbers. This is the only file that speaks to `anofox-regression`, whose
//! answers are compared with those of others in `tests/reference.rs`. What it says of a fit that did
//! not settle is a named outcome here, never a NaN.

use anofox_regression::diagnostics::variance_inflation_factor;
use anofox_regression::faer::linalg::solvers::Solve;
use anofox_regression::faer::{Col, Mat, Side};
use anofox_regression::solvers::IsotonicRegressor;

/// The weighted means that never fall in `x`, one per point (pool adjacent violators). `x` ascends;
/// all weights are above 0. Of counts over expected counts, weighed by the latter, it is the Poisson
/// maximum-likelihood fit under that order.
pub(super) fn isotonic(x: &[f64], y: &[f64], weights: &[f64]) -> Option<Vec<f64>> {
    let fit = IsotonicRegressor::builder()
        .increasing(true)
        .weights(column(weights))
        .build()
        .fit_1d(&column(x), &column(y))
        .ok()?;
    Some(fit.fitted_values().iter().copied().collect())
}

/// Variance inflation factor of each column, at most 1e6; columns are of one length.
pub(super) fn variance_inflation(columns: &[Vec<f64>]) -> Vec<f64> {
    let rows = columns.first().map_or(0, Vec::len);
    let x = Mat::from_fn(rows, columns.len(), |row, column| columns[column][row]);
    let factors = variance_inflation_factor(&x);
    factors
        .iter()
        .map(|factor| {
            if factor.is_finite() {
                factor.min(1e6)
            } else {
                1e6
            }
        })
        .collect()
}

/// Solves a symmetric positive definite system, of which the upper half is read (row by row);
/// `None` where it is none.
pub(super) fn solve(matrix: &[f64], right: &[f64]) -> Option<Vec<f64>> {
    let n = right.len();
    let a = Mat::from_fn(n, n, |i, j| matrix[i.min(j) * n + i.max(j)]);
    let solution = a.llt(Side::Lower).ok()?.solve(column(right));
    let solution: Vec<f64> = solution.iter().copied().collect();
    solution
        .iter()
        .all(|value| value.is_finite())
        .then_some(solution)
}

fn column(values: &[f64]) -> Col<f64> {
    Col::from_fn(values.len(), |row| values[row])
}

/// The library's counts with an offset, as an oracle.
#[cfg(test)]
pub(super) mod oracle {
    use anofox_regression::faer::Mat;
    use anofox_regression::solvers::{
        FittedRegressor, NegativeBinomialRegressor, PoissonRegressor, Regressor,
    };

    use super::column;
    use crate::support::quiet::Counts;

    /// Intercept and coefficients of a Poisson fit.
    pub fn poisson(of: Counts<'_>) -> (f64, Vec<f64>) {
        let fit = PoissonRegressor::log()
            .with_intercept(true)
            .compute_inference(false)
            .offset(column(of.log_offset))
            .build()
            .fit(&matrix(of), &column(of.counts))
            .unwrap();
        let result = fit.result();
        (
            result.intercept.unwrap(),
            result.coefficients.iter().copied().collect(),
        )
    }

    /// The same of a negative binomial with its dispersion, given or fitted.
    pub fn negative_binomial(of: Counts<'_>, theta: Option<f64>) -> (f64, Vec<f64>, f64) {
        let builder = match theta {
            Some(theta) => NegativeBinomialRegressor::with_theta(theta),
            None => NegativeBinomialRegressor::builder().estimate_theta(true),
        };
        let fit = builder
            .with_intercept(true)
            .compute_inference(false)
            .offset(column(of.log_offset))
            .build()
            .fit(&matrix(of), &column(of.counts))
            .unwrap();
        let result = fit.result();
        let coefficients = result.coefficients.iter().copied().collect();
        (result.intercept.unwrap(), coefficients, fit.theta)
    }

    fn matrix(of: Counts<'_>) -> Mat<f64> {
        let term = |row: usize, column: usize| of.terms[row * of.width + column];
        Mat::from_fn(of.counts.len(), of.width, term)
    }
}
