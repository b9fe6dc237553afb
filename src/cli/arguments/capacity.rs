//! Arguments of `capacity`: the search. Those of its verbs `fit`, `forecast` and `routes` are in
//! `headroom.rs`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::headroom::{CapacityFitArguments, CapacityForecastArguments, CapacityRoutesArguments};
use crate::declared_files::DurationText;

/// Arguments of `capacity`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Examples:
  firedrill capacity load-scenarios/black-friday.yaml --budget 20m
  firedrill capacity shop.yaml --host https://staging.example.com --goal comfortable --soak 30m
  firedrill capacity shop.yaml --search-id CAP-november              resumes it if it was interrupted
  firedrill capacity fit points.csv
  firedrill capacity forecast --last-peak 220/min --growth 1.15 --maximum 900/min"
)]
pub struct CapacityArguments {
    /// Scenario whose shoppers arrive, in its mix, at rates that the search chooses
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenario: Option<PathBuf>,
    /// Drive this base URL instead of the scenario's target
    #[arg(long, value_name = "URL")]
    pub host: Option<String>,
    /// SLI set to judge by; without it shop.yaml
    #[arg(long, value_name = "FILE")]
    pub sli_defs: Option<PathBuf>,
    /// Threshold file; its contact levels are those of the goal `contacts`
    #[arg(long, value_name = "FILE")]
    pub thresholds: Option<PathBuf>,
    /// How long the search may take, cool-downs included
    #[arg(long, value_name = "DURATION", default_value = "20m")]
    pub budget: DurationText,
    /// What else to do.
    #[command(subcommand)]
    pub verb: Option<CapacityVerb>,
}

/// What follows from the capacity of a shop, and from its production.
#[derive(Debug, Subcommand)]
pub enum CapacityVerb {
    /// The scalability law (Gunther's USL) of points of concurrency and throughput
    Fit(CapacityFitArguments),
    /// Headroom: the expected peak against the proven maximum
    Forecast(CapacityForecastArguments),
    /// Which routes slow down first as traffic rises, from ordinary weeks in the lake
    Routes(CapacityRoutesArguments),
}
