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

use folding::fold_into;
use learned::Folding;
use memo_key::key_of;

/// The route of everything past [`ROUTES_MAX`] distinct routes.
pub const OTHER_ROUTE: &str = "{other}";
/// The most routes one lake tells apart, besides declared ones; an attacker's random paths end in
/// [`OTHER_ROUTE`].
pub const ROUTES_MAX: usize = 1_000;
/// Distinct paths, but for the numbers in them, remembered per [`Router`]; past it the memory starts anew.
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
    /// Index of the route in `own`, by what decides the route of a path.
    memo: HashMap<Box<[u8]>, usize, RandomState>,
    memo_bytes: usize,
    /// Known routes as texts of this clone: a shared text is a counter that threads share.
    own: Vec<Arc<str>>,
    own_index: HashMap<Arc<str>, usize, RandomState>,
    route: String,
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
            memo: HashMap::default(),
            memo_bytes: 0,
            own: Vec::new(),
            own_index: HashMap::default(),
            route: String::new(),
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

    /// The same without counting another holder of the text.
    pub fn shared_route_of(&mut self, target: &str) -> &Arc<str> {
        let path = path_of(target);
        let mut room = std::mem::take(&mut self.room);
        let key = key_of(&mut room, path, self.shared.is_number_declared);
        let index = match self.memo.get(key) {
            Some(index) => *index,
            None => {
                let index = self.find(path);
                self.remember(key, index);
                index
            }
        };
        self.room = room;
        &self.own[index]
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

    /// Remembers the route of the paths whose key is `key`.
    fn remember(&mut self, key: &[u8], index: usize) {
        if key.len() > MEMO_PATH_BYTES_MAX {
            return;
        }
        let is_full = self.memo.len() >= MEMO_PATHS_MAX;
        if is_full || self.memo_bytes + key.len() > MEMO_BYTES_MAX {
            self.memo.clear();
            self.memo_bytes = 0;
        }
        self.memo_bytes += key.len();
        self.memo.insert(key.into(), index);
    }
}

/// The path of a request target: without scheme, host, query and fragment.
fn path_of(target: &str) -> &str {
    let bytes = target.as_bytes();
    let after_host = if bytes.first() == Some(&b'/') {
        target
    } else {
        // Schemes are shorter than what a call of `memchr2` is good for.
        let colon = bytes.iter().position(|byte| matches!(byte, b':' | b'/'));
        let rest = colon.and_then(|colon| target[colon..].strip_prefix("://"));
        match rest {
            Some(rest) => {
                let slash = memchr::memchr(b'/', rest.as_bytes());
                slash.map_or("/", |slash| &rest[slash..])
            }
            None => target,
        }
    };
    let end = path_end(after_host.as_bytes());
    match &after_host[..end.unwrap_or(after_host.len())] {
        "" => "/",
        path => path,
    }
}

/// Where the query, the fragment or the parameters of a path begin.
fn path_end(target: &[u8]) -> Option<usize> {
    // Most paths are shorter than what a call of `memchr3` is good for.
    const BYTE_BY_BYTE: usize = 32;
    let is_end = |byte: &u8| matches!(byte, b'?' | b'#' | b';');
    let beginning = &target[..target.len().min(BYTE_BY_BYTE)];
    beginning.iter().position(is_end).or_else(|| {
        let end = memchr::memchr3(b'?', b'#', b';', &target[beginning.len()..])?;
        Some(beginning.len() + end)
    })
}

#[cfg(test)]
mod tests;
