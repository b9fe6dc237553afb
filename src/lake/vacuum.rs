//! Removing files that no commit names any more, or never did.
//!
//! In: a lake and how long a file is kept. Out: what was removed. The log and every file of the
//! newest commit are left alone; readers of an older commit lose its files.

use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use super::verify::{data_files, known_files};
use super::{Lake, LakeError, io, log, requests_folder};

/// How `lake vacuum` goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VacuumPlan {
    /// How long a file is kept after it was replaced by `lake compact`, or after it was written
    /// if no commit ever named it. Must be longer than any reader reads and any writer writes;
    /// 0 is right only when nobody else has the lake open.
    pub older_than: Duration,
    /// The present, UTC µs since 1970.
    pub now_us: i64,
    /// Only say what would be removed.
    pub is_dry_run: bool,
}

impl VacuumPlan {
    /// Files are kept for a week.
    pub const OLDER_THAN: Duration = Duration::from_secs(7 * 24 * 60 * 60);
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
/// name and that are old enough; in the order of the paths.
///
/// # Errors
/// When the log is damaged (then nothing is removed) or a file cannot be removed.
pub fn vacuum(lake: &Lake, plan: VacuumPlan) -> Result<Vec<VacuumedFile>, LakeError> {
    // The files first: what is committed after that is not in the list.
    let files = data_files(lake)?;
    let known = known_files(lake, &lake.reader()?);
    let requests = requests_folder(lake.root());
    let replaced = log::replaced(&requests)?;
    let kept_from_us = plan
        .now_us
        .saturating_sub(i64::try_from(plan.older_than.as_micros()).unwrap_or(i64::MAX));
    let mut removed = Vec::new();
    for path in files.into_iter().filter(|path| !known.contains(path)) {
        let Some((bytes, written_us)) = look_at(&path)? else {
            continue;
        };
        let name = path
            .strip_prefix(&requests)
            .ok()
            .and_then(|name| name.to_str());
        let replaced_ms = name.and_then(|name| replaced.get(name));
        let since_us = replaced_ms.map_or(written_us, |ms| written_us.max(ms * 1_000));
        if since_us > kept_from_us {
            continue;
        }
        if !plan.is_dry_run {
            std::fs::remove_file(&path).map_err(|source| io("remove", &path, source))?;
        }
        removed.push(VacuumedFile { path, bytes });
    }
    Ok(removed)
}

/// Size and time of the last write; `None` when the file is gone by now.
fn look_at(path: &std::path::Path) -> Result<Option<(u64, i64)>, LakeError> {
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(io("look at", path, source)),
    };
    let written = metadata
        .modified()
        .map_err(|source| io("look at", path, source))?;
    let since = written.duration_since(UNIX_EPOCH).unwrap_or_default();
    let written_us = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
    Ok(Some((metadata.len(), written_us)))
}
