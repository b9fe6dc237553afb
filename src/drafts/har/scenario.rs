//! A recording as the text of a scenario file.

use super::archive::{Archive, HarError};
use super::recording::{PAUSE_US_MAX, RecordedStep, Recording};
use super::taking::Place;
use super::variables::Variables;
use crate::drafts::{Flow, ScenarioLines, duration_text};

mod request;

use request::{RequestText, request_text};

/// Pauses of people; shorter ones are those of scripts, µs.
const PERSON_PAUSE_US_MIN: i64 = 1_000_000;
/// How many times as long as the median 95 % of all pauses stay below: assumed.
const PAUSE_SPREAD: u64 = 3;
/// Products where the recording shows none.
const PRODUCTS_DEFAULT: u64 = 1_000;

/// What the importer is told.
#[derive(Debug, Clone, Default)]
pub struct HarOptions {
    /// Name of the scenario; without it that of the site.
    pub name: Option<String>,
    /// The host whose requests are wanted; without it the one with the most pages.
    pub site: Option<String>,
    /// What shall be driven; without it a placeholder on this machine.
    pub base_url: Option<String>,
    /// Hosts that may be driven besides this machine.
    pub hosts_allowed: Vec<String>,
    /// Whether numbers of products stay as they were recorded.
    pub keeps_products: bool,
}

/// What came out.
#[derive(Debug)]
pub struct HarScenario {
    /// The file.
    pub text: String,
    /// Requests of the recording.
    pub entries: usize,
    /// Steps of the journey.
    pub steps: usize,
    /// Files of its pages.
    pub assets: usize,
    /// Values that are taken from answers.
    pub takes: usize,
    /// What was left out or replaced, each in a line.
    pub notices: Vec<String>,
}

/// A scenario from the bytes of a HAR file.
///
/// # Errors
/// When it is no HAR file, or nothing in it can be a step.
pub fn import_har(bytes: &[u8], options: &HarOptions) -> Result<HarScenario, HarError> {
    let archive = Archive::read(bytes)?;
    let browser = archive.browser.clone();
    let recording = Recording::new(archive, options.site.as_deref())?;
    let mut variables = Variables::new(&recording.steps, options.keeps_products);
    let mut notices = notices(&recording);
    // A later request decides what is taken from an earlier answer, so requests come first.
    let mut requests = Vec::new();
    for (index, step) in recording.steps.iter().enumerate() {
        let request = request_text(index, step, &mut variables);
        variables.end_step(index);
        notices.extend(
            request
                .comments
                .iter()
                .map(|comment| format!("{}: {comment}", request.place)),
        );
        requests.push(request);
    }
    let mut lines = ScenarioLines::default();
    head(&mut lines, &recording, &browser, options);
    target(&mut lines, &recording, options);
    traffic(&mut lines, variables.product_max());
    journey(&mut lines, &recording.steps, requests, &variables);
    if let Some(largest) = variables.product_max() {
        notices.push(format!(
            "numbers of products became `{{product}}`, drawn from 1 to {largest}, the largest in the recording: set `products` to what the target has"
        ));
    }
    Ok(HarScenario {
        text: lines.finish(),
        entries: recording.entries,
        steps: recording.steps.len(),
        assets: recording.steps.iter().map(|step| step.assets.len()).sum(),
        takes: variables.taken(),
        notices,
    })
}

fn notices(recording: &Recording) -> Vec<String> {
    let requests = |count: usize| {
        if count == 1 {
            "1 request".to_owned()
        } else {
            format!("{count} requests")
        }
    };
    let mut notices = Vec::new();
    for (site, count) in &recording.third_parties {
        notices.push(format!("left out: {} to {site}", requests(*count)));
    }
    for (why, count) in &recording.left_out {
        notices.push(format!("left out: {} {why}", requests(*count)));
    }
    let cut = recording
        .steps
        .iter()
        .filter(|step| step.is_pause_cut)
        .count();
    if cut > 0 {
        notices.push(format!(
            "{cut} pauses of more than {} were cut to that",
            duration_text(PAUSE_US_MAX.unsigned_abs())
        ));
    }
    notices
}

fn head(lines: &mut ScenarioLines, recording: &Recording, browser: &str, options: &HarOptions) {
    let host = recording
        .site
        .split_once("://")
        .map_or("", |(_, host)| host);
    let name = options
        .name
        .clone()
        .unwrap_or_else(|| format!("recorded-{}", host.replace([':', '[', ']'], "-")));
    let by = if browser.is_empty() {
        String::new()
    } else {
        format!(" by {browser}")
    };
    lines.comment(
        0,
        &format!(
            "One visit to {}, recorded{by}: {} requests, of which {} are steps and {} their files.",
            recording.site,
            recording.entries,
            recording.steps.len(),
            recording
                .steps
                .iter()
                .map(|step| step.assets.len())
                .sum::<usize>()
        ),
    );
    lines.comment(0, &format!(
        "One recording has one pause before each step. It is written as a median, and the p95 of {PAUSE_SPREAD} times as long is assumed."
    ));
    lines.comment(0, "Cookies are not copied: a shopper gets its own. What else was left out or replaced stands beside its step.");
    lines.entry(0, "name", &Flow::text(name), "");
    lines.entry(0, "seed", &Flow::count(1), "");
    lines.gap();
}

fn target(lines: &mut ScenarioLines, recording: &Recording, options: &HarOptions) {
    lines.open(0, "target");
    match &options.base_url {
        Some(url) => lines.entry(1, "base_url", &Flow::text(url.clone()), ""),
        None => {
            lines.comment(1, &format!(
                "Recorded on {}. Drive a copy of it: `--host URL`, or its address here; other machines have to be listed in `hosts_allowed`.",
                recording.site
            ));
            lines.entry(1, "base_url", &Flow::text("http://127.0.0.1:8080"), "");
        }
    }
    if !options.hosts_allowed.is_empty() {
        let hosts = options
            .hosts_allowed
            .iter()
            .map(|host| Flow::text(host.clone()));
        lines.entry(1, "hosts_allowed", &Flow::List(hosts.collect()), "");
    }
    lines.gap();
}

fn traffic(lines: &mut ScenarioLines, product_max: Option<u64>) {
    lines.comment(0, "A recording says what one shopper does, not how many come: `firedrill learn` learns that from logs.");
    lines.open(0, "traffic");
    lines.open(1, "phases");
    let phase = Flow::map([
        ("name", Flow::text("recorded")),
        ("for", Flow::text("1m")),
        ("shoppers_per_s", Flow::count(1)),
    ]);
    lines.item(2, &phase, "");
    lines.gap();
    lines.open(0, "shoppers");
    let shopper = Flow::map([
        ("name", Flow::text("recorded")),
        ("share", Flow::count(1)),
        ("journey", Flow::text("recorded")),
    ]);
    lines.item(1, &shopper, "");
    lines.gap();
    let comment = match product_max {
        Some(_) => "the largest that was recorded; set it to what the target has",
        None => "no step uses `{product}`",
    };
    lines.entry(
        0,
        "products",
        &Flow::count(product_max.unwrap_or(PRODUCTS_DEFAULT)),
        comment,
    );
    lines.gap();
}

fn journey(
    lines: &mut ScenarioLines,
    steps: &[RecordedStep],
    requests: Vec<RequestText>,
    variables: &Variables<'_>,
) {
    lines.open(0, "journeys");
    lines.open(1, "recorded");
    for (index, (step, request)) in steps.iter().zip(requests).enumerate() {
        for comment in &request.comments {
            lines.comment(2, comment);
        }
        let mut entries = request.entries;
        entries.extend(think(step).map(|think| ("think".to_owned(), think)));
        entries.extend(request.body);
        if !step.redirects.is_empty() {
            entries.push(("redirects".to_owned(), Flow::text("follow")));
        }
        let takes = variables.takes(index).iter();
        let takes: Vec<_> = takes
            .map(|(name, place)| (name.clone(), take(place)))
            .collect();
        if !takes.is_empty() {
            entries.push(("take".to_owned(), Flow::Map(takes)));
        }
        if !request.assets.is_empty() {
            let assets = request.assets.into_iter().map(Flow::Text);
            entries.push(("assets".to_owned(), Flow::List(assets.collect())));
        }
        let mut comment = String::new();
        if step.answer.status >= 400 {
            entries.push(("on_failure".to_owned(), Flow::text("continue")));
            comment = format!("was answered with {}", step.answer.status);
        }
        lines.item(2, &Flow::Map(entries), &comment);
    }
}

fn think(step: &RecordedStep) -> Option<Flow> {
    let pause_us = step.pause_us.unsigned_abs();
    match step.pause_us {
        ..1_000 => None,
        1_000..PERSON_PAUSE_US_MIN => {
            Some(Flow::map([("fixed", Flow::text(duration_text(pause_us)))]))
        }
        _ => Some(Flow::map([
            ("median", Flow::text(duration_text(pause_us))),
            ("p95", Flow::text(duration_text(pause_us * PAUSE_SPREAD))),
        ])),
    }
}

fn take(place: &Place) -> Flow {
    let text = |text: &String| Flow::text(text.clone());
    match place {
        Place::Cookie(name) => Flow::map([("cookie", text(name))]),
        Place::EncodedCookie(name) => {
            let decoded = Flow::Bare("true".to_owned());
            Flow::map([("cookie", text(name)), ("percent_decoded", decoded)])
        }
        Place::Header(name) => Flow::map([("header", text(name))]),
        Place::HeaderPart(name, pattern) => {
            Flow::map([("header", text(name)), ("regex", text(pattern))])
        }
        Place::Json(pointer) => Flow::map([("json", text(pointer))]),
        Place::Css(selector, attribute) => {
            Flow::map([("css", text(selector)), ("attribute", text(attribute))])
        }
        Place::Regex(pattern) => Flow::map([("regex", text(pattern))]),
    }
}
