//! What is asked of a pass over shoppers: by the SLIs, by the report, and part by part.
//!
//! In: an SLI set. Out: a [`VisitPlan`]. It reads nothing.

use jiff::tz::TimeZone;

use super::Asked;
use crate::cli::arguments::ByChoice;
use crate::cli::customers::{is_failure, is_person};
use crate::cli::maintenance::Maintenance;
use crate::rollup::SeriesKey;
use crate::sli::{FunnelStepPlan, FunnelUnit, Measure, SliPlan};
use crate::time_window::TimeWindow;
use crate::visits::{
    AffectedPlan, ChannelPlan, ClusterPlan, FunnelPlan, Predicate, RetryPlan, SessionPlan,
    UptimePlan, VisitPlan,
};

/// Name of the answer to a question that no SLI asks.
pub const WHOLE: &str = "";
/// Name of the funnel from any request to the order, which knows by what channel shoppers came.
pub const CAME: &str = " came";
/// Requests with the same problem that are less than this apart belong together, µs.
const CLUSTER_GAP_US: i64 = 5 * 60_000_000;
/// A problem is one of several customers.
const CLUSTER_SHOPPERS_MIN: u64 = 2;
/// The longest pause within a session, µs, as web analytics have it.
const SESSION_GAP_US: i64 = 30 * 60_000_000;
/// How long a shopper counts as brought by the channel that was named last, µs.
const CHANNEL_WITHIN_US: i64 = 2 * 3_600_000_000;
/// How long after a failure the same request counts as a repeat of it, where the set says nothing.
const REPEAT_WITHIN_US: i64 = 60_000_000;
/// A route is failing when more than this share of what was meant went wrong.
const FAILING_SHARE: f64 = 0.1;

/// Questions that are answered by days of one zone.
#[derive(Clone, Copy)]
pub struct Questions<'a> {
    /// That zone.
    pub zone: &'a TimeZone,
    /// Zone of all SLIs that do not say theirs.
    pub zone_of_set: &'a TimeZone,
    /// Which of them are asked.
    pub which: Which<'a>,
    /// What is dropped.
    pub maintenance: &'a Maintenance,
}

/// Which questions are asked.
#[derive(Clone, Copy)]
pub enum Which<'a> {
    /// Every one, those of the report too.
    All,
    /// Those of the SLIs that know days.
    OfDays,
    /// What was meant in each of these parts, by the ratios in which retries collapse.
    Meant(&'a Parts),
}

/// Parts of the traffic that are told apart.
#[derive(Debug, Clone)]
pub struct Parts {
    /// What they differ in.
    pub by: ByChoice,
    /// What they have of it, each once.
    pub names: Vec<String>,
}

impl<'a> Questions<'a> {
    /// All of them, of a set whose zone this is.
    pub fn all(zone: &'a TimeZone, maintenance: &'a Maintenance) -> Self {
        Self {
            zone,
            zone_of_set: zone,
            which: Which::All,
            maintenance,
        }
    }
}

impl Which<'_> {
    /// By this kept answers are told apart. The first two are kept under these names in lakes of old.
    pub fn name(self) -> String {
        match self {
            Which::All => "true".to_owned(),
            Which::OfDays => "false".to_owned(),
            Which::Meant(parts) => format!("{} {:?}", parts.by.name(), parts.names),
        }
    }
}

impl Parts {
    /// Name of each, and which requests are in it.
    fn named(&self) -> Vec<(String, Predicate)> {
        let by = self.by;
        let parts = self.names.iter().map(|name| {
            let wanted = name.clone();
            let is_in = Predicate::new(move |series| by.value(series) == wanted);
            (name.clone(), is_in)
        });
        parts.collect()
    }
}

/// Everything that must be asked.
pub fn plan(asked: Asked<'_>, range: TimeWindow, questions: &Questions<'_>) -> VisitPlan {
    let mut plan = VisitPlan::new(range, questions.zone.clone());
    for sli in &asked.set.slis {
        match questions.which {
            Which::All => {
                put_days(&mut plan, sli, asked, questions);
                put_meant(&mut plan, sli, asked, Vec::new());
            }
            Which::OfDays => put_days(&mut plan, sli, asked, questions),
            Which::Meant(parts) => put_meant(&mut plan, sli, asked, parts.named()),
        }
    }
    if matches!(questions.which, Which::All) {
        put_questions_of_report(&mut plan, asked);
    }
    plan
}

/// Name of a funnel in which maintenance counts.
pub fn with_maintenance(name: &str) -> String {
    format!("{name} with maintenance")
}

/// What must be asked for an SLI that knows days, if these are its own.
fn put_days(plan: &mut VisitPlan, sli: &SliPlan, asked: Asked<'_>, questions: &Questions<'_>) {
    let are_its_days = sli.zone(questions.zone_of_set) == questions.zone;
    match &sli.measure {
        Measure::UserUptime { bad, cutoff_us } if are_its_days => {
            let (event, bad) = (sli.event.clone(), bad.clone());
            plan.uptimes.push(UptimePlan {
                name: sli.name.clone(),
                valid: Predicate::new(move |series| event.covers(series)),
                bad: Predicate::new(move |series| bad.iter().any(|bad| bad.covers(series.status))),
                cutoff_us: *cutoff_us,
                base_us: asked.scope.of(sli).window_us,
            });
        }
        Measure::Funnel {
            steps,
            unit: FunnelUnit::Shoppers,
        } if are_its_days => {
            let excluded = questions.maintenance.get(&sli.name);
            let excluded = excluded.cloned().unwrap_or_default();
            if !excluded.is_empty() {
                plan.funnels
                    .push(funnel(&with_maintenance(&sli.name), steps));
            }
            plan.funnels.push(FunnelPlan {
                excluded,
                ..funnel(&sli.name, steps)
            });
        }
        Measure::UserUptime { .. }
        | Measure::Funnel { .. }
        | Measure::Ratio { .. }
        | Measure::Rate { .. }
        | Measure::Latency { .. }
        | Measure::LatencyCut { .. }
        | Measure::WindowsGood { .. }
        | Measure::Apdex { .. }
        | Measure::Composite { .. } => {}
    }
}

/// What was meant, in all and in these parts, if the SLI is a ratio in which retries collapse.
fn put_meant(
    plan: &mut VisitPlan,
    sli: &SliPlan,
    asked: Asked<'_>,
    parts: Vec<(String, Predicate)>,
) {
    let (Measure::Ratio { good }, Some(within_us)) = (&sli.measure, sli.collapse_within_us) else {
        return;
    };
    let (event, good) = (sli.event.clone(), good.clone());
    plan.retries.push(RetryPlan {
        name: sli.name.clone(),
        valid: Predicate::new(move |series| event.covers(series)),
        bad: Predicate::new(move |series| !good.covers(series)),
        within_us,
        leave_us: SESSION_GAP_US,
        window_us: asked.cell_us(),
        failing_share: FAILING_SHARE,
        parts,
    });
}

/// What no SLI asks.
fn put_questions_of_report(plan: &mut VisitPlan, asked: Asked<'_>) {
    if asked.set.funnel.len() > 1 {
        plan.funnels.push(funnel(WHOLE, &asked.set.funnel));
    }
    if let Some(order) = asked.set.funnel.last() {
        let mut came = funnel(CAME, std::slice::from_ref(order));
        let any = ("Any request".to_owned(), Predicate::new(is_person));
        came.steps.insert(0, any);
        plan.funnels.push(came);
    }
    plan.retries.push(RetryPlan {
        name: WHOLE.to_owned(),
        valid: Predicate::new(|series| is_person(series) && !is_asset(series)),
        bad: Predicate::new(is_failure),
        within_us: asked.set.collapse_within_us.unwrap_or(REPEAT_WITHIN_US),
        leave_us: SESSION_GAP_US,
        window_us: asked.scope.window_us,
        failing_share: FAILING_SHARE,
        parts: Vec::new(),
    });
    plan.clusters = Some(ClusterPlan {
        failing: Predicate::new(|series| is_person(series) && is_failure(series)),
        gap_us: CLUSTER_GAP_US,
        shoppers_min: CLUSTER_SHOPPERS_MIN,
    });
    plan.affected = Some(AffectedPlan {
        failing: Predicate::new(|series| is_person(series) && is_failure(series)),
    });
    plan.channels = Some(ChannelPlan {
        valid: Predicate::new(is_person),
        within_us: CHANNEL_WITHIN_US,
        window_us: asked.scope.window_us,
    });
    plan.sessions = Some(SessionPlan {
        valid: Predicate::new(is_person),
        gap_us: SESSION_GAP_US,
    });
}

/// A picture, a font, a script: a page asks for many at once, which is no repeat.
fn is_asset(series: &SeriesKey) -> bool {
    let last = series.route.rsplit('/').next().unwrap_or_default();
    last.contains('.') || matches!(last, "{image}" | "{font}" | "{file}")
}

fn funnel(name: &str, steps: &[FunnelStepPlan]) -> FunnelPlan {
    let steps = steps.iter().map(|step| {
        let event = step.event.clone();
        (
            step.title.clone(),
            Predicate::new(move |series: &SeriesKey| event.covers(series)),
        )
    });
    FunnelPlan {
        name: name.to_owned(),
        steps: steps.collect(),
        excluded: Vec::new(),
    }
}
