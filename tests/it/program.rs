//! The real binary, run in a folder of its own, with nothing from the environment of the tester.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use serde_json::Value;

use super::temp_folder::TempFolder;

/// What a run of the program left.
#[derive(Debug)]
pub struct Ran {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// The program in `folder`; `words` are the arguments, split at spaces.
pub fn command(folder: &TempFolder, words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firedrill"));
    command
        .current_dir(folder.path())
        .args(words.split_whitespace())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for name in ["FIREDRILL_LAKE", "NO_COLOR", "COLUMNS", "TERM"] {
        command.env_remove(name);
    }
    command
}

/// Runs the program in `folder` to its end.
pub fn run(folder: &TempFolder, words: &str) -> Ran {
    let output = command(folder, words).output().expect("the program starts");
    Ran::of(&output, words)
}

/// Runs the program with `input` on its standard input.
pub fn run_with_input(folder: &TempFolder, words: &str, input: &[u8]) -> Ran {
    let mut child = start(command(folder, words).stdin(Stdio::piped()));
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    // A program that refuses its input early closes the pipe.
    let _ = stdin.write_all(input);
    drop(stdin);
    Ran::of(&child.wait_with_output().expect("the program ends"), words)
}

/// Starts the program and leaves it running.
pub fn start(command: &mut Command) -> Child {
    command.spawn().expect("the program starts")
}

/// Waits for the end of a program that was started.
pub fn wait(child: Child) -> Ran {
    Ran::of(
        &child.wait_with_output().expect("the program ends"),
        "a started program",
    )
}

/// Reads standard error up to a line that holds `part`, and returns that line. The reader must be
/// kept, or the program writes into a closed pipe.
pub fn wait_for_line(child: &mut Child, part: &str) -> (String, BufReader<ChildStderr>) {
    let stderr = child.stderr.take().expect("standard error is a pipe");
    let mut reader = BufReader::new(stderr);
    let mut before = String::new();
    loop {
        let mut line = String::new();
        let bytes = reader.read_line(&mut line).expect("standard error is text");
        assert!(
            bytes > 0,
            "the program ended before it said `{part}`: {before}"
        );
        if line.contains(part) {
            return (line, reader);
        }
        before.push_str(&line);
    }
}

/// Sends what Ctrl-C sends.
pub fn interrupt(child: &Child) {
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill is installed");
    assert!(sent.success());
}

impl Ran {
    fn of(output: &Output, words: &str) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("output is UTF-8");
        let ran = Self {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        };
        assert!(
            !ran.err.contains("panicked"),
            "firedrill {words}: {}",
            ran.err
        );
        ran
    }

    /// Fails unless the exit code is `code`.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout: {}\nstderr: {}",
            self.out, self.err
        );
        self
    }

    /// Fails unless it is a refusal with exit code `code`, one message, and nothing on standard
    /// output.
    #[track_caller]
    pub fn refuses(self, code: i32) -> Self {
        let ran = self.exits(code);
        let messages = ran
            .err
            .lines()
            .filter(|line| line.starts_with("error:"))
            .count();
        assert_eq!(messages, 1, "stderr: {}", ran.err);
        assert_eq!(ran.out, "");
        ran
    }

    /// The one JSON document on standard output.
    #[track_caller]
    pub fn json(&self) -> Value {
        let documents: Vec<Value> = serde_json::Deserializer::from_str(&self.out)
            .into_iter()
            .collect::<Result<_, _>>()
            .unwrap_or_else(|error| panic!("{error}: {}", self.out));
        let [document] = documents.as_slice() else {
            panic!(
                "{} documents on standard output: {}",
                documents.len(),
                self.out
            );
        };
        document.clone()
    }
}

/// A count in a JSON document.
#[track_caller]
pub fn count(value: &Value, pointer: &str) -> u64 {
    value
        .pointer(pointer)
        .and_then(Value::as_u64)
        .unwrap_or_else(|| panic!("{pointer} is no count in {value}"))
}

/// A text in a JSON document.
#[track_caller]
pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("{pointer} is no text in {value}"))
}

/// A list in a JSON document.
#[track_caller]
pub fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .unwrap_or_else(|| panic!("{pointer} is no list in {value}"))
}

/// The SLI called `name` in a document with `slis`.
#[track_caller]
pub fn sli<'a>(document: &'a Value, name: &str) -> &'a Value {
    list(document, "/slis")
        .iter()
        .find(|sli| sli["name"] == name)
        .unwrap_or_else(|| panic!("no SLI `{name}` in {document}"))
}
