//! How the operator says that an announcement was passed on: a key in the terminal, or a file.

use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::cli::terminal::Terminal;

/// Between two looks for a file.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// What is waiting to be confirmed, and what was.
#[derive(Debug)]
pub struct Confirmations {
    folder: Option<PathBuf>,
    has_keys: bool,
    board: Mutex<Board>,
}

#[derive(Debug, Default)]
struct Board {
    /// Names of entries, the oldest first.
    waiting: Vec<String>,
    confirmed: BTreeMap<String, Instant>,
}

impl Confirmations {
    /// Confirmations by files in `folder`, and by keys where somebody sits at a terminal.
    pub fn new(folder: Option<&Path>) -> Arc<Self> {
        Arc::new(Self {
            folder: folder.map(Path::to_owned),
            has_keys: std::io::stdin().is_terminal(),
            board: Mutex::default(),
        })
    }

    /// Reads the terminal from now on, on a thread that ends with the process.
    pub fn listen(self: &Arc<Self>, terminal: Terminal) {
        if !self.has_keys {
            return;
        }
        let confirmations = Arc::clone(self);
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                if let Some(refusal) = confirmations.hear(&line) {
                    terminal.note(&refusal);
                }
            }
        });
    }

    /// Enter confirms the oldest announcement, a name that one; says why where it confirms none.
    fn hear(&self, line: &str) -> Option<String> {
        let name = line.trim();
        let mut board = self.board();
        let found = board
            .waiting
            .iter()
            .position(|waiting| name.is_empty() || waiting == name);
        if let Some(index) = found {
            let name = board.waiting.remove(index);
            board.confirmed.insert(name, Instant::now());
            return None;
        }
        Some(
            match (board.waiting.is_empty(), board.confirmed.is_empty()) {
                (true, true) => "nothing waits to be confirmed yet".to_owned(),
                (true, false) => "nothing waits to be confirmed any more".to_owned(),
                (false, _) => {
                    let waiting = board.waiting.join(", ");
                    format!("nothing called `{name}` waits to be confirmed, only: {waiting}")
                }
            },
        )
    }

    /// Whether anybody can confirm anything.
    pub fn can_be_made(&self) -> bool {
        self.has_keys || self.folder.is_some()
    }

    /// How to confirm the entry, in words.
    pub fn how(&self, id: &str) -> String {
        let file = self.file(id);
        match (self.has_keys, file) {
            (true, None) => "press Enter when it is done".to_owned(),
            (true, Some(file)) => {
                format!("press Enter when it is done, or make {}", file.display())
            }
            (false, Some(file)) => format!("make {} when it is done", file.display()),
            (false, None) => "nobody can confirm it: no terminal, no --confirm-dir".to_owned(),
        }
    }

    /// When the file that confirms an entry was made, if it is there already: before the entry was announced
    /// it confirms nothing.
    pub fn made_early(&self, id: &str) -> Option<SystemTime> {
        made_at(&self.file(id)?)
    }

    /// When the entry was confirmed; returns as soon as it is. A file of the time `early` is no
    /// confirmation until it is made anew: times are only compared with each other, so it does not matter
    /// whose clock the file has.
    pub async fn confirmed(&self, id: &str, mut early: Option<SystemTime>) -> Instant {
        self.board().waiting.push(id.to_owned());
        let file = self.file(id);
        loop {
            if let Some(at) = self.board().confirmed.get(id) {
                return *at;
            }
            let made = file.as_deref().and_then(made_at);
            if made.is_some() && made != early {
                return Instant::now();
            }
            early = made;
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// Waits for the entry no longer.
    pub fn forget(&self, id: &str) {
        self.board().waiting.retain(|waiting| waiting != id);
    }

    /// The file that confirms an entry.
    pub fn file(&self, id: &str) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(id))
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a file was made or renewed; `None` where there is none.
fn made_at(file: &Path) -> Option<SystemTime> {
    let known = std::fs::metadata(file).ok()?;
    // Where files have no times, one that was there before has to be removed first.
    Some(known.modified().unwrap_or(SystemTime::UNIX_EPOCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting_for(names: &[&str]) -> Arc<Confirmations> {
        let confirmations = Confirmations::new(None);
        let names = names.iter().map(|name| (*name).to_owned());
        confirmations.board().waiting.extend(names);
        confirmations
    }

    fn confirmed(confirmations: &Confirmations) -> Vec<String> {
        confirmations.board().confirmed.keys().cloned().collect()
    }

    #[test]
    fn enter_confirms_the_oldest_announcement_and_a_name_that_one() {
        let confirmations = waiting_for(&["page", "desk", "board"]);
        assert_eq!(confirmations.hear("desk\n"), None);
        assert_eq!(confirmed(&confirmations), ["desk"]);
        assert_eq!(confirmations.hear(""), None);
        assert_eq!(confirmed(&confirmations), ["desk", "page"]);
        let refusal = confirmations.hear("somebody else");
        assert_eq!(
            refusal.as_deref(),
            Some("nothing called `somebody else` waits to be confirmed, only: board")
        );
        assert!(confirmations.hear("desk").is_some());
        assert_eq!(confirmations.board().waiting, ["board"]);
    }

    #[test]
    fn enter_with_nothing_to_confirm_is_no_confirmation_of_what_comes() {
        let confirmations = waiting_for(&[]);
        let refusal = confirmations.hear("");
        assert_eq!(
            refusal.as_deref(),
            Some("nothing waits to be confirmed yet")
        );
        assert!(confirmed(&confirmations).is_empty());
    }
}
