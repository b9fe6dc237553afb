//! Arguments of the verbs that count and judge: `sli`, `rollup`, `report`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::EngineArguments;
use super::contacts::DeskArguments;

/// Which part of the lake is meant.
#[derive(Debug, Clone, Default, Args)]
pub struct RangeArguments {
    /// First moment: RFC 3339, a date, or an age such as -7d
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// First moment after the range
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub to: Option<String>,
    /// ISO week, e.g. 2026-W47
    #[arg(long, value_name = "WEEK", conflicts_with_all = ["from", "to", "run"])]
    pub week: Option<String>,
    /// Name of a rehearsal
    #[arg(long, value_name = "ID", conflicts_with_all = ["from", "to"])]
    pub run: Option<String>,
    /// Whose requests; without it those of customers, or with --run those of the rehearsal
    #[arg(long, value_name = "ORIGIN")]
    pub origin: Option<OriginChoice>,
    /// Zone of days and weeks; without it that of the SLI set, or UTC
    #[arg(long, value_name = "ZONE")]
    pub tz: Option<String>,
    /// Length of a window, e.g. 1m; without it that of the SLI set
    #[arg(long, value_name = "DURATION")]
    pub window: Option<String>,
    /// SLI set; without it shop.yaml
    #[arg(long, value_name = "FILE", alias = "sli-defs")]
    pub defs: Option<PathBuf>,
    /// Threshold file whose levels replace those of the SLI set
    #[arg(long, value_name = "FILE")]
    pub thresholds: Option<PathBuf>,
    /// Deploys, campaigns, incidents and maintenance, as .csv or .yaml: marks on every timeline, and
    /// SLIs before and after each
    #[arg(long, value_name = "FILE")]
    pub annotations: Option<PathBuf>,
}

/// Whose requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OriginChoice {
    /// Real customers
    Customer,
    /// Simulated shoppers
    Drill,
    /// Probes
    Probe,
}

/// Arguments of `sli`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill sli --from -7d
  firedrill sli --week 2026-W47 --format csv
  firedrill sli --week 2026-W47 --by channel
  firedrill sli --run black-friday-20261127T080000Z --json")]
pub struct SliArguments {
    /// Which part of the lake.
    #[command(flatten)]
    pub range: RangeArguments,
    /// What to print
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: SliFormat,
    /// Judge each part of the traffic on its own, the largest first; where retries collapse, what a
    /// shopper meant is in the part of the last attempt
    #[arg(long, value_name = "WHAT")]
    pub by: Option<ByChoice>,
    /// File to write; without it the terminal
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// What `sli` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SliFormat {
    /// A table for people
    Table,
    /// One JSON document
    Json,
    /// One line per SLI and window
    Csv,
    /// The same as a Parquet file
    Parquet,
}

/// Arguments of `rollup`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill rollup --by route,status-class --from -1d
  firedrill rollup --by channel --window 1h --week 2026-W47 --format parquet -o channels.parquet
  firedrill rollup --engine spark --master spark://10.0.0.1:7077
  firedrill rollup --import cells.parquet")]
pub struct RollupArguments {
    /// First moment: RFC 3339, a date, or an age such as -7d
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// First moment after the range
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub to: Option<String>,
    /// ISO week, e.g. 2026-W47
    #[arg(long, value_name = "WEEK", conflicts_with_all = ["from", "to"])]
    pub week: Option<String>,
    /// Whose requests; without it those of customers
    #[arg(long, value_name = "ORIGIN")]
    pub origin: Option<OriginChoice>,
    /// Zone of days and weeks
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub tz: String,
    /// Length of a window
    #[arg(long, value_name = "DURATION", default_value = "1m")]
    pub window: String,
    /// What requests are counted apart by
    #[arg(
        long,
        value_name = "WHAT",
        value_delimiter = ',',
        default_value = "route,status-class"
    )]
    pub by: Vec<ByChoice>,
    /// What to print or write
    #[arg(long, value_name = "FORMAT", default_value = "csv")]
    pub format: RollupFormat,
    /// File to write; without it the terminal
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Which engine counts.
    #[command(flatten)]
    pub engine: EngineArguments,
}

/// What requests are counted apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ByChoice {
    /// The service that answered
    Service,
    /// HTTP method
    Method,
    /// Path template
    Route,
    /// HTTP status
    Status,
    /// The hundred of the HTTP status
    StatusClass,
    /// What kind of client made them
    Client,
    /// What sent the shopper
    Channel,
    /// The rehearsal they belong to
    Run,
}

/// What `rollup` prints or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RollupFormat {
    /// One line per row
    Csv,
    /// One JSON document
    Json,
    /// A Parquet file
    Parquet,
}

/// Arguments of `what-if`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill what-if availability --targets 0.99,0.995,0.999 --over 7d,28d
  firedrill what-if checkout_success --targets 0.98 --over week --from -90d --json

`firedrill contacts --if` says what trouble would cost in support contacts.")]
pub struct WhatIfArguments {
    /// Name of the SLI
    pub sli: String,
    /// Least shares of good that are tried
    #[arg(
        long,
        value_name = "SHARE",
        value_delimiter = ',',
        default_value = "0.99,0.995,0.999"
    )]
    pub targets: Vec<f64>,
    /// Stretches of time that are tried: `7d`, `28d`, `day`, `week`, `month`
    #[arg(
        long,
        value_name = "OVER",
        value_delimiter = ',',
        default_value = "7d,28d"
    )]
    pub over: Vec<String>,
    /// Which part of the lake.
    #[command(flatten)]
    pub range: RangeArguments,
}

/// Arguments of `report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill report --week 2026-W47 -o week.html
  firedrill report --run black-friday-20261127T080000Z
  firedrill report --week 2026-W47 --tickets tickets.csv --outreach not-called.csv -o week.html
  firedrill report --from -1d -o evidence.json")]
pub struct ReportArguments {
    /// Which part of the lake.
    #[command(flatten)]
    pub range: RangeArguments,
    /// With what to compare: `previous` (the week before; of a rehearsal the last valid one of the same
    /// mix), `last-year` (52 weeks before), or the name of a rehearsal; only what noise does not explain is called a change
    #[arg(long, value_name = "WHAT")]
    pub compare: Option<String>,
    /// Pre-mortem file: adds the ways to break, and when each was last drilled
    #[arg(long, value_name = "FILE")]
    pub premortem: Option<PathBuf>,
    /// Write a postmortem of the rehearsal, pre-filled with what it shows, as .md
    #[arg(long, requires = "run")]
    pub postmortem: bool,
    /// What it does for the support desk.
    #[command(flatten)]
    pub desk: DeskArguments,
    /// File to write: .html, .md, .json or .csv
    #[arg(short, long, value_name = "FILE", default_value = "report.html")]
    pub output: PathBuf,
}
