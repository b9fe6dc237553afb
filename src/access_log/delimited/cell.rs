//! From the bytes of one cell to a value of a log line.
//!
//! In: a cell as the log has it. Out: a text, a number, a status, a time. It never decides what is
//! missing in a line: the formats do.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use crate::access_log::clock::Clock;
use crate::access_log::unit::{Unit, number};
use crate::access_log::value::or_empty;

/// Stands for a target that is none, as in request lines that are none.
const TARGET_MALFORMED: &str = "/{malformed}";
/// Stands for a label without a letter or a digit.
const TARGET_UNNAMED: &str = "/{unnamed}";
/// Longest method that is taken for one.
const METHOD_BYTES_MAX: usize = 16;
/// Longest time that is rewritten: `2026/11/27 08:00:00.123456789+01:00`.
const TIME_BYTES_MAX: usize = 40;

/// The cell as text, which ends where it stops being UTF-8; `-` is empty.
pub fn text(cell: &[u8]) -> &str {
    let cell = or_empty(cell);
    match str::from_utf8(cell) {
        Ok(text) => text,
        Err(error) => str::from_utf8(&cell[..error.valid_up_to()]).unwrap_or_default(),
    }
}

/// As [`text`], of a cell that may be a copy.
pub fn cow_text(cell: Cow<'_, [u8]>) -> Cow<'_, str> {
    match cell {
        Cow::Borrowed(cell) => Cow::Borrowed(text(cell)),
        Cow::Owned(cell) => Cow::Owned(text(&cell).to_owned()),
    }
}

/// A method in capitals; `-` for anything else.
pub fn method(cell: &[u8]) -> &str {
    let is_letter = |byte: &u8| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_');
    let is_method = (1..=METHOD_BYTES_MAX).contains(&cell.len()) && cell.iter().all(is_letter);
    match str::from_utf8(cell) {
        Ok(method) if is_method => method,
        _ => "-",
    }
}

/// A path, a URL, or `*`; `/{malformed}` for anything else.
pub fn target(cell: &[u8]) -> &str {
    let target = text(cell);
    if is_target(target) {
        target
    } else {
        TARGET_MALFORMED
    }
}

/// Whether the text can be the target of a request.
pub fn is_target(text: &str) -> bool {
    text.starts_with('/') || text == "*" || text.contains("://")
}

/// The path that stands for a name that people gave to a request: `Upload Video` → `/upload-video`.
pub fn target_of_label(label: &str) -> String {
    let mut target = String::from("/");
    for letter in label.chars() {
        if letter.is_alphanumeric() || matches!(letter, '_' | '.') {
            target.extend(letter.to_lowercase());
        } else if !target.ends_with(['-', '/']) {
            target.push('-');
        }
    }
    let target = target.trim_end_matches('-');
    if target == "/" {
        TARGET_UNNAMED
    } else {
        target
    }
    .to_owned()
}

/// A count of bytes; `None` where there is none.
pub fn bytes(cell: &[u8]) -> Option<u64> {
    number(cell).and_then(|bytes| u64::try_from(bytes).ok())
}

/// A duration in µs: `Ok(None)` where the log has none (nothing, `-`, `-1`).
pub fn duration_us(cell: &[u8], unit: Unit) -> Result<Option<u64>, ()> {
    match cell {
        b"" | b"-" | b"-1" => Ok(None),
        _ => unit.as_us(cell).map(Some).ok_or(()),
    }
}

/// The unit of a number since 1970 by its size: up to 11 digits are seconds (until the year 5138),
/// up to 14 ms (from 1973 on), up to 17 µs, more ns.
pub fn epoch_unit(cell: &[u8]) -> Unit {
    match memchr(b'.', cell).unwrap_or(cell.len()) {
        0..=11 => Unit::Seconds,
        12..=14 => Unit::Milliseconds,
        15..=17 => Unit::Microseconds,
        _ => Unit::Nanoseconds,
    }
}

/// A time in any of the forms that log writers can be set to: ISO 8601 (also `2026/11/27 08:00:00`),
/// `27/Nov/2026:08:00:00 +0100`, the same in brackets, or a number since 1970 ([`epoch_unit`]).
pub fn any_time_us(cell: &[u8], clock: &mut Clock) -> Option<i64> {
    if let Some(inside) = cell.strip_prefix(b"[") {
        return clock.clf_us(inside.strip_suffix(b"]")?);
    }
    match (cell.get(2), cell.get(4)) {
        (Some(b'/'), _) => clock.clf_us(cell),
        (_, Some(b'-')) => clock.iso_us(cell),
        (_, Some(b'/')) => {
            let mut iso = [0; TIME_BYTES_MAX];
            let iso = iso.get_mut(..cell.len())?;
            iso.copy_from_slice(cell);
            *iso.get_mut(4)? = b'-';
            *iso.get_mut(7)? = b'-';
            clock.iso_us(iso)
        }
        _ => clock.epoch_us(cell, epoch_unit(cell)),
    }
}

/// The time of a date and a time of day in two cells, in UTC.
pub fn date_time_us(date: &[u8], time: &[u8], clock: &mut Clock) -> Option<i64> {
    let mut iso = *b"0000-00-00T00:00:00Z";
    (date.len() == 10 && time.len() == 8).then_some(())?;
    iso[..10].copy_from_slice(date);
    iso[11..19].copy_from_slice(time);
    clock.iso_us(&iso)
}

/// The cell with `+` as space, as IIS writes it.
pub fn plus_decoded(cell: &[u8]) -> Cow<'_, [u8]> {
    let cell = or_empty(cell);
    if memchr(b'+', cell).is_none() {
        return Cow::Borrowed(cell);
    }
    let space = |byte: &u8| if *byte == b'+' { b' ' } else { *byte };
    Cow::Owned(cell.iter().map(space).collect())
}

/// The cell with `%20` and the like as what they stand for; `-` is empty.
pub fn percent_decoded(cell: &[u8]) -> Cow<'_, [u8]> {
    let cell = or_empty(cell);
    match memchr(b'%', cell) {
        None => Cow::Borrowed(cell),
        Some(first) => Cow::Owned(percent_decode(cell, first)),
    }
}

/// The text with `%25` as the `%` that was sent: CloudFront encodes what it writes once more. What else it
/// encodes, such as a space, means the same in a URL.
pub fn percent_signs(text: &str) -> Cow<'_, str> {
    match memmem::find(text.as_bytes(), b"%25") {
        None => Cow::Borrowed(text),
        Some(_) => Cow::Owned(text.replace("%25", "%")),
    }
}

/// As [`percent_decoded`], twice where the `%` itself was encoded (`%2520`), as CloudFront did.
pub fn percent_decoded_twice(cell: &[u8]) -> Cow<'_, [u8]> {
    let once = percent_decoded(cell);
    match memchr(b'%', &once) {
        Some(first) if memmem::find(cell, b"%25").is_some() => {
            Cow::Owned(percent_decode(&once, first))
        }
        _ => once,
    }
}

/// `cell` with every `%` and two hexadecimal digits as one byte; `first` is the place of the first `%`.
fn percent_decode(cell: &[u8], first: usize) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(cell.len());
    decoded.extend_from_slice(&cell[..first]);
    let mut rest = &cell[first..];
    while let [percent, after @ ..] = rest {
        rest = match after {
            [high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                decoded.push(hex_digit(*high) << 4 | hex_digit(*low));
                after
            }
            _ => {
                decoded.push(*percent);
                after
            }
        };
        let (plain, encoded) = rest.split_at(memchr(b'%', rest).unwrap_or(rest.len()));
        decoded.extend_from_slice(plain);
        rest = encoded;
    }
    decoded
}

/// The value of a byte that is a hexadecimal digit.
fn hex_digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        _ => (byte | 0x20).wrapping_sub(b'a').wrapping_add(10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One byte after the other.
    fn decoded_slowly(cell: &[u8]) -> Vec<u8> {
        let hex = |at: usize| char::from(*cell.get(at)?).to_digit(16);
        let (mut decoded, mut at) = (Vec::new(), 0);
        while at < cell.len() {
            let digits = hex(at + 1).zip(hex(at + 2)).filter(|_| cell[at] == b'%');
            decoded.push(digits.map_or(cell[at], |(high, low)| {
                u8::try_from(high * 16 + low).unwrap()
            }));
            at += if digits.is_some() { 3 } else { 1 };
        }
        decoded
    }

    #[test]
    fn percents_are_decoded_once_or_where_they_were_encoded_twice_twice() {
        for (cell, once, twice) in [
            ("a%20b", "a b", "a b"),
            ("a%2520b", "a%20b", "a b"),
            ("100%", "100%", "100%"),
            ("%zz%2", "%zz%2", "%zz%2"),
            ("-", "", ""),
            ("%2B%c3%A9", "+é", "+é"),
        ] {
            assert_eq!(
                *percent_decoded(cell.as_bytes()),
                *once.as_bytes(),
                "{cell}"
            );
            assert_eq!(
                *percent_decoded_twice(cell.as_bytes()),
                *twice.as_bytes(),
                "{cell}"
            );
        }
    }

    #[test]
    fn labels_become_paths() {
        for (label, target) in [
            ("Upload Video", "/upload-video"),
            ("  Buy & pay!", "/buy-pay"),
            ("Überblick 2", "/überblick-2"),
            ("../../etc", "/..-..-etc"),
            ("=cmd()", "/cmd"),
            ("!?", "/{unnamed}"),
            ("", "/{unnamed}"),
        ] {
            assert_eq!(target_of_label(label), target, "{label}");
        }
    }

    #[test]
    fn what_is_no_target_or_method_has_a_name() {
        for (cell, expected) in [
            ("/a", "/a"),
            ("*", "*"),
            ("a", "/{malformed}"),
            ("-", "/{malformed}"),
            ("http://shop.example/", "http://shop.example/"),
        ] {
            assert_eq!(target(cell.as_bytes()), expected);
        }
        assert_eq!(target(b"/a\xff/b"), "/a");
        for (cell, expected) in [
            ("GET", "GET"),
            ("get", "-"),
            ("", "-"),
            ("-", "-"),
            ("ABCDEFGHIJKLMNOPQ", "-"),
        ] {
            assert_eq!(method(cell.as_bytes()), expected);
        }
    }

    proptest! {
        #[test]
        fn decoding_is_that_of_a_slow_reader(cell in "[%0-9a-gA-G ]{0,24}") {
            prop_assert_eq!(percent_decoded(cell.as_bytes()).into_owned(), decoded_slowly(cell.as_bytes()));
        }
    }
}
