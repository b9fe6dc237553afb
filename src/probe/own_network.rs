//! Whether it was the partner that failed, or our own network.
//!
//! The rule: from the first to the last of several failed probes in a row *nobody* was reached, by no
//! answer of any partner or reference in between; and among those who were tried are all references, or,
//! where the file names none, all partners, on two hosts at least. Then these probes say nothing about a
//! partner. With one partner and no reference it cannot be told. Neither does a probe for which the
//! prober's own machine had no port or no file left.

use std::collections::BTreeSet;

use super::attempt::{Attempt, FailureKind};
use super::plan::ProbePlan;

/// Watches the probes of one prober as they come, in the order of time.
#[derive(Debug, Clone)]
pub struct NetworkWatch {
    /// Who must all be out of reach; empty where it cannot be told.
    witnesses: BTreeSet<usize>,
    /// Who was out of reach since somebody was reached.
    unreached: BTreeSet<usize>,
}

/// What a probe says of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Nobody was reached.
    Nobody,
    /// Somebody was, after probes that failed because of a partner, if any did.
    Somebody,
    /// Somebody was, after a loss of our own network.
    SomebodyAfterLoss,
}

impl NetworkWatch {
    /// Nothing was probed yet.
    #[must_use]
    pub fn new(plan: &ProbePlan) -> Self {
        Self {
            witnesses: witnesses(plan),
            unreached: BTreeSet::new(),
        }
    }

    /// Whether our own network can be told from a partner's failure.
    #[must_use]
    pub fn can_tell(&self) -> bool {
        !self.witnesses.is_empty()
    }

    /// Whether it looks as if our own network is lost.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.can_tell() && self.witnesses.is_subset(&self.unreached)
    }

    /// Takes the next probe.
    pub fn take(&mut self, attempt: &Attempt) -> Reach {
        if attempt.failure.is_some_and(FailureKind::is_unreached) {
            self.unreached.insert(attempt.probed);
            return Reach::Nobody;
        }
        let was_lost = self.is_lost();
        self.unreached.clear();
        match was_lost {
            true => Reach::SomebodyAfterLoss,
            false => Reach::Somebody,
        }
    }
}

/// Which of the attempts, sorted by time, say nothing about a partner because our own network was lost.
#[must_use]
pub fn own_network(plan: &ProbePlan, attempts: &[Attempt]) -> Vec<bool> {
    let mut own = vec![false; attempts.len()];
    let probers: BTreeSet<usize> = attempts.iter().map(|attempt| attempt.prober).collect();
    for prober in probers {
        let mut watch = NetworkWatch::new(plan);
        let mut failed: Vec<usize> = Vec::new();
        let of_prober = attempts.iter().enumerate();
        for (position, attempt) in of_prober.filter(|(_, attempt)| attempt.prober == prober) {
            if attempt.failure.is_some_and(FailureKind::is_own) {
                own[position] = true;
                continue;
            }
            match watch.take(attempt) {
                Reach::Nobody => failed.push(position),
                Reach::Somebody => failed.clear(),
                Reach::SomebodyAfterLoss => failed.drain(..).for_each(|lost| own[lost] = true),
            }
        }
        if watch.is_lost() {
            failed.into_iter().for_each(|lost| own[lost] = true);
        }
    }
    own
}

fn witnesses(plan: &ProbePlan) -> BTreeSet<usize> {
    let partners = plan.partners.len();
    if !plan.references.is_empty() {
        return (partners..partners + plan.references.len()).collect();
    }
    // Two ports of one machine are out of reach together.
    let hosts: BTreeSet<Option<&str>> = plan
        .partners
        .iter()
        .map(|partner| partner.probed.base_url.host_str())
        .collect();
    if hosts.len() < 2 {
        return BTreeSet::new();
    }
    (0..partners).collect()
}
