//! Several scenarios at once: their traffic against one target, as one plan.
//!
//! In: plans. Out: one plan, in which each keeps its own arrivals, seed and shoppers, so that adding
//! another changes nothing of who comes when. Target, transport and limits are those of the first, as
//! are thresholds and drills; the conditions of all must be met.

use super::curve::TrafficCurve;
use super::plan::{BodyPlan, DrillPlan, JoinedScenario, PartBody, StepPlan, TargetPlan};

/// The most scenarios of one run.
pub const SCENARIOS_MAX: usize = 16;

/// The plan of all of `plans`. Journeys, kinds of shoppers and labels have the name of their scenario in
/// front; so have channels whose name is there already.
///
/// # Errors
/// A sentence fragment: two of the same name, another target (where `is_target_fixed` is not), a closed
/// model, thresholds or drills of another than the first, too many.
pub fn join(plans: Vec<DrillPlan>, is_target_fixed: bool) -> Result<DrillPlan, String> {
    if plans.len() > SCENARIOS_MAX {
        return Err(format!("more than {SCENARIOS_MAX} scenarios at once"));
    }
    for (index, plan) in plans.iter().enumerate() {
        if plans[..index].iter().any(|other| other.name == plan.name) {
            return Err(format!(
                "two scenarios are called `{}` (hint: give one of them another name)",
                plan.name
            ));
        }
        if let (1.., Some(what)) = (index, for_one_only(plan)) {
            return Err(format!(
                "`{}` has {what}, which only the first of several scenarios may have (hint: move it to `{}`)",
                plan.name, plans[0].name
            ));
        }
        if plan.traffic.closed.is_some() {
            return Err(format!(
                "`{}` has a closed model, which cannot run beside others",
                plan.name
            ));
        }
        if !is_target_fixed && !is_same_target(&plans[0].target, &plan.target) {
            return Err(format!(
                "`{}` drives another target than `{}` (hint: name one for all by --host)",
                plan.name, plans[0].name
            ));
        }
    }
    let mut plans = plans.into_iter();
    let mut all = plans.next().ok_or("there is no scenario")?;
    let first = all.clone();
    prefix(&mut all);
    all.joined.push(JoinedScenario::of(&first, (0, 0)));
    for mut plan in plans {
        let joined = JoinedScenario::of(&plan, (all.kinds.len(), all.channels.len()));
        prefix(&mut plan);
        add(&mut all, plan);
        all.joined.push(joined);
    }
    weigh(&mut all);
    Ok(all)
}

/// What a plan has that can be said of one scenario only.
fn for_one_only(plan: &DrillPlan) -> Option<&'static str> {
    let said = [
        (!plan.thresholds.is_empty(), "thresholds"),
        (!plan.drills.entries.is_empty(), "a drill timeline"),
    ];
    let mut said = said.into_iter().filter(|(is_said, _)| *is_said);
    said.next().map(|(_, what)| what)
}

fn is_same_target(one: &TargetPlan, other: &TargetPlan) -> bool {
    match (one, other) {
        (TargetPlan::EmbeddedShop(_), TargetPlan::EmbeddedShop(_)) => true,
        (TargetPlan::Url(one), TargetPlan::Url(other)) => one == other,
        (TargetPlan::EmbeddedShop(_) | TargetPlan::Url(_), _) => false,
    }
}

/// Puts the name of a scenario in front of what it names.
fn prefix(plan: &mut DrillPlan) {
    let name = plan.name.clone();
    for journey in &mut plan.journeys {
        journey.name = format!("{name}/{}", journey.name);
    }
    for kind in &mut plan.kinds {
        kind.name = format!("{name}/{}", kind.name);
    }
    for (_, label) in &mut plan.traffic.labels {
        *label = format!("{name}: {label}");
    }
    for phase in &mut plan.traffic.phases {
        phase.name = format!("{name}: {}", phase.name);
    }
}

fn add(all: &mut DrillPlan, mut plan: DrillPlan) {
    let journeys = all.journeys.len();
    let (tables, slots) = (all.data.len(), all.taken_slots);
    for step in plan
        .journeys
        .iter_mut()
        .flat_map(|journey| &mut journey.steps)
    {
        shift(step, tables, slots);
    }
    for kind in &mut plan.kinds {
        kind.journey += journeys;
    }
    for channel in &mut plan.channels {
        if all.channels.iter().any(|known| known.name == channel.name) {
            channel.name = format!("{}/{}", plan.name, channel.name).into();
        }
    }
    if let (TargetPlan::EmbeddedShop(shop), TargetPlan::EmbeddedShop(other)) =
        (&mut all.target, &plan.target)
    {
        shop.products = shop.products.max(other.products);
    }
    all.name = format!("{}+{}", all.name, plan.name);
    all.text = format!(
        "{}\n# ---- and at the same time ----\n{}",
        all.text, plan.text
    );
    if plan.has_own_criteria {
        all.criteria.append(&mut plan.criteria);
        all.has_own_criteria = true;
    }
    let hypotheses = all.hypothesis.take().into_iter().chain(plan.hypothesis);
    all.hypothesis = hypotheses.reduce(|one, other| format!("{one} {other}"));
    all.print = all.print.with(&plan.print);
    all.sha256 =
        crate::declared_files::sha256_of(format!("{}{}", all.sha256, plan.sha256).as_bytes());
    all.journeys.append(&mut plan.journeys);
    all.kinds.append(&mut plan.kinds);
    all.channels.append(&mut plan.channels);
    all.data.append(&mut plan.data);
    all.taken_slots += plan.taken_slots;
    all.traffic.labels.append(&mut plan.traffic.labels);
    all.traffic.labels.sort();
    all.traffic.phases.append(&mut plan.traffic.phases);
    all.traffic.curve = TrafficCurve::sum(&all.traffic.curve, &plan.traffic.curve);
}

/// Shares of all shoppers, by how many each scenario expects: only forecasts look at them.
fn weigh(all: &mut DrillPlan) {
    let expected: f64 = all
        .joined
        .iter()
        .map(|joined| joined.traffic.curve.arrivals())
        .sum();
    for joined in &all.joined {
        let weight = if expected > 0.0 {
            joined.traffic.curve.arrivals() / expected
        } else {
            0.0
        };
        for (kind, share) in all.kinds[joined.first_kind..]
            .iter_mut()
            .zip(&joined.kind_shares)
        {
            kind.share = share * weight;
        }
        let channels = all.channels[joined.first_channel..].iter_mut();
        for (channel, share) in channels.zip(&joined.channel_shares) {
            channel.share = share * weight;
        }
    }
}

/// Points a step to its own tables and slots among those of all.
fn shift(step: &mut StepPlan, tables: usize, slots: usize) {
    let mut texts = vec![&mut step.path];
    texts.extend(step.headers.iter_mut().map(|(_, value)| value));
    texts.extend(step.assets.iter_mut().map(|(path, _)| path));
    match &mut step.body {
        BodyPlan::None => {}
        BodyPlan::Form(fields) => texts.extend(fields.iter_mut().map(|(_, value)| value)),
        BodyPlan::Json(text) | BodyPlan::Text(text) => texts.push(text),
        BodyPlan::Multipart(parts) => {
            for part in parts {
                match &mut part.body {
                    PartBody::Text(text) => texts.push(text),
                    PartBody::File(_) => {}
                }
            }
        }
    }
    texts.into_iter().for_each(|text| text.shift(tables, slots));
    step.takes.iter_mut().for_each(|take| take.slot += slots);
}
