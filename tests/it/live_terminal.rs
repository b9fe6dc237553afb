//! What an operator at a terminal sees while a drill goes on.
//!
//! `script` of util-linux gives the program a terminal; a few lines here keep its cells, so that what is
//! asserted is what stands on the screen and not what was sent.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};

use super::program::{command, start};
use super::scripted_server::{Asked, Said, ScriptedServer};
use super::surge_file::{LOOK, Surge};
use super::temp_folder::TempFolder;

const ROWS: usize = 24;
const COLUMNS: usize = 80;

/// `ok` to everything but the hook that fails.
fn script(asked: &Asked) -> Said {
    match asked.line.as_str() {
        "POST /refuse" => Said::Answer("500 Internal Server Error", &[], "no such proxy"),
        _ => Said::Answer("200 OK", &[], "ok"),
    }
}

/// The program on a terminal of 80 × 24.
struct Operator {
    child: Child,
    keys: ChildStdin,
    bytes: Receiver<Vec<u8>>,
    screen: Screen,
}

impl Operator {
    fn watch(folder: &TempFolder, words: &str) -> Self {
        let program = command(folder, words);
        let program = program.get_program().to_string_lossy().into_owned();
        let line = format!("stty rows {ROWS} cols {COLUMNS}; exec {program} {words}");
        let mut script = std::process::Command::new("script");
        script
            .args(["-qefc", &line, "/dev/null"])
            .current_dir(folder.path())
            .env("TERM", "xterm-256color")
            .env("NO_COLOR", "1")
            .env("SHELL", "/bin/sh")
            .env_remove("FIREDRILL_LAKE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = start(&mut script);
        let keys = child.stdin.take().expect("standard input is a pipe");
        let mut stdout = child.stdout.take().expect("standard output is a pipe");
        let (sender, bytes) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok(count @ 1..) = stdout.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            keys,
            bytes,
            screen: Screen::new(),
        }
    }

    /// Waits until all of what is wanted is on the screen, which is drawn bit by bit; returns it.
    #[track_caller]
    fn sees(&mut self, what: &str, is_wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
        loop {
            let rows = self.screen.rows();
            if self.screen.is_drawing && is_wanted(&rows) {
                return rows;
            }
            let Ok(bytes) = self.bytes.recv() else {
                panic!("the run ended before {what}:\n{}", rows.join("\n"));
            };
            self.screen.take(&bytes);
        }
    }

    fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("it listens");
        self.keys.flush().expect("it listens");
    }

    /// What was printed when the run was over.
    fn end(mut self) -> String {
        while let Ok(bytes) = self.bytes.recv() {
            self.screen.take(&bytes);
        }
        self.child.wait().expect("the program ends");
        self.screen.printed
    }
}

/// The cells of a terminal, as far as the live view uses one.
struct Screen {
    cells: Vec<Vec<char>>,
    row: usize,
    column: usize,
    /// A sequence, or a character, that has not ended yet.
    open: Vec<u8>,
    /// Whether the other page is shown.
    is_drawing: bool,
    /// What was printed after it was left.
    printed: String,
}

impl Screen {
    fn new() -> Self {
        Self {
            cells: vec![vec![' '; COLUMNS]; ROWS],
            row: 0,
            column: 0,
            open: Vec::new(),
            is_drawing: false,
            printed: String::new(),
        }
    }

    fn rows(&self) -> Vec<String> {
        let rows = self.cells.iter();
        rows.map(|row| row.iter().collect::<String>().trim_end().to_owned())
            .collect()
    }

    fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.open.push(*byte);
            if self.open.starts_with(b"\x1b[") {
                let is_end = self.open.len() > 2 && (0x40..=0x7e).contains(byte);
                if is_end {
                    let sequence = std::mem::take(&mut self.open);
                    self.obey(&String::from_utf8_lossy(&sequence[2..]));
                }
            } else if self.open.starts_with(b"\x1b") {
                if self.open.len() > 1 {
                    self.open.clear();
                }
            } else if let Ok(text) = std::str::from_utf8(&self.open) {
                let character = text.chars().next().expect("there is a byte");
                self.open.clear();
                self.put(character);
            }
        }
    }

    fn obey(&mut self, sequence: &str) {
        let (numbers, command) = sequence.split_at(sequence.len() - 1);
        match (numbers, command) {
            ("?1049", "h") => self.is_drawing = true,
            ("?1049", "l") => self.is_drawing = false,
            (place, "H") => {
                let (row, column) = place.split_once(';').unwrap_or(("1", "1"));
                let number = |text: &str| text.parse().map_or(0, |number: usize| number - 1);
                (self.row, self.column) = (number(row), number(column));
            }
            (_, "J") => self.cells = vec![vec![' '; COLUMNS]; ROWS],
            _ => {}
        }
    }

    fn put(&mut self, character: char) {
        if !self.is_drawing {
            self.printed.push(character);
        } else if let Some(cell) = self
            .cells
            .get_mut(self.row)
            .and_then(|row| row.get_mut(self.column))
        {
            *cell = character;
            self.column += 1;
        }
    }
}

const DRILLS: &str = "\
drills:
  - {id: co, title: Break it, at: 1s, http: {url: '$shop/refuse'}, undo: {http: {url: '$shop/undo'}}}
  - {id: page, title: Page them, at: 2s, announce: Page the on-call, expect: {confirmed_within: 60s}}
  - {id: desk, title: Tell the desk, at: 2s, announce: Tell the desk}
  - {id: never, title: Nobody does, at: 2s, announce: Nobody does}
";

fn is_in_last_rows(rows: &[String], part: &str) -> bool {
    rows[ROWS - 2..].join(" ").contains(part)
}

#[test]
fn the_operator_is_asked_told_and_shown_what_failed_while_the_run_goes_on() {
    let server = ScriptedServer::start(script);
    let folder = TempFolder::new();
    let surge = Surge {
        target: format!("{{base_url: '{}'}}", server.base_url()),
        length_s: 60,
        steps: LOOK,
        ..Surge::default()
    };
    let drills = DRILLS.replace("$shop", &server.base_url());
    folder.write("drill.yaml", format!("{}{drills}", surge.yaml()));
    let words = "rehearse drill.yaml --lake lake --run-id run --report page.json";
    let mut operator = Operator::watch(&folder, words);
    operator.sees("it was said what failed", |rows| {
        is_in_last_rows(rows, "co FAILED (it answered 500) and is undone")
            && rows.join("\n").contains("✗ Break it: FAILED")
    });
    let rows = operator.sees("it asked", |rows| {
        is_in_last_rows(rows, "CONFIRM page (press Enter when it is done, until")
            && rows.join("\n").contains("? Tell the desk: waits for desk")
    });
    let timeline = rows.join("\n");
    assert!(!timeline.contains('✓'), "{timeline}");
    operator.types("nobody\n");
    operator.sees("it refused a name", |rows| {
        is_in_last_rows(rows, "nothing called `nobody` waits to be confirmed")
    });
    operator.types("desk\n");
    operator.sees("it took a name", |rows| {
        is_in_last_rows(rows, "desk is confirmed after")
    });
    operator.types("\n");
    operator.sees("it took Enter", |rows| {
        is_in_last_rows(rows, "page is confirmed after")
            && is_in_last_rows(rows, "CONFIRM never")
            && rows.join("\n").contains('✓')
    });
    // What Ctrl-C sends, by the terminal.
    operator.types("\u{3}");
    let printed = operator.end();
    for part in ["co FAILED", "announce page", "page is confirmed", "STOPPED"] {
        assert!(printed.contains(part), "no `{part}`: {printed}");
    }
}
