//! Parts of the traffic, each judged on its own: `sli --by channel`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cli::arguments::ByChoice;
use crate::cli::exit_code::Failure;
use crate::cli::outside::{ExpectedRates, meant, outside};
use crate::cli::range::Judged;
use crate::cli::shoppers::{Asked, Parts, meant_by_part};
use crate::lake::{Lake, LakeReader};
use crate::report::text;
use crate::sli::{
    FunnelUnit, MeantCounts, Measure, SliPlan, SliSeries, SliSetPlan, SliState, evaluate,
};
use crate::visits::Retries;

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
    /// Names of those that are judged of all traffic only, see [`is_by_shopper`].
    pub not_judged: Vec<String>,
}

/// The largest parts, most requests first; `reader` has the rows that were judged.
pub fn parts(
    judged: &Judged,
    by: ByChoice,
    lake: &Lake,
    reader: &LakeReader,
) -> Result<Vec<PartJson>, Failure> {
    let Judged { set, scope, .. } = judged;
    let largest = largest(judged, by);
    let retries = retries(judged, by, &largest, lake, reader)?;
    // What is expected of all traffic is expected of no part of it.
    let expected = ExpectedRates::new();
    let mut outside = outside(set, *scope, &judged.zone, &expected, None, None)?;
    let mut parts = Vec::new();
    for (name, requests) in largest {
        let rollup = judged.rollup.only(|series| by.value(series) == name);
        outside.meant = meant_in(&retries, &name);
        parts.push(PartJson {
            slis: evaluate(set, &rollup, *scope, &outside)?,
            not_judged: by_shopper(set, |sli| sli.name.clone()),
            name,
            requests,
        });
    }
    Ok(parts)
}

/// Names and requests of the largest parts.
fn largest(judged: &Judged, by: ByChoice) -> Vec<(String, u64)> {
    let totals = judged.rollup.totals();
    let mut requests: BTreeMap<String, u64> = BTreeMap::new();
    for (series, count) in judged.rollup.series().iter().zip(&totals.counts) {
        *requests.entry(by.value(series)).or_default() += count;
    }
    let mut largest: Vec<(String, u64)> = requests.into_iter().collect();
    largest.retain(|(_, requests)| *requests > 0);
    largest.sort_by_key(|(_, requests)| std::cmp::Reverse(*requests));
    largest.truncate(PARTS_MAX);
    largest
}

/// What was meant in these parts, of every ratio in which retries collapse.
fn retries(
    judged: &Judged,
    by: ByChoice,
    parts: &[(String, u64)],
    lake: &Lake,
    reader: &LakeReader,
) -> Result<Vec<Retries>, Failure> {
    let mut names: Vec<String> = parts.iter().map(|(name, _)| name.clone()).collect();
    // Which of them is the largest differs from day to day; answers that are kept stay the same.
    names.sort_unstable();
    let asked = Asked {
        set: &judged.set,
        scope: judged.scope,
        origin: judged.origin,
        run_id: judged.run.as_ref().map(|facts| facts.run_id.as_str()),
    };
    meant_by_part(lake, reader, asked, &judged.zone, &Parts { by, names })
}

/// What was meant in one of them, by name of the SLI.
fn meant_in(retries: &[Retries], part: &str) -> BTreeMap<String, MeantCounts> {
    let slis = retries.iter().filter_map(|retries| {
        let mut parts = retries.parts.iter();
        let own = parts.find(|own| own.name == part)?;
        Some((retries.name.clone(), meant(&own.windows)))
    });
    slis.collect()
}

/// What `pick` says of the SLIs that are not judged part by part.
fn by_shopper(set: &SliSetPlan, pick: impl Fn(&SliPlan) -> String) -> Vec<String> {
    let slis = set.slis.iter().enumerate();
    let found = slis.filter(|(index, _)| is_by_shopper(set, *index));
    found.map(|(_, sli)| pick(sli)).collect()
}

/// Whether an SLI is one of shoppers or of their time, who are in several parts: one looks on one channel and orders
/// by way of another. What a shopper meant is in one part, that of the last attempt.
fn is_by_shopper(set: &SliSetPlan, index: usize) -> bool {
    let sli = &set.slis[index];
    match &sli.measure {
        Measure::UserUptime { .. } => true,
        Measure::Funnel { unit, .. } => *unit == FunnelUnit::Shoppers,
        Measure::Composite { .. } | Measure::WindowsGood { .. } => {
            let mut parts = sli.measure.made_of().into_iter();
            parts.any(|part| is_by_shopper(set, part))
        }
        Measure::Ratio { .. }
        | Measure::Rate { .. }
        | Measure::Latency { .. }
        | Measure::LatencyCut { .. }
        | Measure::Apdex { .. } => false,
    }
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
    let left_out = by_shopper(&judged.set, |sli| text::harmless(&sli.title).into_owned());
    let left_out = match left_out.is_empty() {
        true => String::new(),
        false => format!(
            "\nnot judged by {}, as they follow shoppers from part to part: {}",
            by.name(),
            left_out.join("; ")
        ),
    };
    format!("{}, by {}\n{table}{left_out}", judged.title, by.name())
}
