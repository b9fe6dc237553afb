//! What analysts read of the example week.

use super::super::super::page::{
    AnalystPart, BadSide, Breakdown, BreakdownCell, BreakdownColumn, BreakdownRow, BurnAlertRow,
    DataCounts, ObjectiveRow, SliDetail, SliRow, State, Unit, UptimeCurve, UptimePoint,
    WorstWindow,
};
use super::super::rehearsal_slis::level;
use super::{CAMPAIGN, MINUTES, minute, repeat};

/// Three SLIs, worst first.
pub fn slis() -> Vec<SliRow> {
    let contact = |bad, limit| level("contact", bad, limit, 300.0, None, 0.0);
    let mut crossed = contact(BadSide::Below, 0.95);
    crossed.first_crossed_us = Some(minute(CAMPAIGN[0] + 1));
    crossed.crossed_s = 2_460.0;
    vec![
        SliRow {
            name: "checkout-answered".into(),
            title: "Checkouts answered without an error".into(),
            kind: "ratio".into(),
            own_window_s: None,
            own_time_zone: None,
            unit: Unit::Share,
            value: Some(0.993_14),
            worst: Some(WorstWindow {
                start_us: minute(CAMPAIGN[0] + 9),
                value: 0.662,
            }),
            state: State::Missed,
            levels: vec![crossed],
            interval: Some([0.992_91, 0.993_38]),
            count: 466_101,
            detail: Some(checkout_detail()),
        },
        SliRow {
            name: "refund-p95".into(),
            title: "Time to refund".into(),
            kind: "latency".into(),
            own_window_s: None,
            own_time_zone: None,
            unit: Unit::Microseconds,
            value: None,
            worst: None,
            state: State::NotEnoughData,
            levels: vec![contact(BadSide::Above, 2e6)],
            interval: None,
            count: 12,
            detail: Some(detail(None, Vec::new())),
        },
        SliRow {
            name: "browse-fast".into(),
            title: "Product pages within 500 ms".into(),
            kind: "latency_cut".into(),
            own_window_s: None,
            own_time_zone: None,
            unit: Unit::Share,
            value: Some(0.999_702),
            worst: None,
            state: State::Met,
            levels: vec![contact(BadSide::Below, 0.97)],
            interval: Some([0.999_694, 0.999_71]),
            count: 17_420_118,
            detail: Some(detail(
                Some(17_414_927),
                vec![objective(0.99, 0.9997, 0.0298)],
            )),
        },
    ]
}

fn checkout_detail() -> SliDetail {
    let mut missed = objective(0.995, 0.993_14, 1.37);
    missed.state = State::Missed;
    missed.burn_alerts = vec![
        BurnAlertRow {
            rule: "page".into(),
            from_us: minute(CAMPAIGN[0] + 3),
            to_us: Some(minute(CAMPAIGN[1] + 22)),
            burn_rate: 66.2,
            told: vec!["on-call".into()],
        },
        BurnAlertRow {
            rule: "ticket".into(),
            from_us: minute(CAMPAIGN[0] + 40),
            to_us: None,
            burn_rate: 2.1,
            told: Vec::new(),
        },
    ];
    SliDetail {
        value_with_excluded: Some(0.992_8),
        data: DataCounts {
            excluded: 4_112,
            excluded_s: 14_400.0,
            provisional_windows: 0,
            missing_windows: 32,
            windows: u64::from(MINUTES),
        },
        ..detail(Some(462_908), vec![missed])
    }
}

fn detail(good: Option<u64>, objectives: Vec<ObjectiveRow>) -> SliDetail {
    SliDetail {
        definition_sha256: "9f2c41d07e5508bb6c1a9be02d8b3f0f3b1d0b1f6a4f1c1c2fa0f0c9d1f7a3e2"
            .into(),
        good,
        objectives,
        data: DataCounts {
            windows: u64::from(MINUTES),
            missing_windows: 32,
            ..DataCounts::default()
        },
        value_with_excluded: None,
    }
}

fn objective(target: f64, value: f64, budget_used: f64) -> ObjectiveRow {
    ObjectiveRow {
        target,
        over: "week 2026-W47".into(),
        state: State::Met,
        value: Some(value),
        budget_used: Some(budget_used),
        budget_projected: Some(budget_used),
        burn_alerts: Vec::new(),
    }
}

/// The part.
pub fn part() -> AnalystPart {
    AnalystPart {
        breakdowns: vec![
            breakdown(
                "channel",
                &[("direct", 0.62), ("partner:deal-hunter", 0.31), ("", 0.07)],
            ),
            breakdown("client class", &[("browser", 0.7), ("app", 0.3)]),
        ],
        uptime_curves: vec![uptime()],
    }
}

fn breakdown(by: &str, parts: &[(&str, f64)]) -> Breakdown {
    let row = |&(name, share): &(&str, f64)| BreakdownRow {
        name: name.into(),
        requests: (share * 28_904_112.0) as u64,
        share,
        errors_share: Some(0.001 / share),
        p95_us: Some((90_000.0 / share) as u64),
        slis: vec![BreakdownCell {
            value: Some(1.0 - 0.01 / share),
            interval: Some([1.0 - 0.0105 / share, 1.0 - 0.0095 / share]),
        }],
    };
    Breakdown {
        by: by.into(),
        slis: vec![BreakdownColumn {
            title: "Checkouts answered without an error".into(),
            unit: Unit::Share,
        }],
        rows: parts.iter().map(row).collect(),
    }
}

fn uptime() -> UptimeCurve {
    let points = [
        (1, 0.612),
        (5, 0.668),
        (15, 0.701),
        (60, 0.931),
        (360, 0.982),
        (1_440, 0.9931),
        (10_080, 0.9989),
    ];
    UptimeCurve {
        title: "Shoppers could use the shop".into(),
        points: points
            .map(|(minutes, uptime)| UptimePoint {
                length_us: i64::from(minutes) * 60_000_000,
                uptime,
                start_us: Some(minute(CAMPAIGN[0])),
            })
            .into(),
        message: "Over the week shoppers could use the shop 99.89 % of their time; in the worst hour 93.1 %."
            .into(),
    }
}

/// Fills every table: four splits with seven SLIs each.
pub fn crowd(part: &mut AnalystPart, count: usize) {
    repeat(&mut part.breakdowns, 4);
    for breakdown in &mut part.breakdowns {
        repeat(&mut breakdown.slis, 7);
        repeat(&mut breakdown.rows, count);
        for row in &mut breakdown.rows {
            repeat(&mut row.slis, 7);
        }
    }
}
