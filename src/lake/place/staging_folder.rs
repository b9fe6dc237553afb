//! Where files are written that are to be uploaded: a folder of this process alone.
//!
//! In: the system's temporary folder. Out: a folder in it that nobody else can read, removed when the lake is
//! closed. What a process left that was killed, the next one removes: a lock, which ends with its process,
//! says whose folder is still in use.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// What the names of these folders begin with; process and number follow.
const NAME: &str = "firedrill-staging-";
/// The file in it that its process has locked.
const LOCK: &str = "lock";

/// A folder for staged files.
#[derive(Debug)]
pub struct StagingFolder {
    /// Where it is.
    pub path: PathBuf,
    _lock: File,
}

impl StagingFolder {
    /// A fresh one, below `parent`.
    pub fn new(parent: &Path) -> io::Result<Self> {
        remove_abandoned(parent);
        let process = std::process::id();
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let mut index = 0_u32;
        loop {
            let path = parent.join(format!("{NAME}{process}-{index}"));
            match builder.create(&path) {
                Ok(()) => {
                    let lock = File::create(path.join(LOCK))?;
                    // Where a file system has no locks, nobody else can take this one either.
                    let _ = lock.try_lock();
                    // Whoever tidied up between the two has taken it for abandoned.
                    if path.join(LOCK).exists() {
                        return Ok(Self { path, _lock: lock });
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
            index += 1;
        }
    }
}

impl Drop for StagingFolder {
    fn drop(&mut self) {
        // What cannot be removed counts for nothing, and the next process tries again.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Best effort: folders of others cannot be removed, and need not be.
fn remove_abandoned(parent: &Path) {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    for entry in entries {
        if !entry.file_name().to_string_lossy().starts_with(NAME) {
            continue;
        }
        let lock = File::options().write(true).open(entry.path().join(LOCK));
        if lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_is_in_use_stays() {
        let parent = std::env::temp_dir().join(format!("staging-test-{}", std::process::id()));
        let abandoned = parent.join(format!("{NAME}1-0"));
        std::fs::create_dir_all(&abandoned).unwrap();
        std::fs::write(abandoned.join(LOCK), "").unwrap();
        std::fs::write(abandoned.join("part"), "x").unwrap();
        let one = StagingFolder::new(&parent).unwrap();
        assert!(!abandoned.exists());
        let other = StagingFolder::new(&parent).unwrap();
        assert_ne!(one.path, other.path);
        assert!(one.path.exists() && other.path.exists());
        let path = one.path.clone();
        drop(one);
        assert!(!path.exists());
        drop(other);
        std::fs::remove_dir(&parent).unwrap();
    }
}
