//! The page of a forecast.

use jiff::Timestamp;

use super::{badge, fact, note, version};
use crate::capacity::forecast::Fit;
use crate::cli::capacity::forecast::{
    Foreseen, break_glass, channel_rows, demand_rows, per_min, sentence, turn_off,
};
use crate::report::{
    BadgeKind, CapacityPage, Picture, PictureMark, PictureSeries, PictureStyle, PlainTable,
    RangeBars, RangeRow,
};

const HOUR_S: f64 = 3_600.0;

/// The page.
pub fn of_forecast(foreseen: &Foreseen) -> CapacityPage {
    let forecast = &foreseen.forecast;
    let (word, kind) = match forecast.fit {
        Fit::Fits => ("fits", BadgeKind::Good),
        Fit::Uncertain => ("uncertain", BadgeKind::Open),
        Fit::DoesNotFit => ("does not fit", BadgeKind::Bad),
    };
    let demand = &foreseen.plan.demand;
    let mut tables = vec![demand_table(foreseen)];
    tables.extend(channel_table(foreseen));
    CapacityPage {
        title: "Headroom".to_owned(),
        badge: badge(word, kind),
        sentence: sentence(foreseen),
        quote: break_glass(foreseen).unwrap_or_default(),
        facts: vec![
            fact(
                "last peak",
                format!(
                    "{} orders/min, {}",
                    per_min(demand.last_peak_per_min),
                    foreseen.peak_source
                ),
            ),
            fact("growth", format!("× {}", demand.growth)),
            fact(
                "campaign",
                format!("× {} to {}", demand.campaign[0], demand.campaign[1]),
            ),
            fact("maximum", foreseen.maximum.source.clone()),
        ],
        bars: vec![bars(foreseen)],
        pictures: day(foreseen).into_iter().collect(),
        tables,
        unknowns: foreseen.notes.clone(),
        method: vec![
            note(
                "Expected peak",
                "The last peak times growth times the campaign, least and most; the middle is the geometric mean. A curve is the day of the lake, every window times the same.",
            ),
            note(
                "Maximum",
                "What counts is the lower bound: the highest rate at which every goal was seen to hold. Headroom is that over what is expected, less one.",
            ),
            note(
                "Channels",
                "By the channel that first brought the shopper on the day of the order; turned off means that its share of the orders does not come.",
            ),
            note(
                "Shedding",
                "Orders beyond the lower bound are turned away while it is passed. Nothing is said of those who try again at once.",
            ),
            version(),
        ],
    }
}

fn bars(foreseen: &Foreseen) -> RangeBars {
    let forecast = &foreseen.forecast;
    let [least, _, most] = &forecast.demand;
    let maximum = forecast.maximum;
    let shown = match maximum.upper {
        Some(upper) => format!(
            "holds at {}, fails at {}",
            per_min(maximum.lower),
            per_min(upper)
        ),
        None => format!("holds at {}", per_min(maximum.lower)),
    };
    let [at_least, at_most] = forecast.headroom.map(|share| share * 100.0);
    RangeBars {
        title: "Headroom".to_owned(),
        message: format!(
            "{at_least:.0} % at the least that is expected, {at_most:.0} % at the most. Solid is sure, pale is possible."
        ),
        unit: "orders/min".to_owned(),
        rows: vec![
            RangeRow {
                name: "expected peak".to_owned(),
                low: Some(least.peak_per_min),
                high: Some(most.peak_per_min),
                shown: format!(
                    "{} to {}",
                    per_min(least.peak_per_min),
                    per_min(most.peak_per_min)
                ),
                is_expected: true,
            },
            RangeRow {
                name: "proven maximum".to_owned(),
                low: Some(maximum.lower),
                high: maximum.upper,
                shown,
                is_expected: false,
            },
        ],
    }
}

/// The scaled day, hours since its beginning to the right.
fn day(foreseen: &Foreseen) -> Option<Picture> {
    let curve = &foreseen.plan.demand.curve;
    let start_us = curve.first()?.start_us;
    #[expect(clippy::cast_precision_loss, reason = "a day has 86,400,000,000 µs")]
    let hours = |us: i64| (us - start_us) as f64 / 1e6 / HOUR_S;
    let scaled = |factor: f64| {
        let points = curve
            .iter()
            .map(|point| vec![hours(point.start_us), point.rate_per_min * factor]);
        points.collect::<Vec<_>>()
    };
    let [least, _, most] = &foreseen.forecast.demand;
    let series = |name: &str, style, factor| PictureSeries {
        name: name.to_owned(),
        style,
        points: scaled(factor),
    };
    let label = |hour: i64| {
        let us = start_us + hour * 3_600_000_000;
        let time = Timestamp::from_microsecond(us)
            .ok()?
            .to_zoned(foreseen.zone.clone());
        Some((hours(us), time.strftime("%H:%M").to_string()))
    };
    let last = hours(curve.last()?.start_us);
    let labels = (0..48)
        .step_by(4)
        .filter_map(label)
        .filter(|(at, _)| *at <= last);
    Some(Picture {
        title: "The day".to_owned(),
        message: "Orders per minute over the day that is scaled, least and most that is expected."
            .to_owned(),
        x: "time of day".to_owned(),
        y: "orders/min".to_owned(),
        x_labels: labels.collect(),
        series: vec![
            series("most", PictureStyle::Line, most.factor),
            series("least", PictureStyle::Dashed, least.factor),
            series("as it was", PictureStyle::Dashed, 1.0),
        ],
        marks: vec![PictureMark {
            label: format!(
                "proven to hold {}",
                per_min(foreseen.forecast.maximum.lower)
            ),
            value: foreseen.forecast.maximum.lower,
            is_vertical: false,
        }],
    })
}

fn demand_table(foreseen: &Foreseen) -> PlainTable {
    let mut table = PlainTable::new(
        "What is expected, and what it takes",
        "",
        &[
            "Expected",
            "#Factor",
            "#Orders/min",
            "#Headroom",
            "#Passed at",
            "#Above it for",
            "#Orders beyond",
            "#Instances",
        ],
    );
    table.rows = demand_rows(foreseen);
    table
}

fn channel_table(foreseen: &Foreseen) -> Option<PlainTable> {
    let mut table = PlainTable::new(
        "Channels",
        &turn_off(&foreseen.forecast),
        &["Channel", "#Share of orders", "#Left at the most", "Enough"],
    );
    table.rows = channel_rows(foreseen);
    (!table.rows.is_empty()).then_some(table)
}
