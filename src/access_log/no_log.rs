//! Files that are no log as they are, told by their bytes, and the way to the log inside.
//!
//! In: the beginning of a text. Out: what it is and what to do, or nothing. What is a log is the matter of
//! `detect`; here is said only what a command can cure.

use super::LINE_BYTES_MAX;
use super::parse::BYTE_ORDER_MARK;

/// How much is looked at.
const HEAD_BYTES: usize = 4_096;

/// What something is, and the cure.
pub type NoLog = (&'static str, &'static str);

/// First bytes, where they stand, what they say.
const MARKS: [(&[u8], usize, NoLog); 12] = [
    (
        b"ustar",
        257,
        (
            "a tar archive",
            "mkdir logs && tar -xf FILE -C logs && firedrill ingest logs",
        ),
    ),
    (
        b"PK\x03\x04",
        0,
        (
            "a zip archive",
            "unzip FILE -d logs && firedrill ingest logs",
        ),
    ),
    (
        b"7z\xbc\xaf\x27\x1c",
        0,
        ("a 7z archive", "7z x FILE -ologs && firedrill ingest logs"),
    ),
    (
        b"BZh",
        0,
        ("packed by bzip2", "bzip2 -dc FILE | firedrill ingest -"),
    ),
    (
        b"\xfd7zXZ\0",
        0,
        ("packed by xz", "xz -dc FILE | firedrill ingest -"),
    ),
    (
        b"\x04\x22\x4d\x18",
        0,
        ("packed by lz4", "lz4 -dc FILE | firedrill ingest -"),
    ),
    (
        b"\x1f\x9d",
        0,
        ("packed by compress", "gzip -dc FILE | firedrill ingest -"),
    ),
    // What is packed once was unpacked before it came here.
    (
        b"\x1f\x8b",
        0,
        ("packed twice", "gzip -dc FILE | firedrill ingest -"),
    ),
    (
        b"\x28\xb5\x2f\xfd",
        0,
        ("packed twice", "zstd -dc FILE | firedrill ingest -"),
    ),
    (
        b"PAR1",
        0,
        (
            "a Parquet file",
            "write it as JSON lines or CSV, then name a mapping file, see docs/example-mapping.yaml",
        ),
    ),
    (
        b"LPKSHHRH",
        0,
        (
            "a journal of systemd",
            "journalctl --file FILE -o cat | firedrill ingest -",
        ),
    ),
    (
        b"SQLite format 3\0",
        0,
        (
            "a database of SQLite",
            "write it as CSV, then name a mapping file, see docs/example-mapping.yaml",
        ),
    ),
];

/// What must be unpacked or turned into text first.
pub fn no_text(bytes: &[u8]) -> Option<NoLog> {
    let marked = MARKS.iter().find(|(mark, at, _)| {
        let found = bytes.get(*at..).unwrap_or_default();
        found.starts_with(mark)
    });
    marked.map(|(_, _, what)| *what).or_else(|| utf_16(bytes))
}

fn utf_16(bytes: &[u8]) -> Option<NoLog> {
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return Some((
            "UTF-16 text",
            "iconv -f UTF-16 -t UTF-8 FILE | firedrill ingest -",
        ));
    }
    // Logs are ASCII for the most part: of two bytes one is 0, always the same one.
    let zeros = |from: usize| {
        let bytes = head.iter().skip(from).step_by(2);
        bytes.filter(|byte| **byte == 0).count()
    };
    let (first, second) = (zeros(0), zeros(1));
    let most = head.len() * 2 / 5;
    if first == 0 && second > most {
        Some((
            "UTF-16 text",
            "iconv -f UTF-16LE -t UTF-8 FILE | firedrill ingest -",
        ))
    } else if second == 0 && first > most {
        Some((
            "UTF-16 text",
            "iconv -f UTF-16BE -t UTF-8 FILE | firedrill ingest -",
        ))
    } else {
        None
    }
}

/// Text whose lines end in a way that nobody else's do. A CR at its very end may be half of a line end.
pub fn without_line_ends(bytes: &[u8]) -> Option<NoLog> {
    let (_, before) = bytes.split_last()?;
    let has_lines =
        memchr::memchr(b'\n', bytes).is_none() && memchr::memchr(b'\r', before).is_some();
    has_lines.then_some((
        "text whose lines end with CR alone",
        "tr '\\r' '\\n' < FILE | firedrill ingest -",
    ))
}

/// JSON that has not one object per line.
pub fn json_document(bytes: &[u8]) -> Option<NoLog> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let head = &bytes[..bytes.len().min(LINE_BYTES_MAX)];
    let mut tokens = head.iter().filter(|byte| !byte.is_ascii_whitespace());
    let begins_with_line = |mark: &[u8]| {
        let line = head.split(|byte| *byte == b'\n').next();
        line.is_some_and(|line| line.trim_ascii() == mark)
    };
    match (tokens.next()?, tokens.next()?) {
        (b'[', b'{') => Some((
            "one JSON array, not one object per line",
            "jq -c '.[]' FILE | firedrill ingest -",
        )),
        (b'{', b'"') if begins_with_line(b"{") => Some((
            "JSON of several lines per object",
            "jq -c . FILE | firedrill ingest -",
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf_16_of(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn what_is_packed_or_no_utf_8_is_named_with_its_cure() {
        let text = "203.0.113.9 - - [27/Nov/2026:08:00:01 +0000]\n".repeat(20);
        let mut tar = vec![b'x'; 600];
        tar[257..262].copy_from_slice(b"ustar");
        for (bytes, command) in [
            (tar, Some("tar ")),
            (b"PK\x03\x04\x14".to_vec(), Some("unzip ")),
            (b"BZh91AY".to_vec(), Some("bzip2 ")),
            (b"\x1f\x8b\x08".to_vec(), Some("gzip ")),
            (
                utf_16_of(&text, u16::to_le_bytes),
                Some("iconv -f UTF-16LE "),
            ),
            (
                utf_16_of(&text, u16::to_be_bytes),
                Some("iconv -f UTF-16BE "),
            ),
            (
                utf_16_of("\u{feff}a", u16::to_be_bytes),
                Some("iconv -f UTF-16 "),
            ),
            (text.into_bytes(), None),
            (vec![0; 5_000], None),
            (b"".to_vec(), None),
        ] {
            let found = no_text(&bytes).map(|(_, cure)| cure);
            let is_right = match (found, command) {
                (Some(cure), Some(command)) => cure.contains(command),
                (found, command) => found.is_none() && command.is_none(),
            };
            assert!(is_right, "{found:?} {command:?}");
        }
    }

    #[test]
    fn only_a_cr_between_lines_is_a_line_end() {
        for (text, expected) in [
            ("one\rtwo\r", true),
            ("one\rtwo", true),
            ("one\r", false),
            ("one\r\ntwo\r\n", false),
            ("one\rtwo\n", false),
            ("", false),
        ] {
            let found = without_line_ends(text.as_bytes());
            assert_eq!(found.is_some(), expected, "{text:?}");
        }
    }

    #[test]
    fn json_of_several_lines_is_told_from_json_lines() {
        for (text, command) in [
            ("[{\"a\":1},\n{\"a\":2}]", "jq -c '.[]'"),
            ("\u{feff}[\n  {\"a\":1}]", "jq -c '.[]'"),
            ("{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}\n", "jq -c . "),
        ] {
            let (_, cure) = json_document(text.as_bytes()).unwrap();
            assert!(cure.starts_with(command), "{text}");
        }
        for text in ["{\"a\":1}\n", "[2026-11-27T08:00:01Z] \"GET", "{", "[", ""] {
            assert_eq!(json_document(text.as_bytes()), None, "{text}");
        }
    }
}
