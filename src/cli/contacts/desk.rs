//! Problems for the support desk: whom each hit, who has called, who has not yet.
//!
//! In: problems of a week, rows of the lake, a ticket export. Out: a part of the report, and files where
//! they were asked for. Simulated shoppers call nobody, so that a rehearsal has none of it.

use super::hits::{Hit, hits};
use super::outreach::{desk_csv, outreach_csv};
use super::tickets::{Calls, calls};
use crate::cli::arguments::DeskArguments;
use crate::cli::exit_code::Failure;
use crate::cli::page::{most, problem_name};
use crate::cli::range::Judged;
use crate::cli::report::write_text;
use crate::cli::terminal::Terminal;
use crate::lake::Lake;
use crate::report::{DeskPart, DeskRow, text};
use crate::request_record::Origin;
use crate::support::clusters::CallState;
use crate::visits::Cluster;

/// Problems that are shown.
const ROWS_MAX: usize = 50;
/// A contact within so long after a problem is about it, µs.
const HORIZON_US: i64 = 24 * 3_600_000_000;

/// The shoppers of one problem, with what is known of their calls.
type Shoppers = Vec<(Hit, Option<CallState>)>;

/// The part of the report, where any of it was asked for; writes the files that were asked for.
///
/// # Errors
/// For a rehearsal; when the ticket export cannot be used; when a file cannot be written.
pub fn desk(
    judged: &Judged,
    lake: &Lake,
    arguments: &DeskArguments,
    terminal: &Terminal,
) -> Result<Option<DeskPart>, Failure> {
    let is_asked = [&arguments.tickets, &arguments.desk, &arguments.outreach];
    if is_asked.iter().all(|path| path.is_none()) {
        return Ok(None);
    }
    if judged.run.is_some() || judged.origin != Origin::Customer {
        return Err(Failure::usage(
            "simulated shoppers and probes call nobody (hint: --tickets, --desk and --outreach are for customers' weeks)",
        ));
    }
    let calls = match &arguments.tickets {
        Some(path) => Some(calls(path, &arguments.export, judged, lake)?),
        None => None,
    };
    let clusters = judged.followed.visits.clusters.iter();
    let ranked: Vec<&Cluster> = clusters.flat_map(|clusters| clusters.ranked()).collect();
    let shown = &ranked[..ranked.len().min(ROWS_MAX)];
    let found = hits(judged, &lake.reader()?, shown)?;
    let shoppers: Vec<Shoppers> = found
        .by_problem
        .into_iter()
        .map(|hits| {
            hits.into_iter()
                .map(|hit| (hit, state(hit, calls.as_ref())))
                .collect()
        })
        .collect();
    let rows = shown.iter().zip(&shoppers).zip(1..);
    let rows: Vec<DeskRow> = rows
        .map(|((cluster, shoppers), number)| row(cluster, shoppers, number))
        .collect();
    let mut part = DeskPart {
        sentence: sentence(&rows),
        rows,
        left_out: (ranked.len() - shown.len()) as u64,
        remarks: calls
            .iter()
            .flat_map(|calls| calls.remarks.clone())
            .collect(),
    };
    part.remarks.extend(found.is_cut.then(|| {
        "Too many shoppers were hit to follow each; the counts of calls are of the first of them.".to_owned()
    }));
    if let Some(path) = &arguments.desk {
        write_text(path, &desk_csv(&part))?;
        terminal.note(&format!("problems  {}", path.display()));
    }
    if let Some(path) = &arguments.outreach {
        let rows: Vec<_> = part
            .rows
            .iter()
            .zip(&shoppers)
            .map(|(row, shoppers)| (row, &shoppers[..]))
            .collect();
        let (text, count) = outreach_csv(&rows);
        write_text(path, &text)?;
        terminal.note(&format!(
            "outreach  {}: {} lines; `firedrill lake keys` makes the same keys of a list of sessions",
            path.display(),
            text::count(count)
        ));
    }
    Ok(Some(part))
}

fn state(hit: Hit, calls: Option<&Calls>) -> Option<CallState> {
    let calls = calls?;
    Some(calls.log.state(hit.shopper, hit.met_us, HORIZON_US))
}

fn row(cluster: &Cluster, shoppers: &Shoppers, number: u64) -> DeskRow {
    let count = |is: fn(&CallState) -> bool| {
        let states = shoppers.iter().filter_map(|(_, state)| state.as_ref());
        states.filter(|state| is(state)).count() as u64
    };
    let is_known = shoppers.iter().any(|(_, state)| state.is_some());
    DeskRow {
        number,
        method: most(&cluster.methods, cluster.requests).unwrap_or_default(),
        route: cluster.route.clone(),
        status: problem_name(cluster.problem),
        from_us: cluster.first_us,
        to_us: cluster.last_us,
        shoppers: cluster.shoppers,
        requests: cluster.requests,
        called: is_known.then(|| count(|state| matches!(state, CallState::Called(_)))),
        not_called: is_known.then(|| count(|state| *state == CallState::NotCalled)),
    }
}

fn sentence(rows: &[DeskRow]) -> String {
    let Some(first) = rows.first() else {
        return "No problem hit several customers at the same time.".to_owned();
    };
    let place = format!("{} {}", first.method, first.route);
    let met = format!(
        "{} customers met {} on {}",
        text::count(first.shoppers),
        first.status,
        place.trim_start()
    );
    match (first.called, first.not_called) {
        (Some(called), Some(waiting)) => format!(
            "{met}; {} of them have called, {} have not yet.",
            text::count(called),
            text::count(waiting)
        ),
        _ => format!(
            "{met}. Who has called is not known without a ticket export (--tickets FILE.csv)."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_names_the_largest_problem() {
        let row = |called: Option<u64>| DeskRow {
            number: 1,
            method: String::new(),
            route: "/checkout".into(),
            status: "503".into(),
            from_us: 0,
            to_us: 0,
            shoppers: 1_204,
            requests: 2_000,
            called,
            not_called: called.map(|called| 1_204 - called),
        };
        for (rows, expected) in [
            (vec![], "No problem hit several customers at the same time."),
            (
                vec![row(Some(212))],
                "1\u{2009}204 customers met 503 on /checkout; 212 of them have called, 992 have not yet.",
            ),
            (
                vec![row(None)],
                "1\u{2009}204 customers met 503 on /checkout. Who has called is not known without a ticket \
                 export (--tickets FILE.csv).",
            ),
        ] {
            assert_eq!(sentence(&rows), expected);
        }
    }
}
