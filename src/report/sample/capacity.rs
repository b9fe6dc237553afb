//! Example pages of capacities for tests: a search, a law, a forecast. Curves are closed formulas.

use super::super::capacity::{
    BadgeKind, CapacityBadge, CapacityPage, Picture, PictureMark, PictureSeries, PictureStyle,
    PlainTable, RangeBars, RangeRow,
};
use super::super::page::{Fact, MethodNote};

fn page(title: &str, word: &str, kind: BadgeKind, sentence: &str) -> CapacityPage {
    CapacityPage {
        title: title.to_owned(),
        badge: CapacityBadge {
            word: word.to_owned(),
            kind,
        },
        sentence: sentence.to_owned(),
        quote: String::new(),
        facts: Vec::new(),
        bars: Vec::new(),
        pictures: Vec::new(),
        tables: Vec::new(),
        unknowns: Vec::new(),
        method: vec![MethodNote {
            title: "Law".into(),
            text: "Gunther's Universal Scalability Law by bounded least squares.".into(),
            verbatim: false,
        }],
    }
}

fn fact(name: &str, value: &str) -> Fact {
    Fact {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

fn series(name: &str, style: PictureStyle, points: Vec<Vec<f64>>) -> PictureSeries {
    PictureSeries {
        name: name.to_owned(),
        style,
        points,
    }
}

fn row(
    name: &str,
    low: Option<f64>,
    high: Option<f64>,
    shown: &str,
    is_expected: bool,
) -> RangeRow {
    RangeRow {
        name: name.to_owned(),
        low,
        high,
        shown: shown.to_owned(),
        is_expected,
    }
}

/// Throughput of a law, λ = 90, σ = 0.0277, κ = 0.000104.
fn law(n: f64) -> f64 {
    90.0 * n / (1.0 + (n - 1.0) * (0.0277 + 0.000_104 * n))
}

fn law_picture() -> Picture {
    let grid = || (1..=108_u32).map(|step| f64::from(step) * 2.0);
    let measured = [1.0, 18.0, 36.0, 72.0, 108.0, 144.0, 216.0];
    Picture {
        title: "Throughput by concurrency".to_owned(),
        message: "Throughput peaks at 1 884 with a concurrency of 96.5 (95 %: 74 to 140)."
            .to_owned(),
        x: "requests in flight".to_owned(),
        y: "requests/s".to_owned(),
        x_labels: Vec::new(),
        series: vec![
            series(
                "measured",
                PictureStyle::Points,
                measured.iter().map(|n| vec![*n, law(*n) * 1.02]).collect(),
            ),
            series(
                "fitted",
                PictureStyle::Line,
                grid().map(|n| vec![n, law(n)]).collect(),
            ),
            series(
                "95 % band",
                PictureStyle::Band,
                grid()
                    .map(|n| vec![n, law(n) - 90.0, law(n) + 90.0])
                    .collect(),
            ),
        ],
        marks: vec![PictureMark {
            label: "peak".to_owned(),
            value: 96.5,
            is_vertical: true,
        }],
    }
}

/// The page of a search.
pub fn search() -> CapacityPage {
    let rates = || (1..=9_u32).map(|step| f64::from(step) * 10.0);
    let mut page = page(
        "Capacity of black-friday",
        "found",
        BadgeKind::Good,
        "The shop holds 57 to 60 shoppers/s with every goal (860 to 905 orders/min). Checkout breaks first, at POST /checkout.",
    );
    page.quote = "With the black-friday mix in an open model the staging shop sustained at least 57 and less than 60 shoppers/s (860 to 905 orders/min) with every goal met: three trials of 2 min each, half of the time may exceed 0.1 % of bad journeys.".into();
    page.facts = vec![
        fact("search", "CAP-black-friday-20261126T080000Z"),
        fact("trials", "27 in 31 min"),
        fact("generator", "412 shoppers/s on 2 cores"),
        fact("recovery from 120 %", "14 s"),
    ];
    page.bars = vec![RangeBars {
        title: "Bounds per goal".into(),
        message: "Solid up to the rate that holds, pale up to the one that fails.".into(),
        unit: "shoppers/s".into(),
        rows: vec![
            row(
                "comfortable",
                Some(57.0),
                Some(60.0),
                "holds at 57, fails at 60",
                false,
            ),
            row(
                "contacts",
                Some(61.0),
                Some(64.0),
                "holds at 61, fails at 64",
                false,
            ),
            row(
                "no_collapse",
                Some(70.0),
                None,
                "holds at 70, the highest tried",
                false,
            ),
        ],
    }];
    page.pictures = vec![
        law_picture(),
        Picture {
            title: "Latency by rate".into(),
            message: "p95 doubles at 55 shoppers/s.".into(),
            x: "shoppers/s".into(),
            y: "ms".into(),
            x_labels: Vec::new(),
            series: vec![
                series(
                    "p50",
                    PictureStyle::Line,
                    rates().map(|rate| vec![rate, 30.0 + rate]).collect(),
                ),
                series(
                    "p95",
                    PictureStyle::Dashed,
                    rates()
                        .map(|rate| vec![rate, 60.0 + rate * rate / 8.0])
                        .collect(),
                ),
            ],
            marks: vec![PictureMark {
                label: "holds".into(),
                value: 57.0,
                is_vertical: true,
            }],
        },
        Picture {
            title: "Goodput".into(),
            message: "Beyond the maximum good journeys fall to 41 per second.".into(),
            x: "offered, shoppers/s".into(),
            y: "good journeys/s".into(),
            x_labels: Vec::new(),
            series: vec![series(
                "good",
                PictureStyle::Line,
                rates()
                    .map(|rate| vec![rate, rate.min(120.0 - rate)])
                    .collect(),
            )],
            marks: Vec::new(),
        },
    ];
    let mut trials = PlainTable::new("Trials", "", &["Trial", "#shoppers/s", "#p95", "Result"]);
    trials.rows = vec![vec![
        "1".into(),
        "10".into(),
        "72 ms".into(),
        "holds".into(),
    ]];
    page.tables = vec![trials];
    page.unknowns = vec!["Whether the staging shop has the data of production.".into()];
    page
}

/// The page of a law alone.
pub fn fit() -> CapacityPage {
    let mut page = page(
        "Scalability law",
        "identified",
        BadgeKind::Good,
        "Throughput peaks at 1 884 with a concurrency of 96.5; more concurrency means less throughput.",
    );
    page.facts = vec![
        fact("points", "7"),
        fact("residual standard error", "82.8 on 4 df"),
    ];
    page.pictures = vec![law_picture()];
    let mut table = PlainTable::new(
        "Coefficients",
        "",
        &["Coefficient", "#Value", "#Standard error", "Meaning"],
    );
    table.rows = vec![vec![
        "σ".into(),
        "0.02773".into(),
        "0.009122".into(),
        "contention".into(),
    ]];
    page.tables = vec![table];
    page
}

/// The page of a forecast.
pub fn forecast() -> CapacityPage {
    let hours = || (0..24_u32).map(f64::from);
    let curve = |factor: f64| {
        hours()
            .map(|hour| {
                vec![
                    hour,
                    factor * (40.0 + 180.0 * (-((hour - 20.0) / 3.0).powi(2)).exp()),
                ]
            })
            .collect()
    };
    let mut page = page(
        "Headroom",
        "uncertain",
        BadgeKind::Open,
        "The expected peak is 633 to 886 orders/min. The proven maximum, 850 to 900 orders/min, is passed at 19:40 if the campaign multiplies by 3.5.",
    );
    page.bars = vec![RangeBars {
        title: "Headroom".into(),
        message: "The highest expected peak is 36 orders/min more than what is proven to hold."
            .into(),
        unit: "orders/min".into(),
        rows: vec![
            row(
                "expected peak",
                Some(633.0),
                Some(886.0),
                "633 to 886",
                true,
            ),
            row(
                "proven maximum",
                Some(850.0),
                Some(900.0),
                "holds at 850, fails at 900",
                false,
            ),
        ],
    }];
    page.pictures = vec![Picture {
        title: "The day".into(),
        message: "Orders per minute over the day, least and most that is expected.".into(),
        x: "time of day".into(),
        y: "orders/min".into(),
        x_labels: vec![
            (0.0, "00:00".into()),
            (6.0, "06:00".into()),
            (12.0, "12:00".into()),
            (18.0, "18:00".into()),
        ],
        series: vec![
            series("most", PictureStyle::Line, curve(4.0)),
            series("least", PictureStyle::Dashed, curve(2.9)),
        ],
        marks: vec![PictureMark {
            label: "proven to hold".into(),
            value: 850.0,
            is_vertical: false,
        }],
    }];
    let mut channels = PlainTable::new(
        "Channels",
        "Turning off utm:newsletter is enough.",
        &["Channel", "#Share", "#Left of the most", "Enough"],
    );
    channels.rows = vec![
        vec![
            "utm:google/cpc".into(),
            "30 %".into(),
            "620".into(),
            "yes".into(),
        ],
        vec![
            "utm:newsletter".into(),
            "20 %".into(),
            "709".into(),
            "yes".into(),
        ],
    ];
    page.tables = vec![channels];
    page.unknowns =
        vec!["Whether twice as many instances carry twice as much: it is assumed.".into()];
    page
}
