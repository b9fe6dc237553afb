//! Which shard this process is: as it was told, or as the orchestrator says that started it.
//!
//! In: `--shard`, and a way to look up variables of the environment. Out: a [`Shard`]. Orchestrators count
//! from 0, or from any first number in any step; firedrill's own numbers count from 1.

use std::str::FromStr;

use crate::cli::exit_code::Failure;
use crate::scenario::{SHARDS_MAX, Shard, ShardError};

/// How many shards there are, where the orchestrator does not say it.
pub const COUNT_VARIABLE: &str = "FIREDRILL_SHARDS";

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardChoice {
    /// This one.
    Fixed(Shard),
    /// The one that the orchestrator says, of so many, if that was said.
    Auto(Option<u32>),
}

impl FromStr for ShardChoice {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let Some(rest) = text.strip_prefix("auto") else {
            return Ok(Self::Fixed(text.parse()?));
        };
        if rest.is_empty() {
            return Ok(Self::Auto(None));
        }
        // The last of so many exists if there may be so many.
        let count = rest.strip_prefix('/');
        let count = count.ok_or_else(|| ShardError::NotAShard(text.to_owned()))?;
        let last: Shard = format!("{count}/{count}")
            .parse()
            .map_err(|error| match error {
                ShardError::NotAShard(_) => ShardError::NotAShard(text.to_owned()),
                other => other,
            })?;
        Ok(Self::Auto(Some(last.count())))
    }
}

/// The variables of one orchestrator.
struct Orchestrator {
    name: &'static str,
    index: &'static str,
    /// The first index and the step between two; without them 0 and 1.
    first: Option<&'static str>,
    step: Option<&'static str>,
    count: Option<&'static str>,
}

const ORCHESTRATORS: [Orchestrator; 5] = [
    Orchestrator {
        name: "Kubernetes",
        index: "JOB_COMPLETION_INDEX",
        first: None,
        step: None,
        count: None,
    },
    Orchestrator {
        name: "Slurm",
        index: "SLURM_ARRAY_TASK_ID",
        first: Some("SLURM_ARRAY_TASK_MIN"),
        step: Some("SLURM_ARRAY_TASK_STEP"),
        count: Some("SLURM_ARRAY_TASK_COUNT"),
    },
    Orchestrator {
        name: "AWS Batch",
        index: "AWS_BATCH_JOB_ARRAY_INDEX",
        first: None,
        step: None,
        count: Some("AWS_BATCH_JOB_ARRAY_SIZE"),
    },
    Orchestrator {
        name: "Cloud Run",
        index: "CLOUD_RUN_TASK_INDEX",
        first: None,
        step: None,
        count: Some("CLOUD_RUN_TASK_COUNT"),
    },
    Orchestrator {
        name: "Nomad",
        index: "NOMAD_ALLOC_INDEX",
        first: None,
        step: None,
        count: None,
    },
];

/// What one of them says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    by: String,
    index: u64,
    count: Option<u64>,
}

/// The shard that was asked for.
pub fn shard(
    choice: ShardChoice,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Shard, Failure> {
    match choice {
        ShardChoice::Fixed(shard) => Ok(shard),
        ShardChoice::Auto(count) => from_environment(count, environment),
    }
}

/// The orchestrator that seems to have started this process as one of several, if there is one.
pub fn seems_to_be_one_of_several(
    environment: &dyn Fn(&str) -> Option<String>,
) -> Option<&'static str> {
    let mut known = ORCHESTRATORS.iter().map(|one| one.index);
    known.find(|index| environment(index).is_some())
}

fn from_environment(
    asked: Option<u32>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Shard, Failure> {
    let mut told = Vec::new();
    for orchestrator in &ORCHESTRATORS {
        told.extend(orchestrator.told(environment)?);
    }
    let Some(first) = told.first() else {
        let known: Vec<&str> = ORCHESTRATORS.iter().map(|one| one.index).collect();
        return Err(Failure::usage(format!(
            "--shard auto: the environment does not say which shard this is; none of {} is set (hint: --shard 1/4)",
            known.join(", ")
        )));
    };
    if let Some(other) = told.iter().find(|other| other.index != first.index) {
        return Err(Failure::usage(format!(
            "--shard auto: {} makes this shard {}, {} makes it shard {} (hint: unset one of them, or name the shard as K/N)",
            first.by,
            first.index + 1,
            other.by,
            other.index + 1
        )));
    }
    let index = first.index;
    let count = count(asked, &told, environment)?;
    Shard::new(index, count).map_err(|error| Failure::usage(format!("--shard auto: {error}")))
}

/// How many shards there are; whoever says it must say the same.
fn count(
    asked: Option<u32>,
    told: &[Told],
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<u64, Failure> {
    let mut said: Vec<(String, u64)> = Vec::new();
    said.extend(asked.map(|asked| ("--shard auto/N".to_owned(), u64::from(asked))));
    said.extend(
        told.iter()
            .filter_map(|told| Some((told.by.clone(), told.count?))),
    );
    if let Some(own) = variable(COUNT_VARIABLE, environment)? {
        said.push((COUNT_VARIABLE.to_owned(), own));
    }
    let Some((by, count)) = said.first() else {
        return Err(Failure::usage(format!(
            "--shard auto: {} says which shard this is and not of how many (hint: `--shard auto/4`, or set {COUNT_VARIABLE})",
            told.first().map_or("nobody", |told| told.by.as_str())
        )));
    };
    if let Some((other_by, other)) = said.iter().find(|(_, other)| other != count) {
        return Err(Failure::usage(format!(
            "--shard auto: {by} says {count} shards, {other_by} says {other} (hint: at most {SHARDS_MAX}, and the same number everywhere)"
        )));
    }
    Ok(*count)
}

impl Orchestrator {
    fn told(&self, environment: &dyn Fn(&str) -> Option<String>) -> Result<Option<Told>, Failure> {
        let Some(id) = variable(self.index, environment)? else {
            return Ok(None);
        };
        let of = |name: Option<&'static str>| match name {
            Some(name) => variable(name, environment),
            None => Ok(None),
        };
        let first = of(self.first)?.unwrap_or(0);
        let step = of(self.step)?.unwrap_or(1).max(1);
        let behind = id.checked_sub(first).filter(|behind| behind % step == 0);
        let Some(behind) = behind else {
            return Err(Failure::usage(format!(
                "--shard auto: {}={id} does not lie {step} by {step} from {first} on (hint: name the shard as K/N)",
                self.index
            )));
        };
        Ok(Some(Told {
            by: format!("{} ({}={id})", self.name, self.index),
            index: behind / step,
            count: of(self.count)?,
        }))
    }
}

/// A variable as a number; one that is empty counts as not set.
fn variable(
    name: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<u64>, Failure> {
    let Some(text) = environment(name).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(Failure::usage(format!(
            "--shard auto: {name} is `{text}`, which is no number"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(choice: &str, variables: &[(&str, &str)]) -> Result<Shard, String> {
        let environment = |name: &str| {
            let mut known = variables.iter();
            let found = known.find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let choice: ShardChoice = choice
            .parse()
            .map_err(|error: ShardError| error.to_string())?;
        shard(choice, &environment).map_err(|failure| failure.message)
    }

    #[test]
    fn every_orchestrator_says_which_shard_this_is() {
        let slurm = [
            ("SLURM_ARRAY_TASK_ID", "7"),
            ("SLURM_ARRAY_TASK_MIN", "3"),
            ("SLURM_ARRAY_TASK_STEP", "2"),
            ("SLURM_ARRAY_TASK_COUNT", "4"),
        ];
        let kubernetes = ("JOB_COMPLETION_INDEX", "2");
        let batch = [
            ("AWS_BATCH_JOB_ARRAY_INDEX", "2"),
            ("AWS_BATCH_JOB_ARRAY_SIZE", "4"),
        ];
        let run = [("CLOUD_RUN_TASK_INDEX", "2"), ("CLOUD_RUN_TASK_COUNT", "4")];
        let third = Shard::new(2, 4).map_err(|error| error.to_string());
        assert_eq!(found("auto", &slurm), third);
        assert_eq!(found("auto/4", &slurm), third);
        assert_eq!(found("auto/4", &[kubernetes]), third);
        assert_eq!(found("auto", &[kubernetes, (COUNT_VARIABLE, "4")]), third);
        assert_eq!(found("auto", &batch), third);
        assert_eq!(found("auto", &run), third);
        assert_eq!(found("auto/4", &[("NOMAD_ALLOC_INDEX", "2")]), third);
        // Two that agree: AWS Batch on a Kubernetes cluster.
        assert_eq!(found("auto", &[kubernetes, batch[0], batch[1]]), third);
        // Who names the shard does not ask the environment.
        assert_eq!(found("3/4", &[("JOB_COMPLETION_INDEX", "0")]), third);
    }

    #[test]
    fn an_environment_that_does_not_say_it_clearly_is_refused() {
        let kubernetes = ("JOB_COMPLETION_INDEX", "2");
        for (choice, variables, expected) in [
            ("auto", &[][..], "the environment does not say which shard"),
            (
                "auto",
                &[kubernetes][..],
                "says which shard this is and not of how many",
            ),
            (
                "auto/4",
                &[kubernetes, ("CLOUD_RUN_TASK_INDEX", "1")][..],
                "makes this shard 3, Cloud Run (CLOUD_RUN_TASK_INDEX=1) makes it shard 2",
            ),
            (
                "auto/5",
                &[("CLOUD_RUN_TASK_INDEX", "1"), ("CLOUD_RUN_TASK_COUNT", "4")][..],
                "--shard auto/N says 5 shards, Cloud Run (CLOUD_RUN_TASK_INDEX=1) says 4",
            ),
            (
                "auto/2",
                &[kubernetes][..],
                "shard 3 of 2: there are only 2",
            ),
            (
                "auto/4",
                &[("JOB_COMPLETION_INDEX", "two")][..],
                "is `two`, which is no number",
            ),
            (
                "auto/4",
                &[("JOB_COMPLETION_INDEX", "-1")][..],
                "is `-1`, which is no number",
            ),
            (
                "auto",
                &[
                    ("SLURM_ARRAY_TASK_ID", "4"),
                    ("SLURM_ARRAY_TASK_MIN", "1"),
                    ("SLURM_ARRAY_TASK_STEP", "2"),
                ][..],
                "does not lie 2 by 2 from 1 on",
            ),
            ("auto/0", &[kubernetes][..], "0 shards: a run has 1 to 1000"),
            ("auto/1001", &[kubernetes][..], "1001 shards"),
            ("auto4", &[kubernetes][..], "`auto4` is no shard"),
            ("auto/x", &[kubernetes][..], "`auto/x` is no shard"),
        ] {
            let refused = found(choice, variables).unwrap_err();
            assert!(refused.contains(expected), "{choice}: {refused}");
        }
    }
}
