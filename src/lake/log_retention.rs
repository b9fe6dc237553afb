//! Entries of a table's log that nobody reads any more: a newer checkpoint says all that they say.
//!
//! In: the folder of a table and how long entries are kept. Out: the files that may go, oldest first. The
//! newest checkpoint that is old enough, its own entry and everything after it stay, so every reader that
//! began since then finds what it began with. The same rule as `delta.logRetentionDuration` of the Delta
//! protocol.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::place::{Listed, Place};
use super::{LakeError, VacuumedFile, io};

/// What a file of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LogFile {
    Entry(u64),
    Checkpoint(u64),
}

impl LogFile {
    /// `None` for whatever else there is, which is left alone.
    fn of(name: &str) -> Option<Self> {
        let (number, rest) = name.split_once('.')?;
        if number.len() != 20 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number = number.parse().ok()?;
        match rest {
            "json" => Some(Self::Entry(number)),
            "checkpoint.parquet" => Some(Self::Checkpoint(number)),
            _ => None,
        }
    }

    fn version(self) -> u64 {
        match self {
            Self::Entry(version) | Self::Checkpoint(version) => version,
        }
    }
}

/// A file of the log with its size and time, UTC µs since 1970.
#[derive(Debug, Clone)]
struct Seen {
    file: LogFile,
    path: PathBuf,
    bytes: u64,
    written_us: i64,
}

/// The files of the log of the table in `table` that may go, when those written until `kept_from_us` are old.
///
/// # Errors
/// When the log cannot be listed.
pub fn expired(
    place: &Place,
    table: &Path,
    kept_from_us: i64,
) -> Result<Vec<VacuumedFile>, LakeError> {
    let folder = table.join("_delta_log");
    let listed = place
        .list(&folder)
        .map_err(|source| io("list", &folder, source))?;
    let mut all = Vec::new();
    for Listed { path, seen } in listed {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Some(file) = LogFile::of(&name) else {
            continue;
        };
        let seen = match seen {
            Some(seen) => Ok(seen),
            None => place.look_at(&path),
        };
        let (bytes, written_us) = seen.map_err(|source| io("look at", &path, source))?;
        all.push(Seen {
            file,
            path,
            bytes,
            written_us,
        });
    }
    Ok(expired_of(all, kept_from_us))
}

fn expired_of(all: Vec<Seen>, kept_from_us: i64) -> Vec<VacuumedFile> {
    let is_old = |seen: &Seen| seen.written_us <= kept_from_us;
    let checkpoints = all
        .iter()
        .filter(|seen| matches!(seen.file, LogFile::Checkpoint(_)) && is_old(seen));
    let Some(first_kept) = checkpoints.map(|seen| seen.file.version()).max() else {
        return Vec::new();
    };
    let mut by_version: BTreeMap<u64, Vec<Seen>> = BTreeMap::new();
    for seen in all
        .into_iter()
        .filter(|seen| seen.file.version() < first_kept)
    {
        by_version
            .entry(seen.file.version())
            .or_default()
            .push(seen);
    }
    // From the oldest on, without gaps: a clock that was wrong once keeps what is after it.
    let old = by_version
        .into_values()
        .take_while(|files| files.iter().all(is_old));
    let old = old.flatten().map(|seen| VacuumedFile {
        path: seen.path,
        bytes: seen.bytes,
    });
    old.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(name: &str, written_us: i64) -> Seen {
        Seen {
            file: LogFile::of(name).unwrap(),
            path: PathBuf::from(name),
            bytes: 1,
            written_us,
        }
    }

    /// An entry a microsecond, and a checkpoint with every third.
    fn log() -> Vec<Seen> {
        let entries = (0..10).map(|number| seen(&format!("{number:020}.json"), number));
        let checkpoints = [3, 6, 9];
        let checkpoints =
            checkpoints.map(|number| seen(&format!("{number:020}.checkpoint.parquet"), number));
        entries.chain(checkpoints).collect()
    }

    fn versions(files: &[VacuumedFile]) -> Vec<u64> {
        let names = files
            .iter()
            .map(|file| file.path.to_string_lossy().into_owned());
        names
            .map(|name| LogFile::of(&name).unwrap().version())
            .collect()
    }

    #[test]
    fn what_is_before_the_newest_old_checkpoint_goes() {
        for (kept_from_us, gone) in [
            (-1, vec![]),
            (2, vec![]),
            (3, vec![0, 1, 2]),
            (5, vec![0, 1, 2]),
            (6, vec![0, 1, 2, 3, 3, 4, 5]),
            (99, vec![0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8]),
        ] {
            assert_eq!(
                versions(&expired_of(log(), kept_from_us)),
                gone,
                "{kept_from_us}"
            );
        }
    }

    #[test]
    fn an_entry_with_a_wrong_time_keeps_those_after_it() {
        let mut files = log();
        files[1].written_us = 1_000;
        assert_eq!(versions(&expired_of(files, 99)), [0]);
    }

    #[test]
    fn only_entries_and_whole_checkpoints_are_known() {
        for name in [
            "_last_checkpoint",
            "00000000000000000003.crc",
            "00000000000000000003.checkpoint.0000000001.0000000002.parquet",
            "3.json",
            "0000000000000000000x.json",
        ] {
            assert_eq!(LogFile::of(name), None, "{name}");
        }
    }
}
