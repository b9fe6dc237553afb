//! Arguments of `capacity`: the search. Those of its verbs `fit`, `forecast` and `routes` are in
//! `headroom.rs`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::headroom::{CapacityFitArguments, CapacityForecastArguments, CapacityRoutesArguments};
use crate::cli::capacity::{Fact, GoalText, RateText, ShareText};
use crate::declared_files::DurationText;

/// Arguments of `capacity`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Examples:
  firedrill capacity load-scenarios/black-friday.yaml --budget 40m
  firedrill capacity shop.yaml --host https://staging.example.com --trial 2m --budget 1h --soak 30m
  firedrill capacity shop.yaml --goal comfortable --goal contacts:loss=1%,width=3%
  firedrill capacity shop.yaml --search-id november                  goes on if it was interrupted
  firedrill capacity shop.yaml --dry-run                             what would be done, and how long
  firedrill capacity fit points.csv
  firedrill capacity forecast --last-peak 220/min --growth 1.15 --maximum 900/min

Goals, unless the scenario or --goal names others:
  comfortable    no SLI is beyond its warn level, and objectives are met
  contacts       no SLI is beyond its contact level, at which customers call support
  no_collapse    at most 5 % of the journeys have a request that fails
A goal of your own: --goal NAME:level=warn,loss=0.5%,exceed=50%,trial=1m,sum=3m,initial=10s,width=5%
where level is warn, contact or answered.

The exit code is 0 when every goal has its bounds, or holds at --max; 1 when a goal fails at the lowest
rate; 5 when the result is of the generator, or of a target that changed; 6 when it ended early."
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
    /// A goal: `comfortable`, `contacts`, `no_collapse`, or one of your own; may be given several times
    #[arg(long, value_name = "GOAL")]
    pub goal: Vec<GoalText>,
    /// Length of a full trial of the goals that do not say their own
    #[arg(long, value_name = "DURATION", default_value = "1m")]
    pub trial: DurationText,
    /// How many full trials decide a rate, where the goals do not say
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub trials: u32,
    /// How near the bounds must be, where the goals do not say: (upper − lower) / upper
    #[arg(long, value_name = "SHARE", default_value = "5%")]
    pub width: ShareText,
    /// How long all may take: calibration, search, curve, recovery; not the soak
    #[arg(long, value_name = "DURATION", default_value = "40m")]
    pub budget: DurationText,
    /// The rate that is tried first, e.g. 10/s or 600/min; without it a tenth of the scenario's peak
    #[arg(long, value_name = "RATE")]
    pub start: Option<RateText>,
    /// The lowest rate that is tried; without it a quarter of the first
    #[arg(long, value_name = "RATE")]
    pub min: Option<RateText>,
    /// The highest rate that is tried; without it the scenario's `limits.shoppers_per_s`, or what the
    /// generator can
    #[arg(long, value_name = "RATE")]
    pub max: Option<RateText>,
    /// Time before each trial in which shoppers come to every step; without it as their journeys are long
    #[arg(long, value_name = "DURATION")]
    pub lead_in: Option<DurationText>,
    /// How long the target may take to come back to its baseline after a trial
    #[arg(long, value_name = "DURATION", default_value = "2m")]
    pub cool_down: DurationText,
    /// Hold the lower bound for so long at the end, e.g. 30m
    #[arg(long, value_name = "DURATION")]
    pub soak: Option<DurationText>,
    /// Leave out what comes after the bounds: 120 %, 150 %, and the recovery
    #[arg(long)]
    pub no_beyond: bool,
    /// Seed of arrivals, journeys and think times, instead of the scenario's
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Name of the search; one that is in the lake and not finished goes on
    #[arg(long, value_name = "ID")]
    pub search_id: Option<String>,
    /// What must be said with the number and only you know, e.g. autoscaling=off; may be given several times
    #[arg(long, value_name = "NAME=TEXT")]
    pub fact: Vec<Fact>,
    /// Where to write the report: .html, .md or .json
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Print what the search would do, and how long it would take; send nothing
    #[arg(long)]
    pub dry_run: bool,
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
