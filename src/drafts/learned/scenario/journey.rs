//! The journey of one kind of shopper: first steps, pages, and the ways between them.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::Value;

use super::{ScenarioRequest, scaled_us};
use crate::drafts::learned::chain::Chain;
use crate::drafts::learned::grouping::{Entrance, PAUSES_MIN, entrances};
use crate::drafts::learned::roles::{Place, Role, share};
use crate::drafts::learned::sessions::{Kind, Learned};
use crate::drafts::{Flow, ScenarioLines, duration_text, share_text};
use crate::latency_buckets::LatencyHistogram;

/// What stands where somebody has to write something.
const PLACEHOLDER: &str = "EDIT-ME";
/// Folders of a path whose next one is a product.
const PRODUCT_FOLDERS: [&str; 14] = [
    "product", "products", "p", "item", "items", "dp", "sku", "stock", "article", "articles",
    "artikel", "produkt", "produkte", "goods",
];
/// Calls that a page makes more rarely than this in the mean are no files of it.
const CALLS_MIN: f64 = 0.5;
/// What of a donor's step is its request.
const DONATED: [&str; 13] = [
    "headers",
    "auth",
    "form",
    "json",
    "body",
    "multipart",
    "graphql",
    "assets",
    "page_assets",
    "redirects",
    "take",
    "check",
    "on_failure",
];
/// The product that was looked at last.
const PRODUCT: &str = "{product}";
/// Another one, which is the last from then on.
const NEXT_PRODUCT: &str = "{next_product}";
/// Methods as steps name them.
const METHODS: [&str; 6] = ["get", "post", "put", "patch", "delete", "head"];

/// Requests of steps, and what is unknown of them.
pub struct Steps<'a> {
    request: &'a ScenarioRequest,
    places: &'a [Place],
    ids: Vec<String>,
    told: BTreeSet<usize>,
    pub notices: Vec<String>,
}

/// A request in the words of a step.
struct StepRequest {
    entries: Vec<(String, Flow)>,
    comment: String,
}

impl<'a> Steps<'a> {
    pub fn new(learned: &'a Learned, request: &'a ScenarioRequest) -> Self {
        let mut used = BTreeSet::from(["end".to_owned()]);
        let ids = learned.places.iter().map(|place| {
            let words = place
                .route
                .split('/')
                .map(|folder| folder.trim_matches(['{', '}']));
            let words: Vec<&str> = words
                .filter(|word| !word.is_empty() && *word != "id")
                .collect();
            let route = if words.is_empty() {
                "home".to_owned()
            } else {
                words.join("-")
            };
            let mut id: String = if place.is_read() {
                route
            } else {
                format!("{}-{route}", place.method.to_ascii_lowercase())
            };
            id.retain(|char| char.is_ascii_alphanumeric() || char == '-');
            id.truncate(40);
            let free = (1..).map(|number| {
                if number == 1 {
                    id.clone()
                } else {
                    format!("{id}-{number}")
                }
            });
            let mut free = free.skip_while(|id| used.contains(id));
            let id = free.next().unwrap_or_default();
            used.insert(id.clone());
            id
        });
        Self {
            request,
            ids: ids.collect(),
            places: &learned.places,
            told: BTreeSet::new(),
            notices: Vec::new(),
        }
    }

    /// The request for a page, with the calls that its scripts make.
    fn request(&mut self, page: usize, chain: &Chain) -> StepRequest {
        let mut found = match self.donated(page) {
            Some(step) => step,
            None => self.of_route(page),
        };
        if self.request.has_calls && found.entries.iter().all(|(key, _)| key != "assets") {
            let calls = self.calls(page, chain);
            if !calls.is_empty() {
                found.entries.push(("assets".to_owned(), Flow::List(calls)));
            }
        }
        found
    }

    fn donated(&self, page: usize) -> Option<StepRequest> {
        let place = &self.places[page];
        let donor = self.request.donor.as_ref()?;
        let Value::Object(all) = &donor.step(&place.method, &place.route)?.step else {
            return None;
        };
        let mut kept = all.clone();
        kept.retain(|key, _| METHODS.contains(&key.as_str()) || DONATED.contains(&key.as_str()));
        for method in METHODS {
            if let Some(Value::String(path)) = kept.get_mut(method) {
                *path = path.replace(PRODUCT, self.product(page));
            }
        }
        match Flow::of(&Value::Object(kept)) {
            Flow::Map(entries) => Some(StepRequest {
                entries,
                comment: String::new(),
            }),
            Flow::Text(_) | Flow::Bare(_) | Flow::List(_) => None,
        }
    }

    fn of_route(&mut self, page: usize) -> StepRequest {
        let place = &self.places[page];
        let path = self.path(page);
        let mut entries = vec![(place.method.to_ascii_lowercase(), Flow::text(path.clone()))];
        let has_body = matches!(place.method.as_str(), "POST" | "PUT" | "PATCH");
        let unknown = match (path.contains(PLACEHOLDER), has_body) {
            (false, false) => {
                return StepRequest {
                    entries,
                    comment: String::new(),
                };
            }
            (true, false) => "its path",
            (false, true) => "its body",
            (true, true) => "its path and body",
        };
        // Somebody who has not edited this shall at least see the rest of the visit.
        entries.push(("on_failure".to_owned(), Flow::text("continue")));
        if self.told.insert(page) {
            self.notices.push(format!(
                "{PLACEHOLDER}: {} {}: {unknown} is not in the lake; write it into the scenario, or name one that has it with --forms",
                place.method, place.route
            ));
        }
        StepRequest {
            entries,
            comment: format!("{PLACEHOLDER}: {unknown} is not in the lake"),
        }
    }

    fn calls(&self, page: usize, chain: &Chain) -> Vec<Flow> {
        let visits = chain.visits[page];
        let calls = chain.calls.iter().filter(|((from, _), _)| *from == page);
        let often = calls.filter(|((_, call), count)| {
            let place = &self.places[*call];
            place.role == Role::Call && place.method == "GET" && share(**count, visits) >= CALLS_MIN
        });
        let paths = often.map(|((_, call), _)| self.path(*call));
        paths
            .filter(|path| !path.contains(PLACEHOLDER))
            .map(Flow::Text)
            .collect()
    }

    /// A path that can be asked for, with the product where the lake says that it has one.
    fn path(&self, page: usize) -> String {
        let place = &self.places[page];
        let product = self.product(page);
        let mut path = path_of(&place.route, product);
        if let Some(parameter) = place.product_parameter
            && !path.contains(product)
        {
            path.push_str(&format!("?{parameter}={product}"));
        }
        path
    }

    /// Which product a page is about: whoever goes to one looks at another product; forms, calls and pages
    /// below that of a product are about the last one.
    fn product(&self, page: usize) -> &'static str {
        let place = &self.places[page];
        let is_above = |other: &Place| {
            let below = place.route.strip_prefix(&other.route);
            below.is_some_and(|below| below.starts_with('/')) && other.names_product()
        };
        let mut pages = self.places.iter().filter(|other| other.is_page());
        match place.is_page() && !pages.any(is_above) {
            true => NEXT_PRODUCT,
            false => PRODUCT,
        }
    }
}

impl Place {
    /// Whether somebody goes there to look.
    fn is_page(&self) -> bool {
        self.role == Role::Page && self.is_read()
    }

    fn names_product(&self) -> bool {
        self.product_parameter.is_some() || path_of(&self.route, PRODUCT).contains(PRODUCT)
    }
}

/// A path that can be asked for: products are drawn, other names are not known.
fn path_of(route: &str, product: &str) -> String {
    let mut path = String::new();
    let mut folder = "";
    for part in route.split('/').skip(1) {
        path.push('/');
        match part {
            _ if !part.contains('{') => path.push_str(part),
            _ if PRODUCT_FOLDERS.contains(&folder)
                && part.starts_with('{')
                && part.ends_with('}') =>
            {
                path.push_str(product)
            }
            _ => path.push_str(PLACEHOLDER),
        }
        folder = part;
    }
    path
}

/// Writes one journey.
pub struct JourneyWriter<'w, 'a> {
    lines: &'w mut ScenarioLines,
    learned: &'a Learned,
    request: &'a ScenarioRequest,
    steps: &'w mut Steps<'a>,
    kind: &'a Kind,
    /// By page.
    entrances: Rc<[Vec<Entrance>]>,
    /// Pauses before any page, for pages with few.
    all_pauses: LatencyHistogram,
}

impl<'w, 'a> JourneyWriter<'w, 'a> {
    pub fn new(
        lines: &'w mut ScenarioLines,
        learned: &'a Learned,
        request: &'a ScenarioRequest,
        steps: &'w mut Steps<'a>,
        kind: &'a Kind,
    ) -> Self {
        let pages = 0..learned.places.len();
        Self {
            entrances: pages.map(|page| entrances(&kind.chain, page)).collect(),
            all_pauses: kind.chain.all_pauses(),
            lines,
            learned,
            request,
            steps,
            kind,
        }
    }

    pub fn write(mut self) {
        let chain = &self.kind.chain;
        self.lines.open(1, self.kind.name);
        self.lines.comment(
            2,
            &format!(
                "n {} sessions with {:.2} pages each",
                chain.sessions,
                share(chain.visits.iter().sum(), chain.sessions)
            ),
        );
        let mut starts: Vec<usize> = (0..chain.starts.len())
            .filter(|page| chain.starts[*page] > 0)
            .collect();
        starts.sort_by_key(|page| std::cmp::Reverse(chain.starts[*page]));
        let mut left: u64 = chain.starts.iter().sum();
        let last = starts.last().copied();
        for page in starts {
            let count = chain.starts[page];
            let chance = share(count, left);
            left -= count;
            self.first_step(page, (Some(page) != last).then_some(chance), count);
        }
        for page in chain.pages() {
            let entrances = Rc::clone(&self.entrances);
            for entrance in &entrances[page] {
                self.page_step(page, entrance);
            }
        }
        self.lines.gap();
    }

    fn first_step(&mut self, page: usize, chance: Option<f64>, count: u64) {
        let chain = &self.kind.chain;
        let found = self.steps.request(page, chain);
        let mut entries = vec![(
            "id".to_owned(),
            Flow::text(format!("begin-{}", self.steps.ids[page])),
        )];
        entries.extend(found.entries);
        entries.extend(
            chance.map(|chance| ("chance".to_owned(), Flow::Bare(share_text(chance.min(1.0))))),
        );
        entries.push(("next".to_owned(), self.next(page)));
        self.step(entries, &found.comment, &format!("n {count} begin here"));
    }

    fn page_step(&mut self, page: usize, entrance: &Entrance) {
        let chain = &self.kind.chain;
        let found = self.steps.request(page, chain);
        let mut entries = vec![("id".to_owned(), Flow::text(self.id(page, entrance)))];
        entries.extend(found.entries);
        let (think, said) = self.think(entrance);
        entries.extend(think.map(|think| ("think".to_owned(), think)));
        entries.push(("next".to_owned(), self.next(page)));
        let from = match entrance.from {
            Some(from) => format!(" from {}", title(&self.learned.places[from])),
            None => String::new(),
        };
        self.step(
            entries,
            &found.comment,
            &format!("n {} came here{from}; {said}", entrance.count),
        );
    }

    fn step(&mut self, entries: Vec<(String, Flow)>, unknown: &str, comment: &str) {
        if !unknown.is_empty() {
            self.lines.comment(2, unknown);
        }
        self.lines.comment(2, comment);
        self.lines.item(2, &Flow::Map(entries), "");
    }

    fn id(&self, page: usize, entrance: &Entrance) -> String {
        let ids = &self.steps.ids;
        match entrance.from {
            None => ids[page].clone(),
            Some(from) => format!("{}-after-{}", ids[page], ids[from]),
        }
    }

    /// Where shoppers go from a page, most first.
    fn next(&self, page: usize) -> Flow {
        let chain = &self.kind.chain;
        let ways = chain.ways.iter().filter(|((from, _), _)| *from == page);
        let mut next: Vec<(String, u64)> = ways
            .filter_map(|((_, to), way)| {
                let entrances = &self.entrances[*to];
                let own = entrances
                    .iter()
                    .find(|entrance| entrance.from == Some(page));
                let entrance =
                    own.or_else(|| entrances.iter().find(|entrance| entrance.from.is_none()))?;
                Some((self.id(*to, entrance), way.count))
            })
            .collect();
        let exits = chain.exits[page];
        if exits > 0 || next.is_empty() {
            next.push(("end".to_owned(), exits.max(1)));
        }
        next.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let next = next
            .into_iter()
            .map(|(to, count)| Flow::map([("to", Flow::text(to)), ("share", Flow::count(count))]));
        Flow::List(next.collect())
    }

    /// The pause before a page, and what it is from.
    fn think(&self, entrance: &Entrance) -> (Option<Flow>, String) {
        let n = entrance.pauses.count();
        let browser = match entrance.at_once {
            0 => String::new(),
            at_once => format!(", {at_once} at once, by the browser"),
        };
        if entrance.is_by_browser() {
            return (
                None,
                format!("most at once, by the browser (n {})", entrance.at_once),
            );
        }
        let (pauses, said) = if n >= PAUSES_MIN {
            (&entrance.pauses, format!("n {n} pauses{browser}"))
        } else {
            (
                &self.all_pauses,
                format!("n {n} pauses are too few, so it is that before any page{browser}"),
            )
        };
        let (Some(median_us), Some(p95_us)) = (pauses.quantile_us(0.5), pauses.quantile_us(0.95))
        else {
            return (None, "nobody knows the pause".to_owned());
        };
        let speed = self.request.think_speed;
        let text = |us: u64| Flow::text(duration_text(scaled_us(us, speed)));
        let (median, p95) = (text(median_us), text(p95_us));
        let think = if p95_us > median_us && median != p95 && scaled_us(median_us, speed) >= 1_000 {
            Flow::map([
                ("median", median),
                ("p95", p95),
                ("max", text(1_800_000_000)),
            ])
        } else {
            Flow::map([("fixed", median)])
        };
        (Some(think), said)
    }
}

fn title(place: &Place) -> String {
    format!("{} {}", place.method, place.route)
}
