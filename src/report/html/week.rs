//! The order of a weekly page: directors, analysts, engineers, and the list of contents.
//!
//! In: a page with parts. Out: the parts, each a landmark. It never writes a table of its own.

use maud::{Markup, html};

use super::super::page::ReportPage;
use super::clock::Clock;
use super::{
    annotations, breakdowns, budgets, contacts, directors, facts_strip, faucets, funnel, problems,
    route_table, sli_table, timeline, uptime_curve,
};

/// Whether the page has any part that only a weekly page has.
pub fn is_week(page: &ReportPage) -> bool {
    page.directors.is_some() || page.analysts.is_some() || page.engineers.is_some()
}

/// The list of contents, which stays at the top of the window.
pub fn contents() -> Markup {
    html! {
        nav aria-label="Contents" {
            ul {
                li { a href="#top" { "Directors" } }
                li { a href="#analysts" { "Analysts" } }
                li { a href="#engineers" { "Engineers" } }
                li { a href="#unknowns" { "Not known" } }
                li { a href="#method" { "Method" } }
            }
        }
    }
}

/// Everything between the verdict and what is not known.
pub fn parts(page: &ReportPage, clock: &Clock) -> Markup {
    html! {
        @if let Some(part) = &page.directors { (directors::director_section(part, clock)) }
        section.part #analysts aria-label="For analysts" {
            p.part-name { "For analysts" }
            (facts_strip(&page.facts))
            (sli_table::sli_section(&page.slis, clock))
            (budgets::budget_sections(&page.slis, clock))
            @if let Some(part) = &page.analysts {
                (breakdowns::breakdown_sections(part))
                (uptime_curve::uptime_section(&part.uptime_curves, clock))
            }
            @if let Some(part) = &page.contacts { (contacts::contact_section(part)) }
            @if !page.funnel.is_empty() { (funnel::funnel_section(&page.funnel)) }
        }
        section.part #engineers aria-label="For engineers" {
            p.part-name { "For engineers" }
            (timeline::timeline_section(&page.timeline, clock))
            (engineer_sections(page, clock))
        }
    }
}

fn engineer_sections(page: &ReportPage, clock: &Clock) -> Markup {
    html! {
        @if let Some(part) = &page.engineers {
            @match &page.desk {
                Some(desk) => (contacts::desk_section(desk, clock)),
                None => (problems::cluster_section(&part.clusters, clock)),
            }
            (problems::failure_section(&part.failures))
        }
        (route_table::route_section(&page.routes))
        @if let Some(part) = &page.engineers {
            (problems::suspect_section(&part.suspects))
            (faucets::faucet_section(&part.faucets, clock))
            (faucets::retry_section(part.retries.as_ref(), clock))
            (annotations::annotation_section(&part.annotations, clock))
        }
    }
}
