//! What each route is for: a page somebody goes to, or something that a page asks for by itself.
//!
//! In: sessions. Out: a role per method and route. A request that begins less than a second after
//! everything before it was answered was made by a browser; a route of which four of five are such is
//! a call, or a file where its name ends like one.

use std::collections::BTreeMap;

use super::requests::{RequestSeries, Requests};
use super::sessions::SessionRows;
use crate::drafts::FILE_ENDINGS;

/// Requests that begin sooner after the last answer were made by the browser, µs.
pub const BROWSER_US: i64 = 1_000_000;
/// The share of its requests from which on a route is the browser's.
const BROWSER_SHARE: f64 = 0.8;
/// The most routes that are told apart; others are rare by definition.
const STATES_MAX: usize = 40;
/// The share of its requests above which a parameter belongs to a route.
const PRODUCT_SHARE: f64 = 0.5;
/// How routes end, besides, that no shopper goes to.
const TEXT_ENDINGS: [&str; 2] = ["txt", "xml"];
/// What routes past the limits of the lake are called.
const OTHER_ROUTE: &str = "{other}";

/// What a route is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A page, or a form that is sent: a state of the chain.
    Page,
    /// Something that scripts of a page ask for.
    Call,
    /// A file of a page.
    File,
    /// A page that hardly anybody goes to.
    Rare,
}

/// One method and route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// HTTP method.
    pub method: String,
    /// Path template.
    pub route: String,
    /// What it is for.
    pub role: Role,
    /// Its requests.
    pub requests: u64,
    /// The query parameter that names a product in most of them.
    pub product_parameter: Option<&'static str>,
}

impl Place {
    /// Whether it changes nothing at the target.
    pub fn is_read(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD")
    }
}

/// All methods and routes, and which series is of which.
#[derive(Debug, Default)]
pub struct Places {
    /// Most requests first.
    pub places: Vec<Place>,
    /// By series, the index of its place.
    pub of_series: Vec<usize>,
}

impl Places {
    /// The roles of everything in `requests`, whose rows are sorted.
    pub fn new(requests: &Requests, gap_us: i64, share_min: f64) -> Self {
        let (mut found, mut of_series) = indexed(&requests.series);
        let mut by_browser = vec![0_u64; found.len()];
        for session in SessionRows::new(&requests.rows, gap_us) {
            let mut answered_us: Option<i64> = None;
            for row in session {
                let place = of_series[row.series as usize];
                found[place].requests += 1;
                let is_soon = answered_us.is_some_and(|end_us| row.ts_us - end_us < BROWSER_US);
                by_browser[place] += u64::from(is_soon);
                answered_us = Some(answered_us.unwrap_or(i64::MIN).max(row.end_us()));
            }
        }
        for (index, parameter, count) in product_parameters(&requests.series, &of_series) {
            let place = &mut found[index];
            if share(count, place.requests) > PRODUCT_SHARE {
                place.product_parameter = Some(parameter);
            }
        }
        for (place, by_browser) in found.iter_mut().zip(by_browser) {
            let is_browser = share(by_browser, place.requests) >= BROWSER_SHARE;
            place.role = match (is_file(&place.route), place.is_read() && is_browser) {
                (true, _) => Role::File,
                (false, true) => Role::Call,
                (false, false) => Role::Page,
            };
        }
        let order = sorted_by_requests(&found);
        let mut rank = vec![0; found.len()];
        for (new, old) in order.iter().enumerate() {
            rank[*old] = new;
        }
        of_series.iter_mut().for_each(|place| *place = rank[*place]);
        let mut places: Vec<Place> = order
            .into_iter()
            .map(|index| found[index].clone())
            .collect();
        mark_rare(&mut places, share_min);
        Self { places, of_series }
    }
}

/// How many requests of each place name a product by which parameter.
fn product_parameters(
    series: &[RequestSeries],
    of_series: &[usize],
) -> impl Iterator<Item = (usize, &'static str, u64)> {
    let mut counts: BTreeMap<(usize, &'static str), u64> = BTreeMap::new();
    for (one, place) in series.iter().zip(of_series) {
        for (parameter, count) in &one.product_parameters {
            *counts.entry((*place, parameter)).or_default() += count;
        }
    }
    let counts = counts.into_iter();
    counts.map(|((place, parameter), count)| (place, parameter, count))
}

fn indexed(series: &[RequestSeries]) -> (Vec<Place>, Vec<usize>) {
    let mut places: Vec<Place> = Vec::new();
    let mut known: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut of_series = Vec::new();
    for one in series {
        let next = places.len();
        let place = *known.entry((&one.method, &one.route)).or_insert(next);
        if place == next {
            places.push(Place {
                method: one.method.clone(),
                route: one.route.clone(),
                role: Role::Page,
                requests: 0,
                product_parameter: None,
            });
        }
        of_series.push(place);
    }
    (places, of_series)
}

fn sorted_by_requests(places: &[Place]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|one, other| {
        let (one, other) = (&places[*one], &places[*other]);
        let key = |place: &Place| (place.route.clone(), place.method.clone());
        other
            .requests
            .cmp(&one.requests)
            .then_with(|| key(one).cmp(&key(other)))
    });
    order
}

fn mark_rare(places: &mut [Place], share_min: f64) {
    let pages: u64 = places
        .iter()
        .filter(|place| place.role == Role::Page)
        .map(|place| place.requests)
        .sum();
    let mut states = 0;
    for place in places.iter_mut().filter(|place| place.role == Role::Page) {
        let is_known = matches!(
            place.method.as_str(),
            "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE"
        ) && place.route.starts_with('/');
        let is_rare =
            share(place.requests, pages) < share_min || !is_known || place.route == OTHER_ROUTE;
        if is_rare || states == STATES_MAX {
            place.role = Role::Rare;
        } else {
            states += 1;
        }
    }
}

fn is_file(route: &str) -> bool {
    let last = route.rsplit('/').next().unwrap_or_default();
    let ending = last.rsplit_once('.').map_or("", |(_, ending)| ending);
    FILE_ENDINGS
        .iter()
        .chain(&TEXT_ENDINGS)
        .any(|known| ending.eq_ignore_ascii_case(known))
}

#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
pub fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}
