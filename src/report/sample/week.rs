//! An example week: a partner's campaign on Friday evening brings more shoppers than the checkout
//! can serve. All values come from closed formulas, so that the page is the same on every run.

mod analysts;
mod directors;
mod engineers;

use super::super::page::{
    Chart, Fact, FunnelStep, Limit, Mark, MethodNote, ReportPage, RouteRow, Scale, Series,
    SeriesStyle, Timeline, Unit, Verdict,
};
use super::line;

/// Monday 2026-11-16 00:00 UTC.
const MONDAY_US: i64 = 1_794_787_200_000_000;
const MINUTE_US: i64 = 60_000_000;
const MINUTES: u32 = 7 * 24 * 60;

/// Friday 20:00 and the 41 minutes after it, in minutes from Monday.
const CAMPAIGN: [u32; 2] = [4 * 1_440 + 20 * 60, 4 * 1_440 + 20 * 60 + 41];

/// The whole example.
pub fn week() -> ReportPage {
    ReportPage {
        title: "2026-W47".into(),
        verdict: Verdict::Fail,
        sentence: "Paying missed its objective: for 41 min on Friday from 20:00 one in three \
                   checkouts failed, after a partner's campaign sent four times the expected \
                   shoppers. Everything else held."
            .into(),
        directors: Some(directors::part()),
        rehearsal: None,
        facts: facts(),
        slis: analysts::slis(),
        watch: None,
        analysts: Some(analysts::part()),
        timeline: timeline(),
        drills: None,
        premortem: None,
        contacts: None,
        desk: None,
        engineers: Some(engineers::part()),
        funnel: funnel(),
        routes: routes(),
        unknowns: vec![
            "The log of Wednesday 03:10 to 03:42 is missing; nothing is assumed about it.".into(),
            "1,204 requests came after their window had been reported; they are in the totals of \
             this page."
                .into(),
        ],
        method: vec![
            MethodNote {
                title: "Noise".into(),
                text:
                    "A difference is beyond noise when the 95 % intervals of both weeks, widened \
                       by the spread of the last eight weeks, do not overlap."
                        .into(),
                verbatim: false,
            },
            MethodNote {
                title: "Command to repeat it".into(),
                text: "firedrill report --week 2026-W47 --lake lake --sli-defs sli-defs/shop.yaml"
                    .into(),
                verbatim: true,
            },
        ],
    }
}

/// The moment `minutes` after Monday 00:00.
fn minute(minutes: u32) -> i64 {
    MONDAY_US + i64::from(minutes) * MINUTE_US
}

/// The example week with `count` of everything that a table has rows of.
pub fn crowded(count: usize) -> ReportPage {
    let mut page = week();
    if let Some(part) = &mut page.directors {
        directors::crowd(part, count);
    }
    if let Some(part) = &mut page.analysts {
        analysts::crowd(part, count);
    }
    if let Some(part) = &mut page.engineers {
        engineers::crowd(part, count);
    }
    repeat(&mut page.routes, count);
    repeat(&mut page.timeline.marks, count);
    page
}

/// Repeats `rows` until there are `count`.
fn repeat<T: Clone>(rows: &mut Vec<T>, count: usize) {
    *rows = rows.iter().cycle().take(count).cloned().collect();
}

fn facts() -> Vec<Fact> {
    [
        ("Week", "2026-11-16 to 2026-11-22, UTC"),
        ("Origin", "production"),
        ("Requests", "28,904,112"),
        ("Window", "1 min"),
        ("SLI set", "shop (9f2c41d07e55)"),
        ("Levels", "calibrated 2026-10-30 on 31 weeks of contacts"),
    ]
    .map(|(name, value)| Fact {
        name: name.into(),
        value: value.into(),
    })
    .into()
}

/// Traffic by day and night, with the campaign on top.
fn traffic(at: u32) -> f64 {
    let noise = (f64::from(at) * 1.7).sin() * 1.4 + (f64::from(at) * 0.37).cos() * 2.1;
    usual_traffic(at) + noise + 170.0 * campaign(at)
}

/// Traffic by day and night, as expected.
fn usual_traffic(at: u32) -> f64 {
    let of_day = f64::from(at % 1_440) / 1_440.0;
    38.0 - 27.0 * (of_day * std::f64::consts::TAU + 0.6).cos()
}

/// From 0 before and after the campaign to 1 at its height.
fn campaign(at: u32) -> f64 {
    let [from, to] = CAMPAIGN;
    if at < from {
        0.0
    } else if at < to {
        (f64::from(at - from) / 4.0).min(1.0)
    } else {
        (-f64::from(at - to) / 12.0).exp()
    }
}

fn each(value: impl Fn(u32) -> f64) -> Vec<Option<f64>> {
    // 32 minutes of Wednesday are missing.
    let missing = 2 * 1_440 + 190..2 * 1_440 + 222;
    let value = |at| (!missing.contains(&at)).then(|| value(at));
    (0..MINUTES).map(value).collect()
}

fn timeline() -> Timeline {
    let mark = |from, until: Option<u32>, label: &str| Mark {
        at_us: minute(from),
        until_us: until.map(minute),
        label: label.into(),
    };
    Timeline {
        starts_us: (0..MINUTES).map(minute).collect(),
        zone: "UTC".into(),
        relative: false,
        charts: vec![
            load_chart(),
            orders_chart(),
            checkout_chart(),
            errors_chart(),
            burn_chart(),
        ],
        marks: vec![
            mark(1_440 + 9 * 60, None, "deploy shop 4.12"),
            mark(2 * 1_440 + 60, Some(2 * 1_440 + 300), "maintenance"),
            mark(CAMPAIGN[0], Some(CAMPAIGN[1]), "campaign deal-hunter"),
        ],
    }
}

fn chart(title: &str, unit: Unit, series: Vec<Series>, message: &str) -> Chart {
    Chart {
        title: title.into(),
        unit,
        scale: Scale::Linear,
        series,
        limits: Vec::new(),
        message: message.into(),
    }
}

fn limit(label: &str, level: &str, value: f64) -> Limit {
    Limit {
        label: label.into(),
        level: level.into(),
        value,
        crossed_us: vec![CAMPAIGN.map(minute)],
    }
}

fn band(name: &str, values: Vec<Option<f64>>) -> Series {
    Series {
        style: SeriesStyle::Band,
        ..line(name, values)
    }
}

fn load_chart() -> Chart {
    let requests = Series {
        name: "requests".into(),
        style: SeriesStyle::Area,
        values: each(traffic),
    };
    let message = "Load followed the day except on Friday from 20:00 to 20:41, when it rose to 239 \
                   per second.";
    chart("Load", Unit::PerSecond, vec![requests], message)
}

fn orders_chart() -> Chart {
    let usual = |at: u32| (traffic(at) - 170.0 * campaign(at)) * 1.1;
    let series = vec![
        line("orders", each(|at| usual(at) * (1.0 - 0.3 * campaign(at)))),
        band("expected, low", each(|at| usual_traffic(at) * 0.94)),
        band("expected, high", each(|at| usual_traffic(at) * 1.26)),
    ];
    let message = "Orders stayed in the expected band but for the campaign, when a third was lost.";
    chart("Orders per minute", Unit::PerMinute, series, message)
}

fn checkout_chart() -> Chart {
    let p50 = |at: u32| 140e3 + traffic(at) * 900.0 + 900e3 * campaign(at);
    let p95 = |at: u32| 430e3 + traffic(at) * 2e3 + 4.1e6 * campaign(at);
    let p99 = |at: u32| 820e3 + traffic(at) * 5e3 + 6.9e6 * campaign(at);
    let series = vec![
        line("p50", each(p50)),
        line("p95", each(p95)),
        line("p99", each(p99)),
    ];
    let message = "p95 passed 4 s on Friday at 20:03 and stayed there for 38 minutes.";
    Chart {
        scale: Scale::Log,
        limits: vec![limit("contact 4 s", "contact", 4e6)],
        ..chart(
            "Response time of checkout",
            Unit::Microseconds,
            series,
            message,
        )
    }
}

fn errors_chart() -> Chart {
    let share = |at: u32| 0.002 + 0.33 * campaign(at);
    let message = "One in three checkouts failed during the campaign, one in 500 otherwise.";
    Chart {
        limits: vec![limit("contact 5 %", "contact", 0.05)],
        ..chart(
            "Failed checkouts",
            Unit::Share,
            vec![line("failed", each(share))],
            message,
        )
    }
}

fn burn_chart() -> Chart {
    let series = vec![
        line("1 h", each(|at| 0.4 + 66.0 * campaign(at))),
        line("6 h", each(|at| 0.4 + 12.0 * campaign(at).powi(2))),
    ];
    let message = "The budget of paying burnt at up to 66 times the sustainable rate on Friday.";
    Chart {
        limits: vec![limit("page 3.36 ×", "warn", 3.36)],
        ..chart("Burn rate of paying", Unit::Times, series, message)
    }
}

fn funnel() -> Vec<FunnelStep> {
    [
        ("Opened the shop", 1_912_004, Some(1.0)),
        ("Saw a product", 1_602_310, Some(0.84)),
        ("Filled a cart", 612_204, Some(0.33)),
        ("Ordered", 401_166, Some(0.22)),
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
    let row = |method: &str, route: &str, requests: u32, us: [u64; 3], errors, by: &str| RouteRow {
        method: method.into(),
        route: route.into(),
        requests: requests.into(),
        rate_per_s: f64::from(requests) / f64::from(MINUTES * 60),
        p50_us: Some(us[0]),
        p95_us: Some(us[1]),
        p99_us: Some(us[2]),
        errors,
        errors_by_status: by.into(),
    };
    vec![
        row(
            "GET",
            "/product/{id}",
            17_420_118,
            [48_000, 121_000, 240_000],
            804,
            "503 × 804",
        ),
        row(
            "GET",
            "/search",
            6_118_200,
            [92_000, 610_000, 1_900_000],
            2_411,
            "504 × 2\u{2009}411",
        ),
        row(
            "POST",
            "/cart",
            912_204,
            [66_000, 402_000, 911_000],
            918,
            "503 × 918",
        ),
        row(
            "POST",
            "/checkout",
            466_101,
            [180_000, 1_212_000, 5_020_000],
            3_193,
            "503 × 2\u{2009}561, no answer × 632",
        ),
    ]
}
