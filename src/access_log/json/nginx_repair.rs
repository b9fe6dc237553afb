//! Lines that nginx wrote as JSON without `escape=json`, and that are none therefore.
//!
//! In: such a line. Out: valid JSON with the same values. nginx writes `\x22` for bytes that it
//! escapes, and `-` or nothing for an empty variable, also where no quotes are around it.

/// The line as valid JSON, if there was something to repair; bytes that are no UTF-8 become U+FFFD.
/// What is broken in other ways stays broken.
pub fn repaired(line: &[u8]) -> Option<Vec<u8>> {
    let mut output = Vec::with_capacity(line.len() + line.len() / 4);
    let mut rest = line;
    while let Some((&byte, after)) = rest.split_first() {
        output.push(byte);
        rest = match byte {
            b'"' => text(after, &mut output),
            b':' => bare_value(after, &mut output),
            _ => after,
        };
    }
    let repaired = match String::from_utf8(output) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    };
    (repaired.as_bytes() != line).then(|| repaired.into_bytes())
}

/// Copies the rest of a text and its closing quote; returns what comes after it.
fn text<'a>(mut rest: &'a [u8], output: &mut Vec<u8>) -> &'a [u8] {
    loop {
        match rest {
            [b'"', after @ ..] => {
                output.push(b'"');
                return after;
            }
            [b'\\', b'x', high, low, after @ ..] if is_hex(*high) && is_hex(*low) => {
                push_byte(hex(*high) * 16 + hex(*low), output);
                rest = after;
            }
            [b'\\', next, after @ ..] => {
                output.extend_from_slice(&[b'\\', *next]);
                rest = after;
            }
            [byte, after @ ..] => {
                match byte {
                    0..0x20 => push_byte(*byte, output),
                    _ => output.push(*byte),
                }
                rest = after;
            }
            [] => return rest,
        }
    }
}

/// Copies a byte of a text, escaped as JSON wants it.
fn push_byte(byte: u8, output: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    match byte {
        b'"' | b'\\' => output.extend_from_slice(&[b'\\', byte]),
        0..0x20 => {
            let [high, low] = [byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]);
            output.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
        }
        _ => output.push(byte),
    }
}

/// Copies a value without quotes: nothing and `-` become `null`, a list becomes a text.
fn bare_value<'a>(rest: &'a [u8], output: &mut Vec<u8>) -> &'a [u8] {
    let value_at = rest
        .iter()
        .position(|byte| !byte.is_ascii_whitespace())
        .unwrap_or(rest.len());
    if matches!(rest.get(value_at), Some(b'"' | b'{' | b'[') | None) {
        return rest;
    }
    let end = bare_value_end(rest);
    let (value, after) = rest.split_at(end);
    let value = value.trim_ascii();
    match value {
        b"" | b"-" => output.extend_from_slice(b"null"),
        _ if is_json_scalar(value) => output.extend_from_slice(value),
        _ => {
            output.push(b'"');
            for byte in value {
                push_byte(*byte, output);
            }
            output.push(b'"');
        }
    }
    after
}

/// Where a bare value ends: at the comma before the next key, or at a closing bracket. Commas
/// within are those of an upstream list.
fn bare_value_end(rest: &[u8]) -> usize {
    for (index, byte) in rest.iter().enumerate() {
        match byte {
            b'}' | b']' | b'"' => return index,
            b',' if rest[index + 1..].trim_ascii_start().first() == Some(&b'"') => return index,
            _ => {}
        }
    }
    rest.len()
}

fn is_json_scalar(value: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(value).is_ok()
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

/// The value of a hexadecimal digit.
fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A').wrapping_add(10) & 15,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn repaired_text(line: &str) -> Option<String> {
        repaired(line.as_bytes()).map(|line| String::from_utf8(line).unwrap())
    }

    #[test]
    fn escapes_and_bare_values_of_nginx_become_json() {
        for (line, expected) in [
            (r#"{"a":"\x22x\x22"}"#, r#"{"a":"\"x\""}"#),
            (r#"{"a":"\x5C"}"#, r#"{"a":"\\"}"#),
            (r#"{"a":"\xC3\xA9\x0A"}"#, r#"{"a":"é\u000a"}"#),
            (r#"{"a":"\xFF\xfe"}"#, "{\"a\":\"\u{fffd}\u{fffd}\"}"),
            (r#"{"a":-}"#, r#"{"a":null}"#),
            (r#"{"a":-,"b":1}"#, r#"{"a":null,"b":1}"#),
            (r#"{"a": - , "b":1}"#, r#"{"a":null, "b":1}"#),
            (r#"{"a":,"b":1}"#, r#"{"a":null,"b":1}"#),
            (r#"{"a":}"#, r#"{"a":null}"#),
            (
                r#"{"a":0.004, 0.012,"b":-}"#,
                r#"{"a":"0.004, 0.012","b":null}"#,
            ),
            (r#"{"a":0.1 : 0.2}"#, r#"{"a":"0.1 : 0.2"}"#),
            (r#"{"a":-, 1.394}"#, r#"{"a":"-, 1.394"}"#),
            (r#"{"a":000}"#, r#"{"a":"000"}"#),
            ("{\"a\":\"\t\"}", r#"{"a":"\u0009"}"#),
        ] {
            assert_eq!(repaired_text(line).as_deref(), Some(expected), "{line}");
            assert!(
                serde_json::from_str::<Value>(expected).is_ok(),
                "{expected}"
            );
        }
    }

    #[test]
    fn a_text_with_signs_of_json_in_it_stays_as_it_is() {
        for line in [
            r#"{"a":"b:-,c","d":-1,"e":[1,"x:-"],"f":{"g":null}}"#,
            r#"{"a":"\\x22","b":"\"\u00e9"}"#,
            r#"{"a" : "b"}"#,
            "",
        ] {
            assert_eq!(repaired(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn bytes_that_are_no_utf8_are_replaced() {
        let line = repaired(b"{\"a\":\"\xE9t\xE9\"}").unwrap();
        assert_eq!(
            String::from_utf8(line).unwrap(),
            "{\"a\":\"\u{fffd}t\u{fffd}\"}"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_repaired_or_not(line in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = repaired(&line);
        }

        #[test]
        fn any_bytes_that_nginx_escapes_come_back(bytes in prop::collection::vec(any::<u8>(), 0..30)) {
            let escaped: String = bytes.iter().map(|byte| match byte {
                b'"' | b'\\' | 0..0x20 | 0x7f.. => format!("\\x{byte:02X}"),
                _ => char::from(*byte).to_string(),
            }).collect();
            let line = format!("{{\"a\":\"{escaped}\"}}");
            let line = repaired(line.as_bytes()).unwrap_or(line.into_bytes());
            let value: Value = serde_json::from_slice(&line).unwrap();
            prop_assert_eq!(value["a"].as_str().unwrap(), String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn valid_json_keeps_its_values(text in any::<String>(), number in any::<f64>(), list in any::<Vec<i8>>()) {
            let value = serde_json::json!({"a": text, "b": number, "c": {"d": list, "e": true}});
            let line = value.to_string();
            let read_back: Value = serde_json::from_str(&line).unwrap();
            let line = repaired(line.as_bytes()).unwrap_or(line.into_bytes());
            prop_assert_eq!(serde_json::from_slice::<Value>(&line).unwrap(), read_back);
        }
    }
}
