//! What must hold over days, weeks and months, and when its budget burns too fast.

use super::NamedPeriod;
use crate::time_window::US_PER_S;

/// What must hold over days, weeks or months.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectivePlan {
    /// The least share of good.
    pub target: f64,
    /// Over what.
    pub over: Over,
    /// When its budget burns too fast; the strictest first.
    pub burn: Vec<BurnRule>,
}

/// The stretch of time of an objective.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Over {
    /// The last so many µs, at every moment.
    Rolling(i64),
    /// Every calendar day.
    Day,
    /// Every ISO week.
    Week,
    /// Every month.
    Month,
    /// A stretch of time with a name.
    Period(NamedPeriod),
}

/// A multi-window burn rule.
#[derive(Debug, Clone, PartialEq)]
pub struct BurnRule {
    /// Its name, e.g. `page`.
    pub name: String,
    /// The share of the whole budget that the long window may use up.
    pub budget: f64,
    /// The long window, µs.
    pub long_us: i64,
    /// The short window, µs.
    pub short_us: i64,
    /// Who is told.
    pub tell: Vec<String>,
}

impl Over {
    /// The length by which burn rates are computed, µs: a day has 24 hours, a month 30 days.
    #[must_use]
    pub fn nominal_us(&self) -> i64 {
        const DAY_US: i64 = 86_400 * US_PER_S;
        match self {
            Over::Rolling(rolling_us) => *rolling_us,
            Over::Day => DAY_US,
            Over::Week => 7 * DAY_US,
            Over::Month => 30 * DAY_US,
            Over::Period(period) => period.window.end_us - period.window.start_us,
        }
    }
}

impl BurnRule {
    /// The burn rate at which the rule speaks, for an objective over `over_us`: share of the
    /// budget × period / long window, so 3.36 for 2 % in an hour of 7 days. At 1 the budget lasts
    /// exactly as long as the period.
    #[must_use]
    pub fn burn_rate(&self, over_us: i64) -> f64 {
        self.budget * number(over_us) / number(self.long_us)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "objectives are shorter than 2^53 µs, which are 285 years"
)]
fn number(duration_us: i64) -> f64 {
    duration_us as f64
}
