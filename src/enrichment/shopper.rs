//! Who a shopper is, as a keyed hash: equal for one shopper, worthless without the lake's key.
//!
//! In: the lake's key; session, cookies, address and user agent of a request. Out: 64-bit hashes. A
//! session tells shoppers apart best; without one it is address and user agent together, which
//! merges people behind one address with one browser, and splits those who change their address.

use siphasher::sip::SipHasher24;

use super::sip_hash::SipHash;

/// Cookies that hold a session where no names are given, most telling first. A name that ends in
/// `*` stands for all that begin so.
const SESSION_COOKIES: [&str; 26] = [
    "sessionid",
    "session_id",
    "sessionId",
    "session",
    "sid",
    "PHPSESSID",
    "JSESSIONID",
    "ASP.NET_SessionId",
    ".AspNetCore.Session",
    "connect.sid",
    "_session_id",
    "laravel_session",
    "ci_session",
    "frontend",
    "_shopify_y",
    "_shopify_s",
    "wp_woocommerce_session_*",
    "PrestaShop-*",
    "OCSESSID",
    "sw-session-*",
    "session-*",
    "xid",
    "dwsid",
    "SESS*",
    "CFID",
    "ASPSESSIONID*",
];

/// The hashes of shoppers, and of row keys. Each thread has its own.
#[derive(Debug, Clone)]
pub struct ShopperKeys {
    by_session: SipHasher24,
    by_address: SipHash,
    by_agent: SipHasher24,
    by_row_key: SipHasher24,
    cookies: SessionCookies,
}

impl ShopperKeys {
    /// Hashes under the lake's `key`. `session_cookies` are the names of cookies that hold a
    /// session, most telling first, case as sent; a list of well-known ones follows them. A name
    /// that ends in `*` stands for all that begin so.
    #[must_use]
    pub fn new(key: &[u8; 32], session_cookies: Vec<String>) -> Self {
        Self {
            by_session: keyed(key, "firedrill shopper by session"),
            by_address: SipHash::new(&derived(key, "firedrill shopper by address")),
            by_agent: keyed(key, "firedrill user agent"),
            by_row_key: keyed(key, "firedrill row key"),
            cookies: SessionCookies::new(&session_cookies),
        }
    }

    /// The hash of who sent a request: of `session`, else of the first known session in `cookie`
    /// (`name=value; name=value`), else of the address `client` and the user
    /// agent with [`ShopperKeys::agent_hash`]. Empty and `-` are
    /// absent. None without a session and an address: a user agent alone is thousands of people.
    #[must_use]
    pub fn shopper(
        &self,
        client: &[u8],
        agent_hash: u64,
        cookie: &[u8],
        session: &[u8],
    ) -> Option<i64> {
        let session = present(session).or_else(|| self.cookies.session(present(cookie)?));
        if let Some(session) = session {
            return Some(self.by_session.hash(session).cast_signed());
        }
        let client = present(client)?;
        // The hash of the agent is last, of one length, and so needs no separator.
        Some(self.by_address.hash(client, agent_hash).cast_signed())
    }

    /// The hash of the identifier by which an at-least-once exporter repeats a line. None when it
    /// is empty or `-`.
    #[must_use]
    pub fn row_key(&self, key: &[u8]) -> Option<i64> {
        let hash = self.by_row_key.hash(present(key)?);
        Some(hash.cast_signed())
    }

    /// The part of the hash that comes from the user agent. Addresses are short and many, user
    /// agents long and few: callers remember this.
    #[must_use]
    pub fn agent_hash(&self, user_agent: &[u8]) -> u64 {
        self.by_agent.hash(present(user_agent).unwrap_or_default())
    }
}

/// A hash under a key of its own for each `purpose`.
fn keyed(key: &[u8; 32], purpose: &str) -> SipHasher24 {
    SipHasher24::new_with_key(&derived(key, purpose))
}

/// A key of its own for each `purpose`, so that no two kinds of hashes can be compared.
fn derived(key: &[u8; 32], purpose: &str) -> [u8; 16] {
    let derived = blake3::derive_key(purpose, key);
    let mut half = [0; 16];
    half.copy_from_slice(&derived[..16]);
    half
}

fn present(text: &[u8]) -> Option<&[u8]> {
    (!text.is_empty() && text != b"-").then_some(text)
}

/// The names of session cookies, most telling first.
#[derive(Debug, Clone)]
struct SessionCookies {
    names: Vec<Vec<u8>>,
}

impl SessionCookies {
    fn new(given: &[String]) -> Self {
        let given = given.iter().map(String::as_str);
        let names = given.chain(SESSION_COOKIES).filter(|name| !name.is_empty());
        Self {
            names: names.map(|name| name.as_bytes().to_vec()).collect(),
        }
    }

    /// The value of the most telling cookie in a Cookie header that has one.
    fn session<'a>(&self, cookie: &'a [u8]) -> Option<&'a [u8]> {
        let mut best: Option<&[u8]> = None;
        let mut names = self.names.as_slice();
        for pair in cookie.split(|byte| *byte == b';') {
            let pair = pair.trim_ascii();
            let Some(equals) = memchr::memchr(b'=', pair) else {
                continue;
            };
            let (name, value) = (without_prefix(&pair[..equals]), &pair[equals + 1..]);
            if present(value).is_none() {
                continue;
            }
            // Only a more telling name than the one that was found is still looked for.
            if let Some(rank) = names.iter().position(|wanted| is_called(name, wanted)) {
                best = Some(value);
                names = &names[..rank];
            }
        }
        best
    }
}

fn is_called(name: &[u8], wanted: &[u8]) -> bool {
    match wanted.split_last() {
        Some((b'*', beginning)) => name.starts_with(beginning),
        _ => name == wanted,
    }
}

/// A browser treats these prefixes as part of the name, a shop's settings do not.
fn without_prefix(name: &[u8]) -> &[u8] {
    let secure = name.strip_prefix(b"__Secure-");
    secure
        .or_else(|| name.strip_prefix(b"__Host-"))
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: [u8; 32] = [7; 32];
    const CLIENT: &[u8] = b"203.0.113.9";
    const AGENT: &[u8] = b"Mozilla/5.0 (X11; Linux x86_64)";

    impl ShopperKeys {
        fn of(&self, client: &[u8], agent: &[u8], cookie: &[u8], session: &[u8]) -> Option<i64> {
            self.shopper(client, self.agent_hash(agent), cookie, session)
        }
    }

    fn keys() -> ShopperKeys {
        ShopperKeys::new(&KEY, vec!["shop_login".to_owned()])
    }

    fn by_cookie(cookie: &str) -> Option<i64> {
        keys().of(CLIENT, AGENT, cookie.as_bytes(), b"-")
    }

    #[test]
    fn the_first_known_session_is_the_shopper() {
        let of = |session: &str| keys().of(b"", b"", b"", session.as_bytes());
        for (cookie, session) in [
            ("PHPSESSID=abc", "abc"),
            ("a=1; PHPSESSID=abc; b=2", "abc"),
            ("PHPSESSID=abc; sessionid=def", "def"),
            ("sessionid=def; PHPSESSID=abc", "def"),
            ("sessionid=; PHPSESSID=abc", "abc"),
            ("sessionid=-;PHPSESSID=abc", "abc"),
            ("sessionid=def; shop_login=ghi", "ghi"),
            ("__Host-sid=abc", "abc"),
            ("wp_woocommerce_session_0f3c=abc%7C1", "abc%7C1"),
            ("sid=a=b", "a=b"),
            ("sid=first; sid=second", "first"),
        ] {
            assert_eq!(by_cookie(cookie), of(session), "{cookie}");
            assert!(by_cookie(cookie).is_some());
        }
    }

    #[test]
    fn without_a_known_session_it_is_address_and_user_agent() {
        let plain = keys().of(CLIENT, AGENT, b"", b"");
        assert!(plain.is_some());
        for cookie in ["", "-", "theme=dark", "PHPSESSID", "=x", ";;", "Sid=1"] {
            assert_eq!(by_cookie(cookie), plain, "{cookie}");
        }
        assert_ne!(keys().of(CLIENT, b"other", b"", b""), plain);
        assert_ne!(keys().of(b"203.0.113.8", AGENT, b"", b""), plain);
        assert_eq!(
            keys().of(CLIENT, b"-", b"", b""),
            keys().of(CLIENT, b"", b"", b"")
        );
    }

    #[test]
    fn a_user_agent_alone_is_nobody() {
        assert_eq!(keys().of(b"-", AGENT, b"", b""), None);
        assert_eq!(keys().of(b"", b"", b"-", b"-"), None);
        assert_eq!(keys().row_key(b""), None);
        assert_eq!(keys().row_key(b"-"), None);
    }

    #[test]
    fn kinds_of_hashes_and_keys_of_lakes_do_not_meet() {
        let keys = keys();
        let text = b"203.0.113.9";
        let found = [
            keys.of(b"", b"", b"", text),
            keys.of(text, b"", b"", b""),
            keys.row_key(text),
            ShopperKeys::new(&[8; 32], Vec::new()).row_key(text),
        ];
        for (index, hash) in found.iter().enumerate() {
            assert!(!found[..index].contains(hash), "{index}");
        }
    }

    #[test]
    fn hashes_stay_the_same_from_version_to_version() {
        let keys = keys();
        let found = [
            keys.of(CLIENT, AGENT, b"", b""),
            keys.of(CLIENT, AGENT, b"", b"abc"),
            keys.row_key(b"row-1"),
        ];
        let expected = [
            -6_149_953_858_702_233_192,
            -2_718_702_698_000_264_217,
            -4_824_992_016_173_781_148,
        ];
        assert_eq!(found, expected.map(Some));
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_hash_that_stays(
            client in proptest::collection::vec(any::<u8>(), 0..80),
            agent in proptest::collection::vec(any::<u8>(), 0..80),
            cookie in proptest::collection::vec(any::<u8>(), 0..80),
            session in proptest::collection::vec(any::<u8>(), 0..2),
        ) {
            let first = keys().of(&client, &agent, &cookie, &session);
            prop_assert_eq!(keys().of(&client, &agent, &cookie, &session), first);
        }

        #[test]
        fn cookies_are_found_like_by_the_obvious_search(
            cookie in "((sid|sessionid|shop_login|SESSx|a)=[ab-]{0,2};? ?){0,6}",
        ) {
            let cookies = keys().cookies;
            let pairs: Vec<(&str, &str)> = cookie
                .split(';')
                .filter_map(|pair| pair.trim().split_once('='))
                .filter(|(_, value)| !value.is_empty() && *value != "-")
                .collect();
            let slow = cookies.names.iter().find_map(|wanted| {
                pairs.iter().find(|(name, _)| is_called(name.as_bytes(), wanted))
            });
            let expected = slow.map(|(_, value)| value.as_bytes());
            prop_assert_eq!(cookies.session(cookie.as_bytes()), expected);
        }
    }
}
