//! The channel: which advertiser or partner sent a shopper, from the query and the referrer.
//!
//! In: the query, referrer and host of a request. Out: one short text, or none for a request from
//! inside of the shop or from nowhere. The first of these that a request has:
//!
//! | text | from |
//! |---|---|
//! | `utm:google/cpc`, `utm:newsletter` | `utm_source`, and `utm_medium` if there is one |
//! | `ads:google`, `mail:mailchimp` | a click id such as `gclid`, which is dropped itself |
//! | `utm:unnamed/cpc` | `utm_medium` without a source, else `utm_campaign` |
//! | `search:google`, `social:facebook` | the referrer, a well-known site |
//! | `referral:partner.example` | the referrer, any other foreign site |
//! | `other` | everything new past [`CHANNELS_MAX`] |

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::referrer::{host_in_one_spelling, is_below, known_site};
use super::short_text::find_any;
use super::tags::{Tags, VALUE_BYTES_MAX, push_clean};
use crate::memo::Memo;

/// The channel of what is past [`CHANNELS_MAX`].
pub const OTHER_CHANNEL: &str = "other";
/// The most campaigns and referring sites that are told apart. Click ids and well-known sites are a
/// short list by themselves and do not count.
pub const CHANNELS_MAX: usize = 1_000;
/// The longest channel, in bytes; a longer one is cut.
pub const CHANNEL_BYTES_MAX: usize = 100;

/// Tells the channel of requests. Clones share the table of channels, not the memory of answers, so
/// each thread has its own clone.
#[derive(Debug, Clone)]
pub struct Channels {
    finder: Finder,
    memo: Memo<Option<Arc<str>>>,
    /// Of requests whose query and host say nothing.
    by_site: Memo<Option<Arc<str>>>,
    /// Of requests whose query names the source.
    by_source: Memo<Option<Arc<str>>>,
    question: Vec<u8>,
}

/// Finds channels, without a memory of answers.
#[derive(Debug, Clone)]
struct Finder {
    sites: Arc<Vec<String>>,
    known: Arc<Mutex<HashSet<Arc<str>>>>,
}

impl Channels {
    /// One for a shop on `sites`: hosts whose own pages (and those of their subdomains) refer
    /// nobody. What is no host is ignored.
    #[must_use]
    pub fn new(sites: Vec<String>) -> Self {
        let hosts = sites.iter().filter_map(|site| {
            let host = site
                .split_once("://")
                .map_or(site.as_str(), |(_, rest)| rest);
            Some(host_in_one_spelling(host.as_bytes())?.into_owned())
        });
        let finder = Finder {
            sites: Arc::new(hosts.collect()),
            known: Arc::default(),
        };
        Self {
            finder,
            memo: Memo::default(),
            by_site: Memo::default(),
            by_source: Memo::default(),
            question: Vec::new(),
        }
    }

    /// The same with channels that an earlier run told apart, which count towards
    /// [`CHANNELS_MAX`].
    #[must_use]
    pub fn with_known(self, known: impl IntoIterator<Item = String>) -> Self {
        let mut table = self
            .finder
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        table.extend(known.into_iter().take(CHANNELS_MAX).map(Arc::from));
        drop(table);
        self
    }

    /// All campaigns and referring sites told apart so far, sorted.
    #[must_use]
    pub fn known(&self) -> Vec<String> {
        let known = self
            .finder
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut known: Vec<String> = known.iter().map(ToString::to_string).collect();
        known.sort_unstable();
        known
    }

    /// The channel of a request: `query` with or without `?`, `referrer` as sent, `host` that the
    /// request was for (empty where the log has none: then only the own sites are told apart from
    /// partners). Lower case, at most [`CHANNEL_BYTES_MAX`] bytes, no control characters.
    ///
    /// ```
    /// use firedrill::enrichment::Channels;
    /// let mut channels = Channels::new(vec!["shop.example".to_owned()]);
    /// let mut of = |query, referrer: &str| channels.channel(query, referrer.as_bytes(), "").cloned();
    /// assert_eq!(of("utm_source=Google&utm_medium=cpc", "-").as_deref(), Some("utm:google/cpc"));
    /// assert_eq!(of("", "https://www.partner.example/x").as_deref(), Some("referral:partner.example"));
    /// assert_eq!(of("page=2", "https://www.shop.example/"), None);
    /// ```
    pub fn channel(&mut self, query: &str, referrer: &[u8], host: &str) -> Option<&Arc<str>> {
        let tags = if query.is_empty() {
            Tags::default()
        } else {
            Tags::of(query.as_bytes())
        };
        if tags.source.first().is_some_and(u8::is_ascii_alphanumeric) {
            return self.channel_by_source(&tags);
        }
        let site = site_of(referrer);
        if tags.is_empty() && (site.is_empty() || site == host.as_bytes()) {
            return None;
        }
        if tags.is_empty() && host.is_empty() {
            // Most lines of most logs: nothing but the site can tell the channel.
            let finder = &self.finder;
            let find = || finder.find(&tags, site, host);
            return self.by_site.answer(site, find).as_ref();
        }
        self.question.clear();
        let texts = [
            tags.source,
            tags.medium,
            tags.campaign,
            tags.click.as_bytes(),
            site,
        ];
        // All lengths first, but that of the last text, so that no two questions are the same bytes.
        // None of these texts is longer than `VALUE_BYTES_MAX`.
        let lengths = texts.map(|text| (text.len() as u16).to_le_bytes());
        self.question.extend_from_slice(lengths.as_flattened());
        let texts = texts.into_iter().chain([host.as_bytes()]);
        for text in texts.filter(|text| !text.is_empty()) {
            self.question.extend_from_slice(text);
        }
        let finder = &self.finder;
        let find = || finder.find(&tags, site, host);
        self.memo.answer(&self.question, find).as_ref()
    }

    /// The same of `tags` whose source has a name for sure: with the medium, it is the channel, whatever
    /// else there is.
    fn channel_by_source(&mut self, tags: &Tags<'_>) -> Option<&Arc<str>> {
        let question = if tags.medium.is_empty() {
            tags.source
        } else {
            self.question.clear();
            self.question.extend_from_slice(tags.source);
            // In no value.
            self.question.push(b'&');
            self.question.extend_from_slice(tags.medium);
            &self.question
        };
        let finder = &self.finder;
        let find = || finder.find(tags, b"", "");
        self.by_source.answer(question, find).as_ref()
    }
}

impl Finder {
    fn find(&self, tags: &Tags<'_>, site: &[u8], host: &str) -> Option<Arc<str>> {
        if let Some(campaign) = tags.campaign_channel() {
            return Some(self.admit(&campaign));
        }
        if !tags.click.is_empty() {
            return Some(tags.click.into());
        }
        if let Some(unnamed) = tags.unnamed_channel() {
            return Some(self.admit(&unnamed));
        }
        let site = host_in_one_spelling(site)?;
        if self.is_own(&site, host) {
            return None;
        }
        if let Some(channel) = known_site(&site) {
            return Some(channel.into());
        }
        let mut referral = String::from("referral:");
        push_clean(&mut referral, site.as_bytes());
        Some(self.admit(&referral))
    }

    /// Whether a page of `site` is one of the shop's. A checkout on a subdomain belongs to the shop
    /// above it, too.
    fn is_own(&self, site: &str, host: &str) -> bool {
        let host = host_in_one_spelling(host.as_bytes());
        let is_of_host = host.is_some_and(|host| {
            is_below(site, &host) || (site.contains('.') && is_below(&host, site))
        });
        is_of_host || self.sites.iter().any(|own| is_below(site, own))
    }

    fn admit(&self, channel: &str) -> Arc<str> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(channel) {
            // A text of its own for each answer: a shared one would be a counter that threads share.
            return channel.into();
        }
        if known.len() >= CHANNELS_MAX {
            return OTHER_CHANNEL.into();
        }
        known.insert(channel.into());
        channel.into()
    }
}

/// The site in a referrer as it is written, maybe with user and port; empty if there is none.
fn site_of(referrer: &[u8]) -> &[u8] {
    let rest = if let Some(rest) = referrer.strip_prefix(b"https://") {
        rest
    } else if let Some(rest) = referrer.strip_prefix(b"http://") {
        rest
    } else {
        let beginning = &referrer[..referrer.len().min(VALUE_BYTES_MAX)];
        let Some(at) = memchr::memmem::find(beginning, b"://") else {
            return b"";
        };
        &referrer[at + 3..]
    };
    let rest = &rest[..rest.len().min(VALUE_BYTES_MAX)];
    &rest[..find_any(rest, *b"/?#").unwrap_or(rest.len())]
}

#[cfg(test)]
mod tests {
    use super::super::tags::is_invisible;
    use super::*;
    use proptest::prelude::*;

    fn channel(query: &str, referrer: &str, host: &str) -> Option<String> {
        let mut channels = Channels::new(vec!["https://www.shop.example/".to_owned()]);
        let found = channels.channel(query, referrer.as_bytes(), host);
        found.map(ToString::to_string)
    }

    #[test]
    fn campaigns_come_first_then_click_ids() {
        for (query, expected) in [
            (
                "utm_source=Google&utm_medium=CPC&utm_campaign=x&gclid=1",
                "utm:google/cpc",
            ),
            ("?a=1&utm_source=newsletter", "utm:newsletter"),
            ("a=1&amp;utm_source=x&amp;utm_medium=y", "utm:x/y"),
            (
                "utm_source=spring+sale%2Fmail&utm_medium=%20",
                "utm:spring-sale-mail",
            ),
            ("utm_source=%D9%85%DA%AF", "utm:مگ"),
            ("utm_source=a%1B%5B2J%00b%E2%80%AE", "utm:a[2jb"),
            ("utm_source=%ff%zz%", "utm:\u{fffd}%zz%"),
            ("gclid=Cj0&utm_campaign=x", "ads:google"),
            ("wbraid=1", "ads:google"),
            ("fbclid=1&gclid=2", "ads:facebook"),
            ("msclkid=1", "ads:microsoft"),
            ("awc=1_2", "ads:awin"),
            ("utm_medium=mail", "utm:unnamed/mail"),
            ("utm_campaign=bf", "utm:unnamed/bf"),
        ] {
            let found = channel(query, "https://www.shop.example/x", "shop.example");
            assert_eq!(found.as_deref(), Some(expected), "{query}");
        }
    }

    #[test]
    fn without_tags_the_foreign_referrer_is_the_channel() {
        for (query, referrer, expected) in [
            ("q=1", "https://www.google.de/", Some("search:google")),
            (
                "",
                "http://m.facebook.com/l.php?u=x",
                Some("social:facebook"),
            ),
            (
                "",
                "https://WWW.Partner.Example:8443/p",
                Some("referral:partner.example"),
            ),
            (
                "gclid=",
                "https://partner.example",
                Some("referral:partner.example"),
            ),
            (
                "utm_source",
                "https://partner.example",
                Some("referral:partner.example"),
            ),
            ("xgclid=1", "-", None),
            ("", "-", None),
            ("", "", None),
            ("", "https://", None),
            ("", "not a url", None),
            ("", "https://a\x1bb/", None),
        ] {
            let found = channel(query, referrer, "shop.example");
            assert_eq!(found.as_deref(), expected, "{query} {referrer}");
        }
    }

    #[test]
    fn the_own_site_refers_nobody() {
        for (referrer, host) in [
            ("https://shop.example/cart", ""),
            ("https://m.shop.example/cart", ""),
            ("https://other.example/", "other.example:443"),
            ("https://www.other.example/", "OTHER.example"),
            ("https://m.other.example/", "other.example"),
            ("https://www.other.example/", "checkout.other.example"),
            ("http://203.0.113.5/", "203.0.113.5"),
        ] {
            assert_eq!(channel("page=2", referrer, host), None, "{referrer} {host}");
        }
        let foreign = channel("", "https://notshop.example/", "shop.example");
        assert_eq!(foreign.as_deref(), Some("referral:notshop.example"));
    }

    #[test]
    fn past_the_limit_new_channels_are_other_and_well_known_ones_are_not() {
        let mut channels = Channels::new(Vec::new());
        for index in 0..CHANNELS_MAX {
            let found = channels.channel(&format!("utm_source=s{index}"), b"", "");
            assert_eq!(found, Some(&format!("utm:s{index}").into()));
        }
        let mut clone = channels.clone();
        let mut next = Channels::new(Vec::new()).with_known(channels.known());
        for channels in [&mut channels, &mut clone, &mut next] {
            let mut of = |query: &str| channels.channel(query, b"", "").cloned();
            assert_eq!(of("utm_source=one-more").as_deref(), Some(OTHER_CHANNEL));
            assert_eq!(of("utm_source=s7").as_deref(), Some("utm:s7"));
            assert_eq!(of("gclid=1").as_deref(), Some("ads:google"));
            assert_eq!(channels.known().len(), CHANNELS_MAX);
        }
    }

    #[test]
    fn a_long_channel_is_cut_between_characters() {
        let found = channel(&format!("utm_source={}", "é".repeat(90)), "", "").unwrap();
        assert_eq!(found, format!("utm:{}", "é".repeat(48)));
        assert_eq!(found.len(), CHANNEL_BYTES_MAX);
    }

    proptest! {
        #[test]
        fn any_request_has_a_harmless_channel_and_the_same_again(
            query in "((utm_source|utm_medium|gclid|a)=(%[0-9a-f]{2}|.){0,9}&){0,4}.*",
            referrer in proptest::collection::vec(any::<u8>(), 0..40),
            url in "https?://.{0,20}/",
            host in ".{0,20}",
        ) {
            let mut channels = Channels::new(vec![host.clone()]);
            for referrer in [referrer.as_slice(), url.as_bytes()] {
                let first = channels.channel(&query, referrer, &host).cloned();
                prop_assert_eq!(channels.channel(&query, referrer, &host), first.as_ref());
                let tags = Tags::of(query.as_bytes());
                prop_assert_eq!(channels.finder.find(&tags, site_of(referrer), &host), first.clone());
                if let Some(channel) = first {
                    prop_assert!(channel.len() <= CHANNEL_BYTES_MAX);
                    prop_assert!(!channel.contains(char::is_whitespace));
                    prop_assert!(!channel.contains(is_invisible));
                }
            }
        }
    }
}
