//! Routes: path templates such as `/product/{id}`, so that a report has tens of rows, not millions.
//!
//! In: raw request targets (`/product/17?ref=mail`, `https://shop.example/cart`) and the templates
//! that an SLI set declares. Out: the declared template that matches, else the path with its ids
//! folded, and with what [`RouteLearner`] learned to be names of products; else [`OTHER_ROUTE`] once
//! the table is full. Query strings never survive.

mod template;

mod folding;

mod memo_key;

mod learned;
mod learner;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::RandomState;

pub use folding::SEGMENTS_MAX;
pub use learned::{KEPT_MAX, LearnedRoutes, PREFIXES_MAX};
pub use learner::{NAMES_MAX, ROOT_NAMES_MAX, RouteLearner};
pub use template::RouteTemplate;

use crate::memo::Memo;
use folding::fold_into;
use learned::Folding;
use memo_key::key_of;

/// The route of everything past [`ROUTES_MAX`] distinct routes.
pub const OTHER_ROUTE: &str = "{other}";
/// The most routes one lake tells apart, besides declared ones; an attacker's random paths end in
/// [`OTHER_ROUTE`].
pub const ROUTES_MAX: usize = 1_000;

/// Gives raw request targets their route. Clones share the table of routes, not the memory of raw
/// paths, so each thread has its own clone.
#[derive(Debug)]
pub struct Router {
    shared: Arc<Shared>,
    /// Index of the route in `own`, by what decides the route of a path.
    memo: Memo<usize>,
    /// Known routes as texts of this clone: a shared text is a counter that threads share.
    own: Vec<Arc<str>>,
    own_index: HashMap<Arc<str>, usize, RandomState>,
    route: String,
    /// Scheme and host of the last target that has them, up to its path; empty after one without a path.
    origin: String,
    /// Room for the key of a path.
    room: Vec<u8>,
}

/// What all clones of a router have.
#[derive(Debug)]
struct Shared {
    templates: Vec<RouteTemplate>,
    /// Whether a template has a number as a segment.
    is_number_declared: bool,
    learned: LearnedRoutes,
    folding: Folding,
    /// Admitted routes without declared ones; at most [`ROUTES_MAX`].
    known: Mutex<HashSet<Box<str>>>,
}

impl Shared {
    fn template_of(&self, path: &str) -> Option<&RouteTemplate> {
        let mut templates = self.templates.iter();
        templates.find(|template| template.matches(path))
    }
}

impl Clone for Router {
    fn clone(&self) -> Self {
        Self::of(Arc::clone(&self.shared))
    }
}

impl Router {
    /// A router that tries `templates` in their order, then folds.
    #[must_use]
    pub fn new(templates: Vec<RouteTemplate>) -> Self {
        Self::with_learned(templates, LearnedRoutes::default())
    }

    /// The same with what was learned before. Its known routes count towards [`ROUTES_MAX`], but
    /// for those that are declared or folded otherwise by now.
    #[must_use]
    pub fn with_learned(templates: Vec<RouteTemplate>, learned: LearnedRoutes) -> Self {
        let folding = Folding::of(&learned);
        let mut route = String::new();
        let is_route_still = |known: &&String| {
            let is_declared = templates.iter().any(|template| template.matches(known));
            fold_into(&mut route, known, &folding);
            route == **known && !is_declared
        };
        let known = learned.known.iter().filter(is_route_still);
        let known = known.take(ROUTES_MAX).map(|known| known.as_str().into());
        let known = Mutex::new(known.collect());
        Self::of(Arc::new(Shared {
            is_number_declared: templates.iter().any(RouteTemplate::has_number),
            templates,
            known,
            folding,
            learned,
        }))
    }

    fn of(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            memo: Memo::default(),
            own: Vec::new(),
            own_index: HashMap::default(),
            route: String::new(),
            origin: String::new(),
            room: Vec::new(),
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
        Arc::clone(self.shared_route_of(target))
    }

    /// The same without counting another holder of the text, and the query of the target without `?`.
    pub fn route_and_query<'t>(&mut self, target: &'t str) -> (&Arc<str>, &'t str) {
        let start = self.path_start(target);
        let is_number_declared = self.shared.is_number_declared;
        let (length, key) = key_of(&mut self.room, &target[start..], is_number_declared);
        let end = start + length;
        let index = match self.memo.get(key) {
            Some(index) => *index,
            None => self.find_and_remember(path_or_root(&target[start..end])),
        };
        // Before the path there is no `?`, but in what is hardly a URL.
        let is_plain = start == 0 || start == self.origin.len();
        let query = query_of(target, if is_plain { end } else { 0 });
        (&self.own[index], query)
    }

    /// The same without the query.
    pub fn shared_route_of(&mut self, target: &str) -> &Arc<str> {
        self.route_and_query(target).0
    }

    /// As [`path_start`], which most lines of a log have where the line before has it.
    #[inline]
    fn path_start(&mut self, target: &str) -> usize {
        if target.as_bytes().first() == Some(&b'/') {
            return 0;
        }
        let origin = self.origin.as_str();
        if target.as_bytes().get(origin.len()) == Some(&b'/') && target.starts_with(origin) {
            return origin.len();
        }
        let start = path_start(target);
        self.origin.clear();
        if start < target.len() && !target[..start].contains('?') {
            self.origin.push_str(&target[..start]);
        }
        start
    }

    #[inline(never)]
    fn find_and_remember(&mut self, path: &str) -> usize {
        let index = self.find(path);
        let (_, key) = key_of(&mut self.room, path, self.shared.is_number_declared);
        *self.memo.insert(key, index)
    }

    fn find(&mut self, path: &str) -> usize {
        match self.shared.template_of(path) {
            Some(template) => {
                self.route.clear();
                self.route.push_str(template.as_str());
                self.own_text()
            }
            None => {
                fold_into(&mut self.route, path, &self.shared.folding);
                self.admit()
            }
        }
    }

    /// All routes told apart so far by this router and its clones, without declared ones, sorted.
    #[must_use]
    pub fn known_routes(&self) -> Vec<String> {
        let known = self.shared.known.lock();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        let mut known: Vec<String> = known.iter().map(ToString::to_string).collect();
        known.sort_unstable();
        known
    }

    /// What this router was made with, and its known routes: what [`Router::with_learned`] needs
    /// to go on.
    #[must_use]
    pub fn learned(&self) -> LearnedRoutes {
        LearnedRoutes {
            known: self.known_routes(),
            ..self.shared.learned.clone()
        }
    }

    /// Where the folded route in `self.route` is in `own`, if it is known or there is room for it.
    fn admit(&mut self) -> usize {
        if let Some(index) = self.own_index.get(self.route.as_str()) {
            return *index;
        }
        let known = self.shared.known.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        if !known.contains(self.route.as_str()) {
            if known.len() >= ROUTES_MAX {
                self.route.clear();
                self.route.push_str(OTHER_ROUTE);
            } else {
                known.insert(self.route.as_str().into());
            }
        }
        drop(known);
        self.own_text()
    }

    fn own_text(&mut self) -> usize {
        if let Some(index) = self.own_index.get(self.route.as_str()) {
            return *index;
        }
        let own: Arc<str> = self.route.as_str().into();
        self.own.push(Arc::clone(&own));
        self.own_index.insert(own, self.own.len() - 1);
        self.own.len() - 1
    }
}

/// What comes after the first `?` of `target`; none is before `from`.
fn query_of(target: &str, from: usize) -> &str {
    let rest = &target.as_bytes()[from..];
    let mark = match rest.first() {
        Some(b'?') => Some(0),
        Some(_) => memchr::memchr(b'?', rest),
        None => None,
    };
    mark.map_or("", |mark| &target[from + mark + 1..])
}

fn path_or_root(path: &str) -> &str {
    if path.is_empty() { "/" } else { path }
}

/// Where the path of a request target begins: after scheme and host, if it has them.
fn path_start(target: &str) -> usize {
    let bytes = target.as_bytes();
    if bytes.first() == Some(&b'/') {
        return 0;
    }
    // Schemes are shorter than what a call of `memchr2` is good for.
    let colon = bytes.iter().position(|byte| matches!(byte, b':' | b'/'));
    let Some(colon) = colon.filter(|colon| bytes[*colon..].starts_with(b"://")) else {
        return 0;
    };
    let host = colon + 3;
    let slash = memchr::memchr(b'/', &bytes[host..]);
    slash.map_or(bytes.len(), |slash| host + slash)
}

#[cfg(test)]
mod tests;
