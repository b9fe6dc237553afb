//! Stretches of time that the set knows: zone, periods, maintenance, holidays.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Resolver;
use super::objectives::{CALENDAR_WORDS, is_rolling};
use crate::declared_files::choices_hint;
use crate::sli::definition::{HolidayDefinition, OwnExclusionDefinition, SliDefinition};
use crate::sli::exclusion::check_repeat;
use crate::sli::plan::{ExclusionPlan, ExpectedPlan, HolidayPlan, HolidayTraffic, NamedPeriod};
use crate::time_window::{TimeWindow, parse_time, zone};

/// How many weeks before are looked at where the set does not say.
const EXPECTED_WEEKS_DEFAULT: u32 = 8;

impl Resolver<'_> {
    /// The zone that the file names, if it names one that there is.
    pub(super) fn time_zone(&mut self, name: Option<&str>, pointer: &str) -> Option<TimeZone> {
        match zone(name?) {
            Ok(zone) => Some(zone),
            Err(error) => {
                self.problem_of(pointer, &error.to_string());
                None
            }
        }
    }

    pub(super) fn periods(&mut self, zone: &TimeZone) -> Vec<NamedPeriod> {
        let periods = &self.set_definition().periods;
        let named = periods.iter().enumerate();
        self.check_names(
            named.map(|(index, period)| (format!("/periods/{index}/name"), period.name.as_str())),
        );
        let mut plans = Vec::new();
        for (index, period) in periods.iter().enumerate() {
            let pointer = format!("/periods/{index}");
            if CALENDAR_WORDS.contains(&period.name.as_str()) || is_rolling(&period.name) {
                let message = format!("a period cannot be named `{}`", period.name);
                let hint = "objectives use that word for another length".to_owned();
                self.problem(&format!("{pointer}/name"), message, Some(hint));
            }
            if let Some(window) = self.stretch(&period.from, &period.to, zone, &pointer) {
                plans.push(NamedPeriod {
                    name: period.name.clone(),
                    window,
                });
            }
        }
        plans
    }

    pub(super) fn exclusions(&mut self, zone: &TimeZone) -> Vec<ExclusionPlan> {
        let mut plans = Vec::new();
        for (index, exclusion) in self.set_definition().exclusions.iter().enumerate() {
            let pointer = format!("/exclusions/{index}");
            let own = OwnExclusionDefinition {
                reason: exclusion.reason.clone(),
                from: exclusion.from.clone(),
                to: exclusion.to.clone(),
                repeat: exclusion.repeat.clone(),
            };
            let plan = self.exclusion(&own, zone, &pointer);
            self.check_excluded(&exclusion.slis, &pointer);
            plans.extend(plan.map(|plan| ExclusionPlan {
                slis: exclusion.slis.clone(),
                ..plan
            }));
        }
        plans
    }

    /// Maintenance of all SLIs; `None`, with a problem, where its times are none.
    pub(super) fn exclusion(
        &mut self,
        exclusion: &OwnExclusionDefinition,
        zone: &TimeZone,
        pointer: &str,
    ) -> Option<ExclusionPlan> {
        if exclusion.reason.trim().is_empty() {
            let hint = "the report says why something was dropped".to_owned();
            self.problem(
                &format!("{pointer}/reason"),
                "there is no reason",
                Some(hint),
            );
        }
        if let Some(Err(message)) = exclusion.repeat.as_deref().map(check_repeat) {
            self.problem_of(&format!("{pointer}/repeat"), &message);
        }
        Some(ExclusionPlan {
            reason: exclusion.reason.clone(),
            first: self.stretch(&exclusion.from, &exclusion.to, zone, pointer)?,
            repeat: exclusion.repeat.clone(),
            slis: Vec::new(),
            time_zone: None,
        })
    }

    /// A composite has no requests of its own that could be dropped.
    fn check_excluded(&mut self, names: &[String], pointer: &str) {
        let slis = &self.set_definition().slis;
        for (index, name) in names.iter().enumerate() {
            let pointer = format!("{pointer}/slis/{index}");
            match slis.iter().find(|sli| sli.name() == name.as_str()) {
                Some(SliDefinition::Composite(_)) => {
                    let message = format!("`{name}` is made of other SLIs");
                    let hint = "name its parts".to_owned();
                    self.problem(&pointer, message, Some(hint));
                }
                Some(_) => {}
                None => {
                    self.unknown_sli(name, &pointer);
                }
            }
        }
    }

    /// The stretch from `from` to `to`, both under `pointer`.
    fn stretch(
        &mut self,
        from: &str,
        to: &str,
        zone: &TimeZone,
        pointer: &str,
    ) -> Option<TimeWindow> {
        let start_us = self.time(from, zone, &format!("{pointer}/from"));
        let end_us = self.time(to, zone, &format!("{pointer}/to"));
        let (start_us, end_us) = start_us.zip(end_us)?;
        if end_us <= start_us {
            let message = format!("`{to}` is not after `{from}`");
            self.problem(&format!("{pointer}/to"), message, None);
            return None;
        }
        Some(TimeWindow { start_us, end_us })
    }

    /// A point in time; never an age, because a file means the same on every day.
    fn time(&mut self, text: &str, zone: &TimeZone, pointer: &str) -> Option<i64> {
        if !text.starts_with('-')
            && let Ok(ts_us) = parse_time(text, zone, 0)
        {
            return Some(ts_us);
        }
        let hint =
            "write `2026-11-27T08:00:00Z`, or `2026-11-27T08:00` or `2026-11-27` in the set's zone";
        let message = format!("`{text}` is not a time");
        self.problem(pointer, message, Some(hint.to_owned()));
        None
    }

    pub(super) fn expected(&mut self) -> ExpectedPlan {
        let expected = &self.set_definition().expected;
        let named = expected.holidays.iter().enumerate();
        self.check_names(named.map(|(index, holiday)| {
            let pointer = format!("/expected/holidays/{index}/name");
            (pointer, holiday.name.as_str())
        }));
        let mut holidays = Vec::new();
        for (index, holiday) in expected.holidays.iter().enumerate() {
            holidays.extend(self.holiday(holiday, &format!("/expected/holidays/{index}")));
        }
        ExpectedPlan {
            weeks: expected.weeks.unwrap_or(EXPECTED_WEEKS_DEFAULT),
            growth_per_year: expected.growth_per_year.unwrap_or(0.0),
            holidays,
        }
    }

    fn holiday(&mut self, holiday: &HolidayDefinition, pointer: &str) -> Option<HolidayPlan> {
        let first = self.day(&holiday.from, &format!("{pointer}/from"));
        let last = match &holiday.to {
            Some(to) => self.day(to, &format!("{pointer}/to")),
            None => first,
        };
        let like = match &holiday.like {
            Some(like) => Some(self.day(like, &format!("{pointer}/like"))?),
            None => None,
        };
        let traffic = match (like, holiday.times) {
            (Some(_), Some(_)) => {
                let message = "a holiday has one of `like` and `times`, or neither";
                self.problem(pointer, message, None);
                HolidayTraffic::Unknown
            }
            (Some(day), None) => HolidayTraffic::Like(day),
            (None, Some(times)) => HolidayTraffic::Times(times),
            (None, None) => HolidayTraffic::Unknown,
        };
        let (first, last) = first.zip(last)?;
        if last < first {
            let message = format!("`{last}` is before `{first}`");
            self.problem(&format!("{pointer}/to"), message, None);
        }
        if like.is_some_and(|like| (first..=last).contains(&like)) {
            let message = "a holiday cannot be like itself";
            self.problem(&format!("{pointer}/like"), message, None);
        }
        Some(HolidayPlan {
            name: holiday.name.clone(),
            first,
            last,
            traffic,
        })
    }

    fn day(&mut self, text: &str, pointer: &str) -> Option<Date> {
        let day = text.parse().ok();
        if day.is_none() {
            let message = format!("`{text}` is not a day");
            let hint = "write `2026-11-27`".to_owned();
            self.problem(pointer, message, Some(hint));
        }
        day
    }

    /// A problem with a name that no SLI has.
    pub(super) fn unknown_sli(&mut self, name: &str, pointer: &str) {
        let slis = &self.set_definition().slis;
        let known: Vec<&str> = slis.iter().map(SliDefinition::name).collect();
        let hint = choices_hint(name, &known, "SLIs of this set");
        self.problem(pointer, format!("unknown SLI `{name}`"), Some(hint));
    }
}
