//! The goals of a search under an SLI set: what each judges journeys by.
//!
//! In: goals as typed or as the scenario has them, and an SLI set. Out: [`Goals`]: the goals of the
//! search, and for each the SLIs and levels that it looks at, as *marks*: what makes one request bad.

use super::typed::{GoalLevel, GoalText};
use crate::capacity::search::{GOALS_MAX, SearchGoal};
use crate::cli::exit_code::Failure;
use crate::sli::{BadSide, EventPlan, GoodPlan, Level, LimitPlan, Measure, SliPlan, SliSetPlan};

/// The share of journeys that may be not good in goals that are judged by SLIs: an SLI itself says how
/// many bad requests it tolerates.
const LOSS_BY_SLIS: f64 = 0.001;
/// The share that may fail without the target having collapsed.
const LOSS_COLLAPSE: f64 = 0.05;
const EXCEED: f64 = 0.5;
/// The first trials are so many times shorter than full ones, and not shorter than that, seconds.
const INITIAL_TIMES: f64 = 6.0;
const INITIAL_S_MIN: f64 = 1.0;
/// Marks of one search at most: a journey has a bit for each.
pub const MARKS_MAX: usize = 61;

/// What goals that do not say their own attributes have.
#[derive(Debug, Clone, Copy)]
pub struct GoalDefaults {
    /// Length of a full trial, seconds.
    pub trial_s: f64,
    /// How many of them decide.
    pub trials: f64,
    /// Width.
    pub width: f64,
}

/// All goals of a search.
#[derive(Debug)]
pub struct Goals {
    /// In the order in which they are reported.
    pub list: Vec<Goal>,
    /// What makes one request bad; goals share them.
    pub marks: Vec<Mark>,
}

/// One goal.
#[derive(Debug)]
pub struct Goal {
    /// Its attributes.
    pub search: SearchGoal,
    /// By what it judges.
    pub level: GoalLevel,
    /// The SLIs that it looks at.
    pub slis: Vec<GoalSli>,
}

/// An SLI of a goal.
#[derive(Debug, Clone, Copy)]
pub struct GoalSli {
    /// Index in the set.
    pub sli: usize,
    /// Index of what makes a request bad for it; `None` where it says nothing of single requests.
    pub mark: Option<usize>,
    /// The share of bad requests that it tolerates, where it has a mark.
    pub tolerated: f64,
}

/// What makes one request bad.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Which requests count.
    pub event: EventPlan,
    /// Which of them are bad.
    pub rule: MarkRule,
}

/// Which requests are bad.
#[derive(Debug, Clone, PartialEq)]
pub enum MarkRule {
    /// Those that are not good.
    NotGood(GoodPlan),
    /// Those that take longer, µs.
    Above(u64),
}

impl Goals {
    /// The goals that are asked for, or the three usual ones.
    ///
    /// # Errors
    /// An unknown goal, an attribute out of its range, a goal that the SLI set cannot judge.
    pub fn new(
        asked: &[GoalText],
        defaults: GoalDefaults,
        set: &SliSetPlan,
        has_thresholds: bool,
    ) -> Result<(Self, Vec<String>), Failure> {
        let mut goals = Self {
            list: Vec::new(),
            marks: Vec::new(),
        };
        let mut notes = Vec::new();
        let usual = ["comfortable", "contacts", "no_collapse"].map(GoalText::named);
        let wanted = if asked.is_empty() { &usual[..] } else { asked };
        if wanted.len() > GOALS_MAX {
            return Err(Failure::usage(format!(
                "{} goals are too many (hint: {GOALS_MAX} at most)",
                wanted.len()
            )));
        }
        for text in wanted {
            text.check_name().map_err(Failure::usage)?;
            let (level, loss) = level_of(text)?;
            let search = search_goal(text, loss, defaults);
            search
                .check()
                .map_err(|error| Failure::usage(error.to_string()))?;
            if goals
                .list
                .iter()
                .any(|goal| goal.search.name == search.name)
            {
                return Err(Failure::usage(format!(
                    "goal `{}` is named twice",
                    search.name
                )));
            }
            let slis = goals.slis(level, set);
            if slis.is_empty() && level != GoalLevel::Answered {
                let reason = format!(
                    "goal `{}`: no SLI of set `{}` has a {} level by which a trial can be judged",
                    search.name,
                    set.name,
                    word(level)
                );
                let is_asked = !asked.is_empty() || (has_thresholds && level == GoalLevel::Contact);
                if is_asked {
                    let hint = "hint: give an SLI `thresholds`, or use `--goal no_collapse`";
                    return Err(Failure::usage(format!("{reason} ({hint})")));
                }
                notes.push(format!("{reason}; it is left out"));
                continue;
            }
            goals.list.push(Goal {
                search,
                level,
                slis,
            });
        }
        Ok((goals, notes))
    }

    /// The SLIs that a level judges by.
    fn slis(&mut self, level: GoalLevel, set: &SliSetPlan) -> Vec<GoalSli> {
        let mut slis = Vec::new();
        for (index, sli) in set.slis.iter().enumerate() {
            let Some(limits) = limits(sli, level) else {
                continue;
            };
            let judged = mark_of(sli, limits).filter(|_| self.marks.len() < MARKS_MAX);
            let tolerated = judged.as_ref().map_or(0.0, |(_, tolerated)| *tolerated);
            let mark = judged.map(|(mark, _)| {
                let known = self.marks.iter().position(|known| *known == mark);
                known.unwrap_or_else(|| {
                    self.marks.push(mark);
                    self.marks.len() - 1
                })
            });
            slis.push(GoalSli {
                sli: index,
                mark,
                tolerated,
            });
        }
        slis
    }

    /// The goals as the search knows them.
    pub fn search_goals(&self) -> Vec<SearchGoal> {
        self.list.iter().map(|goal| goal.search.clone()).collect()
    }
}

/// The limit by which an SLI is judged at a level; `None` where it has none. A rate never is: how much
/// arrives is what the search chooses.
fn limits(sli: &SliPlan, level: GoalLevel) -> Option<(BadSide, f64)> {
    if matches!(sli.measure, Measure::Rate { .. }) {
        return None;
    }
    let wanted = match level {
        GoalLevel::Warn => Level::Warn,
        GoalLevel::Contact => Level::Contact,
        GoalLevel::Answered => return None,
    };
    let levels = sli.levels.iter().filter(|plan| plan.level == wanted);
    let mut limits = levels.filter_map(|plan| match plan.limit {
        LimitPlan::Absolute(limit) => Some((plan.bad, limit)),
        LimitPlan::OfExpected(_) => None,
    });
    let objective = || sli.objective.filter(|_| level == GoalLevel::Warn);
    limits.next().or_else(objective)
}

/// What makes a request bad for an SLI with this limit, and the share of bad ones that it tolerates.
fn mark_of(sli: &SliPlan, (_, limit): (BadSide, f64)) -> Option<(Mark, f64)> {
    let mark = |rule: MarkRule, tolerated: f64| {
        let event = sli.event.clone();
        Some((Mark { event, rule }, tolerated))
    };
    match &sli.measure {
        Measure::Ratio { good } => mark(MarkRule::NotGood(good.clone()), 1.0 - limit),
        Measure::LatencyCut { limit_us } => mark(MarkRule::Above(*limit_us), 1.0 - limit),
        Measure::Latency { quantile } => mark(MarkRule::Above(whole(limit)), 1.0 - quantile),
        Measure::Rate { .. }
        | Measure::WindowsGood { .. }
        | Measure::Apdex { .. }
        | Measure::UserUptime { .. }
        | Measure::Funnel { .. }
        | Measure::Composite { .. } => None,
    }
}

fn level_of(text: &GoalText) -> Result<(GoalLevel, f64), Failure> {
    let usual = match text.name.as_str() {
        "comfortable" => Some(GoalLevel::Warn),
        "contacts" => Some(GoalLevel::Contact),
        "no_collapse" => Some(GoalLevel::Answered),
        _ => None,
    };
    match text.level.or(usual) {
        Some(GoalLevel::Answered) => Ok((GoalLevel::Answered, LOSS_COLLAPSE)),
        Some(level) => Ok((level, LOSS_BY_SLIS)),
        None => Err(Failure::usage(format!(
            "goal `{}` is not known (hint: comfortable, contacts, no_collapse, or give yours a level: `{}:level=warn`)",
            text.name, text.name
        ))),
    }
}

fn search_goal(text: &GoalText, loss: f64, defaults: GoalDefaults) -> SearchGoal {
    let final_trial_s = text.trial_s.unwrap_or(defaults.trial_s).ceil();
    let initial_s = (final_trial_s / INITIAL_TIMES).max(INITIAL_S_MIN);
    SearchGoal {
        name: text.name.clone(),
        final_trial_s,
        duration_sum_s: text.sum_s.unwrap_or(final_trial_s * defaults.trials),
        loss_ratio: text.loss.unwrap_or(loss),
        exceed_ratio: text.exceed.unwrap_or(EXCEED),
        width: text.width.unwrap_or(defaults.width),
        initial_trial_s: text
            .initial_s
            .unwrap_or(initial_s)
            .ceil()
            .min(final_trial_s),
    }
}

fn word(level: GoalLevel) -> &'static str {
    match level {
        GoalLevel::Warn => "warn",
        GoalLevel::Contact => "contact",
        GoalLevel::Answered => "answered",
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a limit is a positive number of µs, and a cast saturates"
)]
fn whole(us: f64) -> u64 {
    us as u64
}
