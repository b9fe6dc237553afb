//! What `lake verify` can find.

use std::fmt;
use std::path::PathBuf;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A file that the log names cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A file is not what the log, its footer or its name says.
    Differs {
        /// The file.
        path: PathBuf,
        /// What is compared, e.g. `rows`.
        what: &'static str,
        /// What is said of it.
        expected: String,
        /// What it has.
        found: String,
    },
    /// Counts of a source do not add up.
    NotConserved {
        /// The source.
        source_id: String,
        /// What does not add up.
        why: String,
    },
    /// The newest entry of the table's log is not whole, or does not fit the files.
    LogEntry {
        /// Number of the entry.
        version: u64,
        /// What is wrong.
        why: String,
    },
    /// An entry of the table's log is missing between others.
    LogGap {
        /// Number of the missing entry.
        version: u64,
    },
    /// The table of rejected lines is not what the ledger says; other engines see too few or too many
    /// of them, this program does not.
    RejectTable {
        /// Files that it lacks.
        missing: usize,
        /// Files that it should not show.
        unknown: usize,
    },
    /// A file that no commit names; harmless here, counted twice by a plain glob.
    Orphan {
        /// The file.
        path: PathBuf,
    },
}

impl Finding {
    /// Whether numbers may be wrong; an orphan only wastes space, and a table that is behind is made
    /// equal by the next ingest.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        !matches!(self, Finding::Orphan { .. } | Finding::RejectTable { .. })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Unreadable { path, why } => {
                write!(formatter, "unreadable: `{}`: {why}", path.display())
            }
            Finding::Differs {
                path,
                what,
                expected,
                found,
            } => write!(
                formatter,
                "differs: `{}`: {what} should be {expected}, found {found}",
                path.display()
            ),
            Finding::NotConserved { source_id, why } => {
                write!(formatter, "not conserved: source {source_id}: {why}")
            }
            Finding::LogEntry { version, why } => {
                write!(formatter, "log entry {version} is damaged: {why}")
            }
            Finding::LogGap { version } => {
                write!(formatter, "log entry {version} is missing")
            }
            Finding::RejectTable { missing, unknown } => write!(
                formatter,
                "behind: the table `rejects/` lacks {missing} files and shows {unknown} too many (left by an interrupted run; the next `firedrill ingest` mends it)"
            ),
            Finding::Orphan { path } => write!(
                formatter,
                "orphan: `{}` belongs to no commit (left by an interrupted run; `firedrill lake vacuum` removes it)",
                path.display()
            ),
        }
    }
}
