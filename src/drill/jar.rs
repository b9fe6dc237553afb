//! The cookies of one shopper.
//!
//! A shopper visits one origin, so name and path identify a cookie. Parsing is the `cookie`
//! crate's; `cookie_store` would hold some kilobytes per shopper, and a million may be thinking.

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
    /// Takes in one `Set-Cookie` header; a cookie that has expired is forgotten, and one that
    /// cannot be parsed is ignored, as a browser does.
    pub fn set(&mut self, header: &str) {
        let Ok(cookie) = Cookie::parse(header) else {
            return;
        };
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

    #[test]
    fn cookies_are_sent_back_replaced_and_forgotten() {
        let mut jar = CookieJar::default();
        assert_eq!(jar.header("/"), None);
        jar.set("sid=one; Path=/; HttpOnly");
        jar.set("theme=dark");
        jar.set("sid=two; Path=/");
        assert_eq!(jar.header("/cart").as_deref(), Some("theme=dark; sid=two"));
        jar.set("theme=gone; Max-Age=0");
        assert_eq!(jar.header("/cart").as_deref(), Some("sid=two"));
    }

    #[test]
    fn a_cookie_with_a_path_is_sent_below_it_only() {
        let mut jar = CookieJar::default();
        jar.set("a=1; Path=/cart");
        assert_eq!(jar.header("/cart?x=1").as_deref(), Some("a=1"));
        assert_eq!(jar.header("/cart/2").as_deref(), Some("a=1"));
        assert_eq!(jar.header("/cartoon"), None);
    }

    #[test]
    fn a_jar_never_grows_past_its_limit_and_ignores_nonsense() {
        let mut jar = CookieJar::default();
        jar.set("nonsense");
        for index in 0..COOKIES_MAX + 10 {
            jar.set(&format!("c{index}=x"));
        }
        assert_eq!(jar.cookies.len(), COOKIES_MAX);
        assert!(jar.header("/").unwrap().starts_with("c10=x"));
    }
}
