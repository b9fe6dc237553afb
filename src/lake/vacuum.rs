//! Removing files that no commit names any more, or never did.
//!
//! In: a lake and how long a file is kept. Out: what was removed. Every file of the newest commit is left
//! alone; readers of an older commit lose its files. Of the log goes what a checkpoint has said for long.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::log_retention::expired;
use super::place::{BytesAndTime, Listed};
use super::verify::{data_files, known_files};
use super::{Lake, LakeError, io, log, rejects_folder, requests_folder};

/// How `lake vacuum` goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VacuumPlan {
    /// How long a file is kept after it was replaced by `lake compact`, or after it was written
    /// if no commit ever named it. Must be longer than any reader reads and any writer writes;
    /// 0 is right only when nobody else has the lake open.
    pub older_than: Duration,
    /// How long an entry of a log is kept after a newer checkpoint said the same.
    pub log_older_than: Duration,
    /// The present, UTC µs since 1970.
    pub now_us: i64,
    /// Only say what would be removed.
    pub is_dry_run: bool,
}

impl VacuumPlan {
    /// Files are kept for a week.
    pub const OLDER_THAN: Duration = Duration::from_secs(7 * 24 * 60 * 60);
    /// Entries of a log are kept for 30 days, as other writers of Delta tables keep them.
    pub const LOG_OLDER_THAN: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    fn kept_from_us(&self, older_than: Duration) -> i64 {
        let age_us = i64::try_from(older_than.as_micros()).unwrap_or(i64::MAX);
        self.now_us.saturating_sub(age_us)
    }
}

/// A file that was removed, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VacuumedFile {
    /// Where it was.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
}

/// Removes the files in `requests/`, `rejects/` and `_staging/` that the newest commit does not
/// name and that are old enough, in the order of the paths; then entries of the logs that a checkpoint
/// made superfluous long ago.
///
/// # Errors
/// When the log is damaged (then nothing is removed) or a file cannot be removed.
pub fn vacuum(lake: &Lake, plan: VacuumPlan) -> Result<Vec<VacuumedFile>, LakeError> {
    // The files first: what is committed after that is not in the list.
    let files = data_files(lake)?;
    let known = known_files(lake, &lake.reader()?);
    let requests = requests_folder(lake.root());
    let replaced = log::replaced(&lake.place, &requests)?;
    let kept_from_us = plan.kept_from_us(plan.older_than);
    let mut removed = Vec::new();
    for file in files.into_iter().filter(|file| !known.contains(&file.path)) {
        let Some((bytes, written_us)) = look_at(lake, &file)? else {
            continue;
        };
        let path = file.path;
        let name = path
            .strip_prefix(&requests)
            .ok()
            .and_then(|name| name.to_str());
        let replaced_ms = name.and_then(|name| replaced.get(name));
        let since_us = replaced_ms.map_or(written_us, |ms| written_us.max(ms * 1_000));
        if since_us > kept_from_us {
            continue;
        }
        removed.push(VacuumedFile { path, bytes });
    }
    let log_kept_from_us = plan.kept_from_us(plan.log_older_than);
    for table in [requests, rejects_folder(lake.root())] {
        removed.extend(expired(&lake.place, &table, log_kept_from_us)?);
    }
    if !plan.is_dry_run {
        let paths: Vec<&Path> = removed.iter().map(|file| file.path.as_path()).collect();
        lake.place
            .remove(&paths)
            .map_err(|(path, source)| io("remove", &path, source))?;
    }
    Ok(removed)
}

/// Size and time of the last write; `None` when the file is gone by now.
fn look_at(lake: &Lake, file: &Listed) -> Result<Option<BytesAndTime>, LakeError> {
    if let Some(seen) = file.seen {
        return Ok(Some(seen));
    }
    match lake.place.look_at(&file.path) {
        Ok(seen) => Ok(Some(seen)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(io("look at", &file.path, source)),
    }
}
