//! A search as the lake keeps it: what was asked, and what every trial found. So it can go on.

use serde::{Deserialize, Serialize};

use crate::capacity::finding::{CapacityFinding, GeneratorFacts, TrialFacts, TrialKind};
use crate::capacity::search::{Purpose, SearchGoal, Trial};
use crate::cli::exit_code::{ExitCode, Failure};
use crate::lake::Lake;

/// What a search is of: two with the same are searches of the same thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// Name of the scenario.
    pub scenario: String,
    /// SHA-256 of the scenario file.
    pub scenario_sha256: String,
    /// What is driven; of the built-in shop its limits, because its port changes.
    pub target: String,
    /// SHA-256 of the SLI set, and of the threshold file behind it.
    pub sli_set_sha256: String,
    /// The goals.
    pub goals: Vec<SearchGoal>,
    /// The lowest, the first and the highest rate that were asked for, per second.
    pub rates: [Option<f64>; 3],
    /// Lead-in of every trial, seconds.
    pub lead_in_s: u32,
    /// Seed.
    pub seed: u64,
}

/// What a few shoppers found at the lowest rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// Median response time of the good answers, µs.
    pub p50_us: u64,
    /// 90th percentile, µs: the slowest route is in it, where the median is that of the others.
    pub p90_us: u64,
    /// Whether nearly all answers were good.
    pub is_good: bool,
}

/// A search as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptSearch {
    /// Its name.
    pub search_id: String,
    /// What it is of.
    pub identity: Identity,
    /// What the generator could.
    pub generator: Option<GeneratorFacts>,
    /// Highest rate of the search, per second, and whether the generator set it.
    pub max: Option<(f64, bool)>,
    /// How the target was before any trial.
    pub baseline: Option<Look>,
    /// The number of the newest trial that was begun; one that is missing below was interrupted.
    pub begun: u32,
    /// Every trial that was finished, in the order of time.
    pub trials: Vec<TrialFacts>,
    /// What was found, when it was over.
    pub finding: Option<CapacityFinding>,
}

impl KeptSearch {
    /// A search of which nothing was tried yet.
    pub fn new(search_id: &str, identity: Identity) -> Self {
        Self {
            search_id: search_id.to_owned(),
            identity,
            generator: None,
            max: None,
            baseline: None,
            begun: 0,
            trials: Vec::new(),
            finding: None,
        }
    }

    /// The search of this name, if the lake has one.
    ///
    /// # Errors
    /// When its file cannot be read or understood.
    pub fn read(lake: &Lake, search_id: &str) -> Result<Option<Self>, Failure> {
        let Some(json) = lake.read_search(search_id)? else {
            return Ok(None);
        };
        let kept = serde_json::from_str(&json).map_err(|error| {
            Failure::new(
                ExitCode::Input,
                format!("search `{search_id}` in the lake cannot be read: {error} (hint: choose another --search-id)"),
            )
        })?;
        Ok(Some(kept))
    }

    /// Keeps it as it is now.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(&self, lake: &Lake) -> Result<(), Failure> {
        Ok(lake.write_search(&self.search_id, &serde_json::to_string_pretty(self)?)?)
    }

    /// The run of a trial in the lake.
    pub fn run_id(&self, number: u32) -> String {
        format!("{}-trial-{number:02}", self.search_id)
    }

    /// The trials that the search itself made, as it knows them.
    pub fn search_trials(&self) -> Vec<Trial> {
        let made = self.trials.iter().filter_map(as_trial);
        made.collect()
    }

    /// The trial of a kind at a rate, if it was made.
    pub fn made(&self, kind: TrialKind, rate_per_s: f64) -> Option<&TrialFacts> {
        let mut trials = self.trials.iter();
        trials.find(|trial| {
            trial.kind == kind && (trial.rate_per_s - rate_per_s).abs() <= rate_per_s * 1e-9
        })
    }
}

/// A trial as the search knows it; `None` of what was made beyond the maximum.
pub fn as_trial(facts: &TrialFacts) -> Option<Trial> {
    let purpose = match facts.kind {
        TrialKind::Search => Purpose::Search,
        TrialKind::Checkpoint => Purpose::Checkpoint,
        TrialKind::Beyond | TrialKind::Recovery | TrialKind::Soak => return None,
    };
    Some(Trial {
        number: facts.number,
        purpose,
        rate_per_s: facts.rate_per_s,
        duration_s: facts.duration_s,
        effective_s: facts.effective_s,
        losses: facts.goals.iter().map(|goal| goal.loss_ratio).collect(),
        is_generator_limited: !facts.generator_limited.is_empty(),
    })
}

impl Identity {
    /// Whether both are searches of the same thing; only chance, and where they begin, may differ.
    pub fn is_repeat_of(&self, other: &Self) -> bool {
        let same = |identity: &Self| Self {
            rates: [None; 3],
            seed: 0,
            ..identity.clone()
        };
        same(self) == same(other)
    }

    /// What of it is not as in `other`, in words; empty when it is the same search.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        let mut compare = |what: &str, one: String, two: String| {
            if one != two {
                differences.push(format!("{what}: {one}, and not {two}"));
            }
        };
        compare("scenario", self.scenario.clone(), other.scenario.clone());
        compare("target", self.target.clone(), other.target.clone());
        compare("seed", self.seed.to_string(), other.seed.to_string());
        compare(
            "lead-in",
            format!("{} s", self.lead_in_s),
            format!("{} s", other.lead_in_s),
        );
        compare("rates", rates(self.rates), rates(other.rates));
        compare("goals", goals(&self.goals), goals(&other.goals));
        if self.scenario == other.scenario && self.scenario_sha256 != other.scenario_sha256 {
            differences.push("the scenario file has changed".to_owned());
        }
        if self.sli_set_sha256 != other.sli_set_sha256 {
            differences.push("the SLI set or the threshold file is another".to_owned());
        }
        differences
    }
}

fn rates(rates: [Option<f64>; 3]) -> String {
    let text =
        |rate: Option<f64>| rate.map_or_else(|| "default".to_owned(), |rate| format!("{rate}/s"));
    rates.map(text).join(" ")
}

fn goals(goals: &[SearchGoal]) -> String {
    let texts = goals.iter().map(|goal| {
        format!(
            "{} (loss {}, exceed {}, trial {} s, sum {} s, initial {} s, width {})",
            goal.name,
            goal.loss_ratio,
            goal.exceed_ratio,
            goal.final_trial_s,
            goal.duration_sum_s,
            goal.initial_trial_s,
            goal.width
        )
    });
    texts.collect::<Vec<_>>().join("; ")
}
