//! What a scenario means: every reference resolved, shares that add up to 1, one unit of time.
//!
//! In: nothing; [`resolve`](super::resolve()) makes these from what a file says. Out: plain structs,
//! one file per part of the scenario. Nothing is sent here.

mod criteria;
mod data;
mod drills;
mod joined;
mod print;
mod shopper;
mod step;
mod target;
mod threshold;
mod traffic;

use super::arrivals::SCENARIO_NUMBERS;
use super::curve::TrafficCurve;
use super::definition::CapacityDefinition;
use super::route_finder::RouteFinder;
use super::shard::Shard;
use super::text_template::{Escape, ShopperVariables};
use crate::route::Router;

pub use criteria::{CriterionLevel, CriterionLimit, CriterionPlan, NamedMoment, NamedStretch};
pub use data::{DataTable, Pick};
pub use drills::{
    DrillAction, DrillEntryPlan, DrillExpectation, DrillTimeline, ExecHookPlan, HookPlan,
    HttpHookPlan, MarkKind,
};
pub use joined::JoinedScenario;
pub use print::PlanPrint;
pub use shopper::{ChannelPlan, PatiencePlan, ReloadPlan, RetryPlan, ShopperKind};
pub use step::{
    BodyPlan, CheckPlan, GoTo, JourneyPlan, PartBody, PartPlan, StepPlan, TakeFrom, TakePlan,
};
pub use target::{
    ConnectionPolicy, EmbeddedShop, HttpVersion, OwnCertificate, ProxyPlan, ResolvedHost,
    TargetPlan, TlsPlan, TransportPlan, is_loopback, is_more_than_host,
};
pub use threshold::{BadLimit, ThresholdPlan, ThresholdScope};
pub use traffic::{
    ClosedPlan, LearnedTraffic, PhasePlan, ProductDraw, RecordedArrival, TrafficPlan,
};

/// A scenario, ready to be driven.
#[derive(Debug, Clone)]
pub struct DrillPlan {
    /// Name of the scenario.
    pub name: String,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// The file letter by letter.
    pub text: String,
    /// What is expected to happen.
    pub hypothesis: Option<String>,
    /// When the rehearsal has passed; at least one.
    pub criteria: Vec<CriterionPlan>,
    /// Whether the file said so, and not the defaults.
    pub has_own_criteria: bool,
    /// What it means, part by part, as hashes.
    pub print: PlanPrint,
    /// Seed of everything random.
    pub seed: u64,
    /// What is driven.
    pub target: TargetPlan,
    /// The service name of its requests in the lake.
    pub service: String,
    /// Hosts that may be driven besides this machine.
    pub hosts_allowed: Vec<String>,
    /// How requests travel.
    pub transport: TransportPlan,
    /// How shoppers arrive; of several scenarios at once, the sum of their curves.
    pub traffic: TrafficPlan,
    /// The scenarios that run at once; empty for one alone.
    pub joined: Vec<JoinedScenario>,
    /// What sends shoppers; empty where nothing is said about that.
    pub channels: Vec<ChannelPlan>,
    /// Kinds of shoppers.
    pub kinds: Vec<ShopperKind>,
    /// The journeys that the kinds point to.
    pub journeys: Vec<JourneyPlan>,
    /// What must hold while the run goes on.
    pub thresholds: Vec<ThresholdPlan>,
    /// Data that steps use.
    pub data: Vec<DataTable>,
    /// How many things steps take from answers, over all journeys.
    pub taken_slots: usize,
    /// How `{product}` and `{next_product}` are drawn.
    pub products: ProductDraw,
    /// Routes of requests that no step names.
    pub routes: RouteFinder,
    /// What is done to the target and asked of people.
    pub drills: DrillTimeline,
    /// What a capacity search of it is for, as the file says.
    pub capacity: CapacityDefinition,
    /// Limits of the load generator.
    pub limits: DrillLimits,
    /// Which part of the arrivals this process drives; limits are those of the part.
    pub shard: Shard,
}

/// Limits of the load generator, and what makes a run invalid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DrillLimits {
    /// Requests that may be under way at once.
    pub in_flight: usize,
    /// The highest arrival rate that may ever be asked for, shoppers per second.
    pub shoppers_per_s_max: Option<f64>,
    /// How long one answer may take, µs.
    pub step_timeout_us: i64,
    /// Steps after which a shopper goes.
    pub steps: u32,
    /// How long shoppers may go on after the end of the curve, µs.
    pub drain_us: i64,
    /// Invalid when the schedule lag's 99th percentile is above this, µs.
    pub schedule_lag_p99_us: i64,
    /// Invalid when a larger share of shoppers was dropped, or of records was lost.
    pub dropped_share: f64,
}

impl DrillPlan {
    /// The index of the kind at `position` (0 to 1) on the line of all shares.
    #[must_use]
    pub fn kind_at(&self, position: f64) -> usize {
        at(self.kinds.iter().map(|kind| kind.share), position)
    }

    /// The closed models, each with the number of its first shopper.
    #[must_use]
    pub fn closed_models(&self) -> Vec<(u64, ClosedPlan)> {
        if self.joined.is_empty() {
            return self
                .traffic
                .closed
                .map(|closed| (0, closed))
                .into_iter()
                .collect();
        }
        let joined = (0_u64..).zip(&self.joined);
        let closed = joined
            .filter_map(|(index, joined)| Some((index * SCENARIO_NUMBERS, joined.traffic.closed?)));
        closed.collect()
    }

    /// Shares and journeys of the kinds that shoppers from number `first` on may be.
    pub(super) fn shares_of_kinds(&self, first: u64) -> Vec<(f64, usize)> {
        let scenario = usize::try_from(first / SCENARIO_NUMBERS).unwrap_or(usize::MAX);
        let Some(joined) = self.joined.get(scenario) else {
            let kinds = self.kinds.iter();
            return kinds.map(|kind| (kind.share, kind.journey)).collect();
        };
        let kinds = self.kinds[joined.first_kind..].iter();
        let shares = joined.kind_shares.iter().zip(kinds);
        shares.map(|(share, kind)| (*share, kind.journey)).collect()
    }

    /// Whether shoppers arrive, and not only come again in a closed model.
    #[must_use]
    pub fn has_arrivals(&self) -> bool {
        self.traffic.recorded.is_some() || self.traffic.curve.arrivals() > 0.0
    }

    /// The index of the channel at `position` (0 to 1) on the line of all shares; `None` without
    /// channels.
    #[must_use]
    pub fn channel_at(&self, position: f64) -> Option<usize> {
        let shares = self.channels.iter().map(|channel| channel.share);
        (!self.channels.is_empty()).then(|| at(shares, position))
    }

    /// Makes `points`, seconds and shoppers per second, the curve of a plan whose traffic is learned.
    ///
    /// # Errors
    /// A sentence fragment: nobody arrives, more than the limits allow, or more than there is data for.
    pub fn set_learned_curve(&mut self, points: &[(f64, f64)]) -> Result<(), String> {
        let curve = self.curve_with_data(points, "learned curve")?;
        let limit = self
            .traffic
            .learned
            .as_ref()
            .and_then(|learned| learned.shoppers_per_s_max);
        let peak = curve.peak_per_s();
        if let Some(limit) = limit.filter(|limit| peak > *limit) {
            return Err(format!(
                "the learned curve has a peak of {peak:.2}, which is above `limits.shoppers_per_s` of {limit}"
            ));
        }
        self.print.take_in(&curve, &[]);
        self.traffic.curve = curve;
        Ok(())
    }

    /// Makes a trial of the plan: the same shoppers arrive on `points`, seconds and shoppers per second,
    /// by a seed of its own, and nothing is done to the target.
    ///
    /// # Errors
    /// A sentence fragment: nobody arrives, more than the limits allow, or more than there is data for.
    pub fn set_trial(&mut self, points: &[(f64, f64)], seed: u64) -> Result<(), String> {
        let curve = self.curve_with_data(points, "trial")?;
        let limit = self.limits.shoppers_per_s_max;
        let peak = curve.peak_per_s();
        if let Some(limit) = limit.filter(|limit| peak > *limit) {
            return Err(format!(
                "a trial of {peak} shoppers per second is above `limits.shoppers_per_s` of {limit}"
            ));
        }
        self.print.take_in(&curve, &[]);
        self.traffic.curve = curve;
        self.traffic.labels.clear();
        self.traffic.phases.clear();
        self.traffic.recorded = None;
        self.traffic.learned = None;
        self.drills = DrillTimeline::default();
        self.thresholds.clear();
        self.seed = seed;
        Ok(())
    }

    /// The curve, if somebody arrives on it and there is data for them; `name` is what it is called.
    fn curve_with_data(&self, points: &[(f64, f64)], name: &str) -> Result<TrafficCurve, String> {
        let curve = TrafficCurve::new(points).filter(|curve| curve.arrivals() > 0.0);
        let Some(curve) = curve else {
            return Err(format!("nobody ever arrives on the {name}"));
        };
        let expected = curve.arrivals();
        // Five standard deviations of a Poisson count: hardly ever are there more.
        let most = expected + 5.0 * expected.sqrt();
        let rows = self.data.iter().filter_map(DataTable::shoppers_max).min();
        if let Some(rows) = rows.filter(|rows| number(*rows) < most) {
            return Err(format!(
                "about {most:.0} shoppers come on the {name}, and there are {rows} rows of data for one each"
            ));
        }
        Ok(curve)
    }

    /// How shoppers of a kind want products; where several scenarios run at once, as their own says.
    #[must_use]
    pub fn products_of(&self, kind: usize) -> &ProductDraw {
        let mut joined = self.joined.iter().rev();
        let own = joined.find(|joined| joined.first_kind <= kind);
        own.map_or(&self.products, |own| &own.products)
    }

    /// Gives every step and every asset the route that `router` gives its path.
    pub fn assign_routes(&mut self, router: &mut Router) {
        // What was taken from answers stands for an identifier, as far as routes go.
        let taken: Vec<Option<Box<str>>> = vec![Some("1".into()); self.taken_slots];
        let example = ShopperVariables {
            product: 1,
            shopper: 1,
            data: &self.data,
            seed: self.seed,
            taken: &taken,
        };
        let journeys = self.journeys.iter_mut();
        for step in journeys.flat_map(|journey| &mut journey.steps) {
            step.route = router.route_of(&step.path.fill(&example, Escape::Url));
            for (asset, route) in &mut step.assets {
                *route = router.route_of(&asset.fill(&example, Escape::Url));
            }
        }
        self.routes = RouteFinder::new(router.clone());
    }
}

/// The index of the share in which `position` lies, of shares that add up to 1.
pub(super) fn at(shares: impl ExactSizeIterator<Item = f64>, position: f64) -> usize {
    let last = shares.len().saturating_sub(1);
    let mut sum = 0.0;
    for (index, share) in shares.enumerate() {
        sum += share;
        if position < sum {
            return index;
        }
    }
    last
}

#[expect(clippy::cast_precision_loss, reason = "rows of a file stay below 2^53")]
fn number(rows: usize) -> f64 {
    rows as f64
}
