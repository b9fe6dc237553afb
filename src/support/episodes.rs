//! Episodes: stretches in which an SLI was beyond a level, independent of each other.
//!
//! In: an SLI as harm, sessions, a level. Out: stretches of windows. It is episodes, not tickets, that
//! decide how well a level is known: all contacts of one outage say one thing.

use super::design::Harm;

/// An episode harms at least this share of the sessions of the largest; a window of a quiet night in
/// which two of ten sessions failed is none.
const DOSE_MIN: f64 = 0.05;

/// One stretch, half-open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Episode {
    /// First window beyond the level.
    pub from: usize,
    /// The window after the last.
    pub to: usize,
    /// Sessions times harm beyond the level.
    pub dose: f64,
}

/// Episodes in time order; those that are no more than `gap` windows apart are one.
pub(super) fn episodes(harm: &Harm, sessions: &[f64], level: f64, gap: usize) -> Vec<Episode> {
    let mut found: Vec<Episode> = Vec::new();
    for (window, sessions) in sessions.iter().enumerate() {
        if !harm.is_known[window] || harm.values[window] < level {
            continue;
        }
        // At the level itself the dose is 0, so a little of it is counted, too.
        let beyond = harm.values[window] - level;
        let dose = sessions * beyond.max(level.abs() * 1e-3);
        match found.last_mut() {
            Some(last) if window <= last.to + gap => {
                last.to = window + 1;
                last.dose += dose;
            }
            _ => found.push(Episode {
                from: window,
                to: window + 1,
                dose,
            }),
        }
    }
    let largest = found.iter().map(|episode| episode.dose).fold(0.0, f64::max);
    found.retain(|episode| episode.dose >= DOSE_MIN * largest);
    found
}

/// How many episodes of one size would say as much: (Σ dose)² / Σ dose² (Kish). One long outage beside
/// many short ones is hardly more than one (Carter, Schnepel and Steigerwald 2017, *Rev. Econ. Stat.* 99).
pub(super) fn effective(found: &[Episode]) -> f64 {
    let sum: f64 = found.iter().map(|episode| episode.dose).sum();
    let squares: f64 = found.iter().map(|episode| episode.dose.powi(2)).sum();
    if squares > 0.0 {
        sum * sum / squares
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64], sessions: &[f64], gap: usize) -> Vec<(usize, usize)> {
        let harm = Harm {
            values: values.to_vec(),
            is_known: values.iter().map(|value| *value >= 0.0).collect(),
            spreads: Vec::new(),
        };
        let found = episodes(&harm, sessions, 2.0, gap);
        found
            .iter()
            .map(|episode| (episode.from, episode.to))
            .collect()
    }

    #[test]
    fn stretches_close_to_each_other_are_one() {
        let values = [0.0, 3.0, 3.0, 0.0, 4.0, 0.0, 0.0, 0.0, 3.0, 0.0];
        assert_eq!(of(&values, &[10.0; 10], 0), [(1, 3), (4, 5), (8, 9)]);
        assert_eq!(of(&values, &[10.0; 10], 1), [(1, 5), (8, 9)]);
        assert_eq!(of(&[0.0; 4], &[10.0; 4], 1), []);
    }

    #[test]
    fn a_bad_window_of_an_empty_night_is_none() {
        let values = [5.0, 0.0, 0.0, 5.0, -1.0];
        assert_eq!(of(&values, &[1_000.0, 0.0, 0.0, 2.0, 9.0], 0), [(0, 1)]);
    }

    #[test]
    fn one_long_episode_counts_for_little_more_than_one() {
        let episode = |dose| Episode {
            from: 0,
            to: 1,
            dose,
        };
        assert!((effective(&[episode(2.0); 8]) - 8.0).abs() < 1e-12);
        let uneven = effective(&[episode(100.0), episode(1.0), episode(1.0)]);
        assert!(uneven > 1.0 && uneven < 1.1, "{uneven}");
        assert_eq!(effective(&[]), 0.0);
    }
}
