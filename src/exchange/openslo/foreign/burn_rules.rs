//! Alert policies as burn rules.

use serde_json::{Value, json};

use super::Import;
use super::objectives::OverText;
use crate::exchange::burn::SHORT_WINDOW_SHARE;
use crate::exchange::openslo::document::Document;
use crate::exchange::openslo::shorthand;

/// The finest budget that is told apart.
const BUDGET_DIGITS: f64 = 1e9;

/// A burn rule of a definition.
#[derive(Clone)]
pub(super) struct Rule {
    /// Its name: the severity.
    pub(super) name: String,
    /// The share of the budget.
    pub(super) budget: f64,
    /// The long window, µs.
    pub(super) long_us: u64,
    /// The short window, µs.
    pub(super) short_us: u64,
    /// Who is told.
    pub(super) tell: Vec<String>,
}

impl Rule {
    /// As a definition writes it.
    pub(super) fn to_value(&self) -> Value {
        json!({
            "name": self.name,
            "budget": self.budget,
            "long": format!("{}m", self.long_us / 60_000_000),
            "short": format!("{}s", self.short_us / 1_000_000),
            "tell": self.tell,
        })
    }
}

impl<'d> Import<'d> {
    /// The burn rules of an SLO; `None`, and a notice, where there are no policies, so that
    /// firedrill's own rules hold.
    pub(super) fn burn_rules(
        &mut self,
        document: &'d Document,
        over: Option<&OverText>,
    ) -> Option<Vec<Rule>> {
        let count = document.length("/spec/alertPolicies");
        if count == 0 {
            let message = "there are no alert policies: firedrill's own burn rules hold";
            self.notices.push(document.notice("/spec", message));
            return None;
        }
        let mut rules = Vec::new();
        for index in 0..count {
            let at = format!("/spec/alertPolicies/{index}");
            let Some((policy, at)) =
                self.referred(document, &at, ("AlertPolicy", "alertPolicyRef"))
            else {
                continue;
            };
            for key in ["alertWhenNoData", "alertWhenResolved", "alertWhenBreaching"] {
                let key = format!("{at}/{key}");
                if policy.take(&key).and_then(Value::as_bool) == Some(true)
                    && key.ends_with("NoData")
                {
                    let message = "too little data is always a state of its own: no rule for it";
                    self.notices.push(policy.notice(&key, message));
                }
            }
            let tell = self.told(policy, &format!("{at}/notificationTargets"));
            if policy.length(&format!("{at}/conditions")) > 1 {
                let message = "a policy has one condition: only the first is read";
                self.notices
                    .push(policy.notice(&format!("{at}/conditions"), message));
            }
            let condition = format!("{at}/conditions/0");
            let found = self.referred(policy, &condition, ("AlertCondition", "conditionRef"));
            if let Some((holder, at)) = found {
                rules.extend(self.rule(holder, &at, &tell, over));
            }
        }
        Some(rules)
    }

    /// Where the `spec` of an inlined or referred object stands.
    fn referred(
        &mut self,
        document: &'d Document,
        at: &str,
        (kind, key): (&'static str, &str),
    ) -> Option<(&'d Document, String)> {
        let reference = format!("{at}/{key}");
        if let Some(name) = document.text(&reference) {
            let found = self.index.get(&(kind, name)).copied();
            if found.is_none() {
                let message =
                    format!("there is no {kind} `{name}` in this file: import them together");
                self.notices.push(document.notice(&reference, message));
            }
            let found = found?;
            found.text("/metadata/displayName");
            return Some((found, "/spec".to_owned()));
        }
        document.text(&format!("{at}/kind"));
        document.text(&format!("{at}/metadata/name"));
        document.text(&format!("{at}/metadata/displayName"));
        let spec = format!("{at}/spec");
        if document.get(&spec).is_none() {
            let message = format!("there is no {kind} here");
            self.notices.push(document.notice(at, message));
            return None;
        }
        Some((document, spec))
    }

    fn told(&mut self, document: &'d Document, at: &str) -> Vec<String> {
        let mut told = Vec::new();
        for index in 0..document.length(at) {
            let target = format!("{at}/{index}");
            let named = document.text(&format!("{target}/targetRef"));
            let found =
                named.and_then(|name| self.index.get(&("AlertNotificationTarget", name)).copied());
            if let Some(found) = found {
                told.push(super::title(found).to_owned());
                found.text("/spec/target");
                found.text("/spec/description");
                continue;
            }
            let named = named.or_else(|| document.text(&format!("{target}/metadata/name")));
            document.text(&format!("{target}/kind"));
            let way = document.text(&format!("{target}/spec/target"));
            told.extend(named.or(way).map(str::to_owned));
        }
        told
    }

    fn rule(
        &mut self,
        document: &'d Document,
        at: &str,
        tell: &[String],
        over: Option<&OverText>,
    ) -> Option<Rule> {
        let severity = document.text(&format!("{at}/severity")).unwrap_or("page");
        let at = format!("{at}/condition");
        self.check_condition(document, &at);
        let rate = document.number(&format!("{at}/threshold"));
        let long_us = document
            .text(&format!("{at}/lookbackWindow"))
            .and_then(shorthand::read)
            .filter(|us| *us > 0);
        let (Some(rate), Some(long_us), Some(over)) = (rate, long_us, over) else {
            let message =
                "a burn rule needs `threshold`, `lookbackWindow` and a time window: left out";
            self.notices.push(document.notice(&at, message));
            return None;
        };
        let budget = rate / crate::exchange::burn::rate(1.0, over.length_us, long_us);
        let kept = ((budget * BUDGET_DIGITS).round() / BUDGET_DIGITS).clamp(0.0, 1.0);
        if (kept - budget).abs() > 1.0 / BUDGET_DIGITS {
            let message = format!("{budget} of the budget in one look-back: {kept}");
            self.notices.push(document.notice(&at, message));
        }
        let short_us = long_us / SHORT_WINDOW_SHARE;
        let short_s = short_us / 1_000_000;
        let message =
            format!("one look-back: a short window of {short_s}s is added, a twelfth of it");
        self.notices.push(document.notice(&at, message));
        Some(Rule {
            name: severity.to_owned(),
            budget: kept,
            long_us,
            short_us,
            tell: tell.to_vec(),
        })
    }

    fn check_condition(&mut self, document: &'d Document, at: &str) {
        let kind = document.text(&format!("{at}/kind"));
        match kind.map(str::to_lowercase).as_deref() {
            Some("burnrate") => {}
            None => {
                let message = "the condition has no `kind`: read as `burnrate`";
                self.notices.push(document.notice(at, message));
            }
            Some(other) => {
                let message =
                    format!("conditions of kind `{other}` are not known: read as `burnrate`");
                self.notices.push(document.notice(at, message));
            }
        }
        let operator = document.text(&format!("{at}/op"));
        if operator.is_some_and(|operator| operator.starts_with('l')) {
            let message =
                "`op` says that a low burn rate is bad: read as `gt`, above the threshold";
            self.notices
                .push(document.notice(&format!("{at}/op"), message));
        }
        let after = document.text(&format!("{at}/alertAfter"));
        if after.is_some_and(|after| shorthand::read(after) != Some(0)) {
            let message = "burn rules do not wait: `alertAfter` is left out";
            self.notices
                .push(document.notice(&format!("{at}/alertAfter"), message));
        }
    }
}
