//! The names of bots and monitors, and how they are found in a user agent.
//!
//! In: user agents. Out: the entry of the list that is in it. The list is `crawler-user-agents`,
//! vendored in `crawlers.json` (to renew it, put in the patterns of a newer version); what is wrong
//! with it for a shop is said here, in [`NOT_BOTS`], and what it lacks, in [`OWN_LIST`].

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::bytes::Regex;
use serde::Deserialize;

use super::client_class::ClientClass;

/// Both lists, ready to search: nearly all of it is plain text, which one automaton finds in one
/// pass. The few expressions are only tried where a text that they need was found, so that a new
/// user agent costs about a microsecond.
pub struct AgentList {
    entries: Vec<Entry>,
    texts: AhoCorasick,
    /// What each text of the automaton stands for.
    meanings: Vec<Meaning>,
}

/// What it means that a text was found.
enum Meaning {
    /// The entry is found.
    Entry(usize),
    /// The entry is found if the expression matches.
    Perhaps(usize, Box<Regex>),
}

impl AgentList {
    /// The list, compiled when it is first asked for.
    pub fn get() -> &'static Self {
        static LIST: LazyLock<AgentList> = LazyLock::new(AgentList::compile);
        &LIST
    }

    fn compile() -> Self {
        let vendored: VendoredList = serde_json::from_str(include_str!("crawlers.json"))
            .expect("the vendored list is compiled in, and a test reads it");
        let (mut entries, mut texts, mut meanings) = (Vec::new(), Vec::new(), Vec::new());
        for (text, name, class) in OWN_LIST {
            texts.push(text.to_owned());
            meanings.push(Meaning::Entry(entries.len()));
            let name = name.to_owned();
            entries.push(Entry { name, class });
        }
        for pattern in vendored.patterns {
            if NOT_BOTS.contains(&pattern.as_str()) {
                continue;
            }
            for choice in choices(&pattern) {
                let (text, is_all) = needed_text(choice);
                texts.push(text);
                meanings.push(if is_all {
                    Meaning::Entry(entries.len())
                } else {
                    let expression = Regex::new(&at_a_word(choice));
                    let expression = expression.expect("a test compiles the vendored list");
                    Meaning::Perhaps(entries.len(), Box::new(expression))
                });
            }
            let (name, class) = (name_in(&pattern), ClientClass::Bot);
            entries.push(Entry { name, class });
        }
        Self {
            entries,
            texts: AhoCorasick::new(texts).expect("the texts are few, and a test compiles them"),
            meanings,
        }
    }

    /// The first entry, in the order of the lists, that is in `agent` at the start of a word.
    pub fn find(&self, agent: &[u8]) -> Option<&Entry> {
        let found = self.texts.find_overlapping_iter(agent);
        let entries = found.filter_map(|found| match &self.meanings[found.pattern().as_usize()] {
            Meaning::Entry(entry) => is_word_start(agent, found.start()).then_some(*entry),
            Meaning::Perhaps(entry, expression) => expression.is_match(agent).then_some(*entry),
        });
        entries.min().map(|entry| &self.entries[entry])
    }
}

/// The vendored file.
#[derive(Deserialize)]
struct VendoredList {
    patterns: Vec<String>,
}

/// One name to be looked for.
pub struct Entry {
    /// Name of the bot or monitor.
    pub name: String,
    /// Bot or monitor.
    pub class: ClientClass,
}

/// Patterns of the list that shoppers match, or that say nothing about who is behind them.
const NOT_BOTS: [&str; 5] = [
    // The HTTP client of Android apps: the shop's own app sends it.
    "okhttp",
    // What an origin behind CloudFront sees in place of everybody's user agent.
    "Amazon CloudFront",
    // The browser inside of the Facebook app.
    "MetaIAB Facebook",
    // A browser for single sites on macOS.
    "Fluid",
    // Also in the names of Sogou's browsers; its spiders are in `OWN_LIST`.
    "Sogou",
];

/// Texts that are no patterns, with name and class; they win over the vendored list.
const OWN_LIST: [(&str, &str, ClientClass); 46] = {
    use ClientClass::{Bot, Monitor};
    [
        ("UptimeRobot", "UptimeRobot", Monitor),
        ("Pingdom", "Pingdom", Monitor),
        ("pingdom", "Pingdom", Monitor),
        ("StatusCake", "StatusCake", Monitor),
        ("ELB-HealthChecker", "ELB-HealthChecker", Monitor),
        ("GoogleHC", "GoogleHC", Monitor),
        ("GoogleStackdriverMonitoring", "Google Monitoring", Monitor),
        ("kube-probe", "kube-probe", Monitor),
        ("DatadogSynthetics", "Datadog Synthetics", Monitor),
        ("Datadog Synthetic", "Datadog Synthetics", Monitor),
        ("Datadog Agent", "Datadog Agent", Monitor),
        ("Datadog/Synthetics", "Datadog Synthetics", Monitor),
        ("Site24x7", "Site24x7", Monitor),
        ("NewRelicPinger", "NewRelicPinger", Monitor),
        ("NewRelicSynthetics", "NewRelicSynthetics", Monitor),
        ("Blackbox Exporter", "Blackbox Exporter", Monitor),
        ("Blackbox-Exporter", "Blackbox Exporter", Monitor),
        ("Prometheus/", "Prometheus", Monitor),
        ("Zabbix", "Zabbix", Monitor),
        ("check_http", "check_http", Monitor),
        ("Consul Health Check", "Consul Health Check", Monitor),
        ("Better Uptime", "Better Uptime", Monitor),
        ("BetterUptimeBot", "Better Uptime", Monitor),
        ("Better Stack", "Better Uptime", Monitor),
        ("Checkly", "Checkly", Monitor),
        ("Azure Traffic Manager", "Azure Traffic Manager", Monitor),
        ("Edge Health Probe", "Azure Front Door", Monitor),
        ("Load Balancer Agent", "Azure Load Balancer", Monitor),
        ("AppGW", "Azure Application Gateway", Monitor),
        ("HealthCheck/1.0", "Azure Health Check", Monitor),
        ("Amazon-Route53-Health-Check", "Route 53", Monitor),
        ("Amazon Route 53 Health Check", "Route 53", Monitor),
        ("CloudWatchSynthetics", "CloudWatch Synthetics", Monitor),
        ("Cloudflare-Healthchecks", "Cloudflare", Monitor),
        ("Cloudflare-Traffic-Manager", "Cloudflare", Monitor),
        ("Catchpoint", "Catchpoint", Monitor),
        ("RuxitSynthetic", "Dynatrace", Monitor),
        ("GTmetrix", "GTmetrix", Monitor),
        ("Uptime-Kuma", "Uptime-Kuma", Monitor),
        ("HetrixTools", "HetrixTools", Monitor),
        ("updown.io", "updown.io", Monitor),
        ("NodePing", "NodePing", Monitor),
        ("Sogou web spider", "Sogou web spider", Bot),
        ("Sogou inst spider", "Sogou web spider", Bot),
        ("Sogou News Spider", "Sogou News Spider", Bot),
        ("Sogou Pic Spider", "Sogou Pic Spider", Bot),
    ]
};

/// Whether no word goes on across `at`: `008/` is a bot, the telephone `GT-I9008/` is none.
fn is_word_start(agent: &[u8], at: usize) -> bool {
    let is_in_word = |index: usize| agent.get(index).is_some_and(u8::is_ascii_alphanumeric);
    at == 0 || !is_in_word(at) || !is_in_word(at - 1)
}

/// The same rule for an expression, unless that says itself what is before it.
fn at_a_word(pattern: &str) -> String {
    if pattern.starts_with(['^', '(']) {
        return format!("(?-u){pattern}");
    }
    format!("(?-u)(?:^|[^A-Za-z0-9])(?:{pattern})")
}

/// The alternatives of a pattern that is nothing else, as `Netumo|netumo`.
fn choices(pattern: &str) -> impl Iterator<Item = &str> {
    let separator = if pattern.contains(['(', '[']) {
        '\0'
    } else {
        '|'
    };
    pattern.split(separator)
}

/// The longest text that is in all that `pattern` matches, and whether it matches nothing else.
fn needed_text(pattern: &str) -> (String, bool) {
    let mut texts = vec![String::new()];
    let mut depth = 0;
    let mut chars = pattern.chars();
    while let Some(next) = chars.next() {
        let literal = match next {
            '\\' => chars.next().filter(|char| !char.is_ascii_alphanumeric()),
            '(' | '[' => {
                depth += 1;
                None
            }
            ')' | ']' => {
                depth -= 1;
                None
            }
            '?' | '*' | '+' | '{' => {
                texts.last_mut().and_then(String::pop);
                None
            }
            '^' | '$' | '.' | '|' | '}' => None,
            plain => Some(plain),
        };
        match (literal, texts.last_mut()) {
            (Some(literal), Some(text)) if depth == 0 => text.push(literal),
            _ => texts.push(String::new()),
        }
    }
    let is_all = texts.len() == 1;
    let longest = texts.into_iter().max_by_key(String::len);
    (longest.unwrap_or_default(), is_all)
}

/// The name in a pattern: its first text, e.g. `Googlebot` of `Googlebot\/`, `wget` of `[wW]get`.
fn name_in(pattern: &str) -> String {
    let mut name = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    let mut is_in_group = false;
    while let Some(next) = chars.next() {
        match next {
            '\\' => match chars.next() {
                Some(escaped) if !escaped.is_ascii_alphanumeric() => name.push(escaped),
                _ => break,
            },
            '[' => match chars.next() {
                Some(first) if first.is_ascii_alphanumeric() => {
                    name.push(first);
                    chars.by_ref().find(|char| *char == ']');
                }
                _ => break,
            },
            '(' => is_in_group = true,
            '|' if is_in_group => {
                chars.by_ref().find(|char| *char == ')');
                is_in_group = false;
            }
            '|' => break,
            ')' => is_in_group = false,
            '^' | '$' | '?' | '*' | '+' => {}
            plain => name.push(plain),
        }
    }
    let is_edge = |char: char| char.is_whitespace() || matches!(char, '/' | ';' | ')' | '-' | '(');
    name.trim_matches(is_edge).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendored_list_compiles_and_every_pattern_has_a_name() {
        let list = AgentList::compile();
        assert!(list.entries.len() > 1_000);
        for entry in &list.entries {
            assert!(entry.name.len() >= 2, "{}", entry.name);
            assert!(!entry.name.contains(['\\', '[', '*']), "{}", entry.name);
        }
        let vendored: VendoredList = serde_json::from_str(include_str!("crawlers.json")).unwrap();
        for pattern in NOT_BOTS {
            assert!(
                vendored.patterns.iter().any(|other| other == pattern),
                "{pattern}"
            );
        }
    }

    #[test]
    fn every_expression_needs_a_text_that_is_not_too_short() {
        for (pattern, text, is_all) in [
            ("Googlebot\\/", "Googlebot/", true),
            ("[wW]get", "get", false),
            ("^curl", "curl", false),
            ("Ahrefs(Bot|SiteAudit)", "Ahrefs", false),
            ("(^| )sentry\\/", "sentry/", false),
            ("Blog\\/\\d\\.\\d+ Feed-Fetcher", " Feed-Fetcher", false),
            ("abc+d", "ab", false),
        ] {
            assert_eq!(needed_text(pattern), (text.to_owned(), is_all), "{pattern}");
        }
        let list: VendoredList = serde_json::from_str(include_str!("crawlers.json")).unwrap();
        for pattern in &list.patterns {
            for choice in choices(pattern) {
                assert!(needed_text(choice).0.len() >= 3, "{pattern}");
            }
        }
    }

    #[test]
    fn names_are_taken_from_patterns() {
        for (pattern, name) in [
            ("Googlebot\\/", "Googlebot"),
            ("[wW]get", "wget"),
            ("^curl", "curl"),
            ("AdsBot-Google([^-]|$)", "AdsBot-Google"),
            ("Ahrefs(Bot|SiteAudit)", "AhrefsBot"),
            ("(sistrix|SISTRIX) [cC]rawler", "sistrix crawler"),
            ("(^| )PTST\\/", "PTST"),
            ("Netumo|netumo", "Netumo"),
            ("Current[\\s\\S]*RSS Reader", "Current"),
            ("BlogTraffic\\/\\d\\.\\d+ Feed-Fetcher", "BlogTraffic"),
            ("Mail\\.RU_Bot", "Mail.RU_Bot"),
        ] {
            assert_eq!(name_in(pattern), name, "{pattern}");
        }
    }
}
