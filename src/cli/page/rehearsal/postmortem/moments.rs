//! What happened when: crossings at the time at which they were known, causes before effects.

use super::super::super::{drills, watch};
use super::{Facts, SECOND_US, name};
use crate::game_day::{UndoOutcome, known_us};
use crate::report::{LimitRow, PostmortemMoment, Unit, text};
use crate::sli::{Evidence, LevelOutcome, SliSeries};

/// The first crossing of a level.
pub(super) struct Crossing<'a> {
    pub series: &'a SliSeries,
    pub level: &'a LevelOutcome,
    /// When the windows up to then were enough to know it, UTC µs.
    pub known_us: i64,
}

/// What a moment is; within one second, the unit in which moments are shown, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Begin,
    Label,
    Drill,
    Strain,
    Crossed,
    Back,
    Broken,
    End,
}

type Moment = (i64, Kind, String);

impl<'a> Facts<'a> {
    /// The first crossing of every level, the one that was known first at the front.
    pub(super) fn crossings(&self) -> Vec<Crossing<'a>> {
        let series = self.judged.series.iter();
        let levels = series.flat_map(|series| series.levels.iter().map(move |it| (series, it)));
        let mut crossings: Vec<Crossing<'a>> = levels
            .filter_map(|(series, level)| {
                Some(Crossing {
                    series,
                    level,
                    known_us: self.known_us(series, level, level.first_crossed_us()?),
                })
            })
            .collect();
        crossings.sort_by_key(|crossing| crossing.known_us);
        crossings
    }

    fn known_us(&self, series: &SliSeries, level: &LevelOutcome, from_us: i64) -> i64 {
        let mut slis = self.judged.set.slis.iter();
        let sli = slis.find(|sli| sli.name == series.name);
        let plan = sli.and_then(|sli| {
            let mut levels = sli.levels.iter();
            Some((sli, levels.find(|plan| plan.level == level.level)?))
        });
        plan.map_or(
            from_us + series.window_us.max(level.for_us),
            |(sli, plan)| {
                let evidence = Evidence::of(&sli.measure);
                known_us(plan, evidence, &series.windows, series.window_us, from_us)
            },
        )
    }

    pub(super) fn timeline(&self) -> Vec<PostmortemMoment> {
        let run = self.run;
        let mut moments: Vec<Moment> = vec![(
            run.started_us,
            Kind::Begin,
            "the rehearsal begins".to_owned(),
        )];
        let labels = run.labels.iter();
        moments.extend(
            labels.map(|(at_us, label)| (run.started_us + at_us, Kind::Label, label.clone())),
        );
        moments.extend(self.strained.iter().filter_map(|row| self.strain(row)));
        for crossing in self.crossings() {
            moments.extend(crossed(&crossing));
        }
        moments.extend(self.drill_moments());
        let thresholds = watch::part(run).thresholds.into_iter();
        moments.extend(thresholds.filter_map(|row| {
            let words = format!("a threshold is broken: {}", row.demand);
            Some((row.first_broken_us?, Kind::Broken, words))
        }));
        let end = match run.is_stopped {
            true => "the rehearsal is stopped",
            false => "nobody comes any more",
        };
        let ends = [
            (run.judged_us, end),
            (run.length_us, "the last answer is in"),
        ];
        let ends = ends.map(|(us, end)| (run.started_us + us, Kind::End, end.to_owned()));
        moments.extend(ends);
        in_order(&mut moments, run.started_us);
        moments
            .into_iter()
            .map(|(at_us, _, what)| PostmortemMoment { at_us, what })
            .collect()
    }

    /// Strain is known by stretches of some seconds: a drill that began within its first one came before it.
    fn strain(&self, row: &LimitRow) -> Option<Moment> {
        let knee_us = row.knee_us?;
        let bin_us = self.bin_us(row);
        let began_us = self.scored().map(|(began_us, _)| began_us);
        let within = began_us.filter(|us| (knee_us..knee_us + bin_us).contains(us));
        let rate = row.knee_per_s.map_or_else(String::new, |rate| {
            format!(" at {}", text::quantity(rate, Unit::PerSecond))
        });
        let words = format!("{} is under strain{rate}", name(row));
        Some((within.max().unwrap_or(knee_us), Kind::Strain, words))
    }

    /// Every entry of the drill timeline, and its end where it has one.
    fn drill_moments(&self) -> Vec<Moment> {
        let part = drills::drills(self.judged);
        let rows = part.iter().flat_map(|part| &part.rows);
        let moments = rows.zip(&self.judged.drills).flat_map(|(row, score)| {
            let begin = format!("drill “{}” ({}): {}", row.title, row.action, row.outcome);
            let end = match score.entry.undo {
                UndoOutcome::None => None,
                UndoOutcome::Done => Some(format!("drill “{}” is undone", row.title)),
                UndoOutcome::Failed => Some(format!("drill “{}” cannot be undone", row.title)),
            };
            let end = row.until_us.zip(end);
            let end = end.map(|(until_us, end)| (until_us, Kind::Drill, end));
            std::iter::once((row.at_us, Kind::Drill, begin)).chain(end)
        });
        moments.collect()
    }
}

/// When a level was known to be crossed, and when it was no more.
fn crossed(crossing: &Crossing<'_>) -> impl Iterator<Item = Moment> {
    let Crossing {
        series,
        level,
        known_us,
    } = crossing;
    let end_us = series.windows.last().map_or(0, |window| window.start_us);
    let last = level.crossed_us.last();
    let back = last
        .filter(|[_, to_us]| *to_us <= end_us)
        .map(|[_, to_us]| {
            let words = format!("{} is within its {} level again", series.title, level.level);
            // A short crossing can be over before it is known.
            (*to_us.max(known_us), Kind::Back, words)
        });
    let words = format!("{} crosses its {} level", series.title, level.level);
    std::iter::once((*known_us, Kind::Crossed, words)).chain(back)
}

/// By seconds of the run, then causes before effects.
fn in_order(moments: &mut [Moment], started_us: i64) {
    moments.sort_by_key(|(at_us, kind, _)| {
        ((at_us - started_us).div_euclid(SECOND_US), *kind, *at_us)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_a_second_causes_come_before_effects() {
        let moment = |at_us: i64, kind: Kind| (at_us, kind, String::new());
        let mut moments = vec![
            moment(12_100_000, Kind::Crossed),
            moment(12_000_000, Kind::Strain),
            moment(12_300_000, Kind::Drill),
            moment(11_900_000, Kind::Crossed),
            moment(12_200_000, Kind::Drill),
        ];
        in_order(&mut moments, 2_000_000);
        let found: Vec<(i64, Kind)> = moments.iter().map(|(at, kind, _)| (*at, *kind)).collect();
        let expected = [
            (11_900_000, Kind::Crossed),
            (12_200_000, Kind::Drill),
            (12_300_000, Kind::Drill),
            (12_000_000, Kind::Strain),
            (12_100_000, Kind::Crossed),
        ];
        assert_eq!(found, expected);
    }
}
