//! Objectives over days, weeks and months, and the rules by which their budgets burn too fast.

use super::{Resolver, us};
use crate::declared_files::choices_hint;
use crate::sli::definition::{BurnRuleDefinition, ObjectiveDefinition};
use crate::sli::plan::{BurnRule, NamedPeriod, ObjectivePlan, Over};
use crate::time_window::US_PER_S;

const HOUR_US: i64 = 3_600 * US_PER_S;
const DAY_US: i64 = 24 * HOUR_US;
/// The longest rolling window, days.
const ROLLING_DAYS_MAX: i64 = 3_660;
/// Words that a period cannot have as its name.
pub(super) const CALENDAR_WORDS: [&str; 3] = ["day", "week", "month"];
/// Rules where an objective names none: name, share of the budget, long and short window, µs.
/// "The Site Reliability Workbook", 2018, chapter 5, table 5-8.
const BURN_DEFAULTS: [(&str, f64, i64, i64); 3] = [
    ("page", 0.02, HOUR_US, HOUR_US / 12),
    ("page", 0.05, 6 * HOUR_US, HOUR_US / 2),
    ("ticket", 0.1, 72 * HOUR_US, 6 * HOUR_US),
];

impl Resolver<'_> {
    pub(super) fn objectives(
        &mut self,
        objectives: &[ObjectiveDefinition],
        periods: &[NamedPeriod],
        pointer: &str,
    ) -> Vec<ObjectivePlan> {
        let mut plans = Vec::new();
        for (index, objective) in objectives.iter().enumerate() {
            let pointer = format!("{pointer}/objectives/{index}");
            let is_again = |other: &ObjectiveDefinition| other.over == objective.over;
            if objectives[..index].iter().any(is_again) {
                let message = format!("there is an objective over `{}` already", objective.over);
                self.problem(&format!("{pointer}/over"), message, None);
            }
            if let Some(over) = self.over(&objective.over, periods, &format!("{pointer}/over")) {
                let burn = self.burn_rules(objective, &over, &pointer);
                plans.push(ObjectivePlan {
                    target: objective.target,
                    over,
                    burn,
                });
            }
        }
        plans
    }

    fn over(&mut self, text: &str, periods: &[NamedPeriod], pointer: &str) -> Option<Over> {
        if let Some(over) = over_of(text, periods) {
            return Some(over);
        }
        if is_rolling(text) {
            let message = format!("`{text}` is no length of a rolling window");
            let hint = format!("write at least `1h` and at most `{ROLLING_DAYS_MAX}d`");
            self.problem(pointer, message, Some(hint));
            return None;
        }
        // A period whose times are wrong has a problem of its own.
        let declared = &self.set_definition().periods;
        if declared.iter().any(|period| period.name == text) {
            return None;
        }
        let known = CALENDAR_WORDS.into_iter();
        let known = known.chain(declared.iter().map(|period| period.name.as_str()));
        let known: Vec<&str> = known.collect();
        let label = "a rolling window such as `28d`, or";
        let hint = choices_hint(text, &known, label);
        self.problem(pointer, format!("unknown period `{text}`"), Some(hint));
        None
    }

    fn burn_rules(
        &mut self,
        objective: &ObjectiveDefinition,
        over: &Over,
        pointer: &str,
    ) -> Vec<BurnRule> {
        let over_us = over.nominal_us();
        let mut rules = match &objective.burn {
            Some(written) => self.written_rules(written, objective.target, over_us, pointer),
            None => default_rules(objective.target, over_us),
        };
        rules.sort_by(|a, b| b.burn_rate(over_us).total_cmp(&a.burn_rate(over_us)));
        rules
    }

    /// Rules of the file; one that can never speak, or that speaks of budgets that last, is
    /// refused.
    fn written_rules(
        &mut self,
        written: &[BurnRuleDefinition],
        target: f64,
        over_us: i64,
        pointer: &str,
    ) -> Vec<BurnRule> {
        let mut rules = Vec::new();
        for (index, rule) in written.iter().enumerate() {
            let rule = BurnRule {
                name: rule.name.clone(),
                budget: rule.budget,
                long_us: us(rule.long),
                short_us: us(rule.short),
                tell: rule.tell.clone(),
            };
            if let Some((message, hint)) = refusal(&rule, target, over_us) {
                self.problem(&format!("{pointer}/burn/{index}"), message, Some(hint));
            }
            rules.push(rule);
        }
        rules
    }
}

/// The stretch of time that `text` names: `28d`, `day`, `week`, `month` or a period; `None` when it is
/// none of these.
#[must_use]
pub fn over_of(text: &str, periods: &[NamedPeriod]) -> Option<Over> {
    match text {
        "day" => Some(Over::Day),
        "week" => Some(Over::Week),
        "month" => Some(Over::Month),
        _ if is_rolling(text) => rolling_us(text).map(Over::Rolling),
        _ => {
            let period = periods.iter().find(|period| period.name == text);
            period.map(|period| Over::Period(period.clone()))
        }
    }
}

/// Those of the usual rules that mean something over this length, µs: 2 % of the budget in an hour, 5 %
/// in six hours, 10 % in three days.
#[must_use]
pub fn default_rules(target: f64, over_us: i64) -> Vec<BurnRule> {
    let rules = BURN_DEFAULTS.map(|(name, budget, long_us, short_us)| BurnRule {
        name: name.to_owned(),
        budget,
        long_us,
        short_us,
        tell: Vec::new(),
    });
    let mut rules = Vec::from(rules);
    rules.retain(|rule| refusal(rule, target, over_us).is_none());
    rules
}

/// Why a rule means nothing, and what to do about it.
fn refusal(rule: &BurnRule, target: f64, over_us: i64) -> Option<(String, String)> {
    let rate = rule.burn_rate(over_us);
    if rule.short_us == 0 || rule.short_us >= rule.long_us {
        let message = format!("`short` of the rule `{}` is not within `long`", rule.name);
        let hint = "usual is a twelfth of `long`".to_owned();
        return Some((message, hint));
    }
    if rule.long_us > over_us {
        let message = format!("`long` of the rule `{}` outlasts its objective", rule.name);
        return Some((message, "choose a shorter one".to_owned()));
    }
    if rule.budget <= 0.0 {
        let message = format!("the rule `{}` has no budget", rule.name);
        return Some((message, "write 0.02 for 2 %".to_owned()));
    }
    if rate < 1.0 {
        let message = format!(
            "the rule `{}` speaks at a burn rate of {rate:.3}, at which the budget lasts",
            rule.name
        );
        let least = rule.budget / rate;
        let hint = format!("a budget of at least {least:.3} in that `long`, or a shorter one");
        return Some((message, hint));
    }
    if rate * (1.0 - target) >= 1.0 {
        let message = format!(
            "the rule `{}` can never speak: at a burn rate of {rate:.2} more than all requests would be bad",
            rule.name
        );
        let hint = "choose a smaller budget, a longer `long` or a higher target".to_owned();
        return Some((message, hint));
    }
    None
}

/// Whether a text has the form of a rolling window.
pub(super) fn is_rolling(text: &str) -> bool {
    let digits = text.strip_suffix(['d', 'h']);
    digits.is_some_and(|digits| {
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// `28d` or `36h` in µs; `None` for nothing, and for more than [`ROLLING_DAYS_MAX`].
fn rolling_us(text: &str) -> Option<i64> {
    let (amount, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit_us = if unit == "d" { DAY_US } else { HOUR_US };
    let rolling_us = amount.parse::<i64>().ok()?.checked_mul(unit_us)?;
    (HOUR_US..=ROLLING_DAYS_MAX * DAY_US)
        .contains(&rolling_us)
        .then_some(rolling_us)
}
