//! The process of an engine: in a group of its own, its output in a log file, never waited for beyond its
//! time. Ctrl-C ends it, too.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::terminal::Terminal;

/// Between two looks whether it ended.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// How long it may take to go when it is asked to.
const END_TIMEOUT: Duration = Duration::from_secs(10);
/// So much of the end of its log is looked at for what went wrong.
const LOG_END_BYTES: u64 = 65_536;
/// Letters of a line of the log in a message.
const LINE_LETTERS_MAX: usize = 300;
/// What Spark says again and again while no worker takes its job.
const NO_WORKER: &str = "Initial job has not accepted any resources";

/// An engine's process.
pub struct EngineRun<'a> {
    /// Program and arguments.
    pub argv: &'a [String],
    /// Where its output goes.
    pub log: &'a Path,
    /// After how long it is stopped.
    pub timeout: Duration,
}

/// Why it was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    ByUser,
    ByTime,
}

/// Runs it to its end.
///
/// # Errors
/// When it cannot be started, ends badly, takes too long, or the user wants it to stop.
pub fn run(engine: &EngineRun<'_>, terminal: &Terminal) -> Result<(), Failure> {
    let stop = stop_on_signal()?;
    let mut child = start(engine)?;
    let deadline = Instant::now() + engine.timeout;
    let mut is_waiting = false;
    let ended = loop {
        let status = child.try_wait().map_err(|error| refused(engine, &error))?;
        if let Some(status) = status {
            break Ok(status);
        }
        if stop.load(Ordering::Relaxed) {
            break Err(Ended::ByUser);
        }
        if Instant::now() >= deadline {
            break Err(Ended::ByTime);
        }
        if !is_waiting && log_end(engine.log).contains(NO_WORKER) {
            is_waiting = true;
            terminal.note("no worker has taken the job yet (hint: are workers alive, and have they cores and memory left?)");
        }
        std::thread::sleep(LOOK_INTERVAL);
    };
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(engine, status)),
        Err(why) => {
            end(&mut child);
            Err(stopped(engine, why, is_waiting))
        }
    }
}

fn start(engine: &EngineRun<'_>) -> Result<Child, Failure> {
    let log = File::create(engine.log)
        .map_err(|error| Failure::io("write", &engine.log.display().to_string(), &error))?;
    let errors = log
        .try_clone()
        .map_err(|error| Failure::io("write", &engine.log.display().to_string(), &error))?;
    let (program, arguments) = engine
        .argv
        .split_first()
        .ok_or_else(|| Failure::usage("no engine is named"))?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors);
    #[cfg(unix)]
    {
        // Ctrl-C is for us, and what the engine starts ends with it.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
    }
    command.spawn().map_err(|error| {
        // It says nothing: the engine has not said anything.
        let _ = std::fs::remove_file(engine.log);
        refused(engine, &error)
    })
}

fn refused(engine: &EngineRun<'_>, error: &std::io::Error) -> Failure {
    let hint = match error.kind() {
        std::io::ErrorKind::NotFound => {
            " (hint: install Spark, or name its program with --spark-submit or its folder with SPARK_HOME)"
        }
        _ => "",
    };
    let program = engine.argv.first().map_or("", String::as_str);
    Failure::new(
        ExitCode::Input,
        format!("cannot run `{program}`: {error}{hint}"),
    )
}

fn failed(engine: &EngineRun<'_>, status: ExitStatus) -> Failure {
    let said = match telling_line(&log_end(engine.log)) {
        Some(line) => format!(": {line}"),
        None => String::new(),
    };
    Failure::new(
        ExitCode::Input,
        format!(
            "the engine ended with {status}{said} (hint: nothing was kept, and it is safe to run it again; its log is {})",
            engine.log.display()
        ),
    )
}

fn stopped(engine: &EngineRun<'_>, why: Ended, is_waiting: bool) -> Failure {
    let log = engine.log.display();
    match why {
        Ended::ByUser => Failure::new(
            ExitCode::Stopped,
            format!("the engine was stopped, and nothing was kept (its log is {log})"),
        ),
        Ended::ByTime => {
            let seconds = engine.timeout.as_secs();
            let hint = match is_waiting {
                true => {
                    "no worker took the job: are they alive, and have they cores and memory left?"
                }
                false => "a longer --engine-timeout",
            };
            Failure::new(
                ExitCode::Input,
                format!(
                    "the engine did not end within {seconds} s and was stopped; nothing was kept (hint: {hint}; its log is {log})"
                ),
            )
        }
    }
}

/// The first Ctrl-C (or SIGTERM) ends the engine.
fn stop_on_signal() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    ctrlc::set_handler(move || asked.store(true, Ordering::Relaxed))
        .map_err(|error| Failure::new(ExitCode::Internal, error.to_string()))?;
    Ok(stop)
}

/// Ends the process and everything that it started: first it is asked, then killed.
fn end(child: &mut Child) {
    signal(child, Signal::End);
    let deadline = Instant::now() + END_TIMEOUT;
    while matches!(child.try_wait(), Ok(None)) {
        if Instant::now() >= deadline {
            signal(child, Signal::Kill);
            // An error means that it is gone.
            let _ = child.kill();
            let _ = child.wait();
            return;
        }
        std::thread::sleep(LOOK_INTERVAL);
    }
    // Whatever of its group is left.
    signal(child, Signal::Kill);
}

#[derive(Debug, Clone, Copy)]
enum Signal {
    End,
    Kill,
}

fn signal(child: &Child, signal: Signal) {
    #[cfg(unix)]
    if let Ok(group) = i32::try_from(child.id()) {
        use nix::sys::signal::{Signal as Number, killpg};
        let number = match signal {
            Signal::End => Number::SIGTERM,
            Signal::Kill => Number::SIGKILL,
        };
        // An error means that the group is gone; then there is nothing to do.
        let _ = killpg(nix::unistd::Pid::from_raw(group), number);
    }
    #[cfg(not(unix))]
    let _ = (child, signal);
}

fn log_end(path: &Path) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LOG_END_BYTES)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    // A log that cannot be read says nothing.
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

/// The line that most likely says what went wrong: the last one with an exception or error, or the last.
fn telling_line(log: &str) -> Option<String> {
    let lines = || {
        log.lines()
            .rev()
            .map(str::trim)
            .filter(|line| !line.is_empty())
    };
    let is_telling = |line: &&str| {
        let is_frame = line.starts_with("at ") || line.starts_with("File ");
        !is_frame
            && ["Exception", "Error", "ERROR", "error:"]
                .iter()
                .any(|word| line.contains(word))
    };
    let line = lines().find(is_telling).or_else(|| lines().next())?;
    Some(line.chars().take(LINE_LETTERS_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_says_what_went_wrong_is_found() {
        for (log, expected) in [
            ("", None),
            ("\n\n", None),
            ("one\ntwo\n", Some("two")),
            (
                "INFO start\norg.apache.X: SomeException: no such file\n\tat a.b(c)\nINFO stop\n",
                Some("org.apache.X: SomeException: no such file"),
            ),
            ("Caused by: Error\n  at Error.x\n", Some("Caused by: Error")),
        ] {
            assert_eq!(telling_line(log).as_deref(), expected, "{log}");
        }
    }
}
