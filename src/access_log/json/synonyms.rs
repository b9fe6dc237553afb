//! Members that every writer names as it likes.

use super::pick::{JsonPaths, Picked};
use super::value::JsonValue;

/// The names of some members, which are all at the top of the object.
#[derive(Debug)]
pub struct JsonSynonyms<const MEMBERS: usize> {
    paths: JsonPaths,
    /// Member and rank of each path.
    ranks: Vec<(usize, u8)>,
}

impl<const MEMBERS: usize> JsonSynonyms<MEMBERS> {
    /// The names of each member, the one that counts most first.
    ///
    /// # Panics
    /// If a member has 254 names or more.
    #[must_use]
    pub fn new(names: &[&[&str]; MEMBERS]) -> Self {
        assert!(
            names.iter().all(|names| names.len() < usize::from(BLANK)),
            "few names"
        );
        let ranked = |(member, names): (usize, &&[&str])| {
            (0..).take(names.len()).map(move |rank| (member, rank))
        };
        Self {
            paths: JsonPaths::new(&names.concat()),
            ranks: names.iter().enumerate().flat_map(ranked).collect(),
        }
    }

    /// The value of each member: of its names the first one that says something, or else one that
    /// is there at all, so that an empty member is not a missing one.
    ///
    /// # Errors
    /// As [`JsonPaths::pick`].
    pub fn pick<'a>(&self, line: &'a [u8]) -> Result<[JsonValue<'a>; MEMBERS], &'static str> {
        let mut best = Best {
            ranks: &self.ranks,
            values: [const { JsonValue::Absent }; MEMBERS],
            best_ranks: [NOTHING; MEMBERS],
        };
        self.paths.pick_into(line, &mut best)?;
        Ok(best.values)
    }
}

/// The rank of a value that says nothing.
const BLANK: u8 = u8::MAX - 1;
/// The rank of no value.
const NOTHING: u8 = u8::MAX;

/// The best value of each member so far.
struct Best<'r, 'a, const MEMBERS: usize> {
    ranks: &'r [(usize, u8)],
    values: [JsonValue<'a>; MEMBERS],
    best_ranks: [u8; MEMBERS],
}

impl<'a, const MEMBERS: usize> Picked<'a> for Best<'_, 'a, MEMBERS> {
    fn keep(&mut self, path_index: usize, value: JsonValue<'a>) {
        let (member, own_rank) = self.ranks[path_index];
        let rank = if value.is_blank() { BLANK } else { own_rank };
        // Of the same name the last one counts.
        if rank <= self.best_ranks[member] || own_rank == self.best_ranks[member] {
            self.values[member] = value;
            self.best_ranks[member] = rank;
        }
    }

    fn forget(&mut self, path_index: usize) {
        let (member, rank) = self.ranks[path_index];
        if self.best_ranks[member] == rank {
            self.values[member] = JsonValue::Absent;
            self.best_ranks[member] = NOTHING;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_that_says_something_counts() {
        let synonyms = JsonSynonyms::new(&[&["a", "b"], &["c"]]);
        for (line, expected) in [
            (r#"{"a":1,"b":2}"#, JsonValue::Unsigned(1)),
            (r#"{"b":2,"a":1}"#, JsonValue::Unsigned(1)),
            (r#"{"b":2,"a":"-"}"#, JsonValue::Unsigned(2)),
            (r#"{"a":"","b":2}"#, JsonValue::Unsigned(2)),
            (r#"{"a":1,"a":3}"#, JsonValue::Unsigned(3)),
            (r#"{"a":1,"b":2,"a":null}"#, JsonValue::Null),
            (r#"{"a":{"b":1}}"#, JsonValue::Nested),
            (r#"{"d":1}"#, JsonValue::Absent),
        ] {
            let [found, other] = synonyms.pick(line.as_bytes()).unwrap();
            assert_eq!((found, other), (expected, JsonValue::Absent), "{line}");
        }
    }
}
