//! A forecast on the terminal: the sentence, a bar, and what can be done.

use jiff::tz::TimeZone;

use super::Foreseen;
use crate::capacity::forecast::{Demand, Fit, Forecast};
use crate::cli::terminal::Terminal;
use crate::report::text;

/// Characters of the bar.
const WIDTH: usize = 48;
/// Channels on the terminal.
const CHANNELS_MAX: usize = 8;

/// Everything, as text.
pub fn text(foreseen: &Foreseen, terminal: &Terminal) -> String {
    let forecast = &foreseen.forecast;
    let mut parts = vec![
        sentence(foreseen),
        bars(forecast),
        demand_table(foreseen, terminal),
    ];
    if !forecast.channels.is_empty() && forecast.fit != Fit::Fits {
        parts.push(channel_table(foreseen, terminal));
    }
    parts.extend(break_glass(foreseen));
    parts.push(format!(
        "last peak    {} orders/min, {}\nmaximum      {}",
        per_min(foreseen.plan.demand.last_peak_per_min),
        foreseen.peak_source,
        foreseen.maximum.source
    ));
    if !foreseen.notes.is_empty() {
        let notes: Vec<String> = foreseen
            .notes
            .iter()
            .map(|note| format!("- {note}"))
            .collect();
        parts.push(format!("What is not known:\n{}", notes.join("\n")));
    }
    parts.join("\n\n")
}

/// The answer in one or two sentences.
pub fn sentence(foreseen: &Foreseen) -> String {
    let forecast = &foreseen.forecast;
    let [least, _, most] = &forecast.demand;
    let lower = forecast.maximum.lower;
    let expected = between(least.peak_per_min, most.peak_per_min);
    let maximum = match forecast.maximum.upper {
        Some(upper) => format!(
            "{} is proven to hold, {} to fail",
            per_min(lower),
            per_min(upper)
        ),
        None => format!("{} is proven to hold", per_min(lower)),
    };
    let verdict = match forecast.fit {
        Fit::Fits => format!(
            "It fits, with {} headroom at the most that is expected.",
            percent(forecast.headroom[1])
        ),
        Fit::Uncertain => format!(
            "It is not sure to fit: at the most {} orders/min are too many.",
            per_min(most.peak_per_min - lower)
        ),
        Fit::DoesNotFit => format!(
            "It does not fit: at least {} orders/min are too many.",
            per_min(least.peak_per_min - lower)
        ),
    };
    let first_us = most.passes.and_then(|passing| passing.first_us);
    let passes = first_us.map_or_else(String::new, |us| {
        format!(
            " At the most the limit is passed at {}.",
            text::date(us, &foreseen.zone)
        )
    });
    format!("The peak is expected at {expected} orders/min; {maximum}. {verdict}{passes}")
}

fn between(low: f64, high: f64) -> String {
    match per_min(low) == per_min(high) {
        true => per_min(low),
        false => format!("{} to {}", per_min(low), per_min(high)),
    }
}

/// A rate or a number of orders: whole where there are many, with three digits where there are few.
pub fn per_min(rate: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "orders"
    )]
    let whole = |rate: f64| text::count(rate.round().max(0.0) as u64);
    match rate.abs() {
        size if size >= 100.0 => whole(rate),
        size if size >= 10.0 => format!("{rate:.1}"),
        0.0 => "0".to_owned(),
        _ => format!("{rate:.2}"),
    }
}

fn percent(share: f64) -> String {
    // −0.2 % is not −0 %.
    let rounded = (share * 100.0).round();
    format!("{} %", if rounded == 0.0 { 0.0 } else { rounded })
}

fn bars(forecast: &Forecast) -> String {
    let [least, _, most] = &forecast.demand;
    let maximum = forecast.maximum;
    let upper = maximum.upper.unwrap_or(maximum.lower);
    let top = most.peak_per_min.max(upper);
    let bar = |low: f64, high: f64| {
        let (low, high) = (place(low / top), place(high / top));
        format!(
            "{}{}",
            "█".repeat(low),
            "░".repeat(high.saturating_sub(low))
        )
    };
    format!(
        "expected  {}\nproven    {}",
        bar(least.peak_per_min, most.peak_per_min),
        bar(maximum.lower, upper)
    )
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a share from 0 to 1 of a few characters"
)]
fn place(share: f64) -> usize {
    (share * WIDTH as f64).round() as usize
}

fn demand_table(foreseen: &Foreseen, terminal: &Terminal) -> String {
    let heads = [
        "",
        "factor",
        "orders/min",
        "headroom",
        "passed at",
        "above it for",
        "orders beyond",
        "instances",
    ];
    let mut table = terminal.table(&heads);
    for cells in demand_rows(foreseen) {
        table.add_row(cells);
    }
    table.trim_fmt()
}

/// The rows of least, middle and most, as terminal and report show them.
pub fn demand_rows(foreseen: &Foreseen) -> Vec<Vec<String>> {
    let forecast = &foreseen.forecast;
    let names = ["least", "middle", "most"];
    let rows = names.iter().zip(&forecast.demand).enumerate();
    rows.map(|(index, (name, demand))| {
        let passes = demand.passes;
        vec![
            (*name).to_owned(),
            format!("{:.2}", demand.factor),
            per_min(demand.peak_per_min),
            percent(forecast.maximum.lower / demand.peak_per_min - 1.0),
            passed_at(demand, &foreseen.zone),
            passes.map_or_else(dash, |passing| text::duration(passing.above_s)),
            passes.map_or_else(dash, |passing| per_min(passing.beyond)),
            match forecast.instances.map(|needed| needed[index].needed) {
                None => dash(),
                Some(None) => "no number is enough".to_owned(),
                Some(Some(needed)) => needed.to_string(),
            },
        ]
    })
    .collect()
}

fn passed_at(demand: &Demand, zone: &TimeZone) -> String {
    match demand.passes {
        None => "never".to_owned(),
        Some(passing) => passing
            .first_us
            .map_or_else(dash, |us| text::date(us, zone)),
    }
}

fn dash() -> String {
    text::NO_VALUE.to_owned()
}

fn channel_table(foreseen: &Foreseen, terminal: &Terminal) -> String {
    let mut table = terminal.table(&["channel", "share of orders", "left at the most", "enough"]);
    for cells in channel_rows(foreseen).into_iter().take(CHANNELS_MAX) {
        table.add_row(cells);
    }
    format!("{}\n{}", table.trim_fmt(), turn_off(&foreseen.forecast))
}

/// A row per channel, as terminal and report show them.
pub fn channel_rows(foreseen: &Foreseen) -> Vec<Vec<String>> {
    let channels = foreseen.forecast.channels.iter();
    channels
        .map(|channel| {
            let name = match channel.name.as_str() {
                "" => "(came by themselves)",
                name => name,
            };
            let enough = match (channel.can_be_turned_off, channel.is_enough) {
                (false, _) => "cannot be turned off",
                (true, true) => "yes",
                (true, false) => "no",
            };
            vec![
                name.to_owned(),
                format!("{:.1} %", channel.share * 100.0),
                format!("{} orders/min", per_min(channel.left_per_min[1])),
                enough.to_owned(),
            ]
        })
        .collect()
}

/// What to turn off, in a sentence.
pub fn turn_off(forecast: &Forecast) -> String {
    match (forecast.fit, forecast.channels_to_turn_off.as_slice()) {
        (Fit::Fits, _) => "No channel must be turned off.".to_owned(),
        (Fit::Uncertain | Fit::DoesNotFit, []) => {
            "Neither a channel that can be turned off nor all of them bring the most under the limit.".to_owned()
        }
        (Fit::Uncertain | Fit::DoesNotFit, [one]) => {
            format!("Turning off {one} brings even the most under the limit.")
        }
        (Fit::Uncertain | Fit::DoesNotFit, several) => format!(
            "Turning off {} together brings even the most under the limit.",
            several.join(" and ")
        ),
    }
}

/// What shedding costs, and what not shedding would; `None` where nothing is beyond the limit.
pub fn break_glass(foreseen: &Foreseen) -> Option<String> {
    let [least, _, most] = &foreseen.forecast.shedding;
    if most.orders_shed <= 0.0 {
        return None;
    }
    let mut text = format!(
        "Break glass: shedding at {} orders/min turns away {} orders, at the most {} of what comes meanwhile",
        per_min(foreseen.forecast.maximum.lower),
        between(least.orders_shed, most.orders_shed),
        percent(most.share)
    );
    if let Some(value) = most.value_lost {
        let low = least.value_lost.unwrap_or(0.0);
        text.push_str(&format!(", worth {}", between(low, value)));
    }
    if let Some([_, high]) = most.contacts {
        let low = least.contacts.map_or(0.0, |[low, _]| low);
        text.push_str(&format!("; {} customers would call", between(low, high)));
    }
    if let Some((expected, learned)) = most.contacts_expected.zip(foreseen.learned.as_ref()) {
        text.push_str(&format!(
            ", {} at the most that is expected, by levels learned from support contacts of {}",
            per_min(expected),
            learned.file.learned
        ));
    }
    text.push('.');
    if let Some(unshed) = most.orders_lost_unshed {
        text.push_str(&format!(
            " Without shedding {} would be lost at the most, by what was good beyond the maximum in the search.",
            per_min(unshed)
        ));
    }
    Some(text)
}
