//! Routes of requests that only an answer named: where a redirect leads, an asset of a page.

use std::sync::Arc;

use crate::route::Router;

/// Finds the route of a path; the number of routes is capped.
#[derive(Debug, Clone)]
pub struct RouteFinder {
    router: Router,
}

impl RouteFinder {
    pub(super) fn new(router: Router) -> Self {
        Self { router }
    }

    /// The route of `path`.
    pub fn route_of(&mut self, path: &str) -> Arc<str> {
        self.router.route_of(path)
    }
}
