//! How many instances a peak takes.
//!
//! In: how many were measured, what one of them carries, how it goes on with more. Out: a number, or that
//! no number of instances is enough.

use serde::Serialize;

use crate::capacity::law::ScalabilityLaw;

/// Most instances that are counted to.
const INSTANCES_MAX: f64 = 1e6;

/// What is known of instances.
#[derive(Debug, Clone, PartialEq)]
pub struct InstancesPlan {
    /// How many there were when the maximum was measured.
    pub measured: u32,
    /// Share of the instances that must stay free, e.g. for the loss of a zone; 0 to below 1.
    pub reserve: f64,
    /// How throughput goes on with the number of instances; `None` for proportionally.
    pub scaling: Option<ScalabilityLaw>,
}

/// How many are needed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct InstancesNeeded {
    /// What one of them was measured to carry, per minute.
    pub per_instance_per_min: f64,
    /// At least so many; `None` where more instances carry no more.
    pub needed: Option<u64>,
    /// Whether it is assumed that twice as many carry twice as much.
    pub is_proportional: bool,
}

impl InstancesPlan {
    /// Instances for `peak_per_min`, where the measured ones carry `limit_per_min`.
    #[must_use]
    pub fn needed(&self, peak_per_min: f64, limit_per_min: f64) -> InstancesNeeded {
        let measured = f64::from(self.measured);
        let busy = match &self.scaling {
            None => Some(peak_per_min / limit_per_min * measured),
            // The law gives the form, the measured maximum the height.
            Some(law) => law
                .throughput(measured)
                .and_then(|own| law.concurrency_at_throughput(own * peak_per_min / limit_per_min)),
        };
        let needed = busy.map(|busy| (busy / (1.0 - self.reserve) - 1e-9).ceil().max(1.0));
        InstancesNeeded {
            per_instance_per_min: limit_per_min / measured,
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is at least 1 and at most a million"
            )]
            needed: needed
                .filter(|needed| *needed <= INSTANCES_MAX)
                .map(|needed| needed as u64),
            is_proportional: self.scaling.is_none(),
        }
    }
}
