//! Values that are typed at `capacity`: rates, shares, goals, facts.

use std::fmt;
use std::str::FromStr;

use crate::declared_files::DurationText;
use crate::scenario::{GoalDefinition, GoalLevelName};

/// A rate of arrivals: `12.5`, `12.5/s`, `750/min`, `45000/h`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateText {
    /// Per second, above 0.
    pub per_s: f64,
}

impl FromStr for RateText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is not a rate (hint: write shoppers per second, `12.5/s`, or `750/min`)"
            )
        };
        let (number, unit) = text.split_once('/').unwrap_or((text, "s"));
        let seconds = match unit.trim() {
            "s" | "second" => 1.0,
            "min" | "minute" => 60.0,
            "h" | "hour" => 3_600.0,
            _ => return Err(wrong()),
        };
        let number: f64 = number.trim().parse().map_err(|_| wrong())?;
        let per_s = number / seconds;
        if !(per_s > 0.0 && per_s.is_finite()) {
            return Err(wrong());
        }
        Ok(Self { per_s })
    }
}

impl fmt::Display for RateText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/s", self.per_s)
    }
}

/// A share: `5%` or `0.05`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShareText {
    /// 0 to 1.
    pub share: f64,
}

impl FromStr for ShareText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a share (hint: write `5%` or `0.05`)");
        let (number, whole) = match text.strip_suffix('%') {
            Some(number) => (number, 100.0),
            None => (text, 1.0),
        };
        let number: f64 = number.trim().parse().map_err(|_| wrong())?;
        let share = number / whole;
        if !(0.0..=1.0).contains(&share) {
            return Err(wrong());
        }
        Ok(Self { share })
    }
}

impl fmt::Display for ShareText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.share)
    }
}

/// Something that is said of the target: `autoscaling=off`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What.
    pub name: String,
    /// How it is.
    pub text: String,
}

impl FromStr for Fact {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, said)) if !name.trim().is_empty() && !said.trim().is_empty() => Ok(Self {
                name: name.trim().to_owned(),
                text: said.trim().to_owned(),
            }),
            Some(_) | None => Err(format!(
                "`{text}` is not a fact (hint: write `autoscaling=off`)"
            )),
        }
    }
}

/// By what a goal judges journeys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoalLevel {
    /// The warn levels of the SLI set, and its objectives.
    Warn,
    /// The contact levels.
    Contact,
    /// Whether requests are answered at all.
    Answered,
}

impl GoalLevel {
    /// As it is written, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "warn" => Some(Self::Warn),
            "contact" => Some(Self::Contact),
            "answered" => Some(Self::Answered),
            _ => None,
        }
    }
}

/// A goal as it is typed: a name, and what differs from the defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct GoalText {
    /// Its name.
    pub name: String,
    /// By what it judges; `None` for what the name means.
    pub level: Option<GoalLevel>,
    /// Goal loss ratio.
    pub loss: Option<f64>,
    /// Goal exceed ratio.
    pub exceed: Option<f64>,
    /// Goal width.
    pub width: Option<f64>,
    /// Goal final trial duration, seconds.
    pub trial_s: Option<f64>,
    /// Goal duration sum, seconds.
    pub sum_s: Option<f64>,
    /// Goal initial trial duration, seconds.
    pub initial_s: Option<f64>,
}

impl GoalText {
    /// A goal with nothing but a name.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            level: None,
            loss: None,
            exceed: None,
            width: None,
            trial_s: None,
            sum_s: None,
            initial_s: None,
        }
    }

    /// A goal of a scenario.
    pub fn of(goal: &GoalDefinition) -> Self {
        let seconds = |length: Option<DurationText>| Some(length?.as_duration().as_secs_f64());
        Self {
            name: goal.name.clone(),
            level: goal.level.map(|level| match level {
                GoalLevelName::Warn => GoalLevel::Warn,
                GoalLevelName::Contact => GoalLevel::Contact,
                GoalLevelName::Answered => GoalLevel::Answered,
            }),
            loss: goal.loss,
            exceed: goal.exceed,
            width: goal.width,
            trial_s: seconds(goal.trial),
            sum_s: seconds(goal.sum),
            initial_s: seconds(goal.initial),
        }
    }

    /// Whether its name can be typed.
    pub fn check_name(&self) -> Result<(), String> {
        let is_plain = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '-';
        if self.name.is_empty() || !self.name.chars().all(is_plain) {
            return Err(format!(
                "`{}` is not the name of a goal (hint: letters, digits, `_` and `-`)",
                self.name
            ));
        }
        Ok(())
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let share = || value.parse::<ShareText>().map(|share| Some(share.share));
        let length = || {
            let length: Result<DurationText, _> = value.parse();
            let length = length.map_err(|error| error.to_string())?;
            Ok::<_, String>(Some(length.as_duration().as_secs_f64()))
        };
        match key {
            "loss" => self.loss = share()?,
            "exceed" => self.exceed = share()?,
            "width" => self.width = share()?,
            "trial" => self.trial_s = length()?,
            "sum" => self.sum_s = length()?,
            "initial" => self.initial_s = length()?,
            "level" => match GoalLevel::parse(value) {
                Some(level) => self.level = Some(level),
                None => {
                    return Err(format!(
                        "`{value}` is not a level (hint: warn, contact, answered)"
                    ));
                }
            },
            _ => {
                return Err(format!(
                    "unknown key `{key}` (hint: level, loss, exceed, width, trial, sum, initial)"
                ));
            }
        }
        Ok(())
    }
}

impl fmt::Display for GoalText {
    /// As it can be typed again.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = self.level.map(|level| match level {
            GoalLevel::Warn => "level=warn".to_owned(),
            GoalLevel::Contact => "level=contact".to_owned(),
            GoalLevel::Answered => "level=answered".to_owned(),
        });
        let share = |key: &str, share: Option<f64>| Some(format!("{key}={}", share?));
        let length = |key: &str, length_s: Option<f64>| Some(format!("{key}={}s", length_s?));
        let pairs = [
            level,
            share("loss", self.loss),
            share("exceed", self.exceed),
            length("trial", self.trial_s),
            length("sum", self.sum_s),
            length("initial", self.initial_s),
            share("width", self.width),
        ];
        let pairs: Vec<String> = pairs.into_iter().flatten().collect();
        let colon = if pairs.is_empty() { "" } else { ":" };
        write!(formatter, "{}{colon}{}", self.name, pairs.join(","))
    }
}

impl FromStr for GoalText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        let mut goal = Self::named(name);
        goal.check_name()?;
        for pair in rest.split(',').filter(|pair| !pair.trim().is_empty()) {
            let Some((key, value)) = pair.split_once('=') else {
                return Err(format!("`{pair}` is not `key=value` (hint: `loss=1%`)"));
            };
            goal.set(key.trim(), value.trim())?;
        }
        Ok(goal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_per_second_whatever_their_unit() {
        for (text, per_s) in [
            ("12.5", 12.5),
            ("12.5/s", 12.5),
            ("750/min", 12.5),
            ("45000/h", 12.5),
        ] {
            let found: RateText = text.parse().unwrap();
            assert!((found.per_s - per_s).abs() < 1e-12, "{text}");
        }
        for text in ["", "0", "-1/s", "5/d", "x/s", "inf", "nan/s"] {
            assert!(
                text.parse::<RateText>().unwrap_err().contains("(hint: "),
                "{text}"
            );
        }
    }

    #[test]
    fn a_goal_is_a_name_and_what_differs() {
        let goal: GoalText =
            "calm:level=warn,loss=0.5%,exceed=0.2,trial=90s,sum=6m,initial=10s,width=3%"
                .parse()
                .unwrap();
        let expected = GoalText {
            name: "calm".to_owned(),
            level: Some(GoalLevel::Warn),
            loss: Some(0.005),
            exceed: Some(0.2),
            width: Some(0.03),
            trial_s: Some(90.0),
            sum_s: Some(360.0),
            initial_s: Some(10.0),
        };
        assert_eq!(goal, expected);
        assert_eq!(goal.to_string().parse(), Ok(expected));
        assert_eq!("contacts".parse(), Ok(GoalText::named("contacts")));
        for text in [
            "",
            "a b",
            "calm:loss",
            "calm:los=1%",
            "calm:loss=200%",
            "calm:trial=5",
            "calm:level=x",
        ] {
            assert!(
                text.parse::<GoalText>().unwrap_err().contains("(hint: "),
                "{text}"
            );
        }
    }

    #[test]
    fn a_fact_has_a_name_and_a_text() {
        let fact: Fact = "autoscaling = off, 4 pods".parse().unwrap();
        assert_eq!(
            (fact.name.as_str(), fact.text.as_str()),
            ("autoscaling", "off, 4 pods")
        );
        assert!("autoscaling".parse::<Fact>().is_err());
        assert!("=off".parse::<Fact>().is_err());
    }
}
