//! What is expected: a peak, or a whole curve, times growth and campaign.
//!
//! In: what was, and by how much more. Out: rates per minute, least, middle and most. When a limit is
//! passed, and how much is beyond it.

use serde::Serialize;

/// One stretch of a day that was.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Start, UTC µs.
    pub start_us: i64,
    /// Its length, seconds.
    pub length_s: f64,
    /// What came in it, per minute.
    pub rate_per_min: f64,
}

/// What is expected, from what was.
#[derive(Debug, Clone, PartialEq)]
pub struct DemandPlan {
    /// The highest rate of the last peak, per minute.
    pub last_peak_per_min: f64,
    /// The day that is scaled, oldest first; empty where only the peak is known.
    pub curve: Vec<CurvePoint>,
    /// By what everything has grown since, 1 for not at all.
    pub growth: f64,
    /// What a campaign multiplies that by, least and most.
    pub campaign: [f64; 2],
    /// How long the peak lasts where there is no curve, seconds.
    pub peak_lasts_s: f64,
}

/// One of the three: least, middle, most.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Demand {
    /// What the last peak is multiplied by.
    pub factor: f64,
    /// The expected peak, per minute.
    pub peak_per_min: f64,
    /// When the lower bound of the maximum is passed; `None` where it never is.
    pub passes: Option<Passing>,
}

/// When a limit is passed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Passing {
    /// Start of the first stretch above it, UTC µs of the day that is scaled; `None` without a curve.
    pub first_us: Option<i64>,
    /// End of the last one.
    pub last_us: Option<i64>,
    /// Time above it, seconds.
    pub above_s: f64,
    /// What comes beyond the limit meanwhile.
    pub beyond: f64,
    /// All that comes meanwhile.
    pub offered: f64,
}

impl DemandPlan {
    /// What the last peak is multiplied by: least, geometric middle, most.
    #[must_use]
    pub fn factors(&self) -> [f64; 3] {
        let [low, high] = self.campaign;
        [low, (low * high).sqrt(), high].map(|campaign| campaign * self.growth)
    }

    /// The demand at a factor, against a limit per minute.
    #[must_use]
    pub fn at(&self, factor: f64, limit_per_min: f64) -> Demand {
        Demand {
            factor,
            peak_per_min: self.last_peak_per_min * factor,
            passes: self.passes(factor, limit_per_min),
        }
    }

    fn passes(&self, factor: f64, limit_per_min: f64) -> Option<Passing> {
        let whole = CurvePoint {
            start_us: 0,
            length_s: self.peak_lasts_s,
            rate_per_min: self.last_peak_per_min,
        };
        let has_curve = !self.curve.is_empty();
        let points = if has_curve {
            self.curve.as_slice()
        } else {
            std::slice::from_ref(&whole)
        };
        let above = points
            .iter()
            .filter(|point| point.rate_per_min * factor > limit_per_min);
        let mut passing: Option<Passing> = None;
        for point in above {
            let minutes = point.length_s / 60.0;
            let rate = point.rate_per_min * factor;
            #[expect(clippy::cast_possible_truncation, reason = "a stretch of a day")]
            let end_us = point.start_us + (point.length_s * 1e6) as i64;
            let so_far = passing.get_or_insert(Passing {
                first_us: has_curve.then_some(point.start_us),
                last_us: None,
                above_s: 0.0,
                beyond: 0.0,
                offered: 0.0,
            });
            so_far.last_us = has_curve.then_some(end_us);
            so_far.above_s += point.length_s;
            so_far.beyond += (rate - limit_per_min) * minutes;
            so_far.offered += rate * minutes;
        }
        passing
    }
}
