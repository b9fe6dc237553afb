//! Picks the wanted members of one JSON object in one pass, without building the others.
//!
//! In: the bytes of a line and the paths of the members. Out: their values in the order of the
//! paths, with texts that point into the line. Unwanted members are checked for syntax and skipped.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::path_tree::PathNode;
use super::value::JsonValue;

/// Where the wanted values of a line are; built once per format.
#[derive(Debug, Clone)]
pub struct JsonPaths {
    root: PathNode,
    count: usize,
}

impl JsonPaths {
    /// Paths are keys with `.` between them; `\.` is a point within a key, and a whole number is
    /// also the place in an array, from 0: `request.headers.User-Agent.0`.
    #[must_use]
    pub fn new(paths: &[&str]) -> Self {
        Self {
            root: PathNode::new(paths),
            count: paths.len(),
        }
    }

    /// How many paths there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Fills `values` with what `line`, one JSON object, has at the paths, in their order; what it
    /// had before is gone. Of a key that comes twice in an object the last one counts.
    ///
    /// # Errors
    /// If `line` is not one JSON object with nothing but blanks around it, or if a wanted member is
    /// more than 127 levels deep, or is no UTF-8. `values` is of no use then.
    pub fn pick<'a>(
        &self,
        line: &'a [u8],
        values: &mut Vec<JsonValue<'a>>,
    ) -> Result<(), &'static str> {
        values.clear();
        values.resize(self.count, JsonValue::Absent);
        self.pick_into(line, values.as_mut_slice())
    }

    /// The same into an array, without an allocation.
    ///
    /// # Errors
    /// As [`JsonPaths::pick`].
    ///
    /// # Panics
    /// If the format asks for another number of values than it has paths.
    pub fn pick_array<'a, const COUNT: usize>(
        &self,
        line: &'a [u8],
    ) -> Result<[JsonValue<'a>; COUNT], &'static str> {
        assert_eq!(COUNT, self.count, "one value per path");
        let mut values = [const { JsonValue::Absent }; COUNT];
        self.pick_into(line, values.as_mut_slice())?;
        Ok(values)
    }

    /// The same into any kind of place.
    ///
    /// # Errors
    /// As [`JsonPaths::pick`].
    pub fn pick_into<'a, P: Picked<'a> + ?Sized>(
        &self,
        line: &'a [u8],
        values: &mut P,
    ) -> Result<(), &'static str> {
        if !is_json_object(line) {
            return Err("not a JSON object");
        }
        let mut deserializer = serde_json::Deserializer::from_slice(line);
        let object = Wanted {
            node: &self.root,
            values,
        };
        match object.deserialize(&mut deserializer) {
            Ok(()) => deserializer
                .end()
                .map_err(|_| "more text after the JSON object"),
            Err(error) if error.is_eof() => Err("the JSON object does not end on its line"),
            Err(_) => Err("not valid JSON"),
        }
    }
}

/// Whether the first byte that is not blank opens an object; the quick no for every other line.
#[must_use]
pub fn is_json_object(line: &[u8]) -> bool {
    match line.first() {
        Some(b'{') => true,
        Some(b' ' | b'\t' | b'\r' | b'\n') => line.trim_ascii_start().first() == Some(&b'{'),
        _ => false,
    }
}

/// Where picked values go.
pub trait Picked<'a> {
    /// Takes the value at the path of that index.
    fn keep(&mut self, path_index: usize, value: JsonValue<'a>);

    /// Forgets what it had from that path.
    fn forget(&mut self, path_index: usize);
}

impl<'a> Picked<'a> for [JsonValue<'a>] {
    fn keep(&mut self, path_index: usize, value: JsonValue<'a>) {
        self[path_index] = value;
    }

    fn forget(&mut self, path_index: usize) {
        self[path_index] = JsonValue::Absent;
    }
}

/// Reads the value at a node of the paths.
struct Wanted<'p, 'v, P: ?Sized> {
    node: &'p PathNode,
    values: &'v mut P,
}

impl<P: ?Sized> Wanted<'_, '_, P> {
    /// Keeps the value, and forgets what an earlier one of the same key had below it.
    fn keep<'a, E>(self, value: JsonValue<'a>) -> Result<(), E>
    where
        P: Picked<'a>,
    {
        for index in &self.node.below {
            self.values.forget(*index);
        }
        if let Some((last, others)) = self.node.ends.split_last() {
            for index in others {
                self.values.keep(*index, value.clone());
            }
            self.values.keep(*last, value);
        }
        Ok(())
    }
}

impl<'de, P: Picked<'de> + ?Sized> DeserializeSeed<'de> for Wanted<'_, '_, P> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, P: Picked<'de> + ?Sized> Visitor<'de> for Wanted<'_, '_, P> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.keep(JsonValue::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.keep(JsonValue::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.keep(JsonValue::Unsigned(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.keep(JsonValue::Signed(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.keep(JsonValue::Float(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.keep(JsonValue::Text(value.to_owned().into()))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<(), E> {
        self.keep(JsonValue::Text(value.into()))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.reborrow().keep(JsonValue::Nested)?;
        while let Some(found) = map.next_key_seed(WantedKey { node: self.node })? {
            match found {
                Some(node) => map.next_value_seed(Wanted {
                    node,
                    values: &mut *self.values,
                })?,
                None => map.next_value::<IgnoredAny>().map(|_| ())?,
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        self.reborrow().keep(JsonValue::Nested)?;
        for place in 0.. {
            let found = match self.node.child_at(place) {
                Some(node) => seq.next_element_seed(Wanted {
                    node,
                    values: &mut *self.values,
                })?,
                None => seq.next_element::<IgnoredAny>()?.map(|_| ()),
            };
            if found.is_none() {
                break;
            }
        }
        Ok(())
    }
}

impl<'p, P: ?Sized> Wanted<'p, '_, P> {
    fn reborrow(&mut self) -> Wanted<'p, '_, P> {
        Wanted {
            node: self.node,
            values: &mut *self.values,
        }
    }
}

/// Finds the node of a key.
struct WantedKey<'p> {
    node: &'p PathNode,
}

impl<'de, 'p> DeserializeSeed<'de> for WantedKey<'p> {
    type Value = Option<&'p PathNode>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'p> Visitor<'_> for WantedKey<'p> {
    type Value = Option<&'p PathNode>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.node.child(key))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::*;

    fn picked<'a>(paths: &[&str], line: &'a str) -> Result<Vec<JsonValue<'a>>, &'static str> {
        let mut values = vec![JsonValue::Nested; 3];
        JsonPaths::new(paths).pick(line.as_bytes(), &mut values)?;
        Ok(values)
    }

    fn one<'a>(path: &str, line: &'a str) -> JsonValue<'a> {
        picked(&[path], line).unwrap().remove(0)
    }

    fn text(value: &str) -> JsonValue<'_> {
        JsonValue::Text(value.into())
    }

    #[test]
    fn values_come_in_the_order_of_the_paths() {
        let line = r#" {"b":{"x":[1,{"y":"z"}],"t":true},"a":-3,"c":1.5,"n":null} "#;
        let paths = [
            "a", "b.x.1.y", "b.t", "missing", "c", "n", "b.x", "b.x.0", "a",
        ];
        assert_eq!(
            picked(&paths, line).unwrap(),
            [
                JsonValue::Signed(-3),
                text("z"),
                JsonValue::Bool(true),
                JsonValue::Absent,
                JsonValue::Float(1.5),
                JsonValue::Null,
                JsonValue::Nested,
                JsonValue::Unsigned(1),
                JsonValue::Signed(-3),
            ]
        );
    }

    #[test]
    fn integers_stay_exact_and_texts_are_borrowed_unless_escaped() {
        assert_eq!(
            one("n", r#"{"n":18446744073709551615}"#),
            JsonValue::Unsigned(u64::MAX)
        );
        for (line, borrowed) in [(r#"{"t":"plain é"}"#, true), (r#"{"t":"a\"b"}"#, false)] {
            let JsonValue::Text(text) = one("t", line) else {
                panic!("a text");
            };
            assert_eq!(matches!(text, std::borrow::Cow::Borrowed(_)), borrowed);
        }
    }

    #[test]
    fn of_a_key_that_comes_twice_the_last_one_counts() {
        assert_eq!(one("a", r#"{"a":1,"a":2}"#), JsonValue::Unsigned(2));
        assert_eq!(
            one("a.b", r#"{"a":{"b":1},"a":{"c":2}}"#),
            JsonValue::Absent
        );
        assert_eq!(one("a.b", r#"{"a":{"b":1},"a":2}"#), JsonValue::Absent);
        assert_eq!(one("a.0", r#"{"a":[1],"a":[]}"#), JsonValue::Absent);
    }

    #[test]
    fn a_point_within_a_key_is_escaped_in_the_path() {
        assert_eq!(one(r"a\.b.c", r#"{"a.b":{"c":1}}"#), JsonValue::Unsigned(1));
        assert_eq!(one(r"a\b", r#"{"a\\b":1}"#), JsonValue::Unsigned(1));
        assert_eq!(one("", r#"{"":1}"#), JsonValue::Unsigned(1));
        assert_eq!(one("é", r#"{"\u00e9":1}"#), JsonValue::Unsigned(1));
        assert_eq!(one("a.00", r#"{"a":[1]}"#), JsonValue::Absent);
        assert_eq!(one("a.00", r#"{"a":{"00":1}}"#), JsonValue::Unsigned(1));
    }

    #[test]
    fn lines_that_are_not_one_object_say_why() {
        for (line, reason) in [
            ("", "not a JSON object"),
            ("[1]", "not a JSON object"),
            ("\"{\"", "not a JSON object"),
            ("{", "the JSON object does not end on its line"),
            (r#"{"a":1"#, "the JSON object does not end on its line"),
            (r#"{"a":1} {"a":2}"#, "more text after the JSON object"),
            (r#"{"a":1},"#, "more text after the JSON object"),
            (r#"{"a":1,}"#, "not valid JSON"),
            (r#"{"a":-}"#, "not valid JSON"),
            (r#"{"a":"\x22"}"#, "not valid JSON"),
            (r#"{a:1}"#, "not valid JSON"),
        ] {
            assert_eq!(picked(&["a"], line), Err(reason), "{line}");
        }
    }

    #[test]
    fn wanted_members_have_a_depth_limit_and_skipped_ones_cost_no_stack() {
        let path = |depth: usize| vec!["a"; depth].join(".");
        let line = |depth: usize| "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth);
        assert_eq!(one(&path(127), &line(127)), JsonValue::Unsigned(1));
        assert_eq!(picked(&[&path(128)], &line(128)), Err("not valid JSON"));
        assert_eq!(one("b", &line(100_000)), JsonValue::Absent);
    }

    fn nested() -> impl Strategy<Value = Value> {
        let key = prop_oneof!["[ab0]", "[a-c]{0,2}", "\\PC{0,3}"];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 40, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((key.clone(), inner), 0..5)
                    .prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
            ]
        })
    }

    fn is_same(picked: &JsonValue<'_>, expected: Option<&Value>) -> bool {
        match (picked, expected) {
            (JsonValue::Absent, None) | (JsonValue::Null, Some(Value::Null)) => true,
            (JsonValue::Bool(picked), Some(Value::Bool(expected))) => picked == expected,
            (JsonValue::Text(picked), Some(Value::String(expected))) => picked == expected,
            (JsonValue::Nested, Some(Value::Object(_) | Value::Array(_))) => true,
            (JsonValue::Unsigned(picked), Some(value)) => value.as_u64() == Some(*picked),
            (JsonValue::Signed(picked), Some(value)) => value.as_i64() == Some(*picked),
            (JsonValue::Float(picked), Some(value)) => value.as_f64() == Some(*picked),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn picked_values_are_those_of_a_json_pointer(
            member in nested(),
            paths in prop::collection::vec("[ab01](\\.[ab01]){0,3}", 0..6),
        ) {
            let text = format!("{{\"a\":{member},\"0\":[{member}],\"b\":{member}}}");
            let whole: Value = serde_json::from_str(&text).unwrap();
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            let values = picked(&paths, &text).unwrap();
            for (path, value) in paths.iter().zip(&values) {
                let pointer = format!("/{}", path.replace('.', "/"));
                prop_assert!(is_same(value, whole.pointer(&pointer)), "{path} {value:?} {text}");
            }
        }

        #[test]
        fn any_bytes_are_picked_or_refused(line in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut values = Vec::new();
            let _ = JsonPaths::new(&["a.b", "a", "0.0"]).pick(&line, &mut values);
        }

        #[test]
        fn what_is_no_json_for_serde_is_none_here(text in r#"\{"[ab]":[\[\]{}"ab:,0-9.\-e ]{0,12}\}?"#) {
            let expected = serde_json::from_str::<Value>(&text).is_ok();
            prop_assert_eq!(picked(&["a"], &text).is_ok(), expected);
        }
    }
}
