//! When each shopper arrives, and who it is: a pure function of plan and seed.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::definition::ArrivalSpacing;
use super::plan::{ChannelPlan, DrillPlan, ProductDraw, RecordedArrival, TrafficPlan, at};
use super::shard::Shard;

/// Numbers of shoppers of the second scenario of a run begin at this, those of the third at twice as much.
pub const SCENARIO_NUMBERS: u64 = 1 << 48;

/// One arrival.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arrival {
    /// Its number, counted from 0; of further scenarios of a run from [`SCENARIO_NUMBERS`].
    pub number: u64,
    /// When, µs since the start.
    pub due_us: i64,
    /// Index into [`DrillPlan::kinds`].
    pub kind: usize,
    /// The product this shopper wants.
    pub product: u32,
    /// Index into [`DrillPlan::channels`]; `None` where the plan has none.
    pub channel: Option<usize>,
}

/// Every arrival of a plan, in their order; of a shard its own. Those whose channel is turned off do not
/// come; all others are who they would be without that, without the other scenarios of the run, and
/// without the other shards.
#[derive(Debug)]
pub struct Arrivals<'a> {
    plan: &'a DrillPlan,
    streams: Vec<Stream<'a>>,
    /// The next arrival of each stream, where there are several.
    next: Vec<Option<Arrival>>,
    recorded: usize,
}

/// The arrivals of one scenario.
#[derive(Debug)]
struct Stream<'a> {
    traffic: &'a TrafficPlan,
    products: &'a ProductDraw,
    channel_plans: &'a [ChannelPlan],
    kind_shares: Vec<f64>,
    channel_shares: Vec<f64>,
    first_kind: usize,
    first_channel: usize,
    first_number: u64,
    spacing: Pcg64Mcg,
    shoppers: Pcg64Mcg,
    channels: Pcg64Mcg,
    shard: Shard,
    withheld: u64,
    number: u64,
    expected: f64,
}

impl<'a> Arrivals<'a> {
    /// The arrivals of `plan` from the beginning.
    #[must_use]
    pub fn new(plan: &'a DrillPlan) -> Self {
        let mut streams: Vec<Stream<'a>> = Vec::new();
        for (index, joined) in (0_u64..).zip(&plan.joined) {
            streams.push(Stream {
                kind_shares: joined.kind_shares.clone(),
                channel_shares: joined.channel_shares.clone(),
                first_kind: joined.first_kind,
                first_channel: joined.first_channel,
                first_number: index * SCENARIO_NUMBERS,
                ..Stream::new(plan, &joined.traffic, &joined.products, joined.seed)
            });
        }
        if streams.is_empty() {
            streams.push(Stream::new(plan, &plan.traffic, &plan.products, plan.seed));
        }
        let next = match streams.as_mut_slice() {
            [_] => Vec::new(),
            several => several.iter_mut().map(Iterator::next).collect(),
        };
        Self {
            plan,
            streams,
            next,
            recorded: 0,
        }
    }

    /// Whoever comes as the `number`-th shopper, whenever that is: arrivals of a closed model.
    #[must_use]
    pub fn whoever_comes(plan: &DrillPlan, number: u64, due_us: i64) -> Arrival {
        let scenario = usize::try_from(number / SCENARIO_NUMBERS).unwrap_or(usize::MAX);
        let joined = plan.joined.get(scenario);
        let seed = joined.map_or(plan.seed, |joined| joined.seed);
        let products = joined.map_or(&plan.products, |joined| &joined.products);
        let own = number % SCENARIO_NUMBERS;
        let mut random = Pcg64Mcg::seed_from_u64(seed ^ own.rotate_left(24));
        let kind = random.random();
        let product = products.draw(&mut random);
        let channel = random.random();
        Arrival {
            number,
            due_us,
            kind: joined.map_or_else(|| plan.kind_at(kind), |joined| joined.kind_at(kind)),
            product,
            channel: joined.map_or_else(
                || plan.channel_at(channel),
                |joined| joined.channel_at(channel),
            ),
        }
    }

    /// How many did not come so far, because their channel was turned off.
    #[must_use]
    pub fn withheld(&self) -> u64 {
        self.streams.iter().map(|stream| stream.withheld).sum()
    }

    /// The next of those that were recorded.
    fn next_recorded(&mut self, recorded: &[RecordedArrival]) -> Option<Arrival> {
        while !self.plan.shard.takes(self.recorded as u64) {
            self.recorded += 1;
        }
        let arrival = recorded.get(self.recorded)?;
        let number = self.recorded as u64;
        self.recorded += 1;
        Some(Arrival {
            number,
            due_us: arrival.due_us,
            kind: usize::from(arrival.kind),
            product: 1,
            channel: None,
        })
    }
}

impl Iterator for Arrivals<'_> {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        let plan = self.plan;
        if let Some(recorded) = &plan.traffic.recorded {
            return self.next_recorded(recorded);
        }
        if self.next.is_empty() {
            return self.streams[0].next();
        }
        let due = self.next.iter().enumerate();
        let due = due.filter_map(|(index, arrival)| Some((arrival.as_ref()?.due_us, index)));
        let (_, first) = due.min()?;
        let following = self.streams[first].next();
        std::mem::replace(&mut self.next[first], following)
    }
}

impl<'a> Stream<'a> {
    /// All kinds and channels of `plan`, by the seed of one scenario.
    fn new(
        plan: &'a DrillPlan,
        traffic: &'a TrafficPlan,
        products: &'a ProductDraw,
        seed: u64,
    ) -> Self {
        // Three streams: who comes does not change when they come, nor by what.
        Self {
            traffic,
            products,
            channel_plans: &plan.channels,
            kind_shares: plan.kinds.iter().map(|kind| kind.share).collect(),
            channel_shares: plan.channels.iter().map(|channel| channel.share).collect(),
            first_kind: 0,
            first_channel: 0,
            first_number: 0,
            spacing: Pcg64Mcg::seed_from_u64(seed),
            shoppers: Pcg64Mcg::seed_from_u64(seed ^ 0x5eed_0f5b_0bbe_75e5),
            channels: Pcg64Mcg::seed_from_u64(seed ^ 0xc4a2_21e1_0f5b_5eed),
            shard: plan.shard,
            withheld: 0,
            number: 0,
            expected: 0.0,
        }
    }

    /// Expected arrivals before the next one: the arrival process in the curve's own time, where
    /// its rate is 1.
    fn next_expected(&mut self) -> f64 {
        match self.traffic.spacing {
            ArrivalSpacing::Even => {
                self.expected += if self.number == 0 { 0.5 } else { 1.0 };
            }
            ArrivalSpacing::Poisson => {
                let uniform: f64 = self.spacing.random();
                self.expected -= (1.0 - uniform).ln();
            }
        }
        self.expected
    }

    fn kind(&mut self) -> usize {
        self.first_kind + at(self.kind_shares.iter().copied(), self.shoppers.random())
    }

    fn channel(&mut self) -> Option<usize> {
        let position = self.channels.random();
        let shares = self.channel_shares.iter().copied();
        (!self.channel_shares.is_empty()).then(|| self.first_channel + at(shares, position))
    }
}

impl Iterator for Stream<'_> {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        loop {
            let expected = self.next_expected();
            let due_s = self.traffic.curve.time_of(expected)?;
            let arrival = Arrival {
                number: self.first_number + self.number,
                due_us: whole_us(due_s),
                kind: self.kind(),
                product: self.products.draw(&mut self.shoppers),
                channel: self.channel(),
            };
            self.number += 1;
            // Drawn like any other, so that those after it are who they are for one machine.
            if !self.shard.takes(arrival.number) {
                continue;
            }
            let channel = arrival.channel.map(|channel| &self.channel_plans[channel]);
            if channel.is_none_or(|channel| !channel.is_off(arrival.due_us)) {
                return Some(arrival);
            }
            self.withheld += 1;
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a curve is at most 36,500 days long, 3.2e15 µs"
)]
fn whole_us(seconds: f64) -> i64 {
    (seconds * 1e6) as i64
}
