//! What engineers read of the example week.

use super::super::super::page::{
    AfterAnswerRow, AnnotationChange, AnnotationRow, ClusterRow, EngineerPart, FailureRow,
    FaucetRow, RetryPart, SuspectRow, Unit, WorstWindow,
};
use super::{CAMPAIGN, minute, repeat};

/// The part.
pub fn part() -> EngineerPart {
    EngineerPart {
        failures: failures(),
        clusters: vec![ClusterRow {
            method: "POST".into(),
            route: "/checkout".into(),
            status: "503".into(),
            from_us: minute(CAMPAIGN[0] + 1),
            to_us: minute(CAMPAIGN[1] + 2),
            shoppers: Some(1_204),
            requests: 2_561,
            channel: Some("partner:deal-hunter".into()),
            client: Some("app".into()),
        }],
        retries: Some(retries()),
        faucets: faucets(),
        suspects: vec![SuspectRow {
            method: "GET".into(),
            route: "/search".into(),
            parameter: Some("sort=price".into()),
            requests: 204_118,
            p95_us: Some(2_804_000),
            p95_elsewhere_us: Some(410_000),
            errors_share: Some(0.0112),
            errors_share_elsewhere: Some(0.00002),
        }],
        annotations: annotations(),
    }
}

fn failures() -> Vec<FailureRow> {
    let row = |route: &str, status: &str, requests, of_route, of_failures| FailureRow {
        method: if route == "/search" { "GET" } else { "POST" }.into(),
        route: route.into(),
        status: status.into(),
        requests,
        share_of_route: of_route,
        share_of_failures: of_failures,
        shoppers: (status == "503").then_some(1_204),
        are_shoppers_exact: true,
    };
    vec![
        row("/checkout", "503", 2_561, 0.0055, 0.35),
        row("/search", "504", 2_411, 0.0004, 0.329),
        row("/checkout", "no answer", 632, 0.0014, 0.086),
    ]
}

fn retries() -> RetryPart {
    let row = |answer: &str, answers, repeated_share, went_on_share| AfterAnswerRow {
        answer: answer.into(),
        answers,
        repeated_share,
        went_on_share,
        left_share: 1.0 - repeated_share - went_on_share,
        median_wait_s: (repeated_share > 0.1).then_some(4.2),
    };
    RetryPart {
        amplification: Some(1.04),
        worst: Some(WorstWindow {
            start_us: minute(CAMPAIGN[0] + 9),
            value: 2.7,
        }),
        after: vec![
            row("3xx", 1_204_110, 0.002, 0.97),
            row("4xx", 88_120, 0.12, 0.6),
            row("5xx", 7_326, 0.58, 0.08),
        ],
    }
}

fn faucets() -> Vec<FaucetRow> {
    let row = |name: &str, requests, share, peak, of_peak, orders, of_orders| FaucetRow {
        name: name.into(),
        requests,
        share,
        peak_rate_per_s: peak,
        peak_at_us: Some(minute(CAMPAIGN[0] + 9)),
        share_of_peak: Some(of_peak),
        orders: Some(orders),
        orders_share: Some(of_orders),
    };
    vec![
        row("direct", 17_920_549, 0.62, 118.0, 0.56, 352_611, 0.879),
        row(
            "partner:deal-hunter",
            8_960_275,
            0.31,
            98.4,
            0.41,
            24_872,
            0.062,
        ),
        row("", 2_023_288, 0.07, 11.2, 0.03, 23_683, 0.059),
    ]
}

fn annotations() -> Vec<AnnotationRow> {
    vec![
        AnnotationRow {
            at_us: minute(1_440 + 9 * 60),
            until_us: None,
            kind: "deploy".into(),
            label: "shop 4.12".into(),
            compared: "1 h before and after".into(),
            changes: vec![
                change(
                    "Checkouts answered without an error",
                    Unit::Share,
                    [0.9982, 0.9979],
                    false,
                ),
                change(
                    "Time to search, p95",
                    Unit::Microseconds,
                    [380e3, 612e3],
                    true,
                ),
            ],
        },
        AnnotationRow {
            at_us: minute(CAMPAIGN[0]),
            until_us: Some(minute(CAMPAIGN[1])),
            kind: "campaign".into(),
            label: "deal-hunter".into(),
            compared: "1 h before and during".into(),
            changes: vec![change(
                "Checkouts answered without an error",
                Unit::Share,
                [0.998, 0.671],
                true,
            )],
        },
    ]
}

fn change(sli: &str, unit: Unit, [before, after]: [f64; 2], is_beyond: bool) -> AnnotationChange {
    AnnotationChange {
        sli: sli.into(),
        unit,
        before: Some(before),
        after: Some(after),
        is_outside_noise: Some(is_beyond),
    }
}

/// Fills every table.
pub fn crowd(part: &mut EngineerPart, count: usize) {
    repeat(&mut part.failures, count);
    repeat(&mut part.clusters, count);
    repeat(&mut part.faucets, count);
    repeat(&mut part.suspects, count);
    repeat(&mut part.annotations, count);
    for annotation in &mut part.annotations {
        repeat(&mut annotation.changes, count);
    }
}
