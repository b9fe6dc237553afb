//! Load scenarios: who arrives when, and what they do.
//!
//! In: a scenario file (`load-scenarios/*.yaml`). Out: a [`DrillPlan`], whose arrivals are a pure
//! function of curve and seed: no clock inside. Reading order: [`ScenarioDefinition`], [`resolve()`],
//! [`DrillPlan`], [`TrafficCurve`], [`Arrivals`], [`Walk`].

mod arrivals;
mod curve;
mod definition;
mod duration_draw;
mod forecast;
mod join;
mod plan;
mod replay;
mod resolve;
mod route_finder;
mod shard;
mod text_template;
mod walk;

pub use arrivals::{Arrival, Arrivals, SCENARIO_NUMBERS};
pub use curve::TrafficCurve;
pub use definition::{
    ArrivalSpacing, AuthDefinition, CapacityDefinition, GoalDefinition, GoalLevelName,
    HttpDefinition, LimitText, OnFailureName, ScenarioDefinition, StepDefinition,
};
pub use duration_draw::DurationDraw;
pub use forecast::{Forecast, forecast, requests_before};
pub use join::{SCENARIOS_MAX, join};
pub use plan::{
    BadLimit, BodyPlan, ChannelPlan, CheckPlan, ClosedPlan, ConnectionPolicy, CriterionLevel,
    CriterionLimit, CriterionPlan, DataTable, DrillAction, DrillEntryPlan, DrillExpectation,
    DrillLimits, DrillPlan, DrillTimeline, EmbeddedShop, ExecHookPlan, GoTo, HookPlan,
    HttpHookPlan, HttpVersion, JoinedScenario, JourneyPlan, LearnedTraffic, MarkKind, NamedMoment,
    NamedStretch, OwnCertificate, PartBody, PartPlan, PatiencePlan, PhasePlan, Pick, PlanPrint,
    ProductDraw, ProxyPlan, RecordedArrival, ReloadPlan, ResolvedHost, RetryPlan, ShopperKind,
    StepPlan, TakeFrom, TakePlan, TargetPlan, ThresholdPlan, ThresholdScope, TlsPlan, TrafficPlan,
    TransportPlan, is_loopback, is_more_than_host,
};
pub use replay::{REPLAYED_MAX, ReplayedRequest, replay};
pub use resolve::resolve;
pub use route_finder::RouteFinder;
pub use shard::{SHARDS_MAX, Shard, ShardError};
pub use text_template::{Escape, ShopperVariables, TextTemplate};
pub use walk::Walk;
