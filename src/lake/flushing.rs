//! A file on its way to the disk, while whoever wrote it goes on with the next one.
//!
//! In: a file that is written. Out: the word of the operating system that it is on the disk (fsync),
//! which a commit waits for before it names the file. A parser that waits here itself leaves its core
//! idle for some milliseconds per part.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};
use std::thread;

use super::LakeError;

/// Files that are flushed at once. They wait for the disk, not for a core.
const FLUSHED_AT_ONCE: usize = 4;

/// Where files go that are to be flushed; nowhere when no thread could be started.
static FLUSHES: LazyLock<Sender<Flush>> = LazyLock::new(start);

type Outcome = Arc<OnceLock<io::Result<()>>>;

struct Flush {
    file: File,
    outcome: Outcome,
}

/// A flush that was begun.
#[derive(Debug)]
pub struct Flushing {
    path: PathBuf,
    outcome: Outcome,
}

impl Flushing {
    /// Flushes the file at `path` beside the caller.
    pub fn begin(file: File, path: PathBuf) -> Self {
        let outcome = Outcome::default();
        let flush = Flush {
            file,
            outcome: Arc::clone(&outcome),
        };
        if let Err(refused) = FLUSHES.send(flush) {
            refused.0.run();
        }
        Self { path, outcome }
    }

    /// That of a file which is on its way to another place: there it counts, not here.
    pub fn none(path: PathBuf) -> Self {
        let outcome = Outcome::default();
        // Nobody else sets it.
        let _ = outcome.set(Ok(()));
        Self { path, outcome }
    }

    /// Waits until the file is on the disk.
    pub fn wait(&self) -> Result<(), LakeError> {
        match self.outcome.wait() {
            Ok(()) => Ok(()),
            Err(refusal) => Err(super::io("write", &self.path, again(refusal))),
        }
    }
}

impl Flush {
    fn run(self) {
        // Nobody else sets it.
        let _ = self.outcome.set(self.file.sync_all());
    }
}

fn start() -> Sender<Flush> {
    let (sender, receiver) = channel();
    let receiver = Arc::new(Mutex::new(receiver));
    for _ in 0..FLUSHED_AT_ONCE {
        let receiver = Arc::clone(&receiver);
        let thread = thread::Builder::new().name("flusher".to_owned());
        // Fewer of them flush all the same, and without any the writer does it itself.
        let _ = thread.spawn(move || {
            while let Some(flush) = next(&receiver) {
                flush.run();
            }
        });
    }
    sender
}

fn next(receiver: &Mutex<Receiver<Flush>>) -> Option<Flush> {
    let receiver = receiver.lock().unwrap_or_else(PoisonError::into_inner);
    receiver.recv().ok()
}

/// The same refusal once more: [`io::Error`] is no `Clone`.
fn again(refusal: &io::Error) -> io::Error {
    match refusal.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::from(refusal.kind()),
    }
}
