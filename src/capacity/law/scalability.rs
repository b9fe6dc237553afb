//! Gunther's Universal Scalability Law and its inverses.
//!
//! In: λ, σ, κ. Out: throughput, response time and concurrency from each other; the peak and the limit.
//! Source: N. J. Gunther, *Guerrilla Capacity Planning*, 2007, chapters 4 to 6; the inverses are the roots
//! of the same equation, and satisfy Little's law, `N = X · R`.

use serde::{Deserialize, Serialize};

/// `X(N) = λN / (1 + σ(N − 1) + κN(N − 1))`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ScalabilityLaw {
    /// Throughput at a concurrency of 1, in the unit of the throughput.
    pub lambda: f64,
    /// Contention: the share of the work that waits for its turn. From 0 to 1 in a bounded fit.
    pub sigma: f64,
    /// Crosstalk: the cost of every pair that must agree. At least 0 in a bounded fit.
    pub kappa: f64,
}

impl ScalabilityLaw {
    /// Throughput at the concurrency `n`; `None` where the law has none (a negative denominator, which only
    /// concurrencies below 1 or negative coefficients have).
    #[must_use]
    pub fn throughput(&self, n: f64) -> Option<f64> {
        let denominator = self.denominator(n);
        (n >= 0.0 && denominator > 0.0).then(|| self.lambda * n / denominator)
    }

    /// Time in the system at the concurrency `n`, in the time unit of λ: `N / X(N)`.
    #[must_use]
    pub fn response(&self, n: f64) -> Option<f64> {
        let denominator = self.denominator(n);
        (n >= 0.0 && denominator > 0.0 && self.lambda > 0.0).then(|| denominator / self.lambda)
    }

    /// What slows `n` down: 1 where nothing does.
    #[must_use]
    pub fn denominator(&self, n: f64) -> f64 {
        1.0 + (n - 1.0) * (self.sigma + self.kappa * n)
    }

    /// Concurrency of the highest throughput, `√((1 − σ) / κ)`; `None` where throughput never falls.
    #[must_use]
    pub fn peak_concurrency(&self) -> Option<f64> {
        (self.kappa > 0.0 && self.sigma < 1.0).then(|| ((1.0 - self.sigma) / self.kappa).sqrt())
    }

    /// The highest throughput, at [`Self::peak_concurrency`].
    #[must_use]
    pub fn peak_throughput(&self) -> Option<f64> {
        self.throughput(self.peak_concurrency()?)
    }

    /// Amdahl's limit, λ / σ: what would be reached without crosstalk; `None` where nothing is waited for.
    #[must_use]
    pub fn limit(&self) -> Option<f64> {
        (self.sigma > 0.0).then(|| self.lambda / self.sigma)
    }

    /// The least upper bound of the throughput: its peak, or the limit where it only approaches one.
    #[must_use]
    pub fn highest_throughput(&self) -> Option<f64> {
        self.peak_throughput().or_else(|| self.limit())
    }

    /// Concurrency `1 / σ`, where the two lines of an ideal system, λN and λ/σ, cross.
    #[must_use]
    pub fn optimal_concurrency(&self) -> Option<f64> {
        (self.sigma > 0.0).then(|| 1.0 / self.sigma)
    }

    /// The least concurrency with the throughput `x`, the smaller root of
    /// `κX·N² + (X(σ − κ) − λ)·N + X(1 − σ) = 0`; `None` where `x` is never reached.
    #[must_use]
    pub fn concurrency_at_throughput(&self, x: f64) -> Option<f64> {
        if !(x >= 0.0 && x.is_finite() && self.sigma < 1.0) {
            return None;
        }
        let (a, b) = (self.kappa * x, x * (self.sigma - self.kappa) - self.lambda);
        let c = x * (1.0 - self.sigma);
        let square = b * b - 4.0 * a * c;
        // At the peak the two roots are one, and rounding may put it on the wrong side of 0.
        let square = if square.abs() <= 1e-12 * b * b {
            0.0
        } else {
            square
        };
        let divisor = -b + square.max(0.0).sqrt();
        (square >= 0.0 && b < 0.0 && divisor > 0.0).then(|| 2.0 * c / divisor)
    }

    /// Time in the system at the throughput `x` below the peak: `N(X) / X`.
    #[must_use]
    pub fn response_at_throughput(&self, x: f64) -> Option<f64> {
        (x > 0.0)
            .then(|| self.concurrency_at_throughput(x))
            .flatten()
            .map(|n| n / x)
    }

    /// The concurrency at which a request takes `r`, the positive root of
    /// `κN² + (σ − κ)N + (1 − σ − λr) = 0`; `None` where nothing is that fast, or everything is.
    ///
    /// It may lie past the peak.
    #[must_use]
    pub fn concurrency_at_response(&self, r: f64) -> Option<f64> {
        if !(r > 0.0 && r.is_finite()) {
            return None;
        }
        let (a, b) = (self.kappa, self.sigma - self.kappa);
        let c = 1.0 - self.sigma - self.lambda * r;
        let square = b * b - 4.0 * a * c;
        if square < 0.0 {
            return None;
        }
        let root = square.sqrt();
        // Of the two ways to write the root, the one that does not subtract two like numbers.
        let n = match b >= 0.0 {
            true => -2.0 * c / (b + root),
            false => (root - b) / (2.0 * a),
        };
        (n.is_finite() && n > 0.0).then_some(n)
    }

    /// Throughput at which a request takes `r`: by Little's law `N(r) / r`.
    #[must_use]
    pub fn throughput_at_response(&self, r: f64) -> Option<f64> {
        self.concurrency_at_response(r).map(|n| n / r)
    }
}
