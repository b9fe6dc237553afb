//! Scenarios that last seconds, and SLIs that a short run can judge.

/// A surge of a few seconds.
pub struct Surge {
    /// What is driven, as YAML in one line.
    pub target: String,
    /// Shoppers per second from start to end.
    pub shoppers_per_s: u32,
    /// Length of the curve.
    pub length_s: u32,
    /// `poisson` or `even`.
    pub arrivals: &'static str,
    /// When the run is invalid. A test machine is busy: seconds, unless that is the point.
    pub schedule_lag_p99: &'static str,
    /// The steps of the only journey, as YAML in one line.
    pub steps: &'static str,
}

/// From the first page to the order.
pub const BUY: &str = "[{get: /}, {get: '/product/{product}'}, {post: /cart, form: {product: '{product}', quantity: '1'}}, {post: /checkout}]";
/// One page.
pub const LOOK: &str = "[{get: /}]";

impl Default for Surge {
    fn default() -> Self {
        Self {
            target: "{shop: {checkouts_per_s: 60, payment_time: 20ms, payment_queue: 300}}"
                .to_owned(),
            shoppers_per_s: 10,
            length_s: 3,
            arrivals: "poisson",
            schedule_lag_p99: "10s",
            steps: BUY,
        }
    }
}

impl Surge {
    /// The scenario file.
    pub fn yaml(&self) -> String {
        format!(
            "name: short\nseed: 7\ntarget: {target}\ntraffic:\n  arrivals: {arrivals}\n  curve:\n    - {{at: 0s, shoppers_per_s: {rate}}}\n    - {{at: {length}s, shoppers_per_s: {rate}}}\nshoppers:\n  - {{name: all, share: 1, journey: only}}\njourneys:\n  only: {steps}\nproducts: 1000\nlimits: {{in_flight: 500, step_timeout: 30s, drain: 60s, schedule_lag_p99: {lag}}}\n",
            target = self.target,
            arrivals = self.arrivals,
            rate = self.shoppers_per_s,
            length = self.length_s,
            steps = self.steps,
            lag = self.schedule_lag_p99,
        )
    }
}

/// SLIs with levels so wide that only a broken shop misses them.
pub const WIDE_SLIS: &str = "\
name: wide
window: 1m
rehearsal_window: 1s
routes: ['/product/{id}']
events:
  page: {title: Any request}
  checkout: {title: Checkout, method: POST, route: /checkout}
  order: {title: Ordered, method: POST, route: /checkout, status: [2xx, 3xx]}
slis:
  - {kind: latency, name: page_p95, title: 'Any page, p95', event: page, percentile: 95, objective: 25s, min_count: 1}
  - {kind: ratio, name: checkout_success, title: Checkouts answered well, event: checkout, bad_status: [4xx, 5xx, none], objective: 0.5, min_count: 1}
  - {kind: latency_cut, name: checkout_within_3s, title: Checkouts within 3 s, event: checkout, limit: 3s, min_count: 1}
  - {kind: rate, name: orders_per_min, title: Orders, event: order, per: minute}
";

/// One SLI of any request, for targets that are no shop.
pub const ANY_PAGE_SLIS: &str = "\
name: any-page
window: 1m
rehearsal_window: 1s
events:
  page: {title: Any request}
slis:
  - {kind: ratio, name: availability, title: Requests answered, event: page, objective: 0.5, min_count: 1}
";
