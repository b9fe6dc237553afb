//! Hooks: one request or one command, and what became of it.

use std::time::Duration;

use tokio::sync::watch;

use super::command::Command;
use super::worker::Worker;
use crate::drill::Call;
use crate::scenario::{ExecHookPlan, HookPlan, HttpHookPlan};

/// The most of a body or of what a command said that is kept.
pub const OUTPUT_BYTES_MAX: usize = 2_000;

/// What became of one hook.
pub struct HookEnd {
    /// Why it went wrong, if it did.
    pub problem: Option<String>,
    /// The end of what it said.
    pub output: Option<String>,
}

impl Worker<'_> {
    /// Does what a hook says; where `over` is given, the end of the run ends it.
    pub(super) async fn call(
        &self,
        hook: &HookPlan,
        over: Option<&mut watch::Receiver<bool>>,
    ) -> HookEnd {
        let end = match hook {
            HookPlan::Http(http) => self.request(http, over).await,
            HookPlan::Exec(exec) => self.command(exec, over).await,
        };
        HookEnd {
            problem: end.problem.map(|problem| self.redacted(&problem)),
            output: end.output.map(|output| self.redacted(&output)),
        }
    }

    async fn request(
        &self,
        http: &HttpHookPlan,
        over: Option<&mut watch::Receiver<bool>>,
    ) -> HookEnd {
        let call = Call {
            method: http.method,
            url: &http.url,
            headers: &http.headers,
            body: &http.body,
            timeout: duration(http.timeout_us),
        };
        let sent = call.send(&self.timeline.plan.transport);
        let answer = match over {
            None => Some(sent.await),
            Some(over) => tokio::select! {
                answer = sent => Some(answer),
                () = is_over(over) => None,
            },
        };
        let (problem, body) = match answer {
            None => (Some("the run was over before it answered".to_owned()), None),
            Some(Err(error)) => (Some(error.to_string()), None),
            Some(Ok(answer)) => {
                let is_wanted = http
                    .status
                    .iter()
                    .any(|wanted| wanted.covers(answer.status));
                let problem = match (is_wanted, answer.error) {
                    (true, None) => None,
                    (_, Some(error)) => Some(format!("no answer: {error}")),
                    (false, None) => Some(format!("it answered {}", answer.status)),
                };
                (problem, Some(answer.body))
            }
        };
        HookEnd {
            problem,
            output: body.and_then(|body| tail(&body)),
        }
    }

    async fn command(
        &self,
        exec: &ExecHookPlan,
        over: Option<&mut watch::Receiver<bool>>,
    ) -> HookEnd {
        let environment = [
            ("FIREDRILL_RUN", self.timeline.run_id),
            ("FIREDRILL_TARGET", self.timeline.target.as_str()),
            ("FIREDRILL_ENTRY", self.plan.id.as_str()),
        ];
        let mut command = match Command::start(&exec.argv, &environment) {
            Ok(command) => command,
            Err(problem) => {
                return HookEnd {
                    problem: Some(problem),
                    output: None,
                };
            }
        };
        let timeout = duration(exec.timeout_us);
        let problem = match over {
            None => command.end(timeout).await,
            Some(over) => tokio::select! {
                problem = command.end(timeout) => problem,
                () = is_over(over) => Some("the run was over before it ended; it was killed".to_owned()),
            },
        };
        HookEnd {
            problem,
            output: command.close().await.and_then(|bytes| tail(&bytes)),
        }
    }
}

/// Returns when the run is over.
pub async fn is_over(over: &mut watch::Receiver<bool>) {
    // An error means that nobody can say it any more, and then it is over as well.
    let _ = over.wait_for(|is_over| *is_over).await;
}

/// The end of a text that came from outside; `None` for an empty one.
fn tail(bytes: &[u8]) -> Option<String> {
    let kept = &bytes[bytes.len().saturating_sub(OUTPUT_BYTES_MAX)..];
    let kept = String::from_utf8_lossy(kept);
    let kept = kept.trim();
    (!kept.is_empty()).then(|| kept.to_owned())
}

/// µs that are not negative, as the standard library's type.
pub fn duration(us: i64) -> Duration {
    Duration::from_micros(u64::try_from(us).unwrap_or(0))
}
