//! Parts of the traffic, each judged on its own: `sli --by channel`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cli::arguments::ByChoice;
use crate::cli::exit_code::Failure;
use crate::cli::range::Judged;
use crate::report::text;
use crate::sli::{Outside, SliSeries, SliState, evaluate};

/// Parts that are judged at most, the largest; a shop has thousands of channels.
const PARTS_MAX: usize = 50;

/// One part of the traffic.
#[derive(Debug, Serialize)]
pub struct PartJson {
    /// Its name; empty where the log named none.
    pub name: String,
    /// Its requests.
    pub requests: u64,
    /// Its SLIs, in the order of the set.
    pub slis: Vec<SliSeries>,
}

/// The largest parts, most requests first. SLIs that are counted by shopper are not judged.
pub fn parts(judged: &Judged, by: ByChoice) -> Result<Vec<PartJson>, Failure> {
    let totals = judged.rollup.totals();
    let mut requests: BTreeMap<String, u64> = BTreeMap::new();
    for (series, count) in judged.rollup.series().iter().zip(&totals.counts) {
        *requests.entry(by.value(series)).or_default() += count;
    }
    let mut largest: Vec<(String, u64)> = requests.into_iter().collect();
    largest.retain(|(_, requests)| *requests > 0);
    largest.sort_by_key(|(_, requests)| std::cmp::Reverse(*requests));
    largest.truncate(PARTS_MAX);
    let parts = largest.into_iter().map(|(name, requests)| {
        let rollup = judged.rollup.only(|series| by.value(series) == name);
        let slis = evaluate(&judged.set, &rollup, judged.scope, &Outside::default())?;
        Ok(PartJson {
            name,
            requests,
            slis,
        })
    });
    parts.collect()
}

/// A table of parts and SLIs.
pub fn table(judged: &Judged, by: ByChoice, parts: &[PartJson]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header([
        by.name(),
        "requests",
        "SLI",
        "value",
        "95 % interval",
        "state",
    ]);
    for part in parts {
        let known = part.slis.iter().filter(|series| series.count > 0);
        for (row, series) in known.enumerate() {
            let unit = crate::cli::page::sli_unit(series.unit);
            let value = series.value.map(|value| text::quantity(value, unit));
            let interval = series.interval.map(|bounds| text::interval(bounds, unit));
            let name = match part.name.as_str() {
                "" => "(none)",
                name => name,
            };
            let first = row == 0;
            table.add_row([
                if first {
                    text::harmless(name).into_owned()
                } else {
                    String::new()
                },
                if first {
                    text::count(part.requests)
                } else {
                    String::new()
                },
                series.title.clone(),
                value.unwrap_or_else(|| text::NO_VALUE.to_owned()),
                interval.unwrap_or_default(),
                match series.state {
                    SliState::Met => "met",
                    SliState::Missed => "missed",
                    SliState::NotEnoughData => "not enough data",
                }
                .to_owned(),
            ]);
        }
    }
    format!("{}, by {}\n{table}", judged.title, by.name())
}
