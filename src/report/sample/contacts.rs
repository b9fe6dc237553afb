//! Support contacts of the example pages, and an example calibration: eight weeks of a shop.
//!
//! All values come from closed formulas, so that the page is the same on every run.

use super::super::page::{
    BadSide, CalibratedLevel, CalibratedSli, CalibrationGroup, CalibrationOutcome, CalibrationPage,
    Chart, ContactFigure, ContactPart, ContactSliRow, ControlRow, DeskPart, DeskRow, DoseBin,
    DosePoint, DoseResponse, Fact, LagKernel, LagPoint, MethodNote, RefusalRow, Scale, Series,
    SeriesStyle, State, Timeline, Unit,
};
use super::{SECOND_US, START_US};

const QUARTER_US: i64 = 900_000_000;
const QUARTERS: u32 = 11 * 96;
const QUIET: f64 = 4.2;
const ONSET: f64 = 0.011;
const LEVEL: f64 = 0.016;

/// What the example rehearsal would have cost.
pub fn predicted() -> ContactPart {
    ContactPart {
        sentence: "This surge would have cost about 1 240 support contacts (900 to 1 700), beside \
                   the 21 that 5 100 sessions bring anyway."
            .into(),
        predicted: Some(ContactFigure {
            value: 1_240.0,
            interval: Some([900.0, 1_700.0]),
        }),
        quiet: Some(21.4),
        sessions: Some(5_100.0),
        by_sli: vec![ContactSliRow {
            title: "Checkouts answered well".into(),
            predicted: Some(ContactFigure {
                value: 1_240.0,
                interval: Some([900.0, 1_700.0]),
            }),
            unit: Unit::Share,
            worst: Some(0.31),
            level: Some(1.0 - LEVEL),
            bad: BadSide::Below,
            remark: Some(
                "Its worst window was beyond all that was observed with customers (67 %), and \
                 counts as that."
                    .into(),
            ),
        }],
        assumptions: vec![
            "Customers behave as in the weeks learned, 2026-09-01 to 2026-10-27.".into(),
            "Each simulated shopper stands for one session.".into(),
        ],
    }
}

/// Three problems; of the third nobody knows who called.
pub fn desk() -> DeskPart {
    let at = |second: i64| START_US + second * SECOND_US;
    let row = |number, status: &str, shoppers, called: Option<u64>| DeskRow {
        number,
        method: "POST".into(),
        route: "/checkout".into(),
        status: status.into(),
        from_us: at(60 * i64::try_from(number).unwrap_or(0)),
        to_us: at(2_400),
        shoppers,
        requests: shoppers * 2,
        called,
        not_called: called.map(|called| shoppers - called),
    };
    DeskPart {
        sentence: "1 204 customers met 503 on POST /checkout; 212 of them have called, 992 have \
                   not yet."
            .into(),
        rows: vec![
            row(1, "503", 1_204, Some(212)),
            row(2, "no answer", 402, Some(31)),
            row(3, "slow", 77, None),
        ],
        left_out: 4,
        remarks: vec!["118 of 361 tickets name no session that is in the log.".into()],
    }
}

/// The example calibration.
pub fn calibration() -> CalibrationPage {
    CalibrationPage {
        title: "When customers call: shop".into(),
        outcome: CalibrationOutcome::Firm,
        sentence:
            "When more than 1.6 of 100 checkouts are not answered well, customers call twice \
                   as often as on a quiet day. The level lies between 1.3 and 2.0 of 100 (90 %). \
                   It was learned from 4,211 contacts and 17 episodes in eight weeks."
                .into(),
        facts: vec![
            fact("Weeks", "2026-09-01 to 2026-10-27, Europe/Berlin"),
            fact("Net contacts", "4,211"),
            fact("Sessions", "1,003,112"),
            fact("Windows", "5,376 of 15 min"),
            fact("Holds until", "2027-01-26"),
            fact("Seed", "1, 1,000 resamples"),
        ],
        refusals: vec![RefusalRow {
            what: "Any response, p99".into(),
            reason: "no effect can be told from chance (q = 0.41)".into(),
            cure: "more weeks, or an SLI that customers feel".into(),
        }],
        slis: vec![checkouts(), response(), pages()],
        groups: vec![CalibrationGroup {
            titles: vec![
                "Checkouts answered well".into(),
                "Checkouts within 3 s".into(),
            ],
            proxy: "Checkouts answered well".into(),
            reason: "Spearman 0.94.".into(),
        }],
        controls: vec![
            control(
                "The SLI of six hours later",
                State::Met,
                "likelihood ratio 1.2, limit 6.6",
            ),
            control(
                "The SLI of other weeks",
                State::Met,
                "likelihood ratio 0.8, limit 6.6",
            ),
            control(
                "A journey that has nothing to do with it",
                State::Missed,
                "7.1, limit 6.6",
            ),
        ],
        held_out: vec![
            fact("Precision", "81 %"),
            fact("Recall", "74 %"),
            fact("False alarms", "0.6 per week"),
            fact("Before the phones rang", "18 min (median)"),
            fact("Deviance skill", "22 %"),
            fact("Inside of the 90 % interval", "88 % of windows"),
        ],
        timeline: timeline(),
        tickets: vec![fact("Rows", "5,102"), fact("Without a time", "3")],
        unknowns: vec!["Calls to the shops in town are in no export.".into()],
        method: vec![MethodNote {
            title: "Command to repeat it".into(),
            text: "firedrill calibrate --tickets tickets.csv".into(),
            verbatim: true,
        }],
    }
}

/// A calibration that found nothing.
pub fn refused() -> CalibrationPage {
    CalibrationPage {
        outcome: CalibrationOutcome::Refused,
        sentence: "No level can be given yet: there were 4 episodes, and it takes 6.".into(),
        slis: vec![pages()],
        groups: Vec::new(),
        controls: Vec::new(),
        held_out: Vec::new(),
        timeline: Timeline {
            starts_us: Vec::new(),
            charts: Vec::new(),
            ..timeline()
        },
        ..calibration()
    }
}

fn checkouts() -> CalibratedSli {
    let levels = [
        ("warn", "lower bound of the level", 0.987, None),
        (
            "contact",
            "contacts at twice the quiet rate",
            1.0 - LEVEL,
            Some([0.98, 0.987]),
        ),
        (
            "peak",
            "the desk is full at 180,000 sessions an hour",
            0.989,
            Some([0.984, 0.992]),
        ),
    ];
    CalibratedSli {
        name: "checkout_success".into(),
        title: "Checkouts answered well".into(),
        unit: Unit::Share,
        bad: BadSide::Below,
        outcome: CalibrationOutcome::Firm,
        sentence: "Below 98.4 % contacts come at twice the quiet rate.".into(),
        levels: levels
            .map(|(level, rule, value, interval)| CalibratedLevel {
                level: level.into(),
                rule: rule.into(),
                value: Some(value),
                interval,
            })
            .into(),
        dose: Some(dose()),
        lag: Some(lag()),
        evidence: vec![
            fact("Shape", "hinge"),
            fact("Episodes", "17"),
            fact("q-value", "0.003"),
        ],
    }
}

/// An SLI of which higher values are worse.
fn response() -> CalibratedSli {
    let mirrored = dose();
    let value = |share: f64| (1.0 - share) * 6e7 + 8e5;
    let dose = DoseResponse {
        curve: mirrored
            .curve
            .iter()
            .map(|point| DosePoint {
                value: value(point.value),
                ..*point
            })
            .collect(),
        bins: mirrored
            .bins
            .iter()
            .map(|bin| DoseBin {
                value: value(bin.value),
                ..*bin
            })
            .collect(),
        level: Some(value(1.0 - LEVEL)),
        level_interval: Some([value(0.987), value(0.98)]),
        ..mirrored
    };
    CalibratedSli {
        name: "checkout_p95".into(),
        title: "Checkout response, p95".into(),
        unit: Unit::Microseconds,
        bad: BadSide::Above,
        outcome: CalibrationOutcome::Provisional,
        dose: Some(dose),
        lag: None,
        levels: vec![CalibratedLevel {
            level: "contact".into(),
            rule: "contacts at twice the quiet rate".into(),
            value: Some(value(1.0 - LEVEL)),
            interval: None,
        }],
        ..checkouts()
    }
}

/// An SLI without an effect.
fn pages() -> CalibratedSli {
    CalibratedSli {
        name: "page_p99".into(),
        title: "Any response, p99".into(),
        unit: Unit::Microseconds,
        bad: BadSide::Above,
        outcome: CalibrationOutcome::Refused,
        sentence: "No effect can be told from chance.".into(),
        levels: Vec::new(),
        dose: None,
        lag: None,
        evidence: vec![fact("q-value", "0.41")],
    }
}

fn dose() -> DoseResponse {
    let rate = |failed: f64| QUIET * (1.0 + ((failed - ONSET).max(0.0)) / (LEVEL - ONSET));
    let curve = (0..=40).map(|step| {
        let failed = f64::from(step) * 0.001;
        let spread = 0.4 + failed * 300.0;
        DosePoint {
            value: 1.0 - failed,
            rate: rate(failed),
            band: Some([(rate(failed) - spread).max(0.0), rate(failed) + spread]),
        }
    });
    let bins = (0_u32..12).map(|step| {
        let failed = f64::from(step * step) * 0.0003;
        let sway = if step % 2 == 0 { 0.9 } else { 1.12 };
        DoseBin {
            value: 1.0 - failed,
            rate: rate(failed) * sway,
            interval: Some([rate(failed) * sway * 0.8, rate(failed) * sway * 1.25]),
            windows: u64::from(900 - step * 74),
            contacts: u64::from(800 - step * 60),
        }
    });
    DoseResponse {
        message:
            "Flat up to 1.1 % failed checkouts, then 4.2 contacts more per 1,000 sessions for \
                  every 0.5 % more."
                .into(),
        curve: curve.collect(),
        bins: bins.collect(),
        quiet_rate: QUIET,
        level: Some(1.0 - LEVEL),
        level_interval: Some([0.98, 0.987]),
    }
}

fn lag() -> LagKernel {
    let weights: Vec<f64> = (0..24).map(|step| (-f64::from(step) / 2.8).exp()).collect();
    let sum: f64 = weights.iter().sum();
    let points = (0_u32..).zip(&weights).map(|(step, weight)| LagPoint {
        after_min: f64::from(step) * 15.0,
        share: weight / sum,
    });
    LagKernel {
        message: "Half of the contacts come within half an hour, the mean is 42 min.".into(),
        points: points.collect(),
        mean_min: 42.0,
        mean_interval_min: Some([35.0, 51.0]),
    }
}

fn timeline() -> Timeline {
    let day = |index: u32| f64::from(index % 96) / 96.0 * std::f64::consts::TAU;
    let quiet = |index: u32| 3.0 - 2.0 * day(index).cos();
    let surge = |index: u32| match index % 311 {
        at @ 40..60 => 14.0 * (-(f64::from(at) - 46.0).abs() / 5.0).exp(),
        _ => 0.0,
    };
    let series = |name: &str, style, of: &dyn Fn(u32) -> f64| Series {
        name: name.into(),
        style,
        values: (0..QUARTERS).map(|index| Some(of(index))).collect(),
    };
    let predicted = |index: u32| quiet(index) + surge(index);
    let real = |index: u32| {
        (predicted(index) + f64::from(index * 7 % 5) - 2.0)
            .max(0.0)
            .round()
    };
    Timeline {
        starts_us: (0..i64::from(QUARTERS))
            .map(|index| START_US + index * QUARTER_US)
            .collect(),
        zone: "Europe/Berlin".into(),
        relative: false,
        charts: vec![Chart {
            title: "Contacts per window on the weeks that the fit had not seen".into(),
            unit: Unit::Count,
            scale: Scale::Linear,
            series: vec![
                series("90 % interval, low", SeriesStyle::Band, &|index| {
                    predicted(index) * 0.4
                }),
                series("90 % interval, high", SeriesStyle::Band, &|index| {
                    predicted(index) * 1.6 + 2.0
                }),
                series("predicted", SeriesStyle::Line, &predicted),
                series("real", SeriesStyle::Line, &real),
            ],
            limits: Vec::new(),
            message: "88 % of the windows were inside of their interval.".into(),
        }],
        marks: Vec::new(),
    }
}

fn fact(name: &str, value: &str) -> Fact {
    Fact {
        name: name.into(),
        value: value.into(),
    }
}

fn control(title: &str, state: State, found: &str) -> ControlRow {
    ControlRow {
        title: title.into(),
        state,
        found: found.into(),
    }
}
