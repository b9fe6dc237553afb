//! Burn-rate arithmetic for exports: how long an objective is, and how fast is too fast.
//!
//! In: an objective and the set's periods. Out: its length and, per rule, the burn rate above
//! which the budget goes too fast. A burn rate is a multiple of the rate that uses up the whole
//! budget exactly at the end: budget share × length ÷ long window
//! (<https://sre.google/workbook/alerting-on-slos/>).

use crate::declared_files::DurationText;
use crate::sli::definition::{BurnRuleDefinition, ObjectiveDefinition, SliSetDefinition};
use crate::time_window::{self, TimeWindow};

const HOUR_US: u64 = 3_600_000_000;
/// A day.
pub(super) const DAY_US: u64 = 24 * HOUR_US;
/// A month, for burn rates and for tools that know only days.
pub(super) const MONTH_US: u64 = 30 * DAY_US;
/// The rules of an objective that names none: share of the budget, long and short window.
const DEFAULTS: [(&str, f64, u64); 3] = [
    ("page", 0.02, HOUR_US),
    ("page", 0.05, 6 * HOUR_US),
    ("ticket", 0.1, 72 * HOUR_US),
];
/// A short window is a twelfth of its long one where nothing else is said.
pub(super) const SHORT_WINDOW_SHARE: u64 = 12;

/// Over what an objective holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Over {
    /// The last so many µs.
    Rolling(u64),
    /// Every calendar day.
    Day,
    /// Every ISO week.
    Week,
    /// Every month.
    Month,
    /// A stretch of time with a name, and its length in µs if it can be read.
    Period(Option<u64>),
}

impl Over {
    /// What `over` of an objective of `set` means.
    pub(super) fn of(over: &str, set: &SliSetDefinition) -> Self {
        match over {
            "day" => Over::Day,
            "week" => Over::Week,
            "month" => Over::Month,
            _ => match rolling_us(over) {
                Some(us) => Over::Rolling(us),
                None => Over::Period(period_us(over, set)),
            },
        }
    }

    /// Its length in µs; 30 days for a month, `None` for a period that cannot be read.
    pub(super) fn length_us(&self) -> Option<u64> {
        match self {
            Over::Rolling(us) => Some(*us),
            Over::Day => Some(DAY_US),
            Over::Week => Some(7 * DAY_US),
            Over::Month => Some(MONTH_US),
            Over::Period(us) => *us,
        }
    }
}

/// A rule with its burn rate.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Burn {
    /// Name of the rule.
    pub(super) name: String,
    /// Too fast above this multiple of the even rate.
    pub(super) rate: f64,
    /// The long window, µs.
    pub(super) long_us: u64,
    /// The short window, µs.
    pub(super) short_us: u64,
    /// Who is told.
    pub(super) tell: Vec<String>,
}

/// The rules of an objective of this length that mean something, and why the others do not.
pub(super) fn burns(objective: &ObjectiveDefinition, length_us: u64) -> (Vec<Burn>, Vec<String>) {
    let (mut burns, mut refused) = (Vec::new(), Vec::new());
    for rule in objective.burn.clone().unwrap_or_else(default_rules) {
        let (long_us, short_us) = (rule.long.as_us(), rule.short.as_us());
        let rate = rate(rule.budget, length_us, long_us);
        match refusal(rate, (long_us, short_us), length_us, objective.target) {
            Some(why) => refused.push(format!(
                "burn rule `{}` over `{}` {why}: left out",
                rule.name, objective.over
            )),
            None => burns.push(Burn {
                name: rule.name,
                rate,
                long_us,
                short_us,
                tell: rule.tell,
            }),
        }
    }
    (burns, refused)
}

/// Why a rule means nothing; the rules are those by which [`sli`](crate::sli) judges.
pub(super) fn refusal(
    rate: f64,
    (long_us, short_us): (u64, u64),
    length_us: u64,
    target: f64,
) -> Option<&'static str> {
    if short_us == 0 || short_us >= long_us {
        Some("has a short window that is not within its long one")
    } else if long_us > length_us {
        Some("outlasts its objective")
    } else if rate < 1.0 {
        Some("speaks at a burn rate below 1, at which the budget lasts")
    } else if rate * (1.0 - target) >= 1.0 {
        Some("can never speak: more than all requests would be bad")
    } else {
        None
    }
}

/// The burn rate at which `long_us` uses up `budget` of an objective of `length_us`.
#[expect(
    clippy::cast_precision_loss,
    reason = "lengths of time stay below 2^53 µs, which are 285 years"
)]
pub(super) fn rate(budget: f64, length_us: u64, long_us: u64) -> f64 {
    budget * (length_us as f64 / long_us as f64)
}

/// A number with at most six decimals: 13.44, not 13.440000000000001.
pub(super) fn short_number(number: f64) -> String {
    let text = format!("{number:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// µs as seconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "durations of a definition stay below 2^53 µs, which are 285 years"
)]
pub(super) fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

/// A number without what binary fractions add: 0.999, not 0.9990000000000001.
pub(super) fn exact(number: f64) -> f64 {
    (number * 1e9).round() / 1e9
}

fn default_rules() -> Vec<BurnRuleDefinition> {
    let duration = |us| DurationText::from_us(us).expect("three days are a valid duration");
    let rule = |(name, budget, long_us): (&str, f64, u64)| BurnRuleDefinition {
        name: name.to_owned(),
        budget,
        long: duration(long_us),
        short: duration(long_us / SHORT_WINDOW_SHARE),
        tell: Vec::new(),
    };
    DEFAULTS.into_iter().map(rule).collect()
}

/// `28d` or `12h` in µs.
fn rolling_us(over: &str) -> Option<u64> {
    let (amount, unit_us) = match over.strip_suffix('d') {
        Some(amount) => (amount, DAY_US),
        None => (over.strip_suffix('h')?, HOUR_US),
    };
    let is_whole = !amount.is_empty() && amount.bytes().all(|byte| byte.is_ascii_digit());
    let us = amount.parse::<u64>().ok()?.checked_mul(unit_us)?;
    (is_whole && us > 0).then_some(us)
}

/// When a period of the set is; `None` where it has none of that name, or its times are none.
pub(super) fn period(name: &str, set: &SliSetDefinition) -> Option<TimeWindow> {
    let period = set.periods.iter().find(|period| period.name == name)?;
    let zone = time_window::zone(set.time_zone.as_deref().unwrap_or("UTC")).ok()?;
    let time = |text: &str| time_window::parse_time(text, &zone, 0).ok();
    TimeWindow::new(time(&period.from)?, time(&period.to)?).ok()
}

fn period_us(name: &str, set: &SliSetDefinition) -> Option<u64> {
    let window = period(name, set)?;
    u64::try_from(window.end_us - window.start_us).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(days: u64) -> Vec<String> {
        let rates = DEFAULTS.map(|(_, budget, long_us)| rate(budget, days * DAY_US, long_us));
        rates.map(short_number).to_vec()
    }

    fn kept(days: u64, target: f64) -> usize {
        let objective = ObjectiveDefinition {
            target,
            over: format!("{days}d"),
            burn: None,
        };
        let (burns, refused) = burns(&objective, days * DAY_US);
        assert_eq!(burns.len() + refused.len(), DEFAULTS.len());
        burns.len()
    }

    #[test]
    fn burn_rates_are_those_of_the_objectives_own_length() {
        assert_eq!(rates(30), ["14.4", "6", "1"]);
        assert_eq!(rates(28), ["13.44", "5.6", "0.933333"]);
        assert_eq!(rates(7), ["3.36", "1.4", "0.233333"]);
        assert_eq!(rates(4), ["1.92", "0.8", "0.133333"]);
    }

    #[test]
    fn rules_that_mean_nothing_over_this_length_are_left_out() {
        let table = [
            (30, 0.99, 3),
            (28, 0.99, 2),
            (7, 0.99, 2),
            (4, 0.99, 1),
            (1, 0.99, 0),
            (30, 0.9, 2),
        ];
        for (days, target, count) in table {
            assert_eq!(kept(days, target), count, "{days} {target}");
        }
    }

    #[test]
    fn rolling_windows_are_whole_hours_or_days() {
        let table = [
            ("28d", Some(28 * DAY_US)),
            ("12h", Some(DAY_US / 2)),
            ("d", None),
            ("0d", None),
            ("1.5d", None),
            ("+1d", None),
            ("weekend", None),
        ];
        for (text, us) in table {
            assert_eq!(rolling_us(text), us, "{text}");
        }
    }
}
