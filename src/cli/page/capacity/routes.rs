//! The page of routes that slow down.

use super::{badge, fact, note, version};
use crate::capacity::routes::{REQUESTS_MIN, RouteTrend, SLOWER, Traffic, TrendState};
use crate::cli::capacity::routes::{RoutesFound, cells};
use crate::report::{BadgeKind, CapacityPage, Picture, PictureSeries, PictureStyle, PlainTable};

/// Routes that are drawn.
const DRAWN_MAX: usize = 5;

/// The page.
pub fn of_routes(found: &RoutesFound) -> CapacityPage {
    let slow = found
        .routes
        .iter()
        .filter(|route| route.state == TrendState::SlowsDown)
        .count();
    let known = found
        .routes
        .iter()
        .filter(|route| route.state != TrendState::NotEnoughData)
        .count();
    let (word, kind) = match (slow, known) {
        (_, 0) => ("not enough data", BadgeKind::Open),
        (0, _) => ("steady", BadgeKind::Good),
        (_, _) => ("slows down", BadgeKind::Bad),
    };
    let mut table = PlainTable::new(
        "Routes",
        "Those first that are slower from the least traffic on.",
        &[
            "Route",
            "Result",
            "#Slower from",
            "#Little traffic",
            "#Much traffic",
            "#Ratio (95 %)",
            "#Slope (95 %)",
            "#Requests",
        ],
    );
    table.rows = found.routes.iter().map(cells).collect();
    CapacityPage {
        title: "Routes as traffic rises".to_owned(),
        badge: badge(word, kind),
        sentence: found.sentence.clone(),
        quote: String::new(),
        facts: vec![
            fact("from", found.from.clone()),
            fact("to", found.to.clone()),
            fact("windows", format!("{} s", found.window_s)),
            fact("percentile", format!("p{}", found.percentile)),
        ],
        bars: Vec::new(),
        pictures: picture(found).into_iter().collect(),
        tables: vec![table],
        unknowns: unknowns(found),
        method: vec![
            note(
                "Little and much traffic",
                format!(
                    "Little traffic is the calmest third of the windows, much the busiest tenth. Percentiles are of all requests of those windows together, never means of windows. Fewer than {REQUESTS_MIN} requests of a route at either are not told. A route slows down when the lower end of the ratio's 95 % interval is above {SLOWER}; the interval is that of 200 draws of whole {}s.",
                    found.block
                ),
            ),
            note(
                "Slope",
                "Theil and Sen's slope of the logarithm of a window's percentile over the logarithm of its traffic, with Sen's interval: 0 for a route that does not care, 1 for one whose latency grows in proportion. Windows with fewer than 20 requests of the route are left out.",
            ),
            version(),
        ],
    }
}

fn picture(found: &RoutesFound) -> Option<Picture> {
    let known = |route: &&RouteTrend| {
        route
            .steps
            .iter()
            .filter(|step| step.percentile_us.is_some())
            .count()
            > 1
    };
    let series: Vec<PictureSeries> = found
        .routes
        .iter()
        .filter(|route| route.state != TrendState::NotEnoughData)
        .filter(known)
        .take(DRAWN_MAX)
        .map(|route| PictureSeries {
            name: format!("{} {}", route.method, route.route),
            style: PictureStyle::Line,
            points: route
                .steps
                .iter()
                .filter_map(|step| {
                    #[expect(clippy::cast_precision_loss, reason = "latencies are below 2^53 µs")]
                    let ms = step.percentile_us? as f64 / 1e3;
                    Some(vec![f64::midpoint(step.from_per_s, step.to_per_s), ms])
                })
                .collect(),
        })
        .collect();
    let traffic = match found.against {
        Traffic::Total => "requests/s of all routes",
        Traffic::Own => "requests/s of the route",
    };
    (!series.is_empty()).then(|| Picture {
        title: "Latency by traffic".to_owned(),
        message: format!(
            "p{} of each tenth of the windows, by their traffic.",
            found.percentile
        ),
        x: traffic.to_owned(),
        y: "ms".to_owned(),
        x_labels: Vec::new(),
        series,
        marks: Vec::new(),
    })
}

fn unknowns(found: &RoutesFound) -> Vec<String> {
    let mut unknowns = vec![
        "Whether traffic is the reason: what else happens at busy hours (jobs, other shoppers, larger carts) looks the same.".to_owned(),
        "What happens at more traffic than there was.".to_owned(),
    ];
    let few = found
        .routes
        .iter()
        .filter(|route| route.state == TrendState::NotEnoughData)
        .count();
    if few > 0 {
        unknowns.push(format!(
            "How {few} routes behave: they have too few requests, or too short a time."
        ));
    }
    unknowns
}
