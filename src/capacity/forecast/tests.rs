//! Forecasts that are counted by hand.

use super::*;
use crate::capacity::law::ScalabilityLaw;

fn plan(campaign: [f64; 2], lower: f64, upper: Option<f64>) -> ForecastPlan {
    ForecastPlan {
        demand: DemandPlan {
            last_peak_per_min: 220.0,
            curve: Vec::new(),
            growth: 1.15,
            campaign,
            peak_lasts_s: 3_600.0,
        },
        maximum: Maximum { lower, upper },
        instances: None,
        channels: Vec::new(),
        shedding: SheddingPlan::default(),
    }
}

fn is_near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

#[test]
fn the_peak_is_last_peak_times_growth_times_campaign() {
    let found = forecast(&plan([2.5, 3.5], 900.0, None));
    let peaks = [0, 1, 2].map(|at: usize| found.demand[at].peak_per_min);
    assert!(
        is_near(peaks[0], 632.5) && is_near(peaks[2], 885.5),
        "{peaks:?}"
    );
    assert!(
        is_near(peaks[1], 220.0 * 1.15 * 8.75_f64.sqrt()),
        "{peaks:?}"
    );
    assert_eq!(found.fit, Fit::Fits);
    assert!(is_near(found.headroom[0], 900.0 / 632.5 - 1.0));
    assert!(is_near(found.headroom[1], 900.0 / 885.5 - 1.0));
    assert!(found.demand.iter().all(|demand| demand.passes.is_none()));
    assert!(is_near(found.shedding[2].orders_shed, 0.0));
}

#[test]
fn what_fits_depends_on_both_ends_and_both_bounds() {
    let table = [
        ([2.5, 3.5], 885.5, None, Fit::Fits),
        ([2.5, 3.5], 885.4, None, Fit::Uncertain),
        ([2.5, 3.5], 632.4, None, Fit::DoesNotFit),
        ([2.5, 3.5], 600.0, Some(640.0), Fit::Uncertain),
        ([2.5, 3.5], 600.0, Some(632.0), Fit::DoesNotFit),
        ([3.0, 3.0], 700.0, Some(800.0), Fit::Uncertain),
    ];
    for (campaign, lower, upper, expected) in table {
        let found = forecast(&plan(campaign, lower, upper));
        assert_eq!(found.fit, expected, "{campaign:?} {lower} {upper:?}");
    }
}

#[test]
fn without_a_curve_the_peak_lasts_as_long_as_was_said() {
    let found = forecast(&plan([4.0, 4.0], 900.0, None));
    let passing = found.demand[2].passes.expect("1012 is more than 900");
    assert!(
        is_near(passing.above_s, 3_600.0) && is_near(passing.beyond, 112.0 * 60.0),
        "{passing:?}"
    );
    assert_eq!((passing.first_us, passing.last_us), (None, None));
    assert!(is_near(found.shedding[2].share, 112.0 / 1012.0));
}

#[test]
fn a_curve_says_when_the_limit_is_passed_and_how_much_is_beyond() {
    let hour_us = 3_600_000_000;
    let curve = [100.0, 220.0, 180.0, 210.0, 50.0];
    let curve = (0_i64..).zip(curve).map(|(hour, rate_per_min)| CurvePoint {
        start_us: hour * hour_us,
        length_s: 3_600.0,
        rate_per_min,
    });
    let mut plan = plan([2.0, 4.0], 900.0, None);
    plan.demand.growth = 1.0;
    plan.demand.curve = curve.collect();
    plan.shedding = SheddingPlan {
        contacts_per_order: Some([0.1, 0.2]),
        come_back_share: 0.25,
        order_value: Some(50.0),
        goodput_share_unshed: Some(0.5),
    };
    let found = forecast(&plan);
    assert_eq!(found.demand[0].passes, None);
    // 220 × 4 and 210 × 4 are below 900: with 5 they are not.
    assert_eq!(found.demand[2].passes, None);
    plan.demand.campaign = [2.0, 5.0];
    let found = forecast(&plan);
    let passing = found.demand[2]
        .passes
        .expect("1100 and 1050 are more than 900");
    assert_eq!(
        (passing.first_us, passing.last_us),
        (Some(hour_us), Some(4 * hour_us))
    );
    // 180 × 5 = 900 is not above it.
    assert!(is_near(passing.above_s, 7_200.0), "{passing:?}");
    assert!(
        is_near(passing.beyond, 60.0 * (200.0 + 150.0)),
        "{passing:?}"
    );
    let price = found.shedding[2];
    assert!(
        is_near(price.orders_shed, 21_000.0) && is_near(price.orders_lost, 15_750.0),
        "{price:?}"
    );
    let [low, high] = price.contacts.expect("contacts per order are known");
    assert!(is_near(low, 2_100.0) && is_near(high, 4_200.0));
    assert!(is_near(
        price.value_lost.expect("a value is known"),
        787_500.0
    ));
    // 129,000 come, 108,000 are carried; of those only half if nothing is shed.
    assert!(is_near(
        price.orders_lost_unshed.expect("it was measured"),
        75_000.0
    ));
}

#[test]
fn instances_go_with_the_peak_or_with_a_law() {
    let table = [
        // 112.5 per instance: 885.5 takes 7.87, 632.5 takes 5.6.
        (8, 0.0, None, 885.5, Some(8)),
        (8, 0.0, None, 900.0, Some(8)),
        (8, 0.0, None, 900.1, Some(9)),
        (8, 0.25, None, 900.0, Some(11)),
        (8, 0.0, None, 0.5, Some(1)),
        // Ten instances carry 900; the law bends.
        (
            10,
            0.0,
            Some(ScalabilityLaw {
                lambda: 1.0,
                sigma: 0.1,
                kappa: 0.0,
            }),
            1_200.0,
            Some(22),
        ),
        // Its limit is 10, twice what 10 instances do: never more than 1,710.
        (
            10,
            0.0,
            Some(ScalabilityLaw {
                lambda: 1.0,
                sigma: 0.1,
                kappa: 0.0,
            }),
            1_800.0,
            None,
        ),
    ];
    for (measured, reserve, scaling, peak, expected) in table {
        let plan = InstancesPlan {
            measured,
            reserve,
            scaling,
        };
        let found = plan.needed(peak, 900.0);
        assert_eq!(found.needed, expected, "{plan:?} {peak}");
        assert_eq!(found.is_proportional, scaling.is_none());
        assert!(is_near(
            found.per_instance_per_min,
            900.0 / f64::from(measured)
        ));
    }
}

#[test]
fn the_fewest_and_smallest_channels_that_are_enough_are_named() {
    let channel = |name: &str, share: f64, can_be_turned_off: bool| ChannelShare {
        name: name.to_owned(),
        orders: 1,
        share,
        can_be_turned_off,
    };
    let channels = [
        channel("", 0.4, false),
        channel("utm:google/cpc", 0.3, true),
        channel("utm:newsletter", 0.2, true),
        channel("utm:affiliate", 0.1, true),
    ];
    // Peak per minute against a limit of 900, and what must go.
    let table: [(f64, &[&str]); 6] = [
        (900.0, &[]),
        (950.0, &["utm:affiliate"]),
        (1_050.0, &["utm:newsletter"]),
        (1_200.0, &["utm:google/cpc"]),
        (1_400.0, &["utm:google/cpc", "utm:affiliate"]),
        (5_000.0, &[]),
    ];
    for (peak, expected) in table {
        let mut plan = plan([1.0, 1.0], 900.0, None);
        plan.demand.growth = 1.0;
        plan.demand.last_peak_per_min = peak;
        plan.channels = channels.to_vec();
        let found = forecast(&plan);
        assert_eq!(found.channels_to_turn_off, expected, "{peak}");
        for (off, own) in found.channels.iter().zip(&channels) {
            assert!(is_near(off.left_per_min[1], peak * (1.0 - own.share)));
            assert_eq!(off.is_enough, off.left_per_min[1] <= 900.0);
        }
    }
}
