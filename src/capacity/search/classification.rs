//! Whether a rate is a lower bound, an upper bound, or not decided: RFC 9971, appendices A and B.
//!
//! In: what a goal requires, and all trials at one rate. Out: a [`LoadClass`], and the conditional
//! throughput. Where the text of the RFC and its code disagree, the code is followed: appendix C prints
//! "lower bound" for its fourth goal at points 5 and 6, at exceed ratios of 42.9 % and 27.3 % against a
//! goal of 20 %; the code, and the reference implementation (MLRsearch 1.2.1), say upper bound. The text
//! of section 6.2 begins the conditional throughput with the sum of full-length trials, the code with the
//! goal's duration sum where that is more.

/// What a goal, or a step on the way to it, requires of a rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Requirement {
    /// Trials that are shorter are short ones, seconds.
    pub final_trial_s: f64,
    /// So much of full-length trials decides, seconds.
    pub duration_sum_s: f64,
    /// A trial with a larger loss is a high-loss trial.
    pub loss_ratio: f64,
    /// The share of trial time that high-loss trials may take.
    pub exceed_ratio: f64,
}

/// What classification needs of a trial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrialResult {
    /// Intended length, seconds.
    pub duration_s: f64,
    /// Trial effective duration: the length that counts in sums, seconds.
    pub effective_s: f64,
    /// Trial loss ratio, 0 to 1.
    pub loss_ratio: f64,
}

/// What a rate is for a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadClass {
    /// It certainly meets the goal.
    Lower,
    /// It certainly fails it.
    Upper,
    /// More trials are needed.
    Undecided,
}

/// Sums of effective durations, seconds.
#[derive(Default)]
struct Sums {
    full_low_s: f64,
    full_high_s: f64,
    short_low_s: f64,
    short_high_s: f64,
}

impl Requirement {
    /// Whether the trial's loss is too high.
    #[must_use]
    pub fn is_high_loss(&self, trial: &TrialResult) -> bool {
        trial.loss_ratio > self.loss_ratio
    }

    /// Whether the trial is as long as it must be.
    #[must_use]
    pub fn is_full_length(&self, trial: &TrialResult) -> bool {
        trial.duration_s >= self.final_trial_s
    }

    /// Classifies a rate by all of its trials, in any order; without trials it is undecided.
    #[must_use]
    pub fn classify(&self, trials: &[TrialResult]) -> LoadClass {
        let sums = self.sums(trials);
        let exceed_coefficient = self.exceed_ratio / (1.0 - self.exceed_ratio);
        let balancing_s = sums.short_low_s * exceed_coefficient;
        let positive_excess_s = (sums.short_high_s - balancing_s).max(0.0);
        let effective_high_s = sums.full_high_s + positive_excess_s;
        let whole_s = (sums.full_low_s + effective_high_s).max(self.duration_sum_s);
        let quantile_s = whole_s * self.exceed_ratio;
        let pessimistic_is_lower = whole_s - sums.full_low_s <= quantile_s;
        let optimistic_is_lower = effective_high_s <= quantile_s;
        match (pessimistic_is_lower, optimistic_is_lower) {
            (true, true) => LoadClass::Lower,
            (false, false) => LoadClass::Upper,
            (true, false) | (false, true) => LoadClass::Undecided,
        }
    }

    /// The conditional throughput at `load`, in its unit: the load times the share that was good in
    /// the worst of the trials that the exceed ratio does not forgive. `None` without a full-length
    /// trial.
    #[must_use]
    pub fn conditional_throughput(&self, load: f64, trials: &[TrialResult]) -> Option<f64> {
        let mut full: Vec<&TrialResult> = trials
            .iter()
            .filter(|trial| self.is_full_length(trial))
            .collect();
        full.sort_by(|one, other| one.loss_ratio.total_cmp(&other.loss_ratio));
        if full.is_empty() {
            return None;
        }
        let full_s: f64 = full.iter().map(|trial| trial.effective_s).sum();
        let mut remaining_s = full_s.max(self.duration_sum_s) * (1.0 - self.exceed_ratio);
        let mut loss_ratio = None;
        for trial in full {
            if loss_ratio.is_some() && remaining_s <= 0.0 {
                break;
            }
            loss_ratio = Some(trial.loss_ratio);
            remaining_s -= trial.effective_s;
        }
        let loss_ratio = if remaining_s > 0.0 { 1.0 } else { loss_ratio? };
        Some(load * (1.0 - loss_ratio))
    }

    fn sums(&self, trials: &[TrialResult]) -> Sums {
        let mut sums = Sums::default();
        for trial in trials {
            let sum = match (self.is_full_length(trial), self.is_high_loss(trial)) {
                (true, false) => &mut sums.full_low_s,
                (true, true) => &mut sums.full_high_s,
                (false, false) => &mut sums.short_low_s,
                (false, true) => &mut sums.short_high_s,
            };
            *sum += trial.effective_s;
        }
        sums
    }
}

#[cfg(test)]
mod tests;
