//! What `capacity fit --json` prints.
//!
//! In: a fit. Out: one JSON document, whose first fields are promised (docs/headroom.md). A peak farther from
//! the points than a prediction may be stands under `extrapolated` only.

use serde::Serialize;

use super::asked::Predicted;
use super::{Fitted, LakeSource, Source};
use crate::capacity::law::{
    Doubt, FittedPoint, Interval, LawFit, LeaveOneOut, UnboundedFit, Weighting,
};

/// The document.
#[derive(Debug, Serialize)]
pub struct FitJson<'a> {
    lambda: f64,
    sigma: f64,
    kappa: f64,
    n_max: Option<f64>,
    x_max: Option<f64>,
    limit: Option<f64>,
    points: usize,
    residual_standard_error: Option<f64>,
    kappa_identified: bool,
    /// Where λN and λ/σ cross.
    n_opt: Option<f64>,
    degrees_of_freedom: usize,
    weighting: Weighting,
    standard_errors: Option<Coefficients<f64>>,
    /// If the bound is the truth.
    standard_errors_on_bound: Option<Coefficients<f64>>,
    on_bound: &'a [String],
    /// 95 %.
    intervals: Intervals,
    is_superlinear: bool,
    unbounded: Option<UnboundedFit>,
    leave_one_out: Option<LeaveOneOut>,
    distinct: usize,
    beyond_knee: usize,
    largest_concurrency: f64,
    /// A peak that lies farther than 1.5 times the largest concurrency.
    extrapolated: Option<Peak>,
    doubts: Vec<DoubtJson<'a>>,
    source: SourceJson<'a>,
    fitted: &'a [FittedPoint],
    predicted: &'a [Predicted],
}

#[derive(Debug, Serialize)]
struct Coefficients<T> {
    lambda: T,
    sigma: T,
    kappa: T,
}

/// Each `[low, high]`; `null` where the points show no end.
#[derive(Debug, Serialize)]
struct Intervals {
    level: f64,
    /// By standard errors and Student's t.
    wald: Option<Coefficients<[Option<f64>; 2]>>,
    /// By profile likelihood.
    kappa: Option<[Option<f64>; 2]>,
    n_max: Option<[Option<f64>; 2]>,
    /// Of the peak, or of the limit where κ is 0.
    x_max: Option<[Option<f64>; 2]>,
}

#[derive(Debug, Serialize)]
struct Peak {
    n_max: f64,
    x_max: Option<f64>,
}

#[derive(Debug, Serialize)]
struct DoubtJson<'a> {
    #[serde(flatten)]
    doubt: &'a Doubt,
    text: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
enum SourceJson<'a> {
    File { path: &'a str },
    Lake(&'a LakeSource),
    Search { search_id: &'a str },
}

impl<'a> FitJson<'a> {
    /// Of a fit.
    pub fn of(fitted: &'a Fitted) -> Self {
        let LawFit { law, intervals, .. } = &fitted.fit;
        let fit = &fitted.fit;
        let peak = law.peak_concurrency();
        let (n_max, extrapolated) = match peak {
            Some(n_max) if fit.is_extrapolated(n_max) => {
                let far = Peak {
                    n_max,
                    x_max: law.peak_throughput(),
                };
                (peak.filter(|_| fitted.may_extrapolate), Some(far))
            }
            Some(_) | None => (peak, None),
        };
        let coefficients = |of: Option<[f64; 3]>| {
            of.map(|[lambda, sigma, kappa]| Coefficients {
                lambda,
                sigma,
                kappa,
            })
        };
        let ends = |interval: Interval| [interval.low, interval.high];
        Self {
            lambda: law.lambda,
            sigma: law.sigma,
            kappa: law.kappa,
            n_max,
            x_max: n_max.and_then(|n_max| law.throughput(n_max)),
            limit: law.limit(),
            points: fit.fitted.len(),
            residual_standard_error: fit.residual_standard_error,
            kappa_identified: fit.kappa_identified,
            n_opt: law.optimal_concurrency(),
            degrees_of_freedom: fit.degrees_of_freedom,
            weighting: fit.weighting,
            standard_errors: coefficients(fit.standard_errors),
            standard_errors_on_bound: coefficients(fit.standard_errors_on_bound),
            on_bound: &fit.on_bound,
            intervals: Intervals {
                level: 0.95,
                wald: intervals.wald.map(|[lambda, sigma, kappa]| Coefficients {
                    lambda: ends(lambda),
                    sigma: ends(sigma),
                    kappa: ends(kappa),
                }),
                kappa: intervals.kappa.map(ends),
                n_max: intervals.n_max.map(ends),
                x_max: intervals.x_max.map(ends),
            },
            is_superlinear: fit
                .doubts
                .iter()
                .any(|doubt| matches!(doubt, Doubt::Superlinear { .. })),
            unbounded: fit.unbounded,
            leave_one_out: fit.leave_one_out,
            distinct: fit.distinct,
            beyond_knee: fit.beyond_knee,
            largest_concurrency: fit.largest(),
            extrapolated,
            doubts: fit
                .doubts
                .iter()
                .map(|doubt| DoubtJson {
                    doubt,
                    text: doubt.to_string(),
                })
                .collect(),
            source: match &fitted.source {
                Source::File(path) => SourceJson::File { path },
                Source::Lake(source) => SourceJson::Lake(source),
                Source::Search(search_id) => SourceJson::Search { search_id },
            },
            fitted: &fit.fitted,
            predicted: &fitted.predicted,
        }
    }
}
