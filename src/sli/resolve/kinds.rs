//! The kinds of SLIs, each from its own definition.

use super::events::bad_statuses;
use super::levels::as_number;
use super::meaning::meaning_sha256;
use super::{Resolver, us};
use crate::declared_files::DurationText;
use crate::sli::definition::{
    ApdexDefinition, CompositeDefinition, FunnelDefinition, LatencyCutDefinition,
    LatencyDefinition, LevelName, RateDefinition, RatePeriod, RatioDefinition, SliDefinition,
    UserUptimeDefinition, WindowsGoodDefinition,
};
use crate::sli::interval::quantile_count_min;
use crate::sli::plan::{BadSide, EventPlan, GoodPlan, Measure, NamedPeriod, SliPlan};

/// A share of fewer requests (or shoppers) is not judged where the set names no minimum.
const SHARE_COUNT_MIN: u64 = 20;
/// Between what satisfies and what is tolerated where the set does not say: Apdex's own factor.
const TOLERATED_FACTOR: u64 = 4;
/// A shopper who made no request for longer was not there, where the set does not say, µs; the
/// usual end of a session.
const CUTOFF_US_DEFAULT: i64 = 30 * 60_000_000;

impl Resolver<'_> {
    pub(super) fn slis(&mut self, periods: &[NamedPeriod]) -> Vec<SliPlan> {
        let slis = &self.set_definition().slis;
        if slis.is_empty() {
            self.problem("/slis", "there is no SLI", None);
        }
        let named = slis.iter().enumerate();
        self.check_names(named.map(|(index, sli)| (format!("/slis/{index}/name"), sli.name())));
        let mut plans = Vec::new();
        for (index, sli) in slis.iter().enumerate() {
            let pointer = format!("/slis/{index}");
            let mut plan = self.sli(sli, periods, &pointer);
            self.put_own(sli, &mut plan, &pointer);
            plan.meaning_sha256 = meaning_sha256(self.set_definition(), sli);
            plan.levels.sort_by_key(|level| level.level);
            plans.push(plan);
        }
        self.check_cycles();
        plans
    }

    fn sli(&mut self, sli: &SliDefinition, periods: &[NamedPeriod], pointer: &str) -> SliPlan {
        match sli {
            SliDefinition::Rate(rate) => self.rate(rate, pointer),
            SliDefinition::Ratio(ratio) => self.ratio(ratio, periods, pointer),
            SliDefinition::Latency(latency) => self.latency(latency, pointer),
            SliDefinition::LatencyCut(cut) => self.latency_cut(cut, periods, pointer),
            SliDefinition::WindowsGood(windows) => self.windows_good(windows, periods, pointer),
            SliDefinition::Apdex(apdex) => self.apdex(apdex, pointer),
            SliDefinition::UserUptime(uptime) => self.user_uptime(uptime, pointer),
            SliDefinition::Funnel(funnel) => self.funnel(funnel, pointer),
            SliDefinition::Composite(composite) => self.composite(composite, pointer),
        }
    }

    fn rate(&mut self, rate: &RateDefinition, pointer: &str) -> SliPlan {
        let counting = self.counting(Some(rate.counting));
        let event = self.event(&rate.event, counting, &format!("{pointer}/event"));
        let per_us = match rate.per {
            RatePeriod::Minute => 60_000_000,
            RatePeriod::Second => 1_000_000,
        };
        SliPlan {
            levels: self.rate_levels(&rate.thresholds, pointer),
            ..plan(&rate.name, &rate.title, event, Measure::Rate { per_us })
        }
    }

    fn ratio(
        &mut self,
        ratio: &RatioDefinition,
        periods: &[NamedPeriod],
        pointer: &str,
    ) -> SliPlan {
        let counting = self.counting(Some(ratio.counting));
        let event = self.event(&ratio.event, counting, &format!("{pointer}/event"));
        let good = match &ratio.good {
            Some(name) => {
                let pointer = format!("{pointer}/good");
                if ratio.bad_status.is_some() {
                    let message = "a ratio has only one of `good` and `bad_status`";
                    self.problem(&pointer, message, None);
                }
                let good = self.event(name, counting, &pointer);
                if event.excludes(&good) {
                    let message = format!("no request is both `{}` and `{name}`", ratio.event);
                    let hint = "good requests are some of the valid ones".to_owned();
                    self.problem(&pointer, message, Some(hint));
                }
                GoodPlan::Event(good)
            }
            None => GoodPlan::StatusNot(bad_statuses(ratio.bad_status.as_deref(), counting)),
        };
        SliPlan {
            count_min: ratio.min_count.unwrap_or(SHARE_COUNT_MIN),
            objective: ratio.objective.map(|least| (BadSide::Below, least)),
            objectives: self.objectives(&ratio.objectives, periods, pointer),
            levels: self.share_levels(&ratio.thresholds, pointer),
            ..plan(&ratio.name, &ratio.title, event, Measure::Ratio { good })
        }
    }

    fn latency(&mut self, latency: &LatencyDefinition, pointer: &str) -> SliPlan {
        let counting = self.counting(Some(latency.counting));
        let quantile = latency.percentile / 100.0;
        let event = self.event(&latency.event, counting, &format!("{pointer}/event"));
        let longest = latency.objective.map(as_number);
        SliPlan {
            count_min: latency
                .min_count
                .unwrap_or_else(|| quantile_count_min(quantile)),
            objective: longest.map(|longest| (BadSide::Above, longest)),
            levels: self.latency_levels(&latency.thresholds, pointer),
            ..plan(
                &latency.name,
                &latency.title,
                event,
                Measure::Latency { quantile },
            )
        }
    }

    fn latency_cut(
        &mut self,
        cut: &LatencyCutDefinition,
        periods: &[NamedPeriod],
        pointer: &str,
    ) -> SliPlan {
        let counting = self.counting(Some(cut.counting));
        let event = self.event(&cut.event, counting, &format!("{pointer}/event"));
        let limit_us = cut.limit.as_us();
        SliPlan {
            count_min: cut.min_count.unwrap_or(SHARE_COUNT_MIN),
            objective: cut.objective.map(|least| (BadSide::Below, least)),
            objectives: self.objectives(&cut.objectives, periods, pointer),
            levels: self.share_levels(&cut.thresholds, pointer),
            ..plan(
                &cut.name,
                &cut.title,
                event,
                Measure::LatencyCut { limit_us },
            )
        }
    }

    fn windows_good(
        &mut self,
        windows: &WindowsGoodDefinition,
        periods: &[NamedPeriod],
        pointer: &str,
    ) -> SliPlan {
        let level = windows.level.unwrap_or(LevelName::Warn).into();
        let of = self.levelled(windows, level, pointer);
        let event = EventPlan::default();
        let measure = Measure::WindowsGood { of, level };
        SliPlan {
            objective: windows.objective.map(|least| (BadSide::Below, least)),
            objectives: self.objectives(&windows.objectives, periods, pointer),
            ..plan(&windows.name, &windows.title, event, measure)
        }
    }

    fn apdex(&mut self, apdex: &ApdexDefinition, pointer: &str) -> SliPlan {
        let counting = self.counting(Some(apdex.counting));
        let satisfied_us = apdex.satisfied.as_us();
        let tolerated_us = apdex
            .tolerated
            .map_or(TOLERATED_FACTOR * satisfied_us, DurationText::as_us);
        if tolerated_us <= satisfied_us {
            let at = if apdex.tolerated.is_some() {
                "tolerated"
            } else {
                "satisfied"
            };
            let message = "`tolerated` is not longer than `satisfied`";
            self.problem(&format!("{pointer}/{at}"), message, None);
        }
        let event = self.event(&apdex.event, counting, &format!("{pointer}/event"));
        let measure = Measure::Apdex {
            satisfied_us,
            tolerated_us,
            bad: bad_statuses(apdex.bad_status.as_deref(), counting),
        };
        SliPlan {
            count_min: apdex.min_count.unwrap_or(SHARE_COUNT_MIN),
            objective: apdex.objective.map(|least| (BadSide::Below, least)),
            levels: self.share_levels(&apdex.thresholds, pointer),
            ..plan(&apdex.name, &apdex.title, event, measure)
        }
    }

    fn user_uptime(&mut self, uptime: &UserUptimeDefinition, pointer: &str) -> SliPlan {
        let counting = self.counting(Some(uptime.counting));
        let cutoff_us = uptime.cutoff.map_or(CUTOFF_US_DEFAULT, us);
        if cutoff_us == 0 {
            let message = "with a cutoff of nothing no shopper was ever there";
            let hint = "write `30m`".to_owned();
            self.problem(&format!("{pointer}/cutoff"), message, Some(hint));
        }
        let event = self.event(&uptime.event, counting, &format!("{pointer}/event"));
        let bad = bad_statuses(uptime.bad_status.as_deref(), counting);
        let measure = Measure::UserUptime { bad, cutoff_us };
        SliPlan {
            count_min: uptime.min_count.unwrap_or(SHARE_COUNT_MIN),
            objective: uptime.objective.map(|least| (BadSide::Below, least)),
            ..plan(&uptime.name, &uptime.title, event, measure)
        }
    }

    fn funnel(&mut self, funnel: &FunnelDefinition, pointer: &str) -> SliPlan {
        let counting = self.counting(Some(funnel.counting));
        let steps_pointer = format!("{pointer}/steps");
        let steps = self.steps(&funnel.steps, counting, &steps_pointer);
        if steps.len() < 2 {
            let message = "a funnel has at least two steps";
            self.problem(&steps_pointer, message, None);
        }
        let measure = Measure::Funnel {
            steps,
            unit: funnel.count,
        };
        SliPlan {
            count_min: funnel.min_count.unwrap_or(SHARE_COUNT_MIN),
            objective: funnel.objective.map(|least| (BadSide::Below, least)),
            ..plan(&funnel.name, &funnel.title, EventPlan::default(), measure)
        }
    }

    fn composite(&mut self, composite: &CompositeDefinition, pointer: &str) -> SliPlan {
        let measure = Measure::Composite {
            parts: self.parts(composite, pointer),
            combine: composite.combine,
        };
        let event = EventPlan::default();
        SliPlan {
            objective: composite.objective.map(|least| (BadSide::Below, least)),
            levels: self.share_levels(&composite.thresholds, pointer),
            ..plan(&composite.name, &composite.title, event, measure)
        }
    }
}

/// An SLI that is always judged and asks for nothing; its windows are put in when those of all are known.
fn plan(name: &str, title: &str, event: EventPlan, measure: Measure) -> SliPlan {
    SliPlan {
        name: name.to_owned(),
        title: title.to_owned(),
        meaning_sha256: String::new(),
        event,
        measure,
        count_min: 0,
        window_us: 0,
        rehearsal_window_us: 0,
        time_zone: None,
        lateness_us: 0,
        collapse_within_us: None,
        objective: None,
        objectives: Vec::new(),
        levels: Vec::new(),
    }
}
