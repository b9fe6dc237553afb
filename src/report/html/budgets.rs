//! Error budgets: what must hold over days and weeks, how much may still go wrong, and what stands
//! behind each number.
//!
//! In: SLI rows with their details. Out: two tables. It never adds counts.

use maud::{Markup, html};

use super::super::page::{BurnAlertRow, ObjectiveRow, SliDetail, SliRow, Unit};
use super::super::{text, words};
use super::clock::Clock;
use super::sli_table::state;
use super::{figure, left_out};

const BAR_WIDTH: f64 = 200.0;

/// Most burn alerts of one objective.
const ALERTS_MAX: usize = 6;

/// Letters of a hash that are shown; the whole of it is in the tooltip.
const HASH_CHARS: usize = 12;

/// Writes both tables; nothing where no SLI has details.
pub fn budget_sections(slis: &[SliRow], clock: &Clock) -> Markup {
    let detailed: Vec<(&SliRow, &SliDetail)> = slis
        .iter()
        .filter_map(|sli| Some((sli, sli.detail.as_ref()?)))
        .collect();
    html! {
        @if detailed.iter().any(|(_, detail)| !detail.objectives.is_empty()) {
            (objective_section(&detailed, clock))
        }
        @if !detailed.is_empty() { (data_section(&detailed)) }
    }
}

fn objective_section(detailed: &[(&SliRow, &SliDetail)], clock: &Clock) -> Markup {
    html! {
        section aria-labelledby="budgets" {
            h2 #budgets { "Objectives and error budgets" }
            table.cards.budgets aria-labelledby="budgets" {
                thead { tr {
                    th scope="col" { "SLI" }
                    th scope="col" { "Objective" }
                    th scope="col" { "State" }
                    th.number scope="col" { "Value" }
                    th scope="col" { "Budget used" }
                    th.number scope="col" { "Budget left" }
                    th scope="col" { "Burnt too fast" }
                } }
                tbody {
                    @for (sli, detail) in detailed {
                        @for objective in &detail.objectives { (objective_row(sli, objective, clock)) }
                    }
                }
            }
            p.small { "Bar: used budget, orange where it is overspent. Upright line: used by the end of the stretch at this pace." }
        }
    }
}

fn objective_row(sli: &SliRow, objective: &ObjectiveRow, clock: &Clock) -> Markup {
    html! {
        tr {
            th scope="row" { (sli.title) }
            td data-label="Objective" {
                div { (figure(objective.target, Unit::Share)) div.small { "over " (objective.over) } }
            }
            td data-label="State" { (state(objective.state)) }
            td.number data-label="Value" {
                @match objective.value {
                    Some(value) => span title=(text::quantity_in_full(value, Unit::Share)) {
                        (text::quantity_apart(value, Unit::Share, &[objective.target]))
                    },
                    None => "no value",
                }
            }
            td data-label="Budget used" {
                div.graph { (bar(objective)) span.small { (words::budget_used(objective)) } }
            }
            td.number data-label="Budget left" { (words::budget_left(objective)) }
            td data-label="Burnt too fast" { div { (alerts(&objective.burn_alerts, clock)) } }
        }
    }
}

fn bar(objective: &ObjectiveRow) -> Markup {
    let pixels = |share: f64| {
        let share = if share.is_finite() {
            share.clamp(0.0, 1.0)
        } else {
            1.0
        };
        (share * BAR_WIDTH * 10.0).round() / 10.0
    };
    let fill = match objective.budget_used {
        Some(used) if used > 1.0 => "fill over",
        _ => "fill",
    };
    html! {
        svg.bar viewBox={ "0 0 " (BAR_WIDTH) " 16" } preserveAspectRatio="none" aria-hidden="true" {
            rect.track x="0" y="3" width=(BAR_WIDTH) height="10" {}
            @if let Some(used) = objective.budget_used {
                rect class=(fill) x="0" y="3" width=(pixels(used)) height="10" {}
            }
            @if let Some(projected) = objective.budget_projected {
                rect.expected x=(pixels(projected).min(BAR_WIDTH - 2.0)) y="0" width="2" height="16" {}
            }
        }
    }
}

fn alerts(alerts: &[BurnAlertRow], clock: &Clock) -> Markup {
    html! {
        @if alerts.is_empty() { span.small { "never" } }
        @for alert in alerts.iter().take(ALERTS_MAX) {
            div.crossing {
                strong { (alert.rule) } " " (clock.show_stretch(alert.from_us, alert.to_us))
                @if alert.to_us.is_none() { ", still burning" }
                div.small {
                    "at most " (text::quantity(alert.burn_rate, Unit::Times)) "; told: " (words::told(&alert.told))
                }
            }
        }
        (left_out(alerts.len(), ALERTS_MAX, "stretches"))
    }
}

fn data_section(detailed: &[(&SliRow, &SliDetail)]) -> Markup {
    html! {
        section aria-labelledby="evidence" {
            h2 #evidence { "What stands behind each SLI" }
            table.cards.evidence aria-labelledby="evidence" {
                thead { tr {
                    th scope="col" { "SLI" }
                    th.number scope="col" { "Good of n" }
                    th.number scope="col" { "Value" }
                    th.number scope="col" { "Nothing excluded" }
                    th.number scope="col" { "Excluded" }
                    th.number scope="col" { "Windows open, empty, all" }
                    th scope="col" { "Definition" }
                } }
                tbody { @for (sli, detail) in detailed { (data_row(sli, detail)) } }
            }
            p.small {
                "Excluded: requests during maintenance, never counted as good; “nothing excluded” is the value with them. "
                "Open windows may still change, because rows may come late; "
                "empty ones had no data and are not counted as good."
            }
        }
    }
}

fn data_row(sli: &SliRow, detail: &SliDetail) -> Markup {
    let data = detail.data;
    let share = |value: Option<f64>| {
        html! {
            @match value {
                Some(value) => (super::figure_within(value, sli.unit, sli.interval)),
                None => (text::NO_VALUE),
            }
        }
    };
    html! {
        tr {
            th scope="row" { (sli.title) }
            td.number data-label="Good of n" {
                span {
                    @if let Some(good) = detail.good { (text::count(good)) " of " }
                    (text::count(sli.count))
                }
            }
            td.number data-label="Value" { (share(sli.value)) }
            td.number data-label="Nothing excluded" { (share(detail.value_with_excluded)) }
            td.number data-label="Excluded" {
                span {
                    (text::count(data.excluded))
                    @if data.excluded_s > 0.0 { div.small { (text::duration(data.excluded_s)) } }
                }
            }
            td.number data-label="Windows open, empty, all" {
                (text::count(data.provisional_windows)) " · " (text::count(data.missing_windows))
                " · " (text::count(data.windows))
            }
            td data-label="Definition" { (hash(&detail.definition_sha256)) }
        }
    }
}

fn hash(sha256: &str) -> Markup {
    let short: String = sha256.chars().take(HASH_CHARS).collect();
    html! { code title=(sha256) { @if short.is_empty() { (text::NO_VALUE) } @else { (short) } } }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    #[test]
    fn a_rehearsal_has_no_budgets() {
        let page = sample::black_friday();
        let clock = Clock::of(&page.timeline);
        assert_eq!(budget_sections(&page.slis, &clock).into_string(), "");
    }

    #[test]
    fn an_overspent_budget_says_so() {
        let page = sample::week::week();
        let clock = Clock::of(&page.timeline);
        let html = budget_sections(&page.slis, &clock).into_string();
        for text in ["overspent", "fill over", "137 %", "still burning", "never"] {
            assert!(html.contains(text), "{text}");
        }
        assert!(!html.contains("NaN") && !html.contains("inf"));
    }
}
