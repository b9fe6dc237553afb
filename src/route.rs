//! Routes: path templates such as `/product/{id}`, so that a report has tens of rows, not millions.
//!
//! In: raw request targets (`/product/17?ref=mail`, `https://shop.example/cart`) and the templates
//! that an SLI set declares. Out: the declared template that matches, else the path with its ids
//! folded, else [`OTHER_ROUTE`] once the table is full. Query strings never survive.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

/// The route of everything past [`ROUTES_MAX`] distinct routes.
pub const OTHER_ROUTE: &str = "{other}";
/// The most routes one run of the program tells apart; an attacker's random paths end in
/// [`OTHER_ROUTE`].
pub const ROUTES_MAX: usize = 1_000;
/// The one folded segment that readers of logs write themselves: the request line was none.
const MALFORMED_SEGMENT: &str = "{malformed}";
/// Path segments that are kept; what is deeper becomes `{rest}`.
pub const SEGMENTS_MAX: usize = 5;
/// Longest segment that is taken for a name rather than for data.
const NAME_BYTES_MAX: usize = 40;
/// Distinct raw paths remembered per [`Router`]; past it the memory starts anew.
const MEMO_MAX: usize = 65_536;

/// A declared path template, split into segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTemplate {
    text: Arc<str>,
    segments: Vec<TemplateSegment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum TemplateSegment {
    Literal(String),
    Anything,
}

impl RouteTemplate {
    /// The template `text`, e.g. `/product/{id}`; each `{…}` matches exactly one segment.
    ///
    /// # Errors
    /// A sentence fragment saying what is wrong when it does not begin with `/`, has a query, or
    /// has braces that are not a whole segment.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some(path) = text.strip_prefix('/') else {
            return Err(format!("route `{text}` does not begin with `/`"));
        };
        if text.contains(['?', '#', ' ']) {
            return Err(format!("route `{text}` must be a path with no query"));
        }
        let segments = path
            .split('/')
            .map(|segment| match segment {
                _ if segment.starts_with('{') && segment.ends_with('}') => {
                    Ok(TemplateSegment::Anything)
                }
                _ if segment.contains(['{', '}']) => Err(format!(
                    "route `{text}` has braces inside a segment (hint: `{{name}}` stands for one whole segment)"
                )),
                _ => Ok(TemplateSegment::Literal(segment.to_owned())),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            text: text.into(),
            segments,
        })
    }

    /// The template as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn matches(&self, path: &str) -> bool {
        let mut segments = path.trim_start_matches('/').split('/');
        self.segments
            .iter()
            .all(|wanted| match (wanted, segments.next()) {
                (TemplateSegment::Literal(literal), Some(segment)) => literal == segment,
                (TemplateSegment::Anything, Some(segment)) => !segment.is_empty(),
                (_, None) => false,
            })
            && segments.next().is_none()
    }
}

/// Gives raw request targets their route. Clones share the table of routes, not the memory of raw
/// paths, so each thread has its own clone.
#[derive(Debug, Clone)]
pub struct Router {
    templates: Arc<Vec<RouteTemplate>>,
    known: Arc<Mutex<HashSet<Arc<str>>>>,
    memo: HashMap<Box<str>, Arc<str>>,
}

impl Router {
    /// A router that tries `templates` in their order, then folds.
    #[must_use]
    pub fn new(templates: Vec<RouteTemplate>) -> Self {
        Self {
            templates: Arc::new(templates),
            known: Arc::default(),
            memo: HashMap::new(),
        }
    }

    /// The route of a request target: a path with or without query, or an absolute URL.
    ///
    /// ```
    /// use firedrill::route::{RouteTemplate, Router};
    /// let template = RouteTemplate::parse("/product/{slug}").unwrap();
    /// let mut router = Router::new(vec![template]);
    /// assert_eq!(&*router.route_of("/product/red-shoe?ref=mail"), "/product/{slug}");
    /// assert_eq!(&*router.route_of("https://shop.example/order/17"), "/order/{id}");
    /// ```
    pub fn route_of(&mut self, target: &str) -> Arc<str> {
        let path = path_of(target);
        if let Some(route) = self.memo.get(path) {
            return route.clone();
        }
        let route = self.admit(self.template_of(path).unwrap_or_else(|| fold(path).into()));
        if self.memo.len() >= MEMO_MAX {
            self.memo.clear();
        }
        self.memo.insert(path.into(), route.clone());
        route
    }

    fn template_of(&self, path: &str) -> Option<Arc<str>> {
        let template = self
            .templates
            .iter()
            .find(|template| template.matches(path))?;
        Some(template.text.clone())
    }

    fn admit(&self, route: Arc<str>) -> Arc<str> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = known.get(&route) {
            return same.clone();
        }
        let declared = self.templates.iter().any(|template| template.text == route);
        if known.len() >= ROUTES_MAX && !declared {
            return OTHER_ROUTE.into();
        }
        known.insert(route.clone());
        route
    }
}

/// The path of a request target: without scheme, host, query and fragment.
fn path_of(target: &str) -> &str {
    let after_host = match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => {
            rest.find('/').map_or("/", |slash| &rest[slash..])
        }
        _ => target,
    };
    let end = after_host.find(['?', '#', ';']).unwrap_or(after_host.len());
    match &after_host[..end] {
        "" => "/",
        path => path,
    }
}

/// The path with its ids, texts and deep ends folded.
fn fold(path: &str) -> String {
    let mut route = String::with_capacity(path.len().min(128));
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    for (depth, segment) in segments.enumerate() {
        if depth == SEGMENTS_MAX {
            route.push_str("/{rest}");
            break;
        }
        route.push('/');
        route.push_str(fold_segment(segment));
    }
    if route.is_empty() {
        route.push('/');
    }
    route
}

fn fold_segment(segment: &str) -> &str {
    if segment == MALFORMED_SEGMENT {
        return segment;
    }
    if let Some(kind) = static_file(segment) {
        return kind;
    }
    let digit_count = segment.bytes().filter(u8::is_ascii_digit).count();
    let is_plain = segment.bytes().all(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'@')
    });
    let is_version =
        segment.len() <= 4 && segment.starts_with('v') && digit_count + 1 == segment.len();
    if !is_plain {
        "{text}"
    } else if is_version {
        segment
    } else if digit_count == segment.len() || digit_count >= 4 || is_hex_id(segment) {
        "{id}"
    } else if segment.len() > NAME_BYTES_MAX {
        "{text}"
    } else {
        segment
    }
}

fn is_hex_id(segment: &str) -> bool {
    segment.len() >= 8
        && segment.bytes().any(|byte| byte.is_ascii_digit())
        && segment
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// Files that a page loads are one route per kind: nobody judges a shop by one picture.
fn static_file(segment: &str) -> Option<&'static str> {
    let (_, extension) = segment.rsplit_once('.')?;
    Some(match extension.to_ascii_lowercase().as_str() {
        "png" | "jpg" | "jpeg" | "gif" | "webp" | "svg" | "ico" | "avif" | "bmp" => "{image}",
        "css" => "{file}.css",
        "js" | "mjs" | "map" => "{file}.js",
        "woff" | "woff2" | "ttf" | "eot" | "otf" => "{font}",
        "mp4" | "webm" | "mp3" | "ogg" | "pdf" | "zip" | "gz" => "{download}",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn route(target: &str) -> String {
        Router::new(Vec::new()).route_of(target).to_string()
    }

    #[test]
    fn ids_texts_and_files_are_folded_and_names_are_kept() {
        for (target, expected) in [
            ("/", "/"),
            ("", "/"),
            ("/cart", "/cart"),
            ("/cart/", "/cart"),
            ("/cart?add=17", "/cart"),
            ("https://paytm.com:443/shop/cart?x=1", "/shop/cart"),
            ("http://shop.example", "/"),
            ("/product/17", "/product/{id}"),
            (
                "/api/v1/order/4b5f2c1e-9d0a-4f7e-8a54-0d3f7b5c9e11",
                "/api/v1/order/{id}",
            ),
            ("/p/MOBHERMIT-FLIP-N-K-35645D432A114", "/p/{id}"),
            ("/filter/%D9%85%DA%AF", "/filter/{text}"),
            (
                "/image/60844/productModel/200x200",
                "/image/{id}/productModel/{id}",
            ),
            ("/images/kibana-search.png", "/images/{image}"),
            ("/a/b/c/d/e/f/g", "/a/b/c/d/e/{rest}"),
            (
                "/redirect/https://evil.example/x",
                "/redirect/{text}/evil.example/x",
            ),
            ("/deadbeef01", "/{id}"),
            ("/facade", "/facade"),
            ("/{malformed}", "/{malformed}"),
        ] {
            assert_eq!(route(target), expected, "{target}");
        }
    }

    #[test]
    fn declared_templates_win_in_their_order() {
        let templates = ["/product/new", "/product/{slug}", "/{page}"]
            .map(|text| RouteTemplate::parse(text).unwrap());
        let mut router = Router::new(templates.into());
        assert_eq!(&*router.route_of("/product/new"), "/product/new");
        assert_eq!(&*router.route_of("/product/red-shoe"), "/product/{slug}");
        assert_eq!(&*router.route_of("/about"), "/{page}");
        assert_eq!(&*router.route_of("/a/b"), "/a/b");
    }

    #[test]
    fn templates_that_cannot_match_a_path_are_refused_with_the_reason() {
        for (text, reason) in [
            ("product", "does not begin with `/`"),
            ("/search?q=x", "no query"),
            ("/product/p{id}", "braces inside a segment"),
        ] {
            let message = RouteTemplate::parse(text).unwrap_err();
            assert!(message.contains(reason), "{message}");
        }
    }

    #[test]
    fn past_the_limit_new_routes_are_other_and_declared_ones_are_not() {
        let mut router = Router::new(vec![RouteTemplate::parse("/checkout").unwrap()]);
        for index in 0..ROUTES_MAX {
            let name: String = format!("{index:04}")
                .bytes()
                .map(|digit| char::from(digit - b'0' + b'a'))
                .collect();
            assert_ne!(&*router.route_of(&format!("/{name}")), OTHER_ROUTE);
        }
        assert_eq!(&*router.route_of("/one-too-many"), OTHER_ROUTE);
        assert_eq!(&*router.route_of("/checkout"), "/checkout");
    }

    proptest! {
        #[test]
        fn any_target_has_a_route_with_no_query(target in ".*") {
            let found = route(&target);
            prop_assert!(found.starts_with('/'));
            prop_assert!(!found.contains(['?', '#']));
        }

        #[test]
        fn folding_twice_changes_nothing_more(target in "(/[a-z0-9-]{1,12}){1,7}") {
            let once = route(&target);
            prop_assume!(!once.contains('{'));
            prop_assert_eq!(route(&once), once);
        }
    }
}
