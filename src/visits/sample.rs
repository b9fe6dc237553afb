//! A small shop, its questions and random visits, for the tests of this module.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::affected::AffectedPlan;
use super::channels::ChannelPlan;
use super::clusters::ClusterPlan;
use super::funnel::FunnelPlan;
use super::plan::{Predicate, VisitError, VisitPlan};
use super::retries::RetryPlan;
use super::sessions::SessionPlan;
use super::user_uptime::UptimePlan;
use super::{VisitResults, VisitRow};
use crate::request_record::Origin;
use crate::rollup::SeriesKey;
use crate::time_window::TimeWindow;

/// 2026-11-27T00:00:00Z.
pub const START_US: i64 = 1_795_737_600_000_000;
/// Three days later.
pub const END_US: i64 = START_US + 3 * DAY_US;
/// A day.
pub const DAY_US: i64 = 86_400_000_000;
/// Cutoff of user-uptime.
pub const CUTOFF_US: i64 = 1_800_000_000;
/// Pause that ends a session.
pub const GAP_US: i64 = 1_800_000_000;
/// How long a channel is remembered.
pub const CHANNEL_US: i64 = 2_400_000_000;
/// Pause after which a shopper has left.
pub const LEAVE_US: i64 = 1_800_000_000;
/// Shoppers are numbered below this.
pub const SHOPPERS: i64 = 4;

/// Index of a home page that came.
pub const GOOD: u32 = 0;
/// Index of a home page that did not.
pub const BAD: u32 = 1;
/// Index of a cart.
pub const CART: u32 = 2;
/// Index of a cart that did not come.
pub const CART_BAD: u32 = 3;
/// Index of an order.
pub const ORDER: u32 = 5;

/// Home, cart and order, well and badly answered.
pub fn series() -> Vec<SeriesKey> {
    let key = |method: &str, route: &str, status, channel: &str| SeriesKey {
        origin: Origin::Customer,
        run_id: String::new(),
        service: "web".to_owned(),
        method: method.to_owned(),
        route: route.to_owned(),
        status,
        error: String::new(),
        client_class: "human".to_owned(),
        channel: channel.to_owned(),
        is_retried: false,
    };
    vec![
        key("GET", "/", 200, "search"),
        key("GET", "/", 503, ""),
        key("POST", "/cart", 303, ""),
        key("POST", "/cart", 0, ""),
        key("GET", "/favicon.ico", 404, ""),
        key("POST", "/order", 201, ""),
        key("GET", "/", 200, "partner:a"),
    ]
}

/// Up is what is neither 5xx nor unanswered; the icon tells nothing.
pub fn uptime() -> UptimePlan {
    UptimePlan {
        name: "shop".to_owned(),
        valid: Predicate::new(|series| series.status != 404),
        bad: Predicate::new(|series| series.status == 0 || series.status >= 500),
        cutoff_us: CUTOFF_US,
        base_us: 60_000_000,
    }
}

/// Home, cart, order.
pub fn funnel() -> FunnelPlan {
    let step = |route: &'static str| {
        let is_good =
            move |series: &SeriesKey| series.route == route && (200..400).contains(&series.status);
        (route.to_owned(), Predicate::new(is_good))
    };
    FunnelPlan {
        name: "purchase".to_owned(),
        steps: vec![step("/"), step("/cart"), step("/order")],
        excluded: Vec::new(),
    }
}

/// Retries within a minute, also of those whom a search brought and of those whom nothing did.
pub fn retries() -> RetryPlan {
    RetryPlan {
        name: "shop".to_owned(),
        valid: uptime().valid,
        bad: uptime().bad,
        within_us: 60_000_000,
        leave_us: LEAVE_US,
        window_us: 60_000_000,
        failing_share: 0.1,
        parts: vec![channel("search"), channel("")],
    }
}

/// A part of the requests.
pub fn channel(name: &'static str) -> (String, Predicate) {
    let is_in = Predicate::new(move |series| series.channel == name);
    (name.to_owned(), is_in)
}

/// Failures less than five minutes apart, of at least two shoppers.
pub fn clusters() -> ClusterPlan {
    ClusterPlan {
        failing: uptime().bad,
        gap_us: 300_000_000,
        shoppers_min: 2,
    }
}

/// All questions over a range in UTC.
pub fn plan(start_us: i64, end_us: i64) -> VisitPlan {
    let mut plan = VisitPlan::new(TimeWindow { start_us, end_us }, TimeZone::UTC);
    plan.uptimes = vec![uptime()];
    plan.funnels = vec![funnel()];
    plan.retries = vec![retries()];
    plan.clusters = Some(clusters());
    plan.affected = Some(AffectedPlan {
        failing: uptime().bad,
    });
    plan.channels = Some(ChannelPlan {
        valid: Predicate::new(|_| true),
        within_us: CHANNEL_US,
        window_us: 60_000_000,
    });
    plan.sessions = Some(SessionPlan {
        valid: Predicate::new(|_| true),
        gap_us: GAP_US,
    });
    plan
}

/// The answer to a plan about rows in one batch.
pub fn answer(plan: &VisitPlan, rows: &[VisitRow]) -> VisitResults {
    let series = series();
    let scan = |pass: &mut super::VisitPass| {
        pass.push(&series, rows);
        Ok::<(), VisitError>(())
    };
    super::answer(plan, scan).unwrap()
}

/// Results without what only matters for adding more.
pub fn comparable(mut results: VisitResults) -> VisitResults {
    if let Some(clusters) = &mut results.clusters {
        let (small_clusters, small_requests) = clusters.small();
        clusters.clusters = clusters.ranked().cloned().collect();
        for cluster in &mut clusters.clusters {
            cluster.edge_shoppers = None;
        }
        (clusters.small_clusters, clusters.small_requests) = (small_clusters, small_requests);
    }
    results
}

/// Rows that crowd around the midnights of three days, and some elsewhere.
pub fn rows() -> impl Strategy<Value = Vec<VisitRow>> {
    // Whole seconds and half minutes, so that limits are met exactly and times coincide.
    let near = (
        0_i64..4,
        -80_i64..80,
        prop::sample::select(vec![1_i64, 30, 60]),
    )
        .prop_map(|(day, step, unit_s)| START_US + day * DAY_US + step * unit_s * 1_000_000);
    let far = START_US - DAY_US..END_US + DAY_US;
    let time = prop_oneof![8 => near, 1 => far];
    let shopper = prop::option::weighted(0.9, 0_i64..SHOPPERS);
    let row = (shopper, time, 0_u32..7, 1_u32..3, prop::bool::weighted(0.2));
    let row = row.prop_map(|(shopper, ts_us, series, weight, is_slow)| VisitRow {
        shopper,
        ts_us,
        series,
        weight,
        is_slow,
    });
    prop::collection::vec(row, 0..40)
}
