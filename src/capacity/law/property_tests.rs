//! What holds for every law and any points.

use proptest::prelude::*;

use super::*;

fn laws() -> impl Strategy<Value = ScalabilityLaw> {
    let kappa = prop_oneof![Just(0.0), 1e-7..0.1_f64];
    (1e-3..1e6_f64, prop_oneof![Just(0.0), 1e-6..0.9_f64], kappa).prop_map(
        |(lambda, sigma, kappa)| ScalabilityLaw {
            lambda,
            sigma,
            kappa,
        },
    )
}

fn is_near(a: f64, b: f64, share: f64) -> bool {
    (a - b).abs() <= share * a.abs().max(b.abs())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_inverses_satisfy_littles_law_below_the_peak(law in laws(), share in 0.01..0.99_f64) {
        let farthest = law.peak_concurrency().unwrap_or(1e4);
        let n = farthest * share;
        let x = law.throughput(n).expect("n is above 0 and σ below 1");
        let r = law.response(n).expect("λ is above 0");
        prop_assert!(is_near(x * r, n, 1e-12), "N = X·R: {} {}", x * r, n);
        let back = law.concurrency_at_throughput(x).expect("x is below the peak");
        // Close to the peak the curve is flat, and N is known less well than X.
        prop_assert!(is_near(law.throughput(back).expect("as above"), x, 1e-9));
        prop_assert!(is_near(back, n, 1e-4), "{back} {n}");
        let r_of_x = law.response_at_throughput(x).expect("x is below the peak");
        prop_assert!(is_near(x * r_of_x, back, 1e-12));
        if law.sigma > law.kappa {
            let x_of_r = law.throughput_at_response(r).expect("r is above that of nobody else");
            let n_of_r = law.concurrency_at_response(r).expect("as above");
            prop_assert!(is_near(x_of_r * r, n_of_r, 1e-12));
            prop_assert!(is_near(x_of_r, x, 1e-4), "{x_of_r} {x}");
        }
    }

    #[test]
    fn nothing_is_above_the_peak(law in laws(), n in 0.01..1e5_f64) {
        let x = law.throughput(n).expect("σ is below 1 and κ at most 0.1");
        if let Some(highest) = law.highest_throughput() {
            prop_assert!(x <= highest * (1.0 + 1e-12), "{x} {highest}");
            prop_assert_eq!(law.concurrency_at_throughput(highest * 1.001), None);
        }
    }

    #[test]
    fn points_of_a_law_give_it_back_in_any_order_and_unit(
        lambda in 1e-3..1e6_f64,
        sigma in 0.005..0.5_f64,
        kappa in 1e-4..1e-2_f64,
        unit in prop_oneof![Just(1e-9), Just(1.0), Just(1e12)],
        seed in 0..1_000_u64,
    ) {
        let law = ScalabilityLaw { lambda: lambda * unit, sigma, kappa };
        let mut points: Vec<LoadPoint> = [1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 55.0, 89.0, 8.0]
            .map(|concurrency| LoadPoint {
                concurrency,
                throughput: law.throughput(concurrency).expect("n is above 0"),
            })
            .to_vec();
        let turn = usize::try_from(seed).expect("it is small") % points.len();
        points.rotate_left(turn);
        let points = LoadPoints::new(&points).expect("they are points");
        for weighting in [Weighting::Absolute, Weighting::Relative] {
            let own = fit_law(&points, weighting).expect("they have a fit").law;
            prop_assert!(is_near(own.lambda, law.lambda, 1e-5), "{own:?} {law:?}");
            prop_assert!(is_near(own.sigma, law.sigma, 1e-4), "{own:?} {law:?}");
            prop_assert!(is_near(own.kappa, law.kappa, 1e-4), "{own:?} {law:?}");
        }
    }

    #[test]
    fn no_other_coefficients_are_closer_to_the_points(
        noise in prop::collection::vec(-0.2..0.2_f64, 8),
        nudges in prop::collection::vec((-0.3..0.3_f64, -0.3..0.3_f64, -0.3..0.3_f64), 20),
        sigma in 0.0..0.3_f64,
        kappa in 0.0..0.01_f64,
    ) {
        let law = ScalabilityLaw { lambda: 30.0, sigma, kappa };
        let concurrencies = [1.0, 2.0, 4.0, 8.0, 16.0, 24.0, 32.0, 48.0];
        let points = concurrencies.iter().zip(&noise).map(|(n, noise)| LoadPoint {
            concurrency: *n,
            throughput: law.throughput(*n).expect("n is above 0") * (1.0 + noise),
        });
        let points = LoadPoints::new(&points.collect::<Vec<_>>()).expect("they are points");
        let own = fit_law(&points, Weighting::Absolute).expect("they have a fit").law;
        let sum = |law: &ScalabilityLaw| -> f64 {
            let errors = points.as_slice().iter().map(|point| {
                point.throughput - law.throughput(point.concurrency).expect("n is above 0")
            });
            errors.map(|error| error * error).sum()
        };
        for (a, b, c) in nudges {
            let other = ScalabilityLaw {
                lambda: own.lambda * (1.0 + a),
                sigma: (own.sigma + b * 0.1).clamp(0.0, 1.0),
                kappa: (own.kappa + c * 0.01).max(0.0),
            };
            prop_assert!(sum(&own) <= sum(&other) * (1.0 + 1e-9), "{own:?} {other:?}");
        }
    }
}
