//! Attempted sessions per window: counted, or expected where an outage kept them away.
//!
//! In: sessions per window. Out: [`Exposure`]s, and the stretches in which what is expected stands for what
//! was counted. A shop that is down sees few sessions, though as many are attempted as at any other time.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::support::Exposure;
use crate::time_window::{TimeWindow, rfc3339};

/// Below this share of what is expected sessions fall in an outage.
const OUTAGE_SHARE: f64 = 0.3;
/// Fewer expected sessions tell nothing.
const EXPECTED_MIN: f64 = 10.0;
/// Fewer other weeks tell nothing.
const WEEKS_MIN: usize = 3;

/// Sessions, and what is said of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempted {
    /// One per window.
    pub exposures: Vec<Exposure>,
    /// Stretches in which sessions are expected rather than counted, in order of time.
    pub outages: Vec<OutageStretch>,
}

/// A stretch in which expected sessions stand for counted ones.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutageStretch {
    /// Its start, RFC 3339.
    pub from: String,
    /// Its end, RFC 3339.
    pub to: String,
    /// Sessions that were counted.
    pub counted: f64,
    /// Sessions that were to be expected: the median of the same hour of other weeks.
    pub expected: f64,
}

/// Where windows lie.
#[derive(Debug, Clone)]
pub struct Grid<'a> {
    /// Start of the first window, UTC µs.
    pub start_us: i64,
    /// Length of a window, µs.
    pub window_us: i64,
    /// Where the lake has data.
    pub covered: TimeWindow,
    /// Zone of the hours of the week.
    pub zone: &'a TimeZone,
}

/// What was attempted in each window.
pub fn attempted(counted: &[f64], grid: &Grid<'_>) -> Attempted {
    let slots: Vec<Option<i64>> = (0..counted.len()).map(|index| grid.slot(index)).collect();
    let mut by_slot: std::collections::BTreeMap<i64, Vec<usize>> =
        std::collections::BTreeMap::new();
    for (index, slot) in slots.iter().enumerate() {
        if let Some(slot) = slot {
            by_slot.entry(*slot).or_default().push(index);
        }
    }
    let expected = |index: usize| {
        let others = by_slot
            .get(&slots[index]?)?
            .iter()
            .filter(|other| **other != index);
        median(others.map(|other| counted[*other]).collect())
    };
    let mut attempted = Attempted {
        exposures: Vec::with_capacity(counted.len()),
        outages: Vec::new(),
    };
    for (index, count) in counted.iter().enumerate() {
        let exposure = match (slots[index], expected(index)) {
            (None, _) => Exposure::Unknown,
            (Some(_), Some(expected))
                if expected >= EXPECTED_MIN && *count < expected * OUTAGE_SHARE =>
            {
                attempted.add_outage(grid.start_of(index), grid.window_us, *count, expected);
                Exposure::Expected(expected)
            }
            (Some(_), _) => Exposure::Counted(*count),
        };
        attempted.exposures.push(exposure);
    }
    attempted
}

impl Grid<'_> {
    fn start_of(&self, index: usize) -> i64 {
        self.start_us + i64::try_from(index).unwrap_or(0) * self.window_us
    }

    /// Window of the local week; `None` where the lake has no data.
    fn slot(&self, index: usize) -> Option<i64> {
        let start_us = self.start_of(index);
        let is_covered = start_us
            >= self.covered.start_us.div_euclid(self.window_us) * self.window_us
            && start_us < self.covered.end_us;
        let local = self
            .zone
            .to_datetime(Timestamp::from_microsecond(start_us).ok()?);
        let day = i64::from(local.weekday().to_monday_zero_offset());
        let minutes = day * 1_440 + i64::from(local.hour()) * 60 + i64::from(local.minute());
        is_covered.then_some(minutes * 60_000_000 / self.window_us)
    }
}

impl Attempted {
    fn add_outage(&mut self, start_us: i64, window_us: i64, counted: f64, expected: f64) {
        let (from, to) = (rfc3339(start_us), rfc3339(start_us + window_us));
        match self.outages.last_mut() {
            Some(last) if last.to == from => {
                last.to = to;
                last.counted += counted;
                last.expected += expected;
            }
            Some(_) | None => self.outages.push(OutageStretch {
                from,
                to,
                counted,
                expected,
            }),
        }
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    (values.len() >= WEEKS_MIN).then(|| values[(values.len() - 1) / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_US: i64 = 3_600_000_000;

    #[test]
    fn sessions_that_fall_in_an_outage_are_those_of_other_weeks() {
        let hours = 5 * 7 * 24;
        let mut counted: Vec<f64> = (0..hours)
            .map(|hour| if hour % 24 < 6 { 2.0 } else { 50.0 })
            .collect();
        counted[200] = 10.0;
        counted[201] = 0.0;
        counted[204] = 20.0;
        counted[192] = 0.0;
        let grid = Grid {
            start_us: 0,
            window_us: HOUR_US,
            covered: TimeWindow {
                start_us: 10,
                end_us: (hours - 1) * HOUR_US,
            },
            zone: &TimeZone::UTC,
        };
        let found = attempted(&counted, &grid);
        assert_eq!(found.exposures[200], Exposure::Expected(50.0));
        assert_eq!(
            found.exposures[204],
            Exposure::Counted(20.0),
            "40 % is no outage"
        );
        assert_eq!(
            found.exposures[192],
            Exposure::Counted(0.0),
            "nights are quiet"
        );
        assert_eq!(
            found.exposures.last(),
            Some(&Exposure::Unknown),
            "not covered"
        );
        let [outage] = &found.outages[..] else {
            panic!("{:?}", found.outages)
        };
        assert_eq!(
            (outage.from.as_str(), outage.to.as_str()),
            ("1970-01-09T08:00:00Z", "1970-01-09T10:00:00Z")
        );
        assert!((outage.counted - 10.0).abs() < 1e-9 && (outage.expected - 100.0).abs() < 1e-9);
    }
}
