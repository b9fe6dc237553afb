//! The envelope of Docker's `json-file` log driver:
//! `{"log":"…\n","stream":"stdout","time":"…"}`.
//!
//! In: a line. Out: the line that the container wrote, to which any format may apply.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::pick::JsonPaths;
use super::value::JsonValue;

static PATHS: LazyLock<JsonPaths> = LazyLock::new(|| JsonPaths::new(&["log", "stream", "time"]));

/// The line inside the envelope, without its line end; `buffer` holds it if it was escaped. `None`
/// for a line without such an envelope. A long line, which Docker cuts in pieces, stays in pieces.
pub fn unwrap_docker<'a>(line: &'a [u8], buffer: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    if !line.starts_with(b"{\"log\":") {
        return None;
    }
    let [log, stream, time] = PATHS.pick_array(line).ok()?;
    if stream == JsonValue::Absent || time == JsonValue::Absent {
        return None;
    }
    let JsonValue::Text(log) = log else {
        return None;
    };
    let inside: &[u8] = match log {
        Cow::Borrowed(log) => log.as_bytes(),
        Cow::Owned(log) => {
            *buffer = log.into_bytes();
            buffer
        }
    };
    let inside = inside.strip_suffix(b"\n").unwrap_or(inside);
    Some(inside.strip_suffix(b"\r").unwrap_or(inside))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_line_of_the_container_is_unescaped_and_has_no_end() {
        for (line, expected) in [
            (
                r#"{"log":"GET / \"x\" {\"a\":1}\n","stream":"stdout","time":"2026-11-27T10:00:00Z"}"#,
                Some(r#"GET / "x" {"a":1}"#),
            ),
            (
                r#"{"log":"piece","stream":"stderr","time":"t"}"#,
                Some("piece"),
            ),
            (
                r#"{"log":"a\r\n","stream":"stderr","attrs":{"tag":"web"},"time":"t"}"#,
                Some("a"),
            ),
            (r#"{"log":"a"}"#, None),
            (r#"{"log":1,"stream":"stdout","time":"t"}"#, None),
            (r#"{"log":"a","stream":"stdout","time":"t""#, None),
            (r#"{"level":"info"}"#, None),
            ("", None),
        ] {
            let mut buffer = Vec::new();
            let inside = unwrap_docker(line.as_bytes(), &mut buffer);
            assert_eq!(inside, expected.map(str::as_bytes), "{line}");
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_out_as_it_went_in(text in any::<String>()) {
            let log = serde_json::to_string(&format!("{text}\r\n")).unwrap();
            let line = format!("{{\"log\":{log},\"stream\":\"stdout\",\"time\":\"t\"}}");
            let mut buffer = Vec::new();
            prop_assert_eq!(unwrap_docker(line.as_bytes(), &mut buffer), Some(text.as_bytes()));
        }

        #[test]
        fn any_bytes_are_unwrapped_or_not(line in prop::collection::vec(any::<u8>(), 0..60)) {
            let mut buffer = Vec::new();
            let _ = unwrap_docker(&[b"{\"log\":".as_slice(), &line].concat(), &mut buffer);
        }
    }
}
