//! The terminal while a run is drawn on it, and as it was afterwards, however the run ends.
//!
//! In: looks. Out: cells on standard error, on the terminal's other page. Keys stay with the terminal:
//! Ctrl-C is the signal that it always was. What is typed is only not echoed into the picture.

use std::io::{self, Stderr, Write};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::draw::{Palette, draw};
use super::look::Look;

/// Whether the terminal is ours.
static IS_OPEN: AtomicBool = AtomicBool::new(false);
/// How keys were treated before.
static KEYS: Mutex<Option<Termios>> = Mutex::new(None);
/// What was to be printed meanwhile, and when: the newest are drawn, and all are printed when the terminal
/// is given back.
static NOTES: Mutex<Vec<(Instant, String)>> = Mutex::new(Vec::new());
/// How long a note stands first, whatever else was said.
const NOTE_FIRST: Duration = Duration::from_secs(2);
/// Notes with such a word then stand before others.
const URGENT: [&str; 2] = ["FAILED", "NOT UNDONE"];
/// How long a note is drawn.
const NOTE_SHOWN: Duration = Duration::from_secs(8);
/// Notes that are kept; of more the oldest are forgotten.
const NOTES_MAX: usize = 200;
/// A panic of any thread gives the terminal back before it is printed.
static HOOK: Once = Once::new();

/// The terminal, drawn on.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stderr>>,
    palette: Palette,
    /// When the newest note that is drawn was said.
    drawn_note_at: Option<Instant>,
}

impl Screen {
    /// Takes the terminal; `None` where it cannot be drawn on after all.
    pub fn open(is_colored: bool) -> Option<Self> {
        HOOK.call_once(|| {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |panicked| {
                restore();
                before(panicked);
            }));
        });
        let terminal = Terminal::new(CrosstermBackend::new(io::stderr())).ok()?;
        IS_OPEN.store(true, SeqCst);
        stop_echo();
        if execute!(io::stderr(), EnterAlternateScreen, Hide).is_err() {
            restore();
            return None;
        }
        Some(Self {
            terminal,
            palette: Palette { is_colored },
            drawn_note_at: None,
        })
    }

    /// Whether the terminal is still ours.
    pub fn is_open(&self) -> bool {
        IS_OPEN.load(SeqCst)
    }

    /// Whether something was said that is not drawn yet.
    pub fn has_news(&self) -> bool {
        last_note_at() != self.drawn_note_at
    }

    /// Draws a look; the size of the terminal is asked for each time. A terminal that is gone is no
    /// reason to end the run.
    pub fn show(&mut self, look: &Look) {
        if self.is_open() {
            self.drawn_note_at = last_note_at();
            let note = newest_notes();
            let palette = self.palette;
            let _ = self
                .terminal
                .draw(|frame| draw(frame, look, note.as_deref(), palette));
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Keeps a line that must not be printed into the picture; `false` where there is none, and it can be
/// printed.
pub fn hold(note: &str) -> bool {
    if !IS_OPEN.load(SeqCst) {
        return false;
    }
    let mut notes = notes();
    if notes.len() == NOTES_MAX {
        notes.remove(0);
    }
    notes.push((Instant::now(), note.to_owned()));
    true
}

/// What was said in the last seconds: the newest first, then what is urgent.
fn newest_notes() -> Option<String> {
    let notes = notes();
    let newest = notes.iter().rev();
    let mut newest: Vec<(Duration, &str)> = newest
        .map(|(at, note)| (at.elapsed(), note.as_str()))
        .take_while(|(age, _)| *age < NOTE_SHOWN)
        .collect();
    let is_urgent = |note: &str| URGENT.iter().any(|word| note.contains(word));
    newest.sort_by_key(|(age, note)| (*age >= NOTE_FIRST, *age >= NOTE_FIRST && !is_urgent(note)));
    let newest: Vec<&str> = newest.into_iter().map(|(_, note)| note).collect();
    (!newest.is_empty()).then(|| newest.join("  ·  "))
}

/// When something was said last.
fn last_note_at() -> Option<Instant> {
    notes().last().map(|(at, _)| *at)
}

fn notes() -> MutexGuard<'static, Vec<(Instant, String)>> {
    NOTES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives the terminal back, if it is ours; may be called at any time, by any thread.
pub fn restore() {
    if !IS_OPEN.swap(false, SeqCst) {
        return;
    }
    // Nobody is left to tell when even that fails.
    let _ = execute!(io::stderr(), Show, LeaveAlternateScreen);
    let keys = KEYS.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(keys) = keys {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &keys);
    }
    for (_, note) in notes().drain(..) {
        let _ = writeln!(io::stderr(), "{note}");
    }
}

/// Where standard input is no terminal, nothing is echoed.
fn stop_echo() {
    let Ok(before) = tcgetattr(io::stdin()) else {
        return;
    };
    let mut quiet = before.clone();
    quiet.local_modes.remove(LocalModes::ECHO);
    if tcsetattr(io::stdin(), OptionalActions::Now, &quiet).is_ok() {
        *KEYS.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
    }
}
