//! Any texts as request targets, of a router that knows nothing, learned prefixes, or a template: the
//! first line. The length says which.
#![no_main]

use firedrill_fuzz::route::{LearnedRoutes, RouteLearner, RouteTemplate, Router, SEGMENTS_MAX};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let first = text.lines().next().unwrap_or_default();
    let learned = LearnedRoutes {
        folded: strings(&["/", "/product"]),
        kept: strings(&["/cart", "/product/sale"]),
        known: strings(&["/order/{id}"]),
    };
    match (RouteTemplate::parse(first), bytes.len() % 3) {
        (Ok(template), 0) => {
            assert_eq!(template.as_str(), first);
            let router = Router::with_learned(vec![template], learned);
            // A declared route is as it was written, and may be one that folds otherwise.
            check(&text, router, Folding::AsDeclared);
        }
        (Err(reason), 0) => assert!(!reason.is_empty()),
        (_, 1) => check(&text, Router::new(Vec::new()), Folding::Stable),
        (_, _) => {
            let router = Router::with_learned(Vec::new(), learned);
            check(&text, router, Folding::Stable);
        }
    }
});

#[derive(Clone, Copy, PartialEq)]
enum Folding {
    Stable,
    AsDeclared,
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

fn check(text: &str, mut router: Router, folding: Folding) {
    let mut learner = RouteLearner::new(&router);
    for target in text.lines() {
        learner.see(target);
        let route = router.route_of(target);
        assert!(route.starts_with('/'), "{target:?} {route:?}");
        assert!(!route.contains(['?', '#']), "{target:?} {route:?}");
        assert_eq!(router.route_of(target), route);
        if folding == Folding::Stable {
            assert_eq!(router.route_of(&route), route, "{target:?}");
            assert!(
                route.bytes().all(|byte| byte.is_ascii_graphic()),
                "{route:?}"
            );
            let segment_count = route.split('/').count() - 1;
            assert!(segment_count <= SEGMENTS_MAX + 1, "{target:?} {route:?}");
        }
    }
    let known = router.known_routes();
    let mut again = Router::with_learned(Vec::new(), router.learned());
    for route in known.iter().filter(|_| folding == Folding::Stable) {
        assert_eq!(&*again.route_of(route), route);
    }
    let _ = learner.finish();
}
