//! The rows that a fit looks at: contacts, exposure, terms of the quiet rate, and for every node of
//! the grid how far sessions were beyond it.
//!
//! In: windows of the input, a kernel. Out: a [`Design`]. A hinge is applied to the SLI of each
//! window first and delayed after, since a session calls about its own experience; the other way
//! round the delay would smooth episodes below their onset. Windows with unknown parts have no row.

use super::input::{CalibrationInput, Direction, SliInput};
use super::kernel::convolved;
use super::season;
use super::spread::{Spread, spreads};

/// The share of a row's exposure whose SLI must be known.
const KNOWN_SHARE_MIN: f64 = 0.8;
/// Rows with less exposure are not used: nobody was there to call.
const EXPOSURE_MIN: f64 = 1e-6;

/// Rows of one fit.
#[derive(Debug, Clone, Default)]
pub(super) struct Design {
    /// Contacts.
    pub y: Vec<f64>,
    /// Sessions that could have called, under the kernel.
    pub exposure: Vec<f64>,
    /// Terms of the quiet rate, row by row.
    pub terms: Vec<f64>,
    /// How many terms a row has.
    pub width: usize,
    /// Index of the local day, ascending from 0; days without rows keep theirs.
    pub day: Vec<usize>,
    /// Index of the window in the input, ascending.
    pub window: Vec<usize>,
    /// The grid, as harm.
    pub nodes: Vec<f64>,
    /// Per node and row: mean harm beyond the node of the sessions that could have called.
    pub beyond: Vec<Vec<f64>>,
    /// Per row: mean harm of these sessions.
    pub harm: Vec<f64>,
    /// Per row: excess by other SLIs, as a multiple of the quiet rate.
    pub background: Vec<f64>,
}

impl Design {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.y.len()
    }

    /// Mean harm beyond any value of the grid's range; between nodes on the straight line, which is
    /// exact where no value lies between them.
    pub fn beyond_at(&self, harm: f64, row: usize) -> f64 {
        let (lower, part) = self.position(harm);
        let low = self.beyond[lower][row];
        let Some(high) = self.beyond.get(lower + 1) else {
            return low;
        };
        low + part * (high[row] - low)
    }

    /// All rows of [`Design::beyond_at`].
    pub fn column_at(&self, harm: f64) -> Vec<f64> {
        let (lower, part) = self.position(harm);
        let low = &self.beyond[lower];
        match self.beyond.get(lower + 1).filter(|_| part > 0.0) {
            None => low.clone(),
            Some(high) => low
                .iter()
                .zip(high)
                .map(|(low, high)| low + part * (high - low))
                .collect(),
        }
    }

    /// The node at or below, and how far it is on the way to the next.
    fn position(&self, harm: f64) -> (usize, f64) {
        let above = self.nodes.partition_point(|node| *node <= harm);
        let lower = above.max(1) - 1;
        match (self.nodes.get(lower), self.nodes.get(lower + 1)) {
            (Some(low), Some(high)) => (lower, ((harm - low) / (high - low)).clamp(0.0, 1.0)),
            _ => (lower, 0.0),
        }
    }

    /// The rows for which `keep` holds.
    pub fn filtered(&self, keep: &dyn Fn(usize) -> bool) -> Self {
        let rows: Vec<usize> = (0..self.rows()).filter(|row| keep(*row)).collect();
        let pick = |of: &[f64]| rows.iter().map(|row| of[*row]).collect::<Vec<f64>>();
        Self {
            y: pick(&self.y),
            exposure: pick(&self.exposure),
            terms: rows
                .iter()
                .flat_map(|row| &self.terms[row * self.width..(row + 1) * self.width])
                .copied()
                .collect(),
            width: self.width,
            day: rows.iter().map(|row| self.day[*row]).collect(),
            window: rows.iter().map(|row| self.window[*row]).collect(),
            nodes: self.nodes.clone(),
            beyond: self.beyond.iter().map(|of| pick(of)).collect(),
            harm: pick(&self.harm),
            background: pick(&self.background),
        }
    }
}

/// What all SLIs of an input share: exposure, calendar, drivers.
#[derive(Debug)]
pub(super) struct Calendar {
    /// Sessions per window; 0 where nobody knows.
    pub sessions: Vec<f64>,
    /// Whether they are known.
    pub is_known: Vec<bool>,
    /// Terms of the quiet rate per window.
    pub terms: Vec<f64>,
    /// Terms per window.
    pub width: usize,
    /// Local day of a window, ascending from 0.
    pub day: Vec<usize>,
    /// Number of days.
    pub days: usize,
}

impl Calendar {
    pub fn new(input: &CalibrationInput) -> Self {
        let drivers: Vec<_> = input
            .drivers
            .iter()
            .filter(|driver| input.has_both(driver))
            .collect();
        let width = season::TERMS + drivers.len();
        let mut terms = Vec::with_capacity(width * input.windows.len());
        let mut day = Vec::with_capacity(input.windows.len());
        let mut last = None;
        let mut days = 0;
        for index in 0..input.windows.len() {
            let start_us = input.window_start_us(index);
            terms.extend(season::terms(start_us, &input.time_zone));
            terms.extend(
                drivers
                    .iter()
                    .map(|driver| f64::from(u8::from(driver.covers(start_us)))),
            );
            let date = season::date(start_us, &input.time_zone);
            if last.is_some() && last != Some(date) {
                days += 1;
            }
            last = Some(date);
            day.push(days);
        }
        let sessions = input
            .windows
            .iter()
            .map(|window| window.sessions.sessions());
        Self {
            is_known: sessions
                .clone()
                .map(|sessions| sessions.is_some())
                .collect(),
            sessions: sessions.map(Option::unwrap_or_default).collect(),
            terms,
            width,
            days: if day.is_empty() { 0 } else { days + 1 },
            day,
        }
    }
}

/// One SLI as harm, where higher is worse.
#[derive(Debug, Clone)]
pub(super) struct Harm {
    /// Per window as seen; 0 where it is not known.
    pub values: Vec<f64>,
    /// Whether it is.
    pub is_known: Vec<bool>,
    /// What it may have been in truth; empty where it is taken as seen.
    pub spreads: Vec<Spread>,
}

impl Harm {
    pub fn of(sli: &SliInput) -> Self {
        let sign = sli.direction.sign();
        let value = |value: &Option<f64>| value.filter(|value| value.is_finite());
        Self {
            values: sli
                .values
                .iter()
                .map(|of| value(of).map_or(0.0, |of| sign * of))
                .collect(),
            is_known: sli.values.iter().map(|of| value(of).is_some()).collect(),
            spreads: true_shares(sli),
        }
    }

    /// Expected harm beyond a level; 0 where it is not known.
    pub fn beyond(&self, window: usize, level: f64) -> f64 {
        if !self.is_known[window] {
            return 0.0;
        }
        match self.spreads.get(window).filter(|spread| !spread.is_empty()) {
            None => (self.values[window] - level).max(0.0),
            Some(spread) => spread
                .iter()
                .map(|(of, weight)| weight * (of - level).max(0.0))
                .sum(),
        }
    }

    /// Expected harm.
    pub fn mean(&self, window: usize) -> f64 {
        match self.spreads.get(window).filter(|spread| !spread.is_empty()) {
            None => self.values[window],
            Some(spread) => spread.iter().map(|(of, weight)| weight * of).sum(),
        }
    }

    /// The same of so many windows later; the end is not known.
    pub fn later(&self, windows: usize) -> Self {
        let windows = windows.min(self.values.len());
        let mut later = self.turned(windows);
        let end = later.is_known.len() - windows;
        later.is_known[end..].fill(false);
        later
    }

    /// The same, turned around so that each window has that of `windows` later, the last ones those
    /// of the beginning.
    pub fn turned(&self, windows: usize) -> Self {
        let mut turned = self.clone();
        let windows = windows % self.values.len().max(1);
        turned.values.rotate_left(windows);
        turned.is_known.rotate_left(windows);
        if !turned.spreads.is_empty() {
            turned.spreads.rotate_left(windows);
        }
        turned
    }
}

/// What shares may have been in truth, as harm; none where nobody counted their requests.
fn true_shares(sli: &SliInput) -> Vec<Spread> {
    let requests = sli
        .requests
        .as_ref()
        .filter(|requests| requests.len() == sli.values.len());
    let Some(requests) = requests.filter(|_| sli.unit == "share") else {
        return Vec::new();
    };
    let bad = |share: f64| match sli.direction {
        Direction::HigherIsWorse => share,
        Direction::LowerIsWorse => 1.0 - share,
    };
    let counts: Vec<(f64, f64)> = sli
        .values
        .iter()
        .zip(requests)
        .map(|(value, count)| match value {
            Some(value) if value.is_finite() => {
                (bad(*value).clamp(0.0, 1.0) * *count as f64, *count as f64)
            }
            _ => (0.0, 0.0),
        })
        .collect();
    // A bad share is the harm itself, or 1 below that of what went well.
    let offset = match sli.direction {
        Direction::HigherIsWorse => 0.0,
        Direction::LowerIsWorse => 1.0,
    };
    let shifted = |spread: Spread| {
        spread
            .into_iter()
            .map(|(of, weight)| (of - offset, weight))
            .collect()
    };
    spreads(&counts).into_iter().map(shifted).collect()
}

/// Sessions that could call in a window, by what is known of them.
struct Exposed {
    /// Sessions whose SLI is known, by the window in which they were.
    counted: Vec<f64>,
    /// All sessions, under the kernel.
    all: Vec<f64>,
    /// Those whose SLI is known, under the kernel.
    known: Vec<f64>,
    /// Share of the kernel in which nobody counted sessions.
    unknown: Vec<f64>,
}

impl Exposed {
    fn new(calendar: &Calendar, harm: &Harm, kernel: &[f64]) -> Self {
        let sessions = calendar.sessions.iter().enumerate();
        let counted: Vec<f64> = sessions
            .map(|(window, sessions)| {
                let is_known = harm.is_known[window] && calendar.is_known[window];
                if is_known { *sessions } else { 0.0 }
            })
            .collect();
        let is_known = calendar.is_known.iter();
        let unknown: Vec<f64> = is_known.map(|known| f64::from(u8::from(!known))).collect();
        Self {
            all: convolved(&calendar.sessions, kernel),
            known: convolved(&counted, kernel),
            unknown: convolved(&unknown, kernel),
            counted,
        }
    }

    fn is_enough(&self, window: usize) -> bool {
        self.unknown[window] < 1.0 - KNOWN_SHARE_MIN
            && self.all[window] > EXPOSURE_MIN
            && self.known[window] >= KNOWN_SHARE_MIN * self.all[window]
    }

    /// The mean of a value over the sessions that could call in each of `rows`.
    fn mean_of(&self, rows: &[usize], kernel: &[f64], value: &dyn Fn(usize) -> f64) -> Vec<f64> {
        let counted = self.counted.iter().enumerate();
        let weighed: Vec<f64> = counted
            .map(|(window, sessions)| {
                if *sessions > 0.0 {
                    sessions * value(window)
                } else {
                    0.0
                }
            })
            .collect();
        let sums = convolved(&weighed, kernel);
        rows.iter()
            .map(|window| sums[*window] / self.known[*window])
            .collect()
    }
}

/// Rows of an SLI under a kernel. `background` has the excess by others per window, as a multiple of
/// the quiet rate; empty for none.
pub(super) fn aggregate(
    input: &CalibrationInput,
    calendar: &Calendar,
    harm: &Harm,
    contacts: &[f64],
    kernel: &[f64],
    nodes: &[f64],
    background: &[f64],
) -> Design {
    let exposed = Exposed::new(calendar, harm, kernel);
    let is_row = |window: &usize| {
        window + 1 >= kernel.len()
            && input.windows[*window].is_covered
            && exposed.is_enough(*window)
    };
    let rows: Vec<usize> = (0..harm.values.len()).filter(is_row).collect();
    let pick = |of: &[f64]| rows.iter().map(|window| of[*window]).collect::<Vec<f64>>();
    let terms =
        |window: &usize| &calendar.terms[window * calendar.width..(window + 1) * calendar.width];
    let beyond = |node: &f64| exposed.mean_of(&rows, kernel, &|window| harm.beyond(window, *node));
    Design {
        y: pick(contacts),
        exposure: pick(&exposed.all),
        terms: rows.iter().flat_map(terms).copied().collect(),
        width: calendar.width,
        day: rows.iter().map(|window| calendar.day[*window]).collect(),
        nodes: nodes.to_vec(),
        beyond: nodes.iter().map(beyond).collect(),
        harm: exposed.mean_of(&rows, kernel, &|window| harm.mean(window)),
        background: rows
            .iter()
            .map(|window| background.get(*window).copied().unwrap_or(0.0))
            .collect(),
        window: rows,
    }
}
