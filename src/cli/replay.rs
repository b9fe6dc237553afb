//! `replay`: the requests of a log again, with the pauses between them that they had.
//!
//! In: logs in any format that `ingest` reads. Out: a rehearsal whose arrivals are those requests, each
//! due when it was, at a speed. Only requests that change nothing are sent, unless somebody insists.

mod log;
mod plan;

use serde::Serialize;

use super::arguments::{GlobalArguments, RehearseArguments, ReplayArguments};
use super::definitions;
use super::exit_code::{ExitCode, Failure};
use super::rehearse::{self, Replayed};
use super::terminal::Terminal;
use crate::time_window::rfc3339;
use log::{LogRequests, Slice};

/// Methods that change nothing at the target: RFC 9110, section 9.2.1, but for `OPTIONS` and `TRACE`.
pub const SAFE_METHODS: [&str; 2] = ["GET", "HEAD"];
/// Methods that can be sent at all.
pub const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/// What became of the lines of the logs.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ReplayFacts {
    /// Lines that are requests.
    pub log_requests: u64,
    /// Requests that are sent.
    pub replayed: u64,
    /// Requests outside of `--from` and `--to`.
    pub outside: u64,
    /// Requests that would change something, or were not asked for.
    pub other_methods: u64,
    /// Requests of robots, where those of people were asked for.
    pub robots: u64,
    /// Requests whose target is no path.
    pub unusable: u64,
    /// Lines that are no requests.
    pub rejected_lines: u64,
    /// First moment of what is replayed, RFC 3339.
    pub from: String,
    /// Its last.
    pub to: String,
    /// How many times as fast.
    pub speed: f64,
    /// SLIs that count nothing of what is replayed, and by which it is not judged.
    pub not_judged: Vec<String>,
}

/// Runs the verb.
pub fn run(
    arguments: &ReplayArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let methods = methods(arguments)?;
    if !(arguments.speed.is_finite() && (0.001..=1_000_000.0).contains(&arguments.speed)) {
        return Err(Failure::usage(format!(
            "--speed: `{}` is no factor (hint: from 0.001 to 1000000, 1 for as it was)",
            arguments.speed
        )));
    }
    let mut set = definitions::sli_set(
        arguments.sli_defs.as_deref(),
        arguments.thresholds.as_deref(),
    )?;
    let slice = Slice::new(arguments, methods)?;
    let mut found = LogRequests::read(arguments, &slice, &set)?;
    let mut facts = facts(&mut found, arguments.speed)?;
    tell(&facts, terminal);
    let plan = plan::plan(arguments, found, &facts)?;
    let steps = plan.journeys.iter().flat_map(|journey| &journey.steps);
    let sent: Vec<(&str, &str)> = steps.map(|step| (step.method, &*step.route)).collect();
    facts.not_judged = set.without_data(&sent);
    set.leave_out(&facts.not_judged);
    if !facts.not_judged.is_empty() {
        terminal.note(&format!(
            "note: not judged, because nothing that they count is replayed: {}",
            facts.not_judged.join(", ")
        ));
    }
    let rehearsed = RehearseArguments {
        scenario: None,
        host: arguments.host.clone(),
        report: arguments.report.clone(),
        sli_defs: arguments.sli_defs.clone(),
        thresholds: arguments.thresholds.clone(),
        dry_run: arguments.dry_run,
        run_id: arguments.run_id.clone(),
        fan_out: arguments.fan_out.clone(),
        ..RehearseArguments::default()
    };
    let replayed = Replayed {
        command: command(arguments),
        facts,
    };
    rehearse::run_plan(plan, set, replayed, &rehearsed, global, terminal)
}

/// The methods that are sent.
fn methods(arguments: &ReplayArguments) -> Result<Vec<&'static str>, Failure> {
    if arguments.methods.is_empty() {
        let all = if arguments.allow_unsafe {
            &METHODS[..]
        } else {
            &SAFE_METHODS[..]
        };
        return Ok(all.to_vec());
    }
    let mut methods = Vec::new();
    for name in &arguments.methods {
        let known = METHODS
            .iter()
            .find(|known| known.eq_ignore_ascii_case(name));
        let Some(method) = known else {
            return Err(Failure::usage(format!(
                "--methods: `{name}` cannot be sent (hint: {})",
                METHODS.join(", ")
            )));
        };
        if !SAFE_METHODS.contains(method) && !arguments.allow_unsafe {
            return Err(Failure::usage(format!(
                "--methods: `{method}` may change something at the target (hint: add --allow-unsafe if it may; bodies are in no log and are not sent)"
            )));
        }
        methods.push(*method);
    }
    Ok(methods)
}

/// Counts, once times count from the first request on.
fn facts(found: &mut LogRequests, speed: f64) -> Result<ReplayFacts, Failure> {
    let mut facts = std::mem::take(&mut found.facts);
    let first_us = found.requests.iter().map(|request| request.due_us).min();
    let last_us = found.requests.iter().map(|request| request.due_us).max();
    let (Some(first_us), Some(last_us)) = (first_us, last_us) else {
        return Err(Failure::new(
            ExitCode::Input,
            format!(
                "none of the {} requests of the log can be replayed: {} outside of the range, {} with other methods, {} of robots, {} without a path, {} lines rejected",
                facts.log_requests,
                facts.outside,
                facts.other_methods,
                facts.robots,
                facts.unusable,
                facts.rejected_lines
            ),
        ));
    };
    for request in &mut found.requests {
        request.due_us = at_speed(request.due_us - first_us, speed);
    }
    facts.replayed = found.requests.len() as u64;
    facts.from = rfc3339(first_us);
    facts.to = rfc3339(last_us);
    facts.speed = speed;
    Ok(facts)
}

fn tell(facts: &ReplayFacts, terminal: &Terminal) {
    terminal.note(&format!(
        "{} of {} requests, from {} to {}, at {} times their speed",
        facts.replayed, facts.log_requests, facts.from, facts.to, facts.speed
    ));
    for (count, what) in [
        (
            facts.other_methods,
            "requests were left out: their method may change something, or was not asked for",
        ),
        (facts.outside, "requests are outside of the range"),
        (facts.robots, "requests of robots were left out"),
        (
            facts.unusable,
            "requests have no path that can be asked for",
        ),
        (facts.rejected_lines, "lines are no requests"),
    ] {
        if count > 0 {
            terminal.note(&format!("note: {count} {what}"));
        }
    }
}

fn command(arguments: &ReplayArguments) -> String {
    let mut words = vec!["firedrill replay".to_owned()];
    words.extend(arguments.logs.iter().map(|path| path.display().to_string()));
    words.extend(arguments.from.iter().map(|from| format!("--from {from}")));
    words.extend(arguments.to.iter().map(|to| format!("--to {to}")));
    words.push(format!("--speed {}", arguments.speed));
    if !arguments.methods.is_empty() {
        words.push(format!("--methods {}", arguments.methods.join(",")));
    }
    if arguments.allow_unsafe {
        words.push("--allow-unsafe".to_owned());
    }
    if arguments.people {
        words.push("--people".to_owned());
    }
    words.extend(
        arguments
            .scenario
            .iter()
            .map(|path| format!("--scenario {}", path.display())),
    );
    words.extend(arguments.host.iter().map(|host| format!("--host {host}")));
    words.join(" ")
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "logs span less than 2^53 µs, and a cast saturates"
)]
fn at_speed(us: i64, speed: f64) -> i64 {
    (us as f64 / speed) as i64
}
