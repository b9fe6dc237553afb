//! What an SLI says of itself, and where it takes the set's word: windows, zone, lateness, what
//! counts, maintenance.

use jiff::tz::TimeZone;

use super::{Resolver, collapse_within_us, us};
use crate::declared_files::DurationText;
use crate::sli::definition::{OwnCountingDefinition, SliDefinition};
use crate::sli::plan::{ExclusionPlan, Measure, SliPlan};

/// What counts as a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counting {
    /// Whether bots and monitors count.
    pub(super) are_bots_counted: bool,
    /// Whether an answer 429 is good.
    pub(super) is_too_many_requests_good: bool,
}

/// A key that lengths of windows are stated under.
struct WindowKey {
    name: &'static str,
    of_set_us: i64,
    stated: fn(&SliDefinition) -> Option<DurationText>,
    place: fn(&mut SliPlan) -> &mut i64,
}

impl Resolver<'_> {
    /// What counts for an SLI that says this; `None` for the set itself.
    pub(super) fn counting(&self, own: Option<OwnCountingDefinition>) -> Counting {
        let (set, own) = (self.set_definition().counting, own.unwrap_or_default());
        Counting {
            are_bots_counted: own.bots.unwrap_or(set.bots),
            is_too_many_requests_good: own
                .too_many_requests_good
                .unwrap_or(set.too_many_requests_good),
        }
    }

    /// Puts zone, lateness and the collapse of retries into the plan of an SLI.
    pub(super) fn put_own(&mut self, sli: &SliDefinition, plan: &mut SliPlan, pointer: &str) {
        let (set, own) = (self.set_definition(), sli.own());
        self.check_counting(sli, plan, &format!("{pointer}/counting"));
        plan.time_zone = self.time_zone(own.time_zone, &format!("{pointer}/time_zone"));
        if plan.measure.made_of().is_empty() {
            plan.lateness_us = own.lateness.or(set.lateness).map_or(0, us);
        }
        if matches!(plan.measure, Measure::Ratio { .. }) {
            let within = own.counting.collapse_retries_within;
            plan.collapse_within_us =
                collapse_within_us(within.or(set.counting.collapse_retries_within));
        }
    }

    /// What a kind cannot count otherwise is refused instead of passed over.
    fn check_counting(&mut self, sli: &SliDefinition, plan: &SliPlan, pointer: &str) {
        let own = sli.own().counting;
        let kind = plan.measure.kind();
        if own.collapse_retries_within.is_some() && !matches!(sli, SliDefinition::Ratio(_)) {
            let message = format!("a `{kind}` counts every attempt");
            let hint = "only a `ratio` collapses retries".to_owned();
            let pointer = format!("{pointer}/collapse_retries_within");
            self.problem(&pointer, message, Some(hint));
        }
        if own.too_many_requests_good.is_some() && !has_usual_bad_statuses(sli) {
            let message = format!("which statuses of this `{kind}` are bad does not depend on it");
            let hint = "leave it out, or leave out `bad_status` or `good`".to_owned();
            let pointer = format!("{pointer}/too_many_requests_good");
            self.problem(&pointer, message, Some(hint));
        }
    }

    /// Puts windows into the plans of all SLIs, and into those that are made of others what these say. Returns
    /// the longest windows, on logs and on a rehearsal, that all of them and the set's are whole multiples of.
    pub(super) fn put_windows(
        &mut self,
        plans: &mut [SliPlan],
        window_us: i64,
        rehearsal_window_us: i64,
    ) -> (i64, i64) {
        let keys = [
            WindowKey {
                name: "window",
                of_set_us: window_us,
                stated: |sli| sli.own().window,
                place: |plan| &mut plan.window_us,
            },
            WindowKey {
                name: "rehearsal_window",
                of_set_us: rehearsal_window_us,
                stated: |sli| sli.own().rehearsal_window,
                place: |plan| &mut plan.rehearsal_window_us,
            },
        ];
        let [finest_us, finest_rehearsal_us] = keys.map(|key| {
            self.put_windows_of(plans, &key);
            let windows = plans.iter_mut().map(|plan| *(key.place)(plan));
            windows.fold(key.of_set_us, common_us)
        });
        // An SLI that is made of others that are made of others has its due in the last pass.
        for _ in 0..plans.len() {
            for index in 0..plans.len() {
                for part in plans[index].measure.made_of() {
                    plans[index].lateness_us =
                        plans[index].lateness_us.max(plans[part].lateness_us);
                    if matches!(plans[index].measure, Measure::WindowsGood { .. })
                        && plans[index].time_zone.is_none()
                    {
                        plans[index].time_zone = plans[part].time_zone.clone();
                    }
                }
            }
        }
        (finest_us, finest_rehearsal_us)
    }

    fn put_windows_of(&mut self, plans: &mut [SliPlan], key: &WindowKey) {
        let slis = &self.set_definition().slis;
        let mut stated = Vec::with_capacity(slis.len());
        for (index, (sli, plan)) in slis.iter().zip(plans.iter_mut()).enumerate() {
            let pointer = format!("/slis/{index}/{}", key.name);
            let window_us = self.window((key.stated)(sli), &pointer);
            let fits = window_us.is_none_or(|window_us| {
                window_us % key.of_set_us == 0 || key.of_set_us % window_us == 0
            });
            if let Some(window_us) = window_us.filter(|_| !fits) {
                self.unfit(window_us, key, &pointer);
            }
            *(key.place)(plan) = window_us.filter(|_| fits).unwrap_or(key.of_set_us);
            stated.push(window_us.is_some());
        }
        for _ in 0..plans.len() {
            for index in 0..plans.len() {
                for part in plans[index].measure.made_of() {
                    let of_part_us = *(key.place)(&mut plans[part]);
                    let window_us = (key.place)(&mut plans[index]);
                    if !stated[index] {
                        *window_us = of_part_us.max(*window_us);
                    }
                }
            }
        }
        for (index, is_stated) in stated.into_iter().enumerate() {
            self.check_parts(plans, index, is_stated, key);
        }
    }

    fn unfit(&mut self, window_us: i64, key: &WindowKey, pointer: &str) {
        let next_us = window_us - window_us % key.of_set_us + key.of_set_us;
        let message = format!(
            "windows of {} are neither a whole multiple of the set's, {}, nor a whole part of them",
            written(window_us),
            written(key.of_set_us)
        );
        let hint = format!(
            "write {}, or give the set a shorter `{}`",
            written(next_us),
            key.name
        );
        self.problem(pointer, message, Some(hint));
    }

    /// A problem where an SLI has windows that those of its parts do not fit into.
    fn check_parts(
        &mut self,
        plans: &mut [SliPlan],
        index: usize,
        is_stated: bool,
        key: &WindowKey,
    ) {
        let window_us = *(key.place)(&mut plans[index]);
        for part in plans[index].measure.made_of() {
            let of_part_us = *(key.place)(&mut plans[part]);
            if window_us % of_part_us == 0 {
                continue;
            }
            let message = format!(
                "windows of {} are not made of those of `{}`, {}",
                written(window_us),
                plans[part].name,
                written(of_part_us)
            );
            let hint = format!(
                "write a `{}` that is a whole multiple of the windows of all its parts",
                key.name
            );
            let at = if is_stated { key.name } else { "name" };
            self.problem(&format!("/slis/{index}/{at}"), message, Some(hint));
            return;
        }
    }

    /// Maintenance that SLIs state themselves.
    pub(super) fn own_exclusions(
        &mut self,
        plans: &[SliPlan],
        zone: &TimeZone,
    ) -> Vec<ExclusionPlan> {
        let mut exclusions = Vec::new();
        for (index, (sli, plan)) in self.set_definition().slis.iter().zip(plans).enumerate() {
            for (number, exclusion) in sli.own().exclusions.iter().enumerate() {
                let pointer = format!("/slis/{index}/exclusions/{number}");
                let found = self.exclusion(exclusion, plan.zone(zone), &pointer);
                exclusions.extend(found.map(|found| ExclusionPlan {
                    slis: vec![plan.name.clone()],
                    time_zone: plan.time_zone.clone(),
                    ..found
                }));
            }
        }
        exclusions
    }
}

/// Whether what is bad of an SLI follows from what counts, and not from itself.
fn has_usual_bad_statuses(sli: &SliDefinition) -> bool {
    match sli {
        SliDefinition::Ratio(sli) => sli.bad_status.is_none() && sli.good.is_none(),
        SliDefinition::Apdex(sli) => sli.bad_status.is_none(),
        SliDefinition::UserUptime(sli) => sli.bad_status.is_none(),
        SliDefinition::Rate(_)
        | SliDefinition::Latency(_)
        | SliDefinition::LatencyCut(_)
        | SliDefinition::WindowsGood(_)
        | SliDefinition::Funnel(_)
        | SliDefinition::Composite(_) => false,
    }
}

/// The longest window that both are made of: their greatest common divisor.
fn common_us(one_us: i64, other_us: i64) -> i64 {
    match other_us {
        0 => one_us,
        _ => common_us(other_us, one_us % other_us),
    }
}

/// A duration as a file writes it.
fn written(duration_us: i64) -> String {
    let duration = u64::try_from(duration_us)
        .ok()
        .and_then(DurationText::from_us);
    duration.map_or_else(
        || format!("{duration_us}us"),
        |duration| format!("`{duration}`"),
    )
}
