//! What a reader of a fit must know before using it.
//!
//! In: a fit and its points. Out: doubts, the gravest first, each a sentence. They never change a number.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::fit::{LawFit, REACH};
use super::points::LoadPoints;

/// Fewest different concurrencies for a κ that means something.
pub const IDENTIFIED_DISTINCT_MIN: usize = 6;
/// Fewest different concurrencies past the knee.
pub const IDENTIFIED_BEYOND_MIN: usize = 2;

/// A reason to be careful.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "doubt")]
pub enum Doubt {
    /// Without its bound a coefficient would be negative.
    Superlinear {
        /// `sigma` or `kappa`.
        coefficient: String,
        /// What it would be.
        value: f64,
        /// Whether noise alone would hardly do that.
        is_beyond_noise: bool,
    },
    /// σ is 1: throughput never grows.
    Serial,
    /// As many points as coefficients: nothing says how sure they are.
    NoDegreesOfFreedom,
    /// Too few different concurrencies for κ.
    FewConcurrencies {
        /// How many there are.
        distinct: usize,
    },
    /// Throughput never falls in the points.
    NoKnee,
    /// Too few points past the knee.
    FewBeyondKnee {
        /// Different concurrencies past it.
        beyond: usize,
        /// The concurrency of the fitted peak.
        n_max: f64,
    },
    /// The interval of κ begins at 0.
    KappaMayBeZero,
    /// The peak lies farther from the points than a prediction may.
    PeakIsExtrapolated {
        /// Its concurrency.
        n_max: f64,
        /// The largest one measured.
        largest: f64,
    },
    /// Concurrencies below 1, where the law's σ and κ are not defined by anything.
    BelowOne {
        /// How many points.
        count: usize,
    },
    /// Points of no concurrency, left out.
    Idle {
        /// How many points.
        count: usize,
    },
}

impl Doubt {
    /// Whether it says that κ is not identified.
    #[must_use]
    pub fn is_of_kappa(&self) -> bool {
        match self {
            Doubt::NoDegreesOfFreedom
            | Doubt::FewConcurrencies { .. }
            | Doubt::NoKnee
            | Doubt::FewBeyondKnee { .. }
            | Doubt::KappaMayBeZero => true,
            Doubt::Superlinear { .. }
            | Doubt::Serial
            | Doubt::PeakIsExtrapolated { .. }
            | Doubt::BelowOne { .. }
            | Doubt::Idle { .. } => false,
        }
    }
}

/// The doubts about a fit.
pub fn doubts(fit: &LawFit, points: &LoadPoints) -> Vec<Doubt> {
    let mut found = Vec::new();
    if let Some(unbounded) = &fit.unbounded {
        for (name, value) in [
            ("sigma", unbounded.law.sigma),
            ("kappa", unbounded.law.kappa),
        ] {
            if value < 0.0 {
                found.push(Doubt::Superlinear {
                    coefficient: name.to_owned(),
                    value,
                    is_beyond_noise: unbounded.is_beyond_noise,
                });
            }
        }
    }
    if fit.law.sigma >= 1.0 {
        found.push(Doubt::Serial);
    }
    if fit.degrees_of_freedom == 0 {
        found.push(Doubt::NoDegreesOfFreedom);
    }
    found.extend(knee_doubts(fit));
    let largest = points.largest();
    if let Some(n_max) = fit
        .law
        .peak_concurrency()
        .filter(|peak| fit.is_extrapolated(*peak))
    {
        found.push(Doubt::PeakIsExtrapolated { n_max, largest });
    }
    let below = points
        .as_slice()
        .iter()
        .filter(|point| point.concurrency < 1.0);
    match below.count() {
        0 => {}
        count => found.push(Doubt::BelowOne { count }),
    }
    if points.idle() > 0 {
        found.push(Doubt::Idle {
            count: points.idle(),
        });
    }
    found
}

fn knee_doubts(fit: &LawFit) -> Vec<Doubt> {
    let mut found = Vec::new();
    if fit.distinct < IDENTIFIED_DISTINCT_MIN {
        found.push(Doubt::FewConcurrencies {
            distinct: fit.distinct,
        });
    }
    match fit.law.peak_concurrency() {
        None => found.push(Doubt::NoKnee),
        Some(n_max) if fit.beyond_knee < IDENTIFIED_BEYOND_MIN => {
            found.push(Doubt::FewBeyondKnee {
                beyond: fit.beyond_knee,
                n_max,
            });
        }
        Some(_) => {}
    }
    let may_be_zero = fit
        .intervals
        .kappa
        .is_some_and(|interval| interval.low == Some(0.0));
    if may_be_zero && fit.law.kappa > 0.0 {
        found.push(Doubt::KappaMayBeZero);
    }
    found
}

impl fmt::Display for Doubt {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Doubt::Superlinear {
                coefficient,
                value,
                is_beyond_noise,
            } => {
                let symbol = if coefficient == "sigma" { "σ" } else { "κ" };
                let why = match is_beyond_noise {
                    true => {
                        "which noise alone would hardly do: it scales better than linearly (caches, batching), or the points are not of one system"
                    }
                    false => "which noise alone can do",
                };
                write!(
                    to,
                    "superlinear or noisy: without its bound {symbol} would be {value:.3e}, {why}"
                )
            }
            Doubt::Serial => write!(
                to,
                "σ is 1: throughput does not grow with concurrency at all"
            ),
            Doubt::NoDegreesOfFreedom => write!(
                to,
                "as many points as coefficients: the curve goes through them whatever they are, and nothing says how sure it is"
            ),
            Doubt::FewConcurrencies { distinct } => write!(
                to,
                "only {distinct} different concurrencies (fewer than {IDENTIFIED_DISTINCT_MIN})"
            ),
            Doubt::NoKnee => write!(
                to,
                "throughput never falls in the points: they show no knee, and κ is 0"
            ),
            Doubt::FewBeyondKnee { beyond, n_max } => {
                let points = if *beyond == 1 {
                    "concurrency"
                } else {
                    "concurrencies"
                };
                write!(
                    to,
                    "{beyond} {points} past the fitted knee at {n_max:.4} (fewer than {IDENTIFIED_BEYOND_MIN})"
                )
            }
            Doubt::KappaMayBeZero => write!(
                to,
                "the 95 % interval of κ reaches 0: the points do not rule out that throughput only levels off"
            ),
            Doubt::PeakIsExtrapolated { n_max, largest } => write!(
                to,
                "the fitted peak at {n_max:.4} is farther than {REACH} times the largest concurrency measured, {largest:.4}"
            ),
            Doubt::BelowOne { count } => write!(
                to,
                "{count} of the concurrencies are below 1, where contention and crosstalk mean nothing"
            ),
            Doubt::Idle { count } => write!(
                to,
                "{count} points of concurrency 0 are left out: every such law goes through them"
            ),
        }
    }
}
