//! What another engine is asked to count.
//!
//! In: a lake as of one commit. Out: the parts to be counted and the cuts, under a name that every row of
//! the answer carries. The lake keeps it, so that the answer is understood whenever it comes.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::lake::{Lake, LakeError, LakeReader, PartFile};
use crate::rollup::kept::kept;
use crate::rollup::plan::is_inside_bucket;

/// What the names of kept jobs begin with.
pub const JOB_PREFIX: &str = "job-";
/// The job of a question about some of the requests, whose answer is not kept.
pub const SELECTION_JOB: &str = "selection";
/// Version of a kept job; others are not read.
const VERSION: u32 = 1;

/// Which parts are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobParts {
    /// Every part of the lake.
    All,
    /// Those that were not counted yet, by anybody.
    Uncounted,
}

/// What another engine is asked to count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountJob {
    version: u32,
    /// Its name: parts and cuts, hashed.
    pub id: String,
    /// Number of the commit at which the lake was looked at.
    pub lake_version: u64,
    /// Names of the parts, ascending.
    pub parts: Vec<String>,
    /// Rows of these parts, as the log has them.
    pub rows: u64,
    /// Latency cuts that lie inside of a bucket, so that the bucket's count does not tell them; µs,
    /// ascending.
    pub cuts_us: Vec<u64>,
}

impl CountJob {
    /// The job of counting these parts of a lake; of the cuts only those are asked for that buckets do
    /// not tell.
    #[must_use]
    pub fn new(lake: &Lake, reader: &LakeReader, parts: JobParts, cuts_us: &[u64]) -> Self {
        let counted: HashSet<String> = match parts {
            JobParts::All => HashSet::new(),
            JobParts::Uncounted => {
                let batches = kept(lake, reader).into_iter();
                batches.flat_map(|batch| batch.parts).collect()
            }
        };
        let wanted: Vec<&PartFile> = reader
            .files()
            .iter()
            .filter(|part| !counted.contains(&part.name()))
            .collect();
        let mut names: Vec<String> = wanted.iter().map(|part| part.name()).collect();
        names.sort_unstable();
        let mut cuts_us: Vec<u64> = cuts_us
            .iter()
            .copied()
            .filter(|cut_us| is_inside_bucket(*cut_us))
            .collect();
        cuts_us.sort_unstable();
        cuts_us.dedup();
        Self {
            version: VERSION,
            id: id_of(&names, &cuts_us),
            lake_version: reader.version(),
            rows: wanted.iter().map(|part| part.records).sum(),
            parts: names,
            cuts_us,
        }
    }

    /// Whether there is nothing to count.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Keeps it in the lake; until then an answer is not understood.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn keep(&self, lake: &Lake) -> Result<(), LakeError> {
        // Texts and numbers are always JSON.
        let json = serde_json::to_string(self).unwrap_or_default();
        lake.write_derived_text(&format!("{JOB_PREFIX}{}.json", self.id), &json)
    }

    /// The kept job of that name.
    #[must_use]
    pub fn find(lake: &Lake, id: &str) -> Option<Self> {
        // The name comes from a file of others, and becomes part of a path.
        let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| Self::named(lake, &format!("{JOB_PREFIX}{id}.json")))?
    }

    /// The job that is kept under the name of a derived file.
    pub(in crate::rollup) fn named(lake: &Lake, name: &str) -> Option<Self> {
        if !name.starts_with(JOB_PREFIX) {
            return None;
        }
        let job: Self = serde_json::from_str(&lake.read_derived_text(name)?).ok()?;
        (job.version == VERSION && job.id == id_of(&job.parts, &job.cuts_us)).then_some(job)
    }
}

fn id_of(parts: &[String], cuts_us: &[u64]) -> String {
    let cuts: Vec<String> = cuts_us.iter().map(u64::to_string).collect();
    let text = format!("{}\n\n{}", parts.join("\n"), cuts.join("\n"));
    blake3::hash(text.as_bytes()).to_hex()[..16].to_owned()
}
