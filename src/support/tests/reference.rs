//! The library and our inner loop against values of others.
//!
//! Counts and isotonic regression were computed with statsmodels 0.15.0 (`GLM(family=Poisson,
//! offset)`, `NegativeBinomial(loglike_method="nb2")`, `GLM(family=NegativeBinomial(alpha=0.1))`) and
//! scikit-learn 1 (`IsotonicRegression`) on the numbers below.

use crate::support::design::Design;
use crate::support::hinge::Profile;
use crate::support::quiet::{CountFit, Counts, FitError};
use crate::support::regression::{isotonic, oracle, solve, variance_inflation};

const ROWS: usize = 40;

/// Counts, two terms row by row, log of the exposure.
fn rows() -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let count = |k: usize| {
        (3 + (k * k * 7) % 11 + (k % 5) * 2 + usize::from(k.is_multiple_of(3)) * 4) as f64
    };
    let terms = |k: usize| [(k as f64 * 0.7).sin(), ((k * 13) % 7) as f64 / 7.0];
    let exposure = |k: usize| (50 + (k * 37) % 101) as f64;
    (
        (0..ROWS).map(count).collect(),
        (0..ROWS).flat_map(terms).collect(),
        (0..ROWS).map(|k| exposure(k).ln()).collect(),
    )
}

#[track_caller]
fn assert_close(found: &[f64], expected: &[f64], error: f64) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() < error,
            "{found} is not {expected}"
        );
    }
}

fn counts<'a>((counts, terms, log_offset): &'a (Vec<f64>, Vec<f64>, Vec<f64>)) -> Counts<'a> {
    Counts {
        counts,
        terms,
        width: 2,
        log_offset,
    }
}

#[track_caller]
fn assert_fit(fit: &CountFit, intercept: f64, coefficients: &[f64], error: f64) {
    assert_close(&[fit.intercept], &[intercept], error);
    assert_close(&fit.coefficients, coefficients, error);
}

#[test]
fn a_poisson_fit_with_offset_is_that_of_statsmodels() {
    let rows = rows();
    let expected = [0.013_325_360_800_860_563, -0.121_699_011_885_189_06];
    let fit = counts(&rows).with_theta(None, None).unwrap();
    assert_fit(&fit, -1.881_971_815_763_246_3, &expected, 1e-7);
    let (intercept, coefficients) = oracle::poisson(counts(&rows));
    assert_fit(&fit, intercept, &coefficients, 1e-6);
}

#[test]
fn a_negative_binomial_fit_with_offset_is_that_of_statsmodels() {
    let rows = rows();
    let fit = counts(&rows).fit().unwrap();
    let expected = [0.008_416_019_081_229_248, -0.142_625_641_366_410_84];
    assert_fit(&fit, -1.826_811_757_477_692, &expected, 1e-4);
    assert_close(&[fit.theta.unwrap()], &[9.498_823_616_707_636], 1e-2);
    let (intercept, coefficients, theta) = oracle::negative_binomial(counts(&rows), None);
    assert_fit(&fit, intercept, &coefficients, 1e-4);
    assert_close(&[fit.theta.unwrap()], &[theta], 1e-2);
}

#[test]
fn a_negative_binomial_fit_with_its_dispersion_given_is_that_of_statsmodels() {
    let rows = rows();
    let fit = counts(&rows).with_theta(Some(10.0), None).unwrap();
    let expected = [0.008_542_170_545_131_542, -0.142_270_165_825_089_9];
    assert_fit(&fit, -1.827_944_912_059_351_6, &expected, 1e-6);
    let (intercept, coefficients, _) = oracle::negative_binomial(counts(&rows), Some(10.0));
    assert_fit(&fit, intercept, &coefficients, 1e-5);
}

#[test]
fn steps_that_never_fall_are_those_of_scikit_learn() {
    let y = [1.0, 3.0, 2.0, 4.0, 3.5, 5.0, 4.0, 4.5, 8.0, 7.0];
    let weights = [1.0, 2.0, 1.0, 1.0, 3.0, 1.0, 2.0, 1.0, 1.0, 1.0];
    let x: Vec<f64> = (0..10).map(f64::from).collect();
    let expected = [
        1.0,
        2.666_666_666_7,
        2.666_666_666_7,
        3.625,
        3.625,
        4.333_333_333_3,
        4.333_333_333_3,
        4.5,
        7.5,
        7.5,
    ];
    assert_close(&isotonic(&x, &y, &weights).unwrap(), &expected, 1e-9);
}

#[test]
fn counts_of_zero_alone_have_a_name() {
    let (_, terms, offset) = rows();
    let none = (vec![0.0; ROWS], terms, offset);
    assert_eq!(counts(&none).fit(), Err(FitError::NoCounts));
    let few = (vec![1.0; 3], vec![0.0; 6], vec![0.0; 3]);
    assert_eq!(counts(&few).fit(), Err(FitError::TooFewRows(3)));
}

#[test]
fn counts_no_more_scattered_than_poisson_have_no_dispersion() {
    let (_, terms, _) = rows();
    let even = (
        (0..ROWS).map(|k| 5.0 + (k % 2) as f64).collect(),
        terms,
        vec![0.0; ROWS],
    );
    let fit = counts(&even).fit().unwrap();
    assert_eq!(fit.theta, None);
    assert!(fit.intercept.is_finite());
}

#[test]
fn a_term_that_never_changes_has_no_effect() {
    let mut rows = rows();
    for row in 0..ROWS {
        rows.1[2 * row + 1] = 0.0;
    }
    let fit = counts(&rows).fit().unwrap();
    assert_eq!(fit.coefficients[1], 0.0);
}

#[test]
fn hours_without_any_contact_do_not_end_in_infinity() {
    // The first term is on in rows that have no contact at all.
    let (mut y, mut terms, offset) = rows();
    for row in 0..ROWS {
        let is_night = row % 4 == 0;
        terms[2 * row] = f64::from(u8::from(is_night));
        if is_night {
            y[row] = 0.0;
        }
    }
    let fit = counts(&(y, terms, offset)).fit().unwrap();
    assert!(fit.coefficients[0] < -3.0 && fit.coefficients[0].is_finite());
}

#[test]
fn a_system_is_solved_and_a_singular_one_is_not() {
    assert_close(
        &solve(&[4.0, 2.0, 0.0, 3.0], &[2.0, 5.0]).unwrap(),
        &[-0.5, 2.0],
        1e-12,
    );
    assert_eq!(solve(&[1.0, 1.0, 0.0, 1.0], &[1.0, 2.0]), None);
}

#[test]
fn inflation_of_variance_is_that_of_r_squared() {
    // With a correlation of r, two columns have 1 / (1 − r²) each.
    let x: Vec<f64> = (0..100).map(|n| f64::from(n * 17 % 23)).collect();
    let y: Vec<f64> = x
        .iter()
        .enumerate()
        .map(|(n, x)| x + f64::from(n as u32 * 7 % 13))
        .collect();
    let mean = |of: &[f64]| of.iter().sum::<f64>() / 100.0;
    let (mx, my) = (mean(&x), mean(&y));
    let sum = |one: &[f64], m: f64, other: &[f64], n: f64| {
        one.iter()
            .zip(other)
            .map(|(one, other)| (one - m) * (other - n))
            .sum::<f64>()
    };
    let r2 = sum(&x, mx, &y, my).powi(2) / (sum(&x, mx, &x, mx) * sum(&y, my, &y, my));
    let expected = 1.0 / (1.0 - r2);
    assert_close(&variance_inflation(&[x, y]), &[expected, expected], 1e-6);
}

/// Rows with one node at 0, so that the mean is `scale · quiet · (1 + slope · beyond)`.
fn hinge_rows(theta: f64) -> (Design, Vec<f64>) {
    let beyond: Vec<f64> = (0..ROWS)
        .map(|k| {
            if k % 4 == 0 {
                (k % 7) as f64 / 10.0
            } else {
                0.0
            }
        })
        .collect();
    let quiet: Vec<f64> = (0..ROWS).map(|k| 4.0 + (k % 3) as f64).collect();
    let y = (0..ROWS)
        .map(|k| {
            let mean = 1.2 * quiet[k] * (1.0 + 3.0 * beyond[k]);
            (mean + ((k * 29 % 7) as f64 - 3.0) * (mean + mean * mean / theta).sqrt() / 3.0)
                .round()
                .max(0.0)
        })
        .collect();
    let design = Design {
        y,
        exposure: vec![1.0; ROWS],
        width: 0,
        day: vec![0; ROWS],
        window: (0..ROWS).collect(),
        nodes: vec![0.0, 1.0, 2.0],
        beyond: vec![beyond.clone(), vec![0.0; ROWS], vec![0.0; ROWS]],
        harm: beyond,
        background: vec![0.0; ROWS],
        terms: Vec::new(),
    };
    (design, quiet)
}

#[test]
fn the_inner_loop_finds_what_the_library_finds() {
    // Where harm is only 0 or h, a log-linear model with an indicator is the same model:
    // slope = (exp(coefficient) − 1) / h.
    let theta = 15.0;
    let (mut design, quiet) = hinge_rows(theta);
    for beyond in &mut design.beyond[0] {
        *beyond = if *beyond > 0.0 { 0.4 } else { 0.0 };
    }
    let indicator: Vec<f64> = design.beyond[0]
        .iter()
        .map(|beyond| f64::from(u8::from(*beyond > 0.0)))
        .collect();
    let offset: Vec<f64> = quiet.iter().map(|quiet| quiet.ln()).collect();
    let of = Counts {
        counts: &design.y,
        terms: &indicator,
        width: 1,
        log_offset: &offset,
    };
    let (intercept, coefficients, _) = oracle::negative_binomial(of, Some(theta));
    let own = Profile::new(&design, &quiet, Some(theta)).at(0.0, None);
    let slope = coefficients[0].exp_m1() / 0.4;
    assert!(
        (own.slope / slope - 1.0).abs() < 1e-4,
        "{} is not {slope}",
        own.slope
    );
    assert!((own.log_scale - intercept).abs() < 1e-4);
}

#[test]
fn the_inner_loop_is_at_the_top_of_a_grid() {
    let (design, quiet) = hinge_rows(10.0);
    let profile = Profile::new(&design, &quiet, Some(10.0));
    let own = profile.at(0.0, None);
    let likelihood = |log_scale: f64, slope: f64| -> f64 {
        (0..ROWS)
            .map(|row| {
                let mean = log_scale.exp() * quiet[row] * (1.0 + slope * design.beyond[0][row]);
                design.y[row] * mean.ln() - (design.y[row] + 10.0) * (10.0 + mean).ln()
            })
            .sum()
    };
    let top = likelihood(own.log_scale, own.slope);
    for scale in -20..=20 {
        for slope in 0..=80 {
            let there = likelihood(f64::from(scale) / 20.0, f64::from(slope) / 10.0);
            assert!(there <= top + 1e-6, "{scale} {slope}");
        }
    }
}
