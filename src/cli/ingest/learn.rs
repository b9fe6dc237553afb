//! What is learned before anything is read: routes and the shop's own hosts, from a sample of the
//! inputs and from what the lake has learned before. So what a line becomes does not depend on the
//! order of lines.

use serde::{Deserialize, Serialize};

use crate::access_log::{
    LineBlocks, LineContext, LineSink, LogFormat, LogInput, LogLine, Taken, detect, parse_block,
};
use crate::cli::exit_code::{ExitCode, Failure};
use crate::enrichment::own_site;
use crate::lake::{Commit, FACT_BYTES_MAX, LakeReader};
use crate::route::{LearnedRoutes, RouteLearner, RouteTemplate, Router};

/// Name of the fact in the lake's log that holds what was learned.
const FACT: &str = "learned";
/// The most text that is looked at.
const SAMPLE_BYTES: usize = 16 * 1024 * 1024;
/// The most files.
const SAMPLE_FILES: usize = 64;
/// The most referrers that are kept to tell the own host.
const REFERRERS_MAX: usize = 10_000;

/// What was learned, as it is kept in the lake.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Learned {
    pub routes: LearnedRoutes,
    /// Hosts of the shop itself, as referrers show them.
    pub sites: Vec<String>,
    /// Channels told apart so far.
    pub channels: Vec<String>,
}

impl Learned {
    /// What the lake knows.
    pub fn of_lake(lake: &LakeReader) -> Result<Self, Failure> {
        lake.fact(FACT).map_or_else(
            || Ok(Self::default()),
            |json| {
                serde_json::from_str(json).map_err(|error| {
                    let message = format!("what the lake has learned cannot be read: {error}");
                    Failure::new(ExitCode::Input, message)
                })
            },
        )
    }

    /// The same, and what a sample of `inputs` shows.
    pub fn with_sample(
        mut self,
        inputs: &[LogInput],
        format: Option<&LogFormat>,
        context: &LineContext,
        templates: &[RouteTemplate],
    ) -> Self {
        let router = Router::with_learned(templates.to_vec(), self.routes.clone());
        let mut sample = Sample {
            learner: RouteLearner::new(&router),
            referrers: Vec::new(),
        };
        let mut bytes = 0;
        for input in inputs.iter().take(SAMPLE_FILES) {
            if bytes >= SAMPLE_BYTES {
                break;
            }
            bytes += sample.look_at(input, format, context, SAMPLE_BYTES - bytes);
        }
        self.routes.merge(sample.learner.finish());
        let site = own_site(sample.referrers.iter().map(Vec::as_slice));
        self.sites.extend(site);
        self.sites.sort_unstable();
        self.sites.dedup();
        self
    }

    /// Keeps it in the lake, visible with `commit`. What somebody with long random paths and campaigns
    /// has made of it may not fit: then the longest list is halved until it does.
    pub fn keep(mut self, commit: &mut Commit) -> Result<(), Failure> {
        let mut json = serde_json::to_string(&self)?;
        while json.len() > FACT_BYTES_MAX {
            let bytes = |texts: &Vec<String>| texts.iter().map(String::len).sum::<usize>();
            let lists = [
                &mut self.channels,
                &mut self.routes.known,
                &mut self.routes.kept,
                &mut self.routes.folded,
                &mut self.sites,
            ];
            if let Some(longest) = lists.into_iter().max_by_key(|texts| bytes(texts)) {
                longest.truncate(longest.len() / 2);
            }
            json = serde_json::to_string(&self)?;
        }
        Ok(commit.set_fact(FACT, json)?)
    }
}

struct Sample {
    learner: RouteLearner,
    referrers: Vec<Vec<u8>>,
}

impl Sample {
    /// Looks at the beginning of an input; says how many bytes. What cannot be read is not looked at:
    /// whoever reads it will say so.
    fn look_at(
        &mut self,
        input: &LogInput,
        format: Option<&LogFormat>,
        context: &LineContext,
        bytes: usize,
    ) -> usize {
        let Ok(opened) = input.open_sample(bytes) else {
            return 0;
        };
        let mut blocks = LineBlocks::with_block_bytes(opened, 0, bytes);
        let Ok(Some(block)) = blocks.next_block() else {
            return 0;
        };
        let format = format.cloned().or_else(|| detect(&block, context).ok());
        if let Some(format) = format {
            match parse_block(&block, &format, &mut context.clone(), self) {
                Ok(_) => {}
                Err(never) => match never {},
            }
        }
        block.bytes.len()
    }
}

impl LineSink for Sample {
    type Error = std::convert::Infallible;

    fn line(&mut self, line: &LogLine<'_>, _: u64) -> Result<Taken, Self::Error> {
        self.learner.see(&line.target);
        if self.referrers.len() < REFERRERS_MAX {
            self.referrers.push(line.referrer.to_vec());
        }
        Ok(Taken::Record)
    }

    fn reject(&mut self, _: &str, _: u64, _: u64, _: &[u8]) {}
}
