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
    /// The product it looked at last.
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
        shopper.look(plan);
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
        self.look(plan);
        true
    }

    /// Looks at another product, where its step is about one. The last thing that is drawn for a step, and
    /// only for such steps: journeys without any are what they were before there were such steps.
    fn look(&mut self, plan: &DrillPlan) {
        if self.step(plan).has_next_product() {
            let products = plan.products_of(usize::from(self.kind));
            self.product = products.draw(&mut self.random);
        }
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
products: 500
product_skew: 1.1
journeys:
  look:
    - {get: '/{product}', think: {mean: 1s}, repeat: {from: 1, to: 4}}
    - {get: /a, id: a, think: {median: 1s, p95: 3s}, chance: 0.7}
    - {get: '/{next_product}', think: {mean: 1s}, repeat: {from: 1, to: 3}}
    - {get: /b, think: {from: 0s, to: 2s}, next: [{to: a, share: 1}, {to: end, share: 1}]}
";

    /// When, where, how long it would wait, whether chance says so, and which product it looks at.
    type Step = (i64, Walk, i64, i64, bool, u32);

    fn plan(text: &str, seed: u64) -> DrillPlan {
        let declared = parse(Path::new("scenario.yaml"), text.as_bytes(), &|_| None);
        let declared = declared.unwrap_or_else(|error| panic!("{error}"));
        let mut plan = resolve(&declared).unwrap_or_else(|error| panic!("{error}"));
        plan.seed = seed;
        plan
    }

    /// Everything a shopper does when each answer takes 100 ms.
    fn walk(plan: &DrillPlan, arrival: Arrival) -> Vec<Step> {
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
                shopper.product,
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
            let plan = plan(TEXT, seed);
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

    /// Three looks, the second of which draws another product only in the second text, and a cart.
    const SAME: &str = "[{get: '/{product}'}, {get: '/{product}', think: {mean: 1s}}, {post: '/cart/{product}', think: {mean: 1s}}]";

    fn looks(journey: &str) -> DrillPlan {
        let head = TEXT.split_once("journeys:").unwrap().0;
        plan(&format!("{head}journeys: {{look: {journey}}}\n"), 3)
    }

    #[test]
    fn a_step_looks_at_another_product_only_where_it_says_so_and_the_cart_has_the_last_one() {
        let same = looks(SAME);
        let other = SAME.replacen("'/{product}', think", "'/{next_product}', think", 1);
        let other = looks(&other);
        let (mut looked_again, mut all) = (0, 0);
        for arrival in Arrivals::new(&same) {
            let (kept, drawn) = (walk(&same, arrival), walk(&other, arrival));
            assert!(kept.iter().all(|step| step.5 == arrival.product));
            assert_eq!((drawn[0].5, drawn[1].5), (arrival.product, drawn[2].5));
            // What was drawn before the other product is the same.
            assert_eq!((drawn[0], drawn[1].0), (kept[0], kept[1].0));
            looked_again += u32::from(drawn[1].5 == arrival.product);
            all += 1;
        }
        // By Zipf's law with 500 products two draws are the same in 5.5 % of all.
        assert!(
            all > 30 && looked_again * 4 < all,
            "{looked_again} of {all}"
        );
    }

    #[test]
    fn another_product_is_drawn_as_often_as_its_rank_says() {
        let plan = looks("[{get: '/{next_product}', repeat: {from: 400, to: 400}}]");
        let arrival = Arrivals::new(&plan).next().unwrap();
        let shoppers = (0..20).map(|number| Arrival { number, ..arrival });
        let steps: Vec<Step> = shoppers.flat_map(|one| walk(&plan, one)).collect();
        let first = steps.iter().filter(|step| step.5 == 1).count();
        // Of 8,000: the sum of 1 / k^1.1 for 500 products is 5.21, and the spread of the count is 35.
        assert_eq!(steps.len(), 8_000);
        assert!(first.abs_diff(1_535) < 180, "{first}");
    }
}
