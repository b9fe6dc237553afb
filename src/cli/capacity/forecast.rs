//! `capacity forecast`: the expected peak against the proven maximum, and what can be done.

mod contacts;
mod history;
mod maximum;
mod shown;

use jiff::tz::TimeZone;
use serde::Serialize;

pub use maximum::KnownMaximum;
pub use shown::{break_glass, channel_rows, demand_rows, per_min, sentence, turn_off};

use super::super::arguments::{CapacityForecastArguments, GlobalArguments};
use super::super::definitions;
use super::super::exit_code::{ExitCode, Failure};
use super::super::page::capacity as page;
use super::super::terminal::Terminal;
use super::report_file;
use crate::capacity::forecast::{
    DemandPlan, Fit, Forecast, ForecastPlan, InstancesPlan, SheddingPlan, forecast,
};
use crate::capacity::law::ScalabilityLaw;
use crate::lake::{Lake, LakeAddress};
use crate::sli::SliSetPlan;
use crate::time_window::{rfc3339, zone};
use contacts::LearnedContacts;
use history::History;

/// Everything that a forecast is made of, and what came out.
#[derive(Debug)]
pub struct Foreseen {
    /// What went in.
    pub plan: ForecastPlan,
    /// What came out.
    pub forecast: Forecast,
    /// Where the maximum is from.
    pub maximum: KnownMaximum,
    /// Where the last peak is from, in words.
    pub peak_source: String,
    /// What predicts the contacts of orders that are turned away; `None` where it was typed or is not known.
    pub learned: Option<LearnedContacts>,
    /// Zone of days and hours.
    pub zone: TimeZone,
    /// What is assumed or not known.
    pub notes: Vec<String>,
}

/// Runs the verb.
pub fn run(
    arguments: &CapacityForecastArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    check(arguments)?;
    let set = definitions::sli_set(arguments.defs.as_deref(), None)?;
    let zone = match &arguments.tz {
        Some(name) => zone(name)?,
        None => set.time_zone.clone().unwrap_or(TimeZone::UTC),
    };
    let foreseen = foresee(arguments, global, &set, zone)?;
    if let Some(path) = &arguments.report {
        report_file::write(&page::of_forecast(&foreseen), path)?;
    }
    match terminal.is_json {
        true => terminal.json(&ForecastJson::of(&foreseen))?,
        false if terminal.is_quiet => {}
        false => {
            let mut text = shown::text(&foreseen, terminal);
            if let Some(path) = &arguments.report {
                text.push_str(&format!("\n\nreport  {}", path.display()));
            }
            terminal.result(&text)?;
        }
    }
    Ok(match foreseen.forecast.fit {
        Fit::Fits => ExitCode::Ok,
        Fit::Uncertain | Fit::DoesNotFit => ExitCode::Missed,
    })
}

fn check(arguments: &CapacityForecastArguments) -> Result<(), Failure> {
    if let Some(path) = &arguments.report {
        report_file::check_kind(path)?;
    }
    let shares = [
        ("--reserve", arguments.reserve, 1.0),
        ("--come-back", arguments.come_back, 1.0 + f64::EPSILON),
    ];
    for (option, share, below) in shares {
        if !(share >= 0.0 && share < below) {
            return Err(Failure::usage(format!(
                "{option}: `{share}` is no such share (hint: from 0 to below 1, e.g. 0.25)"
            )));
        }
    }
    if arguments
        .order_value
        .is_some_and(|value| !(value.is_finite() && value >= 0.0))
    {
        return Err(Failure::usage(
            "--order-value: not an amount (hint: e.g. 48.50)".to_owned(),
        ));
    }
    if arguments.peak_lasts.as_us() == 0 {
        return Err(Failure::usage(
            "--peak-lasts: a peak that lasts no time is none (hint: 1h)".to_owned(),
        ));
    }
    Ok(())
}

fn foresee(
    arguments: &CapacityForecastArguments,
    global: &GlobalArguments,
    set: &SliSetPlan,
    zone: TimeZone,
) -> Result<Foreseen, Failure> {
    // Without a last peak the lake must be there; a maximum that is a search says itself what is missing.
    let is_lake_needed = arguments.last_peak.is_none();
    let is_absent = matches!(&global.lake, LakeAddress::Folder(root) if !root.exists());
    let lake = match is_lake_needed || !is_absent {
        true => match Lake::open(&global.lake) {
            Ok(lake) => Some(lake),
            Err(error) if is_lake_needed => return Err(error.into()),
            Err(_) => None,
        },
        false => None,
    };
    let maximum = maximum::known(arguments, lake.as_ref())?;
    let history = History::read(arguments, lake.as_ref(), set, &zone)?;
    let [growth, growth_high] = arguments.growth.0;
    let [low, high] = arguments.campaign.0;
    let learned = match &arguments.thresholds {
        Some(path) => Some(LearnedContacts::read(
            path,
            arguments.defs.as_deref(),
            set,
            history.sessions_per_order,
        )?),
        None => None,
    };
    let plan = ForecastPlan {
        demand: DemandPlan {
            last_peak_per_min: history.peak_per_min,
            curve: history.curve,
            growth,
            // A range of growth is one more reason for the campaign's range.
            campaign: [low, high * growth_high / growth],
            #[expect(clippy::cast_precision_loss, reason = "durations are below 2^53 µs")]
            peak_lasts_s: arguments.peak_lasts.as_us() as f64 / 1e6,
        },
        maximum: maximum.bounds,
        instances: instances(arguments)?,
        channels: history.channels,
        shedding: SheddingPlan {
            contacts_per_order: arguments.contacts_per_order.map(|range| range.0),
            come_back_share: arguments.come_back,
            order_value: arguments.order_value,
            goodput_share_unshed: maximum.goodput_share_beyond,
        },
    };
    let mut notes = history.notes;
    notes.extend(maximum.notes.iter().cloned());
    notes.extend(assumptions(&plan, learned.is_some()));
    let mut forecast = forecast(&plan);
    if let Some(learned) = &learned {
        let rows = forecast.shedding.iter_mut().zip(&forecast.demand);
        let unknown = rows.filter_map(|(row, demand)| learned.price(row, demand.passes));
        let mut unknown: Vec<String> = unknown.collect();
        // That of the most is the last, and the worst.
        notes.extend(unknown.pop());
    }
    Ok(Foreseen {
        forecast,
        plan,
        maximum,
        learned,
        peak_source: history.peak_source,
        zone,
        notes,
    })
}

fn instances(arguments: &CapacityForecastArguments) -> Result<Option<InstancesPlan>, Failure> {
    let Some(measured) = arguments.instances else {
        return Ok(None);
    };
    let scaling = match &arguments.scaling {
        None => None,
        Some(path) => {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(path)
                .map_err(|error| Failure::io("read", &name, &error))?;
            let law: ScalabilityLaw = serde_json::from_str(&text).map_err(|error| {
                Failure::new(
                    ExitCode::Input,
                    format!("`{name}` is no scalability law: {error} (hint: the file of `firedrill capacity fit --json`, over numbers of instances)"),
                )
            })?;
            if !(law.lambda > 0.0 && (0.0..=1.0).contains(&law.sigma) && law.kappa >= 0.0) {
                return Err(Failure::new(
                    ExitCode::Input,
                    format!("`{name}`: λ must be above 0, σ from 0 to 1, κ at least 0"),
                ));
            }
            Some(law)
        }
    };
    Ok(Some(InstancesPlan {
        measured,
        reserve: arguments.reserve,
        scaling,
    }))
}

fn assumptions(plan: &ForecastPlan, is_learned: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if plan.demand.curve.is_empty() {
        notes.push(
            "At which hour the maximum is passed: no day of the lake was scaled (--curve)."
                .to_owned(),
        );
    }
    if plan.maximum.upper.is_none() {
        notes.push("At which rate it fails: the maximum has no upper bound.".to_owned());
    }
    match &plan.instances {
        None => notes.push("How many instances would be needed: nobody said how many were measured (--instances).".to_owned()),
        Some(instances) if instances.scaling.is_none() => notes.push(
            "Whether twice as many instances carry twice as much: it is assumed (--scaling takes a measured law).".to_owned(),
        ),
        Some(_) => {}
    }
    if plan.shedding.contacts_per_order.is_none() && !is_learned {
        notes.push(
            "How many customers would call when orders are turned away (--thresholds, or --contacts-per-order)."
                .to_owned(),
        );
    }
    if plan.shedding.goodput_share_unshed.is_none() {
        notes.push("What would still be carried beyond the maximum if nothing were shed: the maximum is not from a search that measured it.".to_owned());
    }
    notes
}

/// What `--json` prints. Rates are orders per minute.
#[derive(Serialize)]
struct ForecastJson<'a> {
    unit: &'static str,
    #[serde(flatten)]
    forecast: &'a Forecast,
    last_peak_per_min: f64,
    peak_source: &'a str,
    maximum_source: &'a str,
    growth: f64,
    campaign: [f64; 2],
    /// When the lower bound is passed first, of the day that is scaled, RFC 3339: least, middle, most.
    passed_at: [Option<String>; 3],
    sentence: String,
    notes: &'a [String],
}

impl<'a> ForecastJson<'a> {
    fn of(foreseen: &'a Foreseen) -> Self {
        let demand = &foreseen.forecast.demand;
        Self {
            unit: "orders/min",
            forecast: &foreseen.forecast,
            last_peak_per_min: foreseen.plan.demand.last_peak_per_min,
            peak_source: &foreseen.peak_source,
            maximum_source: &foreseen.maximum.source,
            growth: foreseen.plan.demand.growth,
            campaign: foreseen.plan.demand.campaign,
            passed_at: [0, 1, 2].map(|at: usize| {
                demand[at]
                    .passes
                    .and_then(|passing| passing.first_us)
                    .map(rfc3339)
            }),
            sentence: sentence(foreseen),
            notes: &foreseen.notes,
        }
    }
}
