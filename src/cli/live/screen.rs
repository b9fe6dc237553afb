//! The terminal while a run is drawn on it, and as it was afterwards, however the run ends.
//!
//! In: looks. Out: cells on standard error, on the terminal's other page. Keys stay with the terminal:
//! Ctrl-C is the signal that it always was. What is typed is only not echoed into the picture.

use std::io::{self, Stderr, Write};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

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
/// What was to be printed meanwhile: the newest is drawn, and all are printed when the terminal is given
/// back.
static NOTES: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// Notes that are kept; of more the oldest are forgotten.
const NOTES_MAX: usize = 200;
/// A panic of any thread gives the terminal back before it is printed.
static HOOK: Once = Once::new();

/// The terminal, drawn on.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stderr>>,
    palette: Palette,
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
        })
    }

    /// Whether the terminal is still ours.
    pub fn is_open(&self) -> bool {
        IS_OPEN.load(SeqCst)
    }

    /// Draws a look; the size of the terminal is asked for each time. A terminal that is gone is no
    /// reason to end the run.
    pub fn show(&mut self, look: &Look) {
        if self.is_open() {
            let note = notes().last().cloned();
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
    notes.push(note.to_owned());
    true
}

fn notes() -> MutexGuard<'static, Vec<String>> {
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
    for note in notes().drain(..) {
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
