//! Several scenarios at once: their traffic against one target, as one plan.
//!
//! In: plans. Out: one plan, in which each keeps its own arrivals, seed and shoppers, so that adding
//! another changes nothing of who comes when. Target, transport and limits are those of the first;
//! drill timelines become one; thresholds look at their own shoppers only where they name them; the conditions of all must be met.

use super::curve::TrafficCurve;
use super::plan::{
    BodyPlan, ClosedPlan, DrillAction, DrillPlan, JoinedScenario, PartBody, StepPlan, TargetPlan,
};

/// The most scenarios of one run.
pub const SCENARIOS_MAX: usize = 16;

/// The plan of all of `plans`. Journeys, kinds of shoppers and labels have the name of their scenario in
/// front, and so have titles of drills; so have channels and drills whose name is there already.
///
/// # Errors
/// A sentence fragment: two of the same name, another target (where `is_target_fixed` is not), faults of
/// two drills in one place at once, too many.
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
        add_drills(&mut all, &mut plan)?;
        add(&mut all, plan);
        all.joined.push(joined);
    }
    weigh(&mut all);
    Ok(all)
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
    for entry in &mut plan.drills.entries {
        entry.title = format!("{name}: {}", entry.title);
    }
}

/// Makes one timeline of two, by the moments at which entries begin.
fn add_drills(all: &mut DrillPlan, plan: &mut DrillPlan) -> Result<(), String> {
    let known = &mut all.drills.entries;
    for mut entry in plan.drills.entries.drain(..) {
        if let Some((earlier, (fault, _))) = known
            .iter()
            .find_map(|earlier| Some((earlier, entry.collides_with(earlier)?)))
        {
            return Err(format!(
                "`{fault}` of `{}` is on while that of `{}` is (hint: the later of two such faults replaces the earlier; let one end first)",
                entry.title, earlier.title
            ));
        }
        if known.iter().any(|earlier| earlier.id == entry.id) {
            let named = format!("{}-{}", plan.name, entry.id);
            let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            entry.id = named.replace(|c: char| !is_plain(c), "-");
        }
        if let DrillAction::ChannelOff(channel) = &mut entry.action {
            *channel += all.channels.len();
        }
        known.push(entry);
    }
    known.sort_by_key(|entry| entry.at_us);
    all.drills
        .redactor
        .take_in(std::mem::take(&mut plan.drills.redactor));
    Ok(())
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
    for threshold in &mut plan.thresholds {
        let scope = &mut threshold.scope;
        scope.journey = later(scope.journey, journeys);
        scope.channel = later(scope.channel, all.channels.len());
        scope.kind = later(scope.kind, all.kinds.len());
    }
    all.thresholds.append(&mut plan.thresholds);
    all.journeys.append(&mut plan.journeys);
    all.kinds.append(&mut plan.kinds);
    all.channels.append(&mut plan.channels);
    all.data.append(&mut plan.data);
    all.taken_slots += plan.taken_slots;
    all.traffic.labels.append(&mut plan.traffic.labels);
    all.traffic.labels.sort();
    all.traffic.phases.append(&mut plan.traffic.phases);
    all.traffic.curve = TrafficCurve::sum(&all.traffic.curve, &plan.traffic.curve);
    let closed = all.traffic.closed.into_iter().chain(plan.traffic.closed);
    all.traffic.closed = closed.reduce(ClosedPlan::with);
}

/// An index after so many of others.
fn later(index: Option<u16>, others: usize) -> Option<u16> {
    let others = u16::try_from(others).unwrap_or(u16::MAX);
    index.map(|index| index.saturating_add(others))
}

/// Shares of all who arrive, by how many each scenario expects: only forecasts look at them. Nobody
/// arrives in a closed model.
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::resolve::resolve;
    use super::*;
    use crate::declared_files::parse;

    fn plan(name: &str, more: &str) -> DrillPlan {
        let text = format!(
            "name: {name}\n\
             target: {{base_url: 'http://127.0.0.1:9'}}\n\
             traffic: {{arrivals: even, curve: [{{at: 0s, shoppers_per_s: 10}}, {{at: 10s, shoppers_per_s: 10}}]}}\n\
             channels: [{{name: mail, share: 1}}]\n\
             shoppers: [{{name: one, share: 1, journey: look}}]\n\
             journeys: {{look: [{{get: /}}]}}\n{more}"
        );
        let path = Path::new("scenario.yaml");
        let declared = parse(path, text.as_bytes(), &|_| None);
        let declared = declared.unwrap_or_else(|error| panic!("{error}"));
        resolve(&declared).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn thresholds_look_at_the_shoppers_of_their_own_scenario() {
        let threshold =
            "thresholds: [{sli: page_p95, above: 1s, for: 5s, journey: look, channel: mail}]\n";
        let all = join(vec![plan("a", ""), plan("b", threshold)], false).unwrap();
        let scope = &all.thresholds[0].scope;
        let journey = usize::from(scope.journey.unwrap());
        let channel = usize::from(scope.channel.unwrap());
        assert_eq!(all.journeys[journey].name, "b/look");
        assert_eq!(&*all.channels[channel].name, "b/mail");
    }

    #[test]
    fn the_conditions_of_all_must_be_met() {
        let conditions =
            |level| format!("hypothesis: It holds.\npass: [{{not_crossed: {level}}}]\n");
        let plans = vec![
            plan("a", &conditions("contact")),
            plan("b", ""),
            plan("c", &conditions("warn")),
        ];
        let mixes: Vec<_> = plans.iter().map(|plan| plan.print.clone()).collect();
        let all = join(plans, false).unwrap();
        assert_eq!(all.criteria.len(), 2);
        assert_eq!(all.hypothesis.as_deref(), Some("It holds. It holds."));
        assert!(mixes.iter().all(|mix| !all.print.differing(mix).is_empty()));
    }

    #[test]
    fn timelines_become_one_in_the_order_of_time() {
        let first = "drills: [{id: deploy, at: 2s, deploy: v2}, {id: late, at: 4s, deploy: v3}]\n";
        let second = "drills: [{id: deploy, at: 3s, for: 1s, channel_off: mail}]\n";
        let all = join(vec![plan("a", first), plan("b", second)], false).unwrap();
        let entries: Vec<(&str, &str, i64)> = all
            .drills
            .entries
            .iter()
            .map(|entry| (entry.id.as_str(), entry.title.as_str(), entry.at_us))
            .collect();
        assert_eq!(
            entries,
            [
                ("deploy", "a: deploy v2", 2_000_000),
                ("b-deploy", "b: mail turned off", 3_000_000),
                ("late", "a: deploy v3", 4_000_000),
            ]
        );
        let DrillAction::ChannelOff(channel) = all.drills.entries[1].action else {
            panic!("{:?}", all.drills.entries[1]);
        };
        assert_eq!(&*all.channels[channel].name, "b/mail");
        assert_eq!(all.channels[channel].off, [(3_000_000, 4_000_000)]);
    }

    #[test]
    fn two_faults_in_one_place_are_on_one_after_the_other_only() {
        let fault = |at: &str| {
            format!("drills: [{{id: slow, at: {at}, for: 2s, fault: payment-outage}}]\n")
        };
        let together = |at: &str| join(vec![plan("a", &fault("1s")), plan("b", &fault(at))], false);
        assert!(together("3s").is_ok());
        let refused = together("2s").unwrap_err();
        assert!(refused.contains("`b: fault payment-outage`"), "{refused}");
        assert!(refused.contains("hint"), "{refused}");
    }
}
