//! The table of routes, and what a learner makes of it.

use super::*;
use proptest::prelude::*;

fn route(target: &str) -> String {
    Router::new(Vec::new()).route_of(target).to_string()
}

fn learned_from<'a>(targets: impl IntoIterator<Item = &'a str>) -> LearnedRoutes {
    let mut learner = RouteLearner::new(&Router::new(Vec::new()));
    for target in targets {
        learner.see(target);
    }
    learner.finish()
}

/// `count` names that no rule takes for anything but names.
fn names(count: usize) -> Vec<String> {
    let letter = |index: usize| char::from(b'a' + u8::try_from(index % 26).unwrap());
    (0..count)
        .map(|index| {
            [index, index / 26, index / 676]
                .map(letter)
                .iter()
                .collect()
        })
        .collect()
}

fn below(prefix: &str, names: &[String]) -> Vec<String> {
    names
        .iter()
        .map(|name| format!("{prefix}/{name}"))
        .collect()
}

fn strings(targets: &[String]) -> impl Iterator<Item = &str> {
    targets.iter().map(String::as_str)
}

#[test]
fn targets_lose_host_query_and_parameters() {
    for (target, expected) in [
        ("", "/"),
        ("/cart?add=17", "/cart"),
        ("/cart#top", "/cart"),
        ("/cart;jsessionid=17", "/cart"),
        ("https://shop.example:443/shop/cart?x=1", "/shop/cart"),
        ("http://shop.example", "/"),
        ("/go?to=https://shop.example/x", "/go"),
        (
            "/redirect/https://evil.example/x",
            "/redirect/{text}/evil.example/x",
        ),
        ("*", "/{text}"),
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
    assert_eq!(&*router.route_of("/product/red-shoe/"), "/product/{slug}");
    assert_eq!(&*router.route_of("/about"), "/{page}");
    assert_eq!(&*router.route_of("/a/b"), "/a/b");
    assert_eq!(router.known_routes(), ["/a/b"]);
}

#[test]
fn past_the_limit_new_routes_are_other_and_declared_ones_are_not() {
    let mut router = Router::new(vec![RouteTemplate::parse("/checkout").unwrap()]);
    for target in below("", &names(ROUTES_MAX)) {
        assert_eq!(*router.route_of(&target), *target);
    }
    let mut clone = router.clone();
    let mut next = Router::with_learned(Vec::new(), router.learned());
    assert_eq!(&*clone.route_of("/checkout"), "/checkout");
    for router in [&mut router, &mut clone, &mut next] {
        assert_eq!(&*router.route_of("/one-too-many"), OTHER_ROUTE);
        assert_eq!(&*router.route_of("/aaa"), "/aaa");
        assert_eq!(router.known_routes().len(), ROUTES_MAX);
    }
}

#[test]
fn one_name_more_than_the_limit_makes_slugs_of_all() {
    let all = below("/product", &names(NAMES_MAX + 1));
    let few = learned_from(strings(&all[1..]));
    assert_eq!(few, LearnedRoutes::default());
    let many = learned_from(strings(&all));
    assert_eq!(many.folded, ["/product"]);
    let mut router = Router::with_learned(Vec::new(), many);
    for (target, expected) in [
        ("/product/red-shoe?x=1", "/product/{slug}"),
        ("/product/red-shoe/reviews", "/product/{slug}/reviews"),
        ("/product/17", "/product/{id}"),
        ("/product/%D9%85", "/product/{slug}"),
        ("/product", "/product"),
        ("/basket/red-shoe", "/basket/red-shoe"),
    ] {
        assert_eq!(&*router.route_of(target), expected, "{target}");
    }
}

#[test]
fn the_root_needs_more_names_and_its_pages_with_many_requests_stay() {
    let all = below("", &names(ROOT_NAMES_MAX + 1));
    assert_eq!(
        learned_from(strings(&all[1..])).folded,
        Vec::<String>::new()
    );
    let cart = std::iter::repeat_n("/cart", 50);
    let learned = learned_from(strings(&all).chain(cart));
    assert_eq!(learned.folded, ["/"]);
    assert_eq!(learned.kept, ["/cart"]);
    let mut router = Router::with_learned(Vec::new(), learned);
    assert_eq!(&*router.route_of("/cart"), "/cart");
    assert_eq!(&*router.route_of("/red-shoe"), "/{slug}");
    assert_eq!(&*router.route_of("/"), "/");
}

#[test]
fn folders_among_slugs_stay_and_pages_that_all_slugs_have_are_shared() {
    let mut all = below("/shop", &names(NAMES_MAX + 1));
    for name in names(NAMES_MAX + 1) {
        all.extend(["reviews", "photos", "questions"].map(|page| format!("/shop/{name}/{page}")));
    }
    all.extend(["tents", "stoves", "ropes"].map(|name| format!("/shop/outdoor/{name}")));
    let learned = learned_from(strings(&all));
    assert_eq!(learned.folded, ["/shop"]);
    assert_eq!(learned.kept, ["/shop/outdoor"]);
    let mut router = Router::with_learned(Vec::new(), learned);
    assert_eq!(&*router.route_of("/shop/aba/photos"), "/shop/{slug}/photos");
    assert_eq!(
        &*router.route_of("/shop/outdoor/ropes"),
        "/shop/outdoor/ropes"
    );
}

#[test]
fn below_slugs_the_names_of_all_count_together() {
    let titles = names((NAMES_MAX + 1) * 2);
    let pairs = names(NAMES_MAX + 1).into_iter().zip(titles.chunks(2));
    let all: Vec<String> = pairs
        .flat_map(|(author, titles)| below(&format!("/blog/{author}"), titles))
        .collect();
    let learned = learned_from(strings(&all));
    assert_eq!(learned.folded, ["/blog", "/blog/{slug}"]);
    let mut router = Router::with_learned(Vec::new(), learned);
    assert_eq!(&*router.route_of("/blog/ann/tents"), "/blog/{slug}/{slug}");
}

#[test]
fn what_is_declared_teaches_nothing() {
    let template = RouteTemplate::parse("/product/{slug}").unwrap();
    let router = Router::new(vec![template]);
    let mut learner = RouteLearner::new(&router);
    for target in below("/product", &names(NAMES_MAX * 2)) {
        learner.see(&target);
    }
    assert_eq!(learner.finish(), LearnedRoutes::default());
}

#[test]
fn names_of_earlier_runs_count_and_make_room_when_they_are_slugs() {
    let all = below("/product", &names(NAMES_MAX + 1));
    let (first, second) = all.split_at(NAMES_MAX / 2);
    let mut router = Router::new(Vec::new());
    for target in first {
        router.route_of(target);
    }
    let mut learner = RouteLearner::new(&Router::with_learned(Vec::new(), router.learned()));
    for target in second {
        learner.see(target);
    }
    let learned = learner.finish();
    assert_eq!(learned.folded, ["/product"]);
    assert_eq!(learned.known.len(), first.len());
    let mut next = Router::with_learned(Vec::new(), learned);
    assert_eq!(next.known_routes(), Vec::<String>::new());
    assert_eq!(&*next.route_of(&first[0]), "/product/{slug}");
}

#[test]
fn a_learned_prefix_stays_learned() {
    let learned = learned_from(strings(&below("/product", &names(NAMES_MAX + 1))));
    let learner = RouteLearner::new(&Router::with_learned(Vec::new(), learned.clone()));
    assert_eq!(learner.finish(), learned);
}

#[test]
fn a_query_is_what_follows_the_first_question_mark() {
    let mut router = Router::new(Vec::new());
    for (target, route, query) in [
        ("", "/", ""),
        ("?", "/", ""),
        ("/cart?", "/cart", ""),
        ("/cart?a=1?b", "/cart", "a=1?b"),
        ("/cart#top?a=1", "/cart", "a=1"),
        ("/cart;j=17/b?a=1", "/cart", "a=1"),
        ("https://shop.example/cart?a=1", "/cart", "a=1"),
        ("https://shop.example/?a=2", "/", "a=2"),
        ("https://shop.example?a=3/b", "/b", "a=3/b"),
        ("https://shop.example?a=3", "/", "a=3"),
        ("https://shop.example", "/", ""),
        ("https://shop.example.org/cart", "/cart", ""),
        ("https://shop.example/cart/17?a", "/cart/{id}", "a"),
        ("*?a", "/{text}", "a"),
    ] {
        let (found_route, found_query) = router.route_and_query(target);
        assert_eq!((&**found_route, found_query), (route, query), "{target}");
    }
}

proptest! {
    #[test]
    fn the_line_before_changes_neither_route_nor_query(
        targets in prop::collection::vec("(https?://shop(\\.example|\\?a)?)?/?(a|17|[?#;/]){0,5}", 1..9),
    ) {
        let mut router = Router::new(Vec::new());
        for target in &targets {
            let expected = (route(target), target.split_once('?').map_or("", |(_, query)| query));
            let (route, query) = router.route_and_query(target);
            prop_assert_eq!((route.to_string(), query), expected);
        }
    }

    #[test]
    fn any_target_has_a_route_with_no_query(target in ".*") {
        let mut router = Router::new(Vec::new());
        let found = router.route_of(&target);
        prop_assert!(found.starts_with('/'));
        prop_assert!(found.bytes().all(|byte| byte.is_ascii_graphic()));
        prop_assert!(!found.contains(['?', '#']));
        prop_assert_eq!(router.route_of(&target), found.clone());
        prop_assert_eq!(router.route_of(&found), found);
    }
}
