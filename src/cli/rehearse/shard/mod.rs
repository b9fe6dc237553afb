//! A rehearsal in parts, each driven by a process of its own, on machines that some orchestrator starts.
//!
//! In: which part this process is, and when all begin. Out: the part's requests in the one lake, its facts
//! beside them, and, from all parts, the verdict. Nobody here talks to another shard, or starts one: they
//! meet in the log of the lake (`claim.rs`), and begin by their clocks (`clock.rs`). Reading order:
//! [`Together`], [`enter`], [`begin`], [`conclude`], [`judge()`].

mod claim;
mod clock;
mod ending;
mod judge;
mod kept;
mod merge;
mod orchestrator;
mod plan;
mod roll_call;
mod scoped;
mod start;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use url::Url;

use super::Rehearsal;
use crate::cli::arguments::RehearseArguments;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::recorder;
use crate::cli::terminal::Terminal;
use crate::drill::Progress;
use crate::lake::Lake;
use crate::scenario::{DrillPlan, Shard, TargetPlan};
use crate::time_window::{US_PER_S, now_us, rfc3339, seconds};
use claim::{Claim, Wanted, claim, late, taken};
use clock::{ClockFacts, measure, offset_us_max};
use kept::{Refusal, RefusalKind};
use start::wait_until;

pub use clock::ClockChoice;
pub use ending::conclude;
pub use judge::judge;
pub use orchestrator::ShardChoice;
pub use roll_call::{ShardEnd, ShardSummary};
pub use start::StartAt;

/// Digits of a hash that a claim keeps.
const HASH_DIGITS: usize = 16;

/// How this process begins together with others.
#[derive(Debug, Clone, Default)]
pub struct Together {
    /// Which part it drives; `None` for the whole run.
    pub shard: Option<Shard>,
    start: Option<StartAt>,
    clock: ClockChoice,
    offset_us_max: i64,
}

/// A process that may begin.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    /// When, UTC µs since 1970; `None` for at once.
    start_us: Option<i64>,
    /// The shard that it took.
    claimed: Option<Claimed>,
}

/// A shard that was taken.
#[derive(Debug, Clone)]
pub struct Claimed {
    shard: Shard,
    claim: Claim,
    clock: ClockFacts,
}

impl Together {
    /// What the arguments, and the environment, say.
    pub fn of(arguments: &RehearseArguments, terminal: &Terminal) -> Result<Self, Failure> {
        let fan_out = &arguments.fan_out;
        let environment = |name: &str| std::env::var(name).ok();
        let Some(choice) = fan_out.shard else {
            if let Some(variable) = orchestrator::seems_to_be_one_of_several(&environment) {
                terminal.note(&format!(
                    "note: {variable} is set and --shard is not given: this is the whole surge, not a part of it"
                ));
            }
            return Ok(Self {
                start: fan_out.start_at,
                ..Self::default()
            });
        };
        let shard = orchestrator::shard(choice, &environment)?;
        for (given, option) in [
            (arguments.report.is_some(), "--report"),
            (arguments.compare.is_some(), "--compare"),
        ] {
            if given {
                return Err(Failure::usage(format!(
                    "{option}: a shard is not judged by itself (hint: `firedrill rehearse --judge RUN {option} …` when all are over)"
                )));
            }
        }
        Ok(Self {
            shard: Some(shard),
            start: fan_out.start_at,
            clock: fan_out.clock.clone().unwrap_or_default(),
            offset_us_max: offset_us_max(fan_out.clock_offset_max),
        })
    }

    /// The part of the plan that this process drives.
    pub fn part_of(&self, plan: DrillPlan, is_target_named: bool) -> Result<DrillPlan, Failure> {
        let Some(shard) = self.shard else {
            return Ok(plan);
        };
        if matches!(plan.target, TargetPlan::EmbeddedShop(_)) && !is_target_named {
            return Err(Failure::usage(format!(
                "`{}` drives the shop inside this program, of which each shard would have its own (hint: name the one target by --host; `firedrill shop` is such a shop)",
                plan.name
            )));
        }
        plan.for_shard(shard)
            .map_err(|error| Failure::usage(format!("--shard: {error}")))
    }

    /// Whether it does what is done once.
    pub fn leads(&self) -> bool {
        self.shard.is_none_or(Shard::leads)
    }
}

/// Takes the shard, or makes sure that the run is new. Everything that can be refused was looked at before:
/// what is taken will be driven.
pub fn enter(
    rehearsal: &Rehearsal,
    lake: &Lake,
    base_url: &Url,
    terminal: &Terminal,
) -> Result<Entry, Failure> {
    let together = &rehearsal.together;
    let run_id = &rehearsal.run_id;
    let (Some(shard), Some(start)) = (together.shard, together.start) else {
        check_is_new(lake, run_id)?;
        let start_us = together.start.map(|start| start.moment_us(now_us()));
        return Ok(Entry {
            start_us,
            claimed: None,
        });
    };
    let transport = &rehearsal.plan.transport;
    let clock = measure(&together.clock, base_url, transport, together.offset_us_max);
    let clock = clock.inspect_err(|failure| {
        let why = failure.message.clone();
        Refusal::new(RefusalKind::Clock, why).keep(lake, run_id, shard);
    })?;
    let wanted = Wanted {
        run_id,
        scenario: &rehearsal.plan.name,
        shard,
        start,
        parts: parts(rehearsal),
    };
    let claim = claim(lake, &wanted)?;
    terminal.note(&format!(
        "{shard} of run {run_id} begins at {}, in {:.0} s; clock {}",
        rfc3339(claim.start_us),
        seconds(claim.start_us - now_us()),
        clock.words()
    ));
    Ok(Entry {
        start_us: Some(claim.start_us),
        claimed: Some(Claimed {
            shard,
            claim,
            clock,
        }),
    })
}

fn check_is_new(lake: &Lake, run_id: &str) -> Result<(), Failure> {
    let reader = lake.reader()?;
    let ledger = reader.ledger();
    let shards = taken(ledger, run_id).len();
    if ledger.get(&recorder::source_id(run_id, None)).is_none() && shards == 0 {
        return Ok(());
    }
    let how = match shards {
        0 => "",
        _ => ", in shards",
    };
    Err(Failure::usage(format!(
        "run `{run_id}` is already in the lake{how} (hint: choose another --run-id)"
    )))
}

/// Beginnings of the hashes of everything that all shards must have alike.
fn parts(rehearsal: &Rehearsal) -> BTreeMap<String, String> {
    let print = rehearsal.print();
    let plan = &rehearsal.plan;
    let mut parts: BTreeMap<String, String> = BTreeMap::new();
    let mut put = |name: &str, hash: &str| {
        let short = hash.get(..HASH_DIGITS).unwrap_or(hash);
        parts.insert(name.to_owned(), short.to_owned());
    };
    for (name, hash) in print.mix() {
        put(name, hash);
    }
    put("target", &print.target);
    put("scenario file", &plan.sha256);
    put("SLI set", &rehearsal.set.sha256);
    put("seed", &plan.seed.to_string());
    put("version of firedrill", env!("CARGO_PKG_VERSION"));
    parts
}

/// Waits for the start, and says when it was: UTC µs since 1970, and the same instant.
pub fn begin(
    rehearsal: &Rehearsal,
    entry: &Entry,
    lake: &Lake,
    progress: &Arc<Progress>,
) -> Result<(i64, Instant), Failure> {
    let Some(start_us) = entry.start_us else {
        let started_us = (now_us() / US_PER_S + 1) * US_PER_S;
        let wait = Duration::from_micros(u64::try_from(started_us - now_us()).unwrap_or(0));
        let origin = Instant::now() + wait;
        thread::sleep(wait);
        return Ok((started_us, origin));
    };
    let now_us = now_us();
    // Who has come too late to begin on time does not begin; a stopped run has nothing to begin.
    if now_us >= start_us && !progress.stop.load(Relaxed) {
        let why = late(start_us, now_us);
        let run_id = &rehearsal.run_id;
        let what = match &entry.claimed {
            Some(claimed) => {
                Refusal::new(RefusalKind::Late, why.clone()).keep(lake, run_id, claimed.shard);
                format!("{} of run `{run_id}` does not begin", claimed.shard)
            }
            None => format!("run `{run_id}` does not begin"),
        };
        return Err(Failure::new(
            ExitCode::InvalidRun,
            format!("{what}: {why} (hint: start earlier, or name a later --start-at)"),
        ));
    }
    Ok((start_us, wait_until(start_us, progress)))
}

impl Entry {
    /// The shard that was taken, for the ledger: which one, and the text of its claim.
    pub fn claim(&self) -> Option<(Shard, String)> {
        let claimed = self.claimed.as_ref()?;
        Some((claimed.shard, claimed.claim.text()))
    }

    /// The shard that was taken.
    pub fn claimed(&self) -> Option<&Claimed> {
        self.claimed.as_ref()
    }
}
