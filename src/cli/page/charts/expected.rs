//! What was expected of a rate, as a line and a band in its chart, and how often it was outside.

use super::{Grid, line};
use crate::cli::range::Judged;
use crate::report::{Series, SeriesStyle, text};
use crate::sli::SliSeries;
use crate::sli::expected::Expected;

/// How many windows of a hundred are outside of the band by chance alone.
const OUTSIDE_PERCENT: u64 = 5;

/// The expectation of one rate, window by window.
pub struct ExpectedBand<'a> {
    windows: Vec<(i64, Option<&'a Expected>)>,
}

impl<'a> ExpectedBand<'a> {
    /// `None` where nothing is expected in any window.
    pub fn of(judged: &'a Judged, series: &SliSeries) -> Option<Self> {
        let expected = judged.expected.get(&series.name)?;
        let known = expected.iter().any(Option::is_some);
        // In the windows of the SLI, which need not be those of the set.
        let starts = series.windows.iter().map(|window| window.start_us);
        let windows = starts.zip(expected.iter().map(Option::as_ref));
        known.then(|| Self {
            windows: windows.collect(),
        })
    }

    /// The middle, and the two edges of the band.
    pub fn series(&self, grid: &Grid) -> [Series; 3] {
        let spread = grid.spread(self.windows.iter().copied());
        let of = |pick: fn(&Expected) -> f64| -> Vec<Option<f64>> {
            let picked = spread.iter().map(|expected| Some(pick((*expected)?)));
            picked.collect()
        };
        let edge = |name: &str, values| Series {
            style: SeriesStyle::Band,
            ..line(name, values)
        };
        [
            line("expected", of(|expected| expected.value)),
            edge("95 % of weeks, low", of(|expected| expected.low)),
            edge("95 % of weeks, high", of(|expected| expected.high)),
        ]
    }

    /// How often the rate was outside; `None` where no window has both.
    pub fn words(&self, series: &SliSeries) -> Option<String> {
        let values = series.windows.iter().map(|window| window.value);
        let both = self.windows.iter().zip(values);
        let both = both.filter_map(|((_, expected), value)| Some(((*expected)?, value?)));
        let (mut below, mut above, mut all) = (0, 0, 0_u64);
        for (expected, value) in both {
            below += u64::from(value < expected.low);
            above += u64::from(value > expected.high);
            all += 1;
        }
        (all > 0).then(|| {
            format!(
                "Below what was expected in {} and above it in {} of {} windows; chance alone makes up to {}.",
                text::count(below),
                text::count(above),
                text::count(all),
                text::count((all * OUTSIDE_PERCENT).div_ceil(100))
            )
        })
    }
}
