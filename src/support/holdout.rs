//! What a fit predicts of windows that it never saw.
//!
//! In: an SLI, a split of the weeks. Out: surges met and missed, skill, coverage, and the timeline of
//! predicted and real contacts. A surge is at least two windows in a row above what 99 of 100 windows
//! have by season alone.

use super::bootstrap::quantile;
use super::calibration::{Holdout, Split, TimelinePoint};
use super::draws::{THETA_OF_POISSON, count_at, share_above};
use super::episodes::{Episode, episodes};
use super::fit::{Fitted, Source};
use super::quiet::{Counts, FitError};
use super::shapes::{deviance, hinge_lift, quiet_of};

/// A window is above season where its count is reached by 1 of 100.
const SURGE_SHARE: f64 = 0.99;
/// So many windows in a row are a surge.
const SURGE_WINDOWS: usize = 2;
/// Folds where the last fifth has no episode.
const FOLDS: usize = 5;
const WEEK_US: f64 = 7.0 * 86_400e6;

/// Stretches of windows, half-open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub from: usize,
    pub to: usize,
}

impl Part {
    pub fn has(&self, window: usize) -> bool {
        (self.from..self.to).contains(&window)
    }
}

/// The forward split: 60 % to learn, 20 % to choose, 20 % to look, `gap` windows between.
pub(super) fn forward(windows: usize, gap: usize) -> [Part; 3] {
    let (first, second) = (windows * 3 / 5, windows * 4 / 5);
    let part = |from: usize, to: usize| Part {
        from,
        to: to.max(from),
    };
    [
        part(0, first),
        part(first + gap, second),
        part(second + gap, windows),
    ]
}

/// One held-out row.
#[derive(Debug, Clone, Copy)]
struct Row {
    window: usize,
    y: f64,
    mean: f64,
    quiet: f64,
    seasonal: f64,
    theta: f64,
    seasonal_theta: f64,
}

/// Figures of held-out windows, and the timeline.
pub(super) struct Outcome {
    pub holdout: Holdout,
    pub timeline: Vec<TimelinePoint>,
}

/// Looks at held-out windows. `level` is the level as harm that a fit gives, if it gives one.
pub(super) fn holdout(
    source: &Source<'_>,
    gap: usize,
    level: &dyn Fn(&Fitted) -> Option<f64>,
) -> Result<Outcome, FitError> {
    let windows = source.harm.values.len();
    let [_, _, last] = forward(windows, gap);
    let (rows, episodes) = predicted(source, &|window| window + gap < last.from, last, level)?;
    if !episodes.is_empty() {
        return Ok(outcome(source, Split::Forward, &rows, &episodes, gap));
    }
    let (mut rows, mut episodes) = (Vec::new(), Vec::new());
    for fold in 0..FOLDS {
        let part = Part {
            from: windows * fold / FOLDS,
            to: windows * (fold + 1) / FOLDS,
        };
        let is_far = move |window: usize| window + gap < part.from || window >= part.to + gap;
        let (of_fold, seen) = predicted(source, &is_far, part, level)?;
        rows.extend(of_fold);
        episodes.extend(seen);
    }
    Ok(outcome(source, Split::FiveFold, &rows, &episodes, gap))
}

/// Rows of `part` by a fit on the windows that `learn` keeps, and the alarms in it.
fn predicted(
    source: &Source<'_>,
    learn: &(dyn Fn(usize) -> bool + Sync),
    part: Part,
    level: &dyn Fn(&Fitted) -> Option<f64>,
) -> Result<(Vec<Row>, Vec<Episode>), FitError> {
    let keep = source.keep;
    let learning = |window: usize| keep(window) && learn(window);
    let looking = |window: usize| keep(window) && part.has(window);
    let first = Source {
        keep: &learning,
        ..*source
    };
    let fitted = first.fit()?;
    let test = Source {
        keep: &looking,
        ..*source
    }
    .design(&fitted.kernel);
    let quiet = quiet_of(&fitted, &test);
    let lift = hinge_lift(&test, &fitted.hinge, 1.0);
    let offset = |design: &super::design::Design| -> Vec<f64> {
        let rows = design.exposure.iter().zip(&design.background);
        rows.map(|(exposure, background)| (exposure * (1.0 + background)).ln())
            .collect()
    };
    let learned = &fitted.design;
    let seasonal = Counts {
        counts: &learned.y,
        terms: &learned.terms,
        width: learned.width,
        log_offset: &offset(learned),
    }
    .fit()?;
    let by_season = seasonal.means(&test.terms, &offset(&test));
    let rows = (0..test.rows()).map(|row| Row {
        window: test.window[row],
        y: test.y[row],
        mean: quiet[row] * lift[row],
        quiet: quiet[row],
        seasonal: by_season[row],
        theta: fitted.theta(),
        seasonal_theta: seasonal.theta.unwrap_or(THETA_OF_POISSON),
    });
    let alarms = level(&fitted).map_or_else(Vec::new, |level| {
        let found = episodes(
            source.harm,
            &source.calendar.sessions,
            level,
            fitted.kernel.len(),
        );
        found
            .into_iter()
            .filter(|alarm| part.has(alarm.from))
            .collect()
    });
    Ok((rows.collect(), alarms))
}

fn outcome(
    source: &Source<'_>,
    split: Split,
    rows: &[Row],
    alarms: &[Episode],
    gap: usize,
) -> Outcome {
    let met = Met::new(rows, alarms, gap);
    let minutes = source.input.window_us as f64 / 60e6;
    let mut leads: Vec<f64> = met
        .lead_windows
        .iter()
        .map(|lead| *lead as f64 * minutes)
        .collect();
    leads.sort_by(f64::total_cmp);
    let share = |part: usize, of: usize| (of > 0).then(|| part as f64 / of as f64);
    let weeks = rows.len() as f64 * source.input.window_us as f64 / WEEK_US;
    let sum = |of: &dyn Fn(&Row) -> f64| rows.iter().map(of).sum::<f64>();
    let count = (rows.len() as f64).max(1.0);
    let own = sum(&|row| deviance(row.y, row.mean, row.theta));
    let season = sum(&|row| deviance(row.y, row.seasonal, row.theta));
    let ratio = |part: f64, of: f64| if of > 0.0 { part / of } else { 0.0 };
    let holdout = Holdout {
        split,
        surges: met.surges as u64,
        precision: share(met.hits, alarms.len()),
        recall: share(leads.len(), met.surges),
        false_alarms_per_week: ratio((alarms.len() - met.hits) as f64, weeks),
        lead_minutes_median: (!leads.is_empty()).then(|| quantile(&leads, 0.5)),
        lead_minutes_min: leads.first().copied(),
        deviance_skill: ratio(season - own, season),
        brier: sum(&|row| row.brier(row.mean, row.theta)) / count,
        brier_seasonal: sum(&|row| row.brier(row.seasonal, row.seasonal_theta)) / count,
        coverage90: sum(&|row| f64::from(u8::from(row.is_covered()))) / count,
        windows: rows.len() as u64,
        episodes: alarms.len() as u64,
    };
    let timeline = rows.iter().map(|row| TimelinePoint {
        start_us: source.input.window_start_us(row.window),
        predicted: row.mean,
        interval90: row.interval(),
        quiet: row.quiet,
        real: row.y as u64,
    });
    Outcome {
        holdout,
        timeline: timeline.collect(),
    }
}

/// Which alarms met which surges.
struct Met {
    surges: usize,
    /// Alarms with a surge.
    hits: usize,
    /// Windows from the alarm to the surge, of each surge that had one.
    lead_windows: Vec<usize>,
}

impl Met {
    fn new(rows: &[Row], alarms: &[Episode], gap: usize) -> Self {
        let surges = surges(rows, gap);
        // An alarm meets a surge that begins from a window before it to the longest delay after it.
        let meets =
            |alarm: &Episode, surge: usize| surge + 1 >= alarm.from && surge < alarm.to + gap;
        let has_surge = |alarm: &&Episode| surges.iter().any(|surge| meets(alarm, *surge));
        let lead = |surge: &usize| {
            let alarm = alarms.iter().find(|alarm| meets(alarm, *surge))?;
            Some(surge.saturating_sub(alarm.from))
        };
        Self {
            hits: alarms.iter().filter(has_surge).count(),
            lead_windows: surges.iter().filter_map(lead).collect(),
            surges: surges.len(),
        }
    }
}

impl Row {
    fn surge_limit(&self) -> f64 {
        count_at(SURGE_SHARE, self.seasonal, self.seasonal_theta)
    }

    /// Squared error of the probability that the window is above season.
    fn brier(&self, mean: f64, theta: f64) -> f64 {
        let limit = self.surge_limit();
        (share_above(limit, mean, theta) - f64::from(u8::from(self.y > limit))).powi(2)
    }

    fn is_covered(&self) -> bool {
        let [low, high] = self.interval();
        (low..=high).contains(&self.y)
    }

    fn interval(&self) -> [f64; 2] {
        [0.05, 0.95].map(|share| count_at(share, self.mean, self.theta))
    }
}

/// First windows of surges, in time order; surges no more than `gap` windows apart are one.
fn surges(rows: &[Row], gap: usize) -> Vec<usize> {
    let above: Vec<usize> = rows
        .iter()
        .filter(|row| row.y > row.surge_limit())
        .map(|row| row.window)
        .collect();
    let mut surges: Vec<(usize, usize)> = Vec::new();
    for stretch in above.chunk_by(|one, next| one + 1 == *next) {
        if stretch.len() < SURGE_WINDOWS {
            continue;
        }
        let end = stretch[stretch.len() - 1];
        match surges.last_mut() {
            Some((_, last)) if stretch[0] <= *last + gap => *last = end,
            _ => surges.push((stretch[0], end)),
        }
    }
    surges.into_iter().map(|(first, _)| first).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_the_split_keep_their_distance() {
        let [learn, choose, look] = forward(1_000, 24);
        assert_eq!((learn.from, learn.to), (0, 600));
        assert_eq!((choose.from, choose.to), (624, 800));
        assert_eq!((look.from, look.to), (824, 1_000));
    }

    #[test]
    fn two_windows_in_a_row_are_a_surge_and_one_is_none() {
        let row = |window, y| Row {
            window,
            y,
            mean: 5.0,
            quiet: 5.0,
            seasonal: 5.0,
            theta: 1e9,
            seasonal_theta: 1e9,
        };
        let counts = [5.0, 30.0, 5.0, 30.0, 31.0, 5.0, 4.0, 40.0, 40.0];
        let rows: Vec<Row> = counts
            .iter()
            .enumerate()
            .map(|(at, y)| row(at, *y))
            .collect();
        assert_eq!(surges(&rows, 0), [3, 7]);
        assert_eq!(surges(&rows, 3), [3]);
    }
}
