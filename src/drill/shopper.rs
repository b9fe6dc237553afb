//! One shopper on a journey, small enough that a million of them can think at once.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use super::jar::CookieJar;
use crate::scenario::{Arrival, DrillPlan, ShopperVariables};

/// A shopper between or during requests.
#[derive(Debug)]
pub struct Shopper {
    /// Number of the arrival.
    pub number: u64,
    /// When the next request is due, µs since the start.
    pub due_us: i64,
    pub journey: u16,
    pub step: u16,
    pub product: u32,
    pub jar: CookieJar,
    random: Pcg32,
}

impl Shopper {
    pub fn new(plan: &DrillPlan, arrival: Arrival) -> Self {
        let mut shopper = Self {
            number: arrival.number,
            due_us: arrival.due_us,
            journey: u16::try_from(plan.kinds[arrival.kind].journey).unwrap_or(u16::MAX),
            step: 0,
            product: arrival.product,
            jar: CookieJar::default(),
            random: Pcg32::seed_from_u64(plan.seed ^ arrival.number.rotate_left(32)),
        };
        shopper.due_us += shopper.think_us(plan);
        shopper
    }

    pub fn variables(&self) -> ShopperVariables {
        ShopperVariables {
            product: self.product,
            shopper: self.number,
        }
    }

    /// Goes on to the next step after an answer at `done_us`; `false` at the end of the journey.
    pub fn advance(&mut self, plan: &DrillPlan, done_us: i64) -> bool {
        self.step += 1;
        let steps = &plan.journeys[usize::from(self.journey)].steps;
        if usize::from(self.step) == steps.len() {
            return false;
        }
        self.due_us = done_us + self.think_us(plan);
        true
    }

    fn think_us(&mut self, plan: &DrillPlan) -> i64 {
        let step = &plan.journeys[usize::from(self.journey)].steps[usize::from(self.step)];
        let (from, to) = step.think_us;
        self.random.random_range(from..=to)
    }
}
