//! Fits that were published, and what is known of made-up points.
//!
//! Sources: the vignette and tests of R's package `usl` 3.0.3 (S. Möding), after N. J. Gunther, *Guerrilla
//! Capacity Planning*, 2007.

use super::*;

pub const SPEC_SDM91: [(f64, f64); 7] = [
    (1.0, 64.9),
    (18.0, 995.9),
    (36.0, 1652.4),
    (72.0, 1853.2),
    (108.0, 1828.9),
    (144.0, 1775.0),
    (216.0, 1702.2),
];
pub const RAYTRACER: [(f64, f64); 11] = [
    (1.0, 20.0),
    (4.0, 78.0),
    (8.0, 130.0),
    (12.0, 170.0),
    (16.0, 190.0),
    (20.0, 200.0),
    (24.0, 210.0),
    (28.0, 230.0),
    (32.0, 260.0),
    (48.0, 280.0),
    (64.0, 310.0),
];

fn fitted(pairs: &[(f64, f64)], weighting: Weighting) -> LawFit {
    let points = pairs.iter().map(|(concurrency, throughput)| LoadPoint {
        concurrency: *concurrency,
        throughput: *throughput,
    });
    let points = LoadPoints::new(&points.collect::<Vec<_>>()).expect("they are points");
    fit_law(&points, weighting).expect("they have a fit")
}

#[track_caller]
fn assert_near(own: f64, published: f64, share: f64) {
    let error = (own - published).abs() / published.abs();
    assert!(error <= share, "{own} is not {published}: {error:e}");
}

#[test]
fn the_sparc_center_is_fitted_as_published() {
    let fit = fitted(&SPEC_SDM91, Weighting::Absolute);
    assert_near(fit.law.lambda, 89.995_238_4, 1e-6);
    assert_near(fit.law.sigma, 0.027_728_5, 2e-6);
    assert_near(fit.law.kappa, 0.000_104_4, 5e-4); // four published digits
    assert_near(
        fit.law.peak_concurrency().expect("it has one"),
        96.519_56,
        1e-6,
    );
    assert_near(fit.law.limit().expect("it has one"), 3245.589, 1e-6);
    assert_near(
        fit.law.optimal_concurrency().expect("it has one"),
        36.064_01,
        1e-6,
    );
    assert_near(fit.law.peak_throughput().expect("it has one"), 1884.0, 3e-4);
    let errors = fit.standard_errors.expect("4 degrees of freedom");
    assert_near(errors[0], 14.213_490_6, 1e-5);
    assert_near(errors[1], 0.009_121_7, 1e-5);
    assert_near(errors[2], 0.000_019_9, 5e-3);
    assert_near(fit.residual_standard_error.expect("4 degrees"), 82.8, 1e-3);
    assert_eq!(fit.degrees_of_freedom, 4);
    let published = [90.0, 1078.0, 1541.0, 1850.0, 1879.0, 1822.0, 1646.0];
    for (point, published) in fit.fitted.iter().zip(published) {
        assert!((point.predicted - published).abs() <= 0.51, "{point:?}");
    }
    assert!(fit.kappa_identified, "{:?}", fit.doubts);
    assert_eq!((fit.distinct, fit.beyond_knee), (7, 3));
    assert_eq!(fit.unbounded, None);
}

#[test]
fn the_ray_tracer_has_no_crosstalk_and_the_unbounded_fit_is_shown() {
    let fit = fitted(&RAYTRACER, Weighting::Absolute);
    assert_near(fit.law.lambda, 21.848_843, 1e-6);
    assert_near(fit.law.sigma, 0.057_771, 1e-5);
    assert_eq!(fit.law.kappa, 0.0);
    assert_near(fit.law.limit().expect("it has one"), 378.0, 1e-3);
    assert_near(fit.law.throughput(96.0).expect("κ is 0"), 323.3, 2e-4);
    assert_near(fit.law.throughput(128.0).expect("κ is 0"), 335.5, 2e-4);
    assert_eq!(
        (fit.law.peak_concurrency(), fit.degrees_of_freedom),
        (None, 8)
    );
    let errors = fit.standard_errors.expect("8 degrees of freedom");
    assert_near(errors[0], 2.196_165, 1e-4);
    assert_near(errors[1], 0.013_293, 1e-4);
    assert_near(fit.residual_standard_error.expect("8 degrees"), 9.34, 1e-3);
    let held = fit.standard_errors_on_bound.expect("κ is on its bound");
    assert_near(held[0], 1.257_782_86, 1e-4);
    assert_near(held[1], 0.005_258_01, 1e-4);
    assert_eq!(held[2], 0.0);
    let unbounded = fit.unbounded.expect("it would be negative");
    assert_near(unbounded.law.kappa, -0.000_201, 5e-3);
    assert!(!fit.kappa_identified);
    assert!(fit.doubts.contains(&Doubt::NoKnee), "{:?}", fit.doubts);
    assert!(
        matches!(&fit.doubts[0], Doubt::Superlinear { coefficient, .. } if coefficient == "kappa")
    );
    let n_max = fit.intervals.n_max.expect("8 degrees of freedom");
    assert!(
        n_max.high.is_none() && n_max.low.is_some_and(|low| low > 32.0),
        "{n_max:?}"
    );
}

#[test]
fn the_first_six_points_of_the_ray_tracer_show_no_knee_yet() {
    let fit = fitted(&RAYTRACER[..6], Weighting::Absolute);
    assert_near(fit.law.lambda, 20.856_05, 1e-5);
    assert_near(fit.law.sigma, 0.024_44, 5e-4);
    assert_near(fit.law.kappa, 0.001_63, 5e-3);
    assert!(!fit.kappa_identified, "{:?}", fit.doubts);
}

#[test]
fn made_up_points_give_back_their_law_and_intervals_of_no_width() {
    let points = [
        (1.0, 1.0),
        (2.0, 1.8868),
        (4.0, 3.0769),
        (6.0, 3.5294),
        (8.0, 3.5398),
        (10.0, 3.3557),
    ];
    let fit = fitted(&points, Weighting::Absolute);
    assert_near(fit.law.lambda, 1.0, 1e-4);
    assert_near(fit.law.sigma, 0.02, 1e-3);
    assert_near(fit.law.kappa, 0.02, 1e-3);
    assert_near(fit.law.peak_concurrency().expect("it has one"), 7.0, 1e-4);
    assert!(fit.kappa_identified, "{:?}", fit.doubts);
    let n_max = fit.intervals.n_max.expect("3 degrees of freedom");
    assert!(
        n_max.low.is_some_and(|low| low > 6.99) && n_max.high.is_some_and(|high| high < 7.01),
        "{n_max:?}"
    );
}

#[test]
fn a_smaller_kappa_moves_the_published_peak() {
    let law = ScalabilityLaw {
        kappa: 5e-5,
        ..fitted(&SPEC_SDM91, Weighting::Absolute).law
    };
    assert_near(law.peak_concurrency().expect("κ is above 0"), 139.4, 5e-4);
    assert_near(law.peak_throughput().expect("κ is above 0"), 2162.0, 5e-4);
    let law = ScalabilityLaw {
        lambda: 1.0,
        sigma: 0.001,
        kappa: 1e-5,
    };
    assert_near(
        law.peak_concurrency().expect("κ is above 0"),
        316.069_6,
        1e-6,
    );
}

#[test]
fn three_points_are_gone_through_and_say_nothing_of_their_error() {
    let law = ScalabilityLaw {
        lambda: 50.0,
        sigma: 0.05,
        kappa: 0.01,
    };
    let points = [1.0, 4.0, 16.0].map(|n| (n, law.throughput(n).expect("n is above 0")));
    let fit = fitted(&points, Weighting::Absolute);
    assert_near(fit.law.kappa, 0.01, 1e-5);
    assert_eq!(
        (fit.residual_standard_error, fit.standard_errors),
        (None, None)
    );
    assert!(
        fit.doubts.contains(&Doubt::NoDegreesOfFreedom),
        "{:?}",
        fit.doubts
    );
    assert!(!fit.kappa_identified && fit.leave_one_out.is_none());
}

#[test]
fn a_straight_line_is_linear_and_a_flat_one_is_serial() {
    let line = fitted(
        &[(1.0, 10.0), (2.0, 20.0), (4.0, 40.0), (8.0, 80.0)],
        Weighting::Absolute,
    );
    assert_near(line.law.lambda, 10.0, 1e-9);
    assert_eq!(
        (line.law.sigma, line.law.kappa, line.law.limit()),
        (0.0, 0.0, None)
    );
    let flat = fitted(
        &[(1.0, 10.0), (2.0, 10.0), (4.0, 10.0), (8.0, 10.0)],
        Weighting::Absolute,
    );
    assert_near(flat.law.sigma, 1.0, 1e-6);
    assert_near(flat.law.lambda, 10.0, 1e-6);
}

#[test]
fn better_than_linear_is_shown_and_not_silently_cut() {
    let points = [1.0_f64, 2.0, 4.0, 8.0, 16.0, 32.0].map(|n| (n, 10.0 * n.powf(1.2)));
    let fit = fitted(&points, Weighting::Relative);
    assert_eq!(fit.law.sigma, 0.0);
    let unbounded = fit.unbounded.expect("σ would be negative");
    assert!(
        unbounded.law.sigma < 0.0 && unbounded.is_beyond_noise,
        "{unbounded:?}"
    );
}

#[test]
fn the_noise_of_points_is_within_their_intervals_nineteen_times_of_twenty() {
    use rand::{RngExt, SeedableRng};
    let law = ScalabilityLaw {
        lambda: 100.0,
        sigma: 0.03,
        kappa: 0.0005,
    };
    let (n_max, x_max) = (law.peak_concurrency(), law.peak_throughput());
    let (n_max, x_max) = (n_max.expect("κ is above 0"), x_max.expect("κ is above 0"));
    let mut random = rand_pcg::Pcg64Mcg::seed_from_u64(7);
    let (mut with_n, mut with_x) = (0, 0);
    let inside = |interval: Option<Interval>, value: f64| {
        let interval = interval.expect("there are degrees of freedom");
        interval.low.is_none_or(|low| low <= value)
            && interval.high.is_none_or(|high| value <= high)
    };
    for _ in 0..200 {
        let points = [1.0, 4.0, 8.0, 16.0, 24.0, 32.0, 48.0, 64.0, 96.0].map(|n| {
            // Twelve draws from 0 to 1 have a variance of 1: nearly normal.
            let noise: f64 = (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
            (n, law.throughput(n).expect("n is above 0") + 20.0 * noise)
        });
        let fit = fitted(&points, Weighting::Absolute);
        with_n += i32::from(inside(fit.intervals.n_max, n_max));
        with_x += i32::from(inside(fit.intervals.x_max, x_max));
    }
    // 95 % of 200 are 190; 3 standard deviations of a binomial are 9.
    assert!(
        (181..=199).contains(&with_n) && (181..=199).contains(&with_x),
        "{with_n} {with_x}"
    );
}
