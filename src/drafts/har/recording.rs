//! The steps of a recording: pages and calls in their order, each with its files and the pause before.
//!
//! In: the requests of a file. Out: the steps on one site, and how many requests were left out, by host
//! and by reason.

use std::collections::{BTreeMap, BTreeSet};

use super::archive::{Archive, HarError};
use super::exchange::{Answer, Exchange, Role};

/// The most steps of a journey; a visit with more is cut.
pub const STEPS_MAX: usize = 300;
/// The most files of one step.
const ASSETS_MAX: usize = 100;
/// A redirect is followed within this time, µs.
const FOLLOW_US_MAX: i64 = 30_000_000;
/// The longest pause that is kept, µs: people get coffee while they record.
pub const PAUSE_US_MAX: i64 = 300_000_000;

/// What somebody did on one site.
#[derive(Debug)]
pub struct Recording {
    /// Scheme, host and port of the site.
    pub site: String,
    /// What they did, in its order.
    pub steps: Vec<RecordedStep>,
    /// Requests to other sites, by scheme, host and port.
    pub third_parties: BTreeMap<String, usize>,
    /// Requests that were left out, by why: the words that stand behind "n requests".
    pub left_out: BTreeMap<&'static str, usize>,
    /// Requests of the file.
    pub entries: usize,
}

/// One step.
#[derive(Debug)]
pub struct RecordedStep {
    /// What was asked first.
    pub asked: Exchange,
    /// What was answered at last, where redirects were followed.
    pub answer: Answer,
    /// The redirects that were followed to get there, the first of them first.
    pub redirects: Vec<Answer>,
    /// Pause since everything before was there, µs.
    pub pause_us: i64,
    /// Whether the pause was longer than [`PAUSE_US_MAX`].
    pub is_pause_cut: bool,
    /// Path and query of its files, each once.
    pub assets: Vec<String>,
    /// When the last of it was there, UTC µs.
    ended_us: i64,
}

impl Recording {
    /// The visit to `site`, a host or `https://host`; without it the site with the most pages.
    ///
    /// # Errors
    /// When no request is left, or none is to that site.
    pub fn new(archive: Archive, site: Option<&str>) -> Result<Self, HarError> {
        let entries = archive.entries.len() + archive.malformed;
        let mut left_out = BTreeMap::new();
        if archive.malformed > 0 {
            left_out.insert("that are no entries of HAR 1.2", archive.malformed);
        }
        let mut exchanges = Vec::new();
        for entry in archive.entries {
            match Exchange::new(entry) {
                Ok(exchange) => exchanges.push(exchange),
                Err(why) => *left_out.entry(why).or_default() += 1,
            }
        }
        // Firefox and Safari write them in the order of their ends.
        exchanges.sort_by_key(|exchange| exchange.started_us);
        let site = chosen_site(&exchanges, site)?.ok_or(HarError::NothingLeft { entries })?;
        let mut third_parties: BTreeMap<String, usize> = BTreeMap::new();
        exchanges.retain(|exchange| {
            let origin = exchange.origin();
            let is_own = origin == site;
            if !is_own {
                *third_parties.entry(origin).or_default() += 1;
            }
            is_own
        });
        let mut recording = Self {
            site,
            steps: Vec::new(),
            third_parties,
            left_out,
            entries,
        };
        recording.add(exchanges);
        if recording.steps.is_empty() {
            return Err(HarError::NothingLeft { entries });
        }
        Ok(recording)
    }

    fn add(&mut self, exchanges: Vec<Exchange>) {
        let mut assets = Vec::new();
        // By the step that was answered with a redirect there.
        let mut expected: Option<(String, usize, i64)> = None;
        for mut exchange in exchanges {
            if exchange.role == Role::Asset {
                assets.push(exchange);
                continue;
            }
            exchange.url.set_fragment(None);
            let awaited = expected.take_if(|(url, _, until_us)| {
                exchange.url.as_str() == url && exchange.started_us <= *until_us
            });
            if let Some((_, step, _)) = awaited {
                expected = redirect_of(&exchange, step);
                let head = &mut self.steps[step];
                head.ended_us = head.ended_us.max(exchange.ended_us);
                let redirect = std::mem::replace(&mut head.answer, exchange.answer);
                head.redirects.push(redirect);
                continue;
            }
            if self.steps.len() == STEPS_MAX {
                *self.left_out.entry("after the 300th step").or_default() += 1;
                continue;
            }
            let next = redirect_of(&exchange, self.steps.len());
            expected = next.or(expected);
            self.steps.push(RecordedStep {
                answer: std::mem::take(&mut exchange.answer),
                redirects: Vec::new(),
                pause_us: 0,
                is_pause_cut: false,
                assets: Vec::new(),
                ended_us: exchange.ended_us,
                asked: exchange,
            });
        }
        self.add_assets(assets);
        self.measure_pauses();
    }

    /// Each file belongs to the page that the browser says, else to the last one before it.
    fn add_assets(&mut self, assets: Vec<Exchange>) {
        let mut seen: BTreeSet<(usize, String)> = BTreeSet::new();
        for asset in assets {
            let is_before = |step: &&RecordedStep| step.asked.started_us <= asset.started_us;
            let before = self.steps.iter().take_while(is_before).count();
            let of_page = |step: &RecordedStep| {
                step.asked.role == Role::Page
                    && (asset.page.is_empty() || step.asked.page == asset.page)
            };
            let is_page = |step: &RecordedStep| step.asked.role == Role::Page;
            let steps = &self.steps[..before];
            let owner = steps
                .iter()
                .rposition(of_page)
                .or_else(|| steps.iter().rposition(is_page));
            let why = match owner {
                None => "for files before the first page",
                Some(owner) if self.steps[owner].assets.len() == ASSETS_MAX => {
                    "for more than 100 files of one page"
                }
                Some(owner) => {
                    let path = path_of(&asset);
                    if seen.insert((owner, path.clone())) {
                        let step = &mut self.steps[owner];
                        step.assets.push(path);
                        step.ended_us = step.ended_us.max(asset.ended_us);
                    }
                    continue;
                }
            };
            *self.left_out.entry(why).or_default() += 1;
        }
    }

    fn measure_pauses(&mut self) {
        let mut ended_us: Option<i64> = None;
        for index in 0..self.steps.len() {
            let started_us = self.steps[index].asked.started_us;
            // A file that was still loading when somebody went on was no reason to wait.
            let earlier = self.steps[..index].iter().map(|step| step.ended_us);
            let done_us = earlier.filter(|end_us| *end_us <= started_us).max();
            let pause_us = done_us
                .or(ended_us)
                .map_or(0, |end_us| (started_us - end_us).max(0));
            let step = &mut self.steps[index];
            step.is_pause_cut = pause_us > PAUSE_US_MAX;
            step.pause_us = pause_us.min(PAUSE_US_MAX);
            ended_us = Some(ended_us.unwrap_or(i64::MIN).max(step.ended_us));
        }
    }
}

/// The origin of the visit; `None` where there is no request at all.
fn chosen_site(exchanges: &[Exchange], wanted: Option<&str>) -> Result<Option<String>, HarError> {
    // Pages first, then whatever was asked; the first of those that are even.
    let mut counts: Vec<(String, (usize, usize))> = Vec::new();
    for exchange in exchanges {
        let is_page = exchange.role == Role::Page && exchange.answer.status < 300;
        let (origin, page) = (exchange.origin(), usize::from(is_page));
        match counts.iter_mut().find(|(known, _)| *known == origin) {
            Some((_, count)) => *count = (count.0 + page, count.1 + 1),
            None => counts.push((origin, (page, 1))),
        }
    }
    if let Some(wanted) = wanted {
        counts.retain(|(origin, _)| {
            let host = origin
                .split_once("://")
                .map_or(origin.as_str(), |(_, host)| host);
            origin == wanted.trim_end_matches('/') || host == wanted
        });
        if counts.is_empty() {
            let mut known: Vec<String> = exchanges.iter().map(Exchange::origin).collect();
            known.sort_unstable();
            known.dedup();
            known.truncate(5);
            let known = if known.is_empty() {
                "none at all".to_owned()
            } else {
                known.join(", ")
            };
            return Err(HarError::UnknownSite {
                wanted: wanted.to_owned(),
                known,
            });
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max();
    let found = counts.into_iter().find(|(_, count)| Some(*count) == most);
    Ok(found.map(|(origin, _)| origin))
}

/// The URL that a browser asks for next, for which step, and until when.
fn redirect_of(exchange: &Exchange, step: usize) -> Option<(String, usize, i64)> {
    let answer = &exchange.answer;
    if !(300..400).contains(&answer.status) || answer.location.is_empty() {
        return None;
    }
    let mut url = exchange.url.join(&answer.location).ok()?;
    url.set_fragment(None);
    Some((url.into(), step, exchange.ended_us + FOLLOW_US_MAX))
}

/// Path and query, without braces that would be variables.
fn path_of(exchange: &Exchange) -> String {
    let url = &exchange.url;
    let query = url
        .query()
        .map_or_else(String::new, |query| format!("?{query}"));
    let path = format!("{}{query}", url.path());
    path.replace('{', "%7B").replace('}', "%7D")
}
