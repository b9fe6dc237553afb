//! Arguments of the verbs of `capacity` that send nothing: `fit`, `forecast`, `routes`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::OriginChoice;
use crate::cli::capacity::{FactorRange, PerMinute, PerOne};
use crate::declared_files::DurationText;

/// Arguments of `capacity fit`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill capacity fit points.csv
  firedrill capacity fit points.csv --predict 96 --throughput 1500 --report law.html
  firedrill capacity fit --from -7d --service web
  firedrill capacity fit --run CAP-black-friday-20261101T080000Z --json

A points file begins with the line `concurrency,throughput`; columns may be in any order, others are
ignored. Concurrency is what was in flight on average, not how many users were configured.")]
pub struct CapacityFitArguments {
    /// CSV file with the columns `concurrency` and `throughput`; `-` is standard input
    #[arg(value_name = "POINTS.csv", conflicts_with_all = ["from", "to", "week", "run"])]
    pub points: Option<PathBuf>,
    /// Which requests of the lake.
    #[command(flatten)]
    pub rows: LoadRowArguments,
    /// Name of a search or a rehearsal in the lake
    #[arg(long, value_name = "ID", conflicts_with_all = ["from", "to", "week"])]
    pub run: Option<String>,
    /// Concurrency of a window of the lake
    #[arg(long, value_name = "HOW", default_value = "little")]
    pub concurrency: ConcurrencyChoice,
    /// Whose errors are squared
    #[arg(long, value_name = "WEIGHTS", default_value = "absolute")]
    pub weights: WeightChoice,
    /// Throughput and time at this concurrency; may be given several times
    #[arg(long, value_name = "N")]
    pub predict: Vec<f64>,
    /// Concurrency and time at this throughput; may be given several times
    #[arg(long, value_name = "X")]
    pub throughput: Vec<f64>,
    /// Concurrency and throughput at which a request takes so long, in the time unit of the throughput, or
    /// e.g. 250ms where that is per second; may be given several times
    #[arg(long, value_name = "R")]
    pub response: Vec<String>,
    /// Predict farther than 1.5 times the largest concurrency measured, too
    #[arg(long)]
    pub extrapolate: bool,
    /// Where to write the report: .html, .md or .json
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// Which requests of the lake are looked at.
#[derive(Debug, Clone, Args)]
pub struct LoadRowArguments {
    /// First moment: RFC 3339, a date, or an age such as -7d
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// First moment after the range
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub to: Option<String>,
    /// ISO week, e.g. 2026-W47
    #[arg(long, value_name = "WEEK", conflicts_with_all = ["from", "to"])]
    pub week: Option<String>,
    /// Zone of days and weeks
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub tz: String,
    /// Length of a window; without it 1m, of a run 5s
    #[arg(long, value_name = "DURATION")]
    pub window: Option<String>,
    /// Whose requests; without it those of customers
    #[arg(long, value_name = "ORIGIN")]
    pub origin: Option<OriginChoice>,
    /// Only requests that this service answered
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// Only requests of this route, e.g. /checkout; may be given several times
    #[arg(long, value_name = "ROUTE")]
    pub route: Vec<String>,
}

/// How concurrency is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ConcurrencyChoice {
    /// By Little's law: throughput times mean response time of the requests that began in the window
    Little,
    /// Time that requests spent in the window, whenever they began; reads every row
    InFlight,
}

/// Whose errors are squared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WeightChoice {
    /// Those of the throughput
    Absolute,
    /// Those of the throughput as a share of it
    Relative,
}

/// Arguments of `capacity forecast`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill capacity forecast --last-peak 220/min --growth 1.15 --campaign 2.5..3.5 --maximum 900/min
  firedrill capacity forecast --curve 2025-11-28 --tz Europe/Berlin --growth 1.15 --maximum 850..900/min
  firedrill capacity forecast --maximum capacity.json --instances 8 --report headroom.html

The exit code is 0 when even the highest expected peak is within the lower bound of the maximum, else 1.")]
pub struct CapacityForecastArguments {
    /// Highest rate of the last peak, e.g. 220/min; without it the highest in the lake
    #[arg(long, value_name = "RATE", conflicts_with_all = ["curve"])]
    pub last_peak: Option<PerMinute>,
    /// Day of the lake whose curve is scaled: a date, or an age such as -364d
    #[arg(long, value_name = "DAY", allow_hyphen_values = true)]
    pub curve: Option<String>,
    /// By what traffic has grown since, e.g. 1.15
    #[arg(long, value_name = "FACTOR", default_value = "1")]
    pub growth: FactorRange,
    /// What a campaign multiplies that by, e.g. 2.5..3.5
    #[arg(long, value_name = "LOW..HIGH", default_value = "1")]
    pub campaign: FactorRange,
    /// The proven maximum: a rate or its bounds, e.g. 850..900/min, the file of `capacity --json`, or the
    /// name of a search in the lake; without it the newest search in the lake
    #[arg(long, value_name = "MAXIMUM")]
    pub maximum: Option<String>,
    /// Goal of the search whose bounds are the maximum; without it the strictest
    #[arg(long, value_name = "NAME")]
    pub goal: Option<String>,
    /// Instances that the maximum was measured with
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub instances: Option<u32>,
    /// Share of the instances that must stay free, e.g. 0.25 for the loss of one zone of four
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub reserve: f64,
    /// Scalability law over instances, the file of `capacity fit --json`; without it in proportion
    #[arg(long, value_name = "FILE", requires = "instances")]
    pub scaling: Option<PathBuf>,
    /// How long the peak lasts, where no --curve says it
    #[arg(long, value_name = "DURATION", default_value = "1h")]
    pub peak_lasts: DurationText,
    /// Length of a window of the lake: the peak is the highest of them
    #[arg(long, value_name = "DURATION", default_value = "5m")]
    pub window: DurationText,
    /// Which days of the lake the peak and the channels are from: first moment
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// First moment after them
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub to: Option<String>,
    /// Zone of days and hours; without it that of the SLI set, or UTC
    #[arg(long, value_name = "ZONE")]
    pub tz: Option<String>,
    /// SLI set that says what an order is: the last step of its funnel; without it shop.yaml
    #[arg(long, value_name = "FILE", alias = "sli-defs")]
    pub defs: Option<PathBuf>,
    /// Threshold file of `firedrill calibrate`: predicts who calls when orders are turned away
    #[arg(long, value_name = "FILE", conflicts_with = "contacts_per_order")]
    pub thresholds: Option<PathBuf>,
    /// Contacts per order that is turned away, e.g. 0.05..0.15
    #[arg(long, value_name = "LOW..HIGH")]
    pub contacts_per_order: Option<PerOne>,
    /// Share of those turned away who order later
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub come_back: f64,
    /// What an order is worth, in your currency
    #[arg(long, value_name = "AMOUNT")]
    pub order_value: Option<f64>,
    /// Where to write the report: .html, .md or .json
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// Arguments of `capacity routes`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill capacity routes --from -28d
  firedrill capacity routes --week 2026-W47 --percentile 99 --report routes.html

The exit code is 0 whatever it finds: it is a warning, not a verdict.")]
pub struct CapacityRoutesArguments {
    /// Which requests of the lake.
    #[command(flatten)]
    pub rows: LoadRowArguments,
    /// The percentile of latency, above 0 and below 100
    #[arg(long, value_name = "P", default_value_t = 95.0)]
    pub percentile: f64,
    /// What latency is set against
    #[arg(long, value_name = "WHAT", default_value = "total")]
    pub against: TrafficChoice,
    /// Where to write the report: .html, .md or .json
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// What latency is set against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TrafficChoice {
    /// The requests of all routes
    Total,
    /// Those of the route itself
    Route,
}
