//! An example page for tests: a Black Friday rehearsal of 60 s in windows of 1 s.
//!
//! The shop keeps up until the doors open at 00:27; then checkout slows down. All values come
//! from closed formulas, so that the page is the same on every run.

pub mod capacity;
pub mod contacts;
mod drills;
pub mod hostile;
mod rehearsal_part;
mod rehearsal_slis;
pub mod week;

use super::page::{
    Chart, Fact, FunnelStep, GeneratorRow, Limit, Mark, MethodNote, ReportPage, RouteRow, Scale,
    Series, SeriesStyle, State, ThresholdRow, Timeline, Unit, Verdict, WatchPart,
};

/// 2026-11-27 08:00 UTC.
pub const START_US: i64 = 1_795_766_400_000_000;
const SECOND_US: i64 = 1_000_000;
const WINDOWS: u32 = 60;

/// The whole example.
pub fn black_friday() -> ReportPage {
    ReportPage {
        title: "black-friday".into(),
        verdict: Verdict::Fail,
        sentence: "Checkout broke at 00:41, 14 s after doors opened at 200 shoppers/s: p95 4.8 s \
                   against 4 s. Customers would have called about 1,240 times (900–1,700)."
            .into(),
        directors: None,
        rehearsal: Some(rehearsal_part::part()),
        facts: facts(),
        slis: rehearsal_slis::slis(),
        watch: Some(watch()),
        analysts: None,
        timeline: timeline(),
        drills: Some(drills::drills()),
        premortem: Some(drills::premortem()),
        contacts: Some(contacts::predicted()),
        desk: None,
        engineers: None,
        funnel: funnel(),
        routes: routes(),
        unknowns: vec![
            "412 of 21,604 log lines (1.9 %) arrived after their window had closed; they are in \
             the totals, not in the timeline."
                .into(),
            "The payment provider's own log was not given: refusals there show as `503` here."
                .into(),
        ],
        method: method(),
    }
}

/// A page in which everything that can be empty is empty.
pub fn empty() -> ReportPage {
    ReportPage {
        title: String::new(),
        verdict: Verdict::NotEnoughData,
        sentence: String::new(),
        directors: None,
        rehearsal: None,
        facts: Vec::new(),
        slis: Vec::new(),
        watch: None,
        analysts: None,
        timeline: Timeline {
            starts_us: Vec::new(),
            zone: String::new(),
            relative: true,
            charts: Vec::new(),
            marks: Vec::new(),
        },
        drills: None,
        premortem: None,
        contacts: None,
        desk: None,
        engineers: None,
        funnel: Vec::new(),
        routes: Vec::new(),
        unknowns: Vec::new(),
        method: Vec::new(),
    }
}

/// A page of `windows` windows with `charts` charts of three series, for tests of size.
pub fn large(windows: u32, charts: usize) -> ReportPage {
    let mut page = black_friday();
    let values = |phase: f64| -> Vec<Option<f64>> {
        (0..windows)
            .map(|at| Some(1e5 * (2.0 + (f64::from(at) * 0.71 + phase).sin())))
            .collect()
    };
    let chart = Chart {
        title: "Response time".into(),
        unit: Unit::Microseconds,
        scale: Scale::Log,
        series: vec![
            line("p50", values(0.0)),
            line("p95", values(1.0)),
            line("p99", values(2.0)),
        ],
        limits: Vec::new(),
        message: "Nothing happens.".into(),
    };
    page.timeline.starts_us = (0..windows).map(second).collect();
    page.timeline.charts = vec![chart; charts];
    page
}

fn watch() -> WatchPart {
    let threshold = |demand: &str, state, first_broken_us: Option<i64>| ThresholdRow {
        demand: demand.into(),
        state,
        aborts: false,
        unit: Unit::Microseconds,
        worst: Some(4_800_000.0),
        first_broken_us,
        broken_s: first_broken_us.map_or(0.0, |_| 12.0),
        values: 12,
        count: 2_040,
    };
    WatchPart {
        thresholds: vec![
            threshold(
                "Checkout response, p95 above 2 s for 10 s",
                State::Missed,
                Some(second(41)),
            ),
            threshold(
                "Errors above 5 % for 10 s, channel ads",
                State::NotEnoughData,
                None,
            ),
        ],
        generator: vec![GeneratorRow {
            name: "CPU, share of 2 cores".into(),
            lowest: "12 %".into(),
            median: "31 %".into(),
            highest: "58 %".into(),
            limit: String::new(),
        }],
    }
}

fn facts() -> Vec<Fact> {
    [
        ("Scenario", "black-friday, 3 phases"),
        ("Run", "20261127T080000Z-7f3a"),
        ("Start", "2026-11-27 08:00:00 UTC"),
        ("Duration", "60 s"),
        ("Offered / started / completed", "21,604 / 21,604 / 20,891"),
        ("Peak rate", "612 requests/s"),
        ("Scenario hash", "b3:9f2c41d07e55"),
        ("SLI set hash", "b3:0a7be1c3d8f4"),
    ]
    .map(|(name, value)| Fact {
        name: name.into(),
        value: value.into(),
    })
    .into()
}

fn timeline() -> Timeline {
    Timeline {
        starts_us: (0..WINDOWS).map(second).collect(),
        zone: "UTC".into(),
        relative: true,
        charts: vec![
            load_chart(),
            orders_chart(),
            checkout_chart(),
            errors_chart(),
        ],
        marks: [
            (10, "newsletter"),
            (27, "doors open"),
            (30, "payment provider slows"),
            (50, "cache dropped"),
        ]
        .map(|(at_s, label)| Mark {
            at_us: second(at_s),
            until_us: None,
            label: label.into(),
        })
        .into(),
    }
}

fn load_chart() -> Chart {
    let offered = |at: f64| {
        if at < 27.0 {
            120.0 + 4.0 * at
        } else {
            600.0 + wave(at, 12.0)
        }
    };
    let completed = |at: f64| {
        if at < 38.0 {
            offered(at) - 2.0
        } else {
            560.0 - 4.0 * (at - 38.0)
        }
    };
    Chart {
        title: "Load".into(),
        unit: Unit::PerSecond,
        scale: Scale::Linear,
        series: vec![
            Series {
                name: "completed".into(),
                style: SeriesStyle::Area,
                values: each(completed),
            },
            line("offered", each(offered)),
        ],
        limits: Vec::new(),
        message: "From 00:38 on the shop completed fewer requests than were offered: 472 of 600 \
                  per second at the end."
            .into(),
    }
}

fn orders_chart() -> Chart {
    let orders =
        |at: f64| if at < 27.0 { 300.0 + 9.0 * at } else { 1_900.0 - 14.0 * (at - 27.0) } + wave(at, 60.0);
    Chart {
        title: "Orders per minute".into(),
        unit: Unit::PerMinute,
        scale: Scale::Linear,
        series: vec![line("orders", each(orders))],
        limits: vec![limit("warn 240", "warn", 240.0, &[])],
        message: "Orders rose to 1,960 per minute when the doors opened and fell to 1,400.".into(),
    }
}

fn checkout_chart() -> Chart {
    let grown = |at: f64| {
        if at < 27.0 {
            1.0
        } else {
            ((at - 27.0) / 5.9).exp().min(17.0)
        }
    };
    let p50 = |at: f64| (120e3 + wave(at, 8e3)) * grown(at).sqrt();
    let p95 = |at: f64| (410e3 + wave(at, 40e3)) * grown(at).powf(0.98);
    let p99 = |at: f64| (760e3 + wave(at, 90e3)) * grown(at).powf(0.9);
    let without_data = |mut values: Vec<Option<f64>>| {
        values[17..19].fill(None);
        values
    };
    Chart {
        title: "Response time of checkout".into(),
        unit: Unit::Microseconds,
        scale: Scale::Log,
        series: vec![
            line("p50", without_data(each(p50))),
            line("p95", without_data(each(p95))),
            line("p99", without_data(each(p99))),
        ],
        limits: vec![
            limit("warn 1 s", "warn", 1e6, &[[33, 60]]),
            limit("contact 4 s", "contact", 4e6, &[[41, 60]]),
        ],
        message: "p95 passed 1 s at 00:33 and 4 s at 00:41, and stayed there.".into(),
    }
}

fn errors_chart() -> Chart {
    let share = |at: f64| {
        if at < 36.0 {
            0.0
        } else {
            (0.004 * (at - 35.0) + wave(at, 0.006)).max(0.0)
        }
    };
    Chart {
        title: "Share of answers that are errors".into(),
        unit: Unit::Share,
        scale: Scale::Linear,
        series: vec![
            Series {
                name: "503".into(),
                style: SeriesStyle::Stacked,
                values: each(share),
            },
            Series {
                name: "no answer".into(),
                style: SeriesStyle::Stacked,
                values: each(|at| share(at) * 0.2),
            },
        ],
        limits: vec![limit("warn 2 %", "warn", 0.02, &[[41, 60]])],
        message: "Errors began at 00:36 and reached 10 % at the end, nearly all of them 503."
            .into(),
    }
}

fn line(name: &str, values: Vec<Option<f64>>) -> Series {
    Series {
        name: name.into(),
        style: SeriesStyle::Line,
        values,
    }
}

fn limit(label: &str, level: &str, value: f64, crossed_s: &[[u32; 2]]) -> Limit {
    let crossed_us = crossed_s
        .iter()
        .map(|stretch| stretch.map(second))
        .collect();
    Limit {
        label: label.into(),
        level: level.into(),
        value,
        crossed_us,
    }
}

fn funnel() -> Vec<FunnelStep> {
    [
        ("Opened the shop", 9_214, Some(1.0)),
        ("Saw a product", 7_903, Some(0.86)),
        ("Filled a cart", 3_120, Some(0.34)),
        ("Began to check out", 1_966, Some(0.24)),
        ("Ordered", 1_163, Some(0.21)),
    ]
    .map(|(name, count, expected_share)| FunnelStep {
        name: name.into(),
        count,
        unit: "shoppers".into(),
        expected_share,
    })
    .into()
}

fn routes() -> Vec<RouteRow> {
    vec![
        route(
            "GET",
            "/product/{id}",
            12_420,
            [48_000, 121_000, 240_000],
            0,
            "",
        ),
        route("GET", "/", 5_210, [31_000, 88_000, 140_000], 0, ""),
        route(
            "POST",
            "/cart",
            3_120,
            [66_000, 402_000, 911_000],
            4,
            "503 × 4",
        ),
        route(
            "POST",
            "/checkout",
            1_966,
            [910_000, 4_812_000, 8_020_000],
            62,
            "503 × 51, no answer × 11",
        ),
        RouteRow {
            p50_us: None,
            p95_us: None,
            p99_us: None,
            ..route("GET", "/healthz", 60, [0; 3], 0, "")
        },
    ]
}

fn route(
    method: &str,
    route: &str,
    requests: u32,
    us: [u64; 3],
    errors: u64,
    by: &str,
) -> RouteRow {
    RouteRow {
        method: method.into(),
        route: route.into(),
        requests: requests.into(),
        rate_per_s: f64::from(requests) / f64::from(WINDOWS),
        p50_us: Some(us[0]),
        p95_us: Some(us[1]),
        p99_us: Some(us[2]),
        errors,
        errors_by_status: by.into(),
    }
}

fn method() -> Vec<MethodNote> {
    let note = |title: &str, text: &str, verbatim| MethodNote {
        title: title.into(),
        text: text.into(),
        verbatim,
    };
    vec![
        note(
            "Percentiles",
            "Response time counts from the moment a request was due, so waiting behind a slow \
             answer is included. Percentiles come from buckets whose width is at most 1 % of the \
             value.\nIntervals are at 95 %.",
            false,
        ),
        note("Versions", "firedrill 0.1.0, report format 1.", false),
        note(
            "sli-defs/shop.yaml",
            "slis:\n  - name: checkout-p95\n    title: Time to check out\n    latency: {quantile: 0.95, \
             route: POST /checkout}\n    levels:\n      - {name: warn, above: 1s, for: 5s}\n      - {name: \
             contact, above: 4s, for: 10s}\n",
            true,
        ),
        note(
            "Command to repeat it",
            "firedrill run black-friday --seed 7 --target http://localhost:8080",
            true,
        ),
    ]
}

fn each(value: impl Fn(f64) -> f64) -> Vec<Option<f64>> {
    (0..WINDOWS).map(|at| Some(value(f64::from(at)))).collect()
}

/// A deterministic wobble between −`size` and `size`.
fn wave(at: f64, size: f64) -> f64 {
    size * (0.6 * (at * 1.7).sin() + 0.4 * (at * 4.1).cos())
}

fn second(offset_s: u32) -> i64 {
    START_US + i64::from(offset_s) * SECOND_US
}
