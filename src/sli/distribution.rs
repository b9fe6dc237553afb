//! The few distributions behind intervals and tests: beta, gamma, normal and Student's t.
//!
//! In: parameters and probabilities. Out: probabilities and quantiles, each with its error. The
//! only module that speaks to `statrs`.

use statrs::function::beta::{beta_reg, ln_beta};
use statrs::function::erf::{erfc, erfc_inv};
use statrs::function::gamma::{gamma_lr, ln_gamma};

/// From this smaller parameter on, the beta distribution is taken from its uniform asymptotic
/// expansion: the continued fraction of `statrs` stops after 140 steps, which is too early where
/// both parameters are large. Against a 40-digit computation the quantiles at 2.5 % and 97.5 % are
/// then off by less than 10⁻⁶ of their distance from the mean, and less the larger the parameter.
const BETA_LARGE_MIN: f64 = 1_000.0;

/// From this shape on, quantiles of the gamma distribution come from the Cornish–Fisher expansion,
/// which at 2.5 % and 97.5 % is then off by less than 10⁻⁹ of the quantile.
const GAMMA_LARGE_MIN: f64 = 500.0;

/// Newton steps at most; three are usual.
const STEPS_MAX: u32 = 60;

/// Probability that a standard normal value is above `z`.
pub(super) fn normal_above(z: f64) -> f64 {
    erfc(z / std::f64::consts::SQRT_2) / 2.0
}

/// The value that a standard normal value is below with `probability`, which is inside 0 to 1.
pub(super) fn normal_quantile(probability: f64) -> f64 {
    -std::f64::consts::SQRT_2 * erfc_inv(2.0 * probability)
}

/// Probability that a value of the beta distribution with parameters `a` and `b`, above 0, is
/// below `x`, from 0 to 1: the regularized incomplete beta function.
pub(super) fn beta_below(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    if a.min(b) < BETA_LARGE_MIN {
        return beta_reg(a, b, x);
    }
    let eta = Expansion::new(a, b).eta(x);
    let scale = (a + b).sqrt();
    normal_above(-scale * (eta - Expansion::new(a, b).shift(eta, x)))
}

/// The value that a beta-distributed value with parameters `a` and `b`, above 0, is below with
/// `probability`, which is inside 0 to 1; to 10 digits, but with a parameter below 1 to 10⁻¹⁶.
pub(super) fn beta_quantile(a: f64, b: f64, probability: f64) -> f64 {
    // Both ends have a closed form, and are by far the most frequent: nothing went wrong.
    if (a - 1.0).abs() < f64::EPSILON {
        return -((-probability).ln_1p() / b).exp_m1();
    }
    if (b - 1.0).abs() < f64::EPSILON {
        return (probability.ln() / a).exp();
    }
    if a.min(b) < 1.0 {
        return bisected([0.0, 1.0], |x| beta_below(a, b, x) < probability);
    }
    let start = Expansion::new(a, b).quantile(probability);
    if a.min(b) >= BETA_LARGE_MIN {
        return start;
    }
    let ln_beta = ln_beta(a, b);
    polished(start, 1.0, |x| {
        let ln_density = (a - 1.0) * x.ln() + (b - 1.0) * (-x).ln_1p() - ln_beta;
        Step {
            error: beta_reg(a, b, x) - probability,
            density: ln_density.exp(),
            ln_slope: (a - 1.0) / x - (b - 1.0) / (1.0 - x),
        }
    })
}

/// The value that a gamma-distributed value of this shape, above 0, and scale 1 is below with
/// `probability`, which is inside 0 to 1.
pub(super) fn gamma_quantile(shape: f64, probability: f64) -> f64 {
    if (shape - 1.0).abs() < f64::EPSILON {
        return -(-probability).ln_1p();
    }
    if shape < 1.0 {
        // The mean is below 1: 60 is beyond every quantile that is asked for.
        return bisected([0.0, 60.0], |x| gamma_lr(shape, x) < probability);
    }
    let start = gamma_expansion(shape, normal_quantile(probability));
    if shape >= GAMMA_LARGE_MIN {
        return start;
    }
    let ln_gamma = ln_gamma(shape);
    polished(start.max(1e-3 * shape), f64::INFINITY, |x| Step {
        error: gamma_lr(shape, x) - probability,
        density: ((shape - 1.0) * x.ln() - x - ln_gamma).exp(),
        ln_slope: (shape - 1.0) / x - 1.0,
    })
}

/// Probability that a value of Student's t distribution is farther from 0 than `t`, on either side.
pub(super) fn student_beyond(t: f64, freedom: f64) -> f64 {
    beta_reg(freedom / 2.0, 0.5, freedom / (freedom + t * t))
}

/// The t that a value of Student's distribution is farther from 0 than with probability 0.05.
pub(super) fn student_95(freedom: f64) -> f64 {
    // t of one degree of freedom is 12.7, that of infinitely many 1.96.
    bisected([1.9, 13.0], |t| student_beyond(t, freedom) > 0.05)
}

/// Logarithm of the number of ways to choose `chosen` of `count`.
pub(super) fn ln_binomial(count: u64, chosen: u64) -> f64 {
    statrs::function::factorial::ln_binomial(count, chosen)
}

/// N. M. Temme, "Asymptotic Inversion of the Incomplete Beta Function", 1992, with one term.
#[derive(Clone, Copy)]
struct Expansion {
    sum: f64,
    mean: f64,
    rest: f64,
}

impl Expansion {
    fn new(a: f64, b: f64) -> Self {
        let sum = a + b;
        Self {
            sum,
            mean: a / sum,
            rest: b / sum,
        }
    }

    /// `-η²/2 = μ ln(x/μ) + (1-μ) ln((1-x)/(1-μ))`, with the sign of x - μ.
    fn eta(self, x: f64) -> f64 {
        let distance = x - self.mean;
        (2.0 * self.potential(distance))
            .max(0.0)
            .sqrt()
            .copysign(distance)
    }

    fn potential(self, distance: f64) -> f64 {
        -(self.mean * (distance / self.mean).ln_1p() + self.rest * (-distance / self.rest).ln_1p())
    }

    /// How far the quantile of the normal distribution is from η: `ln f(η) / (n η)`.
    fn shift(self, eta: f64, x: f64) -> f64 {
        let spread = (self.mean * self.rest).sqrt();
        let distance = x - self.mean;
        if distance.abs() < 1e-6 * spread {
            // The limit at the mean; the quotient below would be all rounding.
            return -(self.rest - self.mean) / (3.0 * spread * self.sum);
        }
        (spread * eta / distance).ln() / (self.sum * eta)
    }

    fn quantile(self, probability: f64) -> f64 {
        let first = normal_quantile(probability) / self.sum.sqrt();
        let x = self.at_eta(first);
        self.at_eta(first + self.shift(first, x))
    }

    /// The x of an η: a few Newton steps from the first terms of its series, which are inside 0
    /// to 1 for every η that a tail of 10⁻⁹ or more needs.
    fn at_eta(self, eta: f64) -> f64 {
        let spread = (self.mean * self.rest).sqrt();
        let mut distance = spread * eta + (self.rest - self.mean) / 3.0 * eta * eta;
        for _ in 0..6 {
            let x = self.mean + distance;
            let slope = distance / (x * (1.0 - x));
            if slope == 0.0 || !(0.0..1.0).contains(&x) {
                break;
            }
            let step = (self.potential(distance) - eta * eta / 2.0) / slope;
            distance -= step;
            if step.abs() <= 1e-9 * distance.abs() {
                break;
            }
        }
        (self.mean + distance).clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON)
    }
}

/// E. A. Cornish and R. A. Fisher, 1938; terms up to shape^(-3/2).
fn gamma_expansion(shape: f64, z: f64) -> f64 {
    let root = shape.sqrt();
    let z2 = z * z;
    shape + z * root + (z2 - 1.0) / 3.0 + z * (z2 - 7.0) / (36.0 * root)
        - (z2 * (3.0 * z2 + 7.0) - 16.0) / (810.0 * shape)
        + z * (z2 * (9.0 * z2 + 256.0) - 433.0) / (38_880.0 * shape * root)
}

/// Where `is_below` turns false between two points, halving the distance.
fn bisected([mut low, mut high]: [f64; 2], is_below: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..STEPS_MAX {
        let middle = f64::midpoint(low, high);
        if is_below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// What is known of a distribution at one point.
struct Step {
    /// Probability below the point, less the one that is wanted.
    error: f64,
    density: f64,
    /// Slope of the logarithm of the density.
    ln_slope: f64,
}

/// Halley's method from `start` inside 0 to `end`: its error falls with the third power.
fn polished(start: f64, end: f64, at: impl Fn(f64) -> Step) -> f64 {
    let mut x = start;
    for _ in 0..STEPS_MAX {
        let Step {
            error,
            density,
            ln_slope,
        } = at(x);
        let newton = error / density;
        let step = newton / (1.0 - (newton * ln_slope / 2.0).clamp(-0.5, 0.5));
        let next = x - step;
        // A step out of the range goes half of the way to its end.
        let next = if next <= 0.0 {
            x / 2.0
        } else if next >= end {
            f64::midpoint(x, end)
        } else {
            next
        };
        // What is left is of the third power of this step in standard deviations, of which no
        // caller has more than 32 to the mean.
        let is_close = (next - x).abs() <= 1e-4 * x.min(end - x);
        x = next;
        if is_close || !x.is_finite() {
            break;
        }
    }
    x
}
