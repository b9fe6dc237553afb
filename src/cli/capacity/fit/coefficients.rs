//! The coefficients of a law, as the terminal and the page both show them.

use super::asked::digits;
use crate::capacity::law::{Interval, LawFit};

/// A coefficient of the law, for whoever shows it.
pub struct Coefficient {
    pub name: &'static str,
    pub value: f64,
    /// Its standard error as text.
    pub error: String,
    /// 95 %: by profile for κ, by Wald for the others.
    pub interval: Option<Interval>,
    pub meaning: &'static str,
}

/// λ, σ, κ, in this order.
pub fn coefficients(fit: &LawFit) -> [Coefficient; 3] {
    let wald = |index: usize| fit.intervals.wald.map(|wald| wald[index]);
    let coefficient = |index: usize, name, value, interval, meaning| Coefficient {
        name,
        value,
        error: fit
            .standard_errors
            .map_or_else(|| "–".to_owned(), |errors| digits(errors[index])),
        interval,
        meaning,
    };
    let law = &fit.law;
    [
        coefficient(
            0,
            "λ",
            law.lambda,
            wald(0),
            "throughput at a concurrency of 1",
        ),
        coefficient(
            1,
            "σ",
            law.sigma,
            wald(1),
            "contention: share of the work that waits for its turn",
        ),
        coefficient(
            2,
            "κ",
            law.kappa,
            fit.intervals.kappa,
            "crosstalk: cost of every pair that must agree",
        ),
    ]
}
