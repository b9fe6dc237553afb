//! Who comes, and how much they put up with.

use std::sync::Arc;

use super::super::duration_draw::DurationDraw;
use crate::status_pattern::StatusPattern;

/// What sends shoppers.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelPlan {
    /// Its name in the lake.
    pub name: Arc<str>,
    /// Its share of all shoppers, 0 to 1.
    pub share: f64,
    /// What is added to the query of the first page.
    pub query: Option<String>,
    /// The `Referer` of the first request.
    pub referrer: Option<String>,
    /// When it sends nobody: half-open stretches, µs since the start.
    pub off: Vec<(i64, i64)>,
}

impl ChannelPlan {
    /// Whether it sends nobody at `at_us` since the start.
    #[must_use]
    pub fn is_off(&self, at_us: i64) -> bool {
        let mut off = self.off.iter();
        off.any(|(from_us, to_us)| (*from_us..*to_us).contains(&at_us))
    }
}

/// One kind of shopper.
#[derive(Debug, Clone, PartialEq)]
pub struct ShopperKind {
    /// Its name.
    pub name: String,
    /// Its share of all shoppers, 0 to 1.
    pub share: f64,
    /// Index into [`DrillPlan::journeys`](super::DrillPlan::journeys).
    pub journey: usize,
    /// When it has had enough.
    pub patience: PatiencePlan,
    /// What it does again when that went wrong.
    pub retries: Option<RetryPlan>,
    /// Whether it reloads a page that does not come.
    pub reload: Option<ReloadPlan>,
}

/// When a shopper has had enough; `None` for never.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PatiencePlan {
    /// Of one answer.
    pub answer: Option<DurationDraw>,
    /// Of it all.
    pub session: Option<DurationDraw>,
}

/// What a shopper does again.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryPlan {
    /// After which answers.
    pub on: Vec<StatusPattern>,
    /// How many more attempts at most.
    pub times: u32,
    /// How long it waits before the first.
    pub wait: DurationDraw,
    /// How many times as long before each further one.
    pub backoff: f64,
    /// Whether it waits as long as `Retry-After` says.
    pub honours_retry_after: bool,
}

/// When a shopper reloads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReloadPlan {
    /// After how long.
    pub after: DurationDraw,
    /// How many times at most.
    pub times: u32,
}
