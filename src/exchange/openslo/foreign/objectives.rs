//! Targets and time windows.

use serde_json::{Value, json};

use super::Import;
use super::burn_rules::Rule;
use crate::exchange::burn::{self, DAY_US, exact};
use crate::exchange::openslo::document::Document;
use crate::exchange::openslo::shorthand;

/// The greatest target that a definition has, below 1.
const TARGET_MAX: f64 = 0.999_999;

/// The longest rolling window of a definition: ten years.
const LENGTH_US_MAX: u64 = 3_660 * DAY_US;

/// An `over` of a definition, and its length.
#[derive(Clone)]
pub(super) struct OverText {
    /// As a definition writes it.
    pub(super) text: String,
    /// In µs.
    pub(super) length_us: u64,
    /// Zone of the calendar, where that is not the zone of the set.
    pub(super) zone: Option<String>,
}

/// The objective of an SLI.
pub(super) struct Target {
    share: Option<f64>,
    over: Option<OverText>,
    burn: Option<Vec<Value>>,
}

impl Target {
    /// The share that must be good; 1 where nothing was said.
    pub(super) fn share(&self) -> f64 {
        self.share.unwrap_or(1.0)
    }

    /// Writes the objective on an SLI.
    pub(super) fn put_on(self, sli: &mut Value) {
        let Some(share) = self.share else {
            return;
        };
        let Some(over) = self.over else {
            sli["objective"] = share.into();
            return;
        };
        let mut objective = json!({"target": share, "over": over.text});
        if let Some(burn) = self.burn {
            objective["burn"] = burn.into();
        }
        sli["objectives"] = json!([objective]);
        if let Some(zone) = over.zone {
            sli["time_zone"] = zone.into();
        }
    }
}

impl<'d> Import<'d> {
    /// The target of the objective at `at`.
    pub(super) fn target(
        &mut self,
        document: &'d Document,
        at: &str,
        over: Option<OverText>,
        burn: Option<Vec<Rule>>,
    ) -> Target {
        let share = document.number(&format!("{at}/target"));
        let percent = document.number(&format!("{at}/targetPercent"));
        let wanted = share.or(percent.map(|percent| exact(percent / 100.0)));
        let share = match wanted {
            None => {
                let message = "there is no `target` and no `targetPercent`: no objective";
                self.notices.push(document.notice(at, message));
                None
            }
            Some(share) if !(0.0..=1.0).contains(&share) => {
                let message =
                    format!("a target of {share} is no share, which 0.999 would be: no objective");
                self.notices.push(document.notice(at, message));
                None
            }
            Some(share) => {
                let kept = share.min(TARGET_MAX);
                if kept != share {
                    let message = format!("a target of {share} leaves no budget: {kept}");
                    self.notices.push(document.notice(at, message));
                }
                Some(kept)
            }
        };
        let burn = burn.map(|rules| self.sound_rules(document, rules, over.as_ref(), share));
        Target { share, over, burn }
    }

    /// The rules that mean something for this target.
    fn sound_rules(
        &mut self,
        document: &'d Document,
        mut rules: Vec<Rule>,
        over: Option<&OverText>,
        share: Option<f64>,
    ) -> Vec<Value> {
        let length_us = over.map_or(0, |over| over.length_us);
        rules.retain(|rule| {
            let rate = burn::rate(rule.budget, length_us, rule.long_us);
            let windows = (rule.long_us, rule.short_us);
            let why = burn::refusal(rate, windows, length_us, share.unwrap_or(0.0));
            if let Some(why) = why {
                let message = format!("burn rule `{}` {why}: left out", rule.name);
                self.notices
                    .push(document.notice("/spec/alertPolicies", message));
            }
            why.is_none()
        });
        rules.iter().map(Rule::to_value).collect()
    }

    /// The time window of an SLO; `None`, and a notice, for none that can be said.
    pub(super) fn over(&mut self, document: &'d Document) -> Option<OverText> {
        let at = ["/spec/timeWindow", "/spec/timeWindows"]
            .into_iter()
            .find(|at| document.get(at).is_some());
        let Some(at) = at else {
            let message = "there is no time window: the objective holds over the range of a report";
            self.notices.push(document.notice("/spec", message));
            return None;
        };
        if document.length(at) > 1 {
            self.notices
                .push(document.notice(at, "only the first time window is read"));
        }
        let at = format!("{at}/0");
        let (length_us, unit) = self.length(document, &at)?;
        let is_rolling = document
            .take(&format!("{at}/isRolling"))
            .and_then(Value::as_bool);
        let calendar = format!("{at}/calendar");
        let has_calendar = document.get(&calendar).is_some();
        if !is_rolling.unwrap_or(!has_calendar) {
            let zone = self.calendar(document, &calendar);
            let named = match unit.as_str() {
                "1d" | "1Day" => Some("day"),
                "1w" | "7d" | "1Week" => Some("week"),
                "1M" | "1Month" => Some("month"),
                _ => None,
            };
            if let Some(named) = named {
                return Some(OverText {
                    text: named.to_owned(),
                    length_us,
                    zone: zone.map(str::to_owned),
                });
            }
            let message =
                format!("there are no calendar windows of {unit}: the same length, rolling");
            self.notices.push(document.notice(&at, message));
        }
        let hours = length_us.div_ceil(DAY_US / 24);
        if hours * (DAY_US / 24) != length_us {
            let message = format!("the shortest rolling window is an hour: {hours}h");
            self.notices.push(document.notice(&at, message));
        }
        let text = if hours.is_multiple_of(24) {
            format!("{}d", hours / 24)
        } else {
            format!("{hours}h")
        };
        Some(OverText {
            text,
            length_us: hours * (DAY_US / 24),
            zone: None,
        })
    }

    /// The length of a window in µs, and as the file has it: v1 `duration`, v1alpha `count` and
    /// `unit`.
    fn length(&mut self, document: &'d Document, at: &str) -> Option<(u64, String)> {
        let duration = document.text(&format!("{at}/duration"));
        let unit = document.text(&format!("{at}/unit"));
        let count = document
            .take(&format!("{at}/count"))
            .and_then(Value::as_u64);
        let read = match (duration, unit, count) {
            (Some(text), _, _) => shorthand::read(text).map(|us| (us, text.to_owned())),
            (None, Some(unit), Some(count)) => {
                let unit_us = match unit.to_lowercase().as_str() {
                    "second" => Some(1_000_000),
                    "minute" => Some(60_000_000),
                    "hour" => Some(DAY_US / 24),
                    "day" => Some(DAY_US),
                    "week" => Some(7 * DAY_US),
                    "month" => Some(30 * DAY_US),
                    "quarter" => Some(90 * DAY_US),
                    "year" => Some(365 * DAY_US),
                    _ => None,
                };
                unit_us
                    .and_then(|unit_us| count.checked_mul(unit_us))
                    .map(|us| (us, format!("{count}{unit}")))
            }
            (None, _, _) => None,
        };
        let read = read.filter(|(us, _)| (1..=LENGTH_US_MAX).contains(us));
        if read.is_none() {
            let message = "the length of the window cannot be read: the objective holds over the range of a report";
            self.notices.push(document.notice(at, message));
        }
        read
    }

    /// The zone of a calendar, where that is not the zone of the set; the first one becomes it.
    fn calendar(&mut self, document: &'d Document, at: &str) -> Option<&'d str> {
        let start = document.text(&format!("{at}/startTime"));
        if start.is_some_and(|start| !start.ends_with("00:00:00")) {
            let message =
                "days, weeks (from Monday) and months begin at midnight: the start is left out";
            self.notices
                .push(document.notice(&format!("{at}/startTime"), message));
        }
        let zone = document.text(&format!("{at}/timeZone"))?;
        if crate::time_window::zone(zone).is_err() {
            let message = format!("unknown time zone `{zone}`: left out");
            self.notices
                .push(document.notice(&format!("{at}/timeZone"), message));
            return None;
        }
        let of_set = *self.time_zone.get_or_insert(zone);
        (of_set != zone).then_some(zone)
    }
}
