//! What was learned, as numbers with their n, for machines.

use serde::Serialize;

use super::arrivals::{CurveRequest, arrival_points};
use super::chain::Chain;
use super::roles::{Place, Role, share};
use super::sessions::Learned;
use crate::latency_buckets::LatencyHistogram;
use crate::time_window::rfc3339;

/// Everything that was learned.
#[derive(Debug, Serialize)]
pub struct LearnedFacts {
    /// First moment, RFC 3339.
    pub from: String,
    /// First moment after the range.
    pub to: String,
    /// Every how many-th shopper was looked at; counts are of these.
    pub one_of_shoppers: u64,
    /// Requests of the sessions.
    pub requests: u64,
    /// Requests that no shopper is known for.
    pub unattributed_requests: u64,
    /// Requests without a duration.
    pub requests_without_duration: u64,
    /// Sessions with at least one page.
    pub sessions: u64,
    /// Sessions without any.
    pub sessions_without_page: u64,
    /// Share of sessions whose shopper was not seen before in the range.
    pub new_session_share: f64,
    /// Pages per session.
    pub pages_per_session: PageFacts,
    /// Length of sessions, from the first request to the last answer.
    pub session_length: PauseFacts,
    /// Sessions per second over time, `[seconds, rate]`, without scale and speed.
    pub arrivals: Vec<[f64; 2]>,
    /// Methods and routes, most requests first.
    pub routes: Vec<RouteFacts>,
    /// Kinds of shoppers.
    pub kinds: Vec<KindFacts>,
    /// Sessions by channel.
    pub channels: Vec<ChannelFacts>,
    /// Pages that failed.
    pub failed_pages: u64,
    /// Pages that were asked for again after a failure.
    pub retried_pages: u64,
}

/// Pages per session.
#[derive(Debug, Serialize)]
pub struct PageFacts {
    /// Mean.
    pub mean: f64,
    /// Median.
    pub median: u64,
    /// 95 % have no more.
    pub p95: u64,
}

/// A length of time.
#[derive(Debug, Serialize)]
pub struct PauseFacts {
    /// Of how many.
    pub n: u64,
    /// Median, µs.
    pub median_us: Option<u64>,
    /// 95 % are no longer, µs.
    pub p95_us: Option<u64>,
}

/// A method and route.
#[derive(Debug, Serialize)]
pub struct RouteFacts {
    /// HTTP method.
    pub method: String,
    /// Path template.
    pub route: String,
    /// `page`, `call`, `file` or `rare`.
    pub role: &'static str,
    /// Its requests.
    pub requests: u64,
}

/// A kind of shopper.
#[derive(Debug, Serialize)]
pub struct KindFacts {
    /// Its name.
    pub name: &'static str,
    /// Its sessions, without those that began too late to be whole.
    pub sessions: u64,
    /// Pages they were at, per session.
    pub pages_per_session: f64,
    /// Where they began.
    pub starts: Vec<CountFacts>,
    /// Where they went, after which pause.
    pub ways: Vec<WayFacts>,
    /// Where they ended.
    pub exits: Vec<CountFacts>,
}

/// How often something was at a page.
#[derive(Debug, Serialize)]
pub struct CountFacts {
    /// Method and route.
    pub page: String,
    /// How often.
    pub n: u64,
}

/// A way from one page to another.
#[derive(Debug, Serialize)]
pub struct WayFacts {
    /// Method and route.
    pub from: String,
    /// Method and route.
    pub to: String,
    /// How often.
    pub n: u64,
    /// How often a browser went there, less than a second after the answer.
    pub at_once: u64,
    /// Pauses of people before it.
    pub pause: PauseFacts,
}

/// A channel.
#[derive(Debug, Serialize)]
pub struct ChannelFacts {
    /// Its name.
    pub name: String,
    /// Its sessions.
    pub sessions: u64,
}

impl LearnedFacts {
    /// The facts of `learned`.
    #[must_use]
    pub fn of(learned: &Learned) -> Self {
        let curve = CurveRequest {
            range: learned.range,
            scale: number(learned.one_of),
            speed: 1.0,
        };
        let (points, _) = arrival_points(&learned.starts_us, curve);
        let sessions = learned.starts_us.len() as u64;
        let visits = |chain: &Chain| chain.visits.iter().sum::<u64>();
        let pages: u64 = learned.kinds.iter().map(|kind| visits(&kind.chain)).sum();
        let counted: u64 = learned.kinds.iter().map(|kind| kind.chain.sessions).sum();
        let page = |quantile: f64| learned.pages.quantile_us(quantile).unwrap_or(0) / 1_000;
        Self {
            from: rfc3339(learned.range.start_us),
            to: rfc3339(learned.range.end_us),
            one_of_shoppers: learned.one_of,
            requests: learned.requests,
            unattributed_requests: learned.unattributed,
            requests_without_duration: learned.without_duration,
            sessions,
            sessions_without_page: learned.sessions_without_page,
            new_session_share: share(learned.new_sessions, sessions),
            pages_per_session: PageFacts {
                mean: share(pages, counted),
                median: page(0.5),
                p95: page(0.95),
            },
            session_length: PauseFacts::of(&learned.lengths),
            arrivals: points
                .into_iter()
                .map(|(at_s, rate)| [at_s, rate])
                .collect(),
            routes: learned.places.iter().map(RouteFacts::of).collect(),
            kinds: learned
                .kinds
                .iter()
                .map(|kind| KindFacts::of(kind.name, &kind.chain, &learned.places))
                .collect(),
            channels: learned
                .channels
                .iter()
                .map(|(name, sessions)| ChannelFacts {
                    name: name.clone(),
                    sessions: *sessions,
                })
                .collect(),
            failed_pages: learned.failures,
            retried_pages: learned.retries,
        }
    }
}

impl PauseFacts {
    fn of(pauses: &LatencyHistogram) -> Self {
        Self {
            n: pauses.count(),
            median_us: pauses.quantile_us(0.5),
            p95_us: pauses.quantile_us(0.95),
        }
    }
}

impl RouteFacts {
    fn of(place: &Place) -> Self {
        Self {
            method: place.method.clone(),
            route: place.route.clone(),
            role: match place.role {
                Role::Page => "page",
                Role::Call => "call",
                Role::File => "file",
                Role::Rare => "rare",
            },
            requests: place.requests,
        }
    }
}

impl KindFacts {
    fn of(name: &'static str, chain: &Chain, places: &[Place]) -> Self {
        let title = |page: usize| format!("{} {}", places[page].method, places[page].route);
        let counts = |counts: &[u64]| {
            let counts = counts.iter().enumerate().filter(|(_, n)| **n > 0);
            counts
                .map(|(page, n)| CountFacts {
                    page: title(page),
                    n: *n,
                })
                .collect()
        };
        Self {
            name,
            sessions: chain.sessions,
            pages_per_session: share(chain.visits.iter().sum(), chain.sessions),
            starts: counts(&chain.starts),
            ways: chain
                .ways
                .iter()
                .map(|((from, to), way)| WayFacts {
                    from: title(*from),
                    to: title(*to),
                    n: way.count,
                    at_once: way.at_once,
                    pause: PauseFacts::of(&way.pauses),
                })
                .collect(),
            exits: counts(&chain.exits),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "it is a small number")]
fn number(count: u64) -> f64 {
    count as f64
}
