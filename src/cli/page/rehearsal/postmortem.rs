//! What a postmortem can be filled with: moments, detection, lessons, and what is missing.
//!
//! Only what the run shows; why it happened is for people to find.

mod drilled;
mod moments;

use std::collections::BTreeSet;

use super::super::{Judged, drills, is_counted, limit_of, sli_unit};
use crate::cli::drills::duration;
use crate::cli::facts::RunFacts;
use crate::report::{
    CriterionRow, LimitOutcome, LimitPart, LimitRow, Postmortem, State, Unit, text,
};
use crate::sli::{BadSide, Level, Measure, SliSeries, SliState};
use crate::time_window::seconds;

/// A worst window is a close call within this share of the way to a contact level.
const CLOSE_SHARE: f64 = 0.1;
/// Retries that make fewer times as many requests are no trouble.
const AMPLIFICATION_MIN: f64 = 1.1;
const SECOND_US: i64 = 1_000_000;

pub fn postmortem(
    judged: &Judged,
    run: &RunFacts,
    criteria: &[CriterionRow],
    limit: Option<&LimitPart>,
) -> Postmortem {
    let facts = Facts {
        judged,
        run,
        criteria,
        strained: strained(limit),
    };
    Postmortem {
        impact: facts.impact(),
        timeline: facts.timeline(),
        detection: facts.detection(),
        went_well: facts.went_well(),
        went_wrong: facts.went_wrong(),
        lucky: facts.lucky(),
        actions: facts.actions(limit),
    }
}

/// Routes that were under strain, the earliest first; of all requests only where no route was.
fn strained(limit: Option<&LimitPart>) -> Vec<&LimitRow> {
    let rows = limit.into_iter().flat_map(|limit| &limit.rows);
    let mut strained: Vec<&LimitRow> = rows
        .filter(|row| matches!(row.outcome, LimitOutcome::Past | LimitOutcome::NotTheLoad))
        .collect();
    if strained.iter().any(|row| !row.route.is_empty()) {
        strained.retain(|row| !row.route.is_empty());
    }
    strained.sort_by_key(|row| row.knee_us);
    strained
}

struct Facts<'a> {
    judged: &'a Judged,
    run: &'a RunFacts,
    criteria: &'a [CriterionRow],
    strained: Vec<&'a LimitRow>,
}

impl Facts<'_> {
    fn at(&self, us: i64) -> String {
        text::offset(us, self.run.started_us)
    }

    fn is_trouble(&self) -> bool {
        let is_missed = |series: &SliSeries| series.state == SliState::Missed;
        !self.strained.is_empty()
            || self.judged.series.iter().any(is_missed)
            || !self.crossings().is_empty()
            || self.criteria.iter().any(|row| row.state == State::Missed)
    }

    fn impact(&self) -> Vec<String> {
        let run = self.run;
        let mut impact = Vec::new();
        let left = run.gave_up + run.lost_patience;
        if left > 0 {
            let share = super::super::number(left) / super::super::number(run.started.max(1));
            impact.push(format!(
                "{} of {} shoppers ({}) did not come to the end of their journey: {} gave up after an error, {} lost patience.",
                text::count(left),
                text::count(run.started),
                text::quantity(share, Unit::Share),
                text::count(run.gave_up),
                text::count(run.lost_patience)
            ));
        }
        impact.extend(self.failed_last_steps());
        let contact = self.judged.series.iter().flat_map(|series| &series.levels);
        let contact = contact.filter(|level| level.level == Level::Contact);
        let crossed = contact.filter(|level| !level.crossed_us.is_empty()).count();
        if crossed > 0 {
            let crossed = match crossed {
                1 => "1 SLI crossed its contact level".to_owned(),
                crossed => format!("{crossed} SLIs crossed their contact level"),
            };
            impact.push(format!("Customers would have called: {crossed}."));
        }
        impact
    }

    /// Attempts at the last step of the funnel that did not succeed: orders not made.
    fn failed_last_steps(&self) -> Option<String> {
        let step = self.judged.set.funnel.last()?;
        let rollup = &self.judged.rollup;
        let covered = rollup.series().iter().filter(|key| step.event.covers(key));
        let routes: BTreeSet<(&str, &str)> = covered
            .map(|key| (key.method.as_str(), key.route.as_str()))
            .collect();
        let tried = rollup.select(|key| {
            is_counted(key) && routes.contains(&(key.method.as_str(), key.route.as_str()))
        });
        let tried = tried.count();
        let failed = tried - rollup.select(|key| step.event.covers(key)).count();
        (failed > 0).then(|| {
            format!(
                "{} of {} attempts at “{}” did not succeed.",
                text::count(failed),
                text::count(tried),
                step.title
            )
        })
    }

    /// The title of each drill that could be seen, and which SLIs saw it first.
    fn drills_seen(&self) -> Vec<(String, Vec<String>)> {
        let part = drills::drills(self.judged);
        let rows = part.into_iter().flat_map(|part| part.rows);
        let scored = rows.filter(|row| row.is_scored);
        scored.map(|row| (row.title, row.seen_first_by)).collect()
    }

    fn detection(&self) -> Vec<String> {
        if !self.is_trouble() {
            return Vec::new();
        }
        let mut detection = vec![self.seen_first()];
        let seen = self.drills_seen().into_iter();
        let seen = seen.filter(|(_, slis)| !slis.is_empty());
        detection.extend(seen.map(|(title, slis)| {
            format!("The drill “{title}” was seen first by {}.", slis.join(", "))
        }));
        detection.extend(
            self.blind()
                .into_iter()
                .map(|title| format!("{title} has no level, and did not see it.")),
        );
        detection
    }

    /// Which level spoke first, and how long after what may have caused it.
    fn seen_first(&self) -> String {
        let crossings = self.crossings();
        let Some(first) = crossings.first() else {
            return "No level of any SLI saw it.".to_owned();
        };
        let knee_us = self.strained.first().and_then(|row| row.knee_us);
        let since = match (self.drill_seen_by(first), knee_us) {
            (Some((title, began_us)), _) => {
                let late = duration(first.known_us - began_us);
                format!(", {late} after the drill “{title}” began")
            }
            (None, Some(knee_us)) if knee_us <= first.known_us => {
                format!(
                    ", {} after the strain began",
                    duration(first.known_us - knee_us)
                )
            }
            (None, Some(_) | None) => String::new(),
        };
        let lasts = match first.level.for_us {
            0 => String::new(),
            for_us => format!(" It speaks after it was crossed for {}.", duration(for_us)),
        };
        format!(
            "{} saw it first: its {} level spoke at {}{since}.{lasts}",
            first.series.title,
            first.level.level,
            self.at(first.known_us)
        )
    }

    /// SLIs of requests without any level or objective.
    fn blind(&self) -> Vec<&str> {
        let slis = self.judged.set.slis.iter();
        let blind = slis.filter(|sli| {
            sli.levels.is_empty()
                && sli.objective.is_none()
                && !matches!(
                    sli.measure,
                    Measure::Composite { .. } | Measure::WindowsGood { .. }
                )
        });
        blind.map(|sli| sli.title.as_str()).collect()
    }

    fn went_well(&self) -> Vec<String> {
        let mut well: Vec<String> = Vec::new();
        let met = self.criteria.iter().filter(|row| row.state == State::Met);
        well.extend(met.map(|row| format!("{}: met.", row.title)));
        well.extend(self.drills_that_went_well());
        for row in &self.strained {
            if row.recovery_s.is_some() {
                well.push(format!("{} recovered {}.", name(row), row.recovery));
            }
            if row.behaviours.iter().any(|it| it == "shed") {
                let share = text::quantity(row.refused_share.unwrap_or(0.0), Unit::Share);
                well.push(format!(
                    "{} refused {share} at once instead of letting them wait.",
                    name(row)
                ));
            }
        }
        well
    }

    fn went_wrong(&self) -> Vec<String> {
        let missed = self
            .criteria
            .iter()
            .filter(|row| row.state == State::Missed);
        let mut wrong: Vec<String> = missed
            .clone()
            .map(|row| format!("{}: missed. {}", row.title, row.explanation))
            .collect();
        for series in &self.judged.series {
            let contact = series
                .levels
                .iter()
                .find(|level| level.level == Level::Contact);
            let crossed = contact.filter(|level| !level.crossed_us.is_empty());
            wrong.extend(crossed.and_then(|level| {
                let lasted = text::duration(seconds(level.total_us()));
                // A missed condition may have said it already.
                let is_said = missed
                    .clone()
                    .any(|row| says(&row.explanation, &series.title, &lasted));
                (!is_said).then(|| {
                    format!(
                        "{} was beyond its contact level for {lasted}.",
                        series.title
                    )
                })
            }));
        }
        for row in &self.strained {
            if row.outcome == LimitOutcome::Past && row.recovery_s.is_none() {
                wrong.push(format!("Recovery of {}: {}.", name(row), row.recovery));
            }
        }
        let amplification = self.run.retry_amplification.unwrap_or(1.0);
        if amplification >= AMPLIFICATION_MIN {
            wrong.push(format!(
                "Retries and reloads made {} as many requests as shoppers wanted.",
                text::quantity(amplification, Unit::Times)
            ));
        }
        if self.is_trouble() && self.crossings().is_empty() {
            wrong.push("No level of any SLI saw it.".to_owned());
        }
        wrong.extend(self.drill_troubles().map(|trouble| trouble.what));
        wrong.extend(
            self.run
                .invalid_because
                .iter()
                .map(|why| format!("The run is invalid: {why}.")),
        );
        wrong
    }

    /// Contact levels that were not crossed by little.
    fn lucky(&self) -> Vec<String> {
        let series = self.judged.series.iter();
        series
            .filter_map(|series| self.close_call(series))
            .collect()
    }

    fn close_call(&self, series: &SliSeries) -> Option<String> {
        let mut levels = series.levels.iter();
        let level = levels.find(|level| level.level == Level::Contact)?;
        let limit = limit_of(series, level)?;
        let worst = series.worst_window()?;
        let value = worst.value?;
        if !level.crossed_us.is_empty() || !is_close(series.unit, level.bad, value, limit) {
            return None;
        }
        let unit = sli_unit(series.unit);
        let at = self.at(worst.start_us);
        let value_words = text::quantity_apart(value, unit, &[limit]);
        let limit_words = text::quantity(limit, unit);
        Some(match level.bad.is_bad(value, limit) {
            true => format!(
                "{} was beyond its contact level of {limit_words} at {at} ({value_words}), but not for {}, or not beyond chance.",
                series.title,
                text::duration(seconds(level.for_us))
            ),
            false => format!(
                "{} came to {value_words} at {at}, close to its contact level of {limit_words}.",
                series.title
            ),
        })
    }

    fn actions(&self, limit: Option<&LimitPart>) -> Vec<String> {
        let run = self.run;
        let mut actions = Vec::new();
        for row in &self.strained {
            let best = row
                .best_good_per_s
                .map(|rate| text::quantity(rate, Unit::PerSecond));
            actions.push(match (row.outcome, best) {
                (LimitOutcome::Past, Some(best)) => format!(
                    "Find what keeps {} at {best}, and decide what it is to do with more",
                    name(row)
                ),
                _ => match self.drill_during(row) {
                    Some(title) => {
                        format!("Decide what {} is to do when “{title}” happens", name(row))
                    }
                    None => format!(
                        "Find what put {} under strain at a load that it carries",
                        name(row)
                    ),
                },
            });
        }
        actions.extend(self.drill_troubles().map(|trouble| trouble.action));
        if self.is_trouble() {
            let blind = self.blind().into_iter();
            actions.extend(
                blind.map(|title| format!("Give “{title}” a level, or say why it needs none")),
            );
        }
        let silent = self.judged.series.iter().filter(|series| {
            let levels = series.levels.iter();
            levels
                .clone()
                .any(|level| !level.crossed_us.is_empty() && level.tell.is_empty())
        });
        actions.extend(
            silent
                .map(|series| format!("Name who is told when “{}” crosses a level", series.title)),
        );
        let unknown = self
            .judged
            .series
            .iter()
            .filter(|series| series.state == SliState::NotEnoughData);
        actions
            .extend(unknown.map(|series| {
                format!("Rehearse with enough requests to judge “{}”", series.title)
            }));
        let keys = [
            ("`hypothesis`", run.hypothesis.is_none()),
            ("`pass`", !run.has_own_criteria),
        ];
        let missing = keys.iter().filter(|(_, is_missing)| *is_missing);
        let missing: Vec<&str> = missing.map(|(key, _)| *key).collect();
        if !missing.is_empty() {
            actions.push(format!(
                "Write {} into the scenario before the next rehearsal",
                missing.join(" and ")
            ));
        }
        let is_reached = limit.is_none_or(|limit| {
            limit
                .rows
                .iter()
                .any(|row| row.outcome != LimitOutcome::NotReached)
        });
        if !is_reached && run.judged_us > SECOND_US {
            actions.push("Rehearse at a higher rate: this one did not reach the limit".to_owned());
        }
        actions
    }
}

fn name(row: &LimitRow) -> String {
    match row.route.is_empty() {
        true => "The target".to_owned(),
        false => format!("{} {}", row.method, row.route),
    }
}

/// Whether a value is beyond its limit or within a tenth of it; of shares what is missing to 1 counts.
fn is_close(unit: crate::sli::Unit, bad: BadSide, value: f64, limit: f64) -> bool {
    match (unit, bad) {
        (crate::sli::Unit::Share, BadSide::Below) => {
            1.0 - value >= (1.0 - limit) * (1.0 - CLOSE_SHARE)
        }
        (_, BadSide::Above) => value >= limit * (1.0 - CLOSE_SHARE),
        (_, BadSide::Below) => value <= limit * (1.0 + CLOSE_SHARE),
    }
}

/// Whether the explanation of a condition says of this SLI, and not of one whose title begins so, how long it
/// was beyond a level.
fn says(explanation: &str, title: &str, lasted: &str) -> bool {
    let ends = [".", ";"].map(|end| format!(" for {lasted}{end}"));
    explanation.starts_with(&format!("{title} was "))
        && ends.iter().any(|end| explanation.contains(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_speaks_of_the_sli_that_it_names() {
        let explanation =
            "Checkouts answered well was below 95 % for 40 s; one more SLI crossed its own.";
        for (title, lasted, expected) in [
            ("Checkouts answered well", "40 s", true),
            ("Checkouts", "40 s", false),
            ("answered well", "40 s", false),
            ("Checkouts answered well", "4 s", false),
            ("Checkouts answered well", "20 s", false),
        ] {
            assert_eq!(
                says(explanation, title, lasted),
                expected,
                "{title} {lasted}"
            );
        }
    }

    #[test]
    fn a_close_call_is_within_a_tenth_of_the_way_to_the_limit() {
        use crate::sli::Unit::{Microseconds, PerMinute, Share};
        for (unit, bad, value, limit, expected) in [
            (Microseconds, BadSide::Above, 3.7e6, 4e6, true),
            (Microseconds, BadSide::Above, 3.5e6, 4e6, false),
            (Share, BadSide::Below, 0.954, 0.95, true),
            (Share, BadSide::Below, 0.96, 0.95, false),
            (PerMinute, BadSide::Below, 21.0, 20.0, true),
            (PerMinute, BadSide::Below, 23.0, 20.0, false),
        ] {
            assert_eq!(
                is_close(unit, bad, value, limit),
                expected,
                "{value} {limit}"
            );
        }
    }
}
