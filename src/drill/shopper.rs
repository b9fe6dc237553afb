//! One shopper on a journey, small enough that a million of them can think at once.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use super::jar::CookieJar;
use crate::scenario::{Arrival, DrillPlan, ShopperVariables, StepPlan, Walk};

/// A shopper between or during requests.
#[derive(Debug)]
pub struct Shopper {
    /// Number of the arrival.
    pub number: u64,
    /// When the next request is due, µs since the start.
    pub due_us: i64,
    /// When it loses patience with it all, µs since the start.
    pub leaves_us: i64,
    pub walk: Walk,
    pub product: u32,
    pub kind: u16,
    /// Index of the channel, or `u16::MAX`.
    pub channel: u16,
    /// Attempts of this step that were made already.
    pub attempts: u16,
    /// How often it reloaded this step already.
    pub reloads: u16,
    /// How long it waits for an answer, µs after the request was due.
    pub patience_us: i64,
    /// Whether it has made its first request.
    pub has_come: bool,
    /// The worker that has its connections, where they are its own.
    pub worker: u16,
    pub jar: CookieJar,
    /// What was taken from answers, by slot; empty before the first.
    pub taken: Vec<Option<Box<str>>>,
    pub random: Pcg32,
}

impl Shopper {
    /// The shopper of an arrival; `None` for one whom chance gives nothing to do.
    pub fn new(plan: &DrillPlan, arrival: Arrival) -> Option<Self> {
        let mut random = Pcg32::seed_from_u64(plan.seed ^ arrival.number.rotate_left(32));
        let kind = &plan.kinds[arrival.kind];
        let walk = Walk::begin(plan, kind.journey, &mut random)?;
        let stays_us = kind
            .patience
            .session
            .map(|session| session.draw_us(&mut random));
        let mut shopper = Self {
            number: arrival.number,
            due_us: arrival.due_us,
            leaves_us: stays_us
                .map_or(i64::MAX, |stays_us| arrival.due_us.saturating_add(stays_us)),
            walk,
            product: arrival.product,
            kind: short(arrival.kind),
            channel: arrival.channel.map_or(u16::MAX, short),
            attempts: 0,
            reloads: 0,
            patience_us: i64::MAX,
            has_come: false,
            worker: 0,
            jar: CookieJar::default(),
            taken: Vec::new(),
            random,
        };
        shopper.due_us += shopper.think_us(plan);
        shopper.patience_us = shopper.patience_us(plan);
        Some(shopper)
    }

    pub fn step<'a>(&self, plan: &'a DrillPlan) -> &'a StepPlan {
        &plan.journeys[usize::from(self.walk.journey)].steps[usize::from(self.walk.step)]
    }

    pub fn variables<'a>(&'a self, plan: &'a DrillPlan) -> ShopperVariables<'a> {
        ShopperVariables {
            product: self.product,
            shopper: self.number,
            data: &plan.data,
            seed: plan.seed,
            taken: &self.taken,
        }
    }

    /// Keeps what was taken from an answer.
    pub fn take(&mut self, plan: &DrillPlan, slot: usize, value: String) {
        if self.taken.is_empty() {
            self.taken.resize(plan.taken_slots, None);
        }
        self.taken[slot] = Some(value.into());
    }

    /// Goes on to the next step after an answer at `done_us`; `false` at the end of the journey.
    pub fn advance(&mut self, plan: &DrillPlan, done_us: i64) -> bool {
        let Some(walk) = self.walk.next(plan, &mut self.random) else {
            return false;
        };
        self.walk = walk;
        self.attempts = 0;
        self.reloads = 0;
        self.patience_us = self.patience_us(plan);
        self.due_us = done_us + self.think_us(plan);
        true
    }

    /// Whether chance says so.
    pub fn is_chosen(&mut self, share: f64) -> bool {
        share > 0.0 && self.random.random_bool(share)
    }

    /// How long it waits for the answer of a step.
    fn patience_us(&mut self, plan: &DrillPlan) -> i64 {
        let answer = plan.kinds[usize::from(self.kind)].patience.answer;
        answer.map_or(i64::MAX, |answer| answer.draw_us(&mut self.random))
    }

    fn think_us(&mut self, plan: &DrillPlan) -> i64 {
        let think = self.step(plan).think;
        think.draw_us(&mut self.random)
    }
}

fn short(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}
