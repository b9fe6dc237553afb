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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::declared_files::parse;
    use crate::scenario::{Arrivals, Shard, resolve};

    const TEXT: &str = "\
name: walks
target: {base_url: 'http://127.0.0.1:9'}
traffic: {arrivals: poisson, curve: [{at: 0s, shoppers_per_s: 20}, {at: 4s, shoppers_per_s: 20}]}
shoppers:
  - {name: one, share: 1, journey: look, patience: {answer: {mean: 2s}, session: {mean: 20s}}}
journeys:
  look:
    - {get: '/{product}', think: {mean: 1s}, repeat: {from: 1, to: 4}}
    - {get: /a, id: a, think: {median: 1s, p95: 3s}, chance: 0.7}
    - {get: /b, think: {from: 0s, to: 2s}, next: [{to: a, share: 1}, {to: end, share: 1}]}
";

    /// Everything a shopper does when each answer takes 100 ms: when, where, how long it would wait.
    fn walk(plan: &DrillPlan, arrival: Arrival) -> Vec<(i64, Walk, i64, i64, bool)> {
        let Some(mut shopper) = Shopper::new(plan, arrival) else {
            return Vec::new();
        };
        let mut steps = Vec::new();
        loop {
            let is_chosen = shopper.is_chosen(0.3);
            let (due_us, leaves_us) = (shopper.due_us, shopper.leaves_us);
            steps.push((
                due_us,
                shopper.walk,
                shopper.patience_us,
                leaves_us,
                is_chosen,
            ));
            if !shopper.advance(plan, due_us + 100_000) {
                return steps;
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]

        #[test]
        fn a_shopper_of_a_shard_draws_what_it_draws_on_one_machine(
            seed in any::<u64>(),
            count in 2..9_u32,
        ) {
            let declared = parse(Path::new("scenario.yaml"), TEXT.as_bytes(), &|_| None);
            let declared = declared.unwrap_or_else(|error| panic!("{error}"));
            let mut plan = resolve(&declared).unwrap_or_else(|error| panic!("{error}"));
            plan.seed = seed;
            let walks = |plan: &DrillPlan| -> BTreeMap<u64, _> {
                let walks = Arrivals::new(plan).map(|arrival| (arrival.number, walk(plan, arrival)));
                walks.collect()
            };
            let whole = walks(&plan);
            prop_assert!(whole.values().any(|steps| steps.len() > 3));
            let mut united = BTreeMap::new();
            for shard in Shard::all_of(count) {
                let own = walks(&plan.clone().for_shard(shard).unwrap());
                prop_assert!(own.keys().all(|number| shard.takes(*number)));
                united.extend(own);
            }
            prop_assert_eq!(united, whole);
        }
    }
}
