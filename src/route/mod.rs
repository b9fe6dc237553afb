//! Routes: path templates such as `/product/{id}`, so that a report has tens of rows, not millions.
//!
//! In: raw request targets (`/product/17?ref=mail`, `https://shop.example/cart`) and the templates
//! that an SLI set declares. Out: the declared template that matches, else the path with its ids
//! folded, and with what [`RouteLearner`] learned to be names of products; else [`OTHER_ROUTE`] once
//! the table is full. Query strings never survive.

mod template;

mod folding;

mod learned;
mod learner;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::RandomState;

pub use folding::SEGMENTS_MAX;
pub use learned::{KEPT_MAX, LearnedRoutes, PREFIXES_MAX};
pub use learner::{NAMES_MAX, ROOT_NAMES_MAX, RouteLearner};
pub use template::RouteTemplate;

use folding::fold_into;
use learned::Folding;

/// The route of everything past [`ROUTES_MAX`] distinct routes.
pub const OTHER_ROUTE: &str = "{other}";
/// The most routes one lake tells apart, besides declared ones; an attacker's random paths end in
/// [`OTHER_ROUTE`].
pub const ROUTES_MAX: usize = 1_000;
/// Distinct raw paths remembered per [`Router`]; past it the memory starts anew.
const MEMO_PATHS_MAX: usize = 65_536;
/// Bytes of all remembered paths together; past it the memory starts anew.
const MEMO_BYTES_MAX: usize = 8 << 20;
/// A longer path is folded each time it comes.
const MEMO_PATH_BYTES_MAX: usize = 512;

/// Gives raw request targets their route. Clones share the table of routes, not the memory of raw
/// paths, so each thread has its own clone.
#[derive(Debug)]
pub struct Router {
    shared: Arc<Shared>,
    /// Route of raw paths.
    memo: HashMap<Box<str>, Arc<str>, RandomState>,
    memo_bytes: usize,
    /// Known routes as texts of this clone: a shared text is a counter that threads share.
    own: HashSet<Arc<str>, RandomState>,
    route: String,
}

/// What all clones of a router have.
#[derive(Debug)]
struct Shared {
    templates: Vec<RouteTemplate>,
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
            templates,
            known,
            folding,
            learned,
        }))
    }

    fn of(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            memo: HashMap::default(),
            memo_bytes: 0,
            own: HashSet::default(),
            route: String::new(),
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
        let route = match self.shared.template_of(path) {
            Some(template) => {
                self.route.clear();
                self.route.push_str(template.as_str());
                self.own_text()
            }
            None => {
                fold_into(&mut self.route, path, &self.shared.folding);
                self.admit()
            }
        };
        self.remember(path, &route);
        route
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

    /// The folded route in `self.route`, if it is known or there is room for it.
    fn admit(&mut self) -> Arc<str> {
        if let Some(own) = self.own.get(self.route.as_str()) {
            return own.clone();
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

    fn own_text(&mut self) -> Arc<str> {
        if let Some(own) = self.own.get(self.route.as_str()) {
            return own.clone();
        }
        let own: Arc<str> = self.route.as_str().into();
        self.own.insert(own.clone());
        own
    }

    fn remember(&mut self, path: &str, route: &Arc<str>) {
        if path.len() > MEMO_PATH_BYTES_MAX {
            return;
        }
        let is_full = self.memo.len() >= MEMO_PATHS_MAX;
        if is_full || self.memo_bytes + path.len() > MEMO_BYTES_MAX {
            self.memo.clear();
            self.memo_bytes = 0;
        }
        self.memo_bytes += path.len();
        self.memo.insert(path.into(), route.clone());
    }
}

/// The path of a request target: without scheme, host, query and fragment.
fn path_of(target: &str) -> &str {
    let bytes = target.as_bytes();
    let after_host = if bytes.first() == Some(&b'/') {
        target
    } else {
        let colon = memchr::memchr2(b':', b'/', bytes);
        let rest = colon.and_then(|colon| target[colon..].strip_prefix("://"));
        match rest {
            Some(rest) => {
                let slash = memchr::memchr(b'/', rest.as_bytes());
                slash.map_or("/", |slash| &rest[slash..])
            }
            None => target,
        }
    };
    let end = memchr::memchr3(b'?', b'#', b';', after_host.as_bytes());
    match &after_host[..end.unwrap_or(after_host.len())] {
        "" => "/",
        path => path,
    }
}

#[cfg(test)]
mod tests;
