//! The curve of a scenario whose traffic is learned, from the lake of the run.

use super::rows::{Asked, customer_requests};
use crate::cli::exit_code::{ExitCode, Failure};
use crate::drafts::learned::{CurveRequest, arrival_points, learn};
use crate::lake::{Lake, LakeAddress};
use crate::scenario::DrillPlan;
use crate::time_window::{now_us, parse_time, parse_week};

/// Counts the sessions that the plan names, if it names any; returns what to tell the user.
///
/// # Errors
/// When there is no lake, or nobody of that range in it.
pub fn fill_learned_traffic(
    plan: &mut DrillPlan,
    lake: &LakeAddress,
) -> Result<Option<String>, Failure> {
    let Some(traffic) = plan.traffic.learned.clone() else {
        return Ok(None);
    };
    let now_us = now_us();
    let bound = |text: &Option<String>| {
        let parsed = text
            .as_ref()
            .map(|text| parse_time(text, &traffic.zone, now_us));
        parsed.transpose()
    };
    let asked = match &traffic.week {
        Some(week) => {
            let week = parse_week(week, &traffic.zone)?;
            Asked {
                from_us: Some(week.start_us),
                to_us: Some(week.end_us),
            }
        }
        None => Asked {
            from_us: bound(&traffic.from)?,
            to_us: bound(&traffic.to)?,
        },
    };
    let found = customer_requests(&Lake::open(lake)?.reader()?, &asked)?;
    let range = found.range;
    let learned_plan = found.plan(0.0);
    let one_of = found.requests.one_of;
    let learned = learn(found.requests, learned_plan);
    let request = CurveRequest {
        range,
        scale: traffic.scale * number(one_of),
        speed: traffic.speed,
    };
    let (points, _) = arrival_points(&learned.starts_us, request);
    plan.set_learned_curve(&points)
        .map_err(|why| Failure::new(ExitCode::DeclaredFile, why))?;
    Ok(Some(format!(
        "traffic as of {} sessions from {} to {}{}",
        learned.starts_us.len(),
        crate::time_window::rfc3339(range.start_us),
        crate::time_window::rfc3339(range.end_us),
        found.cut.map_or_else(String::new, |cut| format!(": {cut}"))
    )))
}

#[expect(clippy::cast_precision_loss, reason = "it is a small number")]
fn number(count: u64) -> f64 {
    count as f64
}
