//! The judgement of one trial: per goal, which SLIs held, and what share of the journeys was not good.
//!
//! In: the tally and the rollup of a trial. Out: a [`GoalTrial`] per goal. An SLI that holds has its bad
//! requests within what it tolerates: they lose no journey. One that does not hold loses every journey
//! that it touched. The same code judges windows here and everywhere else (`sli::evaluate`); the trial as
//! a whole is judged besides, because a short one may have no window with enough requests.

use super::goals::{Goal, GoalSli, Goals};
use super::tally::{FAILED, LATE, Tally, TallyPlan, UNANSWERED, bit};
use super::typed::GoalLevel;
use crate::capacity::finding::{GoalTrial, SliTrial};
use crate::capacity::search::JourneyCounts;
use crate::cli::exit_code::Failure;
use crate::rollup::Rollup;
use crate::sli::{
    Alignment, Level, Measure, Outside, Scope, SliSeries, SliSetPlan, SliState, evaluate, interval,
};
use crate::time_window::TimeWindow;

/// The fewest bad requests that are more than an accident.
const BAD_MIN: u64 = 2;

/// What a trial is judged from.
pub struct Judging<'a> {
    /// The SLI set, attempts counted one by one.
    pub set: &'a SliSetPlan,
    /// The goals.
    pub goals: &'a Goals,
    /// What was counted by journey.
    pub tally: &'a Tally,
    /// What was to be counted.
    pub plan: &'a TallyPlan,
    /// What was counted by window.
    pub rollup: &'a Rollup,
    /// Start of the run, UTC µs.
    pub started_us: i64,
    /// Journeys that were never served.
    pub dropped: u64,
    /// Arrivals per second that came due.
    pub offered_per_s: f64,
}

/// Whether an SLI held.
enum Held {
    Yes,
    No,
    Unknown,
}

impl Judging<'_> {
    /// Judges every goal, in their order.
    pub fn goals(&self) -> Result<Vec<GoalTrial>, Failure> {
        let range = TimeWindow {
            start_us: self.started_us + self.plan.from_us,
            end_us: self.started_us + self.plan.to_us,
        };
        let scope = Scope {
            range,
            covered: range,
            window_us: self.set.rehearsal_window_us,
            alignment: Alignment::Start,
        };
        let series = evaluate(self.set, self.rollup, scope, &Outside::default())?;
        let goals = self.goals.list.iter();
        Ok(goals.map(|goal| self.goal(goal, &series)).collect())
    }

    fn goal(&self, goal: &Goal, series: &[SliSeries]) -> GoalTrial {
        let mut lost = LATE | UNANSWERED;
        if goal.level == GoalLevel::Answered {
            lost |= FAILED;
        }
        let mut is_all_lost = false;
        let (mut missed, mut not_judged) = (Vec::new(), Vec::new());
        for sli in &goal.slis {
            let plan = &self.set.slis[sli.sli];
            match self.held(goal.level, *sli, &series[sli.sli]) {
                Held::Yes => {}
                Held::Unknown => not_judged.push(plan.name.clone()),
                Held::No => {
                    let bits = sli.mark.map_or(0, bit);
                    lost |= bits;
                    is_all_lost |= sli.mark.is_none();
                    missed.push(SliTrial {
                        sli: plan.name.clone(),
                        title: plan.title.clone(),
                        journeys: sli
                            .mark
                            .map_or(self.tally.journeys(), |_| self.tally.with(bits)),
                        route: sli.mark.and_then(|mark| self.tally.mark(mark).route),
                    });
                }
            }
        }
        missed.sort_by_key(|sli| std::cmp::Reverse(sli.journeys));
        let served = self.tally.journeys();
        let not_good = if is_all_lost {
            served
        } else {
            self.tally.with(lost)
        };
        let [_, in_flight_first, in_flight_last] = self.tally.in_flight(self.plan);
        let counts = JourneyCounts {
            journeys: served + self.dropped,
            not_good: not_good + self.dropped,
            in_flight_first,
            in_flight_last,
        };
        let mut loss_ratio = counts.loss_ratio();
        let failing = self.tally.with(FAILED);
        if goal.level == GoalLevel::Answered && failing > 0 && loss_ratio > goal.search.loss_ratio {
            missed.push(SliTrial {
                sli: "answers".to_owned(),
                title: "Requests answered".to_owned(),
                journeys: failing,
                route: self.tally.failing_route(),
            });
        }
        if !missed.is_empty() && loss_ratio <= goal.search.loss_ratio {
            // An SLI of the goal does not hold: the goal is not met, however few journeys it touched.
            loss_ratio = (goal.search.loss_ratio * 1.001).clamp(1e-6, 1.0);
        }
        GoalTrial {
            goal: goal.search.name.clone(),
            loss_ratio,
            not_good: counts.not_good,
            good_per_s: self.offered_per_s * (1.0 - loss_ratio),
            missed,
            not_judged,
        }
    }

    fn held(&self, level: GoalLevel, sli: GoalSli, series: &SliSeries) -> Held {
        let wanted = match level {
            GoalLevel::Warn => Level::Warn,
            GoalLevel::Contact => Level::Contact,
            GoalLevel::Answered => return Held::Yes,
        };
        let mut levels = series
            .levels
            .iter()
            .filter(|outcome| outcome.level == wanted);
        let is_crossed = levels.any(|outcome| !outcome.crossed_us.is_empty());
        let is_missed =
            level == GoalLevel::Warn && series.is_certain && series.state == SliState::Missed;
        if is_crossed || is_missed {
            return Held::No;
        }
        let has_value = series.windows.iter().any(|window| window.value.is_some());
        let unknown = if has_value { Held::Yes } else { Held::Unknown };
        match sli.mark {
            Some(mark) => self.held_over_all(sli, mark).unwrap_or(unknown),
            None => unknown,
        }
    }

    /// Over the whole trial: `None` where there are too few requests to say.
    fn held_over_all(&self, sli: GoalSli, mark: usize) -> Option<Held> {
        let plan = &self.set.slis[sli.sli];
        let counts = self.tally.mark(mark);
        let good = counts.valid - counts.bad;
        let [low, high] = interval::share(good, counts.valid)?;
        let tolerated_good = 1.0 - sli.tolerated;
        let is_percentile = matches!(plan.measure, Measure::Latency { .. });
        let has_enough = counts.valid >= plan.count_min;
        let share = interval::number(good) / interval::number(counts.valid);
        // A percentile with enough requests is judged by its value, a share by its interval.
        let is_beyond = match is_percentile && has_enough {
            true => share < tolerated_good,
            false => high < tolerated_good,
        };
        if is_beyond && counts.bad >= BAD_MIN {
            return Some(Held::No);
        }
        (has_enough || low >= tolerated_good).then_some(Held::Yes)
    }
}
