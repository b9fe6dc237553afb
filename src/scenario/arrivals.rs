//! When each shopper arrives, and who it is: a pure function of plan and seed.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::definition::ArrivalSpacing;
use super::plan::DrillPlan;

/// One arrival.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arrival {
    /// Its number, counted from 0.
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

/// Every arrival of a plan, in their order. Those whose channel is turned off do not come; all others
/// are who they would be without that.
#[derive(Debug)]
pub struct Arrivals<'a> {
    plan: &'a DrillPlan,
    spacing: Pcg64Mcg,
    shoppers: Pcg64Mcg,
    channels: Pcg64Mcg,
    withheld: u64,
    number: u64,
    expected: f64,
}

impl<'a> Arrivals<'a> {
    /// The arrivals of `plan` from the beginning.
    #[must_use]
    pub fn new(plan: &'a DrillPlan) -> Self {
        // Three streams: who comes does not change when they come, nor by what.
        Self {
            plan,
            spacing: Pcg64Mcg::seed_from_u64(plan.seed),
            shoppers: Pcg64Mcg::seed_from_u64(plan.seed ^ 0x5eed_0f5b_0bbe_75e5),
            channels: Pcg64Mcg::seed_from_u64(plan.seed ^ 0xc4a2_21e1_0f5b_5eed),
            withheld: 0,
            number: 0,
            expected: 0.0,
        }
    }

    /// Whoever comes as the `number`-th shopper, whenever that is: arrivals of a closed model.
    #[must_use]
    pub fn whoever_comes(plan: &DrillPlan, number: u64, due_us: i64) -> Arrival {
        let mut random = Pcg64Mcg::seed_from_u64(plan.seed ^ number.rotate_left(24));
        Arrival {
            number,
            due_us,
            kind: plan.kind_at(random.random()),
            product: plan.products.draw(&mut random),
            channel: plan.channel_at(random.random()),
        }
    }

    /// How many did not come so far, because their channel was turned off.
    #[must_use]
    pub fn withheld(&self) -> u64 {
        self.withheld
    }

    /// Expected arrivals before the next one: the arrival process in the curve's own time, where
    /// its rate is 1.
    fn next_expected(&mut self) -> f64 {
        match self.plan.traffic.spacing {
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
}

impl Iterator for Arrivals<'_> {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        loop {
            let expected = self.next_expected();
            let due_s = self.plan.traffic.curve.time_of(expected)?;
            let arrival = Arrival {
                number: self.number,
                due_us: whole_us(due_s),
                kind: self.plan.kind_at(self.shoppers.random()),
                product: self.plan.products.draw(&mut self.shoppers),
                channel: self.plan.channel_at(self.channels.random()),
            };
            self.number += 1;
            let channel = arrival.channel.map(|channel| &self.plan.channels[channel]);
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
