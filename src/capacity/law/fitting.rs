//! Points in the scales in which every coefficient is of the order of 1, and the laws closest to them.
//!
//! In: checked points and whose errors are squared. Out: minima of the sum of squares within the bounds, and
//! the covariance there. A minimum on a bound has exactly the bound's value.

use super::fit::{FittedPoint, Weighting};
use super::least_squares::{Minimum, Problem};
use super::points::{LawError, LoadPoint, LoadPoints};
use super::scalability::ScalabilityLaw;

/// Coefficients of the law.
pub const COEFFICIENTS: usize = 3;
/// A coefficient on its bound must not cost more than this share of the sum of squares.
const SAME_SUM: f64 = 1e-10;
/// Sum of squares, in units of the highest throughput, that is only rounding.
const ROUNDING: f64 = 1e-24;
/// Keeps a denominator that a trial step made negative from turning the sign of a throughput.
const DENOMINATOR_MIN: f64 = 1e-6;
/// Starts of the search that are followed to their minimum.
const STARTS: usize = 5;

/// Points with the scales in which every coefficient is of the order of 1.
pub struct Fitting {
    pub points: Vec<LoadPoint>,
    pub weighting: Weighting,
    /// Largest concurrency, at least 1.
    pub reach: f64,
    /// Throughput per concurrency.
    pub slope: f64,
    highest: f64,
}

impl Fitting {
    pub fn new(points: &LoadPoints, weighting: Weighting) -> Result<Self, LawError> {
        let all = points.as_slice();
        if weighting == Weighting::Relative && all.iter().any(|point| point.throughput == 0.0) {
            return Err(LawError::NoRelativeError);
        }
        let slopes = all.iter().map(|point| point.throughput / point.concurrency);
        Ok(Self {
            points: all.to_vec(),
            weighting,
            reach: points.largest().max(1.0),
            slope: slopes.fold(0.0, f64::max),
            highest: points.highest(),
        })
    }

    /// The law of scaled coefficients `[λ, σ, κ]`.
    pub fn law(&self, scaled: &[f64]) -> ScalabilityLaw {
        ScalabilityLaw {
            lambda: scaled[0] * self.slope,
            sigma: scaled[1] / self.reach,
            kappa: scaled[2] / self.reach / self.reach,
        }
    }

    fn residuals(&self, law: &ScalabilityLaw, out: &mut [f64]) {
        for (out, point) in out.iter_mut().zip(&self.points) {
            let n = point.concurrency;
            let fitted = law.lambda * n / law.denominator(n).max(DENOMINATOR_MIN);
            let unit = match self.weighting {
                Weighting::Absolute => self.highest,
                Weighting::Relative => point.throughput,
            };
            *out = (point.throughput - fitted) / unit;
        }
    }

    /// In what a residual is measured.
    pub fn residual_unit(&self) -> f64 {
        match self.weighting {
            Weighting::Absolute => self.highest,
            Weighting::Relative => 1.0,
        }
    }

    /// The best law of those that `law_of` makes of some coefficients.
    pub fn minimise(
        &self,
        bounds: &[(f64, f64)],
        starts: &[Vec<f64>],
        law_of: &dyn Fn(&[f64]) -> ScalabilityLaw,
    ) -> Result<Minimum, String> {
        let residuals = |at: &[f64], out: &mut [f64]| self.residuals(&law_of(at), out);
        let problem = Problem {
            count: self.points.len(),
            bounds,
            residuals: &residuals,
        };
        problem.minimise(starts)
    }

    /// The bounds of scaled coefficients.
    pub fn bounds(&self) -> [(f64, f64); COEFFICIENTS] {
        [
            (0.0, f64::INFINITY),
            (0.0, self.reach),
            (0.0, f64::INFINITY),
        ]
    }

    /// The law closest to the points.
    ///
    /// # Errors
    /// When the library finds no minimum.
    pub fn bounded(&self) -> Result<Minimum, LawError> {
        let starts = self.starts();
        let inside = self
            .minimise(&self.bounds(), &starts, &|at| self.law(at))
            .map_err(LawError::NoMinimum)?;
        Ok(self.on_faces(inside))
    }

    /// The same, or what is as good with σ or κ or both at exactly 0.
    pub fn on_faces(&self, inside: Minimum) -> Minimum {
        let start = &inside.coefficients;
        let mut best = inside.clone();
        // From the least to the most restricted, so that the simplest of equals is taken.
        for held in [[false, true], [true, false], [true, true]] {
            let free: Vec<usize> = (0..COEFFICIENTS)
                .filter(|at| *at == 0 || !held[at - 1])
                .collect();
            let whole = |at: &[f64]| {
                let mut all = vec![0.0; COEFFICIENTS];
                free.iter()
                    .zip(at)
                    .for_each(|(index, value)| all[*index] = *value);
                all
            };
            let bounds: Vec<(f64, f64)> = free.iter().map(|at| self.bounds()[*at]).collect();
            let mut starts = vec![free.iter().map(|at| start[*at]).collect::<Vec<f64>>()];
            starts.push(
                free.iter()
                    .map(|at| if *at == 0 { 1.0 } else { 0.5 })
                    .collect(),
            );
            let found = self.minimise(&bounds, &starts, &|at| self.law(&whole(at)));
            if let Ok(found) = found
                && found.sum_of_squares <= best.sum_of_squares * (1.0 + SAME_SUM) + ROUNDING
            {
                best = Minimum {
                    coefficients: whole(&found.coefficients),
                    ..found
                };
            }
        }
        best
    }

    /// The most promising of a grid of σ and κ, each with the λ that suits it best.
    fn starts(&self) -> Vec<Vec<f64>> {
        let sigmas = [0.0, 0.1, 1.0, 10.0].into_iter();
        let shares = [0.01, 0.05, 0.2, 0.5, 0.9]
            .into_iter()
            .map(|share| share * self.reach);
        let sigmas: Vec<f64> = sigmas
            .chain(shares)
            .filter(|sigma| *sigma <= self.reach)
            .collect();
        let kappas = [0.0, 0.05, 0.5, 2.0, 10.0, 100.0];
        let mut residuals = vec![0.0; self.points.len()];
        let mut found: Vec<(f64, Vec<f64>)> = Vec::new();
        for sigma in sigmas {
            for kappa in kappas {
                let lambda = self.lambda_of(sigma, kappa);
                let start = vec![lambda, sigma, kappa];
                self.residuals(&self.law(&start), &mut residuals);
                found.push((residuals.iter().map(|one| one * one).sum(), start));
            }
        }
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        found
            .into_iter()
            .take(STARTS)
            .map(|(_, start)| start)
            .collect()
    }

    /// The scaled λ with the least squares for given scaled σ and κ: the law is linear in it.
    fn lambda_of(&self, sigma: f64, kappa: f64) -> f64 {
        let law = self.law(&[1.0, sigma, kappa]);
        let (mut above, mut below) = (0.0, 0.0);
        for point in &self.points {
            let n = point.concurrency;
            let unit = match self.weighting {
                Weighting::Absolute => 1.0,
                Weighting::Relative => point.throughput,
            };
            let own = law.lambda * n / law.denominator(n).max(DENOMINATOR_MIN) / unit;
            above += own * point.throughput / unit;
            below += own * own;
        }
        if below > 0.0 { above / below } else { 1.0 }
    }

    /// Covariance of λ, σ, κ by the curvature in all three, bounds or not; `None` where the points do not
    /// tell them apart.
    pub fn covariance(
        &self,
        best: &Minimum,
        degrees: usize,
    ) -> Option<[[f64; COEFFICIENTS]; COEFFICIENTS]> {
        if degrees == 0 {
            return None;
        }
        let residuals = |at: &[f64], out: &mut [f64]| self.residuals(&self.law(at), out);
        let bounds = self.bounds();
        let count = self.points.len();
        let problem = Problem {
            count,
            bounds: &bounds,
            residuals: &residuals,
        };
        let inverse = problem.inverse_information(&best.coefficients).ok()?;
        let variance = best.sum_of_squares / number(degrees);
        let units = self.law(&[1.0; COEFFICIENTS]);
        let units = [units.lambda, units.sigma, units.kappa];
        Some(std::array::from_fn(|row| {
            std::array::from_fn(|column| {
                inverse[row * COEFFICIENTS + column] * variance * units[row] * units[column]
            })
        }))
    }

    /// Standard errors of what is not on its bound, if the bound is the truth.
    pub fn errors_on_bound(
        &self,
        best: &Minimum,
        on_bound: &[String],
    ) -> Option<[f64; COEFFICIENTS]> {
        if on_bound.is_empty() {
            return None;
        }
        let names = ["lambda", "sigma", "kappa"];
        let free: Vec<usize> = (0..COEFFICIENTS)
            .filter(|at| !on_bound.iter().any(|name| name == names[*at]))
            .collect();
        let degrees = self.points.len() - free.len();
        let whole = |at: &[f64]| {
            let mut all = best.coefficients.clone();
            free.iter()
                .zip(at)
                .for_each(|(index, value)| all[*index] = *value);
            all
        };
        let residuals = |at: &[f64], out: &mut [f64]| self.residuals(&self.law(&whole(at)), out);
        let bounds: Vec<(f64, f64)> = free.iter().map(|at| self.bounds()[*at]).collect();
        let problem = Problem {
            count: self.points.len(),
            bounds: &bounds,
            residuals: &residuals,
        };
        let at: Vec<f64> = free.iter().map(|at| best.coefficients[*at]).collect();
        let inverse = problem.inverse_information(&at).ok()?;
        let variance = best.sum_of_squares / number(degrees);
        let units = self.law(&[1.0; COEFFICIENTS]);
        let units = [units.lambda, units.sigma, units.kappa];
        let mut errors = [0.0; COEFFICIENTS];
        for (place, index) in free.iter().enumerate() {
            errors[*index] =
                (inverse[place * free.len() + place] * variance).sqrt() * units[*index];
        }
        Some(errors)
    }

    /// The points with what a law says there.
    pub fn fitted(&self, law: &ScalabilityLaw) -> Vec<FittedPoint> {
        let points = self.points.iter().map(|point| FittedPoint {
            concurrency: point.concurrency,
            throughput: point.throughput,
            predicted: law.throughput(point.concurrency).unwrap_or(f64::NAN),
        });
        points.collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count of points")]
fn number(count: usize) -> f64 {
    count as f64
}
