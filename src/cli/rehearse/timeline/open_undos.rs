//! What is on and not undone yet: named where nobody will undo it any more.
//!
//! In: what begins, and what was undone. Out: words for the operator whose second Ctrl-C ends the process;
//! and a file beside the lake while something is on, of which the next rehearsal tells when the process was
//! killed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::cli::terminal::Terminal;
use crate::lake::Lake;

/// How the names of such files end.
const ENDING: &str = "not-undone";
/// Of a longer file no more is shown.
const SHOWN_CHARACTERS_MAX: usize = 2_000;

/// Entries that have begun and are not undone.
#[derive(Debug)]
pub struct OpenUndos {
    file: PathBuf,
    open: Mutex<BTreeMap<usize, String>>,
}

impl OpenUndos {
    /// None yet; those of the run are kept in a file beside the lake.
    pub fn new(lake: &Lake, run_id: &str) -> Self {
        Self {
            file: lake.folder_beside().join(format!("{run_id}.{ENDING}")),
            open: Mutex::default(),
        }
    }

    /// The entry at `index` of the timeline is on from now on; `words` say what it is and how to undo it.
    pub fn begin(&self, index: usize, words: String) {
        let mut open = self.open();
        open.insert(index, words);
        self.keep(&open);
    }

    /// It was undone, or that failed and was said.
    pub fn end(&self, index: usize) {
        let mut open = self.open();
        if open.remove(&index).is_some() {
            self.keep(&open);
        }
    }

    /// What is on, a line for each.
    pub fn words(&self) -> Vec<String> {
        self.open().values().cloned().collect()
    }

    /// The file is for the worst case only: a disk that refuses it stops no drill.
    fn keep(&self, open: &BTreeMap<usize, String>) {
        let _ = match open.is_empty() {
            true => std::fs::remove_file(&self.file),
            false => {
                let lines = open.values().map(|words| format!("{words}\n"));
                std::fs::write(&self.file, lines.collect::<String>())
            }
        };
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<usize, String>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says what rehearsals on this lake left on that were killed.
pub fn warn_of_left_on(lake: &Lake, terminal: &Terminal) {
    for file in left_on(lake.folder_beside()) {
        let Ok(words) = std::fs::read_to_string(&file) else {
            continue;
        };
        let words: String = words.chars().take(SHOWN_CHARACTERS_MAX).collect();
        terminal.note(&format!(
            "a rehearsal was killed, unless it still goes on, before it undid (hint: undo it, then remove `{}`):\n{}",
            file.display(),
            words.trim_end()
        ));
    }
}

/// The files of killed rehearsals, by name.
fn left_on(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path());
    let mut files: Vec<PathBuf> = files
        .filter(|file| file.extension().is_some_and(|ending| ending == ENDING))
        .collect();
    files.sort();
    files
}
