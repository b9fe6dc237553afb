//! The keys and values of a JSON document, letter by letter: what is parsed and written again has lost the
//! order of its keys, and `10.00`.

use std::borrow::Cow;

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceKind {
    /// The name of a member.
    Key,
    /// A text, a number, `true`, `false` or `null`.
    Value,
}

/// A key, or a value that has no others in it.
#[derive(Debug)]
pub struct Piece<'a> {
    /// What it is.
    pub kind: PieceKind,
    /// Where it begins, in bytes.
    pub start: usize,
    /// It as it is written.
    pub written: &'a str,
    /// The key that it is, or belongs to; items of a list have that of their list.
    pub name: &'a str,
    /// A JSON pointer to the value.
    pub pointer: &'a str,
}

impl Piece<'_> {
    /// What it says: a text without its quotes and escapes, a number as it is written; `None` for others.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self.written.as_bytes().first()? {
            b'"' => unquoted(self.written).map(Cow::Owned),
            b'-' | b'0'..=b'9' => Some(Cow::Borrowed(self.written)),
            _ => None,
        }
    }
}

/// An object or a list that is not over.
struct Level {
    is_object: bool,
    /// What the items of a list are called.
    name: String,
    pointer_bytes: usize,
    index: usize,
}

/// Shows every piece of a valid document, in their order.
pub fn walk(document: &str, visit: &mut dyn FnMut(&Piece<'_>)) {
    let bytes = document.as_bytes();
    let mut levels: Vec<Level> = Vec::new();
    let (mut name, mut pointer) = (String::new(), String::new());
    let (mut at, mut is_key) = (0, false);
    while let Some(byte) = bytes.get(at) {
        let start = at;
        at += 1;
        match byte {
            b'{' | b'[' => {
                is_key = *byte == b'{';
                levels.push(Level {
                    is_object: is_key,
                    name: name.clone(),
                    pointer_bytes: pointer.len(),
                    index: 0,
                });
                pointer.push_str(if is_key { "" } else { "/0" });
            }
            b'}' | b']' => {
                if let Some(level) = levels.pop() {
                    pointer.truncate(level.pointer_bytes);
                }
                is_key = false;
            }
            b',' => {
                if let Some(level) = levels.last_mut() {
                    pointer.truncate(level.pointer_bytes);
                    is_key = level.is_object;
                    level.index += 1;
                    if !is_key {
                        pointer.push_str(&format!("/{}", level.index));
                        name.clone_from(&level.name);
                    }
                }
            }
            b':' | b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => {
                let rest = &bytes[at..];
                at += match byte {
                    b'"' => quoted_bytes(rest),
                    _ => bare_bytes(rest),
                };
                let written = &document[start..at];
                if is_key {
                    name = unquoted(written).unwrap_or_default();
                    pointer.push('/');
                    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                }
                visit(&Piece {
                    kind: if is_key {
                        PieceKind::Key
                    } else {
                        PieceKind::Value
                    },
                    start,
                    written,
                    name: &name,
                    pointer: &pointer,
                });
                is_key = false;
            }
        }
    }
}

fn unquoted(written: &str) -> Option<String> {
    serde_json::from_str(written).ok()
}

/// Up to the quote that ends a text, and with it.
fn quoted_bytes(rest: &[u8]) -> usize {
    let mut is_escaped = false;
    let end = rest.iter().position(|byte| {
        let is_end = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(rest.len(), |end| end + 1)
}

fn bare_bytes(rest: &[u8]) -> usize {
    let is_over = |byte: &u8| matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace();
    rest.iter().position(is_over).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    #[test]
    fn pieces_are_as_they_are_written_and_know_their_names() {
        let document = r#" {"price" : 10.00, "a/b":[ -0,{"x":"q\"}\u0041"}, [1E2] ,null], "": {} , "n":12345678901234567890123 } "#;
        let mut found = Vec::new();
        walk(document, &mut |piece| {
            assert!(document[piece.start..].starts_with(piece.written));
            if piece.kind == PieceKind::Value {
                let text = piece.text().map(Cow::into_owned);
                found.push((piece.name.to_owned(), piece.pointer.to_owned(), text));
            }
        });
        let expected = [
            ("price", "/price", Some("10.00")),
            ("a/b", "/a~1b/0", Some("-0")),
            ("x", "/a~1b/1/x", Some("q\"}A")),
            ("a/b", "/a~1b/2/0", Some("1E2")),
            ("a/b", "/a~1b/3", None),
            ("n", "/n", Some("12345678901234567890123")),
        ];
        let expected = expected.map(|(name, pointer, text)| {
            (
                name.to_owned(),
                pointer.to_owned(),
                text.map(ToOwned::to_owned),
            )
        });
        assert_eq!(found, expected);
    }

    fn documents() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a\"\\\\{},:\\[é/~]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[a-c\"\\\\/~{]{0,2}", inner, 0..5)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    fn scalars(value: &Value) -> usize {
        match value {
            Value::Array(items) => items.iter().map(scalars).sum(),
            Value::Object(entries) => entries.values().map(scalars).sum(),
            _ => 1,
        }
    }

    proptest! {
        #[test]
        fn pieces_are_where_the_parser_finds_them(document in documents(), is_pretty in any::<bool>()) {
            let text = if is_pretty { serde_json::to_string_pretty(&document) } else { serde_json::to_string(&document) };
            let text = text.unwrap();
            let mut count = 0;
            walk(&text, &mut |piece| {
                if piece.kind == PieceKind::Value {
                    count += 1;
                    let value: Value = serde_json::from_str(piece.written).unwrap();
                    assert_eq!(document.pointer(piece.pointer), Some(&value), "{}", piece.pointer);
                }
            });
            prop_assert_eq!(count, scalars(&document));
        }

        #[test]
        fn no_text_panics(text in "[\\[\\]{}\",:\\\\ a1é]{0,40}") {
            walk(&text, &mut |piece| drop(piece.text()));
        }
    }
}
