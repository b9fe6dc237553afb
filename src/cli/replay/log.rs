//! The requests of logs, whichever format they are in.

use std::io::BufReader;
use std::sync::Arc;

use url::Url;

use super::ReplayFacts;
use crate::access_log::{
    Clock, LineBlocks, LineContext, LineSink, LogInput, LogLine, Taken, detect, find_inputs,
    parse_block,
};
use crate::cli::arguments::ReplayArguments;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::ingest::named_format;
use crate::enrichment::{ClientClass, client_of};
use crate::route::Router;
use crate::scenario::{REPLAYED_MAX, ReplayedRequest};
use crate::sli::SliSetPlan;
use crate::time_window::{TimeWindow, now_us, parse_time, zone};

/// The longest path with its query.
const TARGET_BYTES_MAX: usize = 8_192;

/// Which requests of a log are wanted.
pub struct Slice {
    range: TimeWindow,
    methods: Vec<&'static str>,
    is_people: bool,
    context: LineContext,
}

impl Slice {
    /// What the arguments say.
    pub fn new(arguments: &ReplayArguments, methods: Vec<&'static str>) -> Result<Self, Failure> {
        let named = arguments.zone.as_deref().map(zone).transpose()?;
        let days = named.clone().unwrap_or(jiff::tz::TimeZone::UTC);
        let now_us = now_us();
        let bound = |text: &Option<String>, default_us| match text {
            Some(text) => parse_time(text, &days, now_us),
            None => Ok(default_us),
        };
        let mut context = LineContext::default();
        if let Some(zone) = named {
            context.clock = Clock::new(zone);
        }
        Ok(Self {
            range: TimeWindow::new(bound(&arguments.from, 0)?, bound(&arguments.to, i64::MAX)?)?,
            methods,
            is_people: arguments.people,
            context,
        })
    }
}

/// What was found; `due_us` is UTC µs since 1970.
pub struct LogRequests {
    pub requests: Vec<ReplayedRequest>,
    pub facts: ReplayFacts,
}

impl LogRequests {
    /// Reads every log that the arguments name.
    pub fn read(
        arguments: &ReplayArguments,
        slice: &Slice,
        set: &SliSetPlan,
    ) -> Result<Self, Failure> {
        let format = named_format(&arguments.format)?;
        let mut sink = Sink {
            slice,
            router: Router::new(set.routes.clone()),
            requests: Vec::new(),
            facts: ReplayFacts::default(),
        };
        for input in find_inputs(&arguments.logs)? {
            let name = input.name();
            let mut blocks = LineBlocks::new(BufReader::new(input.open()?), 0);
            let mut format = format.clone();
            let mut context = slice.context.clone();
            while let Some(block) = next_block(&mut blocks, &name)? {
                if format.is_none() {
                    match detect(&block, &context) {
                        Ok(found) => format = Some(found),
                        // What was found in a folder may be no log.
                        Err(_) if matches!(input, LogInput::FoundFile(_)) => break,
                        Err(error) => {
                            let message = format!("{name}: {error}");
                            return Err(Failure::new(ExitCode::Input, message));
                        }
                    }
                }
                let Some(known) = &format else { break };
                parse_block(&block, known, &mut context, &mut sink)
                    .map_err(|TooMany| too_many())?;
                blocks.reuse(block.bytes);
            }
        }
        Ok(Self {
            requests: sink.requests,
            facts: sink.facts,
        })
    }
}

fn next_block<R: std::io::Read>(
    blocks: &mut LineBlocks<R>,
    name: &str,
) -> Result<Option<crate::access_log::LineBlock>, Failure> {
    blocks
        .next_block()
        .map_err(|error| Failure::io("read", name, &error))
}

fn too_many() -> Failure {
    Failure::new(
        ExitCode::Input,
        format!(
            "more than {REPLAYED_MAX} requests are too many for one replay (hint: a slice of the log, by --from and --to)"
        ),
    )
}

/// More requests than are held at once.
struct TooMany;

struct Sink<'a> {
    slice: &'a Slice,
    router: Router,
    requests: Vec<ReplayedRequest>,
    facts: ReplayFacts,
}

impl LineSink for Sink<'_> {
    type Error = TooMany;

    fn line(&mut self, line: &LogLine<'_>, _: u64) -> Result<Taken, TooMany> {
        let facts = &mut self.facts;
        facts.log_requests += 1;
        if !self.slice.range.contains(line.ts_us) {
            facts.outside += 1;
            return Ok(Taken::Record);
        }
        let mut methods = self.slice.methods.iter().copied();
        let Some(method) = methods.find(|method| *method == line.method) else {
            facts.other_methods += 1;
            return Ok(Taken::Record);
        };
        if self.slice.is_people && !is_person(&line.user_agent) {
            facts.robots += 1;
            return Ok(Taken::Record);
        }
        let Some(target) = target_of(line) else {
            facts.unusable += 1;
            return Ok(Taken::Record);
        };
        if self.requests.len() == REPLAYED_MAX {
            return Err(TooMany);
        }
        self.requests.push(ReplayedRequest {
            due_us: line.ts_us,
            method,
            route: Arc::clone(self.router.shared_route_of(&target)),
            target: unescaped(target).into(),
        });
        Ok(Taken::Record)
    }

    fn reject(&mut self, _: &str, _: u64, _: u64, _: &[u8]) {
        self.facts.rejected_lines += 1;
    }
}

fn is_person(user_agent: &[u8]) -> bool {
    client_of(user_agent).class == ClientClass::Human
}

/// Path and query as they can be sent.
fn target_of(line: &LogLine<'_>) -> Option<String> {
    let mut target = line.target.to_string();
    if target.contains("://") && !target.starts_with('/') {
        let url = Url::parse(&target).ok()?;
        target = url[url::Position::BeforePath..url::Position::AfterQuery].to_owned();
    }
    if !line.query.is_empty() && !target.contains('?') {
        target.push('?');
        target.push_str(line.query.trim_start_matches('?'));
    }
    let is_usable = target.starts_with('/') && target.len() <= TARGET_BYTES_MAX;
    is_usable.then_some(target)
}

/// The target that was asked for, where the log has bytes as `\xC3`, `\"` or `\\`, as nginx and Apache write
/// what could break a line; they become percent codes, which mean the same.
fn unescaped(target: String) -> String {
    if !target.contains('\\') {
        return target;
    }
    let mut sent = String::with_capacity(target.len());
    let mut rest = target.as_str();
    while let Some((before, after)) = rest.split_once('\\') {
        sent.push_str(before);
        sent.push('%');
        rest = match after.as_bytes() {
            [b'x', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                sent.push_str(&after[1..3]);
                &after[3..]
            }
            [b'"', ..] => {
                sent.push_str("22");
                &after[1..]
            }
            [b'\\', ..] => {
                sent.push_str("5C");
                &after[1..]
            }
            _ => {
                sent.push_str("5C");
                after
            }
        };
    }
    sent.push_str(rest);
    sent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_a_log_escapes_are_sent_as_they_were() {
        for (written, expected) in [
            ("/plain?a=%20", "/plain?a=%20"),
            (r"/caf\xC3\xA9", "/caf%C3%A9"),
            (r"/q?b=\x22x\x22&c=1", "/q?b=%22x%22&c=1"),
            (r#"/q?b=\"x\\y"#, "/q?b=%22x%5Cy"),
            (r"/\x5Cback", "/%5Cback"),
            (r"/\d\xZZ\x4", "/%5Cd%5CxZZ%5Cx4"),
            (r"/end\", "/end%5C"),
            ("/\\x\u{e9}1", "/%5Cx\u{e9}1"),
        ] {
            assert_eq!(unescaped(written.to_owned()), expected, "{written}");
        }
    }
}
