//! How sure the coefficients and the peak are: Wald's intervals and those of the profile likelihood.
//!
//! In: the best fit. Out: 95 % intervals. For the profile the value in question is held, everything else
//! is fitted again, and the value belongs to the interval while the sum of squares grows by less than
//! `t²/df` of itself (D. M. Bates, D. G. Watts, *Nonlinear Regression Analysis*, 1988, section 6.1).

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::fitting::Fitting;
use super::least_squares::Minimum;
use super::scalability::ScalabilityLaw;

/// Farthest that an end of an interval is looked for, as a factor of the value.
const FARTHEST: f64 = 1e6;
/// Halvings of the stretch in which an end lies.
const HALVINGS: usize = 50;

/// The ends of an interval; `None` where it has no end that the points could show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

/// 95 % intervals of a fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LawIntervals {
    /// Of λ, σ, κ by their standard errors and Student's t, cut at 0; `None` without degrees of freedom.
    pub wald: Option<[Interval; 3]>,
    /// Of κ by profile likelihood.
    pub kappa: Option<Interval>,
    /// Of the concurrency of the peak by profile likelihood.
    pub n_max: Option<Interval>,
    /// Of the highest throughput, peak or limit, by profile likelihood.
    pub x_max: Option<Interval>,
}

/// The 97.5 % quantile of Student's t.
pub fn student_t(degrees: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a count of points")]
    let degrees = degrees as f64;
    StudentsT::new(0.0, 1.0, degrees).map_or(f64::INFINITY, |t| t.inverse_cdf(0.975))
}

/// Intervals by standard errors; no coefficient is below 0.
pub fn wald(coefficients: [f64; 3], errors: [f64; 3], degrees: usize) -> [Interval; 3] {
    let t = student_t(degrees);
    std::array::from_fn(|at| Interval {
        low: Some((coefficients[at] - t * errors[at]).max(0.0)),
        high: Some(coefficients[at] + t * errors[at]),
    })
}

/// The intervals of κ, the peak's concurrency and the highest throughput.
pub fn profile_intervals(fitting: &Fitting, best: &Minimum, degrees: usize) -> LawIntervals {
    let t = student_t(degrees);
    #[expect(clippy::cast_precision_loss, reason = "a count of points")]
    let limit = best.sum_of_squares * (1.0 + t * t / degrees as f64) + f64::MIN_POSITIVE;
    let profile = Profile {
        fitting,
        best,
        limit,
    };
    LawIntervals {
        wald: None,
        kappa: Some(profile.kappa()),
        n_max: Some(profile.peak_concurrency()),
        x_max: Some(profile.highest_throughput()),
    }
}

struct Profile<'a> {
    fitting: &'a Fitting,
    best: &'a Minimum,
    /// Largest sum of squares within the interval.
    limit: f64,
}

impl Profile<'_> {
    fn law(&self) -> ScalabilityLaw {
        self.fitting.law(&self.best.coefficients)
    }

    fn is_inside(&self, minimum: Result<Minimum, String>) -> bool {
        minimum.is_ok_and(|minimum| minimum.sum_of_squares <= self.limit)
    }

    /// Whether a law with this κ is within the limit.
    fn has_kappa(&self, kappa: f64) -> bool {
        let scaled = kappa * self.fitting.reach * self.fitting.reach;
        let law_of = |at: &[f64]| self.fitting.law(&[at[0], at[1], scaled]);
        let bounds = self.fitting.bounds();
        let start = &self.best.coefficients;
        let starts = [vec![start[0], start[1]], vec![start[0], 0.0]];
        self.is_inside(self.fitting.minimise(&bounds[..2], &starts, &law_of))
    }

    /// Whether a law with its peak at this concurrency is within the limit.
    fn has_peak_at(&self, n: f64) -> bool {
        let reach = self.fitting.reach;
        let law_of = |at: &[f64]| {
            let kappa = (1.0 - at[1] / reach) * (reach / n) * (reach / n);
            self.fitting.law(&[at[0], at[1], kappa])
        };
        let bounds = self.fitting.bounds();
        let start = &self.best.coefficients;
        let starts = [vec![start[0], start[1]], vec![start[0], 0.0]];
        self.is_inside(self.fitting.minimise(&bounds[..2], &starts, &law_of))
    }

    /// Whether a law with this highest throughput `x` is within the limit. At the peak
    /// `x = λ / (σ − κ + 2√(κ(1 − σ)))`, which is λ/σ where κ is 0; the root of κ is the coefficient, as
    /// it has a slope at 0.
    fn has_highest(&self, x: f64) -> bool {
        let reach = self.fitting.reach;
        let law_of = |at: &[f64]| {
            let (sigma, root) = (at[0] / reach, at[1] / reach);
            let load = sigma - root * root + 2.0 * root * (1.0 - sigma).max(0.0).sqrt();
            ScalabilityLaw {
                lambda: (x * load).max(0.0),
                sigma,
                kappa: root * root,
            }
        };
        let bounds = [(0.0, reach), (0.0, f64::INFINITY)];
        let start = &self.best.coefficients;
        let root = start[2].sqrt();
        let starts = [
            vec![start[1], root],
            vec![start[1].max(0.01), root.max(0.1)],
            vec![0.0, root.max(0.5)],
        ];
        self.is_inside(self.fitting.minimise(&bounds, &starts, &law_of))
    }

    fn kappa(&self) -> Interval {
        let smallest = 1e-6 / self.fitting.reach / self.fitting.reach;
        let value = self.law().kappa.max(smallest);
        let has = |kappa: f64| self.has_kappa(kappa);
        let low = match self.has_kappa(0.0) {
            true => Some(0.0),
            false => end(value, Direction::Down, &has),
        };
        Interval {
            low,
            high: end(value, Direction::Up, &has),
        }
    }

    fn peak_concurrency(&self) -> Interval {
        let has = |n: f64| self.has_peak_at(n);
        // Without a peak the interval begins where one becomes possible.
        let farthest = self.fitting.reach * 1e3;
        let value = self
            .law()
            .peak_concurrency()
            .map_or(farthest, |peak| peak.min(farthest));
        let high = match self.has_kappa(0.0) {
            true => None,
            false => end(value, Direction::Up, &has),
        };
        Interval {
            low: end(value, Direction::Down, &has),
            high,
        }
    }

    fn highest_throughput(&self) -> Interval {
        let has = |x: f64| self.has_highest(x);
        let law = self.law();
        let farthest = 1e3 * law.lambda.max(f64::MIN_POSITIVE) * self.fitting.reach;
        let value = law
            .highest_throughput()
            .map_or(farthest, |highest| highest.min(farthest));
        Interval {
            low: end(value, Direction::Down, &has),
            high: end(value, Direction::Up, &has),
        }
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Down,
    Up,
}

/// Where the values that `is_inside` ends, going away from `value`, which is inside.
fn end(value: f64, direction: Direction, is_inside: &dyn Fn(f64) -> bool) -> Option<f64> {
    let at = |factor: f64| match direction {
        Direction::Down => value / factor,
        Direction::Up => value * factor,
    };
    let (mut inside, mut outside) = (1.0, 1.02);
    while is_inside(at(outside)) {
        inside = outside;
        outside *= outside.min(4.0);
        if outside > FARTHEST {
            return None;
        }
    }
    for _ in 0..HALVINGS {
        // Of two factors the one between them in the logarithm; enough when they are as good as one.
        if outside / inside < 1.0 + 1e-9 {
            break;
        }
        let middle = (inside * outside).sqrt();
        match is_inside(at(middle)) {
            true => inside = middle,
            false => outside = middle,
        }
    }
    Some(at(inside))
}
