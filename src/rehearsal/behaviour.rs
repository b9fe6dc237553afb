//! What happened past the limit: shed, slow, failed, collapsed, and how it recovered.
//!
//! In: counts of one route (or of all) in equal bins of time. Out: a [`BehaviourOutcome`], which says that
//! the limit was not reached, or that this cannot be told, unless there is evidence. Offered load and
//! refusals count where they were due, good answers where they came: a target that only queues keeps
//! answering at its own rate, which is what is looked for. Whether the load was the cause is told by what
//! shoppers wanted: retries are what a failing target makes of it.

use super::bins::{Bins, Strain};

pub use super::bins::{Bin, bin_s};

/// The least share of refused or failed requests, as the lower end of its 95 % interval, that is more than
/// an accident.
const BAD_SHARE_MIN: f64 = 0.01;
/// Load under strain that is less than so many times what was carried without is not what caused it.
const LOAD_TIMES_MIN: f64 = 1.15;
/// Goodput below this share of its best while no less is offered has collapsed.
const COLLAPSE_SHARE: f64 = 0.7;
/// A refusal that takes longer is no shedding: the shopper waited for nothing, µs.
const FAST_REFUSAL_US_MAX: u64 = 1_000_000;

/// One way to behave past the limit; the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Behaviour {
    /// Fewer good answers than at less load.
    Collapse,
    /// Errors other than fast refusals.
    Failed,
    /// Fast refusals, 429 or 503.
    Shed,
    /// Longer response times.
    Slow,
}

/// What can be said.
#[derive(Debug, Clone, PartialEq)]
pub enum BehaviourOutcome {
    /// Nothing: there are too few bins or requests.
    TooFew,
    /// All that was offered was answered well, and about as fast as at little load.
    NotReached {
        /// The highest offered rate, per second.
        peak_per_s: f64,
    },
    /// It was under strain at a load that it carried at other times: something else was the cause.
    NotTheLoad {
        /// The first bin under strain.
        first_bin: usize,
        /// The highest rate that was wanted under strain, without retries and reloads, per second.
        strained_per_s: f64,
        /// The highest such rate that was carried without, per second.
        carried_per_s: f64,
    },
    /// It was past its limit.
    Past(PastLimit),
}

/// What happened past the limit.
#[derive(Debug, Clone, PartialEq)]
pub struct PastLimit {
    /// How it behaved, the worst first; never empty.
    pub behaviours: Vec<Behaviour>,
    /// Where it began.
    pub knee: Knee,
    /// Length of the bins under strain, seconds.
    pub strained_s: f64,
    /// The highest offered rate, per second.
    pub peak_per_s: f64,
    /// The highest rate of good answers, per second, over a few bins.
    pub best_good_per_s: f64,
    /// What was offered at that time, per second.
    pub offered_at_best_per_s: f64,
    /// The bin in the middle of that time.
    pub best_bin: usize,
    /// The lowest rate of good answers while the load was high, per second; of a collapse only.
    pub lowest_good_per_s: Option<f64>,
    /// Requests due in the bins under strain.
    pub offered: u64,
    /// Refused among them.
    pub refused: u64,
    /// Failed among them, or without an answer.
    pub failed: u64,
    /// The median response time at little load, µs.
    pub calm_median_us: Option<u64>,
    /// The longest median response time of a bin, µs.
    pub worst_median_us: Option<u64>,
    /// How it recovered.
    pub recovered: Recovered,
}

/// Where the limit was passed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Knee {
    /// The first bin under strain.
    pub bin: usize,
    /// What was offered then, per second.
    pub offered_per_s: f64,
}

/// How a target recovered when the load had fallen below the limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Recovered {
    /// The load never fell below it, or only at the very end.
    LoadStayed,
    /// After so many seconds.
    After {
        /// From the fall of the load to the end of the strain.
        recovery_s: f64,
        /// The last bin with so much load.
        fell_bin: usize,
    },
    /// Not until the end.
    Never {
        /// How long it was watched after the load had fallen, seconds.
        watched_s: f64,
        /// The last bin with so much load.
        fell_bin: usize,
    },
}

/// Looks at bins of `bin_s` seconds each, oldest first; `refusal_median_us` is how long a refusal takes.
#[must_use]
pub fn behaviour(bins: &[Bin], bin_s: f64, refusal_median_us: Option<u64>) -> BehaviourOutcome {
    let bins = Bins::new(bins, bin_s);
    if !bins.are_enough() {
        return BehaviourOutcome::TooFew;
    }
    let strain = bins.strain();
    let Some(first_bin) = strain.first() else {
        return BehaviourOutcome::NotReached {
            peak_per_s: bins.peak_per_s(),
        };
    };
    let strained_per_s = bins.wanted_peak_per_s(|bin| strain.is(bin));
    let carried_per_s = bins.wanted_peak_per_s(|bin| strain.is_carried(bin));
    if strained_per_s < carried_per_s * LOAD_TIMES_MIN {
        return BehaviourOutcome::NotTheLoad {
            first_bin,
            strained_per_s,
            carried_per_s,
        };
    }
    BehaviourOutcome::Past(past_limit(
        &bins,
        &strain,
        first_bin,
        carried_per_s,
        refusal_median_us,
    ))
}

fn past_limit(
    bins: &Bins<'_>,
    strain: &Strain,
    first_bin: usize,
    carried_per_s: f64,
    refusal_median_us: Option<u64>,
) -> PastLimit {
    let (best_bin, best_good_per_s) = bins.best_good();
    let knee = Knee {
        bin: first_bin,
        offered_per_s: bins.offered_per_s(first_bin),
    };
    // After a sudden jump the knee has a rate far above the limit; goodput says where it was.
    let limit_per_s = knee.offered_per_s.min(best_good_per_s.max(carried_per_s));
    let lowest_good_per_s = bins
        .lowest_good(limit_per_s)
        .filter(|lowest| lowest.is_below(best_good_per_s * COLLAPSE_SHARE))
        .map(|lowest| lowest.per_s);
    let sums = bins.sums(|bin| strain.is(bin));
    let is_fast = refusal_median_us.is_none_or(|median_us| median_us <= FAST_REFUSAL_US_MAX);
    let (shed, failed) = match is_fast {
        true => (sums.refused, sums.failed),
        false => (0, sums.refused + sums.failed),
    };
    let is_some = |bad: u64| super::bins::share_at_least(bad, sums.offered, BAD_SHARE_MIN);
    let mut behaviours = Vec::new();
    behaviours.extend(lowest_good_per_s.map(|_| Behaviour::Collapse));
    behaviours.extend(is_some(failed).then_some(Behaviour::Failed));
    behaviours.extend(is_some(shed).then_some(Behaviour::Shed));
    if strain.is_slow() || behaviours.is_empty() {
        behaviours.push(Behaviour::Slow);
    }
    PastLimit {
        behaviours,
        knee,
        strained_s: strain.count_s(bins),
        peak_per_s: bins.peak_per_s(),
        best_good_per_s,
        offered_at_best_per_s: bins.offered_per_s(best_bin),
        best_bin,
        lowest_good_per_s,
        offered: sums.offered,
        refused: sums.refused,
        failed: sums.failed,
        calm_median_us: bins.calm_median_us(),
        worst_median_us: bins.worst_median_us(),
        recovered: recovered(bins, strain, limit_per_s),
    }
}

fn recovered(bins: &Bins<'_>, strain: &Strain, limit_per_s: f64) -> Recovered {
    /// Bins at the end that must be seen, or a recovery is only a gap.
    const CALM_BINS_MIN: usize = 2;
    let fell_bin = (0..bins.count())
        .rfind(|bin| bins.offered_per_s(*bin) >= limit_per_s)
        .unwrap_or(0);
    let watched = bins.count() - fell_bin - 1;
    if watched < CALM_BINS_MIN {
        return Recovered::LoadStayed;
    }
    let last_strained = strain.last().unwrap_or(fell_bin);
    if strain.calm_bins_after(last_strained) < CALM_BINS_MIN {
        return Recovered::Never {
            watched_s: bins.seconds(watched),
            fell_bin,
        };
    }
    Recovered::After {
        recovery_s: bins.seconds(last_strained.saturating_sub(fell_bin)),
        fell_bin,
    }
}

#[cfg(test)]
mod tests;
