//! Probes and time of a stretch, added up.

use std::collections::BTreeMap;

use super::attempt::FailureKind;
use crate::sli::interval::number;

/// Probes and time of a stretch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Totals {
    /// All probes.
    pub probes: u64,
    /// Good ones among them.
    pub good: u64,
    /// Those that count: neither in what the contract leaves out, nor in a loss of our own network.
    pub counted: u64,
    /// Good ones among those.
    pub counted_good: u64,
    /// Those in what the contract leaves out.
    pub excluded: u64,
    /// Those in a loss of our own network.
    pub own_network: u64,
    /// Why those that count failed.
    pub failures: BTreeMap<FailureKind, u64>,
    /// Length since the first probe ever, µs.
    pub elapsed_us: i64,
    /// How much of it the contract leaves out, µs.
    pub excluded_us: i64,
    /// How much of the rest was measured, µs.
    pub measured_us: i64,
    /// How much of the rest was lost with our own network, µs.
    pub own_network_us: i64,
    /// How much of what was measured it was down, µs.
    pub down_us: i64,
}

impl Totals {
    /// The time that counts, measured or not, µs.
    #[must_use]
    pub fn countable_us(&self) -> i64 {
        self.elapsed_us - self.excluded_us
    }

    /// Share of the time that counts which was measured; `None` where none counts.
    #[must_use]
    pub fn measured_share(&self) -> Option<f64> {
        share_of(self.measured_us, self.countable_us())
    }

    /// Share of the measured time in which it was not down.
    #[must_use]
    pub fn up_share(&self) -> Option<f64> {
        share_of(self.measured_us - self.down_us, self.measured_us)
    }

    /// The same if it was down whenever nobody looked.
    #[must_use]
    pub fn up_share_at_worst(&self) -> Option<f64> {
        share_of(self.measured_us - self.down_us, self.countable_us())
    }
}

fn share_of(part_us: i64, whole_us: i64) -> Option<f64> {
    let count = |us: i64| number(u64::try_from(us).unwrap_or(0));
    (whole_us > 0).then(|| count(part_us) / count(whole_us))
}
