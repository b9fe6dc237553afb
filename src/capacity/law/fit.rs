//! The law through points, and how far it is from them.
//!
//! In: checked points and how to weigh them. Out: [`LawFit`]. The fit is bounded, 0 ≤ σ ≤ 1, κ ≥ 0, λ ≥ 0;
//! where that bound holds something back, the unbounded fit stands beside it.

use serde::{Deserialize, Serialize};

use super::doubts::{Doubt, doubts};
use super::fitting::{COEFFICIENTS, Fitting};
use super::intervals::{Interval, LawIntervals, profile_intervals, student_t, wald};
use super::least_squares::Minimum;
use super::points::{LawError, LoadPoint, LoadPoints};
use super::scalability::ScalabilityLaw;

/// Most times that points are left out and predicted from the others.
const FOLDS_MAX: usize = 100;
/// Farthest prediction, in largest measured concurrencies, that is no extrapolation.
pub const REACH: f64 = 1.5;

/// Whose errors are squared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weighting {
    /// Throughput measured less throughput fitted.
    Absolute,
    /// The same, as a share of the throughput measured.
    Relative,
}

/// A law through points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LawFit {
    /// The bounded fit.
    pub law: ScalabilityLaw,
    /// Whose errors were squared.
    pub weighting: Weighting,
    /// The points, what the law says there, by ascending concurrency.
    pub fitted: Vec<FittedPoint>,
    /// Different concurrencies among them.
    pub distinct: usize,
    /// Those past the peak.
    pub beyond_knee: usize,
    /// Points less coefficients.
    pub degrees_of_freedom: usize,
    /// In units of throughput, or as a share with relative weights; `None` without degrees of freedom.
    pub residual_standard_error: Option<f64>,
    /// Standard errors of λ, σ, κ, by the curvature in all three; `None` without degrees of freedom.
    pub standard_errors: Option<[f64; COEFFICIENTS]>,
    /// Where a coefficient is on its bound: standard errors of the others if the bound is the truth, with
    /// one more degree of freedom for each; 0 for what is held.
    pub standard_errors_on_bound: Option<[f64; COEFFICIENTS]>,
    /// Coefficients on their bound.
    pub on_bound: Vec<String>,
    /// 95 % intervals.
    pub intervals: LawIntervals,
    /// The fit without bounds, where they hold something back.
    pub unbounded: Option<UnboundedFit>,
    /// What is wrong with predictions of points that were left out.
    pub leave_one_out: Option<LeaveOneOut>,
    /// Whether the points show a knee, so that κ, N_max and X_max mean something.
    pub kappa_identified: bool,
    /// What a reader must know, the gravest first.
    pub doubts: Vec<Doubt>,
    /// Covariance of λ, σ, κ.
    covariance: Option<[[f64; COEFFICIENTS]; COEFFICIENTS]>,
}

/// A point and its fit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FittedPoint {
    /// As measured.
    pub concurrency: f64,
    /// As measured.
    pub throughput: f64,
    /// What the law says.
    pub predicted: f64,
}

/// The same fit without bounds on σ and κ.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct UnboundedFit {
    /// Its coefficients.
    #[serde(flatten)]
    pub law: ScalabilityLaw,
    /// As that of the bounded fit.
    pub residual_standard_error: Option<f64>,
    /// Whether noise alone would hardly (1 in 40) make the coefficient as negative.
    pub is_beyond_noise: bool,
}

/// How well points are predicted by a fit to the others.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LeaveOneOut {
    /// Root of the mean squared error, in units of throughput.
    pub root_mean_square: f64,
    /// Median of the errors as a share of the throughput measured.
    pub median_share: f64,
    /// Largest of them.
    pub largest_share: f64,
}

/// Fits the law to points.
///
/// # Errors
/// When a point has no relative error though those are asked for, or no minimum is found.
pub fn fit_law(points: &LoadPoints, weighting: Weighting) -> Result<LawFit, LawError> {
    let fitting = Fitting::new(points, weighting)?;
    let best = fitting.bounded()?;
    let law = fitting.law(&best.coefficients);
    let count = points.as_slice().len();
    let degrees = count - COEFFICIENTS;
    let residual = |sum: f64, degrees: usize| {
        (degrees > 0).then(|| (sum / number(degrees)).sqrt() * fitting.residual_unit())
    };
    let on_bound = on_bound(&law);
    let covariance = fitting.covariance(&best, degrees);
    let beyond_knee = law
        .peak_concurrency()
        .map_or(0, |peak| points.distinct_beyond(peak));
    let mut fit = LawFit {
        law,
        weighting,
        fitted: fitting.fitted(&law),
        distinct: points.distinct(),
        beyond_knee,
        degrees_of_freedom: degrees,
        residual_standard_error: residual(best.sum_of_squares, degrees),
        standard_errors: covariance.map(|found| std::array::from_fn(|at| found[at][at].sqrt())),
        standard_errors_on_bound: fitting.errors_on_bound(&best, &on_bound),
        intervals: LawIntervals::default(),
        unbounded: None,
        leave_one_out: leave_one_out(&fitting, &best),
        kappa_identified: false,
        doubts: Vec::new(),
        covariance,
        on_bound,
    };
    if degrees > 0 {
        fit.intervals = profile_intervals(&fitting, &best, degrees);
        let errors = fit.standard_errors;
        let coefficients = [law.lambda, law.sigma, law.kappa];
        fit.intervals.wald = errors.map(|errors| wald(coefficients, errors, degrees));
    }
    if !fit.on_bound.is_empty() {
        fit.unbounded = unbounded(&fitting, &best, degrees);
    }
    fit.doubts = doubts(&fit, points);
    fit.kappa_identified = !fit.doubts.iter().any(Doubt::is_of_kappa);
    Ok(fit)
}

impl LawFit {
    /// Throughput at `n` with the 95 % interval of the curve there, by the delta method.
    #[must_use]
    pub fn predict(&self, n: f64) -> Option<(f64, Option<Interval>)> {
        let value = self.law.throughput(n)?;
        let denominator = self.law.denominator(n);
        let gradient = [
            n / denominator,
            -value * (n - 1.0) / denominator,
            -value * n * (n - 1.0) / denominator,
        ];
        let interval = self.covariance.and_then(|covariance| {
            let variance: f64 = (0..COEFFICIENTS)
                .flat_map(|row| (0..COEFFICIENTS).map(move |column| (row, column)))
                .map(|(row, column)| gradient[row] * covariance[row][column] * gradient[column])
                .sum();
            let half = student_t(self.degrees_of_freedom) * variance.max(0.0).sqrt();
            half.is_finite().then(|| Interval {
                low: Some((value - half).max(0.0)),
                high: Some(value + half),
            })
        });
        Some((value, interval))
    }

    /// The largest concurrency that was measured.
    #[must_use]
    pub fn largest(&self) -> f64 {
        self.fitted.last().map_or(0.0, |point| point.concurrency)
    }

    /// Whether the concurrency `n` is farther from the points than [`REACH`] allows.
    #[must_use]
    pub fn is_extrapolated(&self, n: f64) -> bool {
        n > REACH * self.largest() * (1.0 + 1e-9)
    }
}

fn on_bound(law: &ScalabilityLaw) -> Vec<String> {
    let mut names = Vec::new();
    if law.sigma <= 0.0 || law.sigma >= 1.0 {
        names.push("sigma".to_owned());
    }
    if law.kappa <= 0.0 {
        names.push("kappa".to_owned());
    }
    names
}

fn unbounded(fitting: &Fitting, best: &Minimum, degrees: usize) -> Option<UnboundedFit> {
    let free = (f64::NEG_INFINITY, f64::INFINITY);
    let bounds = [(0.0, f64::INFINITY), free, free];
    let starts = [
        best.coefficients.clone(),
        vec![1.0, -0.01, 0.01],
        vec![1.0, 0.1, -0.01],
    ];
    let found = fitting
        .minimise(&bounds, &starts, &|at| fitting.law(at))
        .ok()?;
    let law = fitting.law(&found.coefficients);
    let covariance = fitting.covariance(&found, degrees);
    let t = student_t(degrees.max(1));
    let is_beyond_noise = covariance.is_some_and(|covariance| {
        [(law.sigma, covariance[1][1]), (law.kappa, covariance[2][2])]
            .into_iter()
            .any(|(value, variance)| value + t * variance.sqrt() < 0.0)
    });
    let is_outside = law.sigma < 0.0 || law.kappa < 0.0 || law.sigma > 1.0;
    // Where the minimum itself is on the bound there is nothing to show.
    is_outside.then(|| UnboundedFit {
        law,
        residual_standard_error: (degrees > 0)
            .then(|| (found.sum_of_squares / number(degrees)).sqrt() * fitting.residual_unit()),
        is_beyond_noise,
    })
}

fn leave_one_out(fitting: &Fitting, best: &Minimum) -> Option<LeaveOneOut> {
    let count = fitting.points.len();
    if count <= COEFFICIENTS {
        return None;
    }
    let folds = count.min(FOLDS_MAX);
    let mut errors: Vec<(f64, f64)> = Vec::with_capacity(count);
    for fold in 0..folds {
        let is_left_out = |index: usize| index % folds == fold;
        let rest = fitting.points.iter().enumerate();
        let rest: Vec<LoadPoint> = rest
            .filter(|(index, _)| !is_left_out(*index))
            .map(|(_, point)| *point)
            .collect();
        let Ok(rest) = LoadPoints::new(&rest) else {
            continue;
        };
        let Ok(own) = Fitting::new(&rest, fitting.weighting) else {
            continue;
        };
        let law = fitting.law(&best.coefficients);
        let start = vec![
            law.lambda / own.slope,
            law.sigma * own.reach,
            law.kappa * own.reach * own.reach,
        ];
        let Ok(inside) = own.minimise(&own.bounds(), &[start], &|at| own.law(at)) else {
            continue;
        };
        let law = own.law(&own.on_faces(inside).coefficients);
        for (_, point) in fitting
            .points
            .iter()
            .enumerate()
            .filter(|(index, _)| is_left_out(*index))
        {
            let error = law
                .throughput(point.concurrency)
                .map(|fitted| fitted - point.throughput);
            errors.extend(error.map(|error| (error, point.throughput)));
        }
    }
    let squares: f64 = errors.iter().map(|(error, _)| error * error).sum();
    let shares = errors.iter().filter(|(_, measured)| *measured > 0.0);
    let mut shares: Vec<f64> = shares
        .map(|(error, measured)| (error / measured).abs())
        .collect();
    shares.sort_by(f64::total_cmp);
    Some(LeaveOneOut {
        root_mean_square: (squares / number(errors.len())).sqrt(),
        median_share: *shares.get(shares.len().checked_sub(1)? / 2)?,
        largest_share: *shares.last()?,
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts of points")]
fn number(count: usize) -> f64 {
    count as f64
}
