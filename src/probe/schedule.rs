//! When probes are due: a pure function of seed, partner and number.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use super::plan::ProbedPlan;

/// When probe `number` of the probed one at `index` is due, µs after the start: the first at once, each
/// later one up to the jitter after its turn. They never overtake each other, since the jitter is less than
/// what lies between them.
#[must_use]
pub fn due_us(probed: &ProbedPlan, seed: u64, index: usize, number: u64) -> i64 {
    if number == 0 {
        return 0;
    }
    let turn_us = i64::try_from(number)
        .unwrap_or(i64::MAX)
        .saturating_mul(probed.every_us);
    let stream = (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut random = Pcg32::seed_from_u64(seed ^ stream ^ number.rotate_left(24));
    turn_us.saturating_add(random.random_range(0..=probed.jitter_us.max(0)))
}

/// The number of the next probe after `number` that is not due already at `now_us`, µs after the start: what
/// was missed is not made up for.
#[must_use]
pub fn next_number(probed: &ProbedPlan, seed: u64, index: usize, number: u64, now_us: i64) -> u64 {
    let turn = u64::try_from(now_us / probed.every_us.max(1)).unwrap_or(0);
    let mut next = turn.max(number + 1);
    while due_us(probed, seed, index, next) < now_us {
        next += 1;
    }
    next
}
