//! Arguments of a rehearsal that several machines drive together.

use clap::Args;

use crate::cli::rehearse::{ClockChoice, ShardChoice, StartAt};
use crate::declared_files::DurationText;

/// Which part of a run this process is, and when all begin.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Several machines")]
pub struct FanOutArguments {
    /// Drive one part of the surge, e.g. 2/4; `auto/4` and `auto` take it from Kubernetes, Slurm,
    /// AWS Batch, Cloud Run or Nomad
    #[arg(long, value_name = "K/N", requires_all = ["start_at", "run_id"])]
    pub shard: Option<ShardChoice>,
    /// When the first shopper may come: RFC 3339, or e.g. +60s after the first shard came
    #[arg(long, value_name = "TIME")]
    pub start_at: Option<StartAt>,
    /// What this machine's clock is compared with: `target` (its Date header), a URL, ntp://HOST, `none`
    #[arg(long, value_name = "CLOCK", requires = "shard")]
    pub clock: Option<ClockChoice>,
    /// A shard whose clock may be off by more than this does not begin; without it 100ms
    #[arg(long, value_name = "DURATION", requires = "shard")]
    pub clock_offset_max: Option<DurationText>,
}

/// Which run that others drove is judged.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Several machines")]
pub struct JudgeArguments {
    /// Judge a run that was driven in shards, from the lake; sends nothing
    #[arg(
        long,
        value_name = "RUN",
        conflicts_with_all = ["shard", "start_at", "run_id", "dry_run", "ui", "host", "seed"]
    )]
    pub judge: Option<String>,
    /// With --judge: wait so long for shards that are not over
    #[arg(long, value_name = "DURATION", requires = "judge")]
    pub judge_wait: Option<DurationText>,
}
