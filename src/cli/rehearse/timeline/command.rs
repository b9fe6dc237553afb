//! A command of the drill timeline: in a process group of its own, without a shell, never waited for
//! beyond its time.

use std::io::Read;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::hook::OUTPUT_BYTES_MAX;

/// Between two looks whether it ended.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);
/// How long its output may come after its end: a child of it may hold the pipe.
const OUTPUT_TIMEOUT: Duration = Duration::from_millis(300);
/// How long a killed process may take to go.
const KILL_TIMEOUT: Duration = Duration::from_secs(2);

/// A command that runs.
pub struct Command {
    child: Child,
    is_ended: bool,
    output: Arc<Mutex<Vec<u8>>>,
    /// Hangs up when both streams of output are at their end.
    readers: Receiver<()>,
}

impl Command {
    /// Starts the program; `argv` has at least its name.
    pub fn start(argv: &[String], environment: &[(&str, &str)]) -> Result<Self, String> {
        let Some((program, arguments)) = argv.split_first() else {
            return Err("no program is named".to_owned());
        };
        let mut command = std::process::Command::new(program);
        command
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        #[cfg(unix)]
        {
            // Ctrl-C is for the rehearsal, which then decides; and what the command starts dies with it.
            std::os::unix::process::CommandExt::process_group(&mut command, 0);
        }
        let mut child = command
            .spawn()
            .map_err(|error| format!("`{program}` cannot be started: {error}"))?;
        let output = Arc::new(Mutex::new(Vec::new()));
        let (sender, readers) = channel();
        if let Some(stdout) = child.stdout.take() {
            read(stdout, &output, sender.clone());
        }
        if let Some(stderr) = child.stderr.take() {
            read(stderr, &output, sender);
        }
        Ok(Self {
            child,
            is_ended: false,
            output,
            readers,
        })
    }

    /// Waits for its end, at most so long; says why it went wrong, if it did.
    pub async fn end(&mut self, timeout: Duration) -> Option<String> {
        let deadline = Instant::now() + timeout;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => {
                    self.is_ended = true;
                    return (!status.success()).then(|| format!("it ended with {status}"));
                }
                Ok(None) if Instant::now() >= deadline => {
                    let seconds = timeout.as_secs_f64();
                    return Some(format!("it did not end within {seconds} s; it was killed"));
                }
                Ok(None) => tokio::time::sleep(LOOK_INTERVAL).await,
                Err(error) => return Some(format!("it cannot be waited for: {error}")),
            }
        }
    }

    /// Kills it if it still runs, with everything that it started; returns what it said at last.
    pub async fn close(mut self) -> Option<Vec<u8>> {
        if !self.is_ended {
            self.kill();
            let deadline = Instant::now() + KILL_TIMEOUT;
            while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
                tokio::time::sleep(LOOK_INTERVAL).await;
            }
        }
        let deadline = Instant::now() + OUTPUT_TIMEOUT;
        while self.readers.try_recv() == Err(TryRecvError::Empty) && Instant::now() < deadline {
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
        let output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        Some(output.clone())
    }

    fn kill(&mut self) {
        #[cfg(unix)]
        if let Ok(group) = i32::try_from(self.child.id()) {
            use nix::sys::signal::{Signal, killpg};
            // It has not been waited for, so its number is still its own. An error means that it is
            // gone, or has rights that we have not; then there is nothing more to do.
            let _ = killpg(nix::unistd::Pid::from_raw(group), Signal::SIGKILL);
        }
        // On other systems the process alone; where it is dead already this says so, and no more.
        let _ = self.child.kill();
    }
}

/// Keeps the end of a stream, on a thread that ends with it.
fn read(mut stream: impl Read + Send + 'static, kept: &Arc<Mutex<Vec<u8>>>, alive: Sender<()>) {
    let kept = Arc::clone(kept);
    std::thread::spawn(move || {
        let mut buffer = [0; 4_096];
        while let Ok(bytes @ 1..) = stream.read(&mut buffer) {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(&buffer[..bytes]);
            let surplus = kept.len().saturating_sub(OUTPUT_BYTES_MAX);
            kept.drain(..surplus);
        }
        drop(alive);
    });
}
