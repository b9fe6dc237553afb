//! A shopper's way through a journey: a small Markov graph of steps.

use rand::RngExt;
use rand_pcg::Pcg32;

use super::plan::{DrillPlan, GoTo, at};

/// Where a shopper is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walk {
    /// Index of the journey.
    pub journey: u16,
    /// Index of the step in it.
    pub step: u16,
    /// How many more times it takes this step after this time.
    again: u32,
    /// Steps taken, this one included.
    taken: u32,
}

impl Walk {
    /// The first step of a journey; `None` for somebody whom chance gives not one.
    pub fn begin(plan: &DrillPlan, journey: usize, random: &mut Pcg32) -> Option<Self> {
        let walk = Self {
            journey: u16::try_from(journey).unwrap_or(u16::MAX),
            step: 0,
            again: 0,
            taken: 0,
        };
        walk.enter(plan, 0, random)
    }

    /// The step after this one; `None` at the end.
    #[must_use]
    pub fn next(mut self, plan: &DrillPlan, random: &mut Pcg32) -> Option<Self> {
        if self.taken >= plan.limits.steps {
            return None;
        }
        if self.again > 0 {
            self.again -= 1;
            self.taken += 1;
            return Some(self);
        }
        let steps = &plan.journeys[usize::from(self.journey)].steps;
        let ways = &steps[usize::from(self.step)].next;
        if ways.is_empty() {
            return self.enter(plan, usize::from(self.step) + 1, random);
        }
        match ways[at(ways.iter().map(|(_, share)| *share), random.random())].0 {
            GoTo::Step(step) => self.enter(plan, usize::from(step), random),
            GoTo::End => None,
        }
    }

    /// The step at `index`, or the first one below it that chance lets this shopper take.
    fn enter(mut self, plan: &DrillPlan, mut index: usize, random: &mut Pcg32) -> Option<Self> {
        let steps = &plan.journeys[usize::from(self.journey)].steps;
        while let Some(step) = steps.get(index) {
            let (fewest, most) = step.repeat;
            let times = if fewest == most {
                most
            } else {
                random.random_range(fewest..=most)
            };
            let is_taken = step.chance.is_none_or(|chance| random.random_bool(chance));
            if is_taken && times > 0 {
                self.step = u16::try_from(index).unwrap_or(u16::MAX);
                self.again = times - 1;
                self.taken += 1;
                return Some(self);
            }
            index += 1;
        }
        None
    }
}
