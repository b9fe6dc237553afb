//! "Where it hurts": one row per method and route.
//!
//! In: route rows, busiest first. Out: one table that becomes cards on a narrow screen, and a
//! note on the rows that did not fit. It never sorts.

use maud::{Markup, html};

use super::super::page::{RouteRow, Unit};
use super::super::text;
use super::{figure, left_out, response_time};

/// Most routes in the table; a shop has dozens, hostile traffic has millions.
const ROUTES_MAX: usize = 200;

/// Writes the section.
pub fn route_section(routes: &[RouteRow]) -> Markup {
    let shown = &routes[..routes.len().min(ROUTES_MAX)];
    html! {
        section aria-labelledby="routes" {
            h2 #routes { "Where it hurts" }
            @if routes.is_empty() {
                p { "No request was recorded." }
            } @else {
                table.cards.routes {
                    thead { tr {
                        th scope="col" { "Route" }
                        th.number scope="col" { "Requests" }
                        th.number scope="col" { "Rate" }
                        th.number scope="col" { "p50" }
                        th.number scope="col" { "p95" }
                        th.number scope="col" { "p99" }
                        th.number scope="col" { "Errors" }
                        th scope="col" { "By status" }
                    } }
                    tbody { @for route in shown { (route_row(route)) } }
                }
            }
            (left_out(routes.len(), ROUTES_MAX, "least busy routes"))
        }
    }
}

fn route_row(route: &RouteRow) -> Markup {
    html! {
        tr {
            th scope="row" { code { (route.method) " " (route.route) } }
            td.number data-label="Requests" { (text::count(route.requests)) }
            td.number data-label="Rate" { (figure(route.rate_per_s, Unit::PerSecond)) }
            td.number data-label="p50" { (response_time(route.p50_us)) }
            td.number data-label="p95" { (response_time(route.p95_us)) }
            td.number data-label="p99" { (response_time(route.p99_us)) }
            td.number data-label="Errors" { (errors(route)) }
            td.statuses data-label="By status" {
                @if route.errors_by_status.is_empty() { (text::NO_VALUE) }
                @else { (route.errors_by_status) }
            }
        }
    }
}

/// The count, and the share of all requests where there is one to show.
fn errors(route: &RouteRow) -> Markup {
    html! {
        span {
            @if route.errors > 0 { strong { (text::count(route.errors)) } } @else { "0" }
            @if route.errors > 0 && route.requests > 0 {
                span.small { " (" (figure(route.errors as f64 / route.requests as f64, Unit::Share)) ")" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    #[test]
    fn routes_past_the_limit_are_counted_instead_of_shown() {
        let route = sample::black_friday().routes.remove(0);
        let all = vec![route.clone(); ROUTES_MAX];
        assert!(!route_section(&all).into_string().contains("not shown"));
        let more = vec![route; ROUTES_MAX + 1];
        let html = route_section(&more).into_string();
        assert!(html.contains("1 least busy routes are not shown here."));
        assert_eq!(html.matches("<code>").count(), ROUTES_MAX);
    }

    #[test]
    fn a_route_without_latencies_shows_dashes() {
        let page = sample::black_friday();
        let html = route_row(&page.routes[4]).into_string();
        assert_eq!(html.matches(">–<").count(), 4, "{html}");
    }
}
