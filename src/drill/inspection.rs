//! What a shopper makes of an answer: whether it is good, and what it takes from it.

use std::cell::OnceCell;

use cookie::Cookie;
use hyper::HeaderMap;
use hyper::header::SET_COOKIE;
use percent_encoding::percent_decode_str;
use scraper::{Html, Selector};
use serde_json::Value;
use url::Url;

use super::http::Answer;
use super::json_text::text_at;
use crate::scenario::{CheckPlan, StepPlan, TakeFrom, TakePlan};

/// The most assets of one page that are got.
const PAGE_ASSETS_MAX: usize = 100;

/// An answer that is looked at; its body is parsed at most once as JSON and once as HTML.
pub struct Inspection<'a> {
    answer: &'a Answer,
    json: OnceCell<Option<Value>>,
    page: OnceCell<Html>,
}

impl<'a> Inspection<'a> {
    pub fn new(answer: &'a Answer) -> Self {
        Self {
            answer,
            json: OnceCell::new(),
            page: OnceCell::new(),
        }
    }

    /// Whether the answer is what the step wants.
    pub fn is_good(&self, check: &CheckPlan) -> bool {
        let status = self.answer.status;
        let is_status_good = if check.status.is_empty() {
            (100..400).contains(&status)
        } else {
            check.status.iter().any(|wanted| wanted.covers(status))
        };
        is_status_good
            && check
                .headers
                .iter()
                .all(|(name, text)| self.header_has(name, text))
            && self.is_body_good(check)
    }

    fn header_has(&self, name: &str, text: &str) -> bool {
        let values = self.answer.headers.get_all(name).iter();
        values
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.contains(text))
    }

    fn is_body_good(&self, check: &CheckPlan) -> bool {
        if check.body_has.is_empty() && check.body_matches.is_none() && check.json.is_empty() {
            return true;
        }
        let text = String::from_utf8_lossy(&self.answer.body);
        check
            .body_has
            .iter()
            .all(|wanted| text.contains(wanted.as_str()))
            && check
                .body_matches
                .as_ref()
                .is_none_or(|pattern| pattern.is_match(&text))
            && check
                .json
                .iter()
                .all(|(pointer, wanted)| self.json_is(pointer, wanted))
    }

    /// A number is as wanted however many zeros it is written with.
    fn json_is(&self, pointer: &str, wanted: &str) -> bool {
        let plain = match self.json(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => return false,
        };
        plain == wanted || self.json_text(pointer).as_deref() == Some(wanted)
    }

    /// What a step takes of the answer, and of the `redirects` on the way there, the first of them first;
    /// `None` where nothing of it is there.
    pub fn take(&self, take: &TakePlan, redirects: &[HeaderMap]) -> Option<String> {
        let texts = self.texts(&take.from, redirects);
        let mut found = texts.iter().filter_map(|text| match &take.pattern {
            None => Some(text.as_str()),
            Some(pattern) => {
                let found = pattern.captures(text)?;
                let group = found.get(1).or_else(|| found.get(0))?;
                Some(group.as_str())
            }
        });
        let found = found.next()?;
        Some(if take.is_percent_decoded {
            percent_decode_str(found).decode_utf8_lossy().into_owned()
        } else {
            found.to_owned()
        })
    }

    /// The texts in which it may be, the likeliest first.
    fn texts(&self, from: &TakeFrom, redirects: &[HeaderMap]) -> Vec<String> {
        let headers = || {
            [&self.answer.headers]
                .into_iter()
                .chain(redirects.iter().rev())
        };
        match from {
            TakeFrom::Body => vec![String::from_utf8_lossy(&self.answer.body).into_owned()],
            TakeFrom::Json(pointer) => self.json_text(pointer).into_iter().collect(),
            TakeFrom::Css {
                selector,
                attribute,
            } => {
                let element = self.page().select(selector).next();
                let text = element.and_then(|element| match attribute {
                    Some(name) => element.value().attr(name).map(ToOwned::to_owned),
                    None => Some(element.text().collect::<String>().trim().to_owned()),
                });
                text.into_iter().collect()
            }
            TakeFrom::Header(name) => headers()
                .flat_map(|headers| headers.get_all(name))
                .filter_map(|value| value.to_str().ok().map(ToOwned::to_owned))
                .collect(),
            TakeFrom::Cookie(name) => headers()
                .flat_map(|headers| headers.get_all(SET_COOKIE).iter().rev())
                .filter_map(|value| Cookie::parse(value.to_str().ok()?).ok())
                .filter(|cookie| cookie.name() == name)
                .map(|cookie| cookie.value().to_owned())
                .collect(),
        }
    }

    /// A text as it is meant, a number as it is written, and anything else as JSON.
    fn json_text(&self, pointer: &str) -> Option<String> {
        match self.json(pointer)? {
            Value::String(text) => Some(text.clone()),
            number @ Value::Number(_) => {
                let written = text_at(&self.answer.body, pointer).map(ToOwned::to_owned);
                Some(written.unwrap_or_else(|| number.to_string()))
            }
            other => Some(other.to_string()),
        }
    }

    fn json(&self, pointer: &str) -> Option<&Value> {
        let document = self
            .json
            .get_or_init(|| serde_json::from_slice(&self.answer.body).ok());
        document.as_ref()?.pointer(pointer)
    }

    fn page(&self) -> &Html {
        self.page
            .get_or_init(|| Html::parse_document(&String::from_utf8_lossy(&self.answer.body)))
    }

    /// Paths of the scripts, styles and pictures of the page at `url` that are on the same host, each
    /// once.
    pub fn page_assets(&self, url: &Url) -> Vec<String> {
        let Ok(selector) = Selector::parse(
            "script[src], link[rel~=stylesheet][href], link[rel~=icon][href], img[src]",
        ) else {
            return Vec::new();
        };
        let mut paths: Vec<String> = Vec::new();
        for element in self.page().select(&selector) {
            let value = element.value();
            let named = value.attr("src").or_else(|| value.attr("href"));
            let Some(path) = named.and_then(|reference| path_on_host(url, reference)) else {
                continue;
            };
            if !paths.contains(&path) && paths.len() < PAGE_ASSETS_MAX {
                paths.push(path);
            }
        }
        paths
    }
}

/// Path and query of what `reference` means on the page at `url`; `None` on another host.
pub fn path_on_host(url: &Url, reference: &str) -> Option<String> {
    let target = url.join(reference).ok()?;
    if target.origin() != url.origin() {
        return None;
    }
    Some(match target.query() {
        Some(query) => format!("{}?{query}", target.path()),
        None => target.path().to_owned(),
    })
}

/// Whether the answer to a step is good and everything is there that later steps need; `redirects` as in
/// [`Inspection::take`].
pub fn inspect(
    step: &StepPlan,
    redirects: &[HeaderMap],
    answer: &Answer,
) -> Result<Vec<(usize, String)>, ()> {
    let inspection = Inspection::new(answer);
    if !inspection.is_good(&step.check) {
        return Err(());
    }
    let taken = step.takes.iter().map(|take| {
        let value = inspection.take(take, redirects).ok_or(())?;
        Ok((take.slot, value))
    });
    taken.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;

    fn answer(status: u16, body: &str) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert("x-cart", "cart-7; new".parse().unwrap());
        headers.append(SET_COOKIE, "sid=abc; Path=/".parse().unwrap());
        Answer {
            status,
            error: None,
            headers,
            body: body.as_bytes().to_vec(),
            bytes_out: body.len() as u64,
            first_byte_us: Some(1),
            is_new_connection: false,
        }
    }

    const PAGE: &str = r#"<html><head><link rel="stylesheet" href="/main.css"><script src="app.js?v=2"></script>
        <link rel=canonical href="/other"><script src="https://elsewhere.example/x.js"></script></head>
        <body><form><input name=csrf value="t0k en"></form><p id=n> 42 <b>left</b></p><img src="/main.css"></body></html>"#;

    #[test]
    fn things_are_taken_from_json_text_pages_headers_and_cookies() {
        let json = answer(
            200,
            r#"{"cart": {"id": 12, "items": ["a", "b"], "sum": 1.50}}"#,
        );
        let page = answer(200, PAGE);
        let css = |selector: &str, attribute: Option<&str>| TakeFrom::Css {
            selector: Box::new(Selector::parse(selector).unwrap()),
            attribute: attribute.map(ToOwned::to_owned),
        };
        for (answer, from, expected) in [
            (&json, TakeFrom::Json("/cart/id".to_owned()), Some("12")),
            (&json, TakeFrom::Json("/cart/items/1".to_owned()), Some("b")),
            (&json, TakeFrom::Json("/cart/sum".to_owned()), Some("1.50")),
            (&json, TakeFrom::Json("/nothing".to_owned()), None),
            (
                &page,
                css("input[name=csrf]", Some("value")),
                Some("t0k en"),
            ),
            (&page, css("#n", None), Some("42 left")),
            (&page, css("#m", None), None),
            (
                &page,
                TakeFrom::Header("x-cart".to_owned()),
                Some("cart-7; new"),
            ),
            (&page, TakeFrom::Cookie("sid".to_owned()), Some("abc")),
            (&page, TakeFrom::Cookie("other".to_owned()), None),
        ] {
            let take = take(from, None);
            let found = Inspection::new(answer).take(&take, &[]);
            assert_eq!(found.as_deref(), expected, "{take:?}");
        }
        for (from, pattern, expected) in [
            (TakeFrom::Body, r#""id": (\d+)"#, Some("12")),
            (TakeFrom::Body, "item.", Some("items")),
            (TakeFrom::Body, "nothing", None),
            (
                TakeFrom::Json("/cart/sum".to_owned()),
                r"^(\d+)\.",
                Some("1"),
            ),
            (TakeFrom::Header("x-cart".to_owned()), r"-(\d)", Some("7")),
            (TakeFrom::Header("x-cart".to_owned()), "(old)", None),
        ] {
            let take = take(from, Some(pattern));
            let found = Inspection::new(&json).take(&take, &[]);
            assert_eq!(found.as_deref(), expected, "{take:?}");
        }
    }

    fn take(from: TakeFrom, pattern: Option<&str>) -> TakePlan {
        TakePlan {
            slot: 0,
            name: "x".to_owned(),
            from,
            pattern: pattern.map(|pattern| Regex::new(pattern).unwrap()),
            is_percent_decoded: false,
        }
    }

    #[test]
    fn redirects_on_the_way_are_looked_at_from_the_last_to_the_first() {
        let redirect = |headers: &[(&'static str, &'static str)]| {
            let mut all = HeaderMap::new();
            for (name, value) in headers {
                all.append(*name, hyper::header::HeaderValue::from_static(value));
            }
            all
        };
        let redirects = [
            redirect(&[
                ("location", "/co/a1?step=1"),
                ("set-cookie", "xsrf=first"),
                ("set-cookie", "sid=before"),
                ("set-cookie", "k=a%2Bb+c%26%3D; Path=/"),
            ]),
            redirect(&[
                ("location", "/co/a2/pay"),
                ("set-cookie", "xsrf=second"),
                ("set-cookie", "xsrf=last; Path=/"),
            ]),
            redirect(&[("location", "/paid")]),
        ];
        let answer = answer(200, "");
        let header = || TakeFrom::Header("location".to_owned());
        let cookie = |name: &str| TakeFrom::Cookie(name.to_owned());
        for (take, expected) in [
            (take(cookie("xsrf"), None), Some("last")),
            (take(cookie("sid"), None), Some("abc")),
            (take(cookie("k"), None), Some("a%2Bb+c%26%3D")),
            (take(cookie("other"), None), None),
            (take(header(), None), Some("/paid")),
            (take(header(), Some("/co/([^/?]+)")), Some("a2")),
            (take(header(), Some("step=(.)")), Some("1")),
            (
                take(TakeFrom::Header("x-cart".to_owned()), None),
                Some("cart-7; new"),
            ),
        ] {
            let found = Inspection::new(&answer).take(&take, &redirects);
            assert_eq!(found.as_deref(), expected, "{take:?}");
        }
        let decoded = TakePlan {
            is_percent_decoded: true,
            ..take(cookie("k"), None)
        };
        let found = Inspection::new(&answer).take(&decoded, &redirects);
        assert_eq!(found.as_deref(), Some("a+b+c&="));
    }

    #[test]
    fn the_assets_of_a_page_are_those_on_its_host_each_once() {
        let answer = answer(200, PAGE);
        let url = Url::parse("http://shop.example/product/7").unwrap();
        let paths = Inspection::new(&answer).page_assets(&url);
        assert_eq!(paths, ["/main.css", "/product/app.js?v=2"]);
    }

    #[test]
    fn an_answer_is_good_when_everything_is_as_wanted() {
        let answer = answer(201, r#"{"state": "paid", "n": 2, "sum": 1.50}"#);
        let good = |check: &CheckPlan| Inspection::new(&answer).is_good(check);
        assert!(good(&CheckPlan::default()));
        let check = |json: &[(&str, &str)], body_has: &str, header: &str| CheckPlan {
            json: json
                .iter()
                .map(|(pointer, value)| ((*pointer).to_owned(), (*value).to_owned()))
                .collect(),
            body_has: vec![body_has.to_owned()],
            headers: vec![("x-cart".to_owned(), header.to_owned())],
            ..CheckPlan::default()
        };
        assert!(good(&check(
            &[("/state", "paid"), ("/n", "2")],
            "paid",
            "cart"
        )));
        assert!(good(&check(&[("/sum", "1.5")], "paid", "cart")));
        assert!(good(&check(&[("/sum", "1.50")], "paid", "cart")));
        assert!(!good(&check(&[("/sum", "1.500")], "paid", "cart")));
        assert!(!good(&check(&[("/nothing", "1.5")], "paid", "cart")));
        assert!(!good(&check(&[("/state", "open")], "paid", "cart")));
        assert!(!good(&check(&[], "refused", "cart")));
        assert!(!good(&check(&[], "paid", "basket")));
        let only_200 = CheckPlan {
            status: vec![crate::status_pattern::StatusPattern::Exactly(200)],
            ..CheckPlan::default()
        };
        assert!(!good(&only_200));
    }
}
