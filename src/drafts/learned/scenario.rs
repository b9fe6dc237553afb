//! What was learned as the text of a scenario file, with n beside each number.

mod journey;

use serde_json::Value;

use super::arrivals::{CurveRequest, arrival_points};
use super::products::Skew;
use super::requests::RequestSeries;
use super::roles::{Role, share};
use super::sessions::{DIRECT, Learned};
use crate::drafts::{Flow, ScenarioLines, duration_text, share_text};
use crate::time_window::{in_words, rfc3339};
use journey::{JourneyWriter, Steps};

/// Channels with a smaller share are written as one.
const CHANNEL_SHARE_MIN: f64 = 0.01;
/// The exponent where the lake does not tell it: usual for shops.
const SKEW_DEFAULT: f64 = 1.0;
/// Products where nothing tells how many there are.
const PRODUCTS_DEFAULT: u64 = 1_000;
/// A share of requests past which what is missing matters.
const NOTICE_SHARE: f64 = 0.05;

/// How the scenario shall be.
#[derive(Debug, Clone)]
pub struct ScenarioRequest {
    /// Its name.
    pub name: String,
    /// How many times as many sessions.
    pub scale: f64,
    /// How many times as fast the curve goes by; rates stay.
    pub speed: f64,
    /// How many times as fast shoppers think.
    pub think_speed: f64,
    /// What is driven; without it the target of the donor, or the demo shop.
    pub base_url: Option<String>,
    /// Hosts that may be driven besides this machine.
    pub hosts_allowed: Vec<String>,
    /// How products are wanted.
    pub skew: Skew,
    /// The scenario that says what the lake does not know.
    pub donor: Option<Donor>,
    /// Whether calls that pages make are files of their steps.
    pub has_calls: bool,
}

/// A scenario whose requests are used.
#[derive(Debug, Clone)]
pub struct Donor {
    /// Its file.
    pub path: String,
    /// All that it says.
    pub definition: Value,
    /// Its steps.
    pub steps: Vec<DonorStep>,
}

/// A step of a donor.
#[derive(Debug, Clone)]
pub struct DonorStep {
    /// HTTP method.
    pub method: String,
    /// The route of its path.
    pub route: String,
    /// The step as the file has it.
    pub step: Value,
    /// Whether it follows redirects.
    pub follows_redirects: bool,
}

impl Donor {
    /// Its step for a method and route; the first, where there are several.
    #[must_use]
    pub fn step(&self, method: &str, route: &str) -> Option<&DonorStep> {
        let mut steps = self.steps.iter();
        steps.find(|step| step.method == method && step.route == route)
    }

    /// Marks what is asked for by a step that follows redirects.
    pub fn mark_followed(&self, series: &mut [RequestSeries]) {
        for one in series {
            let step = self.step(&one.method, &one.route);
            one.is_followed = step.is_some_and(|step| step.follows_redirects);
        }
    }
}

/// A scenario file, and what could not be known.
#[derive(Debug)]
pub struct LearnedScenario {
    /// The file.
    pub text: String,
    /// Each in a line.
    pub notices: Vec<String>,
}

/// The scenario of what was learned.
#[must_use]
pub fn learned_scenario(learned: &Learned, request: &ScenarioRequest) -> LearnedScenario {
    let mut notices = notices(learned, request);
    let mut lines = ScenarioLines::default();
    head(&mut lines, learned, request);
    target(&mut lines, request);
    traffic(&mut lines, learned, request);
    channels(&mut lines, learned);
    lines.open(0, "shoppers");
    for kind in &learned.kinds {
        let shopper = Flow::map([
            ("name", Flow::text(kind.name)),
            ("share", Flow::count(kind.chain.sessions)),
            ("journey", Flow::text(kind.name)),
        ]);
        lines.item(1, &shopper, &format!("n {} sessions", kind.chain.sessions));
    }
    lines.gap();
    products(&mut lines, request);
    if let Some(data) = request
        .donor
        .as_ref()
        .and_then(|donor| donor.definition.get("data"))
    {
        lines.entry(0, "data", &Flow::of(data), "");
    }
    let drain_us = learned.lengths.quantile_us(0.95).unwrap_or(0);
    let drain = Flow::map([(
        "drain",
        Flow::text(duration_text(
            scaled_us(drain_us.max(30_000_000), request.think_speed).max(30_000_000),
        )),
    )]);
    lines.entry(
        0,
        "limits",
        &drain,
        "95 % of sessions are over so long after they began",
    );
    lines.gap();
    lines.comment(0, "Shares of `next` are counts. A shopper begins at one of the first steps, `chance` after `chance`; the steps behind them are the pages to which it goes on.");
    lines.open(0, "journeys");
    let mut steps = Steps::new(learned, request);
    for kind in &learned.kinds {
        JourneyWriter::new(&mut lines, learned, request, &mut steps, kind).write();
    }
    notices.extend(steps.notices);
    let text = lines.finish();
    if request.skew.exponent.is_some() && !text.contains("product}") {
        notices.push("no step names a product, so the skew changes nothing: write `{next_product}` into the path of the page that has it".to_owned());
    }
    LearnedScenario { text, notices }
}

/// What is not learned of routes.
fn route_notices(learned: &Learned, request: &ScenarioRequest) -> Vec<String> {
    let mut notices = Vec::new();
    let count = |role: Role| {
        learned
            .places
            .iter()
            .filter(|place| place.role == role)
            .map(|place| place.requests)
            .sum::<u64>()
    };
    let all = count(Role::File) + count(Role::Call) + count(Role::Page) + count(Role::Rare);
    let files = count(Role::File);
    if files > 0 {
        notices.push(format!(
            "{files} requests for files ({}) are no steps: the lake has no names of files; `page_assets: true` at a step gets what its page names",
            percent(share(files, all))
        ));
    }
    if count(Role::Call) > 0 {
        let said = if request.has_calls {
            "are files of their page where their path is known"
        } else {
            "were left out"
        };
        notices.push(format!(
            "{} requests that pages make by themselves ({}) {said}",
            count(Role::Call),
            percent(share(count(Role::Call), all))
        ));
    }
    if learned.followed > 0 {
        notices.push(format!(
            "{} requests behind redirects are no steps: steps of --forms with `redirects: follow` make them",
            learned.followed
        ));
    }
    let rare: Vec<String> = learned
        .places
        .iter()
        .filter(|place| place.role == Role::Rare)
        .map(|place| format!("{} {}", place.method, place.route))
        .collect();
    if !rare.is_empty() {
        let shown = rare.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
        notices.push(format!(
            "{} rare routes with {} requests were left out: {shown}{}",
            rare.len(),
            count(Role::Rare),
            if rare.len() > 5 { ", …" } else { "" }
        ));
    }
    notices
}

fn notices(learned: &Learned, request: &ScenarioRequest) -> Vec<String> {
    let mut notices = route_notices(learned, request);
    if share(
        learned.unattributed,
        learned.unattributed + learned.requests,
    ) > NOTICE_SHARE
    {
        notices.push(format!("{} requests have no shopper and could not be followed: sessions are more than were counted", learned.unattributed));
    }
    if share(learned.without_duration, learned.requests) > NOTICE_SHARE {
        notices.push(format!(
            "{} requests have no duration: pauses after them have the answer in them",
            learned.without_duration
        ));
    }
    if learned.is_short {
        notices.push(
            "less than four hours are known: visits that went on after their end count as over"
                .to_owned(),
        );
    }
    if learned.is_sampled_log {
        notices.push(
            "the log leaves requests out: sessions are torn apart, and pauses too long".to_owned(),
        );
    }
    if learned.one_of > 1 {
        notices.push(format!(
            "one of {} shoppers was looked at; rates are those of all",
            learned.one_of
        ));
    }
    if request.skew.exponent.is_none() {
        notices.push(format!("how products are wanted is not in the lake (`ingest --keep-query` keeps parameters such as `product`): `product_skew: {SKEW_DEFAULT:?}` is assumed"));
    }
    if request.skew.exponent.is_some() && !request.skew.is_numbered() {
        notices.push("products in the log have other names than 1, 2, 3, …, which is what is drawn: the target has to know these numbers, or write how its names are made of them, such as `A-{next_product}`".to_owned());
    }
    notices.push("bodies, logins and the text of searches are in no lake".to_owned());
    notices
}

fn head(lines: &mut ScenarioLines, learned: &Learned, request: &ScenarioRequest) {
    let sessions = learned.starts_us.len();
    lines.comment(0, &format!(
        "Learned from {sessions} sessions of customers with {} requests, {} to {}; bots are left out.",
        learned.requests,
        rfc3339(learned.range.start_us),
        rfc3339(learned.range.end_us)
    ));
    let visits: u64 = learned
        .kinds
        .iter()
        .flat_map(|kind| &kind.chain.visits)
        .sum();
    let counted: u64 = learned.kinds.iter().map(|kind| kind.chain.sessions).sum();
    lines.comment(0, &format!(
        "A session has {:.2} pages in the mean (median {}, p95 {}) and lasts {} in the median, {} in the p95 (n {sessions}). {} of sessions are of shoppers who were not seen before in this range.",
        share(visits, counted),
        learned.pages.quantile_us(0.5).unwrap_or(0) / 1_000,
        learned.pages.quantile_us(0.95).unwrap_or(0) / 1_000,
        duration_text(learned.lengths.quantile_us(0.5).unwrap_or(0)),
        duration_text(learned.lengths.quantile_us(0.95).unwrap_or(0)),
        percent(share(learned.new_sessions, sessions as u64))
    ));
    lines.comment(0, &format!(
        "{} pages failed; what shoppers did after a failure is not in here. {} pages were asked for again within a minute: `retries` of a shopper says so if you want it.",
        learned.failures, learned.retries
    ));
    lines.comment(0, "Pauses run from the last answer to the next click, and count as those of people from 1 s on.");
    lines.entry(0, "name", &Flow::text(request.name.clone()), "");
    lines.entry(0, "seed", &Flow::count(1), "");
    lines.gap();
}

fn target(lines: &mut ScenarioLines, request: &ScenarioRequest) {
    let of_donor = request
        .donor
        .as_ref()
        .and_then(|donor| donor.definition.get("target"));
    match (&request.base_url, of_donor) {
        (Some(url), _) => {
            lines.open(0, "target");
            lines.entry(1, "base_url", &Flow::text(url.clone()), "");
            if !request.hosts_allowed.is_empty() {
                let hosts = request
                    .hosts_allowed
                    .iter()
                    .map(|host| Flow::text(host.clone()));
                lines.entry(1, "hosts_allowed", &Flow::List(hosts.collect()), "");
            }
        }
        (None, Some(target)) => lines.entry(0, "target", &Flow::of(target), ""),
        (None, None) => {
            lines.comment(
                0,
                "The demo shop. Drive your own: `--host URL`, or `base_url` with `hosts_allowed`.",
            );
            lines.open(0, "target");
            let shop = Flow::map([("checkouts_per_s", Flow::count(60))]);
            lines.entry(1, "shop", &shop, "");
        }
    }
    lines.gap();
}

fn traffic(lines: &mut ScenarioLines, learned: &Learned, request: &ScenarioRequest) {
    let curve = CurveRequest {
        range: learned.range,
        scale: request.scale * number(learned.one_of),
        speed: request.speed,
    };
    let (points, stretch_s) = arrival_points(&learned.starts_us, curve);
    let times = |factor: f64, what: &str| {
        if factor == 1.0 {
            String::new()
        } else {
            format!(", {} times as {what}", share_text(factor))
        }
    };
    lines.comment(
        0,
        &format!(
            "Sessions that begin per second, counted by {}{}{}.",
            in_words(stretch_s * 1_000_000),
            times(request.scale, "many"),
            times(request.speed, "fast")
        ),
    );
    lines.open(0, "traffic");
    lines.entry(1, "arrivals", &Flow::text("poisson"), "");
    lines.open(1, "curve");
    for (at_s, rate) in points {
        let point = Flow::map([
            ("at", Flow::text(format!("{at_s:.3}s"))),
            ("shoppers_per_s", Flow::Bare(share_text(rate))),
        ]);
        lines.item(2, &point, "");
    }
    lines.gap();
}

fn channels(lines: &mut ScenarioLines, learned: &Learned) {
    let sessions = learned.starts_us.len() as u64;
    let is_told = learned.channels.iter().any(|(name, _)| name != DIRECT);
    if !is_told {
        return;
    }
    lines.comment(0, "What sent them, by the first request that says it.");
    lines.open(0, "channels");
    let (mut rest, mut folded) = (0, 0);
    for (name, count) in &learned.channels {
        if share(*count, sessions) < CHANNEL_SHARE_MIN {
            rest += count;
            folded += 1;
            continue;
        }
        let mut entries = vec![
            ("name".to_owned(), Flow::text(name.clone())),
            ("share".to_owned(), Flow::count(*count)),
        ];
        entries.extend(landing(name));
        lines.item(1, &Flow::Map(entries), "");
    }
    if rest > 0 {
        let other = Flow::map([("name", Flow::text("others")), ("share", Flow::count(rest))]);
        lines.item(
            1,
            &other,
            &format!(
                "{folded} channels below {} each",
                percent(CHANNEL_SHARE_MIN)
            ),
        );
    }
    lines.gap();
}

/// How somebody who comes by a channel lands, so that the target's log tells it again.
fn landing(channel: &str) -> Option<(String, Flow)> {
    let encoded =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let (kind, rest) = channel.split_once(':')?;
    match kind {
        "utm" => {
            let (source, medium) = rest.split_once('/').unwrap_or((rest, ""));
            let medium = if medium.is_empty() {
                String::new()
            } else {
                format!("&utm_medium={}", encoded(medium))
            };
            Some((
                "query".to_owned(),
                Flow::text(format!("utm_source={}{medium}", encoded(source))),
            ))
        }
        "referral" => Some((
            "referrer".to_owned(),
            Flow::text(format!("https://{rest}/")),
        )),
        _ => None,
    }
}

fn products(lines: &mut ScenarioLines, request: &ScenarioRequest) {
    let of_donor = request
        .donor
        .as_ref()
        .and_then(|donor| donor.definition.get("products"))
        .and_then(Value::as_u64);
    let skew = &request.skew;
    let (count, comment) = match (of_donor, skew.exponent.and(skew.products_drawn())) {
        (Some(products), _) => (products, "as the forms say".to_owned()),
        (None, Some(products)) => (
            products,
            format!("n {} different ones were asked for", skew.products),
        ),
        (None, None) => (
            PRODUCTS_DEFAULT,
            "assumed: set it to what the target has".to_owned(),
        ),
    };
    lines.entry(0, "products", &Flow::count(count), &comment);
    let (exponent, comment) = match skew.exponent {
        Some(exponent) => (
            exponent,
            format!(
                "Zipf's exponent of n {} requests for {} products",
                skew.requests, skew.products
            ),
        ),
        None => (
            SKEW_DEFAULT,
            "assumed: the lake does not say which products were wanted".to_owned(),
        ),
    };
    lines.entry(
        0,
        "product_skew",
        &Flow::Bare(format!("{exponent:.2}")),
        &comment,
    );
    lines.gap();
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A length of time for shoppers who are so many times as fast, µs.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "pauses are below 2^53 µs, and speeds above 0"
)]
fn scaled_us(us: u64, speed: f64) -> u64 {
    (us as f64 / speed).round() as u64
}

#[expect(clippy::cast_precision_loss, reason = "it is a small number")]
fn number(count: u64) -> f64 {
    count as f64
}
