//! The verdict over all shards of a run, from the lake alone.
//!
//! In: the name of a run. Out: what a run of one process ends with: verdict, report, JSON, exit code, and the
//! run's facts in the lake, by which every other verb knows it from now on. It sends nothing, and may be
//! repeated: the same lake gives the same verdict.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::HASH_DIGITS;
use super::claim::{Claim, Taken, taken};
use super::kept::{Kept, ShardFacts};
use super::merge::{merged, merged_scenarios};
use super::plan::plan_of;
use super::roll_call::ShardSummary;
use super::scoped::{RunRows, scoped};
use crate::cli::arguments::{GlobalArguments, RehearseArguments};
use crate::cli::definitions;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::range::{RUN_WINDOW_US, run_rows};
use crate::cli::recorder;
use crate::cli::rehearse::check_run_id;
use crate::cli::rehearse::conclusion::{self, Ended};
use crate::cli::report::check_kind;
use crate::cli::terminal::Terminal;
use crate::cli::thresholds::RunThresholds;
use crate::lake::Lake;
use crate::rollup::{Dimension, RollupPlan, scan};
use crate::scenario::Shard;
use crate::sli::SliSetPlan;
use crate::time_window::{in_words, now_us};

/// How often it is looked for shards that are not over.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Judges `run_id`.
pub fn judge(
    run_id: &str,
    arguments: &RehearseArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    check_run_id(run_id)?;
    if let Some(report) = &arguments.report {
        check_kind(report)?;
    }
    let mut set = definitions::sli_set(
        arguments.sli_defs.as_deref(),
        arguments.thresholds.as_deref(),
    )?;
    let wait = arguments.judge.judge_wait.map_or(0, |wait| wait.as_us());
    let lake = match wait {
        0 => Lake::open(&global.lake)?,
        _ => Lake::open_or_create(&global.lake)?,
    };
    let found = Found::wait(&lake, run_id, Duration::from_micros(wait), terminal)?;
    check_set(&set, &found.claim)?;
    let summaries = found.summaries();
    let reasons = summaries.iter().flat_map(|one| one.reasons(found.count()));
    let reasons: Vec<String> = reasons.collect();
    let over = found.over();
    let Some(mut facts) = merged(&over) else {
        return Err(Failure::new(
            ExitCode::InvalidRun,
            format!("no shard of run `{run_id}` is over: {}", reasons.join("; ")),
        ));
    };
    set.leave_out(&facts.not_judged);
    let plan = plan_of(&over[0].run, arguments, &set, &global.lake, terminal)?;
    facts.invalid_because = reasons;
    facts.shards = summaries;
    let counted = RollupPlan::new(RUN_WINDOW_US, set.cuts_us());
    let reader = lake.reader()?;
    let rows = RunRows {
        reader: &reader,
        run_id,
        range: run_rows(&facts),
    };
    let rollup = scan(&reader, &counted, &Dimension::ALL, rows.range, |series| {
        rows.has(series)
    })?;
    if let Some(plan) = &plan {
        let thresholds = RunThresholds::new(plan, &set)?;
        let scoped = scoped(rows, &thresholds, plan, &counted)?;
        let (started_us, judged_us) = (facts.started_us, facts.judged_us);
        facts.thresholds = thresholds.judge(&rollup, &scoped, started_us, judged_us)?;
    }
    let ended = Ended {
        scenarios: merged_scenarios(&over),
        replayed: None,
        committed: facts.requests,
        facts,
        rollup,
        failure: None,
    };
    conclusion::finish(ended, &set, &lake, arguments, None, terminal)
}

/// A run is judged by the set that its shards had.
fn check_set(set: &SliSetPlan, claim: &Claim) -> Result<(), Failure> {
    let own = set.sha256.get(..HASH_DIGITS).unwrap_or(&set.sha256);
    let claimed = claim.parts.get("SLI set").map(String::as_str);
    if claimed.is_none_or(|claimed| claimed == own) {
        return Ok(());
    }
    Err(Failure::new(
        ExitCode::DeclaredFile,
        format!(
            "the shards had another SLI set than `{}` (hint: give --judge the --sli-defs and --thresholds that they had; `firedrill sli --run` asks other questions afterwards)",
            set.name
        ),
    ))
}

/// What the lake knows of a run in shards.
struct Found {
    /// What the first shard claimed, which all others had to agree to.
    claim: Claim,
    shards: Vec<(Shard, Option<Taken>, Kept)>,
}

impl Found {
    /// Reads it, again and again until every shard is over or never will be, or the time is.
    fn wait(
        lake: &Lake,
        run_id: &str,
        wait: Duration,
        terminal: &Terminal,
    ) -> Result<Self, Failure> {
        let until = Instant::now() + wait;
        let mut has_said = false;
        loop {
            let found = Self::read(lake, run_id)?;
            let left = until.saturating_duration_since(Instant::now());
            match found {
                Some(found) if left.is_zero() || found.is_settled(now_us()) => return Ok(found),
                None if left.is_zero() => return Err(unknown(lake, run_id)?),
                Some(_) | None => {}
            }
            if !has_said {
                has_said = true;
                let wait_us = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX);
                terminal.note(&format!(
                    "waiting for the shards of run {run_id}, {} at most",
                    in_words(wait_us)
                ));
            }
            thread::sleep(left.min(LOOK_INTERVAL));
        }
    }

    /// `None` when nobody took a shard of it.
    fn read(lake: &Lake, run_id: &str) -> Result<Option<Self>, Failure> {
        let reader = lake.reader()?;
        let taken = taken(reader.ledger(), run_id);
        let Some(first) = taken.iter().min_by_key(|taken| taken.claim.claimed_us) else {
            return Ok(None);
        };
        let names = lake.run_part_names(run_id)?;
        let shards = Shard::all_of(first.shard.count()).map(|shard| {
            let own = taken.iter().find(|taken| taken.shard == shard);
            Ok((
                shard,
                own.cloned(),
                Kept::read(lake, &names, run_id, shard)?,
            ))
        });
        Ok(Some(Self {
            claim: first.claim.clone(),
            shards: shards.collect::<Result<Vec<_>, Failure>>()?,
        }))
    }

    /// Whether nothing more will come: who did not take a shard before the start never will.
    fn is_settled(&self, now_us: i64) -> bool {
        self.shards.iter().all(|(_, taken, kept)| {
            let is_over = kept.facts.is_some();
            let has_not_begun = taken.is_none() || kept.refused.is_some();
            is_over || (has_not_begun && now_us > self.claim.start_us)
        })
    }

    fn count(&self) -> u32 {
        self.shards.first().map_or(0, |(shard, ..)| shard.count())
    }

    fn summaries(&self) -> Vec<ShardSummary> {
        let shards = self.shards.iter();
        let summaries = shards.map(|(shard, taken, kept)| {
            ShardSummary::new(*shard, &self.claim, taken.as_ref(), kept)
        });
        summaries.collect()
    }

    fn over(&self) -> Vec<ShardFacts> {
        let facts = self
            .shards
            .iter()
            .filter_map(|(_, _, kept)| kept.facts.clone());
        facts.collect()
    }
}

/// Why there is nothing to judge.
fn unknown(lake: &Lake, run_id: &str) -> Result<Failure, Failure> {
    let reader = lake.reader()?;
    let is_whole = reader
        .ledger()
        .get(&recorder::source_id(run_id, None))
        .is_some();
    let message = if is_whole {
        format!(
            "run `{run_id}` was driven by one process, and judged when it ended (hint: `firedrill report --run {run_id}`)"
        )
    } else {
        format!(
            "no shard of a run `{run_id}` ever came to the lake `{}` (hint: check the name and --lake; --judge-wait 10m waits for shards)",
            shown(lake.root())
        )
    };
    Ok(Failure::usage(message))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
