//! Which input is read next, and which must wait.
//!
//! Two inputs that begin alike may be one source: the second waits until the first is read, and then
//! finds in the ledger how far that was.

use std::collections::{HashSet, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::source::{Known, Unread};
use crate::access_log::{InputError, LogInput, Opened};
use crate::cli::exit_code::Failure;
use crate::lake::{HEAD_BYTES, Head, Ledger, Recognised, SourceState};

/// An input that may be read now.
pub struct Claim {
    pub opened: Opened,
    pub head: Head,
    pub known: Known,
}

/// The inputs of a round.
pub struct Schedule {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    waiting: VecDeque<LogInput>,
    /// The beginnings of what is being read.
    in_flight: Vec<Head>,
    ledger: Ledger,
    /// Sources whose state in the ledger is not in the lake yet.
    uncommitted: HashSet<String>,
}

impl Schedule {
    pub fn new(inputs: Vec<LogInput>, ledger: Ledger) -> Self {
        Self {
            state: Mutex::new(State {
                waiting: inputs.into(),
                in_flight: Vec::new(),
                ledger,
                uncommitted: HashSet::new(),
            }),
            changed: Condvar::new(),
        }
    }

    /// The next input that may be read, opened; waits while all that are left begin like one that
    /// is being read. `None` when there is none left.
    pub fn claim(&self) -> Option<(LogInput, Result<Claim, Unread>)> {
        let mut state = self.lock();
        loop {
            for _ in 0..state.waiting.len() {
                let input = state.waiting.pop_front()?;
                match state.try_claim(&input) {
                    Ok(Some(claim)) => return Some((input, Ok(claim))),
                    Ok(None) => state.waiting.push_back(input),
                    Err(unread) => return Some((input, Err(unread))),
                }
            }
            if state.waiting.is_empty() {
                return None;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// What was claimed with this beginning was read; `state` is the new state of its source.
    pub fn release(&self, head: &Head, state: Option<(String, SourceState)>) {
        let mut locked = self.lock();
        if let Some(index) = locked.in_flight.iter().position(|other| other == head) {
            locked.in_flight.swap_remove(index);
        }
        if let Some((source_id, state)) = state {
            locked.uncommitted.insert(source_id.clone());
            locked.ledger.put(source_id, state);
        }
        self.changed.notify_all();
    }

    /// Nothing more is to be read.
    pub fn stop(&self) {
        self.lock().waiting.clear();
        self.changed.notify_all();
    }

    /// Everything that was read before is in the lake.
    pub fn committed(&self) {
        self.lock().uncommitted.clear();
    }

    /// What was read before is void; this is what the lake has.
    pub fn start_again(&self, ledger: Ledger) {
        let mut state = self.lock();
        state.ledger = ledger;
        state.uncommitted.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn try_claim(&mut self, input: &LogInput) -> Result<Option<Claim>, Unread> {
        // Standard input cannot be opened twice, so it waits until nothing else is being read.
        if matches!(input, LogInput::Stdin(_)) && !self.in_flight.is_empty() {
            return Ok(None);
        }
        let io = |error: std::io::Error| Failure::io("read", &input.name(), &error);
        let opened = input.open().map_err(|error| match error {
            InputError::NoFile { .. } => Unread::Skipped(error.to_string()),
            error => Unread::Failed(error.into()),
        })?;
        let (head, opened) = opened.peek(HEAD_BYTES).map_err(io)?;
        let head = Head::new(head);
        if self.in_flight.iter().any(|other| begin_alike(other, &head)) {
            return Ok(None);
        }
        let known = match self.ledger.recognise(&head) {
            Recognised::Unknown => Known::New,
            Recognised::Known(id, state) | Recognised::Shorter(id, state) => Known::Source {
                id: id.to_owned(),
                state: Box::new(state.clone()),
                is_committed: !self.uncommitted.contains(id),
            },
        };
        self.in_flight.push(head.clone());
        Ok(Some(Claim {
            opened,
            head,
            known,
        }))
    }
}

/// Whether two inputs may be one source, one longer than the other; a last line may be unfinished.
fn begin_alike(one: &Head, other: &Head) -> bool {
    let (one, other) = (one.bytes(), other.bytes());
    let shorter = if one.len() < other.len() { one } else { other };
    let whole = memchr::memrchr(b'\n', shorter).map_or(shorter.len(), |end| end + 1);
    one[..whole] == other[..whole]
}
