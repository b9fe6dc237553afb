//! The shop of the model: which pools a journey uses, and what follows from that by arithmetic.

use super::pool::Pool;

/// One step of a journey.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ModelStep {
    /// Think time before it, seconds.
    pub think_s: f64,
    /// Index of the pool that does the work.
    pub pool: usize,
    /// How long the work takes, seconds.
    pub service_s: f64,
}

/// One kind of journey.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelJourney {
    /// Its share of all arrivals; shares add up to 1.
    pub share: f64,
    /// Its steps.
    pub steps: Vec<ModelStep>,
}

/// Pools and journeys.
#[derive(Debug, Clone)]
pub struct ModelShop {
    /// Workers with their queues.
    pub pools: Vec<Pool>,
    /// What shoppers do.
    pub journeys: Vec<ModelJourney>,
}

impl ModelShop {
    /// The highest rate of arrivals per second at which no queue grows for ever: that of the pool that
    /// is full first, workers / (share × service time) (the utilisation law).
    #[must_use]
    pub fn maximum_per_s(&self) -> f64 {
        let pools = self.pools.iter().enumerate();
        let maxima = pools.map(|(index, pool)| {
            let demand_s: f64 = self
                .journeys
                .iter()
                .map(|journey| journey.demand_s(index))
                .sum();
            if demand_s > 0.0 {
                number(pool.workers()) / demand_s
            } else {
                f64::INFINITY
            }
        });
        maxima.fold(f64::INFINITY, f64::min)
    }

    /// The index of the journey at `position` (0 to 1) on the line of all shares.
    #[must_use]
    pub fn journey_at(&self, position: f64) -> usize {
        let mut sum = 0.0;
        for (index, journey) in self.journeys.iter().enumerate() {
            sum += journey.share;
            if position < sum {
                return index;
            }
        }
        self.journeys.len().saturating_sub(1)
    }
}

impl ModelJourney {
    /// Work of one arrival for a pool, seconds of a worker.
    fn demand_s(&self, pool: usize) -> f64 {
        let steps = self.steps.iter().filter(|step| step.pool == pool);
        self.share * steps.map(|step| step.service_s).sum::<f64>()
    }
}

#[expect(clippy::cast_precision_loss, reason = "workers stay below 2^52")]
fn number(count: usize) -> f64 {
    count as f64
}
