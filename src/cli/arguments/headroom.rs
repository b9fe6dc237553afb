//! Arguments of the verbs of `capacity` that send nothing: `fit`, `forecast`, `routes`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `capacity fit`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill capacity fit points.csv")]
pub struct CapacityFitArguments {
    /// CSV file with the columns `concurrency` and `throughput`; `-` is standard input
    #[arg(value_name = "POINTS.csv")]
    pub points: Option<PathBuf>,
}

/// Arguments of `capacity forecast`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill capacity forecast --last-peak 220/min")]
pub struct CapacityForecastArguments {
    /// Highest rate of the last peak, e.g. 220/min; without it the highest in the lake
    #[arg(long, value_name = "RATE")]
    pub last_peak: Option<String>,
}

/// Arguments of `capacity routes`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  firedrill capacity routes --from -28d")]
pub struct CapacityRoutesArguments {
    /// First moment: RFC 3339, a date, or an age such as -7d; without it all that the lake has
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,
}
