//! Learns below which prefixes stand so many names that they must be data: `/product/red-shoe`.
//!
//! In: request targets, in any order. Out: [`LearnedRoutes`], which depend on what was seen and not
//! on its order. Routing itself learns nothing, so a path has one route however often it comes.

use std::collections::{BTreeMap, HashMap, HashSet};

use foldhash::fast::RandomState;

use super::folding::{SLUG, Segment, segments};
use super::learned::{Folding, KEPT_MAX, LearnedRoutes, PREFIXES_MAX};
use super::memo_key::key_of;
use super::{Router, path_or_root, path_start};

/// More different names than this below one prefix are slugs.
pub const NAMES_MAX: usize = 100;
/// Fewer plain names than this are not worth folding: texts and names with numbers are one route
/// each without it.
const PLAIN_NAMES_MIN: usize = 10;
/// The same as [`NAMES_MAX`] for the root, where a shop has its own pages and scanners try theirs.
pub const ROOT_NAMES_MAX: usize = 500;
/// Nodes of the tree that are kept, about 130 bytes each and at times twice as many. Past it, the
/// deepest are dropped first, and of one depth those with the largest hashes: a choice that does
/// not depend on the order.
const NODES_MAX: usize = 131_072;
/// A name with so many children that no other name has is a folder, not a slug.
const OWN_CHILDREN_MIN: usize = 3;
/// More folders than this below one prefix are slugs, too.
const FOLDERS_MAX: usize = 50;
/// A page with at least this share of all requests keeps its name: one in a hundred …
const KEPT_SHARE: u64 = 100;
/// … and at the root, where the pages of the shop itself are, one in a thousand.
const ROOT_KEPT_SHARE: u64 = 1_000;
/// Fewer requests than this are too few to speak of a share.
const KEPT_REQUESTS_MIN: u64 = 20;

/// Different paths, but for the numbers in them, that are only counted before the tree is asked.
const WAITING_PATHS_MAX: usize = 4_096;
/// A longer path never waits.
const WAITING_BYTES_MAX: usize = 512;

/// Depth and hash of a path; the root has none.
type NodeKey = (u8, u64);

/// Learns prefixes from request targets.
#[derive(Debug, Clone)]
pub struct RouteLearner {
    router: Router,
    nodes: HashMap<NodeKey, Node>,
    /// Nodes past this one are not kept.
    last: NodeKey,
    nodes_max: usize,
    request_count: u64,
    /// How often paths came that are not in the tree yet.
    waiting: HashMap<Box<[u8]>, u64, RandomState>,
    /// Room for the key of a path.
    room: Vec<u8>,
}

/// A path up to one of its segments.
#[derive(Debug, Clone)]
struct Node {
    parent: u64,
    segment: NodeSegment,
    /// Tells names apart that are not kept as text.
    segment_hash: u64,
    request_count: u64,
}

/// As [`Segment`], but owned, and without the text of what is never a name in a route.
#[derive(Debug, Clone, PartialEq, Eq)]
enum NodeSegment {
    Name(Box<str>),
    Named(&'static str),
    Kind(&'static str),
}

impl RouteLearner {
    /// A learner that knows what `router` knows: targets of its declared templates teach nothing,
    /// learned prefixes stay learned, and its known routes count as seen once.
    #[must_use]
    pub fn new(router: &Router) -> Self {
        let mut learner = Self {
            router: router.clone(),
            nodes: HashMap::new(),
            last: (u8::MAX, u64::MAX),
            nodes_max: NODES_MAX,
            request_count: 0,
            waiting: HashMap::default(),
            room: Vec::new(),
        };
        for route in router.known_routes() {
            learner.count(&route, 1);
        }
        learner
    }

    /// Counts a request target: a path with or without query, or an absolute URL.
    pub fn see(&mut self, target: &str) {
        let text = &target[path_start(target)..];
        let are_numbers_kept = self.router.shared.is_number_declared;
        let (end, key) = key_of(&mut self.room, text, are_numbers_kept);
        if let Some(count) = self.waiting.get_mut(key) {
            *count += 1;
        } else if key.len() <= WAITING_BYTES_MAX {
            self.waiting.insert(key.into(), 1);
            if self.waiting.len() == WAITING_PATHS_MAX {
                self.count_waiting();
            }
        } else {
            self.count_undeclared(path_or_root(&text[..end]), 1);
        }
    }

    /// Counts the paths that wait. One that differs from its key only in numbers has the same segments.
    fn count_waiting(&mut self) {
        let mut waiting = std::mem::take(&mut self.waiting);
        for (key, count) in waiting.drain() {
            // Only a whole path was ever made smaller, at its slashes.
            let path = str::from_utf8(&key).expect("a key is a text, as its path was");
            self.count_undeclared(path, count);
        }
        self.waiting = waiting;
    }

    fn count_undeclared(&mut self, path: &str, request_count: u64) {
        if self.router.shared.template_of(path).is_none() {
            self.count(path, request_count);
        }
    }

    /// All that is known now, for [`Router::with_learned`].
    #[must_use]
    pub fn finish(mut self) -> LearnedRoutes {
        self.count_waiting();
        self.drop_last_nodes();
        let mut learned = self.router.learned();
        let mut children: HashMap<u64, Vec<(u64, &Node)>> = HashMap::new();
        for ((_, hash), node) in &self.nodes {
            children.entry(node.parent).or_default().push((*hash, node));
        }
        let mut tree = Tree {
            children,
            already: Folding::of(&learned),
            request_count: self.request_count,
            found: LearnedRoutes::default(),
        };
        tree.learn("", &[0]);
        learned.merge(tree.found);
        learned
    }

    fn count(&mut self, path: &str, request_count: u64) {
        self.request_count += request_count;
        let mut parent = 0;
        for (depth, segment) in (0_u8..).zip(segments(path)) {
            let segment_hash = hash_of(0, segment);
            let key = (depth, hash_of(parent, segment));
            if key > self.last {
                break;
            }
            let node = self.nodes.entry(key).or_insert_with(|| Node {
                parent,
                segment: NodeSegment::of(segment),
                segment_hash,
                request_count: 0,
            });
            node.request_count += request_count;
            parent = key.1;
        }
        if self.nodes.len() >= self.nodes_max * 2 {
            self.drop_last_nodes();
        }
    }

    /// Keeps the first `nodes_max` nodes. One that is dropped here can never come back, so those
    /// that stay have been counted from the beginning.
    fn drop_last_nodes(&mut self) {
        if self.nodes.len() <= self.nodes_max {
            return;
        }
        let mut keys: Vec<NodeKey> = self.nodes.keys().copied().collect();
        let (_, last, _) = keys.select_nth_unstable(self.nodes_max - 1);
        self.last = *last;
        self.nodes.retain(|key, _| *key <= self.last);
    }
}

impl NodeSegment {
    fn of(segment: Segment<'_>) -> Self {
        match segment {
            Segment::Name(name) => Self::Name(name.into()),
            Segment::Named { kind, .. } => Self::Named(kind),
            Segment::Kind(kind) => Self::Kind(kind),
        }
    }
}

/// FNV-1a over the parent's hash and the segment, with the mixing of MurmurHash3 at the end, so that
/// the order of hashes says nothing about texts. The same on every machine.
fn hash_of(parent: u64, segment: Segment<'_>) -> u64 {
    let (kind, text) = match segment {
        Segment::Name(name) => (b'n', name),
        Segment::Named { text, .. } => (b't', text),
        Segment::Kind(kind) => (b'k', kind),
    };
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in parent
        .to_le_bytes()
        .iter()
        .chain([&kind])
        .chain(text.as_bytes())
    {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

/// The nodes by their parents, with what was found in them so far.
struct Tree<'a> {
    children: HashMap<u64, Vec<(u64, &'a Node)>>,
    already: Folding,
    request_count: u64,
    found: LearnedRoutes,
}

/// The same segment below all paths that have become one route.
struct Group<'a> {
    segment: &'a NodeSegment,
    nodes: Vec<u64>,
    request_count: u64,
}

impl<'a> Tree<'a> {
    /// Looks at the route `prefix`, which the paths `nodes` have become, then at what is below it.
    fn learn(&mut self, prefix: &str, nodes: &[u64]) {
        let groups = self.groups_below(nodes);
        let folders = self.folders(&groups);
        let is_folded = self.already.is_folded(prefix) || self.are_many(prefix, &groups, &folders);
        if is_folded {
            let prefix = if prefix.is_empty() { "/" } else { prefix };
            self.found.folded.push(prefix.to_owned());
        }
        let mut below: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for group in groups {
            let mut route = format!("{prefix}/");
            match group.segment {
                NodeSegment::Kind(kind) => route.push_str(kind),
                NodeSegment::Named(_) if is_folded => route.push_str(SLUG),
                NodeSegment::Named(kind) => route.push_str(kind),
                NodeSegment::Name(name) => {
                    route.push_str(name);
                    let is_kept = self.already.is_kept(&route)
                        || folders.contains(&**name)
                        || self.is_popular(prefix, &group);
                    if is_folded && is_kept && self.found.kept.len() < KEPT_MAX {
                        self.found.kept.push(route.clone());
                    } else if is_folded {
                        route = format!("{prefix}/{SLUG}");
                    }
                }
            }
            below.entry(route).or_default().extend(group.nodes);
        }
        for (route, nodes) in below {
            self.learn(&route, &nodes);
        }
    }

    /// Whether there are so many names that they are slugs.
    fn are_many(&self, prefix: &str, groups: &[Group<'_>], folders: &HashSet<&str>) -> bool {
        let most = if prefix.is_empty() {
            ROOT_NAMES_MAX
        } else {
            NAMES_MAX
        };
        let (mut plain_count, mut other_count) = (0, 0);
        for group in groups {
            match group.segment {
                NodeSegment::Name(name) if folders.contains(&**name) => {}
                NodeSegment::Name(_) => plain_count += 1,
                NodeSegment::Named(_) => other_count += 1,
                NodeSegment::Kind(_) => {}
            }
        }
        plain_count >= PLAIN_NAMES_MIN
            && plain_count + other_count > most
            && self.found.folded.len() < PREFIXES_MAX
    }

    /// The different segments below `nodes`, in an order that depends on nothing else.
    fn groups_below(&self, nodes: &[u64]) -> Vec<Group<'a>> {
        let mut groups: BTreeMap<u64, Group<'a>> = BTreeMap::new();
        for (hash, node) in nodes
            .iter()
            .filter_map(|node| self.children.get(node))
            .flatten()
        {
            let group = groups.entry(node.segment_hash).or_insert_with(|| Group {
                segment: &node.segment,
                nodes: Vec::new(),
                request_count: 0,
            });
            group.nodes.push(*hash);
            group.request_count += node.request_count;
        }
        groups.into_values().collect()
    }

    /// The names that have children of their own, which no other name has: `/blog/tags/…`. What all
    /// have, as in `/product/red-shoe/reviews`, makes no folder.
    fn folders(&self, groups: &[Group<'a>]) -> HashSet<&'a str> {
        let mut parent_counts: HashMap<u64, usize> = HashMap::new();
        let names: Vec<(&str, HashSet<u64>)> = groups
            .iter()
            .filter_map(|group| match group.segment {
                NodeSegment::Name(name) => Some((&**name, self.names_below(&group.nodes))),
                NodeSegment::Named(_) | NodeSegment::Kind(_) => None,
            })
            .collect();
        for hash in names.iter().flat_map(|(_, below)| below) {
            *parent_counts.entry(*hash).or_default() += 1;
        }
        let own_count = |below: &HashSet<u64>| {
            let own = below.iter().filter(|hash| parent_counts[*hash] == 1);
            own.count()
        };
        let folders: HashSet<&str> = names
            .iter()
            .filter(|(_, below)| own_count(below) >= OWN_CHILDREN_MIN)
            .map(|(name, _)| *name)
            .collect();
        if folders.len() > FOLDERS_MAX {
            return HashSet::new();
        }
        folders
    }

    fn names_below(&self, nodes: &[u64]) -> HashSet<u64> {
        let children = nodes
            .iter()
            .filter_map(|node| self.children.get(node))
            .flatten();
        children
            .filter(|(_, node)| !matches!(node.segment, NodeSegment::Kind(_)))
            .map(|(_, node)| node.segment_hash)
            .collect()
    }

    fn is_popular(&self, prefix: &str, group: &Group<'_>) -> bool {
        let share = if prefix.is_empty() {
            ROOT_KEPT_SHARE
        } else {
            KEPT_SHARE
        };
        group.request_count >= KEPT_REQUESTS_MIN
            && group.request_count * share >= self.request_count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn targets() -> impl Strategy<Value = Vec<String>> {
        let target = prop_oneof![
            4 => "/product/[a-z]{2}",
            1 => "/shop/[a-e]{1,3}/[a-e]{1,2}",
            1 => "/blog/20[12][0-9]/1[0-2]/[a-z]{2}(/more)?",
            1 => "/[a-c]/%D9%8[0-9]",
            1 => "(/[a-z0-9]{1,2}){0,7}",
        ];
        proptest::collection::vec(target, 0..400)
    }

    fn learned(targets: &[String], nodes_max: usize) -> LearnedRoutes {
        let mut learner = RouteLearner::new(&Router::new(Vec::new()));
        learner.nodes_max = nodes_max;
        for target in targets {
            learner.see(target);
            assert!(learner.nodes.len() <= nodes_max * 2 + 8);
        }
        learner.finish()
    }

    #[test]
    fn whatever_it_is_fed_its_nodes_are_bounded_and_shallow_ones_stay() {
        let names = |index: usize| format!("/{index:x}-x/{index:o}-x/x");
        let product = |index: usize| {
            let letter = |index: usize| char::from(b'a' + u8::try_from(index % 26).unwrap_or(0));
            format!("/product/{}{}", letter(index), letter(index / 26))
        };
        let mut targets: Vec<String> = (0..5_000).map(names).collect();
        targets.extend((0..300).map(product));
        let found = learned(&targets, 11_000);
        assert_eq!(found.folded, ["/", "/product", "/{slug}"]);
        assert_eq!(found.kept, ["/product"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn what_is_learned_does_not_depend_on_the_order(
            (sorted, shuffled) in targets().prop_flat_map(|targets| {
                let mut sorted = targets.clone();
                sorted.sort();
                (Just(sorted), Just(targets).prop_shuffle())
            }),
            nodes_max in prop_oneof![Just(NODES_MAX), 1_usize..400],
        ) {
            let one = learned(&sorted, nodes_max);
            let other = learned(&shuffled, nodes_max);
            let one_route = |target: &String, learned: &LearnedRoutes| {
                Router::with_learned(Vec::new(), learned.clone()).route_of(target)
            };
            for target in sorted.iter().take(20) {
                prop_assert_eq!(one_route(target, &one), one_route(target, &other));
            }
            prop_assert_eq!(one, other);
        }
    }
}
