//! The site that a request came from, by its referrer.
//!
//! In: referrers as logged. Out: their host in one spelling, and what kind of site that is: a search
//! engine, a social network, an advertising network, or any other.

use std::borrow::Cow;
use std::collections::HashMap;

/// The longest host name there can be, in bytes.
const HOST_BYTES_MAX: usize = 253;
/// Different hosts that [`own_site`] tells apart.
const SITES_MAX: usize = 1_024;

/// Sites whose every page and subdomain is one channel.
const KNOWN_SITES: [(&str, &str); 56] = [
    ("bing.com", "search:bing"),
    ("duckduckgo.com", "search:duckduckgo"),
    ("search.yahoo.com", "search:yahoo"),
    ("search.yahoo.co.jp", "search:yahoo"),
    ("baidu.com", "search:baidu"),
    ("ecosia.org", "search:ecosia"),
    ("qwant.com", "search:qwant"),
    ("startpage.com", "search:startpage"),
    ("search.brave.com", "search:brave"),
    ("search.naver.com", "search:naver"),
    ("search.daum.net", "search:daum"),
    ("search.seznam.cz", "search:seznam"),
    ("sogou.com", "search:sogou"),
    ("so.com", "search:360"),
    ("ask.com", "search:ask"),
    ("search.aol.com", "search:aol"),
    ("kagi.com", "search:kagi"),
    ("mojeek.com", "search:mojeek"),
    ("swisscows.com", "search:swisscows"),
    ("coccoc.com", "search:coccoc"),
    ("petalsearch.com", "search:petal"),
    ("com.google.android.googlequicksearchbox", "search:google"),
    ("doubleclick.net", "ads:google"),
    ("googlesyndication.com", "ads:google"),
    ("googleadservices.com", "ads:google"),
    ("criteo.com", "ads:criteo"),
    ("taboola.com", "ads:taboola"),
    ("outbrain.com", "ads:outbrain"),
    ("facebook.com", "social:facebook"),
    ("fb.com", "social:facebook"),
    ("fb.me", "social:facebook"),
    ("com.facebook.katana", "social:facebook"),
    ("instagram.com", "social:instagram"),
    ("com.instagram.android", "social:instagram"),
    ("threads.net", "social:threads"),
    ("t.co", "social:x"),
    ("twitter.com", "social:x"),
    ("x.com", "social:x"),
    ("linkedin.com", "social:linkedin"),
    ("lnkd.in", "social:linkedin"),
    ("pin.it", "social:pinterest"),
    ("com.pinterest", "social:pinterest"),
    ("reddit.com", "social:reddit"),
    ("youtube.com", "social:youtube"),
    ("youtu.be", "social:youtube"),
    ("tiktok.com", "social:tiktok"),
    ("snapchat.com", "social:snapchat"),
    ("vk.com", "social:vk"),
    ("ok.ru", "social:ok"),
    ("t.me", "social:telegram"),
    ("telegram.org", "social:telegram"),
    ("wa.me", "social:whatsapp"),
    ("whatsapp.com", "social:whatsapp"),
    ("weibo.com", "social:weibo"),
    ("tumblr.com", "social:tumblr"),
    ("bsky.app", "social:bluesky"),
];

/// Names that stand before many country endings, as in `google.co.uk`.
const NAMES_BEFORE_COUNTRIES: [(&str, &str); 4] = [
    ("google", "search:google"),
    ("yandex", "search:yandex"),
    ("bing", "search:bing"),
    ("pinterest", "social:pinterest"),
];

/// The channel of a host in the spelling of [`host_of`], if it is well known.
pub fn known_site(host: &str) -> Option<&'static str> {
    let known = KNOWN_SITES.iter().find(|(site, _)| is_below(host, site));
    known
        .map(|(_, channel)| *channel)
        .or_else(|| before_country(host))
}

fn before_country(host: &str) -> Option<&'static str> {
    let host = host.strip_prefix("images.").unwrap_or(host);
    let (name, ending) = host.split_once('.')?;
    // `google.co.uk` and `google.com`, but neither `google.shop.example` nor `mail.google.com`.
    let is_ending = ending.len() <= 6
        && ending.split('.').count() <= 2
        && ending.split('.').all(|label| matches!(label.len(), 2..=3));
    let known = NAMES_BEFORE_COUNTRIES.iter().find(|known| known.0 == name);
    known.filter(|_| is_ending).map(|(_, channel)| *channel)
}

/// Whether `host` is `site` or a subdomain of it. Both in the spelling of [`host_of`].
pub fn is_below(host: &str, site: &str) -> bool {
    let Some(before) = host.strip_suffix(site) else {
        return false;
    };
    before.is_empty() || before.ends_with('.')
}

/// The host of a URL, in lower case, without user, port, `www.` and final dot. None for what is no
/// URL with a host.
pub fn host_of(url: &[u8]) -> Option<Cow<'_, str>> {
    let start = memchr::memmem::find(&url[..url.len().min(64)], b"://")? + 3;
    host_in_one_spelling(&url[start..])
}

/// The same for what follows the `://` of a URL: a host, maybe with more after it.
pub fn host_in_one_spelling(text: &[u8]) -> Option<Cow<'_, str>> {
    let end = text
        .iter()
        .position(|byte| matches!(byte, b'/' | b'?' | b'#' | b'\\'));
    let authority = &text[..end.unwrap_or(text.len())];
    let host = match memchr::memrchr(b'@', authority) {
        Some(at) => &authority[at + 1..],
        None => authority,
    };
    let end = match host.first() {
        Some(b'[') => memchr::memchr(b']', host)? + 1,
        _ => memchr::memchr(b':', host).unwrap_or(host.len()),
    };
    let host = host[..end].strip_suffix(b".").unwrap_or(&host[..end]);
    if host.is_empty()
        || host.len() > HOST_BYTES_MAX
        || !host.iter().all(|byte| is_host_byte(*byte))
    {
        return None;
    }
    let host = std::str::from_utf8(host).ok()?;
    let host = if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    };
    // Nothing is left of `www..`.
    Some(without_www(host)).filter(|host| host.bytes().any(|byte| byte.is_ascii_alphanumeric()))
}

fn without_www(host: Cow<'_, str>) -> Cow<'_, str> {
    match host {
        Cow::Borrowed(host) => Cow::Borrowed(host.strip_prefix("www.").unwrap_or(host)),
        Cow::Owned(host) => match host.strip_prefix("www.") {
            Some(rest) => Cow::Owned(rest.to_owned()),
            None => Cow::Owned(host),
        },
    }
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'[' | b']' | b':')
}

/// The site that a log is of, by the referrers of some of its lines: the host in at least half of
/// those that have one. For logs that do not say which host a request was for; without it, every
/// step inside of the shop would be a referral. None when no host has half.
///
/// ```
/// use firedrill::enrichment::own_site;
/// let referrers = ["-", "https://www.shop.example/cart", "https://shop.example/", "https://t.co/x"];
/// let found = own_site(referrers.map(str::as_bytes));
/// assert_eq!(found.as_deref(), Some("shop.example"));
/// ```
#[must_use]
pub fn own_site<'a>(referrers: impl IntoIterator<Item = &'a [u8]>) -> Option<String> {
    let mut counts: HashMap<String, u64> = HashMap::new();
    let mut all = 0;
    for host in referrers.into_iter().filter_map(host_of) {
        all += 1;
        if let Some(count) = counts.get_mut(&*host) {
            *count += 1;
        } else if counts.len() < SITES_MAX {
            counts.insert(host.into_owned(), 1);
        }
    }
    let (site, count) = counts
        .into_iter()
        .max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0)))?;
    (count * 2 >= all && known_site(&site).is_none()).then_some(site)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hosts_have_one_spelling() {
        for (url, expected) in [
            (
                "https://www.Partner.example/page?x",
                Some("partner.example"),
            ),
            ("http://partner.example:8080", Some("partner.example")),
            (
                "https://ann:secret@partner.example./",
                Some("partner.example"),
            ),
            ("https://[2001:db8::1]:443/", Some("[2001:db8::1]")),
            ("android-app://com.Example.app/", Some("com.example.app")),
            ("HTTPS://WWW.SHOP.EXAMPLE", Some("shop.example")),
            (
                "https://partner.example?x=https://other.example",
                Some("partner.example"),
            ),
            ("", None),
            ("-", None),
            ("partner.example/page", None),
            ("https://", None),
            ("https:///page", None),
            ("https://a b/", None),
            ("https://a\x1b[2J/", None),
            ("https://é.example/", None),
            ("https://www../page", None),
            ("https://.../", None),
        ] {
            assert_eq!(host_of(url.as_bytes()).as_deref(), expected, "{url}");
        }
        let long = format!("https://{}/", "x".repeat(HOST_BYTES_MAX + 1));
        assert_eq!(host_of(long.as_bytes()), None);
    }

    #[test]
    fn well_known_sites_are_known_with_subdomains_and_countries() {
        for (host, expected) in [
            ("google.com", Some("search:google")),
            ("google.co.uk", Some("search:google")),
            ("images.google.de", Some("search:google")),
            ("mail.google.com", None),
            ("google.shop.example", None),
            ("notgoogle.com", None),
            ("m.facebook.com", Some("social:facebook")),
            ("notfacebook.com", None),
            ("yandex.ru", Some("search:yandex")),
            ("t.co", Some("social:x")),
            ("chat.co", None),
            ("de.search.yahoo.com", Some("search:yahoo")),
            ("googleads.g.doubleclick.net", Some("ads:google")),
            ("partner.example", None),
        ] {
            assert_eq!(known_site(host), expected, "{host}");
        }
    }

    #[test]
    fn the_own_site_has_half_of_the_referrers() {
        let own = |hosts: &[&str]| {
            let urls: Vec<String> = hosts
                .iter()
                .map(|host| format!("https://{host}/"))
                .collect();
            own_site(urls.iter().map(String::as_bytes))
        };
        assert_eq!(own(&[]), None);
        assert_eq!(own(&["a.example", "b.example", "c.example"]), None);
        assert_eq!(
            own(&["a.example", "b.example"]).as_deref(),
            Some("a.example")
        );
        assert_eq!(
            own(&["b.example", "a.example", "b.example"]).as_deref(),
            Some("b.example")
        );
        assert_eq!(own(&["google.com", "google.com"]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_harmless_host_or_none(
            url in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            for host in [host_of(&url), host_in_one_spelling(&url)].into_iter().flatten() {
                prop_assert!(!host.is_empty() && host.bytes().all(is_host_byte));
            }
        }
    }
}
