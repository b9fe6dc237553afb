//! Sessions: requests of one shopper without a long pause between them, and what is counted of them.

use std::collections::BTreeMap;

use super::chain::{Chain, Visit};
use super::requests::{LearnedPlan, Request, Requests};
use super::roles::{BROWSER_US, Place, Places, Role};
use crate::latency_buckets::LatencyHistogram;
use crate::time_window::TimeWindow;

/// The same page again so soon after a failure is another attempt, µs.
const RETRY_US: i64 = 60_000_000;
/// Kinds with fewer sessions are no kind of their own.
const KIND_SESSIONS_MIN: u64 = 50;
/// Name of the channel of those whom nothing sent.
pub const DIRECT: &str = "direct";

/// What was learned.
#[derive(Debug)]
pub struct Learned {
    /// Sessions that begin in it were learned from.
    pub range: TimeWindow,
    /// Every how many-th shopper was looked at; counts are of these.
    pub one_of: u64,
    /// Requests of those sessions.
    pub requests: u64,
    /// Requests in the range that no shopper is known for.
    pub unattributed: u64,
    /// Requests in the range without a duration, after which pauses seem longer.
    pub without_duration: u64,
    /// Whether the log leaves out requests, which tears sessions apart.
    pub is_sampled_log: bool,
    /// Whether the range is too short to leave out those who may have gone on after its end.
    pub is_short: bool,
    /// When each session began, UTC µs, ascending.
    pub starts_us: Vec<i64>,
    /// Sessions without a single page: pictures on other sites, feeds.
    pub sessions_without_page: u64,
    /// Sessions of shoppers who were not seen before in the range.
    pub new_sessions: u64,
    /// Pages per session, as a histogram of 1,000 per page.
    pub pages: LatencyHistogram,
    /// From the first request to the last answer, µs.
    pub lengths: LatencyHistogram,
    /// Methods and routes, most requests first.
    pub places: Vec<Place>,
    /// Kinds of shoppers.
    pub kinds: Vec<Kind>,
    /// Sessions by what sent the shopper, most first.
    pub channels: Vec<(String, u64)>,
    /// Pages that failed.
    pub failures: u64,
    /// Pages that were asked for again after a failure.
    pub retries: u64,
    /// Requests behind redirects that a step follows, which are no pages of their own.
    pub followed: u64,
}

/// A kind of shopper.
#[derive(Debug)]
pub struct Kind {
    /// `buyer` for those who send something, `browser` for those who only look, `shopper` for all.
    pub name: &'static str,
    /// What they do.
    pub chain: Chain,
}

/// Learns from `requests`.
#[must_use]
pub fn learn(mut requests: Requests, plan: LearnedPlan) -> Learned {
    requests.rows.sort_unstable();
    let places = Places::new(&requests, plan.gap_us, plan.share_min);
    let mut walker = Walker {
        requests: &requests,
        plan,
        told_until_us: told_until_us(plan),
        places: &places,
        looking: Chain::new(places.places.len()),
        acting: Chain::new(places.places.len()),
        learned: Learned {
            range: plan.range,
            one_of: requests.one_of.max(1),
            requests: 0,
            unattributed: requests.unattributed,
            without_duration: requests.without_duration,
            is_sampled_log: requests.is_sampled_log,
            is_short: told_until_us(plan) == i64::MAX,
            starts_us: Vec::new(),
            sessions_without_page: 0,
            new_sessions: 0,
            pages: LatencyHistogram::new(),
            lengths: LatencyHistogram::new(),
            places: Vec::new(),
            kinds: Vec::new(),
            channels: Vec::new(),
            failures: 0,
            retries: 0,
            followed: 0,
        },
        channels: BTreeMap::new(),
        visits: Vec::new(),
    };
    let mut last_shopper = None;
    for session in SessionRows::new(&requests.rows, plan.gap_us) {
        let is_in_range = plan.range.contains(session[0].ts_us);
        if is_in_range {
            walker.walk(session, last_shopper != Some(session[0].shopper));
        }
        last_shopper = Some(session[0].shopper);
    }
    walker.finish()
}

/// Two pauses of the longest before the end of what is known; all of a range that has no such time.
fn told_until_us(plan: LearnedPlan) -> i64 {
    let margin_us = plan.gap_us.saturating_mul(2);
    let is_long = plan.known_until_us - plan.range.start_us >= margin_us.saturating_mul(4);
    if is_long {
        plan.known_until_us - margin_us
    } else {
        i64::MAX
    }
}

struct Walker<'a> {
    requests: &'a Requests,
    plan: LearnedPlan,
    /// Sessions that begin later do not count for what shoppers do, only for when they come.
    told_until_us: i64,
    places: &'a Places,
    looking: Chain,
    acting: Chain,
    learned: Learned,
    channels: BTreeMap<&'a str, u64>,
    visits: Vec<Visit>,
}

impl<'a> Walker<'a> {
    fn walk(&mut self, session: &[Request], is_new: bool) {
        self.find_visits(session);
        if self.visits.is_empty() {
            self.learned.sessions_without_page += 1;
            return;
        }
        let learned = &mut self.learned;
        learned.requests += session.len() as u64;
        learned.starts_us.push(session[0].ts_us);
        learned.new_sessions += u64::from(is_new);
        learned.pages.record(self.visits.len() as u64 * 1_000);
        let end_us = session
            .iter()
            .map(Request::end_us)
            .max()
            .unwrap_or(session[0].ts_us);
        learned
            .lengths
            .record(u64::try_from(end_us - session[0].ts_us).unwrap_or(0));
        learned.failures += self.visits.iter().filter(|visit| visit.is_failed).count() as u64;
        let series = &self.requests.series;
        let mut channels = session
            .iter()
            .map(|row| series[row.series as usize].channel.as_str());
        let channel = channels
            .find(|channel| !channel.is_empty())
            .unwrap_or(DIRECT);
        *self.channels.entry(channel).or_default() += 1;
        let places = &self.places.places;
        let is_acting = self
            .visits
            .iter()
            .any(|visit| !places[visit.place].is_read());
        let chain = if is_acting {
            &mut self.acting
        } else {
            &mut self.looking
        };
        // Of those who came shortly before the end of what is known only the short visits are whole.
        if session[0].ts_us >= self.told_until_us {
            return;
        }
        let last_us = session[session.len() - 1].ts_us;
        // Of a short range all would be cut, and nobody would ever leave.
        let is_whole = self.learned.is_short
            || last_us.saturating_add(self.plan.gap_us) < self.plan.known_until_us;
        chain.add(&self.visits, is_whole);
    }

    /// The pages of a session, each with what the browser asked for after it.
    fn find_visits(&mut self, session: &[Request]) {
        self.visits.clear();
        let mut answered_us: Option<i64> = None;
        let mut is_after_rare = false;
        // Whether the step of the last page follows its redirect, and asks for what comes next by itself.
        let mut leads_on = false;
        for row in session {
            let place = self.places.of_series[row.series as usize];
            let series = &self.requests.series[row.series as usize];
            let is_failed = series.is_failure();
            let pause_us = answered_us.map(|end_us| row.ts_us - end_us);
            answered_us = Some(answered_us.unwrap_or(i64::MIN).max(row.end_us()));
            let role = self.places.places[place].role;
            if role != Role::File {
                let is_at_once = pause_us.is_some_and(|pause_us| pause_us < BROWSER_US);
                let is_behind = leads_on && is_at_once && self.places.places[place].is_read();
                let is_led = is_behind || (role == Role::Page && series.is_followed);
                leads_on = is_led && series.is_redirect();
                if let Some(last) = self.visits.last_mut().filter(|_| is_behind) {
                    last.is_failed = is_failed;
                    last.end_us = row.end_us();
                    self.learned.followed += 1;
                    continue;
                }
            }
            match role {
                Role::File | Role::Call => {
                    if let Some(visit) = self.visits.last_mut() {
                        *visit.calls.entry(place).or_default() += 1;
                    }
                }
                Role::Rare => is_after_rare = true,
                Role::Page => {
                    let again = self.visits.last_mut().filter(|last| {
                        last.is_failed && last.place == place && row.ts_us - last.end_us <= RETRY_US
                    });
                    if let Some(again) = again {
                        again.is_failed = is_failed;
                        again.end_us = row.end_us();
                        self.learned.retries += 1;
                        continue;
                    }
                    self.visits.push(Visit {
                        place,
                        // A pause around a page that is left out is none between those that stay.
                        pause_us: pause_us
                            .filter(|pause_us| *pause_us >= BROWSER_US && !is_after_rare),
                        is_at_once: pause_us.is_some_and(|pause_us| pause_us < BROWSER_US),
                        end_us: row.end_us(),
                        is_failed,
                        calls: BTreeMap::new(),
                    });
                    is_after_rare = false;
                }
            }
        }
    }

    fn finish(self) -> Learned {
        let mut learned = self.learned;
        learned.starts_us.sort_unstable();
        learned.places.clone_from(&self.places.places);
        let mut channels: Vec<(String, u64)> = self
            .channels
            .into_iter()
            .map(|(name, sessions)| (name.to_owned(), sessions))
            .collect();
        channels.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        learned.channels = channels;
        let (looking, acting) = (self.looking, self.acting);
        learned.kinds =
            if looking.sessions >= KIND_SESSIONS_MIN && acting.sessions >= KIND_SESSIONS_MIN {
                vec![
                    Kind {
                        name: "browser",
                        chain: looking,
                    },
                    Kind {
                        name: "buyer",
                        chain: acting,
                    },
                ]
            } else {
                let mut all = looking;
                all.merge(&acting);
                vec![Kind {
                    name: "shopper",
                    chain: all,
                }]
            };
        learned
    }
}

/// Sessions of sorted rows, one after the other; never empty.
pub struct SessionRows<'a> {
    rows: &'a [Request],
    gap_us: i64,
}

impl<'a> SessionRows<'a> {
    /// Those of `rows`, sorted by shopper and time.
    pub fn new(rows: &'a [Request], gap_us: i64) -> Self {
        Self { rows, gap_us }
    }
}

impl<'a> Iterator for SessionRows<'a> {
    type Item = &'a [Request];

    fn next(&mut self) -> Option<&'a [Request]> {
        if self.rows.is_empty() {
            return None;
        }
        let mut pairs = self.rows.windows(2);
        let is_cut = |pair: &[Request]| {
            pair[0].shopper != pair[1].shopper || pair[1].ts_us - pair[0].ts_us > self.gap_us
        };
        let length = pairs
            .position(is_cut)
            .map_or(self.rows.len(), |index| index + 1);
        let (session, rest) = self.rows.split_at(length);
        self.rows = rest;
        Some(session)
    }
}
