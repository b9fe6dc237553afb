//! The loss of one trial: the share of journeys that were not good.
//!
//! In: counts of a trial. Out: its loss ratio. Late and dropped arrivals are losses. So is what piled up:
//! a target that only queues has not carried what was offered, though every answer so far was good; it
//! would be found out by a longer trial only.

/// What piled up counts beyond so many standard deviations of what arrives by chance.
const CHANCE_SIGMAS: f64 = 2.0;
/// Between the middles of the first and the last quarter of a trial lies so much of it.
const QUARTERS_APART: f64 = 0.75;

/// Counts of one trial, for one goal.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct JourneyCounts {
    /// Journeys that were to be judged, dropped ones included.
    pub journeys: u64,
    /// Journeys that were not good; those that were dropped or late among them.
    pub not_good: u64,
    /// Mean number of requests under way in the first quarter of the trial.
    pub in_flight_first: f64,
    /// The same in its last quarter.
    pub in_flight_last: f64,
}

impl JourneyCounts {
    /// Trial loss ratio, 0 to 1; a trial without journeys has lost them all.
    #[must_use]
    pub fn loss_ratio(&self) -> f64 {
        if self.journeys == 0 {
            return 1.0;
        }
        let lost = number(self.not_good) + self.piled_up();
        (lost / number(self.journeys)).clamp(0.0, 1.0)
    }

    /// How many more were under way at the end of the trial than at its beginning, beyond chance.
    ///
    /// Arrivals by chance (Poisson) between the two quarters have a standard deviation of the root of
    /// their number; less than twice that is no evidence that anything piles up.
    #[must_use]
    pub fn piled_up(&self) -> f64 {
        let growth = self.in_flight_last - self.in_flight_first;
        let chance = (number(self.journeys) * QUARTERS_APART).sqrt();
        (growth - CHANCE_SIGMAS * chance).max(0.0)
    }
}

/// Mean number under way in the first and in the last quarter of `[from, to)`, of intervals
/// `[begin, end)` in any one unit of time.
#[must_use]
pub fn in_flight_quarters(intervals: &[(f64, f64)], from: f64, to: f64) -> (f64, f64) {
    let quarter = (to - from) / 4.0;
    let mean = |from: f64, to: f64| {
        let inside = intervals.iter().map(|(begin, end)| {
            let overlap = end.min(to) - begin.max(from);
            overlap.max(0.0)
        });
        inside.sum::<f64>() / (to - from)
    };
    (mean(from, from + quarter), mean(to - quarter, to))
}

#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_is_the_share_of_journeys_that_were_not_good() {
        let table = [
            // journeys, not good, under way first, last, loss
            (1_000, 0, 5.0, 5.0, 0.0),
            (1_000, 20, 5.0, 5.0, 0.02),
            (0, 0, 0.0, 0.0, 1.0),
            (4, 4, 0.0, 400.0, 1.0),
        ];
        for (journeys, not_good, in_flight_first, in_flight_last, expected) in table {
            let counts = JourneyCounts {
                journeys,
                not_good,
                in_flight_first,
                in_flight_last,
            };
            assert!((counts.loss_ratio() - expected).abs() < 1e-12, "{counts:?}");
        }
    }

    #[test]
    fn what_piles_up_beyond_chance_is_lost_though_every_answer_was_good() {
        let counts = |in_flight_last: f64| JourneyCounts {
            journeys: 4_800,
            not_good: 0,
            in_flight_first: 10.0,
            in_flight_last,
        };
        // Twice the root of 3,600 is 120.
        assert_eq!(counts(130.0).loss_ratio().to_bits(), 0.0_f64.to_bits());
        assert!((counts(178.0).loss_ratio() - 0.01).abs() < 1e-12);
    }

    #[test]
    fn in_flight_is_time_weighted_and_cut_at_the_quarters() {
        let intervals = [(0.0, 2.0), (1.0, 100.0), (90.0, 95.0), (98.0, 130.0)];
        let (first, last) = in_flight_quarters(&intervals, 0.0, 100.0);
        assert!((first - 26.0 / 25.0).abs() < 1e-12, "{first}");
        assert!((last - (25.0 + 5.0 + 2.0) / 25.0).abs() < 1e-12, "{last}");
    }
}
