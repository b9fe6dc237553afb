//! One of several scenarios that run at once.

use super::{DrillPlan, ProductDraw, TrafficPlan, at};

/// What a scenario keeps of its own beside others: who comes when.
#[derive(Debug, Clone)]
pub struct JoinedScenario {
    /// Its name.
    pub name: String,
    /// Its seed.
    pub seed: u64,
    /// How its shoppers arrive.
    pub traffic: TrafficPlan,
    /// Shares of its kinds, 0 to 1, from [`JoinedScenario::first_kind`] on.
    pub kind_shares: Vec<f64>,
    /// Index of its first kind among all.
    pub first_kind: usize,
    /// Shares of its channels, 0 to 1, from [`JoinedScenario::first_channel`] on.
    pub channel_shares: Vec<f64>,
    /// Index of its first channel among all.
    pub first_channel: usize,
    /// How its shoppers want products.
    pub products: ProductDraw,
}

impl JoinedScenario {
    /// What `plan` keeps, whose kinds and channels come after so many of others.
    #[must_use]
    pub fn of(plan: &DrillPlan, (first_kind, first_channel): (usize, usize)) -> Self {
        Self {
            name: plan.name.clone(),
            seed: plan.seed,
            traffic: plan.traffic.clone(),
            kind_shares: plan.kinds.iter().map(|kind| kind.share).collect(),
            first_kind,
            channel_shares: plan.channels.iter().map(|channel| channel.share).collect(),
            first_channel,
            products: plan.products.clone(),
        }
    }

    /// The index among all kinds of the one at `position` (0 to 1) on the line of its shares.
    #[must_use]
    pub fn kind_at(&self, position: f64) -> usize {
        self.first_kind + at(self.kind_shares.iter().copied(), position)
    }

    /// The index among all channels of the one at `position` (0 to 1); `None` without channels.
    #[must_use]
    pub fn channel_at(&self, position: f64) -> Option<usize> {
        let shares = self.channel_shares.iter().copied();
        (!self.channel_shares.is_empty()).then(|| self.first_channel + at(shares, position))
    }
}
