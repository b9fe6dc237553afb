//! Who of the shoppers that a problem hit has called support since, and who has not yet.
//!
//! In: contacts of shoppers, and when each shopper met the problem first. Out: counts, and what is known
//! of each. A contact belongs to a problem when it comes after the shopper met it, within the horizon;
//! what comes later is about something else. It knows shoppers by their keyed hash only.

use std::collections::HashMap;

/// One contact of a shopper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShopperContact {
    /// Keyed hash of the shopper.
    pub shopper: i64,
    /// When, UTC µs.
    pub at_us: i64,
}

/// Contacts by shopper, as far as they are known.
#[derive(Debug, Clone, Default)]
pub struct ContactLog {
    /// By shopper; times ascending.
    times: HashMap<i64, Vec<i64>>,
    until_us: i64,
}

/// What is known of a shopper who met a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallState {
    /// Called at this time, UTC µs, first of several.
    Called(i64),
    /// Did not call until the horizon, or until the end of what is known.
    NotCalled,
    /// Met the problem after the end of what is known.
    NotKnown,
}

/// How many of the shoppers whom a problem hit called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallCounts {
    /// Those who did.
    pub called: u64,
    /// Those who did not yet.
    pub not_called: u64,
    /// Those of whom it is not known.
    pub not_known: u64,
}

impl ContactLog {
    /// The contacts, in any order, known until `until_us`, exclusive.
    pub fn new(contacts: impl IntoIterator<Item = ShopperContact>, until_us: i64) -> Self {
        let mut times: HashMap<i64, Vec<i64>> = HashMap::new();
        for contact in contacts {
            times
                .entry(contact.shopper)
                .or_default()
                .push(contact.at_us);
        }
        times.values_mut().for_each(|times| times.sort_unstable());
        Self { times, until_us }
    }

    /// Whether a shopper who met a problem at `met_us` has called within `horizon_us` from then on.
    #[must_use]
    pub fn state(&self, shopper: i64, met_us: i64, horizon_us: i64) -> CallState {
        if let Some(times) = self.times.get(&shopper) {
            let first = times.partition_point(|at_us| *at_us < met_us);
            let within = |at_us: &&i64| at_us.saturating_sub(met_us) <= horizon_us;
            if let Some(at_us) = times.get(first).filter(within) {
                return CallState::Called(*at_us);
            }
        }
        match met_us < self.until_us {
            true => CallState::NotCalled,
            false => CallState::NotKnown,
        }
    }

    /// Counts the shoppers, each with the time at which it met the problem first.
    pub fn count(&self, met: impl IntoIterator<Item = (i64, i64)>, horizon_us: i64) -> CallCounts {
        let mut counts = CallCounts::default();
        for (shopper, met_us) in met {
            match self.state(shopper, met_us, horizon_us) {
                CallState::Called(_) => counts.called += 1,
                CallState::NotCalled => counts.not_called += 1,
                CallState::NotKnown => counts.not_known += 1,
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn log(contacts: &[(i64, i64)], until_us: i64) -> ContactLog {
        let contacts = contacts.iter();
        let contacts = contacts.map(|(shopper, at_us)| ShopperContact {
            shopper: *shopper,
            at_us: *at_us,
        });
        ContactLog::new(contacts, until_us)
    }

    #[test]
    fn a_call_counts_from_the_problem_to_the_horizon() {
        let log = log(&[(1, 50), (1, 120), (2, 99), (3, 200), (3, 201)], 1_000);
        let table = [
            ("the first after it", 1, 100, CallState::Called(120)),
            ("at the same moment", 1, 120, CallState::Called(120)),
            ("only before it", 2, 100, CallState::NotCalled),
            ("at the horizon", 3, 100, CallState::Called(200)),
            ("one past the horizon", 3, 99, CallState::NotCalled),
            ("a shopper of no ticket", 4, 100, CallState::NotCalled),
            (
                "the last moment that is known",
                4,
                999,
                CallState::NotCalled,
            ),
            ("after the end of the export", 4, 1_000, CallState::NotKnown),
        ];
        for (what, shopper, met_us, expected) in table {
            assert_eq!(log.state(shopper, met_us, 100), expected, "{what}");
        }
    }

    #[test]
    fn nobody_calls_about_nothing() {
        assert_eq!(log(&[], 0).count([], 10), CallCounts::default());
        let counts = log(&[], 10).count([(1, 5), (2, 15)], 10);
        assert_eq!(
            (counts.called, counts.not_called, counts.not_known),
            (0, 1, 1)
        );
    }

    proptest! {
        #[test]
        fn the_counts_are_those_of_looking_at_every_contact(
            contacts in prop::collection::vec((0_i64..6, 0_i64..200), 0..40),
            met in prop::collection::vec((0_i64..6, 0_i64..200), 0..20),
            until_us in 0_i64..220, horizon_us in 0_i64..120,
        ) {
            let found = log(&contacts, until_us).count(met.iter().copied(), horizon_us);
            let mut expected = CallCounts::default();
            for (shopper, met_us) in &met {
                let mut own = contacts.iter().filter(|contact| contact.0 == *shopper);
                if own.any(|contact| (*met_us..=met_us + horizon_us).contains(&contact.1)) {
                    expected.called += 1;
                } else if *met_us < until_us {
                    expected.not_called += 1;
                } else {
                    expected.not_known += 1;
                }
            }
            prop_assert_eq!(found, expected);
        }
    }
}
