//! The cookies of one shopper.
//!
//! A shopper visits one origin, so name and path identify a cookie. Parsing is the `cookie`
//! crate's; `cookie_store` would hold some kilobytes per shopper, and a million may be thinking.

use std::net::IpAddr;

use cookie::Cookie;

/// The most cookies that one shopper keeps; the oldest goes first.
const COOKIES_MAX: usize = 50;

/// The cookies of one shopper.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CookieJar {
    cookies: Vec<StoredCookie>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct StoredCookie {
    pair: Box<str>,
    name_bytes: usize,
    path: Option<Box<str>>,
}

impl CookieJar {
    /// Takes in one `Set-Cookie` header of an answer of `host`; a cookie that has expired is forgotten, and
    /// one that cannot be parsed, or is for the domain of others, is ignored, as a browser does.
    pub fn set(&mut self, header: &str, host: &str) {
        let Ok(cookie) = Cookie::parse(header) else {
            return;
        };
        let domain = cookie.domain().filter(|domain| !domain.is_empty());
        if domain.is_some_and(|domain| !covers(domain, host)) {
            return;
        }
        let path = cookie.path().filter(|path| *path != "/").map(Box::from);
        self.cookies
            .retain(|stored| stored.name() != cookie.name() || stored.path != path);
        let is_expired = cookie
            .max_age()
            .is_some_and(|age| age.is_zero() || age.is_negative());
        if is_expired || cookie.value().is_empty() {
            return;
        }
        if self.cookies.len() == COOKIES_MAX {
            self.cookies.remove(0);
        }
        self.cookies.push(StoredCookie {
            pair: format!("{}={}", cookie.name(), cookie.value()).into(),
            name_bytes: cookie.name().len(),
            path,
        });
    }

    /// The `Cookie` header for a request of `path`; `None` when there is no cookie for it.
    #[must_use]
    pub fn header(&self, path: &str) -> Option<String> {
        let mut header = String::new();
        for stored in self.cookies.iter().filter(|stored| stored.covers(path)) {
            if !header.is_empty() {
                header.push_str("; ");
            }
            header.push_str(&stored.pair);
        }
        (!header.is_empty()).then_some(header)
    }
}

/// Whether `host` is in `domain`: RFC 6265, section 5.1.3.
fn covers(domain: &str, host: &str) -> bool {
    let domain = domain.to_ascii_lowercase();
    let is_address = host.starts_with('[') || host.parse::<IpAddr>().is_ok();
    host.strip_suffix(domain.as_str())
        .is_some_and(|rest| rest.is_empty() || (rest.ends_with('.') && !is_address))
}

impl StoredCookie {
    fn name(&self) -> &str {
        &self.pair[..self.name_bytes]
    }

    /// RFC 6265, section 5.1.4.
    fn covers(&self, path: &str) -> bool {
        let Some(own) = &self.path else {
            return true;
        };
        path.strip_prefix(&**own).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with(['/', '?']) || own.ends_with('/')
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "shop.example";

    #[test]
    fn a_cookie_for_the_domain_of_others_is_refused() {
        for (domain, host, is_kept) in [
            ("", HOST, true),
            ("shop.example", HOST, true),
            (".Shop.Example", HOST, true),
            ("shop.example", "www.shop.example", true),
            ("example", HOST, true),
            ("www.shop.example", HOST, false),
            ("other.example", HOST, false),
            ("shop.example", "bookshop.example", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("0.0.1", "127.0.0.1", false),
            ("shop.example", "127.0.0.1", false),
            ("[::1]", "[::1]", true),
        ] {
            let mut jar = CookieJar::default();
            jar.set(&format!("a=1; Domain={domain}"), host);
            assert_eq!(jar.header("/").is_some(), is_kept, "{domain} {host}");
            jar.set("a=2", host);
            jar.set(&format!("a=; Max-Age=0; Domain={domain}"), host);
            assert_eq!(jar.header("/").is_none(), is_kept, "{domain} {host}");
        }
    }

    #[test]
    fn cookies_are_sent_back_replaced_and_forgotten() {
        let mut jar = CookieJar::default();
        assert_eq!(jar.header("/"), None);
        jar.set("sid=one; Path=/; HttpOnly", HOST);
        jar.set("theme=dark", HOST);
        jar.set("sid=two; Path=/", HOST);
        assert_eq!(jar.header("/cart").as_deref(), Some("theme=dark; sid=two"));
        jar.set("theme=gone; Max-Age=0", HOST);
        assert_eq!(jar.header("/cart").as_deref(), Some("sid=two"));
    }

    #[test]
    fn a_cookie_with_a_path_is_sent_below_it_only() {
        let mut jar = CookieJar::default();
        jar.set("a=1; Path=/cart", HOST);
        assert_eq!(jar.header("/cart?x=1").as_deref(), Some("a=1"));
        assert_eq!(jar.header("/cart/2").as_deref(), Some("a=1"));
        assert_eq!(jar.header("/cartoon"), None);
    }

    #[test]
    fn a_jar_never_grows_past_its_limit_and_ignores_nonsense() {
        let mut jar = CookieJar::default();
        jar.set("nonsense", HOST);
        for index in 0..COOKIES_MAX + 10 {
            jar.set(&format!("c{index}=x"), HOST);
        }
        assert_eq!(jar.cookies.len(), COOKIES_MAX);
        assert!(jar.header("/").unwrap().starts_with("c10=x"));
    }
}
