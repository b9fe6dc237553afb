//! `ingest --follow`: growing and rotating logs, until Ctrl-C.
//!
//! The files are looked at every so often, and what is new is committed. A file that was rotated away
//! is read to its end through the handle that was kept, before its successor. What happens while
//! nobody follows is read the next time: positions are in the lake, not here.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use indicatif::ProgressBar;

use super::round::Outcome;
use super::{read_and_commit, settings, summary};
use crate::access_log::{InputError, LineContext, LogFormat, LogInput, find_inputs};
use crate::cli::arguments::{GlobalArguments, IngestArguments};
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::terminal::Terminal;
use crate::lake::Lake;
use crate::report::text;
use crate::route::RouteTemplate;

/// How often a wish to stop is looked for.
const STOP_POLL: Duration = Duration::from_millis(100);
/// Two signals within this time are one wish.
const SIGNAL_TWICE: Duration = Duration::from_secs(1);
/// A file that was rotated away may be written to for so many more looks: servers go on with the old
/// one until they are told of the new.
const LOOKS_AFTER_ROTATION: u32 = 6;

/// Runs `ingest --follow`.
pub fn run(
    arguments: &IngestArguments,
    format: Option<LogFormat>,
    context: LineContext,
    templates: Vec<RouteTemplate>,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    if arguments.paths.iter().any(|path| path.as_os_str() == "-") {
        return Err(Failure::usage(
            "--follow: standard input has one end only (hint: name the file)",
        ));
    }
    let lake = Lake::open_or_create(&global.lake)?;
    let stop = stop_on_signal()?;
    let mut files = FollowedFiles::default();
    let first = files.changed(inputs(&arguments.paths, true)?);
    let settings = settings(arguments, format, context, templates, &first, &lake)?;
    let hidden = ProgressBar::hidden();
    let mut changed = first;
    let mut failed = None;
    let mut records = 0;
    terminal.note(&format!(
        "following {} files, a look every {}; Ctrl-C ends it",
        text::count(files.files.len() as u64),
        arguments.every
    ));
    loop {
        let is_last = stop.load(Ordering::Relaxed);
        if !changed.is_empty() {
            let outcome = read_and_commit(changed, &settings, &hidden, terminal)?;
            records += outcome
                .sources
                .iter()
                .map(|source| source.counts.records)
                .sum::<u64>();
            failed = failed.max(announce(outcome, terminal)?);
        }
        if is_last {
            terminal.note(&format!(
                "ended; {} records were added",
                text::count(records)
            ));
            return Ok(failed.unwrap_or(ExitCode::Ok));
        }
        wait(arguments.every.as_duration(), &stop);
        changed = files.changed(inputs(&arguments.paths, false)?);
    }
}

fn stop_on_signal() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    let mut first: Option<Instant> = None;
    ctrlc::set_handler(move || {
        asked.store(true, Ordering::Relaxed);
        // The second time there is no patience left; what is committed is kept. Some programs signal
        // a process twice at once, itself and its group.
        if first.get_or_insert_with(Instant::now).elapsed() > SIGNAL_TWICE {
            std::process::exit(i32::from(ExitCode::Stopped.number()));
        }
    })
    .map_err(|error| {
        Failure::new(
            ExitCode::Internal,
            format!("cannot listen for Ctrl-C: {error}"),
        )
    })?;
    Ok(stop)
}

/// What `paths` name at this moment. A log that is being rotated may be missing for a moment.
fn inputs(paths: &[PathBuf], is_first: bool) -> Result<Vec<LogInput>, Failure> {
    let mut inputs = Vec::new();
    for path in paths {
        match find_inputs(std::slice::from_ref(path)) {
            Ok(found) => inputs.extend(found),
            Err(InputError::Missing(_) | InputError::NoMatch(_) | InputError::EmptyFolder(_))
                if !is_first => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(inputs)
}

fn wait(every: Duration, stop: &AtomicBool) {
    let until = Instant::now() + every;
    while !stop.load(Ordering::Relaxed) {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        thread::sleep(left.min(STOP_POLL));
    }
}

/// Prints what a look at the files brought, if anything; says with which code something failed.
fn announce(outcome: Outcome, terminal: &Terminal) -> Result<Option<ExitCode>, Failure> {
    let mut outcome = outcome;
    let failures = outcome.take_failures();
    outcome.sources.retain(|source| source.state.is_some());
    outcome.skipped.clear();
    if terminal.is_json && !outcome.sources.is_empty() {
        summary::print(&outcome, &failures, 0.0, terminal)?;
    } else {
        for source in &outcome.sources {
            let counts = source.counts;
            let path = text::harmless(&source.path);
            terminal.note(&format!(
                "{path}: {} lines = {} records + {} rejected + {} blank + {} already ingested",
                text::count(counts.lines),
                text::count(counts.records),
                text::count(counts.rejected),
                text::count(counts.blank),
                text::count(counts.duplicates)
            ));
        }
    }
    for failure in &failures {
        terminal.error(&failure.message);
    }
    Ok(failures.iter().map(|failure| failure.code).max())
}

/// The files that are followed, each with the handle that outlives its name.
#[derive(Default)]
struct FollowedFiles {
    files: HashMap<PathBuf, Followed>,
    rotated: Vec<Rotated>,
}

/// A file whose name belongs to another one now.
struct Rotated {
    path: PathBuf,
    file: Arc<File>,
    bytes: u64,
    looks_left: u32,
}

struct Followed {
    file: Arc<File>,
    identity: Identity,
    bytes: u64,
    modified: Option<SystemTime>,
}

/// What tells one file from another under the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity(u64, u64);

impl Identity {
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(metadata.dev(), metadata.ino())
    }

    #[cfg(not(unix))]
    fn of(_: &Metadata) -> Self {
        Self(0, 0)
    }
}

impl FollowedFiles {
    /// Rotated files that were still written to since the last look.
    fn rotated_changed(&mut self) -> Vec<LogInput> {
        let mut changed = Vec::new();
        self.rotated.retain_mut(|rotated| {
            let bytes = length(&rotated.file);
            if bytes != rotated.bytes {
                rotated.bytes = bytes;
                let file = Arc::clone(&rotated.file);
                changed.push(LogInput::Rotated(rotated.path.clone(), file));
            }
            rotated.looks_left -= 1;
            rotated.looks_left > 0
        });
        changed
    }

    /// Those of `inputs` that may have something new, the rest of a rotated file before its successor.
    fn changed(&mut self, inputs: Vec<LogInput>) -> Vec<LogInput> {
        let mut changed = self.rotated_changed();
        for input in inputs {
            let Some(path) = input.path().map(Path::to_owned) else {
                continue;
            };
            // A file that vanished since it was found is looked for again the next time.
            let Ok((file, metadata)) = open(&path) else {
                continue;
            };
            let identity = Identity::of(&metadata);
            let bytes = metadata.len();
            let modified = metadata.modified().ok();
            if let Some(known) = self.files.get_mut(&path)
                && known.identity == identity
            {
                // A file that was truncated may have grown to the same length again.
                if known.bytes == bytes && known.modified == modified {
                    continue;
                }
                known.bytes = bytes;
                known.modified = modified;
            } else {
                let followed = Followed {
                    file: Arc::new(file),
                    identity,
                    bytes,
                    modified,
                };
                if let Some(before) = self.files.insert(path.clone(), followed) {
                    changed.push(LogInput::Rotated(path.clone(), Arc::clone(&before.file)));
                    self.rotated.push(Rotated {
                        path,
                        bytes: length(&before.file),
                        file: before.file,
                        looks_left: LOOKS_AFTER_ROTATION,
                    });
                }
            }
            // A file that was just made has nothing to say yet.
            if bytes > 0 {
                changed.push(input);
            }
        }
        changed
    }
}

fn length(file: &File) -> u64 {
    file.metadata().map_or(0, |metadata| metadata.len())
}

fn open(path: &Path) -> std::io::Result<(File, Metadata)> {
    // To open a pipe would be to wait for its writer.
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::ErrorKind::Unsupported.into());
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    Ok((file, metadata))
}
