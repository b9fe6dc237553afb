//! From what an SLI set file says to what it means, or everything that is wrong with it.
//!
//! In: a [`SliSetDefinition`] that knows the place of each of its parts. Out: a [`SliSetPlan`], or
//! every problem at once. Each file here understands one part of the set. Nothing is read and no
//! clock is looked at.

mod calendar;
mod events;
mod kinds;
mod levels;
mod meaning;
mod objectives;
pub use objectives::{default_rules, over_of};
mod own;
#[cfg(test)]
mod own_tests;
mod references;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::definition::SliSetDefinition;
use super::plan::SliSetPlan;
use crate::declared_files::{Declared, DeclaredFileError, DurationText, Problem};
use crate::route::RouteTemplate;

/// Window on production logs where the set names none: a minute.
const WINDOW_US_DEFAULT: i64 = 60_000_000;
/// Window on a rehearsal where the set names none: five seconds.
const REHEARSAL_WINDOW_US_DEFAULT: i64 = 5_000_000;

/// Understands a definition.
///
/// # Errors
/// Every problem at once: unknown names, routes that are none, thresholds with two sides or none,
/// levels in the wrong order, SLIs made of themselves, burn rules that mean nothing, unreadable
/// times, names used twice.
pub fn resolve(declared: &Declared<SliSetDefinition>) -> Result<SliSetPlan, DeclaredFileError> {
    let mut resolver = Resolver {
        declared,
        problems: Vec::new(),
    };
    let plan = resolver.set();
    if resolver.problems.is_empty() {
        Ok(plan)
    } else {
        Err(DeclaredFileError::from(resolver.problems))
    }
}

struct Resolver<'a> {
    declared: &'a Declared<SliSetDefinition>,
    problems: Vec<Problem>,
}

impl<'a> Resolver<'a> {
    /// What the file says; outlives the resolver.
    fn set_definition(&self) -> &'a SliSetDefinition {
        &self.declared.value
    }

    fn set(&mut self) -> SliSetPlan {
        let set = self.set_definition();
        let routes = self.routes();
        self.check_events();
        let time_zone = self.time_zone(set.time_zone.as_deref(), "/time_zone");
        let zone = time_zone.clone().unwrap_or(jiff::tz::TimeZone::UTC);
        let periods = self.periods(&zone);
        let window_us = self
            .window(set.window, "/window")
            .unwrap_or(WINDOW_US_DEFAULT);
        let rehearsal_window_us = self
            .window(set.rehearsal_window, "/rehearsal_window")
            .unwrap_or(REHEARSAL_WINDOW_US_DEFAULT);
        let mut slis = self.slis(&periods);
        let (window_us, rehearsal_window_us) =
            self.put_windows(&mut slis, window_us, rehearsal_window_us);
        let mut exclusions = self.exclusions(&zone);
        exclusions.extend(self.own_exclusions(&slis, &zone));
        SliSetPlan {
            name: set.name.clone(),
            sha256: self.declared.sha256(),
            text: self.declared.text().to_owned(),
            routes,
            window_us,
            rehearsal_window_us,
            time_zone,
            collapse_within_us: collapse_within_us(set.counting.collapse_retries_within),
            periods,
            exclusions,
            expected: self.expected(),
            funnel: self.steps(&set.funnel, self.counting(None), "/funnel"),
            slis,
        }
    }

    fn problem(&mut self, pointer: &str, message: impl Into<String>, hint: Option<String>) {
        let problem = self.declared.problem(pointer, message, hint);
        self.problems.push(problem);
    }

    /// A problem whose text ends with its cure, as those of other modules do:
    /// `reason (hint: cure)`.
    fn problem_of(&mut self, pointer: &str, text: &str) {
        let parts = text
            .strip_suffix(')')
            .and_then(|text| text.split_once(" (hint: "));
        match parts {
            Some((message, hint)) => self.problem(pointer, message, Some(hint.to_owned())),
            None => self.problem(pointer, text, None),
        }
    }

    /// A problem for every name that comes again.
    fn check_names<'n>(&mut self, names: impl Iterator<Item = (String, &'n str)>) {
        let mut seen = BTreeSet::new();
        for (pointer, name) in names {
            if !seen.insert(name) {
                self.problem(&pointer, format!("the name `{name}` is used twice"), None);
            }
        }
    }

    fn routes(&mut self) -> Vec<RouteTemplate> {
        let mut routes = Vec::new();
        for (index, text) in self.set_definition().routes.iter().enumerate() {
            match RouteTemplate::parse(text) {
                Ok(route) => routes.push(route),
                Err(message) => self.problem(&format!("/routes/{index}"), message, None),
            }
        }
        routes
    }

    /// The length of a window, µs; `None` where the file says none, or, with a problem, nonsense.
    fn window(&mut self, window: Option<DurationText>, pointer: &str) -> Option<i64> {
        let window = window?;
        let window_us = us(window);
        if window_us < 1_000_000 || window_us % 1_000_000 != 0 {
            let message = format!("a window of `{window}` is not a whole number of seconds");
            let hint = "write `1s`, `5s` or `1m`".to_owned();
            self.problem(pointer, message, Some(hint));
            return None;
        }
        Some(window_us)
    }
}

/// Within how long retries collapse, µs; nothing is no time.
fn collapse_within_us(within: Option<DurationText>) -> Option<i64> {
    within.map(us).filter(|within_us| *within_us > 0)
}

/// A declared duration, µs.
fn us(duration: DurationText) -> i64 {
    i64::try_from(duration.as_us()).unwrap_or(i64::MAX)
}
