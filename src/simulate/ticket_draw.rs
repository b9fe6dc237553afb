//! Tickets drawn by the known law, and what is true of them.
//!
//! In: counts per window, and the plan of contacts. Out: the rows of `tickets.csv` in order of time, and a
//! [`ContactTruth`]. No ticket has a text.

use super::contact_counts::{ContactCounts, ShopperKey, WindowTally};
use super::contacts::{ContactPlan, Effect, JOURNEYS, JourneyKind, WINDOW_US, delay};
use super::keys::{order_number, session_id};
use super::random::RandomStream;
use crate::time_window::rfc3339;
use serde::{Deserialize, Serialize};
use std::io::Write;

/// The share of tickets with keys after which the same customer makes contact again.
const AGAIN_SHARE: f64 = 0.08;
const HOUR_US: i64 = 3_600_000_000;
/// Within this long the second contact comes; less than a day, so that it is no net contact.
const AGAIN_WITHIN_US: i64 = 12 * HOUR_US;
/// Contacts from Monday to Sunday, relative to their mean.
const WEEKDAYS: [f64; 7] = [1.12, 1.02, 1.0, 1.0, 1.0, 0.95, 0.91];
/// Of tickets with a key whose customer has an order number, the share that names it instead of the session.
const ORDER_NAMED_SHARE: f64 = 0.6;
/// What a quiet shop is asked.
const QUIET_REASONS: [(&str, u64); 5] = [
    ("delivery", 45),
    ("return", 25),
    ("product", 15),
    ("payment", 9),
    ("website", 6),
];
const CHANNELS: [(&str, u64); 3] = [("email", 45), ("chat", 35), ("phone", 20)];

/// What is true of simulated contacts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactTruth {
    /// The file, without its folder.
    pub file: String,
    /// Whether trouble makes customers call.
    pub effect: Effect,
    /// What fails, in turn.
    pub journeys: Vec<JourneyKind>,
    /// Length of the windows of the law, s.
    pub window_s: i64,
    /// Share of failed requests from which on customers call.
    pub threshold: f64,
    /// Times the quiet rate per unit of share beyond it.
    pub slope: f64,
    /// The share at which contacts double; absent where nothing is to be found.
    pub doubles_at: Option<f64>,
    /// Mean delay from session to contact, s.
    pub delay_mean_s: f64,
    /// Contacts of a quiet shop per session.
    pub quiet_per_session: f64,
    /// Dispersion θ of the negative binomial.
    pub dispersion: f64,
    /// Episodes asked for, and placed.
    pub episodes: [u64; 2],
    /// Windows in which the share of a journey was beyond the threshold.
    pub windows_beyond: u64,
    /// Sessions of shoppers.
    pub sessions: u64,
    /// Tickets in the file.
    pub gross: u64,
    /// Those that are no second contact.
    pub net: u64,
    /// Those that name a session or an order of the log.
    pub keyed: u64,
    /// Those that would not have come without trouble.
    pub excess: u64,
    /// Contacts after the last day, which are in no file.
    pub after_end: u64,
}

/// One row of the file.
#[derive(Debug, Clone, Copy)]
struct Row {
    created_us: i64,
    reason: &'static str,
    channel: &'static str,
    key: Option<ShopperKey>,
    names_order: bool,
    is_again: bool,
}

/// Draws the tickets of all windows; returns the file and what is true of it.
pub fn tickets(
    plan: &ContactPlan,
    counts: &ContactCounts,
    days: &DaysOfWeek,
    placed_episodes: usize,
    random: &mut RandomStream,
) -> (Vec<u8>, ContactTruth) {
    let mut truth = ContactTruth::new(plan, placed_episodes);
    let mut rows = Vec::new();
    for (index, window) in (0_i64..).zip(&counts.windows) {
        let start_us = days.start_us + index * WINDOW_US;
        let law = WindowLaw::new(plan, window, start_us, days);
        truth.sessions += window.sessions;
        truth.windows_beyond += u64::from(law.is_beyond);
        for _ in 0..random.negative_binomial(law.mean(), plan.dispersion) {
            draw(plan, &law, window, random, &mut rows, &mut truth);
        }
    }
    let all = rows.len();
    rows.retain(|row| row.created_us < days.end_us);
    truth.after_end = (all - rows.len()) as u64;
    rows.sort_by_key(|row| row.created_us);
    truth.gross = rows.len() as u64;
    truth.net = rows.iter().filter(|row| !row.is_again).count() as u64;
    truth.keyed = rows.iter().filter(|row| row.key.is_some()).count() as u64;
    (file(&rows), truth)
}

/// The stretch of the days, and which weekday each is.
#[derive(Debug, Clone)]
pub struct DaysOfWeek {
    /// The first µs.
    pub start_us: i64,
    /// The first µs after them.
    pub end_us: i64,
    /// Weekday of the first day, from Monday 0.
    pub first_weekday: usize,
}

impl DaysOfWeek {
    fn factor(&self, ts_us: i64) -> f64 {
        let day = usize::try_from((ts_us - self.start_us) / super::traffic::DAY_US).unwrap_or(0);
        WEEKDAYS[(self.first_weekday + day) % WEEKDAYS.len()]
    }
}

/// The law in one window.
struct WindowLaw {
    start_us: i64,
    quiet: f64,
    /// Expected contacts because of each journey.
    excess: [f64; JOURNEYS],
    is_beyond: bool,
}

impl WindowLaw {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 sessions")]
    fn new(plan: &ContactPlan, window: &WindowTally, start_us: i64, days: &DaysOfWeek) -> Self {
        let sessions = window.sessions as f64;
        let quiet = sessions * plan.per_1000_sessions / 1_000.0 * days.factor(start_us);
        let shares = window.shares();
        let is_beyond = plan
            .journeys
            .iter()
            .any(|journey| shares[journey.index()].is_some_and(|share| share > plan.threshold));
        Self {
            start_us,
            quiet,
            excess: plan.excess(shares).map(|times| quiet * times),
            is_beyond,
        }
    }

    fn mean(&self) -> f64 {
        self.quiet + self.excess.iter().sum::<f64>()
    }
}

fn draw(
    plan: &ContactPlan,
    law: &WindowLaw,
    window: &WindowTally,
    random: &mut RandomStream,
    rows: &mut Vec<Row>,
    truth: &mut ContactTruth,
) {
    let mut point = random.unit() * law.mean();
    point -= law.quiet;
    let because_of = (point >= 0.0).then(|| {
        let found = JourneyKind::ALL.into_iter().find(|journey| {
            point -= law.excess[journey.index()];
            point < 0.0
        });
        found.unwrap_or(plan.journeys[0])
    });
    let kept = match because_of {
        Some(journey) => &window.hurt[journey.index()],
        None => &window.came,
    };
    let named = if random.chance(plan.keyed_share) && !kept.keys.is_empty() {
        let place = random.below(kept.keys.len() as u64);
        usize::try_from(place)
            .ok()
            .and_then(|place| kept.keys.get(place))
            .copied()
    } else {
        None
    };
    let within_us = i64::try_from(random.below(WINDOW_US.unsigned_abs())).unwrap_or(0);
    let from_us = named.map_or(law.start_us + within_us, |key| key.at_us);
    let row = Row {
        created_us: from_us + delay(plan.delay_us, random),
        reason: match because_of {
            Some(journey) => journey.reason(),
            None => one_of(&QUIET_REASONS, random),
        },
        channel: one_of(&CHANNELS, random),
        key: named,
        names_order: named.is_some_and(|key| key.has_order) && random.chance(ORDER_NAMED_SHARE),
        is_again: false,
    };
    truth.excess += u64::from(because_of.is_some());
    rows.push(row);
    if row.key.is_some() && random.chance(AGAIN_SHARE) {
        let after_us = i64::try_from(random.below(AGAIN_WITHIN_US.unsigned_abs())).unwrap_or(0);
        rows.push(Row {
            created_us: row.created_us + after_us,
            is_again: true,
            ..row
        });
    }
}

fn one_of(choices: &[(&'static str, u64)], random: &mut RandomStream) -> &'static str {
    let total = choices.iter().map(|(_, weight)| weight).sum();
    let mut point = random.below(total);
    for (name, weight) in choices {
        if point < *weight {
            return name;
        }
        point -= weight;
    }
    choices[0].0
}

/// The rows as CSV; nothing in them needs quotes.
fn file(rows: &[Row]) -> Vec<u8> {
    let mut bytes = b"ticket_id,created_at,reason,channel,order_id,session_id\n".to_vec();
    for (number, row) in (100_001_u64..).zip(rows) {
        let second_us = row.created_us - row.created_us.rem_euclid(1_000_000);
        let order = row.key.filter(|_| row.names_order);
        let order = order.map_or_else(String::new, |key| order_number(key.click_id));
        let session = row.key.filter(|_| !row.names_order);
        let session = session.map_or_else(String::new, |key| session_id(key.click_id));
        // Writing to memory cannot fail.
        let _ = writeln!(
            bytes,
            "{number},{},{},{},{order},{session}",
            rfc3339(second_us),
            row.reason,
            row.channel
        );
    }
    bytes
}

impl ContactTruth {
    #[expect(clippy::cast_precision_loss, reason = "at most a day")]
    fn new(plan: &ContactPlan, placed: usize) -> Self {
        Self {
            file: super::TICKETS_FILE.to_owned(),
            effect: plan.effect,
            journeys: plan.journeys.clone(),
            window_s: WINDOW_US / 1_000_000,
            threshold: plan.threshold,
            slope: plan.slope,
            doubles_at: plan.level(2.0),
            delay_mean_s: plan.delay_us as f64 / 1e6,
            quiet_per_session: plan.per_1000_sessions / 1_000.0,
            dispersion: plan.dispersion,
            episodes: [u64::from(plan.episodes), placed as u64],
            windows_beyond: 0,
            sessions: 0,
            gross: 0,
            net: 0,
            keyed: 0,
            excess: 0,
            after_end: 0,
        }
    }
}
