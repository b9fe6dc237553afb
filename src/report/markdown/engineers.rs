//! What engineers read, as Markdown: problems, failures, suspects, channels, before and after.

use super::super::clock::Clock;
use super::super::page::{
    AnnotationChange, AnnotationRow, ClusterRow, DeskPart, EngineerPart, FailureRow, FaucetRow,
    SuspectRow, Unit,
};
use super::super::{text, words};
use super::contacts::desk_blocks;
use super::escape::{code, plain};
use super::{response_time, share, table};

/// The blocks that have something to show; that nothing hit several customers is said.
pub fn engineer_blocks(part: &EngineerPart, desk: Option<&DeskPart>, clock: &Clock) -> Vec<String> {
    let mut blocks = match desk {
        Some(desk) => desk_blocks(desk, clock),
        None => vec![
            "## Customers affected by the same problem".to_owned(),
            match part.clusters.is_empty() {
                true => "No problem hit several customers at the same time.".to_owned(),
                false => clusters(&part.clusters, clock),
            },
        ],
    };
    if !part.failures.is_empty() {
        blocks.push("## What fails".to_owned());
        blocks.push(failures(&part.failures));
    }
    if !part.suspects.is_empty() {
        blocks.push("## Slow-query suspects".to_owned());
        blocks.push(suspects(&part.suspects));
    }
    if !part.faucets.is_empty() {
        blocks.push("## Which channel drives the load".to_owned());
        blocks.push(faucets(&part.faucets));
    }
    if !part.annotations.is_empty() {
        blocks.push("## Before and after".to_owned());
    }
    for annotation in &part.annotations {
        blocks.push(heading(annotation, clock));
        blocks.push(changes(annotation));
    }
    blocks
}

fn clusters(clusters: &[ClusterRow], clock: &Clock) -> String {
    let rows = clusters.iter().map(|row| {
        [
            format!(
                "{} on {}",
                plain(&row.status),
                code(format!("{} {}", row.method, row.route).trim_start())
            ),
            row.shoppers
                .map_or_else(|| "not known".to_owned(), text::count),
            text::count(row.requests),
            clock.plain(row.from_us),
            clock.plain(row.to_us),
            code(&words::mostly_from(row)),
        ]
    });
    let head = [
        "Problem",
        "Customers",
        "Requests",
        "From",
        "To",
        "Mostly from",
    ];
    table(&head, rows)
}

fn failures(failures: &[FailureRow]) -> String {
    let rows = failures.iter().map(|row| {
        [
            code(&format!("{} {}", row.method, row.route)),
            plain(&row.status),
            text::count(row.requests),
            text::quantity(row.share_of_route, Unit::Share),
            text::quantity(row.share_of_failures, Unit::Share),
            words::customers(row),
        ]
    });
    let head = [
        "Route",
        "Status",
        "Requests",
        "Of the route",
        "Of all failures",
        "Customers",
    ];
    table(&head, rows)
}

fn suspects(suspects: &[SuspectRow]) -> String {
    let rows = suspects.iter().map(|row| {
        [
            code(&format!("{} {}", row.method, row.route)),
            row.parameter
                .as_deref()
                .map_or_else(|| "any".to_owned(), code),
            text::count(row.requests),
            response_time(row.p95_us),
            response_time(row.p95_elsewhere_us),
            share(row.errors_share),
            share(row.errors_share_elsewhere),
        ]
    });
    let head = [
        "Route",
        "Parameter",
        "Requests",
        "p95",
        "p95 of the others",
        "Errors",
        "Errors of the others",
    ];
    table(&head, rows)
}

fn faucets(faucets: &[FaucetRow]) -> String {
    let rows = faucets.iter().map(|row| {
        let name = match row.name.is_empty() {
            true => "(none)".to_owned(),
            false => code(&row.name),
        };
        [
            name,
            share(Some(row.share)),
            share(row.share_of_peak),
            share(row.orders_share),
        ]
    });
    table(
        &["Channel", "Of requests", "Of the peak", "Of orders"],
        rows,
    )
}

fn heading(row: &AnnotationRow, clock: &Clock) -> String {
    let until = row.until_us.map_or_else(String::new, |until_us| {
        format!(" to {}", clock.plain(until_us))
    });
    format!(
        "### {}{until}: {}, {}",
        clock.plain(row.at_us),
        plain(&row.kind),
        plain(&row.label)
    )
}

fn changes(row: &AnnotationRow) -> String {
    if row.changes.is_empty() {
        return format!(
            "No SLI has enough data on both sides ({}).",
            plain(&row.compared)
        );
    }
    let value = |value: Option<f64>, change: &AnnotationChange| {
        value.map_or_else(
            || text::NO_VALUE.to_owned(),
            |value| text::quantity(value, change.unit),
        )
    };
    let rows = row.changes.iter().map(|change| {
        let noise = words::noise(change.is_outside_noise);
        [
            plain(&change.sli),
            value(change.before, change),
            value(change.after, change),
            match change.is_outside_noise {
                Some(true) => format!("**{noise}**"),
                Some(false) | None => noise.to_owned(),
            },
        ]
    });
    let table = table(&["SLI", "Before", "After", "Difference"], rows);
    format!("{}:\n\n{table}", plain(&words::capitalised(&row.compared)))
}
