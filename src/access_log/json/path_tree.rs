//! The wanted paths of a JSON line as a tree of their keys.
//!
//! In: paths such as `request.headers.User-Agent.0`. Out: for every key that a reader meets,
//! whether paths end there or go on below it.

/// One key of the paths, with those that go on below it.
#[derive(Debug, Clone, Default)]
pub struct PathNode {
    /// The paths that end here.
    pub ends: Vec<usize>,
    /// The paths that end below here.
    pub below: Vec<usize>,
    /// Sorted by the length of the key.
    children: Vec<PathChild>,
    /// `by_length[n]..by_length[n + 1]` are the children whose key has n bytes.
    by_length: Vec<usize>,
}

#[derive(Debug, Clone)]
struct PathChild {
    key: String,
    /// The key as a place in an array.
    place: Option<usize>,
    node: PathNode,
}

impl PathNode {
    /// The root of `paths`.
    pub fn new(paths: &[&str]) -> Self {
        let mut root = Self::default();
        for (index, path) in paths.iter().enumerate() {
            root.insert(&split_path(path), index);
        }
        root.finish();
        root
    }

    /// The node below `key`.
    pub fn child(&self, key: &str) -> Option<&PathNode> {
        let from = *self.by_length.get(key.len())?;
        let to = *self.by_length.get(key.len() + 1)?;
        let same_length = &self.children[from..to];
        let found = same_length.iter().find(|child| child.is(key))?;
        Some(&found.node)
    }

    /// The node below a place in an array, from 0.
    pub fn child_at(&self, place: usize) -> Option<&PathNode> {
        let found = self
            .children
            .iter()
            .find(|child| child.place == Some(place))?;
        Some(&found.node)
    }

    fn insert(&mut self, keys: &[String], path_index: usize) {
        let Some((key, rest)) = keys.split_first() else {
            self.ends.push(path_index);
            return;
        };
        self.below.push(path_index);
        let found = self.children.iter().position(|child| child.key == *key);
        let index = found.unwrap_or_else(|| {
            self.children.push(PathChild {
                key: key.clone(),
                place: key
                    .parse()
                    .ok()
                    .filter(|place: &usize| place.to_string() == *key),
                node: PathNode::default(),
            });
            self.children.len() - 1
        });
        self.children[index].node.insert(rest, path_index);
    }

    fn finish(&mut self) {
        self.children.sort_by_key(|child| child.key.len());
        let length_max = self.children.last().map_or(0, |child| child.key.len());
        self.by_length = (0..=length_max + 1)
            .map(|length| {
                self.children
                    .partition_point(|child| child.key.len() < length)
            })
            .collect();
        for child in &mut self.children {
            child.node.finish();
        }
    }
}

impl PathChild {
    /// Whether its key is `key`, which has the same length. Most keys of one length differ in their
    /// last byte, which is cheaper to compare than all.
    fn is(&self, key: &str) -> bool {
        self.key.as_bytes().last() == key.as_bytes().last() && self.key == key
    }
}

fn split_path(path: &str) -> Vec<String> {
    let mut keys = vec![String::new()];
    let mut rest = path.chars().peekable();
    while let Some(char) = rest.next() {
        let escaped = char == '\\' && rest.peek() == Some(&'.');
        match keys.last_mut() {
            Some(key) if escaped => key.extend(rest.next()),
            Some(key) if char != '.' => key.push(char),
            _ => keys.push(String::new()),
        }
    }
    keys
}
