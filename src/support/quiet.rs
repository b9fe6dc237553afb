//! The quiet rate: counts on season and known drivers, with an offset.
//!
//! In: counts, terms, offset. Out: coefficients and dispersion, or a named failure. Fisher scoring of
//! our own: a calibration of 20 SLIs makes some 500 of these fits, and the library needs 3.8 s for one
//! (5,352 rows, 10 terms), this a few milliseconds. `tests/reference.rs` compares both, and with
//! statsmodels.

use super::draws::THETA_OF_POISSON;
use super::regression::solve;

/// Above this the negative binomial is a Poisson distribution for all that counts can tell.
const THETA_POISSON: f64 = 1e5;
/// Below this a window says nothing of its mean.
const THETA_MIN: f64 = 0.01;
/// Steps of the coefficients, and of the dispersion.
const STEPS_MAX: usize = 60;
/// Rounds of coefficients and dispersion.
const ROUNDS_MAX: usize = 12;
const SETTLED: f64 = 1e-8;
/// A step that moves the log of a mean by more is shortened.
const MOVE_MAX: f64 = 3.0;

/// A log-linear model of counts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CountFit {
    /// Log of the rate where all terms are 0.
    pub intercept: f64,
    /// One per term; 0 of terms that say nothing.
    pub coefficients: Vec<f64>,
    /// NB2 dispersion θ (variance = μ + μ²/θ); `None` at the Poisson limit.
    pub theta: Option<f64>,
}

/// Why there is no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum FitError {
    /// There is no contact at all, so that the log of the rate has no end.
    #[error("there are no contacts in these windows")]
    NoCounts,
    /// There are no more rows than terms.
    #[error("only {0} windows can be used")]
    TooFewRows(usize),
    /// The solver did not settle.
    #[error("the model does not settle")]
    NoConvergence,
    /// It was asked for an SLI that nobody looks at.
    #[error("it is not part of the model")]
    NotIncluded,
}

/// Counts to be fitted: terms row by row, `width` each, and an offset on the log scale.
#[derive(Clone, Copy)]
pub(super) struct Counts<'a> {
    pub counts: &'a [f64],
    pub terms: &'a [f64],
    pub width: usize,
    pub log_offset: &'a [f64],
}

impl Counts<'_> {
    /// Fits coefficients and dispersion in turn.
    pub fn fit(&self) -> Result<CountFit, FitError> {
        self.fit_from(None)
    }

    /// The same from a fit of much the same rows, which is soon there.
    pub fn fit_from(&self, start: Option<CountFit>) -> Result<CountFit, FitError> {
        let known = start.as_ref().and_then(|start| start.theta);
        let mut fit = self.with_theta(known, start)?;
        for _ in 0..ROUNDS_MAX {
            let means = fit.means(self.terms, self.log_offset);
            let theta = theta(self.counts, &means);
            let is_settled = match (theta, fit.theta) {
                (Some(new), Some(old)) => (new / old - 1.0).abs() < 1e-4,
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            };
            if is_settled {
                break;
            }
            fit = self.with_theta(theta, Some(fit))?;
        }
        Ok(fit)
    }

    /// Fits the coefficients for a dispersion.
    pub fn with_theta(
        &self,
        theta: Option<f64>,
        start: Option<CountFit>,
    ) -> Result<CountFit, FitError> {
        let size = self.width + 1;
        let total: f64 = self.counts.iter().sum();
        if total <= 0.0 {
            return Err(FitError::NoCounts);
        }
        if self.counts.len() <= size {
            return Err(FitError::TooFewRows(self.counts.len()));
        }
        let exposure: f64 = self.log_offset.iter().map(|offset| offset.exp()).sum();
        let mut at = vec![0.0; size];
        match start {
            Some(start) => {
                at[0] = start.intercept;
                at[1..].copy_from_slice(&start.coefficients);
            }
            None => at[0] = (total / exposure).ln(),
        }
        for _ in 0..STEPS_MAX {
            let mut step = self.step(&at, theta).ok_or(FitError::NoConvergence)?;
            let largest = step.iter().map(|of| of.abs()).sum::<f64>();
            let cut = (MOVE_MAX / largest).min(1.0);
            for (value, step) in at.iter_mut().zip(&mut step) {
                *value += cut * *step;
            }
            if largest < SETTLED {
                break;
            }
        }
        if at.iter().any(|value| !value.is_finite()) {
            return Err(FitError::NoConvergence);
        }
        Ok(CountFit {
            intercept: at[0],
            coefficients: at[1..].to_vec(),
            theta,
        })
    }

    /// One Fisher step; terms that never change stay at 0.
    fn step(&self, at: &[f64], theta: Option<f64>) -> Option<Vec<f64>> {
        let size = at.len();
        let theta = theta.unwrap_or(THETA_OF_POISSON);
        let (mut score, mut information) = (vec![0.0; size], vec![0.0; size * size]);
        let mut x = vec![1.0; size];
        for row in 0..self.counts.len() {
            x[1..].copy_from_slice(&self.terms[row * self.width..(row + 1) * self.width]);
            let log_mean: f64 = x.iter().zip(at).map(|(x, of)| x * of).sum();
            let mean = (log_mean + self.log_offset[row]).min(50.0).exp();
            let weight = theta / (theta + mean);
            let residual = (self.counts[row] - mean) * weight;
            let scaled = mean * weight;
            for i in 0..size {
                score[i] += residual * x[i];
                let of_i = scaled * x[i];
                for (sum, x) in information[i * size + i..(i + 1) * size]
                    .iter_mut()
                    .zip(&x[i..])
                {
                    *sum += of_i * x;
                }
            }
        }
        let largest = (0..size)
            .map(|i| information[i * size + i])
            .fold(0.0, f64::max);
        for i in 0..size {
            // A driver that is off in all rows has no information: it gets enough to stay where it is.
            if information[i * size + i] < 1e-10 * largest {
                information[i * size + i] = largest.max(1.0);
                score[i] = 0.0;
            }
            information[i * size + i] *= 1.0 + 1e-12;
        }
        solve(&information, &score)
    }
}

impl CountFit {
    /// The expected counts.
    pub fn means(&self, terms: &[f64], log_offset: &[f64]) -> Vec<f64> {
        let width = self.coefficients.len();
        let rows = log_offset.iter().enumerate();
        rows.map(|(row, offset)| {
            let own = &terms[row * width..(row + 1) * width];
            let sum: f64 = own
                .iter()
                .zip(&self.coefficients)
                .map(|(term, of)| term * of)
                .sum();
            (self.intercept + sum + offset).exp()
        })
        .collect()
    }
}

/// Maximum-likelihood dispersion of whole counts around their means; `None` at the Poisson limit.
///
/// The gamma functions of the likelihood are sums over `j` below each count, and so a sum over how many
/// counts are above `j`.
fn theta(counts: &[f64], means: &[f64]) -> Option<f64> {
    let most = counts.iter().copied().fold(0.0, f64::max) as usize;
    let mut above = vec![0.0; most + 1];
    for count in counts {
        above[*count as usize] += 1.0;
    }
    for j in (0..most).rev() {
        above[j] += above[j + 1];
    }
    // above[j] has the counts of at least j; those above j are one further.
    let score = |theta: f64| {
        let mut sum: f64 = (0..most).map(|j| above[j + 1] / (theta + j as f64)).sum();
        for (count, mean) in counts.iter().zip(means) {
            sum -= (mean / theta).ln_1p() + (count - mean) / (theta + mean);
        }
        sum
    };
    if score(THETA_POISSON) >= 0.0 {
        return None;
    }
    if score(THETA_MIN) <= 0.0 {
        return Some(THETA_MIN);
    }
    let (mut low, mut high) = (THETA_MIN.ln(), THETA_POISSON.ln());
    while high - low > 1e-6 {
        let middle = f64::midpoint(low, high);
        if score(middle.exp()) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(f64::midpoint(low, high).exp())
}
